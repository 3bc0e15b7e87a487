"""Tokens of PromQL, and how error messages name them."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

from query.syntax.strings import excerpt, quote


class Kind(Enum):
    """What a token is; the value is how messages call it, where they say more than the text itself."""

    END = "end of input"
    FAILURE = "no token"
    IDENTIFIER = "identifier"
    METRIC = "metric identifier"
    NUMBER = "number"
    DURATION = "duration"
    STRING = "string"
    PUNCTUATION = ""
    OPERATOR = "op"
    AGGREGATOR = "aggr"
    MODIFIER = "modifier"
    PREPROCESSOR = "preprocessor"


class Token(NamedTuple):
    """A piece of the text. ``word`` is what the grammar sees (keywords in lower case), ``text`` what was written."""

    kind: Kind
    word: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """Offset just behind the token."""
        return self.start + len(self.text)


_LONGEST_SHOWN: Final = 10


def describe(token: Token) -> str:
    """Return the token as Prometheus' messages show it: ``<op:+>``, ``<by>``, ``identifier "x"``, ``end of input``."""
    match token.kind:
        case Kind.END | Kind.FAILURE:
            return f"{token.kind.value}"
        case Kind.OPERATOR | Kind.AGGREGATOR:
            return f"<{token.kind.value}:{token.text}>"
        case Kind.MODIFIER:
            return f"<{token.text}>"
        case Kind.PUNCTUATION if token.word == "@":
            return "<op:@>"
        case Kind.PUNCTUATION | Kind.PREPROCESSOR:
            return quote(token.text)
        case Kind.IDENTIFIER | Kind.METRIC:
            return f"{token.kind.value} {excerpt(token.text)}"
        case Kind.NUMBER | Kind.DURATION | Kind.STRING:
            return f"{token.kind.value} {excerpt(token.text, _LONGEST_SHOWN)}"
