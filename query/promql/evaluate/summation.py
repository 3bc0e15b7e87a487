"""Sums and means that lose no digits: Kahan summation with Neumaier's improvement, as upstream.

In Neumaier's form the running sum is the plain one and only the compensation is collected beside it, so both are
prefix sums and the whole of it is two ``np.add.accumulate``; the result is the same to the last bit as upstream's loop
over the same order. Arrays are ``[groups, members, steps]``, reduced over axis 1. A step without a sample adds -0.0,
which changes nothing, not even a sum of -0.0.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from query.model.frames import Bools, Floats


def compensated(values: Floats, present: Bools) -> tuple[Floats, Floats]:
    """Return the running sum and its compensation; the latter is meaningful where the sum is finite."""
    terms = np.where(present, values, -0.0)
    sums = np.add.accumulate(terms, axis=1)
    before, after, terms = sums[:, :-1], sums[:, 1:], terms[:, 1:]
    lost = np.where(np.abs(before) >= np.abs(terms), (before - after) + terms, (terms - after) + before)
    if lost.shape[1] == 0:
        return sums[:, -1], np.zeros_like(sums[:, -1])
    return sums[:, -1], np.add.accumulate(lost, axis=1)[:, -1]


def kahan_sum(values: Floats, present: Bools) -> Floats:
    """Sum over axis 1. Once the sum is infinite or NaN, compensation no longer applies."""
    total, lost = compensated(values, present)
    return np.where(np.isfinite(total), total + lost, total)


def kahan_mean(values: Floats, present: Bools) -> Floats:
    """Mean over axis 1: sum by count, or the incremental mean where finite values overflow the sum."""
    total, lost = compensated(values, present)
    count = present.sum(axis=1)
    mean: Floats = total / count + lost / count
    odd = ~np.isfinite(total)
    if odd.any():
        mean[odd] = _mean_of_odd(values.transpose(0, 2, 1)[odd], present.transpose(0, 2, 1)[odd])
    return mean


def _mean_of_odd(values: Floats, present: Bools) -> Floats:
    """Return the means of lanes ``[lanes, members]`` whose sums are not finite."""
    rising = (present & (values == np.inf)).any(axis=1)
    falling = (present & (values == -np.inf)).any(axis=1)
    undefined = (present & np.isnan(values)).any(axis=1) | (rising & falling)
    mean = np.where(undefined, np.nan, np.where(rising, np.inf, -np.inf))
    for lane in np.flatnonzero(~undefined & ~rising & ~falling).tolist():
        mean[lane] = incremental_mean(values[lane][present[lane]].tolist())
    return mean


def incremental_mean(terms: Iterable[float]) -> float:
    """Return the mean of finite terms whose sum overflows, switching to incremental updates where it does."""
    total = mean = lost = 0.0
    is_incremental = False
    for count, term in enumerate(terms, 1):
        if not is_incremental:
            total_next, lost_next = increased(term, total, lost)
            if np.isfinite(total_next):
                total, lost = total_next, lost_next
                continue
            is_incremental = True
            mean, lost = total / (count - 1), lost / (count - 1)
        share = (count - 1) / count
        mean, lost = increased(term / count, share * mean, share * lost)
    return mean + lost


def increased(term: float, total: float, lost: float) -> tuple[float, float]:
    """Return one sum and its compensation after adding a term."""
    after = total + term
    if after in (np.inf, -np.inf):
        return after, 0.0
    if abs(total) >= abs(term):
        return after, lost + ((total - after) + term)
    return after, lost + ((term - after) + total)
