"""Finding out which of a cluster's constant labels its backend shows by itself, and whether they contradict.

A backend that shows another value than the registered one on some of its series would put those series into groups of
another cluster; one that shows it on only a part would split its own groups. Both are conflicts: the member is left
out of answers, with the reason, until its labels or the registration are mended. One other value on *every* series is
no conflict: it is overridden everywhere alike.

What is found is kept for ``FRESH_S`` and used while a newer look is taken, so that queries do not wait for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from query.backends.base import Backend, BackendError, Deadline, Failure
from query.execute.fanout import Member
from query.model.clusters import Cluster

FRESH_S: Final = 60.0
RETRY_S: Final = 5.0
LIMIT_BYTES: Final = 1 << 20


class LabelProbe(Protocol):
    """How one kind of API is asked about a label."""

    async def values(self, backend: Backend, name: str, deadline: Deadline) -> tuple[str, ...]:
        """Return the values of the label (a few are enough); raise ``BackendError``."""
        ...

    async def is_absent_somewhere(self, backend: Backend, name: str, deadline: Deadline) -> bool:
        """Tell whether something lacks the label."""
        ...


@dataclass(frozen=True, slots=True)
class Discovered:
    """What a backend shows. ``conflict`` explains why it can't be used; ``values`` is what each shown label holds."""

    shown: frozenset[str] = frozenset()
    values: Mapping[str, str] = field(default_factory=dict)
    conflict: str = ""


async def discover(probe: LabelProbe, cluster: Cluster, backend: Backend, deadline: Deadline) -> Discovered:
    """Ask the backend about every constant of the cluster; raise ``BackendError`` if it does not answer."""
    names = sorted(cluster.constants)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_look(probe, cluster, backend, name, deadline)) for name in names]
    found = [task.result() for task in tasks]
    values = {name: value for name, (value, _) in zip(names, found, strict=True) if value}
    return Discovered(
        shown=frozenset(name for name, value in values.items() if value == cluster.constants[name]),
        values=values,
        conflict="; ".join(conflict for _, conflict in found if conflict),
    )


async def _look(
    probe: LabelProbe, cluster: Cluster, backend: Backend, name: str, deadline: Deadline
) -> tuple[str, str]:
    """Return the one value shown on everything (or nothing) and the conflict (or nothing)."""
    values = await probe.values(backend, name, deadline)
    if not values:
        return "", ""
    wanted = cluster.constants[name]
    remedy = (
        f"set {name} as an external label of the whole cluster, drop it from the data, or register the cluster "
        "with another partition label or labels"
    )
    if len(values) > 1:
        listed = ", ".join(repr(value) for value in values[:3]) + (", …" if len(values) > 3 else "")  # noqa: PLR2004
        return "", f"its data has several values of the label {name!r} ({listed}) but all of it is {wanted!r}; {remedy}"
    if await probe.is_absent_somewhere(backend, name, deadline):
        return "", f"only a part of its data has the label {name!r} ({values[0]!r}); {remedy}"
    return values[0], ""


@dataclass(slots=True)
class _Entry:
    found: Discovered | None = None
    error: BackendError | None = None
    at: float = 0.0
    refresh: asyncio.Task[None] | None = None
    settled: Member | None = None


class Discovery:
    """Keeps what was discovered of each member of one signal."""

    def __init__(self, probe: LabelProbe, timeout_s: float) -> None:
        self._probe = probe
        self._timeout_s = timeout_s
        self._entries: dict[Member, _Entry] = {}

    async def settle(self, member: Member, deadline: Deadline) -> Member:
        """Return the member with ``cluster.shown`` filled in.

        Raises ``BackendError``: the backend's own failure to answer, or ``Failure.CONFLICT``.
        """
        entry = self._entries.setdefault(member, _Entry())
        age = time.monotonic() - entry.at
        if entry.found is None:
            if entry.error is not None and age < RETRY_S and entry.error.failure is Failure.CONFLICT:
                raise entry.error
            await self._look(member, entry, deadline)
        elif age > FRESH_S and entry.refresh is None:
            entry.refresh = asyncio.create_task(self._refresh(member, entry))
        if entry.found is None:
            raise entry.error or BackendError(Failure.BROKEN, "its labels could not be looked up")
        if entry.found.conflict:
            raise BackendError(Failure.CONFLICT, entry.found.conflict)
        if entry.found.shown == member.cluster.shown:
            return member
        if entry.settled is None or entry.settled.cluster.shown != entry.found.shown:
            entry.settled = replace(member, cluster=replace(member.cluster, shown=entry.found.shown))
        return entry.settled

    def settled(self, member: Member) -> Member | None:
        """Return what ``settle`` would without having to ask; None if it would have to, or would raise."""
        entry = self._entries.get(member)
        if entry is None or entry.found is None or entry.found.conflict or time.monotonic() - entry.at > FRESH_S:
            return None
        if entry.found.shown == member.cluster.shown:
            return member
        return entry.settled if entry.settled and entry.settled.cluster.shown == entry.found.shown else None

    def known(self, member: Member) -> Discovered | None:
        """Return what is known without asking."""
        entry = self._entries.get(member)
        return entry.found if entry is not None else None

    def keep_only(self, members: frozenset[Member]) -> None:
        """Forget members that are gone."""
        for member in [member for member in self._entries if member not in members]:
            entry = self._entries.pop(member)
            if entry.refresh is not None:
                entry.refresh.cancel()

    async def aclose(self) -> None:
        """Stop looking."""
        self.keep_only(frozenset())

    async def _look(self, member: Member, entry: _Entry, deadline: Deadline) -> None:
        try:
            entry.found = await discover(self._probe, member.cluster, member.backend, deadline)
            entry.error = None
        except* BackendError as group:
            entry.error = first_error(group)
        entry.at = time.monotonic()

    async def _refresh(self, member: Member, entry: _Entry) -> None:
        try:
            await self._look(member, entry, Deadline.after(self._timeout_s))
        finally:
            entry.refresh = None


def first_error(group: BaseExceptionGroup[BackendError]) -> BackendError:
    """Return one of the errors of a group that holds no others."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if not isinstance(error, BackendError):
        raise error
    return error
