"""From what a replica scraped to what it missed.

The evidence is ``up``, which a Prometheus writes at every scrape of every target, also of a failing one:

* *Late.* A target whose last scrape is older than one and a half intervals was not scraped when it should have been.
  Targets that leave get a stale marker one interval after their last scrape, so they are never late. How often a job is
  scraped is measured, because configurations change and labels are rewritten.
* *Silent.* Where no target has a scrape at all nothing proves that the server was there.
* *Worse than its peers.* Where, for longer than scrapes can be apart, a job has fewer healthy targets here than at
  another replica, this replica could not reach them, and the other could.

Limits: a lost scrape of a job shows only if its targets are scraped equally often; the very last scrape interval of a
span may hide a scrape that is late by less than half an interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from query.execute.replicas.spans import Spans
from query.promql.plan.reach import Span
from query.promql.plan.windows import DEFAULT_LOOKBACK_MS

Curve: TypeAlias = Mapping[int, float]
"""Values by time in milliseconds; times without a value are absent."""

LATE_FACTOR: Final = 1.5
JITTER_MS: Final = 1_000
"""Scrapes start within milliseconds of their time; a loaded machine may need longer."""
UNKNOWN_INTERVAL_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Scrapes:
    """What one replica tells of a span, by job, at every ``step_ms`` from its start.

    ``age_s``: how old the oldest last scrape of a target is. ``healthy``: how many targets answered.
    ``interval_ms``: how often each is scraped.
    """

    span: Span
    step_ms: int
    age_s: Mapping[str, Curve]
    healthy: Mapping[str, Curve]
    interval_ms: Mapping[str, int] = field(default_factory=dict)

    def times_ms(self) -> range:
        """Return the times that were looked at."""
        return range(self.span.start_ms, self.span.end_ms + 1, self.step_ms)

    def until(self, end_ms: int) -> Scrapes:
        """Return what it tells up to a time."""
        return replace(self, span=Span(self.span.start_ms, min(self.span.end_ms, end_ms)))

    def interval_of(self, job: str) -> int:
        """Return how often a job is scraped; the slowest known where it was not measured."""
        return self.interval_ms.get(job) or max(self.interval_ms.values(), default=UNKNOWN_INTERVAL_MS)


def gaps(mine: Scrapes, peers: Sequence[Scrapes]) -> Spans:
    """Return the times for which a replica lacks samples, judged by itself and by peers looked at on the same times."""
    return _silent(mine) | _late(mine) | _worse(mine, peers)


def _silent(mine: Scrapes) -> Spans:
    heard = {time_ms for curve in mine.age_s.values() for time_ms in curve}
    return Spans.of(
        Span(time_ms - DEFAULT_LOOKBACK_MS, time_ms + mine.step_ms)
        for time_ms in mine.times_ms()
        if time_ms not in heard
    )


def _late(mine: Scrapes) -> Spans:
    late: list[Span] = []
    for job, curve in mine.age_s.items():
        allowed_ms = LATE_FACTOR * mine.interval_of(job) + JITTER_MS
        late.extend(
            Span(time_ms - int(age_s * 1_000), time_ms + mine.step_ms)
            for time_ms, age_s in curve.items()
            if age_s * 1_000 > allowed_ms and time_ms <= mine.span.end_ms
        )
    return Spans.of(late)


def _worse(mine: Scrapes, peers: Sequence[Scrapes]) -> Spans:
    found: list[Span] = []
    for job in {job for peer in peers for job in peer.healthy}:
        interval_ms = max(one.interval_of(job) for one in (mine, *peers))
        here = mine.healthy.get(job, {})
        there = [peer.healthy.get(job, {}) for peer in peers]
        since_ms: int | None = None
        for time_ms in mine.times_ms():
            if here.get(time_ms, 0) >= max(curve.get(time_ms, 0) for curve in there):
                since_ms = None
                continue
            since_ms = time_ms if since_ms is None else since_ms
            if time_ms - since_ms > 2 * interval_ms + JITTER_MS:
                found.append(Span(since_ms - interval_ms, time_ms + mine.step_ms))
    return Spans.of(found)
