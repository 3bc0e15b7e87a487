"""Sample payloads to arrays and back.

Decoding places each sample on the grid of the query; a timestamp off the grid means the backend evaluated something
else, and is refused. Encoding writes numbers as Prometheus does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from query.backends.base import BackendError, Failure
from query.model.float_histogram import FloatHistogram, ResetHint
from query.model.frames import Bools, Floats, Frame, Histograms
from query.model.labels import Labels, with_constants
from query.model.time import MS_PER_S, Grid, seconds_text
from query.syntax.numbers import format_sample
from query.wire.exact_histograms import ExactHistograms
from query.wire.histograms import HistogramBody, histogram_json, histogram_of
from query.wire.prometheus import SeriesBody
from query.wire.thresholds import Thresholds

_points: Final = msgspec.json.Decoder(list[tuple[float, str]])
_point: Final = msgspec.json.Decoder(tuple[float, str])
histogram_points: Final = msgspec.json.Decoder(list[tuple[float, HistogramBody]])
_histogram_point: Final = msgspec.json.Decoder(tuple[float, HistogramBody])
Ints = npt.NDArray[np.int64]
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_encode: Final = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Beside:
    """What is known of native histograms beside their JSON.

    ``thresholds`` of zero buckets, what ``hint`` their counters have, and the histograms themselves as they are stored,
    where the sample of each step is that at or before one of ``times_ms``.
    """

    thresholds: Thresholds | None = None
    hint: ResetHint = ResetHint.UNTOLD
    exact: ExactHistograms | None = None
    times_ms: Sequence[int] = ()

    def exactly(self, metric: Mapping[str, str], place: int, shown: FloatHistogram) -> FloatHistogram:
        """Return the stored histogram if it is the one that was shown, else what was shown."""
        if self.exact is None or not self.times_ms:
            return shown
        stored = self.exact.at(metric, self.times_ms[place])
        return stored if stored is not None and histogram_json(stored) == histogram_json(shown) else shown


def frame_of(
    bodies: Sequence[SeriesBody],
    added: Mapping[str, str],
    grid: Grid,
    beside: Beside | None = None,
) -> Frame:
    """Return series as a frame, with ``added`` labels set; ``BackendError`` if they do not fit the grid.

    ``beside`` is what is known of native histograms beside their JSON.
    """
    values = np.zeros((len(bodies), grid.steps), np.float64)
    present = np.zeros((len(bodies), grid.steps), np.bool_)
    histograms = None
    if any(body.has_histograms for body in bodies):
        histograms = np.full(present.shape, None, np.object_)
    labels: list[Labels] = []
    for row, body in enumerate(bodies):
        labels.append(with_constants(tuple(body.metric.items()), added))
        try:
            _place(body, grid, values[row], present[row])
            if histograms is not None:
                _place_histograms(body, grid, histograms[row], present[row], beside or Beside())
        except (msgspec.MsgspecError, ValueError, IndexError) as error:
            raise BackendError(Failure.NOT_UNDERSTOOD, f"samples do not decode: {error}") from error
    return Frame.of(grid, labels, values, present, histograms)


def _place(body: SeriesBody, grid: Grid, values: Floats, present: Bools) -> None:
    if not isinstance(body.values, msgspec.UnsetType):
        points = _points.decode(body.values)
    elif not isinstance(body.value, msgspec.UnsetType):
        points = [_point.decode(body.value)]
    else:
        return
    places = steps_of([stamp for stamp, _ in points], grid)
    values[places] = [float(text) for _, text in points]
    present[places] = True


def _place_histograms(body: SeriesBody, grid: Grid, histograms: Histograms, present: Bools, beside: Beside) -> None:
    if not isinstance(body.histograms, msgspec.UnsetType):
        points = histogram_points.decode(body.histograms)
    elif not isinstance(body.histogram, msgspec.UnsetType):
        points = [_histogram_point.decode(body.histogram)]
    else:
        return
    told = beside.thresholds.of(body.metric) if beside.thresholds is not None else ()
    for place, (_, shown) in zip(steps_of([stamp for stamp, _ in points], grid).tolist(), points, strict=True):
        if present[place]:
            raise ValueError("a series has a float and a histogram at the same time")
        histogram = histogram_of(shown, told[place] if told else None, beside.hint)
        histograms[place] = beside.exactly(body.metric, place, histogram)
        present[place] = True


def steps_of(stamps: Sequence[float], grid: Grid) -> Ints:
    """Return the steps of a grid at which timestamps in seconds are; ``ValueError`` if one is none of them."""
    offsets = np.rint(np.array(stamps, np.float64) * MS_PER_S).astype(np.int64) - grid.start_ms
    places, rest = np.divmod(offsets, grid.step_ms)
    if rest.any() or (places < 0).any() or (places >= grid.steps).any():
        raise ValueError("a timestamp is not one of those asked for")
    return np.asarray(places)


def labels_json(labels: Iterable[tuple[str, str]]) -> bytes:
    """Return a metric as a JSON object."""
    return _encode(dict(labels))


def series_json(body: SeriesBody, labels: Labels) -> bytes:
    """Return a series with other labels and its sample bytes untouched."""
    parts = [b'{"metric":', labels_json(labels)]
    for name, payload in (
        (b"value", body.value),
        (b"histogram", body.histogram),
        (b"values", body.values),
        (b"histograms", body.histograms),
    ):
        if not isinstance(payload, msgspec.UnsetType):
            parts += [b',"', name, b'":', payload]
    parts.append(b"}")
    return b"".join(parts)


def frame_json(frame: Frame, order: Sequence[int] | None = None) -> Iterator[bytes]:
    """Yield each series of a frame as JSON, rows in ``order`` (all rows as they stand if None)."""
    stamps = [seconds_text(time_ms) for time_ms in frame.grid.times_ms()]
    held = frame.are_histograms()
    for row in range(frame.series) if order is None else order:
        parts = [b'{"metric":', labels_json(frame.labels[row])]
        if floats := np.flatnonzero(frame.present[row] & ~held[row]).tolist():
            numbers = frame.values[row].tolist()
            points = [f'[{stamps[place]},"{format_sample(numbers[place])}"]' for place in floats]
            parts += [b',"value":', points[0].encode()] if frame.grid.is_instant else _listed("values", points)
        if frame.histograms is not None and (places := np.flatnonzero(held[row]).tolist()):
            cells = frame.histograms[row]
            points = [f"[{stamps[place]},{histogram_json(cells[place])}]" for place in places]
            parts += [b',"histogram":', points[0].encode()] if frame.grid.is_instant else _listed("histograms", points)
        parts.append(b"}")
        yield b"".join(parts)


def _listed(name: str, points: Sequence[str]) -> list[bytes]:
    return [f',"{name}":['.encode(), ",".join(points).encode(), b"]"]


def scalar_json(grid: Grid, values: Floats) -> bytes:
    """Return a scalar: one sample for an instant query, one unlabelled series for a range query."""
    if grid.is_instant:
        return f'[{seconds_text(grid.start_ms)},"{format_sample(float(values[0]))}"]'.encode()
    points = ",".join(
        f'[{seconds_text(time_ms)},"{format_sample(value)}"]'
        for time_ms, value in zip(grid.times_ms(), values.tolist(), strict=True)
    )
    return f'[{{"metric":{{}},"values":[{points}]}}]'.encode()


def string_json(grid: Grid, text: str) -> bytes:
    """Return a string result; a byte that is no UTF-8 becomes the replacement character, as upstream."""
    shown = _LONE_SURROGATE.sub("\ufffd", text)
    return b"[" + seconds_text(grid.start_ms).encode() + b"," + _encode(shown) + b"]"
