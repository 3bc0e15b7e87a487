"""Raw samples: series as they were scraped, each sample with its own time, off any grid.

What a range selector gives, and what a subquery gives. The samples of all series lie one behind the other in flat
arrays, so that windows over all of them are found and computed at once. Stale markers are not samples and are not here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from query.model.frames import Bools, Floats, Histograms, are_histograms
from query.model.labels import Labels

Ints: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RawSeries:
    """Series of samples. Those of ``labels[i]`` are at ``bounds[i]:bounds[i + 1]``, times ascending, none twice.

    ``times_ms`` is ``int64[samples]``, ``values`` ``float64[samples]``, ``bounds`` ``int64[series + 1]``.
    ``histograms`` is ``object[samples]``, None where a sample is a float; where it is not None, the value is
    unspecified and must not be read. None altogether if every sample is a float.
    """

    labels: tuple[Labels, ...]
    bounds: Ints
    times_ms: Ints
    values: Floats
    histograms: Histograms | None = None

    @classmethod
    def empty(cls) -> RawSeries:
        """Return no series."""
        return cls((), np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0))

    @property
    def series(self) -> int:
        """Number of series."""
        return len(self.labels)

    def owners(self) -> Ints:
        """Return ``int64[samples]``: which series a sample belongs to."""
        return np.repeat(np.arange(self.series), np.diff(self.bounds))

    def is_ascending(self) -> bool:
        """Tell whether the times of every series ascend, as they have to."""
        is_later = self.times_ms[1:] > self.times_ms[:-1]
        is_first = np.zeros(len(self.times_ms) + 1, np.bool_)
        is_first[self.bounds] = True
        return bool((is_later | is_first[1:-1]).all())

    def are_histograms(self) -> Bools:
        """Return ``bool[samples]``: which samples are native histograms."""
        if self.histograms is None:
            return np.zeros(len(self.values), np.bool_)
        return are_histograms(self.histograms)

    def only(self, chosen: Bools) -> RawSeries:
        """Return the series with the chosen samples, ``bool[samples]``; a series may be left with none."""
        before = np.concatenate((np.zeros(1, np.int64), np.cumsum(chosen, dtype=np.int64)))
        histograms = None if self.histograms is None else self.histograms[chosen]
        return RawSeries(self.labels, before[self.bounds], self.times_ms[chosen], self.values[chosen], histograms)


def joined(parts: Sequence[RawSeries]) -> RawSeries:
    """Return the series of all parts, in order. Their label sets must differ."""
    filled = [part for part in parts if part.series]
    if len(filled) < 2:  # noqa: PLR2004 — nothing to put together
        return filled[0] if filled else RawSeries.empty()
    counts = np.concatenate([np.diff(part.bounds) for part in filled])
    histograms = None
    if any(part.histograms is not None for part in filled):
        histograms = np.concatenate([_histograms(part) for part in filled])
    return RawSeries(
        tuple(labels for part in filled for labels in part.labels),
        np.concatenate((np.zeros(1, np.int64), np.cumsum(counts))),
        np.concatenate([part.times_ms for part in filled]),
        np.concatenate([part.values for part in filled]),
        histograms,
    )


def _histograms(part: RawSeries) -> Histograms:
    return np.full(len(part.values), None, object) if part.histograms is None else part.histograms
