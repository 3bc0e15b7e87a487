"""Raw samples from JSON and back: order, both kinds of samples, and what is refused."""

from __future__ import annotations

import msgspec
import pytest

from query.backends.base import BackendError
from query.model.float_histogram import ResetHint
from query.model.samples import RawSeries, joined
from query.wire.prometheus import SeriesBody
from query.wire.raw_samples import raw_json, raw_of
from query.wire.samples import Beside

HISTOGRAM = '{"count":"3","sum":"4.5","buckets":[[0,"1","2","3"]]}'


def bodies(*series: str) -> list[SeriesBody]:
    return msgspec.json.decode(f"[{','.join(series)}]", type=list[SeriesBody])


def written(raw: RawSeries) -> list[str]:
    return [line.decode() for line in raw_json(raw)]


def test_times_and_values_are_read_and_labels_added() -> None:
    raw = raw_of(
        bodies('{"metric":{"a":"b"},"values":[[1.5,"1"],[2,"NaN"],[3.001,"-Inf"]]}', '{"metric":{"a":"c"}}'),
        {"cluster": "x"},
    )
    assert raw.labels == ((("a", "b"), ("cluster", "x")), (("a", "c"), ("cluster", "x")))
    assert raw.bounds.tolist() == [0, 3, 3]
    assert raw.times_ms.tolist() == [1_500, 2_000, 3_001]
    assert str(raw.values.tolist()) == "[1.0, nan, -inf]"
    assert raw.histograms is None


def test_floats_and_histograms_are_put_in_the_order_of_time() -> None:
    raw = raw_of(
        bodies(f'{{"metric":{{}},"values":[[1,"1"],[3,"3"]],"histograms":[[2,{HISTOGRAM}]]}}'),
        {},
        Beside(hint=ResetHint.WAIVED),
    )
    assert raw.times_ms.tolist() == [1_000, 2_000, 3_000]
    assert raw.are_histograms().tolist() == [False, True, False]
    assert raw.histograms is not None
    assert raw.histograms[1].count == 3
    assert raw.histograms[1].hint is ResetHint.WAIVED


def test_what_is_written_is_what_was_read() -> None:
    line = f'{{"metric":{{"a":"b"}},"values":[[1.500,"1"],[3,"+Inf"]],"histograms":[[2,{HISTOGRAM}]]}}'
    assert written(raw_of(bodies(line), {})) == [line]


def test_series_are_written_in_label_order_and_empty_ones_left_out() -> None:
    second, first = '{"metric":{"a":"2"},"values":[[1,"1"]]}', '{"metric":{"a":"1"},"values":[[1,"1"]]}'
    assert written(raw_of(bodies(second, '{"metric":{"a":"0"}}', first), {})) == [first, second]


@pytest.mark.parametrize(
    "payload",
    [
        '"values":[[1,"x"]]',
        '"values":[[1]]',
        '"values":[[2,"1"],[1,"1"]]',
        '"values":[[1,"1"],[1,"1"]]',
        '"histograms":[[1,{}]]',
    ],
)
def test_what_does_not_decode_is_the_clusters_failure(payload: str) -> None:
    with pytest.raises(BackendError, match="samples"):
        raw_of(bodies(f'{{"metric":{{}},{payload}}}'), {})


def test_series_of_several_clusters_are_joined() -> None:
    one = raw_of(bodies('{"metric":{"a":"b"},"values":[[1,"1"],[2,"2"]]}'), {"cluster": "x"})
    other = raw_of(bodies(f'{{"metric":{{"a":"b"}},"histograms":[[2,{HISTOGRAM}]]}}'), {"cluster": "y"})
    both = joined([one, RawSeries.empty(), other])
    assert both.bounds.tolist() == [0, 2, 3]
    assert both.owners().tolist() == [0, 0, 1]
    assert both.are_histograms().tolist() == [False, False, True]
    assert both.only(~both.are_histograms()).bounds.tolist() == [0, 2, 2]
    assert joined([one]) is one
    assert joined([]).series == 0
