"""Queries with a token or two taken out, put in or exchanged: near the border between right and wrong."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

_TOKEN = re.compile(r'[a-zA-Z_:][\w:]*|[0-9][\w.]*|"(?:[^"\\]|\\.)*"|\s+|[=!<>]=|=~|!~|</|>/|.', re.DOTALL)
_WORDS = [
    *("offset", "@", "anchored", "smoothed", "by", "without", "on", "ignoring", "group_left", "group_right", "fill"),
    *("fill_left", "step", "range", "min_of", "start", "end", "bool", "atan2", "and", "or", "unless", "sum", "topk"),
    *("info", "inf", "nan", "up", "5m", "1", "0", "#", *"()[]{}:,-+^"),
]


def mutated(queries: Sequence[str], seed: int, count: int) -> Iterator[str]:
    """Yield ``count`` mutations of queries, the same ones for the same seed."""
    chance = random.Random(seed)  # noqa: S311 — the same queries every time is the point
    tokens = [_TOKEN.findall(query) for query in queries]
    pool = [token for found in tokens for token in found if not token.isspace()] + _WORDS * 20
    for _ in range(count):
        parts = list(chance.choice(tokens))
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            _change(parts, pool, chance)
        yield "".join(f" {part}" if chance.random() < 0.3 else part for part in parts)


def _change(parts: list[str], pool: Sequence[str], chance: random.Random) -> None:
    where, kind = chance.randrange(len(parts) + 1), chance.random()
    if kind < 0.5 or not parts:
        parts.insert(where, chance.choice(pool))
    elif kind < 0.8:
        del parts[min(where, len(parts) - 1)]
    else:
        parts[min(where, len(parts) - 1)] = chance.choice(pool)
