"""Loki API bodies: reading what a cluster answers, and writing streams.

Entries stay the bytes they came in: a merge only needs their timestamps, which stand at their beginning. Only where a
label of an entry's metadata must be renamed is its third element decoded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec

from query.backends.base import BackendError, Failure
from query.backends.outcome import Answered
from query.model.labels import Labels
from query.wire.prometheus import SeriesBody, UpstreamQueryError
from query.wire.samples import labels_json

CATEGORIZE_HEADER: Final = "X-Loki-Response-Encoding-Flags"
CATEGORIZE: Final = "categorize-labels"
EXCERPT: Final = 300
NO_TENANT: Final = "no org id"
OUT_OF_BOUNDS: Final = ("exceeds the limit", "maximum of series", "maximum number of series", "too many outstanding")
QUERYS_OWN_FAILURES: Final = ("multiple matches for labels", "many-to-many matching not allowed")
Data = TypeVar("Data")


class StreamBody(msgspec.Struct, gc=False):
    """One stream: its labels, and its entries ``["<ns>","<line>"]`` or with metadata as third element."""

    stream: dict[str, str]
    values: list[msgspec.Raw] = []


class QueryData(msgspec.Struct):
    """``data`` of query and query_range. ``stats`` are numbers in nested objects."""

    resultType: str  # noqa: N815  (upstream's name)
    result: msgspec.Raw
    stats: dict[str, Any] = {}


class QueryEnvelope(msgspec.Struct):
    """The outermost object of a query's answer."""

    status: str
    data: QueryData
    warnings: list[str] = []


class LabelsBody(msgspec.Struct):
    """Answer of the label endpoints; Loki leaves ``data`` out when there is nothing."""

    status: str = "success"
    data: list[str] | None = None


class SeriesListBody(msgspec.Struct):
    """Answer of ``/series``."""

    status: str = "success"
    data: list[dict[str, str]] | None = None


class IndexStatsBody(msgspec.Struct):
    """Answer of ``/index/stats``."""

    streams: int = 0
    chunks: int = 0
    bytes: int = 0
    entries: int = 0


class DetectedLabel(msgspec.Struct):
    """One element of ``/detected_labels``."""

    label: str
    cardinality: int = 0


class DetectedLabelsBody(msgspec.Struct):
    """Answer of ``/detected_labels``."""

    detectedLabels: list[DetectedLabel] | None = None  # noqa: N815  (upstream's name)


class TailBody(msgspec.Struct):
    """One message of ``/tail``."""

    streams: list[StreamBody] | None = None
    dropped_entries: list[dict[str, Any]] | None = None


_query_decoder: Final = msgspec.json.Decoder(QueryEnvelope)
_streams_decoder: Final = msgspec.json.Decoder(list[StreamBody])
_series_decoder: Final = msgspec.json.Decoder(list[SeriesBody])
_entry_decoder: Final = msgspec.json.Decoder(tuple[str, msgspec.Raw, dict[str, dict[str, str]]])
_timestamp_decoder: Final = msgspec.json.Decoder(list[Any])
_tail_decoder: Final = msgspec.json.Decoder(TailBody)
_encode: Final = msgspec.json.Encoder().encode
_plain_decoders: dict[object, msgspec.json.Decoder[Any]] = {}


def read_streams(answer: Answered) -> tuple[QueryEnvelope, list[StreamBody]]:
    """Return the envelope and the streams; raises ``UpstreamQueryError`` or ``BackendError``."""
    envelope = _decoded(answer, _query_decoder)
    if envelope.data.resultType != "streams":
        raise BackendError(Failure.NOT_UNDERSTOOD, f"streams were asked for, {envelope.data.resultType} was answered")
    return envelope, _result(_streams_decoder, envelope.data.result)


def read_series(answer: Answered) -> tuple[QueryEnvelope, list[SeriesBody]]:
    """Return the envelope and the series of a vector or matrix; raises as ``read_streams`` does."""
    envelope = _decoded(answer, _query_decoder)
    if envelope.data.resultType not in {"vector", "matrix"}:
        raise BackendError(Failure.NOT_UNDERSTOOD, f"numbers were asked for, {envelope.data.resultType} was answered")
    return envelope, _result(_series_decoder, envelope.data.result)


