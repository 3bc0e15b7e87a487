"""How tightly operators bind; source: the precedence declarations of Prometheus' grammar.

A sign binds like ``*``: ``-a ^ b`` is ``-(a ^ b)``, ``-a * b`` is ``(-a) * b``. Only ``^`` groups to the right.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

PRODUCT: Final = 5
POWER: Final = 6
SIGN: Final = PRODUCT
ATOM: Final = 7

BINDING: Final = MappingProxyType({
    "or": 1,
    "and": 2, "unless": 2,
    "==": 3, "!=": 3, "<": 3, ">": 3, "<=": 3, ">=": 3, "</": 3, ">/": 3,
    "+": 4, "-": 4,
    "*": PRODUCT, "/": PRODUCT, "%": PRODUCT, "atan2": PRODUCT,
    "^": POWER,
})  # fmt: skip


def of_operator(op: str) -> int:
    """Return how tightly a binary operator binds; higher is tighter."""
    return BINDING[op]
