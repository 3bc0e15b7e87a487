"""Counting while an answer arrives, against parsing it afterwards."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from query.wire.tally import Tally

values = st.sampled_from(["x", "", '"metric":{', '"]', '\\"]', "\\", '{"a":["b"]}', "],[", "metric", "é{"])
labels = st.dictionaries(st.sampled_from(["__name__", "job", "metric"]), values, max_size=3)
samples = st.lists(st.tuples(st.integers(1, 10**10), st.sampled_from(["1", "NaN", "-0.25"])), min_size=1, max_size=4)
buckets = st.lists(st.just([0, "1", "2", "3"]), max_size=3)
histogram = st.builds(lambda found: {"count": "3", "sum": "1", "buckets": found}, buckets)
floats = st.builds(lambda metric, points: {"metric": metric, "values": points}, labels, samples)
instants = st.builds(lambda metric, points: {"metric": metric, "value": points[0]}, labels, samples)
natives = st.builds(lambda metric, shown: {"metric": metric, "histograms": [[1, shown]]}, labels, histogram)
series = st.lists(st.one_of(floats, instants, natives), max_size=6)
cuts = st.lists(st.integers(1, 40), max_size=60)


def chunked(body: bytes, sizes: list[int]) -> list[bytes]:
    chunks = []
    for size in sizes:
        chunks.append(body[:size])
        body = body[size:]
    return [chunk for chunk in (*chunks, body) if chunk]


def counted(listed: list[dict[str, Any]]) -> int:
    """Count the samples of float series, and the buckets of histograms."""
    return sum(
        len(one.get("values", ()))
        + ("value" in one)
        + sum(len(shown["buckets"]) for _, shown in one.get("histograms", ()))
        for one in listed
    )


@given(series, cuts, st.integers(0, 10))
def test_counts_are_exact_wherever_the_pieces_end(
    listed: list[dict[str, Any]], sizes: list[int], asked_after: int
) -> None:
    body = msgspec.json.encode({"status": "success", "data": {"resultType": "matrix", "result": listed}})
    tally = Tally()
    for number, chunk in enumerate(chunked(body, sizes)):
        tally.take(chunk)
        if number == asked_after:
            tally.count_series()
            tally.count_samples()
    assert tally.series >= len(listed)
    assert tally.samples >= counted(listed)
    assert tally.count_series() == tally.series == len(listed)
    assert tally.count_samples() == tally.samples == counted(listed)
    assert tally.size == len(body)
