"""Pools, pages of rules, status and features: what servers tell of themselves, of all clusters together."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.real.gateway import Gateway
from tests.real.live import LIVE_CLUSTERS, LiveFleet

CONSTANTS = {cluster.name: dict(cluster.constants) for cluster in LIVE_CLUSTERS}
NAMES = sorted(CONSTANTS)


def _get(http: httpx.Client, base: str, path: str, **parameters: Any) -> Any:
    response = http.get(f"{base}/api/v1/{path}", params=parameters)
    assert response.status_code == 200, response.text[:500]
    return response.json()["data"]


@pytest.fixture
def base(live_gateway: Gateway) -> str:
    return live_gateway.prometheus_url


def test_pools_are_those_of_every_cluster(base: str, live: LiveFleet, http: httpx.Client) -> None:
    every = {pool for url in live.prometheus.values() for pool in _get(http, url, "scrape_pools")["scrapePools"]}
    assert _get(http, base, "scrape_pools")["scrapePools"] == sorted(every) != []


def test_the_configuration_of_a_pool_names_the_clusters_that_differ(
    base: str, live: LiveFleet, http: httpx.Client
) -> None:
    own = {
        name: _get(http, url, "scrape_pools/config", scrapePool="shop")["yaml"] for name, url in live.prometheus.items()
    }
    text = _get(http, base, "scrape_pools/config", scrapePool="shop")["yaml"]
    assert text == "---\n".join(f"# cluster {name}\n{own[name]}" for name in NAMES)
    missing = http.get(f"{base}/api/v1/scrape_pools/config", params={"scrapePool": "nosuch"})
    assert (missing.status_code, missing.json()["errorType"]) == (400, "bad_data")
    assert missing.json()["error"] == 'error retrieving scrape config: scrape pool "nosuch" not found'


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"metric": "shop_orders"},
        {"match_target": '{job="shop"}'},
        {"match_target": '{cluster="seoul"}'},
        {"match_target": '{cluster=~".*o.*",job="shop"}', "metric": "shop_wait_seconds"},
        {"match_target": '{cluster="nowhere"}'},
        {"limit": "0"},
    ],
    ids=str,
)
def test_metadata_of_targets_are_those_of_the_union(
    parameters: dict[str, str], base: str, live: LiveFleet, http: httpx.Client
) -> None:
    expected = _get(http, live.union, "targets/metadata", **parameters)
    got = _get(http, base, "targets/metadata", **parameters)
    assert sorted(map(_frozen, got)) == sorted(map(_frozen, expected))


def _frozen(item: dict[str, Any]) -> str:
    return repr(sorted({**item, "target": sorted(item["target"].items())}.items()))


def test_a_page_of_rules_leads_to_the_next(base: str, http: httpx.Client) -> None:
    every = [(group["file"], group["name"]) for group in _get(http, base, "rules")["groups"]]
    assert len(every) == 4
    seen: list[tuple[str, str]] = []
    parameters: dict[str, str] = {"group_limit": "3"}
    for _ in range(2):
        page = _get(http, base, "rules", **parameters)
        seen += [(group["file"], group["name"]) for group in page["groups"]]
        parameters["group_next_token"] = page.get("groupNextToken", "")
    assert seen == every
    assert parameters["group_next_token"] == ""


def test_rules_are_chosen_by_labels_and_files_of_clusters(base: str, http: httpx.Client) -> None:
    of_seoul = _get(http, base, "rules", **{"match[]": '{cluster="seoul",severity="page"}'})["groups"]
    assert [rule["name"] for group in of_seoul for rule in group["rules"]] == ["ShopOpen"]
    unlabelled = _get(http, base, "rules", **{"match[]": ['{cluster="tokyo",severity=""}', '{severity="page"}']})
    found = {(rule["labels"]["cluster"], rule["name"]) for group in unlabelled["groups"] for rule in group["rules"]}
    assert found == {("tokyo", "job:shop_orders:sum"), ("tokyo", "Never"), ("seoul", "ShopOpen"), ("tokyo", "ShopOpen")}
    file = of_seoul[0]["file"]
    assert file.startswith("seoul/")
    assert {group["file"] for group in _get(http, base, "rules", **{"file[]": file})["groups"]} == {file}


def test_relabelling_is_shown_of_the_cluster_asked_for(base: str, http: httpx.Client) -> None:
    labels = '{"cluster":"seoul","__address__":"a:1"}'
    assert _get(http, base, "targets/relabel_steps", scrapePool="shop", labels=labels) == {"steps": []}


def test_run_time_is_told_together_and_of_each(base: str, live: LiveFleet, http: httpx.Client) -> None:
    own = {name: _get(http, url, "status/runtimeinfo") for name, url in live.prometheus.items()}
    got = _get(http, base, "status/runtimeinfo")
    assert got.keys() == own["seoul"].keys() | {"clusters"}
    assert got["clusters"].keys() == own.keys()
    assert got["startTime"] == min(info["startTime"] for info in own.values())
    assert got["GOMAXPROCS"] == sum(info["GOMAXPROCS"] for info in own.values())
    assert got["storageRetention"] == own["seoul"]["storageRetention"]
    assert got["reloadConfigSuccess"] is True


def test_flags_that_differ_name_their_clusters(base: str, live: LiveFleet, http: httpx.Client) -> None:
    own = {name: _get(http, url, "status/flags") for name, url in live.prometheus.items()}
    got = _get(http, base, "status/flags")
    assert got.keys() == own["seoul"].keys()
    assert got["storage.tsdb.retention.time"] == own["seoul"]["storage.tsdb.retention.time"]
    address = "web.listen-address"
    assert got[address] == ", ".join(f"{name}={own[name][address]}" for name in NAMES)


def test_configurations_stand_under_the_names_of_their_clusters(base: str, live: LiveFleet, http: httpx.Client) -> None:
    text = _get(http, base, "status/config")["yaml"]
    assert [line for line in text.splitlines() if not line.startswith(" ")] == [f"{name}:" for name in NAMES]
    own = _get(http, live.prometheus["seoul"], "status/config")["yaml"]
    assert "".join(f"  {line}\n" for line in own.splitlines()) in text


def test_cardinality_is_that_of_the_union(base: str, live: LiveFleet, http: httpx.Client) -> None:
    own = {name: _get(http, url, "status/tsdb", limit=10_000) for name, url in live.prometheus.items()}
    got = _get(http, base, "status/tsdb", limit=3)
    assert got["headStats"]["numSeries"] == sum(one["headStats"]["numSeries"] for one in own.values())
    counts: dict[str, int] = {}
    for one in own.values():
        for entry in one["seriesCountByMetricName"]:
            counts[entry["name"]] = counts.get(entry["name"], 0) + entry["value"]
    assert [entry["value"] for entry in got["seriesCountByMetricName"]] == sorted(counts.values(), reverse=True)[:3]
    every = {
        entry["name"]: entry["value"]
        for entry in _get(http, base, "status/tsdb", limit=10_000)["seriesCountByLabelValuePair"]
    }
    assert every["cluster=seoul"] == own["seoul"]["headStats"]["numSeries"]


def test_blocks_and_replay_are_listed(base: str, http: httpx.Client) -> None:
    assert _get(http, base, "status/tsdb/blocks") == {"blocks": []}
    assert _get(http, base, "status/walreplay").keys() == {"min", "max", "current"}


def test_the_metrics_of_the_servers_themselves_carry_their_clusters(base: str, http: httpx.Client) -> None:
    families = _get(http, base, "status/self_metrics", metric_name_pattern="go_goroutines|prometheus_build_.*")
    assert [family["name"] for family in families] == ["go_goroutines", "prometheus_build_info"]
    for family in families:
        clusters = [{pair["name"]: pair["value"] for pair in one["label"]}["cluster"] for one in family["metric"]]
        assert clusters == NAMES
    wrong = http.get(f"{base}/api/v1/status/self_metrics", params={"metric_name_pattern": "("})
    assert (wrong.status_code, wrong.json()["errorType"]) == (400, "bad_data")
    assert wrong.json()["error"].startswith("invalid metric_name_pattern: error parsing regexp: missing")


def test_features_are_those_every_cluster_has(base: str, live: LiveFleet, http: httpx.Client) -> None:
    own = _get(http, live.prometheus["seoul"], "features")
    got = _get(http, base, "features")
    assert {group: features for group, features in got.items() if group != "api"} == {
        group: features for group, features in own.items() if group != "api"
    }
    assert got["tsdb"]["exemplar_storage"] is True
    assert got["api"]["admin"] is False
