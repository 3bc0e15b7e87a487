"""An explanation as text, for people: the passes, the plan as a tree, what each cluster was sent and what it took.

Example::

    exactness: rounded    lane: arrays
    plan
    └─ sum by (job)  [merged, rounded: floats of several clusters are added in another order …]
       └─ sum by (job) (rate(x[5m]))  [pushed, exact: each cluster's partial result]
          ├─ #1 seoul  12.1 ms  480 B  3 series
          └─ #2 tokyo  timeout
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from query.model.certificate import PlanNode, SentQuery
from query.model.explanation import Explanation, Measure, Round
from query.model.labels import show
from query.model.time import Grid, seconds_text


def print_explanation(explained: Explanation) -> str:
    """Return the lines of an explanation, ended by a newline."""
    return "\n".join(_lines(explained)) + "\n"


def print_plan(root: PlanNode) -> str:
    """Return the tree of a plan alone; stable text."""
    return "\n".join(_tree(root, {}, {}, "", "")) + "\n"


def grid_text(grid: Grid | None) -> str:
    """Return when a query is evaluated that is not evaluated when the whole is."""
    if grid is None:
        return ""
    if grid.is_instant:
        return f"at {seconds_text(grid.start_ms)}"
    return f"from {seconds_text(grid.start_ms)} to {seconds_text(grid.end_ms)} every {seconds_text(grid.step_ms)} s"


def measure_text(measure: Measure) -> str:
    """Return time, bytes and series, or why there are none."""
    if measure.failure:
        return measure.failure
    return f"{measure.elapsed_s * 1000:.1f} ms  {measure.bytes} B  {measure.series} series"


def _lines(explained: Explanation) -> Iterator[str]:
    yield f"query: {explained.query}"
    yield f"exactness: {explained.last.root.exactness.word}    lane: {explained.lane}"
    for number, done in enumerate(explained.rounds, 1):
        yield from _round(number, done, is_only=len(explained.rounds) == 1)
    for source in explained.sources:
        yield f"source of {source.cluster}: {source.url or 'complete view'} ({source.reason})"
    for cluster, reason in sorted(explained.missing.items()):
        yield f"missing: {cluster} ({reason})"
    if explained.was_run:
        spent = ", ".join(f"{name} {seconds * 1000:.1f} ms" for name, seconds in explained.timings_s.items())
        yield f"time: {spent}"
        yield f"result: {explained.result_type}, {explained.series} series"


def _round(number: int, done: Round, *, is_only: bool) -> Iterator[str]:
    yield "passes" if is_only else f"passes, round {number}"
    for name, text in done.stages:
        yield f"  {name}: {text}"
    queries = done.root.queries()
    numbers = {sent: position for position, sent in enumerate(queries, 1)}
    yield "plan"
    yield from _tree(done.root, numbers, {measure.sent: measure for measure in done.measures}, "", "")
    if queries:
        yield "queries"
    for sent, position in numbers.items():
        when = f"  {grid_text(sent.grid)}" if sent.grid else ""
        adds = f"  + {show(sent.adds)}" if sent.adds else ""
        yield f"  #{position} {sent.cluster}: {sent.query}{adds}{when}"
    if done.redone:
        yield f"asked again: {done.redone}"


def _tree(
    node: PlanNode, numbers: Mapping[SentQuery, int], measures: Mapping[SentQuery, Measure], first: str, rest: str
) -> Iterator[str]:
    yield f"{first}{node.text}  [{node.how.value}, {node.own.word}: {node.rule}]"
    below = len(node.children) + len(node.sent)
    for position, child in enumerate(node.children, 1):
        yield from _tree(child, numbers, measures, *_branch(rest, is_last=position == below))
    for position, sent in enumerate(node.sent, len(node.children) + 1):
        branch, _ = _branch(rest, is_last=position == below)
        number = f"#{numbers[sent]} " if sent in numbers else ""
        took = f"  {measure_text(measures[sent])}" if sent in measures else ""
        yield f"{branch}{number}{sent.cluster}{took}"


def _branch(rest: str, *, is_last: bool) -> tuple[str, str]:
    return (f"{rest}└─ ", f"{rest}   ") if is_last else (f"{rest}├─ ", f"{rest}│  ")
