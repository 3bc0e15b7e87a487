"""Samples to arrays and back, exactly."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from query.backends.base import BackendError
from query.model.frames import Frame
from query.model.time import Grid
from query.wire.prometheus import SeriesBody
from query.wire.samples import frame_json, frame_of, scalar_json, series_json, string_json

GRID = Grid(1_000, 4_000, 1_000)


def body(text: str) -> SeriesBody:
    return msgspec.json.decode(text, type=SeriesBody)


def test_samples_land_on_their_steps_and_gaps_stay_gaps() -> None:
    frame = frame_of([body('{"metric":{"x":"1"},"values":[[1,"5"],[3,"NaN"],[4,"+Inf"]]}')], {"cluster": "a"}, GRID)
    assert frame.labels == ((("cluster", "a"), ("x", "1")),)
    assert frame.present.tolist() == [[True, False, True, True]]
    assert frame.values[0, 0] == 5
    assert math.isnan(frame.values[0, 2])
    assert frame.values[0, 3] == math.inf


@pytest.mark.parametrize(
    "values", ['[[1.5,"5"]]', '[[5,"5"]]', '[[0,"5"]]', '[[1,"five"]]', "[[1,5,6]]", '[["1","5"]]']
)
def test_samples_that_were_not_asked_for_are_not_understood(values: str) -> None:
    with pytest.raises(BackendError, match="do not decode"):
        frame_of([body(f'{{"metric":{{}},"values":{values}}}')], {}, GRID)


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats()), min_size=4, max_size=4))
def test_what_is_written_reads_back_to_the_bit(row: list[float | None]) -> None:
    values = np.array([[0.0 if value is None else value for value in row]])
    present = np.array([[value is not None for value in row]])
    frame = Frame(GRID, ((("a", "b"),),), values, present)
    written = b"".join(frame_json(frame)).decode()
    again = frame_of([body(written)], {}, GRID)
    if not present.any():
        assert again.series == 0
        return
    assert again.present.tolist() == present.tolist()
    np.testing.assert_array_equal(again.values[present], values[present])


def test_an_instant_is_written_as_upstream_writes_it() -> None:
    frame = Frame(Grid.instant(1_500), ((("a", '"'),),), np.array([[1e-7]]), np.array([[True]]))
    assert b"".join(frame_json(frame)) == b'{"metric":{"a":"\\""},"value":[1.500,"1e-07"]}'


def test_other_labels_leave_the_sample_bytes_alone() -> None:
    series = body('{"metric":{"a":"b"},"values":[[1, "1.0"]],"histograms":[[1,{"count": "2"}]]}')
    assert series_json(series, (("c", "d"),)) == (
        b'{"metric":{"c":"d"},"values":[[1, "1.0"]],"histograms":[[1,{"count": "2"}]]}'
    )


def test_scalars_and_strings() -> None:
    assert scalar_json(Grid.instant(2_000), np.array([3.0])) == b'[2,"3"]'
    assert scalar_json(Grid(0, 1_000, 1_000), np.array([1.0, 2.5])) == b'[{"metric":{},"values":[[0,"1"],[1,"2.5"]]}]'
    assert string_json(Grid.instant(2_000), "a\n") == b'[2,"a\\n"]'
    assert string_json(Grid.instant(2_000), "\udcff") == '[2,"\ufffd"]'.encode()
