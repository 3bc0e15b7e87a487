"""The shop's log: one line a request, in the two formats that clusters in the field really have.

The time in a line has nanoseconds, and lines of one file never share one: Loki orders a stream by time,
and two entries with the same time and text would be taken for one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

NS = 1_000_000_000
Value = str | int | float


class LogFormat(StrEnum):
    """How a line is written."""

    LOGFMT = "logfmt"
    JSON = "json"


class Journal:
    """Appends lines to one file, each written at once so that a shipper sees it."""

    def __init__(self, path: Path, log_format: LogFormat) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._format = log_format
        self._last_ns = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, level: str, message: str, **fields: Value) -> None:
        """Write one line, stamped now."""
        self._last_ns = max(time.time_ns(), self._last_ns + 1)
        entry: dict[str, Value] = {"ts": rfc3339(self._last_ns), "level": level, "msg": message, **fields}
        line = json.dumps(entry) if self._format is LogFormat.JSON else logfmt(entry)
        self._file.write(line + "\n")


def logfmt(entry: Mapping[str, Value]) -> str:
    """Write ``key=value`` pairs, quoting values with spaces, quotes or equals signs."""
    return " ".join(f"{key}={_quoted(str(value))}" for key, value in entry.items())


def _quoted(text: str) -> str:
    return json.dumps(text) if not text or any(mark in text for mark in ' "=') else text


def rfc3339(time_ns: int) -> str:
    """Write a time in UTC with nine decimals."""
    seconds, rest = divmod(time_ns, NS)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def parse_rfc3339(text: str) -> int:
    """Read what ``rfc3339`` wrote, as nanoseconds; raise ValueError for anything else."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    seconds = datetime.fromisoformat(f"{whole}+00:00").timestamp()
    return int(seconds) * NS + int(fraction.ljust(9, "0")[:9])
