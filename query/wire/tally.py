"""Counting series and samples in an answer of the Prometheus API while it arrives, without parsing it.

Each count starts as an upper bound that costs next to nothing and becomes exact only when somebody asks because the
bound has become too large. What is counted can't be forged by label values: inside a JSON string every quote is
escaped.

* A series is ``"metric":{``; a label called ``metric`` has a string behind its colon.
* A sample ends in ``"]``, a string closed inside an array, of which labels have none; a histogram counts as its
  buckets, which end alike, as upstream, where it weighs what it is large.

Limit: in JSON written with blanks between its parts, as Prometheus and its kin don't, only bytes are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

SERIES: Final = b'"metric":{'
CLOSED: Final = b'"]'
OTHERWISE: Final = (b'\\"]', b':"]', b',"]', b'{"]')
"""A quote before a bracket that does not close a sample: inside a string, or at the beginning of one."""
_SHORTEST_SAMPLE: Final = len(b'[1,"0"],')
_BRACE: Final = ord("{")


@dataclass(slots=True)
class Tally:
    """What arrived of one answer so far. ``chunks`` is shared with whoever collects them."""

    chunks: list[bytes] = field(default_factory=list)
    size: int = 0
    series: int = 0
    samples: int = 0
    _counts_series: bool = False
    _counts_samples: bool = False

    def take(self, chunk: bytes) -> None:
        """Take in the next piece of the answer."""
        self.chunks.append(chunk)
        self.size += len(chunk)
        if self._counts_series:
            self.series += _ending_in(len(self.chunks) - 1, SERIES, self.chunks)
        else:
            # Every series has two opening braces: its own and that of its labels.
            self.series += (int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == _BRACE)) + 1) // 2
        if self._counts_samples:
            self.samples += _samples_in(len(self.chunks) - 1, self.chunks)
        else:
            self.samples += len(chunk) // _SHORTEST_SAMPLE + 1

    def count_series(self) -> int:
        """Return the exact number of series; exact from now on."""
        if not self._counts_series:
            self._counts_series = True
            self.series = sum(_ending_in(number, SERIES, self.chunks) for number in range(len(self.chunks)))
        return self.series

    def count_samples(self) -> int:
        """Return the exact number of samples; exact from now on."""
        if not self._counts_samples:
            self._counts_samples = True
            self.samples = sum(_samples_in(number, self.chunks) for number in range(len(self.chunks)))
        return self.samples


def _samples_in(number: int, chunks: Sequence[bytes]) -> int:
    return _ending_in(number, CLOSED, chunks) - sum(_ending_in(number, other, chunks) for other in OTHERWISE)


def _ending_in(number: int, wanted: bytes, chunks: Sequence[bytes]) -> int:
    """Return how many of what is wanted end in a chunk, wherever they begin."""
    chunk, rest = chunks[number], len(wanted) - 1
    found = chunk.count(wanted)
    if number == 0:
        return found
    before = b""
    while len(before) < rest and number > 0:
        number -= 1
        before = chunks[number][len(before) - rest :] + before if before else chunks[number][-rest:]
    return found + (before[-rest:] + chunk[:rest]).count(wanted)
