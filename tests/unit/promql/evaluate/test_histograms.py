from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from query.model.errors import ExecutionError
from query.model.frames import Frame, Notes
from query.promql.evaluate.histogram_samples import histogram_fraction, histogram_quantile
from tests.unit.promql.evaluate.tables import INF, NAN, cells, table


def buckets(counts: Mapping[str, float | None], name: str = "b") -> Frame:
    return table({f'{name}{{le="{bound}"}}': [count] for bound, count in counts.items()})


PLAIN = {"0.1": 10.0, "0.5": 40.0, "1": 90.0, "+Inf": 100.0}


def quantile_of(phi: float, counts: Mapping[str, float | None]) -> float | None:
    return cells(histogram_quantile(np.array([phi]), buckets(counts))[0])[""][0]


@pytest.mark.parametrize(
    ("phi", "counts", "expected"),
    [
        (0.05, PLAIN, 0.05),
        (0.1, PLAIN, 0.1),
        (0.25, PLAIN, 0.1 + 0.4 * (15 / 30)),
        (0.9, PLAIN, 1.0),
        (0.95, PLAIN, 1.0),  # in the last bucket: the bound before it
        (0, PLAIN, 0.0),
        (-0.1, PLAIN, -INF),
        (1.1, PLAIN, INF),
        (NAN, PLAIN, NAN),
        (0.1, {"-1": 5, "0": 10, "+Inf": 20}, -1),  # no lower bound is known below zero
        (0.5, {"0.1": 1, "1": 2}, NAN),  # nothing counts everything
        (0.5, {"+Inf": 7}, NAN),  # a single bucket
        (0.5, {"0.1": 0, "+Inf": 0}, NAN),
        (0.5, {"1": 3, "1.0": 4, "+Inf": 14}, 1.0),  # one bound written twice
        (0.5, {"0.1": None, "0.5": 40, "1": None, "+Inf": 80}, 0.5),
        (0.5, {"0.1": 10, "0.5": 8, "1": 30, "+Inf": 40}, 0.5 + 0.5 * (10 / 20)),
        (0.5, {"0.1": 1, "0.5": NAN, "+Inf": NAN}, 0.5),
    ],
)
def test_quantile(phi: float, counts: dict[str, float | None], expected: float) -> None:
    found = quantile_of(phi, counts)
    assert found == pytest.approx(expected, nan_ok=True)


def test_falling_counts_are_fixed_and_told() -> None:
    frame = table({'b{le="0.1"}': [10, 10], 'b{le="0.5"}': [8, 10], 'b{le="+Inf"}': [40, 9.5]})
    assert histogram_quantile(np.full(2, 0.5), frame)[1].infos[0] == (
        "PromQL info: input to histogram_quantile needed to be fixed for monotonicity "
        "(see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile), "
        "from buckets 0.5 to +Inf, with a max diff of 2, over 2 samples "
        "from 1970-01-01T00:00:00Z to 1970-01-01T00:00:01Z"
    )


def test_rounding_errors_are_fixed_silently() -> None:
    frame = buckets({"0.1": 10, "0.5": 10 - 1e-12, "+Inf": 20})
    assert histogram_quantile(np.array([0.5]), frame)[1] == Notes()


def test_series_that_are_no_buckets_are_told() -> None:
    frame = table({"b": [1], 'b{le="x"}': [1], 'b{le="nan"}': [1]})
    result, notes = histogram_quantile(np.array([0.5]), frame)
    assert result.series == 0
    assert notes.warnings == (
        'PromQL warning: bucket label "le" is missing or has a malformed value of ""',
        'PromQL warning: bucket label "le" is missing or has a malformed value of "x"',
        'PromQL warning: bucket label "le" is missing or has a malformed value of "nan"',
    )


def test_quantiles_that_are_no_probabilities_are_told() -> None:
    notes = histogram_quantile(np.array([2.0, -1e-7, NAN, 2.0]), table({}, steps=4))[1]
    assert notes.warnings == tuple(
        f"PromQL warning: quantile value should be between 0 and 1, got {text}" for text in ("2", "-1e-07", "NaN")
    )


def test_histograms_are_apart_by_name_until_they_have_lost_it() -> None:
    names = table({
        'a{le="1"}': [1, None], 'a{le="+Inf"}': [2, None], 'b{le="1"}': [None, 1], 'b{le="+Inf"}': [None, 4],
    })  # fmt: skip
    assert cells(histogram_quantile(np.full(2, 0.25), names)[0]) == {"": [0.5, 1.0]}
    both = table({'a{le="+Inf"}': [1], 'b{le="+Inf"}': [1]})
    with pytest.raises(ExecutionError, match="vector cannot contain metrics with the same labelset"):
        histogram_quantile(np.array([0.5]), both)


@pytest.mark.parametrize(
    ("lower", "upper", "counts", "expected"),
    [
        (0, 0.1, PLAIN, 0.1),
        (-INF, INF, PLAIN, 1.0),
        (0.1, 0.75, PLAIN, 0.55),
        (0.5, 0.5, PLAIN, 0.0),
        (2, INF, PLAIN, 0.1),  # nothing is known inside the last bucket
        (NAN, 1, PLAIN, NAN),
        (0, 1, {"0.1": 1, "1": 2}, NAN),
        (0, 1, {"1": 0, "+Inf": 0}, NAN),
        (-5, 0, {"-1": 5, "0": 10, "+Inf": 20}, 0.25),
    ],
)
def test_fraction(lower: float, upper: float, counts: dict[str, float | None], expected: float) -> None:
    frame, notes = histogram_fraction(np.array([lower]), np.array([upper]), buckets(counts))
    assert cells(frame)[""][0] == pytest.approx(expected, nan_ok=True)
    assert notes == Notes()
