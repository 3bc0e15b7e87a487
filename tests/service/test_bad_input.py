"""Nothing a user sends is answered with a stack trace, another shape, or the end of the process."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from lma.registry.directory import Directory
from lma.service.runtime import Service

URL = "http://127.0.0.1:1"
GOOD: dict[str, Any] = {"name": "seoul", "endpoints": {"metrics": {"url": URL}}}


def with_(path: str, value: object) -> dict[str, Any]:
    """Return the good content with one place changed."""
    content: dict[str, Any] = json.loads(json.dumps(GOOD))
    at = content
    *folders, last = path.split(".")
    for folder in folders:
        at = at.setdefault(folder, {})
    at[last] = value
    return content


BAD_CONTENT: list[tuple[object, str, str]] = [
    (with_("nmae", "x"), "nmae", "unknown field"),
    (with_("endpoints.metrics.uri", "x"), "endpoints.metrics.uri", "unknown field"),
    (with_("endpoints.traces", {"url": URL}), "endpoints.traces", "unknown field"),
    (with_("name", ""), "name", "no cluster name"),
    (with_("name", "-x"), "name", "no cluster name"),
    (with_("name", "a b"), "name", "no cluster name"),
    (with_("name", "x" * 129), "name", "no cluster name"),
    (with_("name", "naïve"), "name", "no cluster name"),
    (with_("name", 7), "name", "valid string"),
    (with_("labels", {"1x": "y"}), "labels.1x", "no label name"),
    (with_("labels", {"__x": "y"}), "labels.__x", "no label name"),
    (with_("labels", {"x": ""}), "labels.x", "may not be empty"),
    (with_("labels", {"x": 1}), "labels.x", "valid string"),
    (with_("labels", [1]), "labels", "valid dictionary"),
    (with_("labels", {f"l{n}": "v" for n in range(33)}), "", "at most 32 labels"),
    (with_("labels", {"x": "v" * 2000}), "", "at most 1024 characters"),
    (with_("endpoints", {}), "", "at least one of metrics, logs and alerts"),
    (with_("endpoints.metrics.url", "nonsense"), "endpoints.metrics.url", "no http or https URL"),
    (with_("endpoints.metrics.url", "ftp://x"), "endpoints.metrics.url", "no http or https URL"),
    (with_("endpoints.metrics.url", "http://u:p@x"), "endpoints.metrics.url", "user or password"),
    (with_("endpoints.metrics.url", "http://x:99999"), "endpoints.metrics.url", "no URL"),
    (with_("endpoints.metrics.url", "http://x/?a=b"), "endpoints.metrics.url", "query or fragment"),
    (with_("endpoints.metrics.url", "http://x/" + "a" * 3000), "endpoints", "at most 2048 characters"),
    (with_("endpoints.metrics.replicas", [f"http://x{n}" for n in range(17)]), "endpoints", "at most 16 replicas"),
    (with_("endpoints.metrics.replicas", ["http://u:p@x"]), "endpoints.metrics.replicas.0", "user or password"),
    (with_("endpoints.logs", {"url": URL, "tenant": ""}), "endpoints.logs.tenant", "at least 1 character"),
    (with_("endpoints.logs", {"url": URL, "tenant": "a|b"}), "endpoints.logs.tenant", "match pattern"),
    (with_("endpoints.metrics", None) | {"endpoints": {"metrics": {}}}, "endpoints.metrics.url", "required"),
    ({"endpoints": {"metrics": {"url": URL}}}, "name", "required"),
    ({"name": "x"}, "endpoints", "required"),
    ([], "", "valid dictionary"),
    ("text", "", "valid dictionary"),
    (None, "", "valid dictionary"),
]


def check(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json"), answer.text
    shape = answer.json()
    assert sorted(shape) == ["error", "request_id"]
    assert sorted(shape["error"]) == ["code", "details", "message", "remedy"]
    assert shape["error"]["code"] == code
    assert shape["error"]["message"]
    assert shape["error"]["remedy"]
    assert shape["request_id"] == answer.headers["x-request-id"]
    error: dict[str, Any] = shape["error"]
    return error


@pytest.mark.parametrize(("content", "field", "told"), BAD_CONTENT)
async def test_content_that_cannot_be_used_names_the_field_and_the_cause(
    client: httpx.AsyncClient, content: object, field: str, told: str
) -> None:
    answer = await client.post(
        "/v1/clusters", content=json.dumps(content), headers={"Content-Type": "application/json"}
    )
    error = check(answer, 422, "invalid")
    assert [detail["field"] for detail in error["details"]] == [field]
    assert told in error["details"][0]["message"]
    assert told in error["message"]
    assert (await client.get("/v1/clusters")).json()["clusters"] == []


async def test_a_password_in_a_url_is_not_repeated(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/clusters", json=with_("endpoints.metrics.url", "http://user:hunter2@x"))
    assert answer.status_code == 422
    assert "hunter2" not in answer.text


async def test_every_finding_is_told(client: httpx.AsyncClient) -> None:
    content = {"nmae": "x", "endpoints": {"metrics": {"url": "x"}}}
    error = check(await client.post("/v1/clusters", json=content), 422, "invalid")
    assert {detail["field"] for detail in error["details"]} == {"nmae", "name", "endpoints.metrics.url"}
    assert "2 more" in error["message"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"name": "x",\n  "endpoints": }', "line 2, column 16"),
        ("{", "line 1, column 2"),
        ("{} {}", "line 1, column 4"),
    ],
)
async def test_a_body_that_is_not_json_is_told_with_its_place(client: httpx.AsyncClient, text: str, told: str) -> None:
    answer = await client.post("/v1/clusters", content=text, headers={"Content-Type": "application/json"})
    assert told in check(answer, 400, "bad_json")["message"]


@pytest.mark.parametrize("body", [b"\xff\xfe", b"[" * 100_000, b'{"a":' * 40_000, b"\x00", b"NaN", b"1e999"])
async def test_a_hostile_body_is_refused_in_the_same_shape(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/v1/clusters", content=body, headers={"Content-Type": "application/json"})
    check(answer, answer.status_code, answer.json()["error"]["code"])
    assert answer.status_code in {400, 422}


@pytest.mark.parametrize("depth", [10, 100, 900, 5_000])
async def test_a_deep_patch_is_refused(client: httpx.AsyncClient, dead_url: str, depth: int) -> None:
    await client.post("/v1/clusters", json=with_("endpoints.metrics.url", dead_url))
    body = '{"endpoints": {"metrics": ' + '{"a":' * depth + "1" + "}" * depth + "}}"
    answer = await client.patch(
        "/v1/clusters/seoul", content=body, headers={"Content-Type": "application/merge-patch+json"}
    )
    check(answer, answer.status_code, answer.json()["error"]["code"])
    assert answer.status_code in {400, 422}


async def test_a_huge_body_is_refused_before_it_is_read(client: httpx.AsyncClient) -> None:
    body = json.dumps(with_("name", "x" * 1_000_000))
    headers = {"Content-Type": "application/json"}
    check(await client.post("/v1/clusters", content=body, headers=headers), 413, "too_large")


async def test_a_huge_body_of_unknown_length_is_refused(client: httpx.AsyncClient) -> None:
    async def endless() -> Any:
        for _ in range(10_000):
            yield b" " * 1000
        raise AssertionError("the whole body was read")

    headers = {"Content-Type": "application/json"}
    check(await client.post("/v1/clusters", content=endless(), headers=headers), 413, "too_large")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "application/yaml"])
async def test_a_body_of_another_type_is_told_apart(client: httpx.AsyncClient, kind: str) -> None:
    answer = await client.post("/v1/clusters", content=json.dumps(GOOD), headers={"Content-Type": kind})
    assert "Content-Type: application/json" in check(answer, 415, "unsupported_media_type")["remedy"]


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"cursor": "x" * 129}, "cursor"),
        ({"label": "region"}, "label"),
        ({"label": "=x"}, "label"),
        ({"label": ["a=b"] * 33}, "label"),
    ],
)
async def test_a_list_with_an_impossible_parameter(
    client: httpx.AsyncClient, params: dict[str, Any], field: str
) -> None:
    error = check(await client.get("/v1/clusters", params=params), 422, "invalid")
    assert error["details"][0]["field"].partition(".")[0] == field


@pytest.mark.parametrize("name", ["unknown", "%00", "a%2Fb", "x" * 5000, "..%2f..", "%F0%9F%92%A9", "a'--"])
async def test_a_cluster_that_is_not_there(client: httpx.AsyncClient, name: str) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        answer = await client.request(method, f"/v1/clusters/{name}", json={} if method == "PATCH" else None)
        check(answer, 404, "not_found")


async def test_a_path_that_is_not_there(client: httpx.AsyncClient) -> None:
    for path in ("/v1/", "/v1/nothing", "/v1/clusters/seoul/nothing", "/v1/clusters/"):
        answer = await client.get(path, follow_redirects=True)
        check(answer, 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/clusters", "GET, POST"),
        ("DELETE", "/v1/clusters", "GET, POST"),
        ("POST", "/v1/clusters/seoul", "DELETE, GET, PATCH"),
        ("GET", "/v1/clusters/seoul/inspect", "POST"),
    ],
)
async def test_a_method_that_is_not_possible_names_those_that_are(
    client: httpx.AsyncClient, method: str, path: str, allowed: str
) -> None:
    answer = await client.request(method, path)
    check(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == allowed


async def test_a_rename_is_refused_with_what_to_do_instead(client: httpx.AsyncClient, dead_url: str) -> None:
    await client.post("/v1/clusters", json=with_("endpoints.metrics.url", dead_url))
    answer = await client.patch("/v1/clusters/seoul", json={"name": "busan"})
    error = check(answer, 422, "invalid")
    assert "can't be renamed" in error["message"]
    assert "remove it and register it" in error["remedy"]
    same = await client.patch("/v1/clusters/seoul", json={"name": "seoul"})
    assert (same.status_code, same.json()["result"]) == (200, "unchanged")


async def test_the_partition_label_is_not_for_users(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/clusters", json=with_("labels", {"cluster": "x"}))
    assert "partition label" in check(answer, 422, "invalid")["message"]


async def test_a_patch_that_leaves_nothing_to_ask_is_refused(client: httpx.AsyncClient, dead_url: str) -> None:
    await client.post("/v1/clusters", json=with_("endpoints.metrics.url", dead_url))
    patches: tuple[dict[str, Any], ...] = (
        {"endpoints": {"metrics": None}},
        {"endpoints": None},
        {"labels": {"x": 1}},
        {"lables": {}},
    )
    for patch in patches:
        check(await client.patch("/v1/clusters/seoul", json=patch), 422, "invalid")
    shown = (await client.get("/v1/clusters/seoul")).json()
    assert shown["endpoints"]["metrics"]["url"] == dead_url


async def test_a_database_that_fails_is_told_and_the_process_lives(
    service: Service, client: httpx.AsyncClient, dead_url: str
) -> None:
    async with service.database.exclusive() as connection:
        await connection.exec_driver_sql("ALTER TABLE clusters RENAME TO moved")
    for answer in (
        await client.get("/v1/clusters"),
        await client.post("/v1/clusters", json=with_("endpoints.metrics.url", dead_url)),
        await client.delete("/v1/clusters/seoul"),
    ):
        error = check(answer, 503, "unavailable")
        assert "SELECT" not in answer.text
        assert "no such table" in error["message"]
    assert (await client.get("/-/healthy")).status_code == 200


async def test_a_bug_is_answered_in_the_same_shape_without_its_details(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_self: Directory, _name: str) -> None:
        raise ZeroDivisionError("inner secret")

    monkeypatch.setattr(Directory, "show", broken)
    answer = await client.get("/v1/clusters/seoul")
    check(answer, 500, "internal")
    assert "inner secret" not in answer.text
