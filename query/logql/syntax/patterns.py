"""Checks the small languages inside strings: ``pattern`` expressions and the regular expressions of ``regexp``.

A query that every cluster would refuse is refused here, once, with a position. Templates of ``line_format`` and
``label_format`` are not checked: the clusters do it.
"""

from __future__ import annotations

import re
from typing import Final, Protocol

import re2

from query.model.errors import BadQueryError

_CAPTURE: Final = re.compile(r"<([a-zA-Z_][a-zA-Z0-9_]*)>", re.ASCII)
_UNNAMED: Final = "_"


class _Pattern(Protocol):
    """What is used of a compiled pattern."""

    @property
    def groupindex(self) -> dict[str, int]:
        """Return the numbers of the named groups."""
        ...


def check_pattern(pattern: str) -> None:
    """Check the expression of ``| pattern``; ``BadQueryError`` in Loki's words."""
    if not pattern:
        raise BadQueryError("invalid pattern parser: syntax error: unexpected $end, expecting IDENTIFIER or LITERAL")
    names = [name for name in _CAPTURE.findall(pattern) if name != _UNNAMED]
    if not names:
        raise BadQueryError("invalid pattern parser: at least one capture is required")
    _check_consecutive(pattern, "invalid pattern parser: ")
    for name in names:
        if names.count(name) > 1:
            raise BadQueryError(f"invalid pattern parser: duplicate capture name ({name}): invalid expression")


def check_line_pattern(pattern: str) -> None:
    """Check the expression of ``|>`` and ``!>``, which may have no named captures."""
    _check_consecutive(pattern, "")
    for name in _CAPTURE.findall(pattern):
        if name != _UNNAMED:
            raise BadQueryError(f"named captures are not allowed: found '<{name}>'")


def check_regexp(pattern: str) -> None:
    """Check the expression of ``| regexp``: it compiles and names what it captures."""
    if not _compiled(pattern, "invalid regexp parser").groupindex:
        raise BadQueryError("invalid regexp parser: at least one named capture must be supplied")


def check_replace_regex(pattern: str) -> None:
    """Check the expression of ``label_replace``."""
    _compiled(pattern, "invalid regex in label_replace")


def _check_consecutive(pattern: str, prefix: str) -> None:
    end = -1
    before = ""
    for match in _CAPTURE.finditer(pattern):
        if match.start() == end:
            raise BadQueryError(f"{prefix}found consecutive capture '{before}{match[0]}': invalid expression")
        end, before = match.end(), match[0]


def _compiled(pattern: str, what: str) -> _Pattern:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 16 << 20
    try:
        compiled: _Pattern = re2.compile(pattern, options)
    except re2.error as error:
        cause = error.args[0] if error.args else error
        text = cause.decode("utf-8", "replace") if isinstance(cause, bytes) else str(cause)
        raise BadQueryError(f"{what}: error parsing regexp: {text}") from error
    return compiled
