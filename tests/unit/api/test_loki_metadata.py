"""Labels, series, statistics and volumes of several clusters as one Loki would list them."""

from __future__ import annotations

from query.backends.base import BackendError, Failure
from tests.unit.api.loki_fleet import Answer, LokiFleet, fails, says


def labels(*found: str) -> Answer:
    return says(200, {"status": "success", **({"data": list(found)} if found else {})})


SEOUL: dict[str, Answer] = {
    "labels": labels("app", "env"),
    "label/app/values": labels("shop", "cart"),
    "series": says(200, {"status": "success", "data": [{"app": "shop"}, {"app": "cart"}]}),
    "index/stats": says(200, {"streams": 2, "chunks": 3, "bytes": 100, "entries": 10}),
    "detected_labels": says(200, {"detectedLabels": [{"label": "app", "cardinality": 2}]}),
    "index/volume": says(
        200,
        {
            "status": "success",
            "data": {
                "resultType": "vector",
                "result": [
                    {"metric": {"app": "shop"}, "value": [9, "50"]},
                    {"metric": {"app": "cart"}, "value": [9, "5"]},
                ],
            },
        },
    ),
}
TOKYO: dict[str, Answer] = {
    "labels": labels("app"),
    "label/app/values": labels("shop", "web"),
    "series": says(200, {"status": "success", "data": [{"app": "shop"}]}),
    "index/stats": says(200, {"streams": 1, "chunks": 1, "bytes": 11, "entries": 1}),
    "detected_labels": says(200, {"detectedLabels": [{"label": "app", "cardinality": 3}]}),
    "index/volume": says(
        200,
        {
            "status": "success",
            "data": {"resultType": "vector", "result": [{"metric": {"app": "cart"}, "value": [9, "60"]}]},
        },
    ),
}


def fleet() -> LokiFleet:
    return LokiFleet(seoul=SEOUL, tokyo=TOKYO)


async def test_label_names_contain_the_constants() -> None:
    assert (await fleet().get("labels")).json() == {"status": "success", "data": ["app", "cluster", "env"]}
    assert (await fleet().get("label")).json()["data"] == ["app", "cluster", "env"]


async def test_label_values() -> None:
    assert (await fleet().get("label/app/values")).json()["data"] == ["cart", "shop", "web"]
    assert (await fleet().get("label/cluster/values")).json()["data"] == ["seoul", "tokyo"]
    assert (await fleet().get("label/cluster/values", query='{cluster!="tokyo"}')).json()["data"] == ["seoul"]
    assert (await fleet().get("label/none/values")).json() == {"status": "success"}


async def test_a_cluster_without_streams_has_no_constants() -> None:
    quiet = LokiFleet(seoul={"labels": labels()}, tokyo=TOKYO)
    assert (await quiet.get("label/cluster/values")).json()["data"] == ["tokyo"]


async def test_series_carry_the_constants() -> None:
    assert (await fleet().get("series")).json()["data"] == [
        {"app": "cart", "cluster": "seoul"},
        {"app": "shop", "cluster": "seoul"},
        {"app": "shop", "cluster": "tokyo"},
    ]
    one = fleet()
    await one.get("series", match='{app="shop", cluster="seoul"}')
    assert [dict(request.form or ())["match[]"] for request in one.backends["seoul"].asked[-1:]] == ['{app="shop"}']
    assert one.backends["tokyo"].asked == []


async def test_statistics_add_up() -> None:
    answer = await fleet().get("index/stats", query='{app=~".+"}')
    assert answer.json() == {"streams": 3, "chunks": 4, "bytes": 111, "entries": 11}


async def test_detected_labels() -> None:
    assert (await fleet().get("detected_labels")).json() == {
        "detectedLabels": [{"label": "app", "cardinality": 3}, {"label": "cluster", "cardinality": 2}]
    }


async def test_volumes_are_added_up_and_ranked_after_the_union() -> None:
    answer = await fleet().get("index/volume", query='{app=~".+"}', limit="1")
    assert answer.json()["data"]["result"] == [{"metric": {"app": "cart"}, "value": [9, "65"]}]
    by_cluster = await fleet().get("index/volume", query='{app=~".+"}', targetLabels="cluster")
    assert by_cluster.json()["data"]["result"] == [
        {"metric": {"cluster": "tokyo"}, "value": [9, "60"]},
        {"metric": {"cluster": "seoul"}, "value": [9, "55"]},
    ]


async def test_volumes_of_a_label_the_backend_does_not_know_are_refused() -> None:
    answer = await fleet().get("index/volume", query='{app=~".+"}', aggregateBy="labels")
    assert answer.status_code == 400
    assert "does not show cluster" in answer.text


async def test_a_missing_cluster_is_named() -> None:
    down = {"labels": fails(BackendError(Failure.TIMEOUT, "slow"))}
    answer = await LokiFleet(seoul=SEOUL, tokyo=down).get("labels")
    assert answer.json()["data"] == ["app", "cluster", "env"]
    assert answer.headers["x-lma-clusters-missing"] == "tokyo=timeout"
    assert "tokyo" in answer.json()["warnings"][0]


async def test_buildinfo() -> None:
    assert (await fleet().get("status/buildinfo")).json()["version"] == "3.7.8"
