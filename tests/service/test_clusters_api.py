"""Clusters over HTTP: registered, listed, shown, changed, removed, and queried from that moment on."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from lma.service.runtime import Service
from tests.service.scripted import endpoint


def body(name: str, url: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "labels": {"region": "r1"}, "endpoints": {"metrics": {"url": url}}} | more


async def up_by_cluster(client: httpx.AsyncClient) -> dict[str, str]:
    answer = await client.get("/prometheus/api/v1/query", params={"query": "up"})
    assert answer.status_code == 200, answer.text
    return {item["metric"]["cluster"]: item["value"][1] for item in answer.json()["data"]["result"]}


def condition(answer: httpx.Response, kind: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = [item for item in answer.json()["conditions"] if item["type"] == kind]
    assert len(found) == 1, answer.text
    return found[0]


async def test_a_registered_cluster_answers_queries_at_once(client: httpx.AsyncClient) -> None:
    async with endpoint(sample="7") as seoul, endpoint(sample="8") as tokyo:
        first = await client.post("/v1/clusters", json=body("seoul", seoul.url))
        assert first.status_code == 201, first.text
        assert await up_by_cluster(client) == {"seoul": "7"}
        await client.post("/v1/clusters", json=body("tokyo", tokyo.url))
        assert await up_by_cluster(client) == {"seoul": "7", "tokyo": "8"}


async def test_a_removed_cluster_is_not_asked_any_more(client: httpx.AsyncClient) -> None:
    async with endpoint() as seoul, endpoint() as tokyo:
        for name, place in (("seoul", seoul), ("tokyo", tokyo)):
            await client.post("/v1/clusters", json=body(name, place.url))
        gone = await client.delete("/v1/clusters/seoul")
        assert (gone.status_code, gone.content) == (204, b"")
        seoul.asked.clear()
        assert await up_by_cluster(client) == {"tokyo": "1"}
        assert seoul.asked == []
        again = await client.delete("/v1/clusters/seoul")
        assert (again.status_code, again.json()["error"]["code"]) == (404, "not_found")


async def test_a_changed_endpoint_is_the_one_asked(client: httpx.AsyncClient) -> None:
    async with endpoint(sample="1") as old, endpoint(sample="2") as new:
        await client.post("/v1/clusters", json=body("seoul", old.url))
        changed = await client.patch("/v1/clusters/seoul", json={"endpoints": {"metrics": {"url": new.url}}})
        assert (changed.status_code, changed.json()["result"]) == (200, "changed")
        assert await up_by_cluster(client) == {"seoul": "2"}


async def test_registering_the_same_content_again_changes_nothing(client: httpx.AsyncClient) -> None:
    async with endpoint() as seoul:
        first = await client.post("/v1/clusters", json=body("seoul", seoul.url))
        again = await client.post("/v1/clusters", json=body("seoul", seoul.url + "/"))
    assert (first.status_code, first.json()["result"]) == (201, "created")
    assert (again.status_code, again.json()["result"]) == (200, "unchanged")
    assert {**again.json(), "result": "created"} == first.json()


async def test_registering_other_content_under_a_taken_name_is_refused(client: httpx.AsyncClient) -> None:
    async with endpoint() as seoul:
        await client.post("/v1/clusters", json=body("seoul", seoul.url))
        answer = await client.post("/v1/clusters", json=body("seoul", seoul.url, labels={"region": "r2"}))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (409, "conflict")
    assert "PATCH /v1/clusters/seoul" in error["remedy"]
    assert [detail["field"] for detail in error["details"]] == ["labels"]


async def test_an_unreachable_endpoint_is_registered_with_a_warning(client: httpx.AsyncClient, dead_url: str) -> None:
    answer = await client.post("/v1/clusters", json=body("seoul", dead_url))
    assert answer.status_code == 201
    seen = condition(answer, "MetricsReachable")
    assert (seen["status"], seen["reason"]) == ("False", "Unreachable")
    assert dead_url in seen["message"]
    assert answer.json()["warnings"] == [seen["message"]]


async def test_an_unreachable_endpoint_is_refused_on_demand(client: httpx.AsyncClient, dead_url: str) -> None:
    answer = await client.post("/v1/clusters", params={"require_reachable": "true"}, json=body("seoul", dead_url))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (422, "unreachable")
    assert error["details"][0]["field"] == "endpoints.metrics"
    assert (await client.get("/v1/clusters")).json()["clusters"] == []


@pytest.mark.parametrize(("mood", "reason"), [("html", "NotUnderstood"), ("failing", "ServerError")])
async def test_an_endpoint_that_is_something_else_is_told_apart(
    client: httpx.AsyncClient, mood: Any, reason: str
) -> None:
    async with endpoint(mood=mood) as seoul:
        answer = await client.post("/v1/clusters", json=body("seoul", seoul.url))
    seen = condition(answer, "MetricsReachable")
    assert (answer.status_code, seen["status"], seen["reason"]) == (201, "False", reason)


async def test_every_kind_of_endpoint_is_looked_at(client: httpx.AsyncClient) -> None:
    async with endpoint() as place:
        endpoints = {"metrics": {"url": place.url}, "logs": {"url": place.url, "tenant": "acme"}}
        endpoints["alerts"] = {"url": place.url}
        answer = await client.post("/v1/clusters", json={"name": "seoul", "endpoints": endpoints})
    assert answer.status_code == 201, answer.text
    for kind, told in (("Metrics", "3.16.0"), ("Logs", "3.7.8"), ("Alerts", "0.31.1")):
        seen = condition(answer, f"{kind}Reachable")
        assert (seen["status"], told in seen["message"]) == ("True", True)
    assert answer.json()["warnings"] == []


async def test_a_second_look_moves_since_only_with_the_status(client: httpx.AsyncClient) -> None:
    async with endpoint() as seoul:
        first = await client.post("/v1/clusters", json=body("seoul", seoul.url))
        same = await client.post("/v1/clusters/seoul/inspect")
        seoul.mood = "failing"
        worse = await client.post("/v1/clusters/seoul/inspect")
    before, after, broken = (condition(answer, "MetricsReachable") for answer in (first, same, worse))
    assert before["since"] == after["since"] < broken["since"]
    assert (after["status"], broken["status"]) == ("True", "False")
    shown = await client.get("/v1/clusters/seoul")
    assert condition(shown, "MetricsReachable") == broken
    assert shown.json()["updated_at"] == first.json()["updated_at"]


async def test_two_backends_that_show_the_same_partition_value_are_refused(client: httpx.AsyncClient) -> None:
    async with endpoint(cluster="prod") as seoul, endpoint(cluster="prod") as tokyo:
        assert (await client.post("/v1/clusters", json=body("seoul", seoul.url))).status_code == 201
        answer = await client.post("/v1/clusters", json=body("tokyo", tokyo.url))
        assert await up_by_cluster(client) == {"seoul": "1"}
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (409, "conflict")
    assert "'seoul'" in error["message"]
    assert "prod" in error["message"]


async def test_the_same_cluster_under_another_address_is_refused(client: httpx.AsyncClient) -> None:
    async with endpoint() as prometheus, endpoint(cluster="seoul") as thanos:
        await client.post("/v1/clusters", json=body("seoul", prometheus.url))
        answer = await client.post("/v1/clusters", json=body("alias", thanos.url))
    assert answer.status_code == 409
    assert "'seoul'" in answer.json()["error"]["message"]


async def test_an_overlap_that_appears_later_becomes_a_condition(client: httpx.AsyncClient) -> None:
    async with endpoint(cluster="prod") as seoul, endpoint(mood="failing", cluster="prod") as tokyo:
        await client.post("/v1/clusters", json=body("seoul", seoul.url))
        assert (await client.post("/v1/clusters", json=body("tokyo", tokyo.url))).status_code == 201
        tokyo.mood = "well"
        seen = condition(await client.post("/v1/clusters/tokyo/inspect"), "PartitionUnique")
    assert (seen["status"], seen["reason"]) == ("False", "PartitionConflict")
    assert "'seoul'" in seen["message"]


@pytest.mark.parametrize("signal", ["metrics", "logs"])
async def test_the_same_url_twice_is_refused_naming_the_other(client: httpx.AsyncClient, signal: str) -> None:
    async with endpoint() as place:
        one = {"name": "seoul", "endpoints": {signal: {"url": place.url}}}
        two = {"name": "tokyo", "endpoints": {signal: {"url": place.url.replace("http://", "HTTP://") + "/"}}}
        assert (await client.post("/v1/clusters", json=one)).status_code == 201
        answer = await client.post("/v1/clusters", json=two)
    error = answer.json()["error"]
    assert (answer.status_code, error["details"][0]["field"]) == (409, f"endpoints.{signal}")
    assert "'seoul'" in error["message"]


async def test_one_loki_serves_the_tenants_of_several_clusters(client: httpx.AsyncClient) -> None:
    async with endpoint() as loki:
        for tenant in ("acme", "beta"):
            content = {"name": tenant, "endpoints": {"logs": {"url": loki.url, "tenant": tenant}}}
            assert (await client.post("/v1/clusters", json=content)).status_code == 201


async def test_a_single_prometheus_is_its_own_replica(client: httpx.AsyncClient) -> None:
    async with endpoint() as place:
        content = {"name": "seoul", "endpoints": {"metrics": {"url": place.url, "replicas": [place.url]}}}
        answer = await client.post("/v1/clusters", json=content)
        assert answer.status_code == 201, answer.text
        taken = await client.post("/v1/clusters", json=body("tokyo", place.url))
    assert taken.status_code == 409


async def test_an_endpoint_is_free_again_when_its_cluster_let_it_go(client: httpx.AsyncClient) -> None:
    async with endpoint() as one, endpoint() as two:
        await client.post("/v1/clusters", json=body("seoul", one.url))
        await client.patch("/v1/clusters/seoul", json={"endpoints": {"metrics": {"url": two.url}}})
        assert (await client.post("/v1/clusters", json=body("tokyo", one.url))).status_code == 201
        taken = await client.patch("/v1/clusters/tokyo", json={"endpoints": {"metrics": {"url": two.url}}})
        assert taken.status_code == 409
        await client.delete("/v1/clusters/seoul")
        freed = await client.patch("/v1/clusters/tokyo", json={"endpoints": {"metrics": {"url": two.url}}})
        assert freed.status_code == 200


async def test_a_patch_merges(client: httpx.AsyncClient) -> None:
    async with endpoint() as place, endpoint() as replica:
        content = body("seoul", place.url, labels={"region": "r1", "provider": "eks"})
        content["endpoints"]["logs"] = {"url": place.url, "tenant": "acme"}
        await client.post("/v1/clusters", json=content)
        patch = {
            "labels": {"region": "r2", "provider": None},
            "endpoints": {"logs": None, "metrics": {"replicas": [replica.url]}},
        }
        answer = (await client.patch("/v1/clusters/seoul", json=patch)).json()
    assert answer["labels"] == {"region": "r2"}
    assert answer["endpoints"] == {
        "metrics": {"url": place.url, "replicas": [replica.url]},
        "logs": None,
        "alerts": None,
    }


async def test_a_patch_that_changes_nothing_says_so(client: httpx.AsyncClient) -> None:
    async with endpoint() as place:
        first = (await client.post("/v1/clusters", json=body("seoul", place.url))).json()
        answer = (await client.patch("/v1/clusters/seoul", json={"labels": {"region": "r1"}})).json()
    assert answer == {**first, "result": "unchanged"}


async def test_clusters_are_listed_by_name_page_by_page_and_by_label(client: httpx.AsyncClient, dead_url: str) -> None:
    for position, name in enumerate(("delta", "alpha", "charlie", "bravo")):
        labels = {"half": "even" if position % 2 == 0 else "odd"}
        made = await client.post("/v1/clusters", json=body(name, f"{dead_url}/{name}", labels=labels))
        assert made.status_code == 201
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await client.get("/v1/clusters", params={"limit": 3, "cursor": cursor})).json()
        seen.extend(item["name"] for item in page["clusters"])
        cursor = page["next_cursor"]
    assert seen == ["alpha", "bravo", "charlie", "delta"]
    even = (await client.get("/v1/clusters", params={"label": "half=even", "limit": 2})).json()
    assert [item["name"] for item in even["clusters"]] == ["charlie", "delta"]
    assert even["next_cursor"] is None


async def test_two_registrations_of_one_name_at_once_make_one_cluster(client: httpx.AsyncClient) -> None:
    async with endpoint() as one, endpoint() as two:
        answers = await asyncio.gather(
            *(client.post("/v1/clusters", json=body("seoul", place.url)) for place in (one, two, one, two))
        )
        assert sorted(answer.status_code for answer in answers) == [200, 201, 409, 409]
        assert len(await up_by_cluster(client)) == 1


async def test_two_registrations_of_one_endpoint_at_once_make_one_cluster(client: httpx.AsyncClient) -> None:
    async with endpoint() as place:
        answers = await asyncio.gather(
            *(client.post("/v1/clusters", json=body(name, place.url)) for name in ("seoul", "tokyo", "osaka"))
        )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]


async def test_what_is_registered_is_queried_after_a_restart(service: Service, client: httpx.AsyncClient) -> None:
    async with endpoint() as place:
        await client.post("/v1/clusters", json=body("seoul", place.url))
        await service.gateway.replace_clusters([])
        assert await service.directory.start() == 1
        assert await up_by_cluster(client) == {"seoul": "1"}


async def test_queries_go_on_while_clusters_come_and_go(client: httpx.AsyncClient) -> None:
    async with endpoint(sample="1") as stays, endpoint(sample="2") as comes:
        await client.post("/v1/clusters", json=body("stays", stays.url))
        seen: set[frozenset[str]] = set()
        for _ in range(5):
            changes = (client.post("/v1/clusters", json=body("comes", comes.url)), client.delete("/v1/clusters/comes"))
            for change in changes:
                *answers, done = await asyncio.gather(*(up_by_cluster(client) for _ in range(8)), change)
                assert isinstance(done, httpx.Response)
                assert done.is_success
                seen.update(frozenset(answer) for answer in answers if isinstance(answer, dict))
        assert seen <= {frozenset({"stays"}), frozenset({"stays", "comes"})}
        assert frozenset({"stays"}) in seen
