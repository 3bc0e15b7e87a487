"""Merges log streams of several clusters by time, as one Loki holding all of them would answer.

Loki fills its answer entry by entry in time order until ``limit`` is reached, and then groups the entries by stream;
so the limit counts entries over all streams. Each source was asked with the same limit and direction: an entry it left
out is later than ``limit`` others of its own and can't be among the first of all.

Entries of equal timestamps keep the order of their source; sources come in the order given.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from enum import Enum
from itertools import islice
from operator import itemgetter
from typing import TypeAlias, TypeVar

from query.model.labels import Labels

Entry = TypeVar("Entry")
Stream: TypeAlias = tuple[Labels, Sequence[tuple[int, Entry]]]
"""Labels, and (nanoseconds, entry) in the direction asked for."""


class Direction(Enum):
    """Which entries come first; the value is the parameter's."""

    FORWARD = "forward"
    BACKWARD = "backward"


def merge_streams(
    sources: Sequence[Sequence[Stream[Entry]]], direction: Direction, limit: int
) -> list[tuple[Labels, list[Entry]]]:
    """Return the first ``limit`` entries of all sources, grouped by stream, streams ordered by labels."""
    streams = [_tagged(labels, entries) for source in sources for labels, entries in source]
    merged = heapq.merge(*streams, key=itemgetter(0), reverse=direction is Direction.BACKWARD)
    found: dict[Labels, list[Entry]] = {}
    for _, labels, entry in islice(merged, limit):
        found.setdefault(labels, []).append(entry)
    return sorted(found.items())


def _tagged(labels: Labels, entries: Sequence[tuple[int, Entry]]) -> Iterator[tuple[int, Labels, Entry]]:
    for stamp, entry in entries:
        yield stamp, labels, entry
