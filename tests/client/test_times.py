from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lma.client.errors import InvalidRequestError
from lma.client.times import MAX_NS, Time, duration_ns, seconds_text, to_datetime, to_ns

NOW = 1_700_000_000_000_000_000
S = 1_000_000_000


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("now", NOW),
        (" now ", NOW),
        ("-1h", NOW - 3600 * S),
        ("now-1h30m", NOW - 5400 * S),
        ("now - 1h", NOW - 3600 * S),
        ("+5m", NOW + 300 * S),
        ("-1.5s", NOW - 1_500_000_000),
        ("-2w3d", NOW - 17 * 86_400 * S),
        (0, 0),
        (1_700_000_000, NOW),
        (1_700_000_000.25, NOW + 250_000_000),
        (-0.25, -250_000_000),
        ("1700000000", NOW),
        ("1700000000.123456789", NOW + 123_456_789),
        ("-5", -5 * S),
        ("1.7e9", NOW),
        ("1970-01-02T00:00:00Z", 86_400 * S),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:00.123456789Z", 123_456_789),
        ("1970-01-01T00:00:00.5", 500_000_000),
        ("1970-01-02", 86_400 * S),
        (datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC), S + 5_000),
        (datetime(1970, 1, 1, 0, 0, 1), S),  # noqa: DTZ001 — no zone means UTC, that is the point
        (datetime(1970, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), 0),
        (pd.Timestamp("1970-01-01T00:00:02Z"), 2 * S),
    ],
)
def test_every_form_of_a_time_is_read(value: Time, expected: int) -> None:
    assert to_ns(value, now_ns=NOW) == expected


@pytest.mark.parametrize(
    "value",
    [
        *("", "yesterday", "1h", "now-", "now-x", "-", "2026-13-01", "2026-01-01T25:00:00Z"),
        *("nan", "inf", "1e999", "9" * 5_000, "-" + "9" * 60 + "y", float("nan"), float("inf"), 1e300),
    ],
)
def test_what_is_no_time_is_refused_with_the_forms_there_are(value: Time) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        to_ns(value, now_ns=NOW)
    assert "RFC 3339" in caught.value.remedy


@pytest.mark.parametrize(
    ("value", "expected"), [("1h30m", 5400 * S), ("15", 15 * S), (15, 15 * S), (0.5, S // 2), ("1ms", 1_000_000)]
)
def test_durations(value: float | str, expected: int) -> None:
    assert duration_ns(value) == expected


@pytest.mark.parametrize("value", ["", "0", "0s", "-1h", "1x", 0, -3, "9" * 400, float("nan")])
def test_what_is_no_duration_is_refused(value: float | str) -> None:
    with pytest.raises(InvalidRequestError):
        duration_ns(value)


@given(st.integers(-MAX_NS + S, MAX_NS - S))
def test_decimal_seconds_read_back_to_the_millisecond(time_ns: int) -> None:
    again = to_ns(seconds_text(time_ns), now_ns=NOW)
    assert 0 <= time_ns - again < 1_000_000


@given(st.integers(-MAX_NS + S, MAX_NS - S))
def test_a_datetime_reads_back_to_the_microsecond(time_ns: int) -> None:
    assert 0 <= time_ns - to_ns(to_datetime(time_ns)) < 1_000


@given(st.text(max_size=80))
def test_no_text_makes_anything_but_a_time_or_a_clear_refusal(text: str) -> None:
    try:
        assert -MAX_NS <= to_ns(text, now_ns=NOW) <= MAX_NS
    except InvalidRequestError as error:
        assert error.remedy  # noqa: PT017 — either outcome is right, so raises() does not fit
