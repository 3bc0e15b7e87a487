"""Where in time a range vector lies: the window of each evaluation step, and the grid a subquery is evaluated on.

Source: ``matrixSelector``, ``subqueryTimeRange`` and ``setOffsetForAtModifier`` of Prometheus 3.16's engine. Ranges are
left-open. A subquery is evaluated at multiples of its step, whatever the query's own times are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from query.model.time import Grid
from query.promql.syntax.nodes import DurationExpr, DurationLiteral, MatrixSelector, Subquery, VectorSelector

DEFAULT_LOOKBACK_MS: Final = 300_000
"""How far an instant selector looks back where nobody chose otherwise, as upstream's ``query.lookback-delta``."""


class Extension(Enum):
    """Whether a range takes samples outside itself; the value is the modifier."""

    NONE = ""
    ANCHORED = "anchored"
    SMOOTHED = "smoothed"


@dataclass(frozen=True, slots=True)
class Window:
    """The window ``(end - range, end]`` of each step, where ``end`` is the step's time or ``at``, less the offset.

    An anchored window also reaches a lookback back, a smoothed one a lookback in both directions.
    """

    range_ms: int
    offset_ms: int = 0
    at_ms: int | None = None
    extension: Extension = Extension.NONE
    lookback_ms: int = DEFAULT_LOOKBACK_MS

    @classmethod
    def of(cls, node: MatrixSelector | Subquery, lookback_ms: int = DEFAULT_LOOKBACK_MS) -> Window:
        """Return the window of a node whose times are pinned (``query.promql.plan.pin_times``)."""
        if isinstance(node, Subquery):
            return cls(literal_ms(node.range), literal_ms(node.offset), _at(node.at))
        return replace(cls.of_selector(node.selector, lookback_ms), range_ms=literal_ms(node.range))

    @classmethod
    def of_selector(cls, selector: VectorSelector, lookback_ms: int = DEFAULT_LOOKBACK_MS) -> Window:
        """Return the window of a selector without a range, times pinned: an instant."""
        extension = Extension.NONE
        if selector.anchored or selector.smoothed:
            extension = Extension.ANCHORED if selector.anchored else Extension.SMOOTHED
        return cls(0, literal_ms(selector.offset), _at(selector.at), extension, lookback_ms)

    @property
    def before_ms(self) -> int:
        """How far samples before the window are taken, too."""
        return 0 if self.extension is Extension.NONE else self.lookback_ms

    @property
    def after_ms(self) -> int:
        """How far samples after the window are taken, too."""
        return self.lookback_ms if self.extension is Extension.SMOOTHED else 0

    def end_ms(self, time_ms: int) -> int:
        """Return the end of the window of a step."""
        return (time_ms if self.at_ms is None else self.at_ms) - self.offset_ms

    def cover(self, grid: Grid) -> tuple[int, int]:
        """Return ``(end, length)`` of the one window that holds those of all steps, in milliseconds."""
        first, last = self.end_ms(grid.times_ms()[0]), self.end_ms(grid.times_ms()[-1])
        return last + self.after_ms, last - first + self.range_ms + self.before_ms + self.after_ms


def subquery_grid(node: Subquery, outer: Grid) -> Grid | None:
    """Return when a subquery, times pinned, evaluates its expression for all steps of ``outer``; None if never."""
    window, step_ms = Window.of(node), literal_ms(node.step)
    times = outer.times_ms()
    first, last = window.end_ms(times[0]), window.end_ms(times[-1])
    start_ms = ((first - window.range_ms) // step_ms + 1) * step_ms
    return Grid(start_ms, last, step_ms) if start_ms <= last else None


def literal_ms(duration: DurationExpr | None) -> int:
    """Return a pinned duration."""
    if not isinstance(duration, DurationLiteral):
        raise TypeError(f"times are pinned before grids are made, {duration} is not")
    return duration.ms


def _at(at: object) -> int | None:
    if at is None or isinstance(at, int):
        return at
    raise TypeError(f"times are pinned before grids are made, {at} is not")
