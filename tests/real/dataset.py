"""What every differential test asks about: the times and the clusters, and the form of the generated series.

Two hours at 15 s, from ``START_S`` to ``END_S``. The clusters hold what federation trips over: identical label sets in
several clusters, series and whole metrics that only some clusters have, counters that reset, gauges that are negative,
NaN or infinite, native histograms of every kind, holes longer and shorter than the lookback, stale markers, samples
off the grid, series that begin late or end early, label values with every character that somebody forgets to escape.

A cluster's own servers hold the series without ``cluster`` and extra labels, as real clusters do. The union holds all
of them with those labels: it is what one Prometheus of the whole fleet would hold, and so the oracle.

Values are drawn so that exact comparison is fair: most gauges are multiples of 1/8, whose sums are exact in any
order; ``load_average`` is not, and is there to see the last digit.

The series themselves are made by :mod:`tests.real.dataset_series`, the same on every machine, in every run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

STEP_S: Final = 15
MIDDLE_S: Final = 1_750_003_200
"""2025-06-15T16:00:00Z."""
START_S: Final = MIDDLE_S - 3_600
END_S: Final = MIDDLE_S + 3_600
SAMPLES: Final = (END_S - START_S) // STEP_S

Labels = Mapping[str, str]


class Mark(Enum):
    """What a series may hold beside numbers and histograms."""

    STALE = auto()
    """The series ends here: the marker a scraper writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeHistogram:
    """A native histogram; buckets by index, as upstream counts them.

    Bucket ``i`` of an exponential schema ``s`` reaches up to ``2 ** (i / 2 ** s)``; with ``custom_bounds`` (schema -53)
    it reaches up to ``custom_bounds[i]``, the last one to infinity. Counts that are all whole are written as integers.
    """

    schema: int = 0
    zero_threshold: float = 0.0
    zero_count: float = 0.0
    positive: Mapping[int, float] = field(default_factory=dict)
    negative: Mapping[int, float] = field(default_factory=dict)
    sum: float = 0.0
    custom_bounds: tuple[float, ...] = ()
    is_gauge: bool = False

    @property
    def count(self) -> float:
        """Return the number of observations."""
        return self.zero_count + sum(self.positive.values()) + sum(self.negative.values())


Point = float | NativeHistogram | Mark | None
Values = list[Point]


@dataclass(frozen=True, slots=True)
class DataCluster:
    """A cluster of the data set: its name, and the constant labels it has beside ``cluster``."""

    name: str
    extra: Labels = field(default_factory=dict)

    @property
    def constants(self) -> dict[str, str]:
        """Every label the gateway adds to this cluster's series."""
        return {"cluster": self.name, **self.extra}


CLUSTERS: Final = (
    DataCluster("seoul", {"region": "ap-northeast-2", "provider": "eks"}),
    DataCluster("tokyo", {"region": "ap-northeast-1"}),
    DataCluster("paris"),
)
FIVE_CLUSTERS: Final = (
    *CLUSTERS,
    DataCluster("osaka", {"region": "ap-northeast-1"}),
    DataCluster("lima", {"region": "sa-west", "provider": "byok"}),
)


@dataclass(frozen=True, slots=True)
class Series:
    """One series of one cluster: ``values[i]`` is the sample at ``START_S + i * STEP_S``, or ``None``.

    ``late_ms`` puts every sample that much later than the grid.
    """

    metric: str
    labels: Labels
    values: Sequence[Point]
    late_ms: int = 0


Made = Iterator[Series]
