"""Matching: which series of two vectors belong together, and what their result is called.

Follows ``rangeEval``'s signatures, ``matchLabels`` and ``resultMetric`` of Prometheus' engine. Plain arguments instead
of syntax nodes, so that other query languages can use it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from query.model.labels import Labels, drop, keep
from query.promql.evaluate.rows import METADATA_LABELS, Ints, number


@dataclass(frozen=True, slots=True)
class Match:
    """How two vectors are matched; the default is one-to-one on all labels but the name.

    ``labels`` are those compared (``on``) or not compared. ``many`` is the side that may have several series in a
    match group (``group_left``: left), ``include`` the labels taken over from the other side. ``fill_*`` stands in for
    a sample that is missing on that side.
    """

    labels: tuple[str, ...] = ()
    on: bool = False
    many: Literal["left", "right"] | None = None
    include: tuple[str, ...] = ()
    fill_left: float | None = None
    fill_right: float | None = None

    def group_labels(self, labels: Labels) -> Labels:
        """Return the labels by which a series is matched."""
        return keep(labels, self.labels) if self.on else drop(labels, METADATA_LABELS.union(self.labels))

    def result_labels(self, many: Labels, one: Labels, *, loses_name: bool) -> Labels:
        """Return the labels of the result of two matched series, ``many`` being the left side of one-to-one."""
        if loses_name:
            many = drop(many, METADATA_LABELS)
        if self.many is None:
            return keep(many, self.labels) if self.on else drop(many, self.labels)
        if not self.include:
            return many
        return tuple(sorted((*drop(many, self.include), *keep(one, self.include))))


@dataclass(frozen=True, slots=True)
class Signatures:
    """Ordinals of match groups: ``left[i]`` and ``right[j]`` are equal if the rows match; there are ``size``."""

    left: Ints
    right: Ints
    size: int


def signatures(match: Match, left: Sequence[Labels], right: Sequence[Labels]) -> Signatures:
    """Return the match groups of both sides, numbered."""
    if match.on:
        wanted = frozenset(match.labels)
        groups = [keep(row, wanted) for row in (*left, *right)]
    else:
        unwanted = METADATA_LABELS.union(match.labels)
        groups = [drop(row, unwanted) for row in (*left, *right)]
    ids, distinct = number(groups)
    return Signatures(np.asarray(ids[: len(left)]), np.asarray(ids[len(left) :]), len(distinct))
