"""Handing written logs on to the one cluster that is to keep them.

Data stays in its cluster, so nothing here chooses: the writer names the cluster. The body is passed on unread, with the
headers that say what it is, and what the cluster answers is the answer. Nothing is sent twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from query.backends.base import BackendError, Deadline, Request, read_all
from query.execute.membership import Membership
from query.execute.settings import ExecuteSettings
from query.model.errors import IncompleteError, NotFoundError

ANSWER_BYTES: Final = 1 << 20
PASSED_ON: Final = ("content-type", "content-encoding")
PASSED_BACK: Final = ("content-type", "retry-after")


@dataclass(frozen=True, slots=True)
class Written:
    """What the cluster answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class LogsWrites:
    """Writes to the current members."""

    def __init__(self, membership: Membership, settings: ExecuteSettings) -> None:
        self._membership = membership
        self._settings = settings

    async def write(self, cluster: str, path: str, body: bytes, headers: Mapping[str, str]) -> Written:
        """Send the body to the cluster's ``path``.

        ``NotFoundError`` for a cluster without logs here, ``IncompleteError`` if it gives no answer.
        """
        members = {str(member.cluster.name): member for member in self._membership.members}
        if cluster not in members:
            raise NotFoundError(f"there is no cluster {cluster!r} that takes logs")
        kept = {name: headers[name] for name in PASSED_ON if headers.get(name)}
        deadline = Deadline.after(self._settings.cluster_timeout_s)
        try:
            reply = await members[cluster].backend.send(Request(path, headers=kept, content=body), deadline)
            answer = await read_all(reply, deadline, ANSWER_BYTES)
        except BackendError as error:
            reason = f"{error.failure.value}: {error.detail}"
            raise IncompleteError({cluster: reason}, why="the logs were not taken, or that is not known") from error
        back = {name: reply.headers[name] for name in PASSED_BACK if name in reply.headers}
        return Written(reply.status, back, answer)
