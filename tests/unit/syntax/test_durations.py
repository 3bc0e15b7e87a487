from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from query.model.errors import BadQueryError
from query.syntax.durations import MAX_MS, format_duration, parse_duration, to_seconds

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@pytest.mark.parametrize(
    ("text", "ms", "printed"),
    [
        ("0", 0, "0s"),
        ("0s", 0, "0s"),
        ("1ms", 1, "1ms"),
        ("1s", 1_000, "1s"),
        ("1500ms", 1_500, "1s500ms"),
        ("5m", 300_000, "5m"),
        ("90s", 90_000, "1m30s"),
        ("1h30m", 90 * 60_000, "1h30m"),
        ("24h", DAY_MS, "1d"),
        ("1d12h", 36 * HOUR_MS, "1d12h"),
        ("1w", 7 * DAY_MS, "1w"),
        ("8d", 8 * DAY_MS, "8d"),
        ("14d", 14 * DAY_MS, "2w"),
        ("365d", 365 * DAY_MS, "1y"),
        ("1y1d", 366 * DAY_MS, "366d"),
        ("1y7d", 372 * DAY_MS, "372d"),
        ("1y2w3d4h5m6s7ms", 382 * DAY_MS + 4 * HOUR_MS + 5 * 60_000 + 6_007, "382d4h5m6s7ms"),
        ("007s", 7_000, "7s"),
        ("292y", 292 * 365 * DAY_MS, "292y"),
    ],
)
def test_duration_is_read_and_printed(text: str, ms: int, printed: str) -> None:
    assert parse_duration(text) == ms
    assert format_duration(ms) == printed
    assert parse_duration(printed) == ms


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty duration string"),
        ("1", 'not a valid duration string: "1"'),
        ("s", 'not a valid duration string: "s"'),
        ("-5m", 'not a valid duration string: "-5m"'),
        (" 5m", "not a valid duration string"),
        ("5m ", 'unknown unit "m "'),
        ("5m3", 'not a valid duration string: "5m3"'),
        ("1m1h", 'not a valid duration string: "1m1h"'),
        ("1m1m", "not a valid duration string"),
        ("1ms1s", "not a valid duration string"),
        ("5q", 'unknown unit "q" in duration "5q"'),
        ("5M", 'unknown unit "M"'),
        ("1.5h", 'unknown unit "." in duration "1.5h"'),
        ("1µs", 'unknown unit "µs"'),
        ("293y", "duration out of range"),
        ("9" * 20 + "s", "duration out of range"),
        ("9" * 21 + "s", "not a valid duration string"),
        ("292y365d", "duration out of range"),
    ],
)
def test_what_is_no_duration_is_refused(text: str, message: str) -> None:
    with pytest.raises(BadQueryError, match=message):
        parse_duration(text)


@given(st.integers(0, MAX_MS))
def test_any_duration_survives_printing(ms: int) -> None:
    assert parse_duration(format_duration(ms)) == ms
    assert format_duration(-ms) == ("0s" if ms == 0 else f"-{format_duration(ms)}")


def test_seconds_are_summed_as_go_does() -> None:
    assert to_seconds(0) == 0
    assert to_seconds(1_500) == 1.5
    assert to_seconds(-1_500) == -1.5
    assert to_seconds(1_001) == 1 + 1 / 1000
    assert to_seconds(9_007_199_254_740_993) == 9_007_199_254_740 + 993 / 1000
