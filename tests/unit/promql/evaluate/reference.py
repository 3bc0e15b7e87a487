"""PromQL's semantics as slowly and plainly as possible: one step at a time, one sample at a time.

Vectors are lists of (labels, value). Written from the documentation of PromQL rather than from the kernels, to disagree
with them where they are wrong.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Sequence

from query.model.errors import ExecutionError
from query.model.frames import Frame
from query.model.labels import Labels
from query.promql.evaluate import Match
from tests.unit.promql.evaluate.tables import rows_of

Vector = list[tuple[Labels, float]]
METADATA = {"__name__", "__type__", "__unit__"}


def steps_of(frame: Frame) -> list[Vector]:
    """Return the instant vector of each step."""
    rows = rows_of(frame)
    return [
        [(labels, value) for labels, row in zip(frame.labels, rows, strict=True) if (value := row[step]) is not None]
        for step in range(frame.grid.steps)
    ]


def group_labels(labels: Labels, names: Iterable[str], *, without: bool) -> Labels:
    chosen = set(names)
    if without:
        return tuple(pair for pair in labels if pair[0] not in chosen | METADATA)
    return tuple(pair for pair in labels if pair[0] in chosen)


def aggregate(op: str, vector: Vector, names: Sequence[str], *, without: bool) -> dict[Labels, float]:
    groups: dict[Labels, list[float]] = {}
    for labels, value in vector:
        groups.setdefault(group_labels(labels, names, without=without), []).append(value)
    return {labels: REDUCTIONS[op](values) for labels, values in groups.items()}


def _mean(values: list[float]) -> float:
    return _sum(values) / len(values)


def _sum(values: list[float]) -> float:
    total = 0.0
    for value in values:
        total += value
    return total


def _extreme(values: list[float], choose: Callable[[list[float]], float]) -> float:
    numbers = [value for value in values if not math.isnan(value)]
    return choose(numbers) if numbers else math.nan


def _variance(values: list[float]) -> float:
    if any(not math.isfinite(value) for value in values):
        return math.nan
    return _sum([(value - _mean(values)) ** 2 for value in values]) / len(values)


REDUCTIONS: dict[str, Callable[[list[float]], float]] = {
    "sum": _sum,
    "avg": _mean,
    "count": len,
    "group": lambda values: min(1.0, len(values)),
    "min": lambda values: _extreme(values, min),
    "max": lambda values: _extreme(values, max),
    "stdvar": _variance,
    "stddev": lambda values: math.sqrt(_variance(values)),
}


def quantile(phi: float, values: list[float]) -> float:
    if math.isnan(phi):
        return math.nan
    if not 0 <= phi <= 1:
        return math.inf if phi > 1 else -math.inf
    ordered = sorted(values, key=lambda value: (not math.isnan(value), value))
    rank = phi * (len(ordered) - 1)
    low = math.floor(rank)
    weight = rank - low
    if weight == 0:
        return ordered[low]
    return ordered[low] * (1 - weight) + ordered[low + 1] * weight


def top_values(values: list[float], k: int, *, largest: bool) -> list[float]:
    """Return which values topk or bottomk choose, best first; NaN only when nothing else is left."""
    numbers = sorted((value for value in values if not math.isnan(value)), reverse=largest)
    return (numbers + [math.nan] * (len(values) - len(numbers)))[: max(0, k)]


def match_group(match: Match, labels: Labels) -> Labels:
    return group_labels(labels, match.labels, without=not match.on)


def set_operation(op: str, left: Vector, right: Vector, match: Match) -> Vector:
    ours = {match_group(match, labels) for labels, _ in left}
    theirs = {match_group(match, labels) for labels, _ in right}
    if op == "and":
        return [sample for sample in left if match_group(match, sample[0]) in theirs]
    if op == "unless":
        return [sample for sample in left if match_group(match, sample[0]) not in theirs]
    return left + [sample for sample in right if match_group(match, sample[0]) not in ours]


ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}
COMPARISON: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


def binary(op: str, left: Vector, right: Vector, match: Match, *, returns_bool: bool) -> Vector:
    """Return the result of one step; raises ``ExecutionError`` where PromQL has an error."""
    if not left or not right:
        return []
    many, one = (right, left) if match.many == "right" else (left, right)
    partner: dict[Labels, tuple[Labels, float]] = {}
    for labels, value in one:
        group = match_group(match, labels)
        if group in partner:
            raise ExecutionError("found duplicate series for the match group")
        partner[group] = labels, value
    result: Vector = []
    taken: set[tuple[Labels, Labels]] = set()
    for labels, value in many:
        group = match_group(match, labels)
        if group not in partner:
            continue
        other, other_value = partner[group]
        name = result_labels(op, match, labels, other, returns_bool=returns_bool)
        identity = (group, name if match.many else ())
        if identity in taken:
            raise ExecutionError("grouping labels must ensure unique matches" if match.many else "must be explicit")
        taken.add(identity)
        numbers = (other_value, value) if match.many == "right" else (value, other_value)
        outcome = apply(op, *numbers, returns_bool=returns_bool)
        if outcome is not None:
            result.append((name, outcome))
    if len({labels for labels, _ in result}) < len(result):
        raise ExecutionError("vector cannot contain metrics with the same labelset")
    return result


def apply(op: str, left: float, right: float, *, returns_bool: bool) -> float | None:
    if op in ARITHMETIC:
        return ARITHMETIC[op](left, right)
    holds = COMPARISON[op](left, right)
    if returns_bool:
        return float(holds)
    return left if holds else None


def result_labels(op: str, match: Match, many: Labels, one: Labels, *, returns_bool: bool) -> Labels:
    pairs = dict(many)
    if op in ARITHMETIC or returns_bool:
        pairs = {name: value for name, value in pairs.items() if name not in METADATA}
    if match.many is None:
        pairs = {name: value for name, value in pairs.items() if (name in match.labels) == match.on}
    for name in match.include:
        pairs.pop(name, None)
        if name in dict(one):
            pairs[name] = dict(one)[name]
    return tuple(sorted(pairs.items()))
