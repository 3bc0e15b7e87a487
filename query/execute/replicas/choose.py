"""Choosing, for one query, where each cluster is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from query.backends.base import Deadline
from query.execute.discover import LabelProbe
from query.execute.fanout import Member
from query.execute.replicas.known import moment
from query.execute.replicas.replica_set import ReplicaSet
from query.model.clusters import ClusterName
from query.model.time import Grid
from query.promql.plan.reach import reach
from query.promql.plan.windows import DEFAULT_LOOKBACK_MS
from query.promql.syntax.nodes import Expr

COMPLETE_VIEW_ONLY: Final = frozenset({"dedup", "replicaLabels[]", "storeMatch[]"})
"""Parameters that mean something to a Thanos Query only: who gives them wants its view."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Where one cluster is asked. ``url`` is the replica's, empty for the complete view; ``reason`` is for people."""

    cluster: ClusterName
    member: Member
    url: str
    reason: str

    @property
    def is_replica(self) -> bool:
        """True if a replica is asked."""
        return bool(self.url)


@dataclass(frozen=True, slots=True)
class Asked:
    """A query as far as the choice depends on it."""

    expr: Expr
    grid: Grid
    lookback_ms: int | None
    parameters: frozenset[str]


class ReplicaChoices:
    """The replica sets of all members that name replicas."""

    def __init__(self, probe: LabelProbe, timeout_s: float) -> None:
        self._probe = probe
        self._timeout_s = timeout_s
        self._sets: dict[Member, ReplicaSet] = {}

    async def choose(
        self,
        members: Iterable[Member],
        asked: Asked,
        deadline: Deadline,
        failed: Mapping[ClusterName, frozenset[str]],
    ) -> dict[ClusterName, Choice]:
        """Return a choice for each member that names replicas; ``failed`` are the replicas that were tried in vain."""
        listed = [member for member in members if member.replicas]
        if not listed:
            return {}
        chosen = await asyncio.gather(
            *(
                self._choose_one(member, asked, deadline, failed.get(member.cluster.name, frozenset()))
                for member in listed
            )
        )
        return {choice.cluster: choice for choice in chosen}

    async def _choose_one(self, member: Member, asked: Asked, deadline: Deadline, failed: frozenset[str]) -> Choice:
        name = member.cluster.name
        if unlike := sorted(asked.parameters & COMPLETE_VIEW_ONLY):
            return Choice(name, member, "", f"the parameter {unlike[0]} is meant for the complete view")
        replicas = self._set_of(member)
        lookback_ms = asked.lookback_ms or replicas.lookback_ms(DEFAULT_LOOKBACK_MS)
        span = reach(asked.expr, asked.grid, lookback_ms, member.cluster.admits)
        if span is None:
            return Choice(name, member, "", "the query reads nothing of this cluster")
        found, why_not = await replicas.member_for(span, failed, deadline)
        if found is None:
            return Choice(name, member, "", f"no replica holds all that is read: {why_not}")
        url = next(one.url for one in member.replicas if one.backend is found.backend)
        return Choice(name, found, url, f"it holds {moment(span.start_ms)} to {moment(span.end_ms)} without a gap")

    def suspect(self, member: Member, url: str) -> None:
        """Take note that a replica failed a query."""
        if member in self._sets:
            self._sets[member].suspect(url)

    def _set_of(self, member: Member) -> ReplicaSet:
        found = self._sets.get(member)
        if found is None:
            found = self._sets[member] = ReplicaSet(member, self._probe, self._timeout_s)
        return found

    def keep_only(self, members: frozenset[Member]) -> None:
        """Forget members that are gone."""
        for member in [member for member in self._sets if member not in members]:
            self._sets.pop(member).close()
