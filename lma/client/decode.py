"""Bodies of the Prometheus API (and of Loki's metric queries, which have the same shape) as typed results."""

from __future__ import annotations

from typing import Any, Final, TypeVar

import msgspec

from lma.client.call import Answer
from lma.client.completeness import completeness_of
from lma.client.errors import WrongKindError
from lma.client.problems import not_json
from lma.client.samples import (
    Bucket,
    Completeness,
    Histogram,
    Matrix,
    MetricResult,
    Sample,
    Scalar,
    Series,
    String,
    Vector,
)

T = TypeVar("T")


class Envelope(msgspec.Struct, frozen=True):
    """The outer shape of every answer; ``data`` is decoded by whoever knows what it holds."""

    status: str
    data: msgspec.Raw = msgspec.Raw(b"null")
    warnings: tuple[str, ...] | None = None
    infos: tuple[str, ...] | None = None


class Notes(msgspec.Struct, frozen=True):
    """What goes into every result beside its data."""

    warnings: tuple[str, ...]
    infos: tuple[str, ...]
    completeness: Completeness


class WireHistogram(msgspec.Struct, frozen=True):
    """A native histogram on the wire."""

    count: str
    sum: str
    buckets: list[tuple[int, str, str, str]] = []


class WireSeries(msgspec.Struct, frozen=True):
    """One element of a vector or matrix."""

    metric: dict[str, str]
    value: tuple[float, str] | None = None
    values: list[tuple[float, str]] = []
    histogram: tuple[float, WireHistogram] | None = None
    histograms: list[tuple[float, WireHistogram]] = []


class QueryData(msgspec.Struct, frozen=True, rename="camel"):
    """The ``data`` of a query."""

    result_type: str
    result: msgspec.Raw


_NAMES: Final = {"matrix": "series over a range", "vector": "series at one instant", "streams": "log lines"}


def json_of(answer: Answer, shape: type[T], raw: bytes | msgspec.Raw | None = None) -> T:
    """Decode the body (or a part of it) into ``shape``; raises ProtocolError when it is something else."""
    try:
        return msgspec.json.decode(answer.body if raw is None else raw, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise not_json(answer.url, answer.headers, answer.body) from error


def opened(answer: Answer) -> tuple[msgspec.Raw, Notes]:
    """Return ``data``, undecoded, and the notes of a success."""
    envelope = json_of(answer, Envelope)
    if envelope.status != "success":
        raise not_json(answer.url, answer.headers, answer.body)
    notes = Notes(envelope.warnings or (), envelope.infos or (), completeness_of(answer.headers))
    return envelope.data, notes


def kwargs_of(notes: Notes) -> dict[str, Any]:
    """Return the notes as the keyword arguments of a Result."""
    return {"warnings": notes.warnings, "infos": notes.infos, "completeness": notes.completeness}


def decode_metric_result(answer: Answer) -> MetricResult:
    """Decode the answer of a metric query, whatever its kind."""
    data, notes = opened(answer)
    query = json_of(answer, QueryData, data)
    try:
        return _result_of(query, answer, notes)
    except ValueError as error:  # a number that is none
        raise not_json(answer.url, answer.headers, answer.body) from error


def decode_matrix(answer: Answer) -> Matrix:
    """Decode the answer of a range query, which is always a matrix."""
    result = decode_metric_result(answer)
    if not isinstance(result, Matrix):
        raise wrong_kind(type(result).__name__.lower(), "a matrix", "use query() for an instant")
    return result


def wrong_kind(got: str, wanted: str, remedy: str) -> WrongKindError:
    """Return the error for a right query asked in the wrong way."""
    return WrongKindError(f"the query gives {_NAMES.get(got, f'a {got}')}, not {wanted}", remedy=remedy)


def _result_of(query: QueryData, answer: Answer, notes: Notes) -> MetricResult:
    match query.result_type:
        case "vector":
            samples = (_sample(s) for s in json_of(answer, list[WireSeries], query.result))
            return Vector(items=tuple(samples), **kwargs_of(notes))
        case "matrix":
            series = (_series(s) for s in json_of(answer, list[WireSeries], query.result))
            return Matrix(items=tuple(series), **kwargs_of(notes))
        case "scalar":
            time_s, text = json_of(answer, tuple[float, str], query.result)
            return Scalar(time_s=time_s, value=float(text), **kwargs_of(notes))
        case "string":
            time_s, text = json_of(answer, tuple[float, str], query.result)
            return String(time_s=time_s, value=text, **kwargs_of(notes))
        case "streams":
            raise wrong_kind("streams", "a metric", "use logs() or `lma logs` for log lines")
        case _:
            raise not_json(answer.url, answer.headers, answer.body)


def _sample(wire: WireSeries) -> Sample:
    if wire.histogram is not None:
        time_s, histogram = wire.histogram
        return Sample(wire.metric, time_s, None, _histogram(histogram))
    if wire.value is None:
        raise ValueError("a sample without value or histogram")
    time_s, text = wire.value
    return Sample(wire.metric, time_s, float(text))


def _series(wire: WireSeries) -> Series:
    return Series(
        labels=wire.metric,
        times_s=tuple(time_s for time_s, _ in wire.values),
        values=tuple(float(text) for _, text in wire.values),
        histograms=tuple((time_s, _histogram(histogram)) for time_s, histogram in wire.histograms),
    )


def _histogram(wire: WireHistogram) -> Histogram:
    return Histogram(
        count=float(wire.count),
        sum=float(wire.sum),
        buckets=tuple(
            Bucket(boundaries, float(lower), float(upper), float(count))
            for boundaries, lower, upper, count in wire.buckets
        ),
    )
