"""Messages of remote read: what is written reads the same, what is nonsense is refused."""

from __future__ import annotations

import struct
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from query.backends.base import BackendError
from query.model.matchers import Matcher, MatchOp
from query.wire.prometheus import SeriesBody
from query.wire.protobuf import ProtobufError, bytes_field, fields, int_field, read_varint, signed, varint
from query.wire.remote_read import (
    ReadQuery,
    ReadRequest,
    ReadSeries,
    pack,
    read_request,
    read_response,
    request_message,
    response_message,
    samples_of,
    unpack,
)

LIMIT = 1 << 20
TEXTS = st.text(max_size=20)
STAMPS = st.integers(-(2**63), 2**63 - 1)
MATCHERS = st.builds(Matcher, TEXTS, st.sampled_from(MatchOp), TEXTS)
QUERIES = st.builds(ReadQuery, st.lists(MATCHERS, max_size=4).map(tuple), STAMPS, STAMPS, st.binary(max_size=20))
LABELS = st.dictionaries(TEXTS.filter(bool), TEXTS.filter(bool), max_size=5).map(
    lambda them: tuple(sorted(them.items()))
)
SERIES = st.builds(
    ReadSeries, LABELS, st.lists(st.binary(max_size=30)).map(lambda them: b"".join(bytes_field(2, one) for one in them))
)


@given(STAMPS)
def test_numbers_come_back(value: int) -> None:
    encoded = varint(value)
    number, end = read_varint(memoryview(encoded), 0)
    assert (signed(number), end) == (value, len(encoded))


@given(st.lists(QUERIES, max_size=3))
def test_requests_come_back(queries: list[ReadQuery]) -> None:
    message = request_message(queries) + int_field(2, 1) + bytes_field(2, b"\x00")
    assert read_request(memoryview(message)) == ReadRequest(tuple(queries), (1, 0))


@given(st.lists(st.lists(SERIES, max_size=3), max_size=3))
def test_answers_come_back(results: list[list[ReadSeries]]) -> None:
    assert read_response(pack(response_message(results)), LIMIT) == results


@given(st.binary(max_size=200))
def test_nonsense_is_refused_or_read_but_never_more(data: bytes) -> None:
    try:
        read_request(memoryview(data))
        assert sum(len(value) for _, _, value in fields(memoryview(data)) if isinstance(value, memoryview)) <= len(data)
    except ProtobufError:
        pass
    with suppress(BackendError):
        read_response(data, LIMIT)


@pytest.mark.parametrize(
    "message",
    [b"\x0a", b"\x0a\x05abc", b"\x80" * 11, b"\x0b", b"\x0a\x04\x1a\x02\x08\x09", b"\x08\x05", b"\x0a\x03\x1a\x01\xff"],
)
def test_what_is_cut_off_or_of_another_kind_is_refused(message: bytes) -> None:
    with pytest.raises(ProtobufError):
        read_request(memoryview(message))


def test_what_unpacks_to_too_much_is_refused() -> None:
    with pytest.raises(ProtobufError, match="larger than 100 bytes"):
        unpack(pack(b"\0" * 101), 100)
    with pytest.raises(ProtobufError, match="corrupt input"):
        unpack(b"\x05nonsense", 100)


def test_numbers_of_a_query_become_samples() -> None:
    body = SeriesBody(values=msgspec.Raw(b'[[1.5,"2"],[0,"NaN"],[-1,"+Inf"]]'))
    decoded = []
    for field, _, value in fields(memoryview(samples_of(body))):
        assert isinstance(value, memoryview)
        parts = {number: part for number, _, part in fields(value)}
        number, stamp = parts[1], parts.get(2, 0)
        assert isinstance(number, memoryview)
        assert isinstance(stamp, int)
        decoded.append((field, str(struct.unpack("<d", number)[0]), signed(stamp)))
    assert decoded == [(2, "2.0", 1500), (2, "nan", 0), (2, "inf", -1000)]
    with pytest.raises(BackendError, match="native histograms"):
        samples_of(SeriesBody(histograms=msgspec.Raw(b"[]")))
