"""Writing answers of the Loki API that are not queries."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from starlette.responses import Response

from query.api.respond import completeness_headers
from query.execute.metadata_answer import MetadataAnswer

JSON: Final = "application/json; charset=UTF-8"


def metadata_response(body: Any, answer: MetadataAnswer) -> Response:
    """Return ``body`` with the warnings and headers that say what it is made of."""
    headers = completeness_headers(answer.completeness)
    if isinstance(body, dict) and answer.notes.warnings:
        body = {**body, "warnings": answer.notes.warnings}
    return Response(msgspec.json.encode(body), media_type=JSON, headers=headers)
