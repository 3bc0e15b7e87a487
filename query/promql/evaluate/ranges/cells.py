"""The results of a function over ranges, as they are computed: floats and native histograms by series and step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from query.model.frames import Bools, Floats, Frame, Histograms, are_histograms
from query.model.labels import Labels
from query.model.time import Grid
from query.promql.evaluate.ranges.kernels import RANGE_FUNCTIONS
from query.promql.evaluate.ranges.windows import Windows


@dataclass(slots=True)
class Cells:
    """Results by series and step, to be filled: ``[series, steps]`` each."""

    values: Floats
    present: Bools
    histograms: Histograms | None = None

    @classmethod
    def empty(cls, series: int, steps: int) -> Cells:
        """Return no results."""
        shape = (series, steps)
        return cls(np.zeros(shape), np.zeros(shape, np.bool_))

    def put_floats(self, function: str, windows: Windows, arguments: tuple[Floats, ...]) -> None:
        """Fill in what a function makes of windows of floats; ``arguments`` are ``float64[steps]`` each."""
        for chunk in windows.chunks():
            part = windows.only(chunk)
            given = tuple(argument[part.step] for argument in arguments)
            self.put(part, *RANGE_FUNCTIONS[function](part, given))

    def put(self, windows: Windows, values: Floats, present: Bools) -> None:
        """Fill in floats."""
        self.values[windows.row, windows.step] = values
        self.present[windows.row, windows.step] |= present

    def put_histograms(self, windows: Windows, results: Histograms) -> None:
        """Fill in histograms, ``object[windows]``, None where there is none."""
        if self.histograms is None:
            self.histograms = np.full(self.values.shape, None, np.object_)
        here = np.array([result is not None for result in results.tolist()], np.bool_)
        self.histograms[windows.row[here], windows.step[here]] = results[here]
        self.present[windows.row[here], windows.step[here]] = True

    def has_floats(self) -> Bools:
        """Return where there is a float."""
        return self.present if self.histograms is None else self.present & ~are_histograms(self.histograms)

    def frame(self, labels: tuple[Labels, ...], grid: Grid) -> Frame:
        """Return them as a frame of series with these labels."""
        return Frame.of(grid, labels, self.values, self.present, self.histograms)
