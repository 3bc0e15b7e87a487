"""How each node of a plan is computed, and how near the result is to that of one server holding everything.

Plans of every query language are told in these terms, so that explaining and refusing what is not exact are written
once. A plan gives a tree of ``PlanNode``; each says by which rule it is what it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final

from query.model.errors import UnsupportedError
from query.model.labels import NO_LABELS, Labels
from query.model.time import Grid


class How(Enum):
    """Where a node is computed."""

    PUSHED = "pushed"
    """In the clusters."""
    MERGED = "merged"
    """Begun in the clusters, finished here from partial results."""
    EVALUATED = "evaluated"
    """Here."""


class Exactness(IntEnum):
    """How near a result is to one server's, best first."""

    EXACT = 0
    """The same, to the last bit."""
    ROUNDED = 1
    """The same numbers, but for the last digits: floats were added in another order."""
    APPROXIMATE = 2
    """An estimate."""

    @property
    def word(self) -> str:
        """The word used in parameters, configuration and answers."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class SentQuery:
    """A query a cluster is sent, and the labels its results are given; ``grid`` None: evaluated when the query is."""

    cluster: str
    query: str
    adds: Labels = NO_LABELS
    grid: Grid | None = None


@dataclass(frozen=True, slots=True)
class PlanNode:
    """A node of a plan. ``own`` is what the node itself costs in exactness, ``rule`` why it is no more or less.

    ``text`` is the node without its operands, for a pushed one the whole expression.
    """

    text: str
    how: How
    own: Exactness
    rule: str
    children: tuple[PlanNode, ...] = ()
    sent: tuple[SentQuery, ...] = ()

    @property
    def exactness(self) -> Exactness:
        """The worst of the node and everything below it."""
        return max(self.own, *(child.exactness for child in self.children), Exactness.EXACT)

    def walk(self) -> Iterator[PlanNode]:
        """Yield the node and everything below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()

    def queries(self) -> tuple[SentQuery, ...]:
        """Return what clusters are sent, each once, in order of appearance."""
        return tuple(dict.fromkeys(sent for node in self.walk() for sent in node.sent))


SUMMING: Final = frozenset({"avg", "stddev", "stdvar", "sum"})
"""Aggregations that add floats up, whose result depends on the order."""
ORDER: Final = "floats of several clusters are added in another order than one server adds them"
WHOLE: Final = "whole numbers are added, which is exact in any order"
ONE_HOLDER: Final = "all data it reads is in one cluster, whose answer is the answer"
LITERAL: Final = "no data is read"
RULES_OF_MERGES: Final = {
    "count": "counts of series add up",
    "min": "the least of the clusters' least",
    "max": "the greatest of the clusters' greatest",
    "topk": "the largest are among each cluster's largest; which of equal ones is free",
    "bottomk": "the smallest are among each cluster's smallest; which of equal ones is free",
}
"""Why aggregations that every language has may be begun in the clusters."""


def pushed(text: str, sent: tuple[SentQuery, ...], *, are_partials: bool) -> PlanNode:
    """Return the node of an expression that clusters compute; ``are_partials``: their results are merged above it."""
    match len(sent):
        case 0:
            rule = "no cluster can hold data it reads"
        case 1:
            rule = ONE_HOLDER
        case _ if are_partials:
            rule = "each cluster's partial result"
        case _:
            rule = "no series of different clusters meet in it: the clusters' answers, side by side, are the answer"
    return PlanNode(text, How.PUSHED, Exactness.EXACT, rule, sent=sent)


class InexactError(UnsupportedError):
    """The plan is less exact than asked for; names the node and the rule that says so."""

    def __init__(self, node: PlanNode, allowed: Exactness, *, remedy: str) -> None:
        super().__init__(node.text, f"it would be {node.own.word}: {node.rule}", remedy=remedy)
        self.found = node.own
        self.allowed = allowed


def require_exactness(root: PlanNode, allowed: Exactness, *, remedy: str) -> None:
    """Raise ``InexactError`` for the first node that is less exact than ``allowed``."""
    for node in root.walk():
        if node.own > allowed:
            raise InexactError(node, allowed, remedy=f"{remedy}, or accept it with exactness={node.own.word}")
