"""Failures as a person reads them, and exit codes.

0 all is well · 1 it failed · 2 the command line or the query is wrong · 130 interrupted.
"""

from __future__ import annotations

import os
import traceback
from typing import TYPE_CHECKING, Final

from lma.cli import console

if TYPE_CHECKING:
    from lma.client import BadQueryError, ClientError

FAILED: Final = 1
WRONG_INPUT: Final = 2
INTERRUPTED: Final = 130
_SHOWN_CHARS: Final = 100


class UsageError(Exception):
    """Options that are right one by one, but not together; ``remedy`` says how to put them."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


def report(error: Exception) -> int:
    """Print a failure to stderr and return the exit code it deserves."""
    if isinstance(error, UsageError):
        _print_error(error.message, error.remedy)
        return WRONG_INPUT
    client_error = _as_client_error(error)
    if client_error is not None:
        return _report_client_error(client_error)
    if os.environ.get("LMA_DEBUG"):
        traceback.print_exception(error)
        return FAILED
    _print_error(
        f"internal error: {type(error).__name__}: {error}",
        "this is a bug; run it again with LMA_DEBUG=1 for the stack trace",
    )
    return FAILED


def caret_lines(query: str, line: int, column: int) -> tuple[str, str]:
    """Return a line of the query and a line with ``^`` below the column (both from 1), cut to fit."""
    from rich.cells import cell_len  # noqa: PLC0415 — only for errors

    lines = query.split("\n")
    text = lines[min(max(line, 1), len(lines)) - 1]
    place = min(max(column, 1), len(text) + 1) - 1
    first = max(0, place - _SHOWN_CHARS // 2)
    shown = text[first : first + _SHOWN_CHARS]
    before = text[first:place]
    prefix = "…" if first else ""
    suffix = "…" if first + _SHOWN_CHARS < len(text) else ""
    blanks = " " * cell_len(_one_line(prefix + before))
    return _one_line(f"{prefix}{shown}{suffix}"), f"{blanks}^"


def _one_line(text: str) -> str:
    return console.visible(text.replace("\t", " "))


def _as_client_error(error: Exception) -> ClientError | None:
    from lma.client.errors import ClientError  # noqa: PLC0415 — only for errors

    return error if isinstance(error, ClientError) else None


def _report_client_error(error: ClientError) -> int:
    from lma.client.errors import BadQueryError, InvalidRequestError  # noqa: PLC0415 — only for errors

    if isinstance(error, BadQueryError):
        _print_bad_query(error)
        return WRONG_INPUT
    _print_error(error.message, error.remedy, details=error.details, request_id=error.request_id)
    return WRONG_INPUT if isinstance(error, InvalidRequestError) else FAILED


def _print_bad_query(error: BadQueryError) -> None:
    if error.position is None:
        _print_error(error.message, error.remedy)
        return
    line, column = error.position.line, error.position.column
    out = console.stderr()
    out.print(f"error: bad query at line {line}, column {column}: {console.visible(error.reason)}", style="bold red")
    shown, caret = caret_lines(error.query, line, column)
    out.print(f"  {shown}", soft_wrap=True)
    out.print(f"  {caret}", style="bold red", soft_wrap=True)
    if error.remedy:
        out.print(f"  remedy: {console.visible(error.remedy)}")


def _print_error(
    message: str, remedy: str, *, details: tuple[tuple[str, str], ...] = (), request_id: str | None = None
) -> None:
    out = console.stderr()
    out.print(f"error: {console.visible(message)}", style="bold red", soft_wrap=True)
    for field, finding in details:
        out.print(f"  {console.visible(f'{field}: {finding}' if field else finding)}", soft_wrap=True)
    if remedy:
        out.print(f"  remedy: {console.visible(remedy)}", soft_wrap=True)
    if request_id:
        out.print(f"  request id: {console.visible(request_id)}", style="dim", soft_wrap=True)
