"""Status, headers and body of every kind of request, field by field those of one Prometheus holding everything."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.real.corpus import Entry, read_corpus
from tests.real.dataset import END_S, MIDDLE_S
from tests.real.fleet import Fleet
from tests.real.gateway import Gateway

BOUNDS = "start=-292273086-05-16T16:47:06Z&end=292277025-08-18T07:12:54.999999999Z"

TIMES = (
    "abc", "1e400", "inf", "-Inf", "NaN", "+nan", "0x10", "0x1p5", "0x1p-2", "1_000", "1e5_0", "1__0", "+5", " 5", ".5",
    "5.", "1e9", "-100", "1750003200.0005", "1750003200.00049", "9223372036", "92233720368547", "1e17", "-1e17", "1e19",
    "2025-06-15T16:30:00", "2025-06-15 16:30:00Z", "2025-06-15t16:30:00z", "2025-06-15T16:30:00,5Z",
    "2025-06-15T16:30:00.1234567891234Z", "2025-02-30T16:30:00Z", "2025-06-15T24:00:00Z", "2025-06-15T16:30:60Z",
    "0001-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "-292273086-05-16T16:47:06Z",
    "292277025-08-18T07:12:54.999999999Z", "2025-06-15T16:30:00%2B24:00", "2025-06-15T16:30:00%2B05:60",
    "2025-06-15T6:30:00Z", "2025-06-15T16:30:00.Z", "1%00", "12%223", "%C3%A9",
)  # fmt: skip
AT = f"query=time()&time={MIDDLE_S}"
SPAN = f"start={MIDDLE_S}&end={MIDDLE_S + 100}"
QUERY = (
    *(f"query?query=time()&time={text}" for text in TIMES),
    *(f"query?{AT}&timeout={text}" for text in ("abc", "0", "-1", "-90.5", "-5m", "1y", "1e30", "NaN", "0.0000000001")),
    *(f"query?{AT}&limit={text}" for text in ("abc", "-1", "1.5", "9" * 20, "%2B3", "%203", "0x3", "1_0", "0")),
    *(f"query?{AT}&lookback_delta={text}" for text in ("abc", "-5", "0", "inf", "1w2d", "5%20m")),
    "query?query=(&time=abc", "query?query=(&limit=x&time=abc", "query?query=(&time=abc&timeout=x",
    "query?query=up{&timeout=x", "query?query=1&query=2&time=1", "query?query=1&time=1&time=2",
    f"query?{AT}&foo=%zz&bar=1;2", "query?query=%22a%22&time=1", "query?query=cluster_size[5m]&time=1",
    "query?query=cluster_size%00&time=1",
)  # fmt: skip
RANGES = (
    *(f"query_range?query=time()&{SPAN}&step={text}" for text in (
        "", "abc", "0", "-1", "1e30", "NaN", "0.0001", "0.0000000001", "1ns", "0.09", "1d2h", "1.5d", "5m%20", "0.5",
    )),
    *(f"query_range?query={text}&{SPAN}&step=10" for text in ("up[5m]", '"a"', "1", "(", "", "time()")),
    f"query_range?query=time()&start={MIDDLE_S}&step=10", f"query_range?query=time()&end={MIDDLE_S}&step=10",
    "query_range?query=(&start=x&end=y&step=z", "query_range?query=time()&start=5&end=1&step=z&limit=-1",
    f"query_range?query=time()&start={MIDDLE_S}&end={MIDDLE_S + 11_000}&step=1",
    f"query_range?query=time()&start={MIDDLE_S}&end={MIDDLE_S + 11_000}.9&step=1",
    f"query_range?query=time()&start={MIDDLE_S}&end={MIDDLE_S + 11_001}&step=1",
    "query_range?query=time()&start=2025-06-15T16:30:00.0009Z&end=2025-06-15T16:30:00.0001Z&step=10",
    f"query_range?query=time()&start={MIDDLE_S}.0001&end={MIDDLE_S}.0009&step=10",
)  # fmt: skip
SERIES = (
    "series", "series?match[]={}", "series?match[]=up&match[]={}", "series?match[]=up&x=%zz", "series?match[]=up;1",
    "series?match[]=(", "series?match[]=up&limit=x&start=y", "series?match[]=up&start=y&end=z",
    "series?match[]=seoul_only_gauge", "series?match[]=cluster_size&start=0&end=1",
    f"series?match[]=cluster_size&{BOUNDS}",
    "series?match[]=cluster_size&start=0001-01-01T00:00:00Z&end=9999-12-31T23:59:59Z",
    "series?match[]=cluster_size&start=-inf&end=inf", f"series?match[]=cluster_size&start={END_S}&end=1",
    "labels", f"labels?{BOUNDS}", "labels?start=1e17", "labels?limit=0", "labels?limit=2", "labels?match[]={}",
    "labels?match[]=(", "labels?match[]=(&limit=x", "labels?start=x&limit=-1", "labels?start=5&end=1",
    "label/a%20b/values", "label/U__a_zz/values", "label/U__queue/values", "label/U__a_2e_b/values",
    "label/queue/values?match[]=(", "label/queue/values?start=1&end=x",
    "label/a/b/values", "query_exemplars?query=1", "query_exemplars?query=)", "query_exemplars?query=up",
    "query_exemplars?query=up&start=5&end=3", "query_exemplars?query=up&start=x",
    "query_exemplars?query=sum(rate(up[5m]))", "query_exemplars?query=%22a%22",
    "metadata?limit=x", "metadata?limit=0", "metadata?limit=-1", "metadata?limit_per_metric=x", "metadata",
)  # fmt: skip
DISCOVERY = (
    "targets?state=x", "targets/metadata", "targets/metadata?limit=x", "targets/metadata?match_target=(",
    "targets/metadata?match_target={}", "scrape_pools", "scrape_pools/config", "scrape_pools/config?scrapePool=x",
    "targets/relabel_steps", "targets/relabel_steps?scrapePool=x", "targets/relabel_steps?scrapePool=x&labels={}",
    "alertmanagers", "alerts", "rules", "rules?type=x", "rules?type=ALERT", "rules?exclude_alerts=x",
    "rules?exclude_alerts=TRUE", "rules?group_limit=x", "rules?group_limit=0", "rules?group_limit=-1",
    "rules?group_limit=3000000000", "rules?group_next_token=x", "rules?group_limit=1&group_next_token=x",
    "rules?match[]=(", "rules?match[]={}", "rules?match[]=up", "rules?x=%zz",
)  # fmt: skip
STATUS = (
    "status/tsdb?limit=x", "status/tsdb?limit=0", "status/tsdb?limit=10001", "status/walreplay", "notifications",
    "format_query?query=(", "format_query?query=sum(up)by(a)", "parse_query?query=(", "search/metric_names",
    "query_cost?query=1", "nosuch", "", "write", "admin/tsdb/snapshot",
)  # fmt: skip
METHODS = ("HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PATHS = (
    "label/x/values", "metadata", "targets", "rules", "status/tsdb", "features", "notifications",
    "notifications/live", "nosuch",
)  # fmt: skip


def _told(response: httpx.Response) -> tuple[Any, ...]:
    """Return what clients look at.

    The position of an empty query, which upstream does not know, is no difference, nor is the order of series.
    """
    try:
        body = response.json()
    except ValueError:
        body = response.text
    if isinstance(body, dict) and "error" in body:
        body["error"] = body["error"].replace("unknown position: ", "1:1: ")
    if isinstance(body, dict) and _are_series(body.get("data")):
        body["data"].sort(key=lambda labels: sorted(labels.items()))
    names = ("content-type", "allow", "access-control-allow-origin", "access-control-allow-methods")
    return response.status_code, body, *(response.headers.get(name) for name in names)


def _are_series(data: Any) -> bool:
    return isinstance(data, list) and all(isinstance(item, dict) and "__name__" in item for item in data)


@pytest.mark.parametrize("path", [*QUERY, *RANGES, *SERIES, *DISCOVERY, *STATUS])
def test_a_request_is_answered_as_one_server_answers_it(
    path: str, fleet: Fleet, bare_gateway: Gateway, http: httpx.Client
) -> None:
    expected = http.get(httpx.URL(f"{fleet.union}/api/v1/{path}"), headers={"Origin": "http://a.page"})
    got = http.get(httpx.URL(f"{bare_gateway.prometheus_url}/api/v1/{path}"), headers={"Origin": "http://a.page"})
    assert _told(got) == _told(expected)


@pytest.mark.parametrize(
    "path", [path for path in (*QUERY, *RANGES, *SERIES) if "%zz" not in path and "label/" not in path]
)
def test_a_form_is_answered_as_one_server_answers_it(
    path: str, fleet: Fleet, bare_gateway: Gateway, http: httpx.Client
) -> None:
    url, _, form = path.partition("?")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    expected, got = (
        http.post(f"{base}/api/v1/{url}", content=form.encode(), headers=headers)
        for base in (fleet.union, bare_gateway.prometheus_url)
    )
    assert _told(got) == _told(expected)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", [*PATHS, "query?query=1&time=1"])
def test_a_method_is_answered_as_one_server_answers_it(
    path: str, method: str, fleet: Fleet, bare_gateway: Gateway, http: httpx.Client
) -> None:
    expected, got = (
        http.request(method, f"{base}/api/v1/{path}", headers={"Origin": "http://a.page"})
        for base in (fleet.union, bare_gateway.prometheus_url)
    )
    assert _told(got) == _told(expected)


@pytest.mark.parametrize("accept", ["text/html", "application/xml;q=1", "application/json", "*/*", ""])
def test_json_is_answered_whatever_is_accepted(
    accept: str, fleet: Fleet, bare_gateway: Gateway, http: httpx.Client
) -> None:
    expected, got = (
        http.get(f"{base}/api/v1/query?query=1&time=1", headers={"Accept": accept})
        for base in (fleet.union, bare_gateway.prometheus_url)
    )
    assert _told(got) == _told(expected)


@pytest.mark.parametrize("path", ["write", "otlp/v1/metrics", "admin/tsdb/delete_series", "admin/tsdb/snapshot"])
def test_what_is_not_offered_is_refused_as_a_server_that_has_it_off(
    path: str, fleet: Fleet, bare_gateway: Gateway, http: httpx.Client
) -> None:
    expected, got = (http.post(f"{base}/api/v1/{path}") for base in (fleet.union, bare_gateway.prometheus_url))
    if path != "write":  # which this server takes
        assert got.status_code == expected.status_code
        assert got.headers["content-type"] == expected.headers["content-type"]
    assert (got.is_error, "stores nothing" in got.text) == (True, True)


@pytest.mark.parametrize("entry", read_corpus("promql_corpus.txt"), ids=lambda entry: entry.id)
def test_the_tree_of_a_query_is_upstreams(
    entry: Entry, fleet: Fleet, bare_gateway: Gateway, http: httpx.Client
) -> None:
    expected, got = (
        http.post(f"{base}/api/v1/parse_query", data={"query": entry.query})
        for base in (fleet.union, bare_gateway.prometheus_url)
    )
    assert got.status_code == expected.status_code
    theirs, ours = expected.json(), got.json()
    if "error" in theirs:  # behind the last words that are the same are those of either's library
        theirs["error"], ours["error"] = (told["error"].partition("parsing regexp: ")[0] for told in (theirs, ours))
    assert _sorted_matchers(ours) == _sorted_matchers(theirs)


def _sorted_matchers(tree: Any) -> Any:
    """Return the tree with every list of matchers sorted: the place of a name inside braces is not kept."""
    if isinstance(tree, list):
        return [_sorted_matchers(item) for item in tree]
    if not isinstance(tree, dict):
        return tree
    return {
        key: sorted(sorted(one.items()) for one in value) if key == "matchers" else _sorted_matchers(value)
        for key, value in tree.items()
    }
