"""Request ids, the line per request, and what becomes of an exception nobody handled."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator, MutableMapping
from typing import Any

import httpx
import pytest
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from query.app.logs import RequestLog, configure_logging, request_id_of


async def echo(scope: Scope, _receive: Receive, send: Send) -> None:
    if scope["path"] == "/broken":
        raise RuntimeError("a bug")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": request_id_of(scope).encode(), "more_body": True})
    if scope["path"] == "/broken-midway":
        raise RuntimeError("a bug, later")
    structlog.get_logger().info("inside")
    await send({"type": "http.response.body", "body": b"!"})


@pytest.fixture
def lines() -> Iterator[list[MutableMapping[str, Any]]]:
    with capture_logs(processors=[merge_contextvars]) as captured:
        yield captured


def ask(app: ASGIApp, path: str = "/", headers: dict[str, str] | None = None) -> Any:
    async def asking() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://lma.test") as client:
            return await client.get(path, headers=headers)

    return asking()


async def test_one_line_tells_of_a_request_and_every_line_has_its_id(lines: list[MutableMapping[str, Any]]) -> None:
    answer = await ask(RequestLog(echo), "/some/path?query=secret")
    request_id = answer.headers["x-request-id"]
    assert answer.text == request_id + "!"
    assert [line["event"] for line in lines] == ["inside", "request"]
    assert {line["request_id"] for line in lines} == {request_id}
    line = lines[1]
    assert (line["method"], line["path"], line["status"], line["bytes"]) == ("GET", "/some/path", 200, 17)
    assert 0 < line["duration_ms"] < 10_000
    assert "aborted" not in line
    assert "secret" not in str(lines)


@pytest.mark.parametrize("given", ["a", "trace-1.2_B", "x" * 64])
async def test_a_sane_id_of_the_caller_is_kept(given: str) -> None:
    assert (await ask(RequestLog(echo), headers={"X-Request-Id": given})).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "-a", "a\tb", 'a"b', "é"])
async def test_any_other_id_is_replaced(given: str) -> None:
    raw = httpx.Headers([(b"x-request-id", given.encode("latin-1"))])
    made = (await ask(RequestLog(echo), headers=raw)).headers["x-request-id"]  # type: ignore[arg-type]
    assert made != given
    assert len(made) == 16


async def test_a_bug_is_one_line_with_the_traceback_and_a_bare_500(lines: list[MutableMapping[str, Any]]) -> None:
    answer = await ask(RequestLog(echo), "/broken")
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] in answer.text
    assert "a bug" not in answer.text
    assert [(line["event"], line["status"]) for line in lines] == [("request failed", 500)]
    assert isinstance(lines[0]["exc_info"], RuntimeError)


async def test_a_bug_speaks_the_prometheus_api_under_its_path() -> None:
    async def broken(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise RuntimeError

    answer = await ask(RequestLog(broken), "/prometheus/api/v1/query")
    assert (answer.status_code, answer.json()["status"], answer.json()["errorType"]) == (500, "error", "internal")


async def test_an_answer_that_breaks_off_is_marked(lines: list[MutableMapping[str, Any]]) -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    scope: Scope = {"type": "http", "path": "/broken-midway", "method": "GET", "headers": []}
    await RequestLog(echo)(scope, receive, send)
    assert (lines[0]["event"], lines[0]["status"], lines[0]["aborted"]) == ("request failed", 200, True)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]


async def test_health_probes_are_quiet(lines: list[MutableMapping[str, Any]]) -> None:
    await ask(RequestLog(echo), "/-/healthy")
    assert [(line["event"], line["log_level"]) for line in lines if line["event"] == "request"] == [
        ("request", "debug")
    ]


async def test_requests_are_observed_with_their_status() -> None:
    seen: list[tuple[str, int]] = []
    app = RequestLog(echo, observe=lambda scope, status, _took_s: seen.append((scope["path"], status)))
    await ask(app, "/a")
    await ask(app, "/broken")
    assert seen == [("/a", 200), ("/broken", 500)]


@pytest.mark.usefixtures("untouched_logging")
def test_json_lines_hold_our_events_and_those_of_libraries() -> None:
    stream = io.StringIO()
    configure_logging("json", "info", stream)
    structlog.get_logger().info("began", place={"a": 1}, value=object)
    structlog.get_logger().debug("not shown")
    logging.getLogger("uvicorn.error").info("not shown either")
    logging.getLogger("uvicorn.error").warning("went %s", "wrong", extra={"port": 1})
    try:
        int("why")
    except ValueError:
        structlog.get_logger().exception("failed")
    began, went, failed = (json.loads(line) for line in stream.getvalue().splitlines())
    assert list(began)[:3] == ["timestamp", "level", "event"]
    assert (began["event"], began["place"], began["level"]) == ("began", {"a": 1}, "info")
    assert (went["event"], went["level"], went["logger"], went["port"]) == (
        "went wrong",
        "warning",
        "uvicorn.error",
        1,
    )
    assert "ValueError: invalid literal" in failed["exception"]


@pytest.mark.usefixtures("untouched_logging")
def test_text_is_one_line_per_event() -> None:
    stream = io.StringIO()
    configure_logging("console", "warning", stream)
    structlog.get_logger().info("not shown")
    structlog.get_logger().warning("look here", cluster="seoul")
    assert stream.getvalue().count("\n") == 1
    assert "look here" in stream.getvalue()
    assert "cluster=seoul" in stream.getvalue()
