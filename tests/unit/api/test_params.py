"""Parameters are read as Prometheus reads them."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from query.api.go_times import MAX_TIME, MIN_TIME, go_time
from query.api.go_values import go_bool, go_duration_text, go_float, go_int
from query.api.params import (
    Params,
    parse_duration_ns,
    parse_flag,
    parse_limit,
    parse_optional_time,
    parse_time,
)
from query.model.errors import BadQueryError, BadRequestError

NS_PER_S = 1_000_000_000


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("0", 0),
        ("1435781451.781", 1435781451781),
        ("1435781451", 1435781451000),
        ("1.4357814517810e9", 1435781451781),
        ("-1.5", -1500),
        (".5", 500),
        ("1_000", 1_000_000),
        ("0x1p4", 16_000),
        ("1600000000.1234", 1600000000123),
        ("1750003200.0625", 1750003200063),
        ("-0.0625", -63),
        ("2015-07-01T20:10:51.781Z", 1435781451781),
        ("2015-07-01T20:10:51,781Z", 1435781451781),
        ("2015-07-01T22:10:51+02:00", 1435781451000),
        ("2015-07-01T20:10:51.781999999999999Z", 1435781451781),
        ("2025-06-15T6:30:00Z", 1749969000000),
        ("2025-06-15T16:30:00+24:00", 1749918600000),
        ("9999-12-31T23:59:59Z", -4852116232933),
        ("0000-01-01T00:00:00Z", -6826986978871),
        ("NaN", -9223372036854),
        ("-inf", -9223372036854),
        ("1e17", -2537764290115),
        ("1e19", 0),
    ],
)
def test_times_a_query_is_evaluated_at(text: str, ms: int) -> None:
    assert parse_time("time", text).query_ms == ms


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("9999-12-31T23:59:59.5Z", 253402300799500),
        ("0001-01-01T00:00:00Z", -62135596800000),
        ("-292273086-05-16T16:47:06Z", -9223309901257974000),
        ("-1.5", -1500),
    ],
)
def test_times_of_metadata_reach_further(text: str, ms: int) -> None:
    assert parse_time("start", text).stamp_ms == ms


def test_the_bounds_upstream_writes_are_the_furthest_times() -> None:
    assert go_time("-292273086-05-16T16:47:06Z") == MIN_TIME
    assert go_time("292277025-08-18T07:12:54.999999999Z") == MAX_TIME
    assert parse_optional_time("end", "", MAX_TIME) is MAX_TIME


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2015-07-01",
        "1e400",
        "0x10",
        "1__0",
        "_1",
        "+nan",
        "2015-13-01T00:00:00Z",
        "2025-02-29T00:00:00Z",
        "2025-06-15 16:30:00Z",
        "2025-06-15t16:30:00z",
        "2025-06-15T24:00:00Z",
        "2025-06-15T16:30:60Z",
        "2025-06-15T16:30:00.Z",
        "2025-06-15T16:30:00",
        " 1",
        "1" * 5000,
    ],
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(BadRequestError, match=r'invalid parameter "time": cannot parse ".*" to a valid timestamp'):
        parse_time("time", text)


def test_an_optional_time_names_itself_twice_as_upstream_does() -> None:
    told = 'invalid parameter "time": invalid time value for \'time\': cannot parse "x" to a valid timestamp'
    with pytest.raises(BadRequestError, match=told):
        parse_optional_time("time", "x", None)


@pytest.mark.parametrize(
    ("text", "ns"),
    [("15", 15 * NS_PER_S), ("0.5", NS_PER_S // 2), ("1m30s", 90 * NS_PER_S), ("-1", -NS_PER_S), ("1e-10", 0)],
)
def test_durations(text: str, ns: int) -> None:
    assert parse_duration_ns("step", text) == ns


@pytest.mark.parametrize("text", ["", "5x", "1e30", "NaN", "s", "-5m", "Inf"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(BadRequestError, match="to a valid duration"):
        parse_duration_ns("step", text)


def test_limits_and_flags() -> None:
    assert (parse_limit("limit", ""), parse_limit("limit", "12"), parse_limit("limit", "+3")) == (0, 12, 3)
    with pytest.raises(BadRequestError, match="non-negative"):
        parse_limit("limit", "-1")
    with pytest.raises(BadRequestError, match=r'strconv.Atoi: parsing "many": invalid syntax'):
        parse_limit("limit", "many")
    assert parse_flag("partial_response", "F", default=True) is False
    with pytest.raises(BadRequestError, match=r'strconv.ParseBool: parsing "maybe": invalid syntax'):
        parse_flag("partial_response", "maybe", default=True)


def test_go_values() -> None:
    assert (go_float("1_0.5e1_0"), go_float("0x_ff.8p0"), go_float("1_")) == (10.5e10, 255.5, None)
    assert (go_bool("T"), go_bool("0")) == (True, False)
    with pytest.raises(ValueError, match=r'strconv.ParseInt: parsing "3000000000": value out of range'):
        go_int("3000000000", function="ParseInt", most=2**31 - 1)
    with pytest.raises(ValueError, match="value out of range"):
        go_int("9" * 10_000)


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0s"),
        (-NS_PER_S, "-1s"),
        (-100_000, "-100µs"),
        (1_500_000, "1.5ms"),
        (7, "7ns"),
        (3_600 * NS_PER_S + 1, "1h0m0.000000001s"),
        (90 * NS_PER_S, "1m30s"),
    ],
)
def test_durations_are_printed_as_go_prints_them(ns: int, text: str) -> None:
    assert go_duration_text(ns) == text


async def _params(method: str, url: str, body: bytes = b"", content_type: str = "") -> Params:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [(b"content-type", content_type.encode())] if content_type else []
    scope = {"type": "http", "method": method, "path": "/", "query_string": url.encode(), "headers": headers}
    return await Params.of(Request(scope, receive))


async def test_the_body_comes_before_the_url() -> None:
    form = "application/x-www-form-urlencoded; charset=utf-8"
    params = await _params("POST", "a=url&b=url", b"a=body+1&c=%C3%A9", form)
    assert (params.get("a"), params.get("b"), params.get("c")) == ("body 1", "url", "é")
    assert params.all("a") == ("body 1", "url")


@pytest.mark.parametrize(
    ("url", "fault"), [("a=%zz&b=1", 'invalid URL escape "%zz"'), ("a=1;2&b=1", "invalid semicolon separator in query")]
)
async def test_a_pair_that_does_not_decode_is_left_out_and_remembered(url: str, fault: str) -> None:
    params = await _params("GET", url)
    assert params.pairs == (("b", "1"),)
    with pytest.raises(BadQueryError, match=fault):
        params.require_wellformed()


async def test_a_body_that_is_no_form_is_refused() -> None:
    with pytest.raises(BadRequestError, match="application/json"):
        await _params("POST", "", b"{}", "application/json")
    with pytest.raises(BadRequestError, match="UTF-8"):
        await _params("GET", "a=%ff")
