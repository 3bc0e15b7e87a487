"""Sets of label names that may be infinite: "exactly these" or "all but these".

Needed because a selector shows every label a cluster has, whatever they are called, and each node above it keeps or
drops some of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NameSet:
    """A set of label names: ``names``, or everything else if ``is_complement``."""

    names: frozenset[str]
    is_complement: bool = False

    def __contains__(self, name: str) -> bool:
        """Tell whether the label name is in the set."""
        return (name in self.names) is not self.is_complement

    def keep(self, names: Iterable[str]) -> NameSet:
        """Return the part that is among ``names``."""
        return NameSet(frozenset(name for name in names if name in self))

    def drop(self, names: Iterable[str]) -> NameSet:
        """Return the part that is not among ``names``."""
        gone = frozenset(names)
        return NameSet(self.names | gone, is_complement=True) if self.is_complement else NameSet(self.names - gone)

    def add(self, names: Iterable[str]) -> NameSet:
        """Return the set with ``names`` in it."""
        new = frozenset(names)
        return NameSet(self.names - new, is_complement=True) if self.is_complement else NameSet(self.names | new)


NOTHING = NameSet(frozenset())
EVERYTHING = NameSet(frozenset(), is_complement=True)
