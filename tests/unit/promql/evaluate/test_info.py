"""``info()``: which labels are added to which series, when, and what fails."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from query.model.errors import ExecutionError
from query.model.frames import Frame
from query.model.samples import RawSeries
from query.model.time import Grid
from query.promql.evaluate.info import join_info, sample_times
from query.promql.evaluate.values import InfoMatchers, InfoRows
from query.promql.plan.windows import Window
from query.promql.syntax.parser import parse_selector
from tests.unit.promql.evaluate.tables import Cells, cells, table

Row = Sequence[float | None]


def joined(base: dict[str, Row], infos: dict[str, Row], written: str = '{__name__="target_info"}') -> Cells:
    """Join info series whose values are the times of their samples."""
    frame = table(infos, steps=2)
    times = np.where(frame.present, frame.values, 0).astype(np.int64)
    matchers = parse_selector(written)
    named = tuple(matcher for matcher in matchers if matcher.name == "__name__")
    data = tuple(matcher for matcher in matchers if matcher.name != "__name__")
    return cells(join_info(table(base), InfoRows(frame, times, InfoMatchers(named, data))))


BASE: dict[str, Row] = {'x{instance="i",job="j"}': [1, 2]}


def test_labels_are_added_while_the_info_series_is_there() -> None:
    assert joined(BASE, {'target_info{instance="i",job="j",v="1"}': [5, None]}) == {
        'x{instance="i",job="j",v="1"}': [1, None],
        'x{instance="i",job="j"}': [None, 2],
    }


def test_the_newest_sample_counts() -> None:
    infos: dict[str, Row] = {
        'target_info{instance="i",job="j",v="1"}': [5, 5],
        'target_info{instance="i",job="j",v="2"}': [4, 6],
    }
    assert joined(BASE, infos) == {
        'x{instance="i",job="j",v="1"}': [1, None],
        'x{instance="i",job="j",v="2"}': [None, 2],
    }


def test_equally_new_samples_are_an_error() -> None:
    infos: dict[str, Row] = {
        'target_info{instance="i",job="j",v="1"}': [5, 5],
        'target_info{instance="i",job="j",v="2"}': [5, 6],
    }
    with pytest.raises(ExecutionError, match=r"found duplicate series for info metric: existing .* @ 5, new .* @ 5"):
        joined(BASE, infos)
    assert joined({"x": [1, 2]}, infos) == {"x": [1, 2]}, "nobody asks for them"


def test_only_labels_that_are_asked_for_are_added_and_none_overwritten() -> None:
    infos: dict[str, Row] = {'target_info{instance="i",job="j",v="1",w="2"}': [5, 5]}
    assert joined(BASE, infos, '{__name__="target_info",v=~".*"}') == {'x{instance="i",job="j",v="1"}': [1, 2]}
    assert joined({'x{instance="i",job="j",v="own"}': [1, 2]}, infos) == {
        'x{instance="i",job="j",v="own",w="2"}': [1, 2]
    }


def test_a_label_that_must_be_there_filters() -> None:
    assert joined(BASE, {}, '{__name__="target_info",v!=""}') == {}
    assert joined(BASE, {}, '{__name__="target_info",v=~".*"}') == BASE


def test_several_info_metrics_must_agree() -> None:
    infos: dict[str, Row] = {'a_info{instance="i",job="j",v="1"}': [5, 5], 'b_info{instance="i",job="j",w="2"}': [5, 5]}
    assert joined(BASE, infos, '{__name__=~"._info"}') == {'x{instance="i",job="j",v="1",w="2"}': [1, 2]}
    infos = {'a_info{instance="i",job="j",v="1"}': [5, 5], 'b_info{instance="i",job="j",v="2"}': [5, 5]}
    with pytest.raises(ExecutionError, match="conflicting label: v"):
        joined(BASE, infos, '{__name__=~"._info"}')


def test_info_series_themselves_are_left_alone() -> None:
    infos: dict[str, Row] = {'target_info{instance="i",job="j",v="1"}': [5, 5]}
    assert joined(infos, infos) == infos


def test_the_time_of_a_sample_is_that_of_the_last_in_the_lookback() -> None:
    grid = Grid(10_000, 30_000, 10_000)
    info = Frame(grid, ((("a", "b"),),), np.ones((1, 3)), np.array([[True, True, False]]))
    raw = RawSeries(info.labels, np.array([0, 2]), np.array([8_000, 15_000]), np.ones(2))
    assert sample_times(info, raw, Window(10_000)).tolist() == [[8_000, 15_000, 0]]
