"""Native histograms from the samples of a remote read, and what a cluster tells of zero buckets."""

import struct

import msgspec
import pytest

from query.model.float_histogram import CUSTOM_SCHEMA, Buckets, ResetHint
from query.model.time import Grid
from query.promql.syntax import parse, print_expr
from query.wire.exact_histograms import ExactHistograms, decode
from query.wire.histogram_layout import Told
from query.wire.prometheus import SeriesBody
from query.wire.protobuf import ProtobufError, bytes_field, double_field, int_field, varint
from query.wire.remote_read import ReadSeries
from query.wire.thresholds import Thresholds, asking_thresholds, has_custom_buckets

GRID = Grid(1_000, 3_000, 1_000)


def zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1


def span(offset: int, length: int) -> bytes:
    return int_field(1, zigzag(offset)) + int_field(2, length)


def histogram(*fields: bytes, time_ms: int) -> bytes:
    return bytes_field(4, b"".join(fields) + int_field(15, time_ms))


WHOLE = histogram(
    int_field(1, 9),
    double_field(3, 2.5),
    int_field(4, zigzag(-1)),
    double_field(5, 0.25),
    int_field(6, 2),
    bytes_field(8, span(1, 1)),
    bytes_field(9, varint(zigzag(3))),
    bytes_field(11, span(-2, 2)),
    bytes_field(11, span(3, 1)),
    bytes_field(12, b"".join(varint(zigzag(delta)) for delta in (3, -2, 0))),
    int_field(14, 2),
    time_ms=2_000,
)
CUSTOM = histogram(
    double_field(2, 1.5),
    double_field(3, 0.5),
    int_field(4, zigzag(CUSTOM_SCHEMA)),
    bytes_field(11, span(1, 1)),
    bytes_field(13, struct.pack("<d", 1.5)),
    bytes_field(16, struct.pack("<2d", 0.1, 0.9)),
    time_ms=1_000,
)
FLOAT = bytes_field(2, double_field(1, 7.0) + int_field(2, 1_500))


def test_whole_counts_are_differences_from_bucket_to_bucket() -> None:
    times, (found,) = decode(FLOAT + WHOLE)
    assert times == [2_000]
    assert (found.schema, found.count, found.sum, found.zero_threshold, found.zero_count) == (-1, 9.0, 2.5, 0.25, 2.0)
    assert found.positive == Buckets((-2, -1, 3), (3.0, 1.0, 1.0))
    assert found.negative == Buckets((1,), (3.0,))
    assert found.hint is ResetHint.NOT_RESET
    assert found.undecided is None


def test_custom_bounds_and_fractional_counts_come_as_they_are() -> None:
    _, (found,) = decode(CUSTOM)
    assert found.custom_values == (0.1, 0.9)
    assert found.positive == Buckets((1,), (1.5,))
    assert (found.count, found.hint) == (1.5, ResetHint.UNKNOWN)


@pytest.mark.parametrize(
    "samples",
    [
        WHOLE[:-3],
        histogram(int_field(4, zigzag(9)), time_ms=1),
        histogram(bytes_field(11, span(0, 2)), bytes_field(13, struct.pack("<d", 1.0)), time_ms=1),
        bytes_field(4, bytes_field(11, b"\xff")),
    ],
)
def test_what_is_no_histogram_is_not_read(samples: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(samples)
    assert issubclass(ProtobufError, ValueError)


def test_series_are_found_without_the_external_labels_that_only_a_remote_read_shows() -> None:
    shown = [SeriesBody(metric={"__name__": "h", "job": "a"}), SeriesBody(metric={"__name__": "h"})]
    exact = ExactHistograms(
        [
            ReadSeries((("__name__", "h"), ("job", "a"), ("replica", "0")), CUSTOM + WHOLE),
            ReadSeries((("__name__", "h"), ("replica", "0")), WHOLE),
        ],
        shown,
    )
    metric = {"__name__": "h", "job": "a"}
    assert exact.at(metric, 999) is None
    first, second = exact.at(metric, 1_999), exact.at(metric, 5_000)
    assert first is not None
    assert second is not None
    assert (first.schema, second.schema) == (CUSTOM_SCHEMA, -1)
    assert exact.at({"__name__": "h"}, 1_999) is None
    assert exact.at({"__name__": "other"}, 5_000) is None


def test_zero_thresholds_are_asked_by_dividing_by_zero() -> None:
    asked = print_expr(asking_thresholds(parse("sum by (job) (rate(h[5m])) or x")))
    assert asked == 'count_values without () ("__lma_zero_bucket__", (sum by (job) (rate(h[5m])) or x) / 0)'


def body(text: str) -> SeriesBody:
    return msgspec.json.decode(text, type=SeriesBody)


def test_thresholds_are_told_by_series_and_step() -> None:
    told = Thresholds(
        [
            body('{"metric":{"job":"a","__lma_zero_bucket__":"{count:+Inf, sum:NaN, [-0.001,0.001]:NaN}"},'
                 '"values":[[1,"1"],[3,"1"]]}'),
            body('{"metric":{"job":"a","__lma_zero_bucket__":"{count:NaN, sum:NaN, [-2.9e-39,2.9e-39]:+Inf}"},'
                 '"values":[[2,"1"]]}'),
            body('{"metric":{"job":"b","__lma_zero_bucket__":"{count:+Inf, sum:NaN, [-0.5,0.5]:-Inf}"},'
                 '"values":[[2,"1"]]}'),
            body('{"metric":{"job":"c","__lma_zero_bucket__":"NaN"},"values":[[2,"1"]]}'),
        ],
        GRID,
    )  # fmt: skip
    assert told.of({"__name__": "h", "job": "a"}) == [Told(0.001), Told(2.9e-39), Told(0.001)]
    for unknown in ("b", "c", "d"):
        assert told.of({"job": unknown}) == [None, None, None]


def test_two_thresholds_of_series_that_differ_in_the_name_only_are_none() -> None:
    texts = ("{count:+Inf, sum:NaN, [-0.1,0.1]:NaN}", "{count:+Inf, sum:NaN, [-0.2,0.2]:NaN}")
    told = Thresholds(
        [SeriesBody(metric={"__lma_zero_bucket__": text}, value=msgspec.Raw(b'[2,"1"]')) for text in texts],
        Grid.instant(2_000),
    )
    assert told.of({"__name__": "h"}) == [None]


def test_custom_buckets_are_seen_by_their_first_bound() -> None:
    custom = '{"metric":{},"histogram":[1,{"count":"1","sum":"1","buckets":[[3,"-Inf","0.1","1"]]}]}'
    plain = '{"metric":{},"histogram":[1,{"count":"1","sum":"1","buckets":[[3,"-0.1","0.1","1"]]}]}'
    assert has_custom_buckets([body(custom)])
    assert not has_custom_buckets([body(plain)])
