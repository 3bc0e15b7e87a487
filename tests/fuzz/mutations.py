"""Texts near the border between right and wrong, and far beyond it.

A mutation takes a query (or the ruins of one) and changes tokens, characters or bytes, splices two queries, nests or
repeats a part until it is huge. The same seed gives the same texts.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

MEGABYTE: Final = 1 << 20
TOKEN: Final = re.compile(
    r'[a-zA-Z_:][\w:]*|[0-9][\w.]*|"(?:[^"\\]|\\.)*"|`[^`]*`|\s+|[=!<>|]=|[=!|]~|</|>/|.', re.DOTALL
)
WORDS: Final = (
    *("offset", "@", "anchored", "smoothed", "by", "without", "on", "ignoring", "group_left", "group_right", "fill"),
    *("step", "range", "min_of", "start", "end", "bool", "atan2", "and", "or", "unless", "sum", "topk", "info", "inf"),
    *(
        "nan",
        "json",
        "logfmt",
        "unwrap",
        "line_format",
        "label_format",
        "pattern",
        "regexp",
        "decolorize",
        "keep",
        "drop",
    ),
    *(
        "0x",
        "1e",
        "1e999",
        "0b1",
        "1_",
        "5m",
        "-0",
        "99999999999999999999y",
        "{{",
        "}}",
        "|=",
        "|>",
        "!>",
        "\\",
        "'",
        '"',
    ),
)
ODD: Final = (
    *("\0", "\x7f", "\x1b", "\ufeff", "\u200b", "\u2028", "\ud800", "\udfff", "\U0010ffff", "é", "e\u0301", "٣", "한"),
    *("\\x", "\\u12", "\\777", "\\", "\r", "\n", "#", "`", "$", "§"),
)


class Mutator:
    """An endless supply of texts made from ``seeds``."""

    def __init__(self, seeds: Sequence[str], seed: int) -> None:
        self._seeds = seeds
        self._chance = random.Random(seed)  # noqa: S311 - the same texts every time is the point
        self._pool = [token for text in seeds for token in TOKEN.findall(text) if not token.isspace()]

    def __iter__(self) -> Iterator[str]:
        changes: tuple[Callable[[str], str], ...] = (
            *(self._token,) * 8,
            *(self._characters,) * 3,
            self._splice,
            self._cut,
            self._repeated,
            self._nested,
            self._bytes,
        )
        while True:
            text = self._chance.choice(self._seeds)
            for _ in range(self._chance.choice((1, 1, 1, 2, 3, 6))):
                text = self._chance.choice(changes)(text)
            yield text[:MEGABYTE]

    def _token(self, text: str) -> str:
        parts = TOKEN.findall(text[:20_000]) or [""]
        where = self._chance.randrange(len(parts))
        kind = self._chance.random()
        word = self._chance.choice(self._pool if kind < 0.5 else WORDS)
        if kind < 0.35:
            parts.insert(where, word)
        elif kind < 0.6:
            parts[where] = word
        elif kind < 0.85:
            del parts[where]
        else:
            other = self._chance.randrange(len(parts))
            parts[where], parts[other] = parts[other], parts[where]
        return "".join(parts) if self._chance.random() < 0.7 else " ".join(parts)

    def _characters(self, text: str) -> str:
        where = self._chance.randint(0, len(text))
        taken = self._chance.choice((0, 0, 1, 3))
        return text[:where] + self._chance.choice(ODD) + text[where + taken :]

    def _bytes(self, text: str) -> str:
        raw = bytearray(text[:20_000].encode("utf-8", "surrogatepass"))
        for _ in range(self._chance.randint(1, 5)):
            if raw:
                raw[self._chance.randrange(len(raw))] = self._chance.randrange(256)
        return raw.decode("utf-8", self._chance.choice(("replace", "surrogateescape")))

    def _splice(self, text: str) -> str:
        other = self._chance.choice(self._seeds)
        return text[: self._chance.randint(0, len(text))] + other[self._chance.randint(0, len(other)) :]

    def _cut(self, text: str) -> str:
        first, last = sorted((self._chance.randint(0, len(text)), self._chance.randint(0, len(text))))
        return text[first:last]

    def _repeated(self, text: str) -> str:
        first = self._chance.randint(0, len(text))
        part = text[first : first + self._chance.choice((1, 2, 5, 20, 200))]
        times = self._chance.choice((2, 10, 100, 5_000, 200_000))
        return text[:first] + part * min(times, MEGABYTE // max(len(part), 1)) + text[first:]

    def _nested(self, text: str) -> str:
        opened, closed = self._chance.choice(
            (("(", ")"), ("sum(", ")"), ("-", ""), ("{", "}"), ("[", "]"), ("(a|", ")*"))
        )
        times = self._chance.choice((1, 5, 200, 20_000))
        return opened * times + text + closed * self._chance.choice((times, times, times - 1))
