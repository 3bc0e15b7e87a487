"""The Loki API: envelopes, parameters, partial answers, errors."""

from __future__ import annotations

import pytest

from query.backends.base import BackendError, Failure
from query.execute.settings import ExecuteSettings
from tests.unit.api.loki_fleet import LokiFleet, fails, says, streams, vector

DOWN = fails(BackendError(Failure.UNREACHABLE, "connection refused"))
LINES = {"query_range": streams(({"app": "x"}, [(30, "c"), (10, "a")]))}
MORE = {"query_range": streams(({"app": "x"}, [(20, "b")]), ({"app": "y"}, [(5, "z")]))}


async def test_grafanas_health_check() -> None:
    answer = await LokiFleet(seoul={}).get("query", query="vector(1)+vector(1)", time="4000000000")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "success",
        "data": {"resultType": "vector", "result": [{"metric": {}, "value": [4000000000, "2"]}], "stats": {}},
    }


async def test_lines_are_merged_by_time_and_limited_after_the_merge() -> None:
    fleet = LokiFleet(seoul=LINES, tokyo=MORE)
    answer = await fleet.get("query_range", query='{app=~".+"}', limit="3", start="1", end="100")
    assert answer.json()["data"]["result"] == [
        {"stream": {"app": "x", "cluster": "seoul"}, "values": [["30", "c"], ["10", "a"]]},
        {"stream": {"app": "x", "cluster": "tokyo"}, "values": [["20", "b"]]},
    ]
    assert answer.headers["x-lma-complete"] == "true"
    assert answer.headers["x-lma-clusters-asked"] == "seoul,tokyo"
    assert fleet.backends["seoul"].queries("query_range") == ['{app=~".+"}']


async def test_matchers_choose_clusters() -> None:
    fleet = LokiFleet(seoul=LINES, tokyo=MORE)
    answer = await fleet.get("query_range", query='{app="x", cluster="tokyo"}')
    assert answer.headers["x-lma-clusters-asked"] == "tokyo"
    assert fleet.backends["seoul"].asked == []


async def test_a_missing_cluster_is_named() -> None:
    fleet = LokiFleet(seoul=LINES, tokyo={"query_range": DOWN})
    answer = await fleet.get("query_range", query='{app="x"}')
    assert answer.status_code == 200
    assert [len(stream["values"]) for stream in answer.json()["data"]["result"]] == [2]
    assert 'cluster "tokyo" is missing from this answer (unreachable)' in answer.json()["warnings"][0]
    assert answer.headers["x-lma-complete"] == "false"
    assert answer.headers["x-lma-clusters-missing"] == "tokyo=unreachable"


async def test_strict_mode_wants_every_cluster() -> None:
    fleet = LokiFleet(seoul=LINES, tokyo={"query_range": DOWN})
    answer = await fleet.post("query_range", "query={app%3D%22x%22}&partial_response=false")
    assert answer.status_code == 503
    assert "tokyo: unreachable: connection refused" in answer.text
    assert answer.headers["x-lma-clusters-missing"] == "tokyo=unreachable"


async def test_nobody_answers() -> None:
    answer = await LokiFleet(seoul={"query_range": DOWN}).get("query_range", query='{app="x"}')
    assert (answer.status_code, answer.text) == (503, "no cluster answered: seoul: unreachable: connection refused")


async def test_a_dead_cluster_does_not_stand_in_the_way_of_planning() -> None:
    dead = {"label/cluster/values": DOWN, "query_range": DOWN}
    answer = await LokiFleet(seoul=LINES, tokyo=dead).get("query_range", query='{cluster=~"seoul|tokyo", app="x"}')
    assert answer.status_code == 200
    assert answer.headers["x-lma-clusters-missing"] == "tokyo=unreachable"


async def test_partial_sums_are_merged() -> None:
    fleet = LokiFleet(
        seoul={"query": vector(({"app": "x"}, 2), ({"app": "y"}, 1))}, tokyo={"query": vector(({"app": "x"}, 3))}
    )
    answer = await fleet.get("query", query='sum by (app) (rate({app=~".+"}[5m]))', time="1700000000")
    assert answer.json()["data"] == {
        "resultType": "vector",
        "result": [
            {"metric": {"app": "x"}, "value": [1700000000, "5"]},
            {"metric": {"app": "y"}, "value": [1700000000, "1"]},
        ],
        "stats": {"lines": 2},
    }