def read_plain(answer: Answered, shape: type[Data]) -> Data:
    """Return the whole body as ``shape``; raises as ``read_streams`` does."""
    decoder = _plain_decoders.get(shape)
    if decoder is None:
        decoder = _plain_decoders[shape] = msgspec.json.Decoder(shape)
    decoded: Data = _decoded(answer, decoder)
    return decoded


def read_tail(message: bytes | str) -> TailBody:
    """Return one message of a tail; ``BackendError`` if it is none."""
    return _result(_tail_decoder, message)


def timestamp_ns(entry: bytes) -> int:
    """Return the timestamp an entry begins with; ``BackendError`` if it has none."""
    try:
        if entry.startswith(b'["'):
            return int(entry[2 : entry.index(b'"', 2)])
        return int(_timestamp_decoder.decode(entry)[0])
    except (ValueError, IndexError, TypeError, msgspec.MsgspecError) as error:
        raise BackendError(Failure.NOT_UNDERSTOOD, f"an entry without timestamp: {_excerpt(entry)}") from error


def rename_metadata(entry: bytes, names: Mapping[str, str]) -> bytes:
    """Return the entry with labels of its third element renamed; the same bytes if it has none of them."""
    if not any(b'"' + name.encode() + b'"' in entry for name in names):
        return entry
    try:
        stamp, line, categories = _entry_decoder.decode(entry)
    except msgspec.MsgspecError:
        return entry  # two elements: the name was found in the line
    renamed = {
        category: {names.get(name, name): value for name, value in labels.items()}
        for category, labels in categories.items()
    }
    if renamed == categories:
        return entry
    return b'["' + stamp.encode() + b'",' + bytes(line) + b"," + _encode(renamed) + b"]"


def stream_json(labels: Labels, entries: Sequence[bytes]) -> bytes:
    """Return a stream as JSON, its entries untouched."""
    return b'{"stream":' + labels_json(labels) + b',"values":[' + b",".join(entries) + b"]}"


def add_stats(total: dict[str, Any], part: Mapping[str, Any]) -> None:
    """Add one cluster's statistics: amounts add up, times are the longest, as the clusters work side by side."""
    for name, value in part.items():
        if isinstance(value, dict):
            inner = total.setdefault(name, {})
            if isinstance(inner, dict):
                add_stats(inner, value)
        elif isinstance(value, bool) or not isinstance(value, int | float):
            total.setdefault(name, value)
        elif "time" in name.lower():
            total[name] = max(total.get(name, 0), value)
        else:
            total[name] = total.get(name, 0) + value


def _decoded(answer: Answered, decoder: msgspec.json.Decoder[Data]) -> Data:
    if answer.status >= 400:  # noqa: PLR2004  (HTTP's own number)
        raise _judged(answer)
    try:
        return decoder.decode(answer.body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        kind = answer.headers.get("Content-Type", "no content type").split(";")[0]
        raise BackendError(
            Failure.NOT_UNDERSTOOD,
            f"HTTP {answer.status} with {kind} is not an answer of the Loki API: {_excerpt(answer.body)}",
        ) from error


def _result(decoder: msgspec.json.Decoder[Data], body: bytes | str | msgspec.Raw) -> Data:
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BackendError(Failure.NOT_UNDERSTOOD, f"the result does not decode: {error}") from error


def _judged(answer: Answered) -> Exception:
    """Return what an error means: Loki answers a query's own mistakes with 400 and the text alone."""
    text = _excerpt(answer.body)
    if any(mark in text for mark in QUERYS_OWN_FAILURES):
        return UpstreamQueryError(answer.cluster, answer.status, "execution", text)
    if any(mark in text for mark in OUT_OF_BOUNDS):
        return BackendError(Failure.TOO_LARGE, text)
    is_page = answer.headers.get("Content-Type", "").startswith("text/html")
    if answer.status == 400 and not is_page and NO_TENANT not in text:  # noqa: PLR2004
        return UpstreamQueryError(answer.cluster, answer.status, "bad_data", text)
    failure = Failure.REFUSED if answer.status < 500 else Failure.SERVER_ERROR  # noqa: PLR2004
    if answer.status in {408, 504}:
        failure = Failure.TIMEOUT
    return BackendError(failure, f"HTTP {answer.status}: {text}")


def _excerpt(body: bytes) -> str:
    return " ".join(body[:EXCERPT].decode("utf-8", "replace").split())
