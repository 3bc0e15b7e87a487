"""Typed results: what a query answers.

Values are Python floats, so NaN and the infinities are what they are; a native histogram is a ``Histogram`` beside the
floats, never a number made up for it. Times of metrics are float seconds (the API gives milliseconds), times of log
lines integer nanoseconds (floats can't hold them).

Every result carries ``warnings``, ``infos`` and ``completeness``, because an answer over many clusters that does not
say whether it is whole is worth little::

    result = client.query("sum(up)")
    if not result.completeness.is_complete:
        print("missing:", dict(result.completeness.missing))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar, overload

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Completeness:
    """Which clusters an answer is made of.

    A server that says nothing about clusters (a plain Prometheus) is one cluster, and it answered: complete, nobody
    asked by name. ``missing`` maps a cluster to the reason (``timeout``, ``refused`` …).
    """

    is_complete: bool = True
    asked: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def answered(self) -> tuple[str, ...]:
        """The clusters whose data is in the answer."""
        return tuple(cluster for cluster in self.asked if cluster not in self.missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What every result has."""

    warnings: tuple[str, ...] = ()
    infos: tuple[str, ...] = ()
    completeness: Completeness = field(default_factory=Completeness)


@dataclass(frozen=True, slots=True)
class Listing(Result, Sequence[T], Generic[T]):
    """A list (of samples, streams, names, label sets …) that knows whether it is whole."""

    items: tuple[T, ...] = ()

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...
    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket of a native histogram: ``count`` observations between ``lower`` and ``upper``.

    ``boundaries`` is upstream's code: 0 lower open and upper closed, 1 lower closed and upper open, 2 both open,
    3 both closed.
    """

    boundaries: int
    lower: float
    upper: float
    count: float


@dataclass(frozen=True, slots=True)
class Histogram:
    """A native histogram."""

    count: float
    sum: float
    buckets: tuple[Bucket, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """One series at one instant: a float, or a native histogram (then ``value`` is ``None``)."""

    labels: Labels
    time_s: float
    value: float | None
    histogram: Histogram | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """One series over a range; a step without a sample is simply absent."""

    labels: Labels
    times_s: tuple[float, ...] = ()
    values: tuple[float, ...] = ()
    histograms: tuple[tuple[float, Histogram], ...] = ()


@dataclass(frozen=True, slots=True)
class Scalar(Result):
    """A number without labels."""

    time_s: float
    value: float

    def to_pandas(self) -> pd.DataFrame:
        """Return a frame of one row: ``time`` (UTC) and ``value``."""
        from lma.client.frames import scalar_frame  # noqa: PLC0415 — pandas takes 1.5 s to import

        return scalar_frame(self)


@dataclass(frozen=True, slots=True)
class String(Result):
    """A text, the result of a string expression."""

    time_s: float
    value: str


@dataclass(frozen=True, slots=True)
class Vector(Listing[Sample]):
    """Samples at one instant, in the server's order."""

    def to_pandas(self) -> pd.DataFrame:
        """Return one row per series: a column per label (missing: ""), ``time`` (UTC), ``value``.

        Native histograms are NaN in ``value`` and stand in a column ``histogram``, which exists only where there
        are any. A label that is itself called like one of these columns gets the prefix ``label_``.
        """
        from lma.client.frames import vector_frame  # noqa: PLC0415 — pandas takes 1.5 s to import

        return vector_frame(self)


@dataclass(frozen=True, slots=True)
class Matrix(Listing[Series]):
    """Series over a range, in the server's order."""

    def to_pandas(self) -> pd.DataFrame:
        """Return one column per series, indexed by UTC time; NaN where a series has no sample.

        The columns are a MultiIndex whose levels are the label names (missing: ""). Native histograms make their
        column one of objects, each a ``Histogram``.
        """
        from lma.client.frames import matrix_frame  # noqa: PLC0415 — pandas takes 1.5 s to import

        return matrix_frame(self)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One log line; ``metadata`` holds what the server set apart from the stream's labels."""

    time_ns: int
    labels: Labels
    line: str
    metadata: Labels = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stream:
    """One log stream: its lines share their labels."""

    labels: Labels
    lines: tuple[LogLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Streams(Listing[Stream]):
    """Log streams, in the server's order; ``lines()`` is all of them as one."""

    is_forward: bool = False

    def lines(self) -> list[LogLine]:
        """Return the lines of every stream by time: oldest first if asked forward, else newest first."""
        return sorted(
            (line for stream in self for line in stream.lines),
            key=lambda line: line.time_ns,
            reverse=not self.is_forward,
        )

    def to_pandas(self) -> pd.DataFrame:
        """Return one row per line, in the order of ``lines()``: ``time`` (UTC, nanoseconds), ``labels``, ``line``."""
        from lma.client.frames import streams_frame  # noqa: PLC0415 — pandas takes 1.5 s to import

        return streams_frame(self)


MetricResult = Vector | Matrix | Scalar | String
