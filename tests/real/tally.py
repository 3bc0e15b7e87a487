"""Counts of outcomes, and the results worth showing."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tests.real.suite import Outcome, Result

PROGRESS_EVERY_S: Final = 10.0
KEPT: Final = frozenset({Outcome.DIFFERENT, Outcome.REFUSED, Outcome.FAILED})


@dataclass(slots=True)
class Tally:
    """Takes results as they come and says how it goes."""

    total: int
    say: Callable[[str], None]
    counts: dict[tuple[str, bool], Counter[Outcome]] = field(default_factory=lambda: defaultdict(Counter))
    kept: list[Result] = field(default_factory=list)
    _said_at: float = field(default_factory=time.monotonic)
    _began_at: float = field(default_factory=time.monotonic)

    def begin(self) -> None:
        """Start the clock, once the servers are up."""
        self._began_at = time.monotonic()

    def add(self, result: Result) -> None:
        """Count a result."""
        self.counts[result.case.topology.name, result.case.is_pushed][result.outcome] += 1
        if result.outcome in KEPT:
            self.kept.append(result)
        if time.monotonic() - self._said_at > PROGRESS_EVERY_S:
            self._said_at = time.monotonic()
            self.say(self.line())

    def line(self) -> str:
        """Return how far it got, in one line."""
        sums = self.sums()
        done, took_s = sums.total(), time.monotonic() - self._began_at
        bad = ", ".join(f"{sums[outcome]} {outcome.name.lower()}" for outcome in sorted(KEPT) if sums[outcome])
        return f"{done} of {self.total} questions, {done / max(took_s, 1e-3):.0f}/s" + (f", {bad}" if bad else "")

    def sums(self) -> Counter[Outcome]:
        """Return the counts over everything."""
        return sum(self.counts.values(), Counter[Outcome]())

    def queries(self, outcome: Outcome) -> list[Result]:
        """Return the first result of each query with that outcome."""
        first: dict[str, Result] = {}
        for result in self.kept:
            if result.outcome is outcome:
                first.setdefault(result.case.query, result)
        return [first[query] for query in sorted(first)]
