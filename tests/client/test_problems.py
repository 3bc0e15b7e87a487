"""Every way a server can fail, and what a user is told."""

from __future__ import annotations

import json
import socket

import pytest

from lma.client import (
    AuthError,
    BadQueryError,
    Client,
    ClientError,
    ConflictError,
    IncompleteError,
    InvalidRequestError,
    NotFoundError,
    ProtocolError,
    QueryFailedError,
    ServerError,
    TimedOutError,
    UnreachableError,
)
from tests.client.scripted_server import Reply, ScriptedServer, control_plane_error, success, vector

API = "/prometheus/api/v1"
HTML = Reply("<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>", 502, "text/html")


def prometheus_error(status: int, kind: str, message: str) -> Reply:
    return Reply(json.dumps({"status": "error", "errorType": kind, "error": message}), status)


@pytest.mark.parametrize(
    ("message", "line", "column", "reason"),
    [
        ('invalid parameter "query": 1:5: parse error: unexpected "]"', 1, 5, 'unexpected "]"'),
        ("2:10: parse error: no: 7:7 here", 2, 10, "no: 7:7 here"),
    ],
)
def test_a_bad_query_has_its_place(
    server: ScriptedServer, client: Client, message: str, line: int, column: int, reason: str
) -> None:
    server.reply(f"{API}/query", prometheus_error(400, "bad_data", message))
    with pytest.raises(BadQueryError) as caught:
        client.query("sum(]")
    error = caught.value
    assert (error.line, error.column, error.reason, error.query) == (line, column, reason, "sum(]")


def test_a_bad_logql_query_has_its_place_too(server: ScriptedServer, client: Client) -> None:
    text = "parse error at line 1, col 9: syntax error: unexpected IDENTIFIER"
    server.reply("/loki/api/v1/query_range", Reply(text, 400, "text/plain"))
    with pytest.raises(BadQueryError) as caught:
        client.logs("{a=b}")
    assert (caught.value.line, caught.value.column) == (1, 9)
    assert caught.value.reason == "syntax error: unexpected IDENTIFIER"


def test_a_bad_query_without_a_place(server: ScriptedServer, client: Client) -> None:
    server.reply(f"{API}/query", prometheus_error(400, "bad_data", "the query is longer than 131072 bytes"))
    with pytest.raises(BadQueryError) as caught:
        client.query("x")
    assert caught.value.position is None
    assert caught.value.line is None


def test_a_bad_parameter_is_not_the_querys_fault(server: ScriptedServer, client: Client) -> None:
    server.reply(f"{API}/query", prometheus_error(400, "bad_data", 'invalid parameter "time": no such time'))
    with pytest.raises(InvalidRequestError) as caught:
        client.query("x")
    assert not isinstance(caught.value, BadQueryError)


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (prometheus_error(422, "execution", "many-to-many matching"), QueryFailedError, "many-to-many"),
        (prometheus_error(503, "timeout", "query timed out"), ServerError, "timed out"),
        (prometheus_error(500, "internal", "boom"), ServerError, "boom"),
        (prometheus_error(404, "not_found", "no such endpoint"), NotFoundError, "no such endpoint"),
        (prometheus_error(429, "too_many", "slow down"), ServerError, "slow down"),
        (control_plane_error(401, "unauthorized", "who are you", "send a token"), AuthError, "send a token"),
        (Reply("", 403), AuthError, "status 403"),
        (Reply(b"\xff\xfe", 500, "text/plain"), ServerError, "�"),
        (Reply("too many outstanding requests", 429, "text/plain"), ServerError, "outstanding"),
        (Reply(json.dumps({"code": 400, "message": "max entries limit"}), 400), InvalidRequestError, "max entries"),
        (Reply(json.dumps({"detail": "Not Found"}), 404), NotFoundError, "status 404 and nothing else"),
        (Reply(json.dumps({"detail": "no such thing"}), 404), NotFoundError, "no such thing"),
        (HTML, ServerError, "502 Bad Gateway nginx"),
        (Reply("<h1>Not here</h1>", 404, "text/html"), ProtocolError, "Not here"),
        (Reply("<h1>Log in</h1>", 401, "text/html"), AuthError, "Log in"),
        (Reply("<h1>Hello</h1>", 200, "text/html"), ProtocolError, "text/html instead of this API's JSON: 'Hello'"),
        (Reply('{"status":"success","data":{"resultType":"vec', 200), ProtocolError, "instead of"),
        (Reply('{"status":"success"}', 200), ProtocolError, "instead of"),
        (Reply("[]", 200), ProtocolError, "instead of"),
        (Reply('{"status":"error","error":"?"}', 200), ProtocolError, "instead of"),
        (Reply("", 200), ProtocolError, "instead of"),
        (success({"resultType": "tensor", "result": []}), ProtocolError, "tensor"),
        (success({"resultType": "vector", "result": [{"metric": {}}]}), ProtocolError, "instead of"),
        (success(vector(({}, "twelve"))), ProtocolError, "instead of"),
        (Reply(b"{}", 200, headers={"Content-Encoding": "gzip"}), ProtocolError, "does not speak this protocol"),
        (Reply("", 302, headers={"Location": f"{API}/query"}), ProtocolError, "redirect"),
    ],
)
def test_answers_that_are_no_success(
    server: ScriptedServer, client: Client, reply: Reply, kind: type[ClientError], words: str
) -> None:
    server.reply(f"{API}/query", reply)
    with pytest.raises(ClientError) as caught:
        client.query("up")
    assert type(caught.value) is kind
    assert words in str(caught.value)


