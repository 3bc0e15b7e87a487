"""What happened while a query was answered, kept for whoever asked to be told.

Cheap enough to be kept of every query: the plans are there anyway, and a measure is a few numbers a request. What a
node is and how exact is worked out only when an explanation is made of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from query.execute.assemble import QueryAnswer
from query.execute.fetched import Took
from query.execute.replicas.choose import Choice
from query.model.explanation import Explanation, Measure, Round, Source
from query.promql.plan.certify import certify, sent_query
from query.promql.plan.nodes import Concat
from query.promql.plan.planner import Plan

LANGUAGE: Final = "promql"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A plan, what its requests took, and why it was not the last."""

    plan: Plan
    took: tuple[Took, ...] = ()
    redone: str = ""


@dataclass(slots=True)
class Trace:
    """One query's way: its attempts, the time spent on each stage, where clusters were asked."""

    attempts: list[Attempt] = field(default_factory=list)
    timings_s: dict[str, float] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()

    def note(self, plan: Plan, took: Sequence[Took] = (), redone: str = "") -> None:
        """Take down an attempt."""
        self.attempts.append(Attempt(plan, tuple(took), redone))

    @contextmanager
    def timing(self, stage: str) -> Iterator[None]:
        """Add the time spent inside to a stage's."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.timings_s[stage] = self.timings_s.get(stage, 0.0) + time.monotonic() - began

    def explain(self, query: str, answer: QueryAnswer | None, *, is_downsampled: bool) -> Explanation:
        """Return the explanation of a query that was planned, and also answered if there is an ``answer``."""
        rounds = tuple(_round(done, is_downsampled=is_downsampled) for done in self.attempts)
        planned = Explanation(
            query=query,
            language=LANGUAGE,
            lane="raw" if isinstance(self.attempts[-1].plan.root, Concat) else "arrays",
            rounds=rounds,
            sources=tuple(Source(choice.cluster, choice.url, choice.reason) for choice in self.choices),
        )
        return planned if answer is None else self._measured(planned, answer)

    def _measured(self, planned: Explanation, answer: QueryAnswer) -> Explanation:
        missing: dict[str, str] = {gap.cluster: gap.failure.value for gap in answer.completeness.missing}
        return Explanation(
            query=planned.query,
            language=planned.language,
            lane=answer.lane,
            rounds=planned.rounds,
            sources=planned.sources,
            timings_s=dict(self.timings_s),
            result_type=answer.result_type,
            series=answer.series,
            missing=missing,
            notes=answer.notes,
        )


def _round(done: Attempt, *, is_downsampled: bool) -> Round:
    root = certify(done.plan.root, is_downsampled=is_downsampled)
    return Round(root, done.plan.stages, tuple(map(_measure, done.took)), done.redone)


def _measure(took: Took) -> Measure:
    sent = sent_query(took.leaf, took.shard)
    if took.failure is not None:
        return Measure(sent, failure=f"{took.failure.failure.value}: {took.failure.detail}")
    return Measure(sent, took.elapsed_s, took.bytes, took.series)
