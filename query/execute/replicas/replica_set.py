"""The replicas of one cluster: looked at when queries come, never for every query.

A look asks every replica for its status and for what it scraped lately; peers are compared on the same times. Looks
happen at most every ``FRESH_S`` while queries come, in the background; a query waits for one only if the last is older
than ``STALE_S`` or a replica has failed since, and then no longer than ``WAIT_S``. Older times are looked at once, when
a query first reads them. So what a replica missed during the last ``STALE_S`` may go unnoticed for that long, unless
it also failed a query.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from query.backends.base import BackendError, Deadline
from query.execute.discover import Discovery, LabelProbe, first_error
from query.execute.fanout import Member, Replica
from query.execute.replicas.evidence import Scrapes
from query.execute.replicas.known import SETTLED_AFTER_MS, Known
from query.execute.replicas.look import (
    POINTS,
    Status,
    read_intervals,
    read_labels_shown,
    read_scrapes,
    read_status,
    step_for,
)
from query.promql.plan.reach import Span

FRESH_S: Final = 15.0
STALE_S: Final = 45.0
WAIT_S: Final = 1.0
LOOK_S: Final = 10.0
FIRST_LOOK_MS: Final = 3_600_000
OVERLAP_MS: Final = 60_000
LABELS_S: Final = 300.0


class ReplicaSet:
    """What is known of a cluster's replicas, and which of them holds a span."""

    def __init__(
        self, member: Member, probe: LabelProbe, timeout_s: float, *, now_s: Callable[[], float] = time.time
    ) -> None:
        self._member = member
        self._discovery = Discovery(probe, timeout_s)
        self._now_s = now_s
        self._known = [Known(replica) for replica in member.replicas]
        self._members: dict[Replica, Member] = {}
        self._labels: Mapping[str, str] | None = None
        self._compared: tuple[tuple[str, str], ...] = ()
        self._compared_at = 0.0
        self._looked_at: float | None = None
        self._is_suspect = False
        self._looking: asyncio.Task[None] | None = None
        self._digging: asyncio.Task[None] | None = None

    async def member_for(self, span: Span, excluded: frozenset[str], deadline: Deadline) -> tuple[Member | None, str]:
        """Return the first replica that holds all of ``span`` without a gap, as a member to ask; else None and why."""
        await self._refresh(deadline)
        now_ms = self._now_ms()
        held = Span(min(span.start_ms, now_ms), min(span.end_ms, now_ms))
        if all(known.replica.url in excluded or known.objection(held, now_ms) for known in self._known):
            await self._dig(held, now_ms, deadline)
        objections: list[str] = []
        for known in self._known:
            url = known.replica.url
            objection = "it failed this query" if url in excluded else known.objection(held, now_ms)
            if not objection:
                try:
                    await self._compare_labels(held.end_ms, deadline)
                    return await self._settled(known.replica, deadline), ""
                except BackendError as error:
                    objection = error.detail
            objections.append(f"{url}: {objection}")
        return None, "; ".join(objections)

    def lookback_ms(self, default_ms: int) -> int:
        """Return the longest lookback any of the replicas uses where a query gives none."""
        return max([default_ms, *(known.status.lookback_ms for known in self._known if known.status is not None)])

    def suspect(self, url: str) -> None:
        """Take note that a replica failed: it is looked at before it is asked again."""
        for known in self._known:
            if known.replica.url == url:
                known.trouble = "it failed a query and has not been looked at since"
                self._is_suspect = True

    def close(self) -> None:
        """Stop looking."""
        for task in (self._looking, self._digging):
            if task is not None:
                task.cancel()
        self._discovery.keep_only(frozenset())

    def _now_ms(self) -> int:
        return int(self._now_s() * 1_000)

    async def _refresh(self, deadline: Deadline) -> None:
        age_s = float("inf") if self._looked_at is None else time.monotonic() - self._looked_at
        if self._looking is None and (age_s > FRESH_S or self._is_suspect):
            self._is_suspect = False
            self._looking = asyncio.create_task(self._look())
            self._looking.add_done_callback(self._looked)
        if self._looking is not None and age_s > STALE_S:
            await _at_most(self._looking, deadline)
            if self._looked_at is None or time.monotonic() - self._looked_at > STALE_S:
                for known in self._known:
                    known.trouble = known.trouble or f"it has not answered a look for {STALE_S:.0f} s"

    def _looked(self, _task: asyncio.Task[None]) -> None:
        self._looking = None

    async def _look(self) -> None:
        deadline = Deadline.after(LOOK_S)
        statuses = await asyncio.gather(*(_status(known.replica, deadline) for known in self._known))
        alive = []
        for known, status in zip(self._known, statuses, strict=True):
            if isinstance(status, Status):
                known.status = status
                alive.append(known)
            else:
                known.trouble = status
        now_ms = self._now_ms()
        scrapes = await self._scrapes(alive, self._recent_span(alive, now_ms), deadline)
        for known in alive:
            mine = scrapes[known.replica]
            if isinstance(mine, str):
                known.trouble = mine
                continue
            known.take_recent(mine, _peers(known.replica, scrapes))
            known.trouble = ""
        self._looked_at = time.monotonic()

    def _recent_span(self, alive: Sequence[Known], now_ms: int) -> Span:
        seen = [known.examined_to_ms for known in alive]
        known_to = min((at for at in seen if at is not None), default=now_ms - FIRST_LOOK_MS)
        start_ms = min(known_to - OVERLAP_MS, now_ms - SETTLED_AFTER_MS - OVERLAP_MS)
        return Span(max(start_ms, now_ms - 2 * FIRST_LOOK_MS), now_ms)

    async def _compare_labels(self, at_ms: int, deadline: Deadline) -> None:
        """Find the external labels that the complete view shows beside ours; ``BackendError`` if it can't tell."""
        candidates = _shared_labels([known.status for known in self._known if known.status is not None])
        names = tuple(pair for pair in candidates if pair[0] not in self._member.cluster.constants)
        is_fresh = time.monotonic() - self._compared_at < LABELS_S
        if self._labels is not None and names == self._compared and is_fresh:
            return
        shown: Mapping[str, str] = {}
        if names:
            try:
                shown = await read_labels_shown(self._member.backend, tuple(name for name, _ in names), at_ms, deadline)
            except BackendError as error:
                if self._labels is not None and names == self._compared:
                    return
                raise BackendError(
                    error.failure,
                    f"its external labels could not be compared with the complete view: {error.detail}",
                ) from error
        labels = {name: value for name, value in names if shown.get(name) == value}
        if labels != self._labels:
            self._members = {}
        self._labels, self._compared, self._compared_at = labels, names, time.monotonic()

    async def _dig(self, span: Span, now_ms: int, deadline: Deadline) -> None:
        """Look at older times that replicas claim to hold; wait for it a little."""
        if self._digging is None:
            wanted = [piece for known in self._known for piece in known.unexamined(span, now_ms)]
            if not wanted:
                return
            whole = Span(min(piece.start_ms for piece in wanted), max(piece.end_ms for piece in wanted))
            self._digging = asyncio.create_task(self._examine(whole))
            self._digging.add_done_callback(self._dug)
        await _at_most(self._digging, deadline)

    def _dug(self, _task: asyncio.Task[None]) -> None:
        self._digging = None

    async def _examine(self, span: Span) -> None:
        """Look at a span piece by piece, the newest first."""
        end_ms = span.end_ms
        while end_ms > span.start_ms:
            alive = [known for known in self._known if not known.trouble]
            deadline = Deadline.after(LOOK_S)
            scrapes = await self._scrapes(alive, Span(span.start_ms, end_ms), deadline)
            looked = [one for one in scrapes.values() if isinstance(one, Scrapes)]
            if not looked:
                return
            for known in alive:
                mine = scrapes[known.replica]
                if isinstance(mine, Scrapes):
                    known.settle(mine, _peers(known.replica, scrapes))
            end_ms = looked[0].span.start_ms

    async def _scrapes(self, alive: Sequence[Known], span: Span, deadline: Deadline) -> dict[Replica, Scrapes | str]:
        """Ask every replica about the last ``POINTS`` steps of a span; what failed is a text."""
        counted = await asyncio.gather(*(_intervals(known.replica, span, deadline) for known in alive))
        measured = [intervals for intervals in counted if not isinstance(intervals, str)]
        step_ms = min((step_for(intervals) for intervals in measured), default=step_for({}))
        looked = Span(max(span.start_ms, span.end_ms - POINTS * step_ms), span.end_ms)
        found = await asyncio.gather(
            *(
                _scraped(known.replica, looked, step_ms, intervals, deadline)
                for known, intervals in zip(alive, counted, strict=True)
            )
        )
        return {known.replica: one for known, one in zip(alive, found, strict=True)}

    async def _settled(self, one: Replica, deadline: Deadline) -> Member:
        """Return a replica as a member: with the labels that the complete view shows, and what it shows itself."""
        member = self._members.get(one)
        if member is None:
            cluster = self._member.cluster
            constants = {**cluster.constants, **(self._labels or {})}
            member = Member(replace(cluster, constants=constants, shown=frozenset()), one.backend, stands_in=True)
            self._members[one] = member
        return await self._discovery.settle(member, deadline)


