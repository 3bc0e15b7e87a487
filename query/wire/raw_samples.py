"""Raw samples of a range vector: JSON payloads to flat arrays, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Final

import msgspec
import numpy as np

from query.backends.base import BackendError, Failure
from query.model.float_histogram import FloatHistogram
from query.model.labels import with_constants
from query.model.samples import RawSeries
from query.model.time import MS_PER_S, seconds_text
from query.syntax.numbers import format_sample
from query.wire.histograms import histogram_json, histogram_of
from query.wire.prometheus import SeriesBody
from query.wire.samples import Beside, histogram_points, labels_json

_points: Final = msgspec.json.Decoder(list[tuple[float, str]])


def raw_of(bodies: Sequence[SeriesBody], added: Mapping[str, str], beside: Beside | None = None) -> RawSeries:
    """Return the series of a matrix with ``added`` labels set; ``BackendError`` if its samples don't decode.

    ``beside`` is what is known of native histograms beside their JSON.
    """
    labels = [with_constants(tuple(body.metric.items()), added) for body in bodies]
    try:
        parts = [_samples(body, beside or Beside()) for body in bodies]
    except (msgspec.MsgspecError, ValueError) as error:
        raise BackendError(Failure.NOT_UNDERSTOOD, f"samples do not decode: {error}") from error
    stamps = [stamp for part in parts for stamp, _, _ in part]
    cells = np.full(len(stamps), None, np.object_)
    for place, (_, _, cell) in enumerate(sample for part in parts for sample in part):
        cells[place] = cell
    raw = RawSeries(
        tuple(labels),
        np.cumsum([0, *map(len, parts)]),
        np.rint(np.array(stamps, np.float64) * MS_PER_S).astype(np.int64),
        np.array([value for part in parts for _, value, _ in part], np.float64),
        cells if any(body.has_histograms for body in bodies) else None,
    )
    if not raw.is_ascending():
        raise BackendError(Failure.NOT_UNDERSTOOD, "samples are not in the order of time")
    return raw


def _samples(body: SeriesBody, beside: Beside) -> list[tuple[float, float, FloatHistogram | None]]:
    """Return the samples of a series in the order of time: seconds, the float, the histogram if it is one."""
    samples: list[tuple[float, float, FloatHistogram | None]] = []
    if not isinstance(body.values, msgspec.UnsetType):
        samples.extend((stamp, float(text), None) for stamp, text in _points.decode(body.values))
    if not isinstance(body.histograms, msgspec.UnsetType):
        for stamp, one in histogram_points.decode(body.histograms):
            at = replace(beside, times_ms=(round(stamp * MS_PER_S),))
            samples.append((stamp, 0.0, at.exactly(body.metric, 0, histogram_of(one, None, beside.hint))))
        samples.sort(key=itemgetter(0))
    return samples


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
