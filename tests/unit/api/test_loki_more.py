"""What the Loki API passes on and adds up beside queries: writes, rules, patterns, limits, tags."""

from __future__ import annotations

import httpx
import yaml

from query.api.loki_writes import MOST_BYTES
from query.backends.base import BackendError, Failure
from tests.unit.api.loki_fleet import LokiFleet, fails, says

EMPTY = says(200, {"status": "success", "data": {"resultType": "streams", "result": [], "stats": {}}})


async def test_patterns_add_up_by_text_and_level() -> None:
    def pattern(text: str, level: str, *samples: tuple[int, int]) -> dict[str, object]:
        return {"pattern": text, "level": level, "samples": [list(sample) for sample in samples]}

    fleet = LokiFleet(
        seoul={"patterns": says(200, {"status": "success", "data": [pattern("a <_>", "info", (0, 1), (60, 2))]})},
        tokyo={
            "patterns": says(
                200,
                {"status": "success", "data": [pattern("a <_>", "info", (60, 3)), pattern("a <_>", "warn", (0, 9))]},
            )
        },
    )
    answer = await fleet.get("patterns", query='{app="x"}', step="60s")
    assert answer.json()["data"] == [
        pattern("a <_>", "warn", (0, 9)),
        pattern("a <_>", "info", (0, 1), (60, 5)),
    ]


async def test_tags_are_passed_on_without_what_a_header_must_not_hold() -> None:
    fleet = LokiFleet(seoul={"query_range": EMPTY})
    await fleet.post("query_range", "query={app%3D%22x%22}", {"X-Query-Tags": 'Source=logvolhist,x="y"'})
    assert fleet.backends["seoul"].asked[-1].headers == {"X-Query-Tags": "Source=logvolhist,x=_y_"}


async def test_limits_are_those_that_hold_everywhere() -> None:
    def limits(**found: object) -> object:
        return says(200, {"limits": found, "pattern_ingester_enabled": True, "version": "3"})

    fleet = LokiFleet(
        seoul={"drilldown-limits": limits(max_query_series=500, volume_enabled=True)},  # type: ignore[dict-item]
        tokyo={"drilldown-limits": limits(max_query_series=100, volume_enabled=False)},  # type: ignore[dict-item]
    )
    body = (await fleet.get("drilldown-limits")).json()
    assert body["limits"] == {
        "max_query_series": 100,
        "volume_enabled": False,
        "max_entries_limit_per_query": 5000,
    }
    assert body["pattern_ingester_enabled"] is True


async def test_without_limits_there_is_no_such_page() -> None:
    fleet = LokiFleet(seoul={"drilldown-limits": says(401, b"no org id")})
    assert (await fleet.get("drilldown-limits")).status_code == 404


async def test_a_write_goes_to_the_named_cluster_once() -> None:
    broken = fails(BackendError(Failure.BROKEN, "connection reset"))
    fleet = LokiFleet(seoul={"push": says(204, b"")}, tokyo={"push": broken})
    headers = {"X-LMA-Cluster": "seoul", "Content-Type": "application/x-protobuf", "Cookie": "a=b"}
    assert (await fleet.write("push", b"\x00", headers)).status_code == 204
    (sent,) = fleet.backends["seoul"].asked
    assert (sent.content, sent.headers) == (b"\x00", {"content-type": "application/x-protobuf"})
    lost = await fleet.write("push", b"\x00", {"X-LMA-Cluster": "tokyo"})
    assert lost.status_code == 503
    assert "tokyo: broken: connection reset" in lost.text
    assert len(fleet.backends["tokyo"].asked) == 1


async def test_a_write_that_is_too_large_is_refused() -> None:
    fleet = LokiFleet(seoul={"push": says(204, b"")})
    answer = await fleet.write("push", b"x" * (MOST_BYTES + 1), {"X-LMA-Cluster": "seoul"})
    assert answer.status_code == 413
    assert fleet.backends["seoul"].asked == []


async def test_rules_carry_their_clusters_labels() -> None:
    rules = {"team": [{"name": "g", "rules": [{"alert": "Down", "expr": "x", "labels": {"severity": "page"}}]}]}
    fleet = LokiFleet(
        seoul={"rules": says(200, yaml.safe_dump(rules).encode())},
        tokyo={"rules": says(404, b"no rule groups found")},
    )
    answer = await fleet.get("rules")
    assert yaml.safe_load(answer.text) == {
        "team": [
            {
                "name": "g",
                "rules": [{"alert": "Down", "expr": "x", "labels": {"severity": "page", "cluster": "seoul"}}],
            }
        ]
    }
    assert answer.headers["x-lma-complete"] == "true"


async def test_a_namespace_cannot_leave_its_place_in_the_path() -> None:
    fleet = LokiFleet(seoul={})
    await fleet.get("rules/..%3Fx=1")
    assert fleet.backends["seoul"].asked[-1].path == "/loki/api/v1/rules/..%3Fx%3D1"


async def test_alerts_carry_their_clusters_labels() -> None:
    alerts = {"status": "success", "data": {"alerts": [{"labels": {"alertname": "Down"}, "state": "firing"}]}}
    fleet = LokiFleet(seoul={"/prometheus/api/v1/alerts": says(200, alerts)})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(fleet.app), base_url="http://gateway") as client:
        answer = await client.get("/loki/prometheus/api/v1/alerts")
    assert answer.json()["data"]["alerts"] == [{"labels": {"alertname": "Down", "cluster": "seoul"}, "state": "firing"}]


async def test_a_query_is_explained_without_being_asked() -> None:
    fleet = LokiFleet(seoul={}, tokyo={})
    answer = await fleet.get("query_explain", query='sum(rate({app="x"}[5m]))', time="1")
    told = answer.json()["data"]
    assert (told["language"], told["exactness"], told["lane"]) == ("logql", "rounded", "arrays")
    assert [(sent["cluster"], sent["query"]) for sent in told["queries"]] == [
        ("seoul", 'sum(rate({app="x"}[5m]))'),
        ("tokyo", 'sum(rate({app="x"}[5m]))'),
    ]
    assert not fleet.backends["seoul"].queries("query")
    text = (await fleet.get("query_range_explain", query='{app="x"} | json', format="text")).text
    assert "lines  [merged, exact" in text
    assert (await fleet.get("query_explain", query='{app="x"}', format="text")).status_code == 400
    assert (await fleet.get("query_explain", query="vector(1)", format="xml")).status_code == 400


async def test_numbers_less_exact_than_asked_for_are_refused_by_node_and_rule() -> None:
    fleet = LokiFleet(seoul={}, tokyo={})
    answer = await fleet.get("query", query='sum(rate({app="x"}[5m]))', time="1", exactness="exact")
    assert answer.status_code == 400
    assert "it would be rounded: floats of several clusters are added in another order" in answer.text
    assert (await fleet.get("query", query="vector(1)", exactness="perfect")).status_code == 400
    assert (await fleet.get("query", query="vector(1)", time="1", exactness="exact")).status_code == 200
