"""The tokens of a text with one token of lookahead, and the words for the token that was not expected.

Upstream's generated parser says in what it was when a token did not fit, if it was in something it has words for:
``… in aggregation``, ``… in grouping opts, expected label``. It finds them on its stack, innermost first.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from query.model.errors import QuerySyntaxError
from query.promql.syntax.lexer import Lexer
from query.promql.syntax.tokens import Kind, Token, describe
from query.syntax.limits import Limits

_SYMBOLS: Final = frozenset({Kind.PUNCTUATION, Kind.OPERATOR, Kind.AGGREGATOR, Kind.MODIFIER, Kind.PREPROCESSOR})


class Stream:
    """Tokens, consumed from the left."""

    __slots__ = ("_context", "_failure", "_lexer", "next")

    def __init__(self, text: str, limits: Limits) -> None:
        """Read the first token; ``QuerySyntaxError`` if the text is too long or not valid Unicode."""
        self._lexer = Lexer(text, limits)
        self._context = ""
        self._failure: QuerySyntaxError | None = None
        self.next: Token = self._read()

    @property
    def at_end(self) -> bool:
        """True when every token was consumed."""
        return self.next.kind is Kind.END

    def advance(self) -> Token:
        """Consume and return the next token."""
        token = self.next
        self.next = self._read()
        return token

    def at(self, word: str) -> bool:
        """Tell whether the next token is this keyword, operator or punctuation mark."""
        return self.next.word == word and self.next.kind in _SYMBOLS

    def accept(self, word: str) -> bool:
        """Consume the next token if it is ``word``; tell whether it was."""
        if self.at(word):
            self.advance()
            return True
        return False

    def expect(self, word: str) -> Token:
        """Consume the next token, which must be ``word``."""
        if not self.at(word):
            raise self.unexpected()
        return self.advance()

    def expect_end(self) -> None:
        """Refuse any further token."""
        if not self.at_end:
            raise self.unexpected()

    def unexpected(self, context: str | None = None) -> QuerySyntaxError:
        """Return (to be raised) the error for the next token, in ``context`` or in what the parser is in."""
        if self._failure is not None:
            return self._failure
        if context is None:
            context = self._context
        where = f" in {context}" if context else ""
        return self.error(f"unexpected {describe(self.next)}{where}", self.next.start)

    def _read(self) -> Token:
        """Return the lexer's next token. Where it fails stands a token that fits nowhere.

        So the failure is reported when the parser gets there, after mistakes in what stands before.
        """
        try:
            return self._lexer.next()
        except QuerySyntaxError as error:
            self._failure = error
            return Token(Kind.FAILURE, "", "", error.position.offset)

    def error(self, message: str, offset: int) -> QuerySyntaxError:
        """Return (to be raised) the error ``message`` at ``offset``."""
        return self._lexer.error(message, offset)

    @contextmanager
    def inside(self, context: str | None) -> Iterator[None]:
        """Name what is being parsed, for errors raised meanwhile; ``None`` keeps the name it has."""
        before = self._context
        self._context = before if context is None else context
        try:
            yield
        finally:
            self._context = before
