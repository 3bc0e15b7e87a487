"""What clusters are asked for where an aggregation is begun in them, and what happens if that does not suffice.

Partial results are small, and nearly always enough. Where they are not (a sum overflowed, floats and native histograms
met in one group), only the data tells, so the query is planned again with the next choice and asked once more.
"""

from __future__ import annotations

from enum import IntEnum


class Partials(IntEnum):
    """The choices, cheapest first; a later one suffices wherever an earlier one does."""

    SUMS = 0
    """Means are made of sums and counts, deviations of counts, means and variances."""
    MEANS = 1
    """Means are made of the clusters' own means, too, which do not overflow."""
    NONE = 2
    """No aggregation is begun in a cluster: the values come here."""


class InsufficientPartialsError(Exception):
    """The partial results do not determine the answer; ``needs`` would. Never leaves the gateway."""

    def __init__(self, reason: str, needs: Partials) -> None:
        super().__init__(reason)
        self.reason = reason
        self.needs = needs


def later(now: Partials, error: InsufficientPartialsError) -> Partials:
    """Return the choice to plan with next; always a later one, so that planning again comes to an end."""
    if error.needs <= now:
        raise RuntimeError(f"{now.name} should have sufficed: {error.reason}") from error
    return error.needs
