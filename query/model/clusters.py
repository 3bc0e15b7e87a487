"""A cluster as the planner sees it: its name and the labels that are constant over all of its data.

How it is reached is none of the planner's business (``query.backends``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NewType

from query.model.matchers import Matcher

ClusterName = NewType("ClusterName", str)


@dataclass(frozen=True, slots=True)
class Cluster:
    """One member of the partition.

    ``constants`` maps label names to the value every series or stream of this cluster carries: the partition label
    (its value is unique among clusters) and the cluster's extra labels. ``shown`` holds the names of the constants
    that the backend itself shows, on every series and with this very value; the others are added by the gateway.
    """

    name: ClusterName
    constants: Mapping[str, str]
    shown: frozenset[str] = field(default=frozenset())

    def __post_init__(self) -> None:
        object.__setattr__(self, "constants", MappingProxyType(dict(self.constants)))

    def admits(self, matchers: Iterable[Matcher]) -> bool:
        """Tell whether data of this cluster can satisfy the matchers, judged by its constants alone."""
        return all(
            matcher.matches(self.constants[matcher.name]) for matcher in matchers if matcher.name in self.constants
        )
