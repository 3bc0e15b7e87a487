"""Writes series that share their labels, which Loki allows where ``label_replace`` makes several series equal.

Loki puts them into one series of a range answer, with a sample of each at the same times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np

from query.model.frames import Frame
from query.model.time import seconds_text
from query.syntax.numbers import format_sample
from query.wire.samples import labels_json


def repeated_json(frame: Frame, order: Sequence[int]) -> Iterator[bytes]:
    """Yield each distinct label set of a frame once, as JSON, with the samples of all its rows in time order.

    ``order`` lists rows of equal labels next to each other.
    """
    stamps = [seconds_text(time_ms) for time_ms in frame.grid.times_ms()]
    for labels, rows in groupby(order, key=frame.labels.__getitem__):
        points = sorted(
            (place, float(frame.values[row, place]))
            for row in rows
            for place in np.flatnonzero(frame.present[row]).tolist()
        )
        listed = ",".join(f'[{stamps[place]},"{format_sample(value)}"]' for place, value in points)
        yield b'{"metric":' + labels_json(labels) + b',"values":[' + listed.encode() + b"]}"
