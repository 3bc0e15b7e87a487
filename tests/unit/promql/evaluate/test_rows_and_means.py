from __future__ import annotations

import numpy as np
import pytest

from query.model.errors import ExecutionError
from query.model.frames import Notes
from query.promql.evaluate import aggregate, by_labels, concat, merge_mean
from query.promql.evaluate.annotations import MIXED_AGGREGATION
from tests.unit.promql.evaluate.tables import INF, cells, grid, table

SEOUL = table({'x{cluster="seoul"}': [1, None]})
PARIS = table({'x{cluster="paris"}': [2, 3]})


def test_concat_keeps_the_order() -> None:
    joined = concat(grid(2), [SEOUL, PARIS])
    assert cells(joined) == {'x{cluster="seoul"}': [1, None], 'x{cluster="paris"}': [2, 3]}
    assert [labels[1][1] for labels in joined.labels] == ["seoul", "paris"]
    assert [labels[1][1] for labels in by_labels(joined).labels] == ["paris", "seoul"]


def test_concat_of_nothing() -> None:
    assert concat(grid(2), []).values.shape == (0, 2)
    assert concat(grid(2), [table({}, steps=2)]).series == 0


def test_concat_refuses_two_samples_of_one_series() -> None:
    with pytest.raises(ExecutionError, match="vector cannot contain metrics with the same labelset"):
        concat(grid(2), [SEOUL, SEOUL])


def test_concat_keeps_partial_results_apart() -> None:
    assert cells(aggregate("sum", concat(grid(2), [SEOUL, SEOUL], partials=True))) == {"": [2, None]}


def test_the_mean_of_nothing() -> None:
    nothing = table({}, steps=2)
    assert merge_mean(nothing, nothing)[0].series == 0


def test_the_mean_is_weighted() -> None:
    sums = concat(
        grid(2), [table({'{j="a"}': [6, 1]}), table({'{j="a"}': [4, None], '{j="b"}': [5, 5]})], partials=True
    )
    counts = concat(
        grid(2), [table({'{j="a"}': [3, 1]}), table({'{j="a"}': [2, None], '{j="b"}': [2, 4]})], partials=True
    )
    mean, notes = merge_mean(sums, counts, ["j"])
    assert cells(mean) == {'{j="a"}': [2, 1], '{j="b"}': [2.5, 1.25]}
    assert notes == Notes()


def test_the_mean_of_groups_that_lose_labels() -> None:
    sums, counts = (
        table({'{j="a",p="1"}': [6], '{j="a",p="2"}': [1]}),
        table({'{j="a",p="1"}': [2], '{j="a",p="2"}': [5]}),
    )
    assert cells(merge_mean(sums, counts, ["p"], without=True)[0]) == {'{j="a"}': [1]}


def test_the_mean_of_huge_sums_does_not_overflow() -> None:
    sums = concat(grid(1), [table({"": [1.7e308]}), table({"": [1.7e308]})], partials=True)
    counts = concat(grid(1), [table({"": [2]}), table({"": [2]})], partials=True)
    assert merge_mean(sums, counts)[0].values.tolist() == [[0.85e308]]


def test_the_mean_of_infinities() -> None:
    sums = concat(grid(2), [table({"": [INF, INF]}), table({"": [1, -INF]})], partials=True)
    counts = concat(grid(2), [table({"": [1, 1]}), table({"": [1, 1]})], partials=True)
    values = merge_mean(sums, counts)[0].values
    assert values[0, 0] == INF
    assert np.isnan(values[0, 1])


def test_a_group_that_one_cluster_could_not_add_up_is_dropped() -> None:
    sums = table({'{j="a"}': [6, None]})
    counts = table({'{j="a"}': [3, 2], '{j="b"}': [1, None]})
    mean, notes = merge_mean(sums, counts, ["j"])
    assert cells(mean) == {'{j="a"}': [2, None]}
    assert notes == Notes(warnings=(MIXED_AGGREGATION,))
