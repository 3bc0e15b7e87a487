"""Prometheus API bodies: reading what a cluster answers.

Sample payloads are kept as raw JSON: a concatenation only touches the labels and passes the samples on as the bytes
they came in, which costs a tenth of decoding them. Only a merge decodes numbers (``samples``).
"""

from __future__ import annotations

from typing import Final, Generic, TypeVar

import msgspec

from query.backends.base import BackendError, Failure
from query.backends.outcome import Answered
from query.model.labels import Labels
from query.wire.statistics import Statistics
from query.wire.tally import SERIES

RESPONSE_EXCERPT: Final = 200
QUERY_ERRORS: Final = frozenset({"bad_data", "execution"})
Data = TypeVar("Data")


class SeriesBody(msgspec.Struct, gc=False):
    """One element of a vector or matrix; which of the payloads are there depends on its type."""

    metric: dict[str, str] = {}
    value: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    histogram: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    values: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    histograms: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET

    @property
    def has_histograms(self) -> bool:
        """True if any of the samples is a native histogram."""
        return self.histogram is not msgspec.UNSET or self.histograms is not msgspec.UNSET


class QueryData(msgspec.Struct):
    """``data`` of query and query_range."""

    resultType: str  # noqa: N815  (upstream's name)
    result: msgspec.Raw
    stats: Statistics | None = None


class Envelope(msgspec.Struct, Generic[Data]):
    """The outermost object of every answer."""

    status: str
    data: Data | msgspec.UnsetType = msgspec.UNSET
    errorType: str = ""  # noqa: N815  (upstream's name)
    error: str = ""
    warnings: list[str] = []
    infos: list[str] = []


class UpstreamQueryError(Exception):
    """The cluster understood the query and refused or failed it: the union would have done the same."""

    def __init__(self, cluster: str, status: int, error_type: str, message: str) -> None:
        super().__init__(message)
        self.cluster = cluster
        self.status = status
        self.error_type = error_type
        self.message = message


METRIC: Final = b'"metric"'
_encode: Final = msgspec.json.Encoder().encode
_query_decoder: Final = msgspec.json.Decoder(Envelope[QueryData])
_vector_decoder: Final = msgspec.json.Decoder(list[SeriesBody])
_plain_decoders: dict[object, msgspec.json.Decoder[Envelope[object]]] = {}


def read_query(answer: Answered) -> tuple[Envelope[QueryData], list[SeriesBody]]:
    """Return the envelope and the series of a vector or matrix answer.

    Raises ``UpstreamQueryError`` for an error that is the query's, ``BackendError`` for one that is the cluster's.
    """
    envelope = _judge(answer, _query_decoder)
    if envelope.data is msgspec.UNSET or envelope.data.resultType not in {"vector", "matrix"}:
        raise BackendError(Failure.NOT_UNDERSTOOD, "neither a vector nor a matrix was answered")
    try:
        return envelope, _vector_decoder.decode(envelope.data.result)
    except msgspec.MsgspecError as error:
        raise BackendError(Failure.NOT_UNDERSTOOD, f"the result does not decode: {error}") from error


def cut_result(answer: Answered) -> tuple[Envelope[QueryData], bytes]:
    """Return the envelope and the elements of a vector or matrix answer as they stand, without the brackets.

    Raises as ``read_query`` does. That the text is JSON is checked, what the elements are is not.
    """
    envelope = _judge(answer, _query_decoder)
    if envelope.data is msgspec.UNSET or envelope.data.resultType not in {"vector", "matrix"}:
        raise BackendError(Failure.NOT_UNDERSTOOD, "neither a vector nor a matrix was answered")
    text = bytes(envelope.data.result).strip()
    if not text.startswith(b"["):
        raise BackendError(Failure.NOT_UNDERSTOOD, "the result is not a list")
    return envelope, text[1:-1].strip()


def count_series(elements: bytes) -> int | None:
    """Return how many series a result's text holds; None if that can't be seen at a glance.

    It can where JSON is written as Prometheus and Thanos write it, without blanks. Whoever writes otherwise, or has a
    label called ``metric``, is read in full.
    """
    series = elements.count(SERIES)
    is_plain = series > 0 or not elements
    return series if is_plain and elements.count(METRIC) == series else None


def carries(elements: bytes, labels: Labels, series: int) -> bool:
    """Tell whether all ``series`` of a result's text have the labels; false if that can't be seen at a glance.

    Inside a string every quote is escaped, so the text of a label is a label, and a series has each name once. Needs no
    parsing: a tenth of its price.
    """
    return all(elements.count(b"%s:%s" % (_encode(name), _encode(value))) == series for name, value in labels)


def read_data(answer: Answered, shape: type[Data]) -> tuple[Envelope[Data], Data]:
    """Return the envelope and its data as ``shape``; raises as ``read_query`` does."""
    decoder = _plain_decoders.get(shape)
    if decoder is None:
        decoder = msgspec.json.Decoder(Envelope[shape])  # type: ignore[valid-type]
        _plain_decoders[shape] = decoder
    envelope: Envelope[Data] = _judge(answer, decoder)  # type: ignore[arg-type]
    if envelope.data is msgspec.UNSET:
        raise BackendError(Failure.NOT_UNDERSTOOD, "the answer has no data")
    return envelope, envelope.data


def _judge(answer: Answered, decoder: msgspec.json.Decoder[Envelope[Data]]) -> Envelope[Data]:
    try:
        envelope = decoder.decode(answer.body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _not_json(answer) from error
    if envelope.status == "success" and answer.status < 300:  # noqa: PLR2004  (HTTP's own number)
        return envelope
    if envelope.errorType in QUERY_ERRORS and answer.status in {400, 422}:
        raise UpstreamQueryError(answer.cluster, answer.status, envelope.errorType, envelope.error)
    failure = Failure.REFUSED if 400 <= answer.status < 500 else Failure.SERVER_ERROR  # noqa: PLR2004
    if envelope.errorType in {"timeout", "canceled"}:
        failure = Failure.TIMEOUT
    raise BackendError(failure, f"HTTP {answer.status} {envelope.errorType}: {envelope.error}".rstrip(": "))


def _not_json(answer: Answered) -> BackendError:
    kind = answer.headers.get("Content-Type", "no content type").split(";")[0]
    excerpt = " ".join(answer.body[:RESPONSE_EXCERPT].decode("utf-8", "replace").split())
    if answer.status >= 500:  # noqa: PLR2004
        return BackendError(Failure.SERVER_ERROR, f"HTTP {answer.status}: {excerpt}")
    if answer.status >= 400:  # noqa: PLR2004
        return BackendError(Failure.REFUSED, f"HTTP {answer.status}: {excerpt}")
    return BackendError(
        Failure.NOT_UNDERSTOOD, f"HTTP {answer.status} with {kind} is not an answer of the Prometheus API: {excerpt}"
    )