async def test_a_cluster_missing_from_one_side_of_a_ratio_is_left_out_of_both() -> None:
    counts = {'sum(rate({app="x"}[5m]))': 6.0, 'sum(rate({app="y"}[5m]))': 2.0}

    def partly(request: object) -> object:
        query = dict(request.form)["query"]  # type: ignore[attr-defined]
        if "y" in query:
            return BackendError(Failure.TIMEOUT, "slow")
        return vector(({}, 600.0))(request)  # type: ignore[arg-type]

    def whole(request: object) -> object:
        return vector(({}, counts[dict(request.form)["query"]]))(request)  # type: ignore[attr-defined, arg-type]

    fleet = LokiFleet(seoul={"query": whole}, tokyo={"query": partly})  # type: ignore[dict-item]
    answer = await fleet.get("query", query='sum(rate({app="x"}[5m])) / sum(rate({app="y"}[5m]))', time="1")
    assert answer.json()["data"]["result"] == [{"metric": {}, "value": [1, "3"]}]
    assert answer.headers["x-lma-clusters-missing"] == "tokyo=timeout"


async def test_absence_needs_every_cluster() -> None:
    fleet = LokiFleet(seoul={"query": vector(({"app": "x"}, 1))}, tokyo={"query": DOWN})
    answer = await fleet.get("query", query='absent_over_time({app="x"}[5m])', time="1")
    assert answer.status_code == 503
    assert "absent_over_time can't be decided without every cluster" in answer.text


async def test_absence_is_where_every_cluster_says_so() -> None:
    query = 'absent_over_time({app="x", env=~".+"}[5m])'
    fleet = LokiFleet(seoul={"query": vector(({"app": "x"}, 1))}, tokyo={"query": vector(({"app": "x"}, 1))})
    assert (await fleet.get("query", query=query, time="1")).json()["data"]["result"] == [
        {"metric": {"app": "x"}, "value": [1, "1"]}
    ]
    fleet = LokiFleet(seoul={"query": vector(({"app": "x"}, 1))}, tokyo={"query": vector()})
    assert (await fleet.get("query", query=query, time="1")).json()["data"]["result"] == []


async def test_categorized_labels_are_asked_for_and_told() -> None:
    fleet = LokiFleet(seoul=LINES)
    answer = await fleet.post(
        "query_range", "query={app%3D%22x%22}", {"X-Loki-Response-Encoding-Flags": "categorize-labels"}
    )
    assert answer.json()["data"]["encodingFlags"] == ["categorize-labels"]
    asked = fleet.backends["seoul"].asked[-1]
    assert asked.headers == {"X-Loki-Response-Encoding-Flags": "categorize-labels"}


async def test_metric_ranges_are_aligned_to_the_step() -> None:
    empty = says(200, {"status": "success", "data": {"resultType": "matrix", "result": [], "stats": {}}})
    fleet = LokiFleet(seoul={"query_range": empty})
    await fleet.get("query_range", query='rate({app="x"}[5m])', start="1700000001", end="1700000119", step="60")
    form = dict(fleet.backends["seoul"].asked[-1].form or ())
    assert (form["start"], form["end"], form["step"]) == ("1699999980000000000", "1700000160000000000", "60000ms")


