"""The bounded heap that decides topk, step by step as upstream runs it.

Only ties need it: which of several equal samples survives, and in which order equal samples are listed, follows from
how the heap moves them. Follows ``aggregationK`` of Prometheus' engine over Go's ``container/heap`` and ``sort``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

_Entry: TypeAlias = tuple[float, int]

INSERTION_SORT_LENGTH: Final = 12
"""Up to this length Go's ``sort.Sort`` is an insertion sort; beyond it the order of equal elements is unspecified."""


def heap_choice(scores: Sequence[float], k: int) -> list[int]:
    """Return the positions of the ``k`` largest scores, best first, NaN last."""
    heap: list[_Entry] = []
    if k < 1:
        return []
    for position, score in enumerate(scores):
        if len(heap) < k:
            heap.append((score, position))
            _up(heap, len(heap) - 1)
        elif heap[0][0] < score or (heap[0][0] != heap[0][0] and score == score):  # noqa: PLR0124 - tests for NaN
            heap[0] = (score, position)
            _down(heap)
    return [position for _, position in descending(heap)]


def descending(entries: Sequence[_Entry]) -> list[_Entry]:
    """Return the entries as ``sort.Sort(sort.Reverse(…))`` leaves them: largest first, NaN last."""
    if len(entries) > INSERTION_SORT_LENGTH:
        return sorted(entries, key=lambda entry: (entry[0] != entry[0], -entry[0]))
    ordered = list(entries)
    for start in range(1, len(ordered)):
        place = start
        while place > 0 and _less(ordered[place - 1], ordered[place]):
            ordered[place - 1], ordered[place] = ordered[place], ordered[place - 1]
            place -= 1
    return ordered


def _less(left: _Entry, right: _Entry) -> bool:
    """Order with NaN first, and NaN before NaN: not a strict order, and upstream's ties depend on that."""
    return left[0] != left[0] or left[0] < right[0]


def _up(heap: list[_Entry], place: int) -> None:
    while place > 0:
        parent = (place - 1) // 2
        if not _less(heap[place], heap[parent]):
            return
        heap[parent], heap[place] = heap[place], heap[parent]
        place = parent


def _down(heap: list[_Entry]) -> None:
    place = 0
    while (child := 2 * place + 1) < len(heap):
        if child + 1 < len(heap) and _less(heap[child + 1], heap[child]):
            child += 1
        if not _less(heap[child], heap[place]):
            return
        heap[place], heap[child] = heap[child], heap[place]
        place = child
