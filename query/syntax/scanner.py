"""A cursor over a query text that knows where it is and can say so.

Limits: offsets are characters, not bytes. Text that is not valid Unicode (lone surrogates, which is what bytes that
are not UTF-8 become on their way in) is refused at construction, so everything behind the scanner may encode freely.

Example::

    scanner = Scanner("rate (x)")
    name = scanner.take(IDENTIFIER)      # "rate"
    scanner.skip_blank()
    if not scanner.accept("("):
        raise scanner.unexpected_character()
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from query.model.errors import BadQueryError, Position, QuerySyntaxError
from query.syntax.limits import DEFAULT, Limits
from query.syntax.strings import quote_character

IDENTIFIER: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
SPACE: Final = re.compile(r"[ \t\r\n]+")
BLANK: Final = re.compile(r"(?:[ \t\r\n]+|#[^\r\n]*)+")
"""White space and ``#`` comments up to the end of their line."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Scanner:
    """A text and an offset into it."""

    __slots__ = ("limits", "offset", "text")

    def __init__(self, text: str, limits: Limits = DEFAULT) -> None:
        """Stand at the beginning of ``text``; ``QuerySyntaxError`` if it is too long or not valid Unicode."""
        _admit(text, limits)
        self.text = text
        self.limits = limits
        self.offset = 0

    @property
    def at_end(self) -> bool:
        """True when nothing is left."""
        return self.offset >= len(self.text)

    def peek(self, ahead: int = 0) -> str:
        """Return the character ``ahead`` of here, ``""`` beyond the end."""
        index = self.offset + ahead
        return self.text[index] if index < len(self.text) else ""

    def accept(self, literal: str) -> bool:
        """Step over ``literal`` if it is what comes next; tell whether it was."""
        if self.text.startswith(literal, self.offset):
            self.offset += len(literal)
            return True
        return False

    def take(self, pattern: re.Pattern[str]) -> str:
        """Step over and return what ``pattern`` matches here, ``""`` if it does not."""
        match = pattern.match(self.text, self.offset)
        if match is None:
            return ""
        self.offset = match.end()
        return match.group()

    def skip_blank(self) -> None:
        """Step over white space and comments."""
        self.take(BLANK)

    def error(self, message: str, offset: int | None = None) -> QuerySyntaxError:
        """Return (to be raised) the error ``message`` at ``offset``, by default here."""
        return QuerySyntaxError(message, Position.at(self.text, self.offset if offset is None else offset))

    def unexpected_character(self) -> QuerySyntaxError:
        """Return the error for the character that stands here, in Prometheus' words."""
        if self.at_end:
            return self.error("unexpected end of input")
        return self.error(f"unexpected character: {quote_character(self.peek())}")

    @contextmanager
    def blaming(self, offset: int) -> Iterator[None]:
        """Give a ``BadQueryError`` raised inside, by a reader that knows no positions, the position ``offset``."""
        try:
            yield
        except QuerySyntaxError:
            raise
        except BadQueryError as error:
            raise self.error(str(error), offset) from error


def _admit(text: str, limits: Limits) -> None:
    too_long = len(text) > limits.max_bytes
    if not too_long:
        surrogate = _SURROGATE.search(text)
        if surrogate is not None:
            raise QuerySyntaxError("invalid UTF-8 in query", Position.at(text, surrogate.start()))
        size = len(text) if text.isascii() else len(text.encode())
        too_long = size > limits.max_bytes
    if too_long:
        raise QuerySyntaxError(
            f"query is longer than max_bytes={limits.max_bytes}; shorten it or split it into several queries",
            Position.at(text, limits.max_bytes),
        )
