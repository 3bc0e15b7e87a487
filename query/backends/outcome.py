"""What became of asking a cluster. A failed cluster is a value, because the answer of the others goes on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from query.backends.base import Failure
from query.model.clusters import ClusterName
from query.model.errors import IncompleteError


@dataclass(frozen=True, slots=True)
class Answered:
    """A cluster's reply, read whole; not yet judged by what it says."""

    cluster: ClusterName
    status: int
    headers: Mapping[str, str]
    body: bytes
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class Missing:
    """A cluster that gave no usable answer, and why."""

    cluster: ClusterName
    failure: Failure
    detail: str

    def warning(self) -> str:
        """Return the text put among the answer's warnings."""
        return f'cluster "{self.cluster}" is missing from this answer ({self.failure.value}): {self.detail}'


Outcome: TypeAlias = Answered | Missing


@dataclass(frozen=True, slots=True)
class Completeness:
    """Which clusters an answer was asked of and which are missing from it."""

    asked: tuple[ClusterName, ...] = ()
    missing: tuple[Missing, ...] = field(default=())

    @property
    def is_complete(self) -> bool:
        """True if every cluster asked answered."""
        return not self.missing

    def __or__(self, other: Completeness) -> Completeness:
        """Return what holds for an answer made of both parts; each cluster once."""
        missing = {item.cluster: item for item in other.missing} | {item.cluster: item for item in self.missing}
        return Completeness(
            tuple(sorted(frozenset(self.asked) | frozenset(other.asked))),
            tuple(missing[name] for name in sorted(missing)),
        )

    def warnings(self) -> tuple[str, ...]:
        """Return one text for each missing cluster."""
        return tuple(item.warning() for item in self.missing)

    def require(self, *, allow_partial: bool) -> None:
        """Raise ``IncompleteError`` where the gaps can't be accepted: in strict mode, or if nobody answered."""
        if not self.missing:
            return
        reasons: dict[str, str] = {item.cluster: f"{item.failure.value}: {item.detail}" for item in self.missing}
        if not allow_partial:
            raise IncompleteError(reasons, why="partial answers are not allowed here and clusters are missing")
        if len(self.missing) == len(self.asked):
            raise IncompleteError(reasons, why="no cluster answered")


def completeness(asked: Iterable[ClusterName], missing: Iterable[Missing]) -> Completeness:
    """Return the completeness of an answer; a cluster is missing if any of its parts is."""
    return Completeness(tuple(sorted(frozenset(asked)))) | Completeness((), tuple(missing))
