from __future__ import annotations

import json

import pytest
import yaml

from tests.cli.conftest import Lma
from tests.client.scripted_server import Reply, ScriptedServer, control_plane_error
from tests.client.test_clusters import SEOUL

CLUSTERS = "/v1/clusters"
ONE = "/v1/clusters/seoul"
TOKYO = {
    **SEOUL,
    "name": "tokyo",
    "labels": {},
    "endpoints": {"metrics": None, "logs": {"url": "http://127.0.0.1:3102"}, "alerts": None},
    "warnings": ["logs: no answer"],
}


def test_registering_sends_every_option(server: ScriptedServer, lma: Lma) -> None:
    server.reply(CLUSTERS, Reply(json.dumps({**SEOUL, "result": "created", "warnings": ["alerts: refused"]}), 201))
    ran = lma(
        *("cluster", "register", "seoul", "--metrics-url", "http://m", "--metrics-replica", "http://r1"),
        *("--metrics-replica", "http://r2", "--logs-url", "http://l", "--logs-tenant", "acme"),
        *("--alerts-url", "http://a", "--label", "region=x", "-l", "note=a=b"),
    )
    assert (ran.code, ran.out, ran.err) == (0, "cluster seoul created\n", "warning: alerts: refused\n")
    assert server.only().json() == {
        "name": "seoul",
        "labels": {"region": "x", "note": "a=b"},
        "endpoints": {
            "metrics": {"url": "http://m", "replicas": ["http://r1", "http://r2"]},
            "logs": {"url": "http://l", "tenant": "acme"},
            "alerts": {"url": "http://a"},
        },
    }


def test_registering_can_print_the_cluster(server: ScriptedServer, lma: Lma) -> None:
    server.reply(CLUSTERS, Reply(json.dumps({**SEOUL, "result": "unchanged"})))
    ran = lma("cluster", "register", "seoul", "--metrics-url", "http://m", "-o", "json")
    assert json.loads(ran.out)["result"] == "unchanged"


def test_the_list_is_a_table(server: ScriptedServer, lma: Lma) -> None:
    osaka = {**TOKYO, "name": "osaka", "conditions": [{"type": "LogsReachable", "status": "False"}]}
    everyone = [SEOUL, TOKYO, osaka]
    server.reply(CLUSTERS, Reply(json.dumps({"clusters": everyone, "next_cursor": None})))
    assert lma("cluster", "list").out == (
        "name   metrics                logs                   alerts  labels                 state\n"
        "seoul  http://127.0.0.1:9101  http://127.0.0.1:3101  -       region=ap-northeast-2  ok\n"
        "tokyo  -                      http://127.0.0.1:3102  -       -                      1 warning\n"
        "osaka  -                      http://127.0.0.1:3102  -       -                      not LogsReachable\n"
    )
    assert json.loads(lma("cluster", "list", "-o", "json").out) == everyone
    assert yaml.safe_load(lma("cluster", "list", "-o", "yaml").out) == everyone


def test_an_empty_list_says_how_to_go_on(server: ScriptedServer, lma: Lma) -> None:
    server.reply(CLUSTERS, Reply(json.dumps({"clusters": [], "next_cursor": None})))
    ran = lma("cluster", "list")
    assert (ran.code, ran.out) == (0, "")
    assert "lma cluster register" in ran.err
    assert lma("cluster", "list", "-o", "json").out == "[]\n"


def test_one_cluster_is_shown_whole(server: ScriptedServer, lma: Lma) -> None:
    server.reply(ONE, Reply(json.dumps(SEOUL)))
    out = lma("cluster", "show", "seoul").out
    for expected in ("name ", "http://127.0.0.1:9201", "acme", "MetricsReachable  True: Ok (since 2026", "created "):
        assert expected in out
    assert "alerts" not in out
    assert yaml.safe_load(lma("cluster", "show", "seoul", "-o", "yaml").out) == SEOUL


def test_a_change_sends_only_what_is_given(server: ScriptedServer, lma: Lma) -> None:
    server.reply(ONE, Reply(json.dumps({**SEOUL, "result": "changed"})))
    ran = lma(
        *("cluster", "change", "seoul", "--metrics-url", "http://m", "--no-replicas", "--no-logs"),
        *("--label", "a=b", "--unset-label", "region"),
    )
    assert (ran.code, ran.out) == (0, "cluster seoul changed\n")
    assert server.asked[-1].json() == {
        "labels": {"a": "b", "region": None},
        "endpoints": {"metrics": {"url": "http://m", "replicas": []}, "logs": None},
    }
    lma("cluster", "change", "seoul", "--logs-tenant", "acme")
    assert server.asked[-1].json() == {"endpoints": {"logs": {"tenant": "acme"}}}


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["register", "x"], "--metrics-url"),
        (["register", "x", "--metrics-replica", "http://r", "--logs-url", "http://l"], "needs --metrics-url"),
        (["register", "x", "--metrics-url", "http://m", "--logs-tenant", "t"], "needs --logs-url"),
        (["register", "x", "--metrics-url", "http://m", "--label", "nothing"], "NAME=VALUE"),
        (["register", "x", "--metrics-url", "http://m", "--label", "=v"], "NAME=VALUE"),
        (["register", "x", "--metrics-url", "http://m", "-l", "a=1", "-l", "a=2"], "given twice"),
        (["change", "x"], "nothing to change"),
        (["change", "x", "--logs-url", "http://l", "--no-logs"], "contradicts"),
        (["change", "x", "--no-replicas", "--metrics-replica", "http://r"], "contradicts"),
        (["change", "x", "--label", "a=1", "--unset-label", "a"], "both set and unset"),
        (["remove", "x"], "--yes"),
        (["show", ""], "empty"),
    ],
)
def test_options_that_make_no_sense_are_refused_unsent(
    server: ScriptedServer, lma: Lma, arguments: list[str], word: str
) -> None:
    ran = lma("cluster", *arguments)
    assert ran.code == 2
    assert word in ran.err
    assert server.asked == []


def test_removing_with_yes(server: ScriptedServer, lma: Lma) -> None:
    server.reply(ONE, Reply("", 204))
    ran = lma("cluster", "remove", "seoul", "--yes")
    assert (ran.code, ran.out, ran.err) == (0, "", "cluster seoul removed\n")
    assert server.only().method == "DELETE"


@pytest.mark.parametrize(
    ("reply", "code", "lines"),
    [
        (
            control_plane_error(409, "conflict", "seoul is taken", "choose another name"),
            1,
            ["error: seoul is taken", "  remedy: choose another name", "  request id: req-1"],
        ),
        (
            control_plane_error(
                422, "invalid", "the body is wrong", details=[{"field": "name", "message": "too long"}]
            ),
            2,
            ["error: the body is wrong", "  name: too long", "  request id: req-1"],
        ),
        (
            control_plane_error(404, "not_found", "no such cluster"),
            1,
            ["error: no such cluster", "  request id: req-1"],
        ),
    ],
)
def test_what_the_control_plane_refuses_is_told_whole(
    server: ScriptedServer, lma: Lma, reply: Reply, code: int, lines: list[str]
) -> None:
    server.reply(CLUSTERS, reply)
    ran = lma("cluster", "register", "seoul", "--metrics-url", "http://m")
    assert ran.code == code
    assert ran.err.splitlines() == lines
