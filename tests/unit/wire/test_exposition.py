"""Numbers, names and histograms as an exposition writes them."""

from __future__ import annotations

import struct

import pytest

from query.api.accept import accepted_types
from query.api.federate import negotiate
from query.model.label_names import escape, unescape
from query.wire.exposition import Exposed, expose_text, go_general
from query.wire.protobuf import bytes_field, double_field, int_field, sint_field
from query.wire.read_samples import NativeHistogram, last_sample

STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (999999.0, "999999"),
        (1e6, "1e+06"),
        (1750003200.5, "1.7500032005e+09"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (-2.5, "-2.5"),
        (float("inf"), "+Inf"),
        (float("nan"), "NaN"),
    ],
)
def test_numbers_are_written_as_go_writes_them(value: float, text: str) -> None:
    assert go_general(value) == text


@pytest.mark.parametrize(
    ("how", "written"),
    [("allow-utf-8", "a.b_é1"), ("underscores", "a_b__1"), ("dots", "a_dot_b____1"), ("values", "U__a_2e_b___e9_1")],
)
def test_names_are_escaped(how: str, written: str) -> None:
    assert escape("a.b_é1", how) == written
    assert escape("plain_name", how) == "plain_name"
    assert unescape(escape("a.b_é1", "values")) == "a.b_é1"


def test_a_family_begins_where_name_or_kind_changes() -> None:
    span = int_field(2, 1)
    classic = NativeHistogram(3.0, 4.5, -53, positive_spans=(span,), positive_counts=(2.0,), custom_values=(0.5, 1.0))
    samples = [
        Exposed((("__name__", "a"), ("instance", "i")), 5, 1.0),
        Exposed((("__name__", "a"), ("x", '"')), 6, classic),
        Exposed((("__name__", "b"),), 7, NativeHistogram(schema=1)),
        Exposed((("__name__", "c.d"),), 8, 2.0),
    ]
    assert "".join(expose_text(samples, str)) == (
        '# TYPE a untyped\na{instance="i"} 1 5\n'
        "# TYPE a histogram\n"
        'a_bucket{x="\\"",instance="",le="0.5"} 2 6\n'
        'a_bucket{x="\\"",instance="",le="1"} 2 6\n'
        'a_bucket{x="\\"",instance="",le="+Inf"} 3 6\n'
        'a_sum{x="\\"",instance=""} 4.5 6\n'
        'a_count{x="\\"",instance=""} 3 6\n'
        '# TYPE "c.d" untyped\n{"c.d",instance=""} 2 8\n'
    )


def test_the_last_sample_counts() -> None:
    first, second = (double_field(1, value) + int_field(2, at_ms) for value, at_ms in ((1.0, 10), (2.0, 20)))
    assert last_sample(bytes_field(2, first) + bytes_field(2, second)) == (20, 2.0)
    stale = bytes_field(2, double_field(1, STALE) + int_field(2, 30))
    assert last_sample(bytes_field(2, second) + stale) is None
    assert last_sample(b"") is None
    histogram = (
        int_field(1, 3) + double_field(3, 1.5) + sint_field(4, -2) + bytes_field(12, b"\x02\x01") + int_field(15, 40)
    )
    found = last_sample(stale + bytes_field(4, histogram))
    assert found == (40, NativeHistogram(count=3.0, sum=1.5, schema=-2, positive_counts=(1.0, 0.0)))


def test_the_preferred_type_comes_first() -> None:
    found = accepted_types('text/html;q=0.1, a/b; x="1" ;q=2, c/d;q=nonsense,, e/f;q=0.5')
    assert found == [("a/b", {"x": "1"}), ("c/d", {}), ("e/f", {}), ("text/html", {})]


@pytest.mark.parametrize(
    ("accept", "is_protobuf", "escaping"),
    [
        ("", False, "underscores"),
        ("*/*;escaping=dots", False, "dots"),
        ("application/vnd.google.protobuf", False, "underscores"),
        (
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.4,text/plain",
            False,
            "underscores",
        ),
        (
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;escaping=values",
            True,
            "values",
        ),
        ("text/plain;escaping=nonsense", False, "underscores"),
    ],
)
def test_the_format_is_negotiated(accept: str, is_protobuf: bool, escaping: str) -> None:  # noqa: FBT001
    chosen = negotiate(accept)
    assert (chosen.is_protobuf, chosen.escaping) == (is_protobuf, escaping)
