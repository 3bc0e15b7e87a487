"""Where the clusters of one query are asked: at a replica where one holds all that is read, else at the complete view.

If a replica fails the query is asked elsewhere: at the next replica that holds everything, at last at the complete
view, as long as there is time. The plan is then made anew, because a replica shows other labels than the complete
view; clusters that have answered are not asked again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from query.backends.base import Deadline, Failure
from query.backends.outcome import Missing
from query.execute.fanout import Member
from query.execute.membership import Membership
from query.execute.replicas.choose import Asked, Choice
from query.model.clusters import ClusterName

UNSEEN_VIEW_S: Final = 1.0
"""How long a query that has a replica waits to learn about a complete view nobody has seen yet."""
NO_FAULT: Final = frozenset({Failure.REFUSED, Failure.TOO_LARGE})
"""Failures that are about the query, not about the health of the server."""


class Sources:
    """The choice for one query, made anew when a replica fails."""

    def __init__(self, membership: Membership, reached: Sequence[Member], asked: Asked) -> None:
        self._membership = membership
        self._reached = reached
        self._asked = asked
        self._failed: dict[ClusterName, frozenset[str]] = {}
        self._chosen: dict[ClusterName, Choice] = {}

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The choice for each cluster that names replicas."""
        return tuple(self._chosen.values())

    async def settle(self, deadline: Deadline) -> tuple[dict[ClusterName, Member], dict[ClusterName, Missing]]:
        """Return the members to ask, and those that can't be asked."""
        self._chosen = await self._membership.replicas.choose(self._reached, self._asked, deadline, self._failed)
        replicas = {name: choice for name, choice in self._chosen.items() if choice.is_replica}
        viewed = [member for member in self._reached if member.cluster.name not in replicas]
        behind = [member for member in self._reached if member.cluster.name in replicas]
        settled, missing = await self._membership.settle(viewed, deadline)
        if behind:
            _, unseen = await self._membership.settle(behind, deadline.capped(UNSEEN_VIEW_S))
            missing |= {name: gap for name, gap in unseen.items() if gap.failure is Failure.CONFLICT}
        settled |= {name: choice.member for name, choice in replicas.items() if name not in missing}
        return settled, missing

    def replace_failed(self, missing: Iterable[Missing]) -> bool:
        """Take note of replicas that failed; tell whether the query is to be asked anew."""
        has_failed = False
        for gap in missing:
            choice = self._chosen.get(gap.cluster)
            if choice is None or not choice.is_replica or gap.failure in {Failure.TOO_LARGE, Failure.CONFLICT}:
                continue
            has_failed = True
            self._failed[gap.cluster] = self._failed.get(gap.cluster, frozenset()) | {choice.url}
            if gap.failure not in NO_FAULT:
                view = next(member for member in self._reached if member.cluster.name == gap.cluster)
                self._membership.replicas.suspect(view, choice.url)
        return has_failed
