"""The members of one signal as they are right now.

Replaced as a whole when clusters come and go; a query takes one snapshot and keeps it, so that a change never shows up
in the middle of an answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from query.backends.base import BackendError, Deadline, Failure
from query.backends.outcome import Missing
from query.execute.budget import DEFAULT_MEMORY_BYTES, MemoryPool
from query.execute.discover import Discovered, Discovery, LabelProbe
from query.execute.fanout import Member
from query.execute.replicas.choose import ReplicaChoices
from query.model.clusters import ClusterName


class Membership:
    """Current members by name, and what was discovered of them; ``pool`` is the memory their answers share."""

    def __init__(
        self, probe: LabelProbe, partition_label: str, timeout_s: float, pool: MemoryPool | None = None
    ) -> None:
        self.pool = pool or MemoryPool(DEFAULT_MEMORY_BYTES)
        self._discovery = Discovery(probe, timeout_s)
        self.replicas = ReplicaChoices(probe, timeout_s)
        self._partition_label = partition_label
        self._members: tuple[Member, ...] = ()

    @property
    def members(self) -> tuple[Member, ...]:
        """All members, ordered by name."""
        return self._members

    def replace(self, members: Iterable[Member]) -> None:
        """Make these the members, from the next snapshot on."""
        self._members = tuple(sorted(members, key=lambda member: member.cluster.name))
        self._discovery.keep_only(frozenset(self._members))
        self.replicas.keep_only(frozenset(self._members))

    def discovered(self) -> dict[ClusterName, Discovered]:
        """Return what is known of the members that have been looked at."""
        found = {member.cluster.name: self._discovery.known(member) for member in self._members}
        return {name: known for name, known in found.items() if known is not None}

    async def settle(
        self, members: Iterable[Member], deadline: Deadline
    ) -> tuple[dict[ClusterName, Member], dict[ClusterName, Missing]]:
        """Return the members that can be asked, with their shown labels known, and those that can't."""
        found = {member: self._discovery.settled(member) for member in members}
        outcomes: dict[Member, Member | Missing] = {member: known for member, known in found.items() if known}
        if len(outcomes) < len(found):
            async with asyncio.TaskGroup() as group:
                tasks = {
                    member: group.create_task(self._settle_one(member, deadline))
                    for member in found
                    if member not in outcomes
                }
            outcomes |= {member: task.result() for member, task in tasks.items()}
        settled: dict[ClusterName, Member] = {}
        missing: dict[ClusterName, Missing] = {}
        twins = self.twins()
        for member in found:
            name, outcome = member.cluster.name, outcomes[member]
            if isinstance(outcome, Missing):
                missing[name] = outcome
            elif name in twins:
                missing[name] = Missing(name, Failure.CONFLICT, self._twin_detail(twins[name]))
            else:
                settled[name] = outcome
        return settled, missing

    def twins(self) -> dict[ClusterName, ClusterName]:
        """Return the clusters whose backend shows the partition value of another: their data is counted twice."""
        owners: dict[str, ClusterName] = {}
        found: dict[ClusterName, ClusterName] = {}
        for name, known in self.discovered().items():
            value = known.values.get(self._partition_label)
            if value is None:
                continue
            other = owners.setdefault(value, name)
            if other != name:
                found |= {name: other, other: name}
        return found

    def _twin_detail(self, other: ClusterName) -> str:
        return (
            f"it shows the same value of the label {self._partition_label!r} as cluster {other!r}: "
            "the same data would be counted twice; remove one of the two or give each a value of its own"
        )

    async def _settle_one(self, member: Member, deadline: Deadline) -> Member | Missing:
        try:
            return await self._discovery.settle(member, deadline)
        except BackendError as error:
            return Missing(member.cluster.name, error.failure, error.detail)

    async def aclose(self) -> None:
        """Stop background looks and forget the members."""
        await self._discovery.aclose()
        self.replicas.keep_only(frozenset())
        self._members = ()
