"""What came back for one shard of a plan, and what asking for it took."""

from __future__ import annotations

from dataclasses import dataclass, field

from query.backends.outcome import Missing, Outcome
from query.promql.plan.nodes import Concat, Shard
from query.wire.prometheus import SeriesBody


@dataclass(slots=True)
class Fetched:
    """One shard's series, as its cluster answered them; if they need not be looked at, the text of the array only."""

    shard: Shard
    bodies: list[SeriesBody] = field(default_factory=list)
    spliced: bytes | None = None
    spliced_series: int = 0

    @property
    def series(self) -> int:
        """How many series there are."""
        return len(self.bodies) if self.spliced is None else self.spliced_series


@dataclass(frozen=True, slots=True)
class Took:
    """What one request took; ``failure`` None: it was answered."""

    leaf: Concat
    shard: Shard
    elapsed_s: float = 0.0
    bytes: int = 0
    series: int = 0
    failure: Missing | None = None

    @classmethod
    def of(cls, leaf: Concat, shard: Shard, outcome: Outcome, part: Fetched | Missing) -> Took:
        """Return what a request took whose answer was read as ``part``."""
        if isinstance(part, Missing) or isinstance(outcome, Missing):
            return cls(leaf, shard, failure=part if isinstance(part, Missing) else None)
        return cls(leaf, shard, outcome.elapsed_s, len(outcome.body), part.series)
