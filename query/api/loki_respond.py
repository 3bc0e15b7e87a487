"""Writing answers of the Loki API that are not queries, and the bound on lines that all of them share."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from starlette.responses import Response

from query.api.respond import completeness_headers
from query.execute.logs_ask import LogsMetadataAnswer
from query.execute.settings import ExecuteSettings
from query.model.errors import LimitExceededError

JSON: Final = "application/json; charset=UTF-8"


def metadata_response(body: Any, answer: LogsMetadataAnswer) -> Response:
    """Return ``body`` with the warnings and headers that say what it is made of."""
    headers = completeness_headers(answer.completeness)
    if isinstance(body, dict) and answer.notes.warnings:
        body = {**body, "warnings": answer.notes.warnings}
    return Response(msgspec.json.encode(body), media_type=JSON, headers=headers)


def check_lines(limit: int, settings: ExecuteSettings) -> None:
    """Refuse to read more lines than a query may."""
    if limit > settings.log_lines:
        raise LimitExceededError(
            "log_lines",
            settings.log_lines,
            f"max entries limit per query exceeded, limit > max_entries_limit ({limit} > {settings.log_lines}); "
            "ask for fewer lines or raise limits.log_lines",
        )