def test_strict_mode_names_what_is_missing(server: ScriptedServer, client: Client) -> None:
    refused = prometheus_error(503, "unavailable", "no complete answer: tokyo: timeout")
    server.reply(f"{API}/query", Reply(refused.body, 503, headers={"X-LMA-Clusters-Missing": "osaka,tokyo"}))
    with pytest.raises(IncompleteError) as caught:
        client.query("up", partial=False)
    assert caught.value.missing == {"osaka": "no answer", "tokyo": "no answer"}
    with pytest.raises(IncompleteError) as caught:
        client.query("absent(up)")
    assert "strict" not in caught.value.remedy
    server.reply(f"{API}/query", refused)
    with pytest.raises(ServerError):
        client.query("up")


def test_the_control_planes_details_and_request_id_are_kept(server: ScriptedServer, client: Client) -> None:
    findings = [{"field": "labels.a", "message": "is reserved"}, {"field": "", "message": "the whole"}, "?"]
    server.reply(
        "/v1/clusters/x", control_plane_error(422, "invalid", "the body is wrong", "mend it", details=findings)
    )
    with pytest.raises(InvalidRequestError) as caught:
        client.clusters.show("x")
    assert caught.value.request_id == "req-1"
    assert str(caught.value) == "the body is wrong\n  labels.a: is reserved\n  the whole\n  remedy: mend it"


def test_a_conflict(server: ScriptedServer, client: Client) -> None:
    server.reply("/v1/clusters/x", control_plane_error(409, "conflict", "taken"))
    with pytest.raises(ConflictError, match="taken"):
        client.clusters.show("x")


def test_nobody_listens() -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        port = unheard.getsockname()[1]
        with Client(f"http://127.0.0.1:{port}") as client, pytest.raises(UnreachableError) as caught:
            client.query("up")
    assert f"cannot reach http://127.0.0.1:{port}" in caught.value.message
    assert "check that it runs" in caught.value.remedy
    assert caught.value.__cause__ is not None


def test_a_slow_server_is_given_up(server: ScriptedServer) -> None:
    server.reply(f"{API}/query", Reply("{}", delay_s=5))
    with Client(server.url, timeout_s=0.2) as client, pytest.raises(TimedOutError, match=r"within 0\.2 s"):
        client.query("up")


def test_a_cut_answer_is_not_taken_for_an_answer(server: ScriptedServer, client: Client) -> None:
    server.reply(f"{API}/query", Reply(success(vector(({}, "1"))).content, cut_at=30))
    with pytest.raises(UnreachableError, match="cut the connection"):
        client.query("up")


@pytest.mark.parametrize(
    "url", ["", "localhost:9090", "ftp://x", "http://", "http://x:99999", "http://[::1", "http://a b/", "http:///x"]
)
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequestError, match="not the URL of a server"):
        Client(url)


def test_a_password_in_the_url_is_not_shown(server: ScriptedServer) -> None:
    url = server.url.replace("http://", "http://me:secret@")
    with Client(url) as client, pytest.raises(NotFoundError):
        client.query("up")
    server.reply(f"{API}/query", Reply("<p>", 500, "text/html"))
    with Client(url) as client, pytest.raises(ServerError) as caught:
        client.query("up")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("token", "timeout_s"), [("a\nb", 1), ("ü", 1), (None, 0), (None, float("nan"))])
def test_options_that_can_not_be_used(token: str | None, timeout_s: float) -> None:
    with pytest.raises(InvalidRequestError):
        Client("http://127.0.0.1:1", token=token, timeout_s=timeout_s)
