"""Windows over native histograms, one at a time: their values are no numbers to lay out in arrays.

Whether a counter was reset between two samples is found out once, however many windows hold the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from query.model.errors import UndecidedHistogramError
from query.model.float_histogram import UNTOLD_HINT, FloatHistogram, ResetHint
from query.model.frames import Histograms, Notes
from query.model.labels import METRIC_NAME
from query.model.samples import RawSeries
from query.promql.evaluate.annotations import (
    colliding_resets,
    exponential_and_custom,
    not_a_counter_histogram,
    not_a_gauge_histogram,
    reconciled_bounds,
)
from query.promql.evaluate.native import Combined, is_reset
from query.promql.evaluate.ranges.windows import Windows


@dataclass(slots=True)
class Said:
    """What is to be said of the windows, each once, in order."""

    warnings: dict[str, None] = field(default_factory=dict)
    infos: dict[str, None] = field(default_factory=dict)

    def warn(self, text: str) -> None:
        """Note a warning."""
        self.warnings[text] = None

    def check_counters(self, name: str, samples: Iterable[FloatHistogram]) -> None:
        """Note it if one of the samples that are taken for a counter's is a gauge's."""
        if any(_told_hint(sample) is ResetHint.GAUGE for sample in samples):
            self.warn(not_a_counter_histogram(name))

    def check_gauges(self, name: str, samples: Iterable[FloatHistogram]) -> None:
        """Note it if one of the samples that are taken for a gauge's is a counter's."""
        if any(_told_hint(sample) not in {ResetHint.GAUGE, ResetHint.WAIVED} for sample in samples):
            self.warn(not_a_gauge_histogram(name))

    def check_resets(self, samples: Sequence[FloatHistogram]) -> None:
        """Note it if samples that are added up contradict each other about a reset."""
        hints = {_told_hint(sample) for sample in samples} if len(samples) > 1 else set()
        if {ResetHint.RESET, ResetHint.NOT_RESET} <= hints:
            self.warn(colliding_resets("aggregation"))

    def incompatible(self, name: str) -> None:
        """Note that exponential and custom buckets met."""
        self.warn(exponential_and_custom(name))

    def combined(self, result: Combined, operation: str) -> FloatHistogram:
        """Return the result of an addition or subtraction, noting what it did to the bounds."""
        if result.bounds_differed:
            self.infos[reconciled_bounds(operation)] = None
        return result.histogram

    def take(self, other: Said) -> None:
        """Add what was noted elsewhere."""
        self.warnings |= other.warnings
        self.infos |= other.infos

    def notes(self) -> Notes:
        """Return everything noted."""
        return Notes(tuple(self.warnings), tuple(self.infos))


def _told_hint(sample: FloatHistogram) -> ResetHint:
    """Return what is known of resets; ``UndecidedHistogramError`` if that was not told."""
    if sample.hint is ResetHint.UNTOLD:
        raise UndecidedHistogramError(UNTOLD_HINT)
    return sample.hint


class HistogramWindows:
    """Windows, ``spans``, of series whose samples are all native histograms."""

    def __init__(self, raw: RawSeries, spans: Windows) -> None:
        assert raw.histograms is not None  # noqa: S101  (the caller chose series of histograms)
        self.spans = spans
        self.cells: Histograms = raw.histograms
        self._names = [dict(labels).get(METRIC_NAME, "") for labels in raw.labels]
        self._resets: dict[int, bool] = {}

    def __len__(self) -> int:
        return len(self.spans)

    def each(self) -> Iterator[HistogramWindow]:
        """Yield the windows, in order."""
        starts, stops, rows = (array.tolist() for array in (self.spans.start, self.spans.stop, self.spans.row))
        for start, stop, row in zip(starts, stops, rows, strict=True):
            yield HistogramWindow(self, start, stop, self._names[row])

    def is_reset(self, position: int) -> bool:
        """Tell whether the counter was reset between the sample before and that at a position."""
        if position not in self._resets:
            self._resets[position] = is_reset(self.cells[position], self.cells[position - 1])
        return self._resets[position]


@dataclass(frozen=True, slots=True)
class HistogramWindow:
    """The samples ``start:stop`` of a series of that name."""

    all: HistogramWindows
    start: int
    stop: int
    name: str

    def __len__(self) -> int:
        return self.stop - self.start

    def __getitem__(self, index: int) -> FloatHistogram:
        found: FloatHistogram = self.all.cells[(self.start if index >= 0 else self.stop) + index]
        return found

    def samples(self, start: int, stop: int) -> Iterator[FloatHistogram]:
        """Yield the samples at some indices."""
        return (self[index] for index in range(start, stop))

    def is_reset(self, index: int) -> bool:
        """Tell whether the counter was reset between two samples of the window, the second given."""
        return self.all.is_reset(self.start + index)

    def time_ms(self, index: int) -> int:
        """Return when a sample was."""
        return int(self.all.spans.times_ms[(self.start if index >= 0 else self.stop) + index])
