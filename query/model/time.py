"""Evaluation times: what a query is evaluated at.

Prometheus counts milliseconds, Loki nanoseconds; both are kept as integers because floats lose the last digits that
make two answers equal.
"""

from __future__ import annotations

from dataclasses import dataclass

MS_PER_S = 1_000
NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Grid:
    """The instants of a PromQL evaluation, in milliseconds; an instant query has ``start == end``.

    ``step_ms`` is at least 1, also for an instant query (whose single step makes its size meaningless).
    """

    start_ms: int
    end_ms: int
    step_ms: int
    is_instant: bool = False

    @classmethod
    def instant(cls, time_ms: int) -> Grid:
        """Return the grid of an instant query."""
        return cls(start_ms=time_ms, end_ms=time_ms, step_ms=1, is_instant=True)

    @property
    def steps(self) -> int:
        """Number of instants, at least 1."""
        return (self.end_ms - self.start_ms) // self.step_ms + 1

    def times_ms(self) -> range:
        """Return the instants."""
        return range(self.start_ms, self.start_ms + self.steps * self.step_ms, self.step_ms)


def seconds_text(time_ms: int) -> str:
    """Return milliseconds as the decimal seconds the Prometheus API takes, exactly."""
    sign = "-" if time_ms < 0 else ""
    whole, rest = divmod(abs(time_ms), MS_PER_S)
    return f"{sign}{whole}.{rest:03d}" if rest else f"{sign}{whole}"
