"""Parameters are read as Prometheus reads them."""

import pytest

from query.api.params import parse_duration_ms, parse_flag, parse_limit, parse_time_ms
from query.model.errors import BadRequestError


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("0", 0),
        ("1435781451.781", 1435781451781),
        ("1435781451", 1435781451000),
        ("1.4357814517810e9", 1435781451781),
        ("-1.5", -1500),
        (".5", 500),
        ("1600000000.1234", 1600000000123),
        ("1750003200.0625", 1750003200063),
        ("-0.0625", -63),
        ("2015-07-01T20:10:51.781Z", 1435781451781),
        ("2015-07-01T22:10:51+02:00", 1435781451000),
        ("2015-07-01T20:10:51.781999999Z", 1435781451781),
    ],
)
def test_times(text: str, ms: int) -> None:
    assert parse_time_ms("time", text) == ms


@pytest.mark.parametrize(
    "text", ["", "now", "2015-07-01", "1e400", "NaN", "inf", "1_000", "2015-13-01T00:00:00Z", " 1"]
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(BadRequestError, match=r'invalid parameter "time": cannot parse ".*" to a valid timestamp'):
        parse_time_ms("time", text)


@pytest.mark.parametrize(
    ("text", "ms"), [("15", 15_000), ("0.5", 500), ("1m30s", 90_000), ("1d", 86_400_000), ("-1", -1000)]
)
def test_durations(text: str, ms: int) -> None:
    assert parse_duration_ms("step", text) == ms


@pytest.mark.parametrize("text", ["", "5x", "1e30", "NaN", "s"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(BadRequestError, match="to a valid duration"):
        parse_duration_ms("step", text)


def test_limits_and_flags() -> None:
    assert (parse_limit("limit", ""), parse_limit("limit", "12")) == (0, 12)
    with pytest.raises(BadRequestError, match="non-negative"):
        parse_limit("limit", "-1")
    with pytest.raises(BadRequestError):
        parse_limit("limit", "many")
    assert parse_flag("partial_response", "F", default=True) is False
    with pytest.raises(BadRequestError, match="neither true nor false"):
        parse_flag("partial_response", "maybe", default=True)
