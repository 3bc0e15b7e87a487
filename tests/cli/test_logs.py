from __future__ import annotations

import csv
import io
import json

import pytest
import yaml

from tests.cli.conftest import Lma
from tests.cli.terminal import terminal
from tests.client.scripted_server import Reply, ScriptedServer, streams, success
from tests.client.tail_model import line, message
from tests.client.tailed import Tailed

QUERY_RANGE = "/loki/api/v1/query_range"
T = 1_700_000_000_123_456_789
S = 1_000_000_000
SHOP = streams(
    (
        {"app": "shop", "cluster": "seoul", "env": "prod", "level": "error", "pod": "a"},
        [(T + 2, "boom\x1b[2J\nsecond line"), (T, "first")],
    ),
    ({"app": "shop", "cluster": "tokyo", "env": "prod", "detected_level": "unknown"}, [(T + 1, "GET /cart")]),
)


def test_lines_are_oldest_first_with_cluster_level_and_the_labels_that_differ(server: ScriptedServer, lma: Lma) -> None:
    server.reply(QUERY_RANGE, success(SHOP))
    ran = lma("logs", '{app="shop"}')
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "2023-11-14T22:13:20.123Z  seoul  ERROR  pod=a  first\n"
        "2023-11-14T22:13:20.123Z  tokyo  GET /cart\n"
        "2023-11-14T22:13:20.123Z  seoul  ERROR  pod=a  boom\\x1b[2J\n    second line\n"
    )
    asked = server.only()
    assert (asked.value("direction"), asked.value("limit")) == ("backward", "100")
    assert int(asked.value("end")) - int(asked.value("start")) == 3600 * S


def test_forward_keeps_the_oldest(server: ScriptedServer, lma: Lma) -> None:
    server.reply(QUERY_RANGE, success(streams(({"a": "b"}, [(T, "1"), (T + 1, "2")]))))
    ran = lma("logs", "{}", "--forward", "--limit", "2", "--since", "10m", "--strict")
    assert [text.split()[-1] for text in ran.out.splitlines()] == ["1", "2"]
    assert "limit reached: the oldest 2 lines" in ran.err
    asked = server.only()
    assert (asked.value("direction"), asked.value("partial_response")) == ("forward", "false")


def test_outputs_for_programs(server: ScriptedServer, lma: Lma) -> None:
    server.reply(QUERY_RANGE, success(SHOP))
    documents = [json.loads(text) for text in lma("logs", "{}", "-o", "json").out.splitlines()]
    assert [document["line"] for document in documents] == ["first", "GET /cart", "boom\x1b[2J\nsecond line"]
    assert documents[0]["time"] == "2023-11-14T22:13:20.123456789Z"
    assert documents[0]["time_ns"] == str(T)
    assert documents[0]["labels"]["pod"] == "a"
    assert list(yaml.safe_load_all(lma("logs", "{}", "-o", "yaml").out)) == documents
    rows = list(csv.reader(io.StringIO(lma("logs", "{}", "-o", "csv").out)))
    assert rows[0] == ["time", "labels", "line"]
    assert rows[2] == [
        "2023-11-14T22:13:20.123456790Z",
        '{app="shop", cluster="tokyo", detected_level="unknown", env="prod"}',
        "GET /cart",
    ]
    assert lma("logs", "{}", "-o", "raw").out == "first\nGET /cart\nboom\x1b[2J\nsecond line\n"


def test_no_lines_is_said(server: ScriptedServer, lma: Lma) -> None:
    server.reply(QUERY_RANGE, success(streams(), headers={"X-LMA-Clusters-Missing": "seoul=refused"}))
    ran = lma("logs", "{}")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.splitlines() == [
        "INCOMPLETE: clusters are missing; missing: seoul (refused)",
        "no lines: nothing matches in this range",
    ]


def test_a_metric_query_is_pointed_to_the_other_command(server: ScriptedServer, lma: Lma) -> None:
    server.reply(QUERY_RANGE, success({"resultType": "matrix", "result": []}))
    ran = lma("logs", "rate({a=`b`}[1m])")
    assert ran.code == 2
    assert "lma query --logs" in ran.err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--since", "1h", "--start", "0"], "--since and --start"),
        (["--follow", "--end", "now"], "--follow and --end"),
        (["--follow", "--forward"], "--follow and --forward"),
        (["--start", "10", "--end", "5"], "exchange"),
        (["--since", "ever"], "not a duration"),
    ],
)
def test_options_that_contradict(server: ScriptedServer, lma: Lma, arguments: list[str], word: str) -> None:
    ran = lma("logs", "{}", *arguments)
    assert ran.code == 2
    assert word in ran.err
    assert server.asked == []


def test_follow_goes_on_over_a_broken_connection_until_interrupted(server: ScriptedServer) -> None:
    one, two = line(T, "one", cluster="seoul"), line(T + S, "two", cluster="seoul")
    Tailed(server, ([message(one)], "cut"), ([message(one, two)], "stay"))
    with terminal("logs", "{}", "--follow", "--start", "0", LMA_URL=server.url) as screen:
        screen.read_until("two")
        screen.interrupt()
        assert screen.end() == 130
    plain = screen.plain
    assert (plain.count("one"), plain.count("two")) == (1, 1)
    assert "reconnecting: " in plain
    assert "Traceback" not in plain
    assert "\x1b[95m" in screen.output or "\x1b[" in screen.output


def test_follow_in_json_polls_a_server_without_tail(server: ScriptedServer) -> None:
    first, second = [(T, "1")], [(T, "1"), (T, "2")]
    server.reply(
        QUERY_RANGE, success(streams(({}, first))), success(streams(({}, first))), success(streams(({}, second)))
    )
    with terminal("logs", "{}", "-f", "-o", "json", "--start", "0", LMA_URL=server.url) as screen:
        screen.read_until('"line": "2"')
        screen.interrupt()
        assert screen.end() == 130
    assert "polling: this server does not tail" in screen.plain
    assert screen.plain.count('"line": "1"') == 1


def test_follow_fails_at_once_on_a_bad_query(server: ScriptedServer, lma: Lma) -> None:
    server.reply(QUERY_RANGE, Reply("parse error at line 1, col 1: syntax error", 400, "text/plain"))
    ran = lma("logs", "{", "--follow")
    assert ran.code == 2
    assert ran.err.splitlines()[2] == "  ^"
