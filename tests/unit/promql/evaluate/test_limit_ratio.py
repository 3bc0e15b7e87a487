"""limit_ratio chooses by hash; that the hash is the servers' is shown by the differential corpus."""

from __future__ import annotations

import numpy as np
import pytest

from query.model.errors import ExecutionError
from query.model.labels import as_labels
from query.promql.evaluate.limit_ratio import label_hash, limit_ratio
from tests.unit.promql.evaluate.tables import NAN, cells, table

ROWS = table({f'x{{n="{number}"}}': [float(number)] * 2 for number in range(40)})


def test_a_ratio_and_its_complement_share_the_series() -> None:
    some, _ = limit_ratio(ROWS, np.array([0.3, 0.3]))
    others, _ = limit_ratio(ROWS, np.array([-0.7, -0.7]))
    assert 0 < some.series < 40
    assert {*some.labels, *others.labels} == set(ROWS.labels)
    assert not set(some.labels) & set(others.labels)


def test_the_ratio_may_change_from_step_to_step() -> None:
    chosen, _ = limit_ratio(ROWS, np.array([1.0, 0.0]))
    assert chosen.series == 40
    assert not chosen.present[:, 1].any()


def test_nothing_is_chosen_of_a_ratio_of_zero() -> None:
    assert cells(limit_ratio(ROWS, np.zeros(2))[0]) == {}


def test_a_ratio_that_is_none_is_capped_and_told() -> None:
    chosen, notes = limit_ratio(ROWS, np.array([1.5, -2.0]))
    assert chosen.present.all()
    assert notes.warnings == (
        "PromQL warning: ratio value should be between -1 and 1, got 1.5, capping to 1",
        "PromQL warning: ratio value should be between -1 and 1, got -2, capping to -1",
    )


def test_a_ratio_of_nan_is_an_error() -> None:
    with pytest.raises(ExecutionError, match="Ratio value is NaN"):
        limit_ratio(ROWS, np.array([NAN, 0.5]))


def test_long_values_are_packed_with_their_length() -> None:
    assert label_hash(as_labels({"a": "x" * 254})) != label_hash(as_labels({"a": "x" * 255}))
