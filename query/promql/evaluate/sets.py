"""Set operators: and, or, unless, step by step on what is present.

Follows ``VectorAnd``, ``VectorOr`` and ``VectorUnless`` of Prometheus' engine. Samples keep their labels and values.
"""

from __future__ import annotations

from query.model.frames import Bools, Frame
from query.promql.evaluate.matching import Match, signatures
from query.promql.evaluate.rows import Ints, concat, count_present


def intersect(left: Frame, right: Frame, match: Match) -> Frame:
    """Return the left samples for which the right has a match at the same step."""
    ids = signatures(match, left.labels, right.labels)
    return _keep(left, _matched(ids.left, ids.right, ids.size, right))


def subtract(left: Frame, right: Frame, match: Match) -> Frame:
    """Return the left samples for which the right has no match at the same step."""
    ids = signatures(match, left.labels, right.labels)
    return _keep(left, ~_matched(ids.left, ids.right, ids.size, right))


def unite(left: Frame, right: Frame, match: Match) -> Frame:
    """Return the left samples, and the right ones for which the left has no match at the same step."""
    ids = signatures(match, left.labels, right.labels)
    added = _keep(right, ~_matched(ids.right, ids.left, ids.size, left))
    if not added.series:
        return left
    return concat(left.grid, (left, added))


SET_OPERATIONS = {"and": intersect, "unless": subtract, "or": unite}


def _matched(ids: Ints, other_ids: Ints, size: int, other: Frame) -> Bools:
    """Return for each row and step whether the other side has a sample of its match group."""
    matched: Bools = (count_present(other_ids, size, other.present) > 0)[ids]
    return matched


def _keep(frame: Frame, mask: Bools) -> Frame:
    return Frame.of(frame.grid, frame.labels, frame.values, frame.present & mask, frame.histograms)
