"""What an expression evaluates to, and what comes out beside it.

An instant vector and a range result are both a ``Frame``: upstream evaluates a range query per step, and so do the
kernels, all steps at once. A scalar has a value at every step, so it needs no mask.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from query.model.frames import Floats, Frame, Notes
from query.model.samples import RawSeries
from query.model.time import Grid
from query.promql.plan.windows import Window


@dataclass(frozen=True, slots=True)
class ScalarRow:
    """A scalar over a grid: ``float64[steps]``, present at every step."""

    grid: Grid
    values: Floats


@dataclass(frozen=True, slots=True)
class Text:
    """A string."""

    value: str


@dataclass(frozen=True, slots=True)
class RangeVector:
    """Raw samples, and the window that each step takes of them."""

    raw: RawSeries
    window: Window


Value: TypeAlias = Frame | ScalarRow | Text | RangeVector


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A value and what is said about it.

    ``is_ordered`` tells that the query defines the order of the rows (``sort``, ``topk`` …) of an instant result; the
    rows are then in that order and must stay so. It is never set for more than one step, where rows are ordered by
    labels instead.
    """

    value: Value
    notes: Notes = field(default=Notes())
    is_ordered: bool = False
