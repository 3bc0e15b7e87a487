"""What an expression evaluates to, and what comes out beside it.

An instant vector and a range result are both a ``Frame``: upstream evaluates a range query per step, and so do the
kernels, all steps at once. A scalar has a value at every step, so it needs no mask.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from query.model.frames import Floats, Frame, Notes
from query.model.labels import METRIC_NAME, Labels
from query.model.matchers import Matcher
from query.model.samples import Ints, RawSeries
from query.model.time import Grid
from query.promql.evaluate.rows import METADATA_LABELS
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


@dataclass(frozen=True, slots=True)
class InfoMatchers:
    """What the second argument says: which metrics are info metrics, and which of their labels are wanted."""

    names: tuple[Matcher, ...]
    data: tuple[Matcher, ...]

    def is_info(self, labels: Labels) -> bool:
        """Tell whether a series is itself of an info metric, and so gets no labels."""
        name = dict(labels).get(METRIC_NAME, "")
        return all(matcher.matches(name) for matcher in self.names)

    def wants(self, name: str) -> bool:
        """Tell whether a label is to be added."""
        wanted = not self.data or any(matcher.name == name for matcher in self.data)
        return wanted and name not in METADATA_LABELS

    @property
    def are_optional(self) -> bool:
        """True if a series without info series stays."""
        return all(matcher.matches_empty for matcher in self.data)


@dataclass(frozen=True, slots=True)
class InfoRows:
    """The series that ``info()`` may join; ``times_ms`` are those of their samples, ``int64[series, steps]``."""

    frame: Frame
    times_ms: Ints
    matchers: InfoMatchers


Value: TypeAlias = Frame | ScalarRow | Text | RangeVector | InfoRows


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
