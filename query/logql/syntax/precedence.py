"""How binary operators bind."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

PRECEDENCE: Final[Mapping[str, int]] = MappingProxyType(
    {
        "or": 1,
        "and": 2,
        "unless": 2,
        **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), 3),
        **dict.fromkeys("+-", 4),
        **dict.fromkeys("*/%", 5),
        "^": 6,
    }
)
RIGHT_ASSOCIATIVE: Final = frozenset({"^"})
