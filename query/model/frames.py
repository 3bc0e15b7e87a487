"""Frames: a block of series on a shared grid, as arrays.

``values`` is ``float64[series, steps]``; ``present`` is ``bool[series, steps]`` and false where a series has no sample.
A separate mask, because NaN is a legal sample value in PromQL and must not be confused with "no sample". Where
``present`` is false the value is unspecified and must not be read.

Native histograms stand beside the floats: ``histograms`` is None where a frame holds floats only, else
``object[series, steps]`` whose entries are a ``FloatHistogram`` or None. ``present`` covers samples of both kinds, so
what reads only labels and presence (matching, grouping, counting) needs not care; but where a histogram is, ``values``
is unspecified as where there is nothing. So whoever reads numbers asks for ``floats()`` first, or handles both, and
whoever makes a frame of another hands ``histograms`` on. Raw samples of a series, which are on no grid, need no frame:
times, floats and an optional object array of the same length say the same in one dimension.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from query.model.labels import Labels
from query.model.time import Grid

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Histograms = npt.NDArray[np.object_]
"""Entries are ``FloatHistogram`` or None."""


_is_there: Final = np.frompyfunc(lambda cell: cell is not None, 1, 1)


@dataclass(frozen=True, slots=True)
class Frame:
    """Series on a grid. ``labels[i]`` names row ``i``; rows are unique by label set.

    An entry of ``histograms`` implies presence; if there is none at all, ``histograms`` is None.
    """

    grid: Grid
    labels: tuple[Labels, ...]
    values: Floats
    present: Bools
    histograms: Histograms | None = None

    @classmethod
    def empty(cls, grid: Grid) -> Frame:
        """Return a frame without series."""
        shape = (0, grid.steps)
        return cls(grid, (), np.empty(shape, np.float64), np.empty(shape, np.bool_))

    @classmethod
    def of(
        cls,
        grid: Grid,
        labels: Sequence[Labels],
        values: Floats,
        present: Bools,
        histograms: Histograms | None = None,
    ) -> Frame:
        """Return a frame of the rows that hold at least one sample; histograms that are not present go."""
        if not labels:
            return cls.empty(grid)
        alive: Bools = np.asarray(present.any(axis=1))
        if not alive.all():
            labels = [row for row, is_alive in zip(labels, alive.tolist(), strict=True) if is_alive]
            values, present = values[alive], present[alive]
            histograms = None if histograms is None else histograms[alive]
        if histograms is not None:
            histograms = histograms.copy()
            histograms[~present] = None
            histograms = histograms if are_histograms(histograms).any() else None
        return cls(grid, tuple(labels), values, present, histograms)

    def are_histograms(self) -> Bools:
        """Return ``bool[series, steps]``: where the sample is a native histogram."""
        if self.histograms is None:
            return np.zeros(self.present.shape, np.bool_)
        return are_histograms(self.histograms)

    def floats(self) -> Frame:
        """Return the float samples only; rows without any go."""
        if self.histograms is None:
            return self
        return Frame.of(self.grid, self.labels, self.values, self.present & ~self.are_histograms())

    def only_histograms(self) -> Frame:
        """Return the native histograms only; rows without any go."""
        if self.histograms is None:
            return Frame.empty(self.grid)
        return Frame.of(self.grid, self.labels, self.values, self.are_histograms(), self.histograms)

    @property
    def series(self) -> int:
        """Number of rows."""
        return len(self.labels)


def are_histograms(cells: Histograms) -> Bools:
    """Return where an array of histograms holds one."""
    held: Bools = _is_there(cells).astype(np.bool_)
    return held


@dataclass(frozen=True, slots=True)
class Notes:
    """What upstream calls annotations: texts for ``warnings`` and ``infos``, without repeats, in order."""

    warnings: tuple[str, ...] = ()
    infos: tuple[str, ...] = field(default=())

    def __or__(self, other: Notes) -> Notes:
        """Return both, each text once."""
        return Notes(
            tuple(dict.fromkeys(self.warnings + other.warnings)),
            tuple(dict.fromkeys(self.infos + other.infos)),
        )