def _peers(mine: Replica, scrapes: Mapping[Replica, Scrapes | str]) -> list[Scrapes]:
    return [one for other, one in scrapes.items() if other is not mine and isinstance(one, Scrapes)]


def _shared_labels(statuses: Sequence[Status]) -> tuple[tuple[str, str], ...]:
    """Return the external labels that are equal everywhere: those that differ tell replicas apart."""
    if not statuses:
        return ()
    first = statuses[0].external_labels
    return tuple(
        sorted(
            (name, value)
            for name, value in first.items()
            if all(status.external_labels.get(name) == value for status in statuses)
        )
    )


async def _at_most(task: asyncio.Task[None], deadline: Deadline) -> None:
    """Wait for a task a little; it goes on if it takes longer."""
    await asyncio.wait({task}, timeout=min(WAIT_S, deadline.remaining_s() / 10))


async def _status(replica: Replica, deadline: Deadline) -> Status | str:
    try:
        return await read_status(replica.backend, deadline)
    except* BackendError as group:
        error = first_error(group)
    return error.detail


async def _intervals(replica: Replica, span: Span, deadline: Deadline) -> Mapping[str, int] | str:
    try:
        return await read_intervals(replica.backend, span, deadline)
    except* BackendError as group:
        error = first_error(group)
    return error.detail


async def _scraped(
    replica: Replica, span: Span, step_ms: int, intervals: Mapping[str, int] | str, deadline: Deadline
) -> Scrapes | str:
    if isinstance(intervals, str):
        return intervals
    try:
        return await read_scrapes(replica.backend, span, step_ms, intervals, deadline)
    except* BackendError as group:
        error = first_error(group)
    return error.detail
