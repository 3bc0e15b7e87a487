"""A position in a list of tokens, with the errors that yacc, and so Loki, would give there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from query.logql.syntax.lexer import END, STRING, Token, tokenize
from query.model.errors import BadQueryError, Position, QuerySyntaxError
from query.model.matchers import compile_anchored
from query.syntax.limits import DEFAULT, Limits
from query.syntax.regexes import RegexBudget


class Cursor:
    """The tokens of one query and an index into them."""

    __slots__ = ("_depth", "_index", "_regexes", "_tokens", "limits", "text")

    def __init__(self, text: str, limits: Limits = DEFAULT) -> None:
        self.text = text
        self.limits = limits
        self._tokens = tokenize(text, limits)
        self._index = 0
        self._depth = 0
        self._regexes = RegexBudget(limits)

    @property
    def token(self) -> Token:
        """The token that comes next."""
        return self._tokens[self._index]

    @property
    def kind(self) -> str:
        """The kind of the token that comes next."""
        return self._tokens[self._index].kind

    def kind_after(self, ahead: int) -> str:
        """Return the kind of the token ``ahead`` of the next one, ``END`` beyond the end."""
        index = self._index + ahead
        return self._tokens[index].kind if index < len(self._tokens) else END

    def advance(self) -> Token:
        """Step over the next token and return it."""
        token = self.token
        if token.kind != END:
            self._index += 1
        return token

    def accept(self, *kinds: str) -> Token | None:
        """Step over the next token if it is of one of these kinds."""
        return self.advance() if self.kind in kinds else None

    def expect(self, *kinds: str) -> Token:
        """Step over the next token, which must be of one of these kinds."""
        if self.kind not in kinds:
            raise self.unexpected(*kinds)
        return self.advance()

    def string(self) -> str:
        """Step over a string and return what it denotes."""
        return str(self.expect(STRING).value)

    def regex(self, compile_pattern: Callable[[str], object] = compile_anchored) -> str:
        """Step over a string that is a regular expression; an error if it does not compile or costs too much."""
        token = self.token
        pattern = self.string()
        with self.blaming(token):
            self._regexes.spend(pattern)
            compile_pattern(pattern)
        return pattern

    def unexpected(self, *expected: str) -> QuerySyntaxError:
        """Return the error for the token that comes next, naming up to four that would have done."""
        message = f"syntax error: unexpected {self.token.kind}"
        if 0 < len(expected) <= 4:  # noqa: PLR2004 — as many as yacc lists
            message += f", expecting {' or '.join(expected)}"
        return self.error(message)

    def error(self, message: str, token: Token | None = None) -> QuerySyntaxError:
        """Return the error ``message`` at ``token``, by default the one that comes next."""
        offset = self.token.offset if token is None else token.offset
        return QuerySyntaxError(message, Position.at(self.text, offset))

    @contextmanager
    def nested(self) -> Iterator[None]:
        """Go one level down; refuses to go deeper than ``max_depth``."""
        self._depth += 1
        if self._depth > self.limits.max_depth:
            raise self.error(f"query nests deeper than max_depth={self.limits.max_depth}; split it")
        yield
        self._depth -= 1

    @contextmanager
    def blaming(self, token: Token) -> Iterator[None]:
        """Give a ``BadQueryError`` raised inside the position of ``token``."""
        try:
            yield
        except QuerySyntaxError:
            raise
        except BadQueryError as error:
            raise self.error(str(error), token) from error
