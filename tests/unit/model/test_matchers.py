"""Matchers mean what they mean in Prometheus."""

import pytest

from query.model.errors import BadQueryError
from query.model.matchers import Matcher, MatchOp


@pytest.mark.parametrize(
    ("op", "pattern", "value", "expected"),
    [
        (MatchOp.EQUAL, "a", "a", True),
        (MatchOp.EQUAL, "", "", True),
        (MatchOp.NOT_EQUAL, "a", "", True),
        (MatchOp.NOT_EQUAL, "", "", False),
        (MatchOp.REGEX, "a|b", "b", True),
        (MatchOp.REGEX, "a|b", "ab", False),
        (MatchOp.REGEX, ".*", "", True),
        (MatchOp.REGEX, ".+", "", False),
        (MatchOp.REGEX, "a.b", "a\nb", True),
        (MatchOp.REGEX, "(?i)SEOUL", "seoul", True),
        (MatchOp.NOT_REGEX, "a|b", "c", True),
        (MatchOp.NOT_REGEX, "a|b", "a", False),
        (MatchOp.REGEX, "서울", "서울", True),
    ],
)
def test_a_matcher_decides_as_prometheus_does(op: MatchOp, pattern: str, value: str, *, expected: bool) -> None:
    assert Matcher("cluster", op, pattern).matches(value) is expected


@pytest.mark.parametrize("pattern", ["(", "a**", "(?=x)", r"\1", "[z-a]"])
def test_a_pattern_that_is_not_re2_is_a_bad_query(pattern: str) -> None:
    with pytest.raises(BadQueryError, match="error parsing regexp"):
        Matcher("cluster", MatchOp.REGEX, pattern).matches("x")


def test_a_pattern_that_would_take_exponential_time_elsewhere_takes_none() -> None:
    assert not Matcher("cluster", MatchOp.REGEX, "(a+)+b").matches("a" * 5000)
