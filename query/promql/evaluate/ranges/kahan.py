"""Kahan sums of many windows side by side, one term at a time.

Source: ``kahansum.Inc`` of Prometheus 3.16, Neumaier's form: compensation is forgotten where the sum is infinite.
"""

from __future__ import annotations

import numpy as np

from query.model.frames import Floats
from query.model.samples import Ints


class KahanSums:
    """``float64[windows]`` of running sums and what they have lost."""

    def __init__(self, size: int) -> None:
        self.sums = np.zeros(size)
        self.lost = np.zeros(size)

    def add(self, which: Ints, terms: Floats) -> None:
        """Add a term to some of the sums."""
        before = self.sums[which]
        after = before + terms
        lost = np.where(np.abs(before) >= np.abs(terms), (before - after) + terms, (terms - after) + before)
        self.sums[which] = after
        self.lost[which] = np.where(np.isinf(after), 0.0, self.lost[which] + lost)

    def total(self) -> Floats:
        """Return the sums with their compensation."""
        return self.sums + self.lost
