"""Asking many clusters at once, each within the same deadline.

Every call ends as an ``Outcome``; nothing a cluster does raises here. Cancelling the caller cancels every call.
Concurrency is bounded per cluster by its backend (``query.backends.guards``), so that one slow cluster never takes
the places of the others.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from query.backends.base import Backend, BackendError, Deadline, Request, read_all
from query.backends.outcome import Answered, Missing, Outcome
from query.execute.budget import Counting
from query.model.clusters import Cluster
from query.model.errors import GatewayError


@dataclass(frozen=True, slots=True, eq=False)
class Replica:
    """One of the servers behind a member: it holds a part of the cluster's data, at its own times."""

    url: str
    backend: Backend


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One signal (metrics, logs or alerts) of one cluster: what is known of its labels, and how to ask it.

    ``backend`` is the complete view; ``replicas`` are the servers behind it, if they may be asked instead.
    ``stands_in``: ``backend`` is itself one of those servers, asked in place of the complete view.
    Compared by identity: a cluster registered anew is another member, about which nothing is known.
    """

    cluster: Cluster
    backend: Backend
    replicas: tuple[Replica, ...] = ()
    stands_in: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One request to one member."""

    member: Member
    request: Request


async def ask(
    calls: Sequence[Call], deadline: Deadline, limit_bytes: int, spending: Counting | None = None
) -> list[Outcome]:
    """Send every call at once; return their outcomes in the same order.

    ``spending`` bounds what all of them answer together; the error it raises ends all of them.
    """
    if not calls:
        return []
    if len(calls) == 1:
        return [await _ask_one(calls[0], deadline, limit_bytes, spending)]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_ask_one(call, deadline, limit_bytes, spending)) for call in calls]
    except* GatewayError as failed:
        error = failed.exceptions[0]
    else:
        return [task.result() for task in tasks]
    raise error


async def _ask_one(call: Call, deadline: Deadline, limit_bytes: int, spending: Counting | None) -> Outcome:
    name = call.member.cluster.name
    began = time.monotonic()
    take = spending.counting(name) if spending is not None else None
    try:
        reply = await call.member.backend.send(call.request, deadline)
        body = await read_all(reply, deadline, limit_bytes, take)
    except BackendError as error:
        return Missing(name, error.failure, error.detail)
    return Answered(name, reply.status, reply.headers, body, time.monotonic() - began)
