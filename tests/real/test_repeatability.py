"""Which queries one server itself does not repeat to the bit."""

from __future__ import annotations

import pytest

from tests.real.asking import LATE, UNEVEN, When
from tests.real.repeatability import adds_in_random_order


@pytest.mark.parametrize(
    ("query", "when", "is_random"),
    [
        ("stddev(x * on (a) group_left () y)", UNEVEN, True),
        ("stddev(x * on (a) group_left () y)", LATE, False),
        ("sum(abs(x))", UNEVEN, True),
        ("sum(-x)", UNEVEN, True),
        ("max(sum by (a) (topk(3, x)))", UNEVEN, True),
        ("sum(max_over_time((x * 2)[5m:1m]))", LATE, True),
        ("max(x * 2)", UNEVEN, False),
        ("avg(x) * 2", UNEVEN, False),
        ("sum(rate(x[5m]))", UNEVEN, False),
        ("sum(quantile_over_time(1 / 2, x[5m]))", UNEVEN, False),
        ('sum(label_replace(x, "a", "$1", "b", "(.*)"))', UNEVEN, False),
    ],
)
def test_sums_over_what_comes_from_a_map_are_not_repeatable(query: str, when: When, *, is_random: bool) -> None:
    assert adds_in_random_order(query, when) is is_random
