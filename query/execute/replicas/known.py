"""What is known of one replica, and whether it holds a span of time.

Evidence about times that are long past does not change and is kept (``settled``); the last minutes are looked at anew
each time (``recent``), because a scrape may still be under way and a stale marker still to come.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from query.execute.fanout import Replica
from query.execute.replicas.evidence import Scrapes, gaps
from query.execute.replicas.look import Status
from query.execute.replicas.spans import Spans
from query.promql.plan.reach import Span

SETTLED_AFTER_MS: Final = 300_000
FOREVER_MS: Final = 1 << 53


@dataclass(slots=True)
class Known:
    """One replica. ``trouble`` says why it can't be asked at all, empty if it can."""

    replica: Replica
    status: Status | None = None
    trouble: str = "nothing is known of it yet"
    settled: Spans = field(default_factory=Spans)
    settled_gaps: Spans = field(default_factory=Spans)
    recent: Span | None = None
    recent_gaps: Spans = field(default_factory=Spans)

    @property
    def examined_to_ms(self) -> int | None:
        """Until when evidence is settled."""
        return self.settled.spans[-1].end_ms if self.settled.spans else None

    def settle(self, mine: Scrapes, peers: list[Scrapes]) -> None:
        """Take in evidence about times long past."""
        self.settled |= Spans((mine.span,))
        self.settled_gaps |= gaps(mine, peers)

    def take_recent(self, mine: Scrapes, peers: list[Scrapes]) -> None:
        """Take in evidence that reaches until now: keep what is settled, replace the rest."""
        until_ms = mine.span.end_ms - SETTLED_AFTER_MS
        if until_ms > mine.span.start_ms:
            self.settle(mine.until(until_ms), peers)
        self.recent = mine.span
        self.recent_gaps = gaps(mine, peers)

    def examined(self) -> Spans:
        """Return the times there is evidence about; the recent ones are taken to go on."""
        if self.recent is None:
            return self.settled
        return self.settled | Spans((Span(self.recent.start_ms, FOREVER_MS),))

    def unexamined(self, span: Span, now_ms: int) -> tuple[Span, ...]:
        """Return the parts of a span that it claims to hold and that were never looked at."""
        if self.trouble or self.status is None or span.start_ms < self.status.floor_ms(now_ms):
            return ()
        return self.examined().missing_in(span)

    def objection(self, span: Span, now_ms: int) -> str:
        """Return why a query that reads ``span`` can't be asked here, empty if it can."""
        if self.trouble or self.status is None:
            return self.trouble
        floor_ms = self.status.floor_ms(now_ms)
        if span.start_ms < floor_ms:
            return f"it holds nothing before {moment(floor_ms)}, the query reads from {moment(span.start_ms)}"
        unseen = self.examined().missing_in(span)
        if unseen:
            return f"whether it scraped from {moment(unseen[0].start_ms)} on has not been looked at yet"
        gap = self.settled_gaps.first_in(span) or self.recent_gaps.first_in(span)
        if gap is not None:
            return f"it has a gap from {moment(gap.start_ms)} to {moment(gap.end_ms)}"
        return ""


def moment(time_ms: int) -> str:
    """Return a time for people."""
    try:
        return datetime.fromtimestamp(time_ms / 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return f"{time_ms} ms"
