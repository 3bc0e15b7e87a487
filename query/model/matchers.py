"""Label matchers and their meaning.

A matcher on an absent label is a matcher on the empty string. Regular expressions are RE2, anchored on both sides,
and ``.`` matches a newline, as Prometheus 3 and Loki compile them. RE2 is used rather than :mod:`re` because
the two disagree on syntax and because RE2 runs in linear time on any input.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

import re2

from query.model.errors import BadQueryError

SHOWN_CHARACTERS: Final = 120


class MatchOp(Enum):
    """The four matching operators; the value is how they are written."""

    EQUAL = "="
    NOT_EQUAL = "!="
    REGEX = "=~"
    NOT_REGEX = "!~"

    @property
    def is_regex(self) -> bool:
        """True for the two operators whose value is a regular expression."""
        return self in (MatchOp.REGEX, MatchOp.NOT_REGEX)


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label."""

    name: str
    op: MatchOp
    value: str

    def matches(self, value: str) -> bool:
        """Tell whether a label of this value (``""`` for an absent one) satisfies the matcher.

        Raises ``BadQueryError`` if the regular expression does not compile.
        """
        match self.op:
            case MatchOp.EQUAL:
                return value == self.value
            case MatchOp.NOT_EQUAL:
                return value != self.value
            case MatchOp.REGEX:
                return compile_anchored(self.value).fullmatch(value) is not None
            case MatchOp.NOT_REGEX:
                return compile_anchored(self.value).fullmatch(value) is None

    @property
    def matches_empty(self) -> bool:
        """True if a series that lacks the label satisfies the matcher."""
        return self.matches("")


class CompiledRegex(Protocol):
    """What is used of a compiled RE2 pattern."""

    def fullmatch(self, text: str) -> object | None:
        """Return a match object if the whole text matches."""
        ...


@functools.lru_cache(maxsize=4096)
def compile_anchored(pattern: str, *, captures: bool = False) -> CompiledRegex:
    """Compile ``pattern`` as Prometheus does; ``BadQueryError`` names what RE2 dislikes.

    Without ``captures`` it only tells whether a text matches: capturing 10,000 groups would cost gigabytes.
    """
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 16 << 20
    options.never_capture = not captures
    options.dot_nl = True
    try:
        compiled: CompiledRegex = re2.compile(pattern, options)
    except re2.error as error:
        cause = error.args[0] if error.args else error
        text = cause.decode("utf-8", "replace") if isinstance(cause, bytes) else str(cause)
        raise BadQueryError(f"error parsing regexp: {_short(text)}") from error
    return compiled


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
