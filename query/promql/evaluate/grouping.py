"""Groups: which rows an aggregation puts together, laid out so that all groups of one size are computed at once.

Follows ``generateGroupingKey`` and ``generateGroupingLabels`` of Prometheus' engine. ``by`` keeps exactly the labels
named, the metric name included if it is; ``without`` drops the labels named and what describes the metric.

A block is the rows of all groups that have the same number of members, as ``int64[groups, members]``: a kernel then
works on ``values[rows]``, ``float64[groups, members, steps]``, and reduces axis 1. There are at most about
``sqrt(2 * rows)`` different sizes, usually one or two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from query.model.labels import Labels, drop, keep
from query.promql.evaluate.rows import METADATA_LABELS, Ints, number


@dataclass(frozen=True, slots=True)
class Groups:
    """``of_row[i]`` is the group of row ``i``; ``labels[g]`` are the labels of group ``g``, in order of appearance."""

    labels: tuple[Labels, ...]
    of_row: Ints


@dataclass(frozen=True, slots=True)
class Block:
    """Groups of one size: their ordinals ``int64[groups]`` and their rows ``int64[groups, members]``."""

    groups: Ints
    rows: Ints


def group_rows(labels: Sequence[Labels], grouping: Sequence[str], *, without: bool) -> Groups:
    """Group rows by their labels."""
    if without:
        unwanted = METADATA_LABELS.union(grouping)
        ids, distinct = number([drop(row, unwanted) for row in labels])
    elif grouping:
        wanted = frozenset(grouping)
        ids, distinct = number([keep(row, wanted) for row in labels])
    else:
        ids, distinct = np.zeros(len(labels), np.int64), ([()] if labels else [])
    return Groups(tuple(distinct), ids)


def blocks(groups: Groups) -> Iterator[Block]:
    """Yield the groups, those of one size together; members keep the order of the rows."""
    sizes = np.bincount(groups.of_row, minlength=len(groups.labels))
    by_group = np.argsort(groups.of_row, kind="stable")
    starts = np.cumsum(sizes) - sizes
    for size in np.unique(sizes).tolist():
        chosen = np.flatnonzero(sizes == size)
        yield Block(chosen, by_group[starts[chosen][:, None] + np.arange(size)])
