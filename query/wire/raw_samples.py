"""Raw samples of a range vector: JSON payloads to flat arrays, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from query.backends.base import BackendError, Failure
from query.model.errors import UnsupportedError
from query.model.labels import Labels, with_constants
from query.model.samples import RawSeries
from query.model.time import MS_PER_S, seconds_text
from query.syntax.numbers import format_sample
from query.wire.histograms import histogram_json
from query.wire.prometheus import SeriesBody
from query.wire.samples import labels_json

_points: Final = msgspec.json.Decoder(list[tuple[float, str]])


def raw_of(bodies: Sequence[SeriesBody], added: Mapping[str, str]) -> RawSeries:
    """Return the series of a matrix with ``added`` labels set; ``BackendError`` if its samples don't decode."""
    labels: list[Labels] = []
    stamps: list[float] = []
    texts: list[str] = []
    bounds = [0]
    for body in bodies:
        if body.has_histograms:
            raise UnsupportedError("a range vector", "it holds native histograms, which are not computed with here")
        labels.append(with_constants(tuple(body.metric.items()), added))
        try:
            points = [] if isinstance(body.values, msgspec.UnsetType) else _points.decode(body.values)
        except msgspec.MsgspecError as error:
            raise BackendError(Failure.NOT_UNDERSTOOD, f"samples do not decode: {error}") from error
        stamps.extend(stamp for stamp, _ in points)
        texts.extend(text for _, text in points)
        bounds.append(len(stamps))
    try:
        values = np.array(list(map(float, texts)), np.float64)
    except ValueError as error:
        raise BackendError(Failure.NOT_UNDERSTOOD, f"samples do not decode: {error}") from error
    times_ms = np.rint(np.array(stamps, np.float64) * MS_PER_S).astype(np.int64)
    raw = RawSeries(tuple(labels), np.array(bounds, np.int64), times_ms, values)
    if not raw.is_ascending():
        raise BackendError(Failure.NOT_UNDERSTOOD, "samples are not in the order of time")
    return raw


def raw_json(raw: RawSeries) -> Iterator[bytes]:
    """Yield each series that has samples as JSON, ordered by labels, as upstream."""
    held = raw.are_histograms()
    for row in sorted(range(raw.series), key=raw.labels.__getitem__):
        here = range(int(raw.bounds[row]), int(raw.bounds[row + 1]))
        if not here:
            continue
        parts = [b'{"metric":', labels_json(raw.labels[row])]
        if floats := [_point(raw, place, format_sample(float(raw.values[place]))) for place in here if not held[place]]:
            parts += [b',"values":[', ",".join(floats).encode(), b"]"]
        if raw.histograms is not None and (places := [place for place in here if held[place]]):
            cells = raw.histograms
            points = [f"[{seconds_text(int(raw.times_ms[place]))},{histogram_json(cells[place])}]" for place in places]
            parts += [b',"histograms":[', ",".join(points).encode(), b"]"]
        parts.append(b"}")
        yield b"".join(parts)


def _point(raw: RawSeries, place: int, number: str) -> str:
    return f'[{seconds_text(int(raw.times_ms[place]))},"{number}"]'
