"""sort, sort_desc, sort_by_label, sort_by_label_desc: the order of the rows of an instant result.

Follows ``funcSort…`` of Prometheus' engine and the natural order of its ``natsort`` package, oddities included: runs of
digits compare as integers, and of two labels that differ only by leading zeros either may come first.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Final

from query.model.frames import Frame
from query.model.labels import Labels
from query.promql.evaluate.heap import descending
from query.promql.evaluate.rows import take

_CHUNK: Final = re.compile(r"[0-9]+|[^0-9]+")
_GREATEST_INT: Final = 2**63 - 1


def sort_by_value(frame: Frame, *, largest_first: bool = False) -> Frame:
    """Return the rows of a one-step frame ordered by value, NaN last either way."""
    sign = 1 if largest_first else -1
    entries = [(sign * value, row) for row, value in enumerate(frame.values[:, 0].tolist())]
    return take(frame, [row for _, row in descending(entries)])


def sort_by_label(frame: Frame, names: Sequence[str], *, is_descending: bool = False) -> Frame:
    """Return the rows ordered by the labels named, in natural order, then by all labels."""
    sign = -1 if is_descending else 1
    rows = [dict(labels) for labels in frame.labels]

    def compare(left: int, right: int) -> int:
        for name in names:
            values = rows[left].get(name, ""), rows[right].get(name, "")
            if values[0] != values[1]:
                return -sign if precedes(*values) else sign
        return sign * _compare(frame.labels[left], frame.labels[right])

    return take(frame, sorted(range(frame.series), key=functools.cmp_to_key(compare)))


def precedes(left: str, right: str) -> bool:
    """Tell whether one of two different strings comes before the other in natural order."""
    ours, theirs = _CHUNK.findall(left), _CHUNK.findall(right)
    for ordinal, chunk in enumerate(ours):
        if ordinal >= len(theirs):
            return False
        numbers = _integer(chunk), _integer(theirs[ordinal])
        if numbers[0] is not None and numbers[1] is not None and numbers[0] != numbers[1]:
            return numbers[0] < numbers[1]
        if None in numbers and chunk != theirs[ordinal]:
            return bool(chunk < theirs[ordinal])
        if ordinal == len(ours) - 1:
            return True
        if ordinal == len(theirs) - 1:
            return False
    return False


def _integer(chunk: str) -> int | None:
    if not "0" <= chunk[0] <= "9":
        return None
    significant = chunk.lstrip("0") or "0"
    too_long = len(significant) > len(str(_GREATEST_INT))
    return None if too_long or int(significant) > _GREATEST_INT else int(significant)


def _compare(left: Labels, right: Labels) -> int:
    return (left > right) - (left < right)