@pytest.mark.parametrize(
    ("path", "params", "status", "text"),
    [
        ("query", {"query": "sum("}, 400, "parse error at line 1, col 5: syntax error: unexpected $end"),
        ("query", {"query": '{app="x"}'}, 400, "log queries are not supported as an instant query type"),
        ("query_range", {"query": '{app="x"}', "limit": "0"}, 400, "limit must be a positive value"),
        ("query_range", {"query": '{app="x"}', "limit": "x"}, 400, 'invalid parameter "limit"'),
        ("query_range", {"query": '{app="x"}', "limit": "6000"}, 400, "max entries limit per query exceeded"),
        ("query_range", {"query": '{app="x"}', "step": "-1"}, 400, "zero or negative query resolution step"),
        ("query_range", {"query": '{app="x"}', "step": "x"}, 400, 'cannot parse "x" to a valid duration'),
        ("query_range", {"query": '{app="x"}', "start": "1", "end": "99999", "step": "1"}, 400, "maximum resolution"),
        ("query_range", {"query": '{app="x"}', "start": "2", "end": "1"}, 400, "end timestamp must not be before"),
        ("query_range", {"query": '{app="x"}', "start": "soon"}, 400, 'cannot parse "soon" as a timestamp'),
        ("query_range", {"query": '{app="x"}', "since": "x"}, 400, 'invalid parameter "since"'),
        ("query_range", {"query": '{app="x"}', "direction": "up"}, 400, "invalid direction 'up'"),
        ("query_range", {"query": '{app="x"}', "interval": "-5"}, 400, "interval must be >= 0"),
        ("query_range", {"query": '{app="x"}', "interval": "5s"}, 400, "cannot compute interval exactly"),
        ("query_range", {"query": '{cluster="seoul"} | cluster>1'}, 400, "cannot compute | cluster > …"),
        ("query_range", {"query": '{app="x"}', "partial_response": "maybe"}, 400, "invalid syntax"),
        ("series", {"match[]": '{app="x"'}, 400, "unexpected $end, expecting } or ,"),
        ("labels", {"query": "sum("}, 400, "parse error at line 1"),
        ("index/stats", {"query": "{}"}, 400, "queries require at least one"),
        ("index/volume", {"query": '{app="x"}', "aggregateBy": "x"}, 400, "invalid aggregation option"),
        ("nothing", {}, 404, "there is no /loki/api/v1/nothing"),
        ("patterns", {"query": "{}"}, 400, "queries require at least one"),
        ("detected_fields", {"query": 'rate({app="x"}[5m])'}, 400, "only log selector is supported"),
        ("detected_fields", {"query": '{app="x"}', "line_limit": "6000"}, 400, "max entries limit per query exceeded"),
        ("index/shards", {"query": '{app="x"}'}, 400, "targetBytesPerShard must be a positive value"),
    ],
)  # fmt: skip
async def test_bad_input(path: str, params: dict[str, str], status: int, text: str) -> None:
    answer = await LokiFleet(seoul=LINES, tokyo=MORE).get(path, **params)
    assert answer.status_code == status
    assert text in answer.text
    assert answer.headers["content-type"].startswith("text/plain")


async def test_format_query_answers_json_either_way() -> None:
    fleet = LokiFleet(seoul={})
    assert (await fleet.get("format_query", query='{ a="b" }|json')).json() == {
        "status": "success",
        "data": '{a="b"} | json',
    }
    refused = await fleet.get("format_query", query="sum(")
    assert refused.status_code == 400
    assert refused.json() == {
        "status": "invalid-query",
        "error": "parse error at line 1, col 5: syntax error: unexpected $end",
    }


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (says(400, b"parse error : template: unclosed action"), 400, "template: unclosed action"),
        (says(500, b"multiple matches for labels: many-to-one"), 500, "multiple matches for labels"),
        (says(200, b"<html>hello</html>"), 503, "is not an answer of the Loki API: <html>hello</html>"),
        (says(502, b"<html>bad gateway</html>"), 503, "HTTP 502"),
    ],
)
async def test_what_a_clusters_error_means(answer: object, status: int, text: str) -> None:
    fleet = LokiFleet(seoul={"query_range": answer})  # type: ignore[dict-item]
    got = await fleet.get("query_range", query='{app="x"} | line_format "{{"')
    assert got.status_code == status
    assert text in got.text


async def test_a_selector_on_a_hidden_label_alone_is_covered_by_a_label_all_streams_have() -> None:
    found = {"labels": says(200, {"status": "success", "data": ["app", "service_name"]})}
    fleet = LokiFleet(seoul={**LINES, **found, "series": says(200, {"status": "success", "data": []})}, tokyo=MORE)
    await fleet.get("query_range", query='{cluster="seoul"}')
    assert fleet.backends["seoul"].queries("query_range") == ['{service_name=~".+"}']


async def test_a_selector_on_a_hidden_label_alone_is_refused_without_such_a_label() -> None:
    streams_found = {"status": "success", "data": [{"app": "x"}, {"job": "y"}]}
    found = {"labels": says(200, {"status": "success", "data": ["app", "job"]}), "series": says(200, streams_found)}
    answer = await LokiFleet(seoul={**LINES, **found}).get("query_range", query='{cluster="seoul"}')
    assert answer.status_code == 400
    assert "no label was found that all of its streams carry" in answer.text


async def test_a_smaller_line_limit_can_be_configured() -> None:
    fleet = LokiFleet(ExecuteSettings(log_lines=10), seoul=LINES)
    assert (await fleet.get("query_range", query='{app="x"}', limit="11")).status_code == 400
    assert (await fleet.get("query_range", query='{app="x"}', limit="10")).status_code == 200
