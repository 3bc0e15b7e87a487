"""Frames: a block of series on a shared grid, as arrays.

``values`` is ``float64[series, steps]``; ``present`` is ``bool[series, steps]`` and false where a series has no sample.
A separate mask, because NaN is a legal sample value in PromQL and must not be confused with "no sample". Where
``present`` is false the value is unspecified and must not be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from query.model.labels import Labels
from query.model.time import Grid

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Frame:
    """Series on a grid. ``labels[i]`` names row ``i``; rows are unique by label set."""

    grid: Grid
    labels: tuple[Labels, ...]
    values: Floats
    present: Bools

    @classmethod
    def empty(cls, grid: Grid) -> Frame:
        """Return a frame without series."""
        shape = (0, grid.steps)
        return cls(grid, (), np.empty(shape, np.float64), np.empty(shape, np.bool_))

    @classmethod
    def of(cls, grid: Grid, labels: Sequence[Labels], values: Floats, present: Bools) -> Frame:
        """Return a frame of the rows that hold at least one sample."""
        if not labels:
            return cls.empty(grid)
        alive: Bools = np.asarray(present.any(axis=1))
        if alive.all():
            return cls(grid, tuple(labels), values, present)
        kept = tuple(row for row, is_alive in zip(labels, alive.tolist(), strict=True) if is_alive)
        return cls(grid, kept, values[alive], present[alive])

    @property
    def series(self) -> int:
        """Number of rows."""
        return len(self.labels)


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
