"""``lma query`` as it prints, piped: every output, every warning, every failure."""

from __future__ import annotations

import csv
import io
import json

import pytest
import yaml

from lma.cli.query import nice_step_s
from tests.cli.conftest import Lma
from tests.client.scripted_server import Reply, ScriptedServer, success, vector

QUERY = "/prometheus/api/v1/query"
RANGE = "/prometheus/api/v1/query_range"
NATIVE = {"count": "4", "sum": "10.5", "buckets": [[0, "0.5", "1", "4"]]}
UP = vector(
    ({"__name__": "up", "cluster": "tokyo", "job": "shop"}, "12.3456789"),
    ({"__name__": "up", "cluster": "seoul"}, "1234567.891"),
    ({"__name__": "up", "cluster": "osaka", "job": "a, [bold]\x1b[31m"}, "NaN"),
)
MATRIX = {
    "resultType": "matrix",
    "result": [
        {"metric": {"cluster": "tokyo"}, "values": [[0, "1"], [60, "NaN"], [120, "5"]]},
        {"metric": {"cluster": "seoul"}, "values": [[0, "-Inf"]], "histograms": [[60, NATIVE]]},
    ],
}


def prometheus_error(status: int, kind: str, message: str) -> Reply:
    return Reply(json.dumps({"status": "error", "errorType": kind, "error": message}), status)


def test_an_instant_is_a_table_sorted_by_labels(server: ScriptedServer, lma: Lma) -> None:
    server.reply(QUERY, success(UP))
    ran = lma("query", "up")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "__name__  cluster  job                      value\n"
        "up        osaka    a, [bold]\\x1b[31m          NaN\n"
        "up        seoul                       1234567.891\n"
        "up        tokyo    shop                   12.3457\n"
    )


@pytest.mark.parametrize(("expr", "first"), [("sort_desc(x)", "tokyo"), ("topk(2, x)", "tokyo"), ("sorted_x", "osaka")])
def test_an_order_that_was_asked_for_is_kept(server: ScriptedServer, lma: Lma, expr: str, first: str) -> None:
    server.reply(QUERY, success(UP))
    assert lma("query", expr).out.splitlines()[1].split()[1] == first


def test_json_is_the_apis_shape_with_exact_values(server: ScriptedServer, lma: Lma) -> None:
    server.reply(QUERY, success(UP, warnings=["w"]))
    ran = lma("query", "up", "-o", "json")
    document = json.loads(ran.out)
    assert document["resultType"] == "vector"
    assert [sample["value"][1] for sample in document["result"]] == ["12.3456789", "1234567.891", "NaN"]
    assert document["result"][0]["metric"] == {"__name__": "up", "cluster": "tokyo", "job": "shop"}
    assert document["warnings"] == ["w"]
    assert document["completeness"] == {"complete": True, "asked": [], "missing": {}}


def test_yaml_says_the_same_as_json(server: ScriptedServer, lma: Lma) -> None:
    server.reply(RANGE, success(MATRIX))
    arguments = ("query", "x", "--start", "0", "--end", "120", "-o")
    assert yaml.safe_load(lma(*arguments, "yaml").out) == json.loads(lma(*arguments, "json").out)


def test_csv_of_an_instant(server: ScriptedServer, lma: Lma) -> None:
    server.reply(QUERY, success(UP))
    rows = list(csv.reader(io.StringIO(lma("query", "up", "-o", "csv").out)))
    assert rows[0] == ["__name__", "cluster", "job", "time", "value"]
    assert rows[1] == ["up", "osaka", "a, [bold]\x1b[31m", "2023-11-14T22:13:20.123Z", "NaN"]
    assert rows[3][-1] == "12.3456789"


def test_csv_of_a_range_has_a_line_per_sample_histograms_included(server: ScriptedServer, lma: Lma) -> None:
    server.reply(RANGE, success(MATRIX))
    ran = lma("query", "x", "--start", "0", "--end", "120", "--step", "60", "-o", "csv")
    assert ran.out.splitlines() == [
        "cluster,time,value",
        "tokyo,1970-01-01T00:00:00.000Z,1",
        "tokyo,1970-01-01T00:01:00.000Z,NaN",
        "tokyo,1970-01-01T00:02:00.000Z,5",
        "seoul,1970-01-01T00:00:00.000Z,-Inf",
        'seoul,1970-01-01T00:01:00.000Z,"{count:4, sum:10.5}"',
    ]


def test_a_range_piped_is_a_table_of_what_each_series_did(server: ScriptedServer, lma: Lma) -> None:
    server.reply(RANGE, success(MATRIX))
    ran = lma("query", "x", "--start", "0", "--end", "120")
    assert ran.out == (
        "cluster                 last  min  max  avg  samples\n"
        "seoul    {count:4, sum:10.5}  NaN  NaN  NaN        2\n"
        "tokyo                      5    1    5    3        3\n"
    )
    assert server.only().value("step") == "1"


def test_a_plot_asked_for_is_drawn_in_letters_when_piped(server: ScriptedServer, lma: Lma) -> None:
    server.reply(RANGE, success(MATRIX))
    ran = lma("query", "x", "--start", "0", "--end", "120", "--step", "60", "-o", "plot")
    lines = ran.out.splitlines()
    assert lines[0].startswith("      5 ┤ ")
    assert lines[0].endswith("b")
    assert "      1 ┤b" in ran.out
    assert "00:00:00" in ran.out
    assert "\x1b" not in ran.out
    assert lines[-3].split() == ["line", "cluster", "last", "min", "max", "avg", "samples"]
    assert lines[-1].startswith("b     tokyo")


def test_an_instant_has_nothing_to_plot(server: ScriptedServer, lma: Lma) -> None:
    server.reply(QUERY, success(UP))
    ran = lma("query", "up", "-o", "plot")
    assert ran.code == 2
    assert "--range 1h" in ran.err


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"resultType": "scalar", "result": [5, "2.50"]}, "2.5\n"),
        ({"resultType": "string", "result": [5, "a\x07"]}, "a\\x07\n"),
    ],
)
def test_scalars_and_strings(server: ScriptedServer, lma: Lma, result: object, expected: str) -> None:
    server.reply(QUERY, success(result))
    assert lma("query", "x").out == expected


def test_what_is_missing_is_told_on_stderr_first(server: ScriptedServer, lma: Lma) -> None:
    headers = {"X-LMA-Complete": "false", "X-LMA-Clusters-Asked": "a,b", "X-LMA-Clusters-Missing": "b=timeout"}
    server.reply(QUERY, success(UP, headers=headers, warnings=["b: no answer within 3 s"], infos=["i"]))
    ran = lma("query", "up")
    assert ran.code == 0
    assert ran.err.splitlines() == [
        "INCOMPLETE: 1 of 2 clusters answered; missing: b (timeout)",
        "warning: b: no answer within 3 s",
        "info: i",
    ]
    assert ran.out.startswith("__name__")


def test_strict_mode_fails_instead(server: ScriptedServer, lma: Lma) -> None:
    server.reply(QUERY, prometheus_error(503, "unavailable", "no complete answer: b: timeout"))
    ran = lma("query", "up", "--strict")
    assert server.only().value("partial_response") == "false"
    assert (ran.code, ran.out) == (1, "")
    assert "no complete answer: b: timeout" in ran.err


def test_no_data_is_said_and_is_no_failure(server: ScriptedServer, lma: Lma) -> None:
    server.reply(QUERY, success(vector()))
    server.reply(RANGE, success({"resultType": "matrix", "result": []}))
    for arguments in (("query", "x"), ("query", "x", "--range", "1h"), ("query", "x", "--range", "1h", "-o", "plot")):
        ran = lma(*arguments)
        assert (ran.code, ran.out) == (0, "")
        assert "no data" in ran.err
    assert lma("query", "x", "-o", "csv").out == "time,value\n"


@pytest.mark.parametrize(
    ("expr", "place", "shown", "caret"),
    [
        ("sum(up))", "1:8", "  sum(up))", "         ^"),
        ("a +\n\tb )", "2:4", "   b )", "     ^"),
        ('"日本" +', "1:7", '  "日本" +', "          ^"),
        ("x" * 300 + ")", "1:301", "  …" + "x" * 50 + ")", "  " + " " * 51 + "^"),
        (")" + "x" * 300, "1:1", "  )" + "x" * 99 + "…", "  ^"),
        ("up", "9:99", "  up", "    ^"),
        ("a\x1b[31m )", "1:8", "  a\\x1b[31m )", "            ^"),
    ],
)
def test_a_bad_query_is_exit_code_2_with_a_caret_under_the_place(
    server: ScriptedServer, lma: Lma, expr: str, place: str, shown: str, caret: str
) -> None:
    server.reply(QUERY, prometheus_error(400, "bad_data", f'invalid parameter "query": {place}: parse error: no'))
    ran = lma("query", expr)
    assert (ran.code, ran.out) == (2, "")
    line, column = place.split(":")
    assert ran.err.split("\n")[:3] == [f"error: bad query at line {line}, column {column}: no", shown, caret]


def test_a_bad_logql_query_too(server: ScriptedServer, lma: Lma) -> None:
    text = "parse error at line 1, col 3: syntax error: unexpected }"
    server.reply("/loki/api/v1/query", Reply(text, 400, "text/plain"))
    ran = lma("query", "--logs", "{a}")
    assert ran.code == 2
    assert ran.err.splitlines()[1:3] == ["  {a}", "    ^"]


@pytest.mark.parametrize(
    ("reply", "code", "word"),
    [
        (prometheus_error(422, "execution", "cannot compute quantile exactly"), 1, "quantile"),
        (prometheus_error(400, "bad_data", 'invalid parameter "step": zero'), 2, "step"),
        (Reply("<h1>Welcome</h1>", 200, "text/html"), 1, "check the URL"),
        (Reply("", 401), 1, "LMA_TOKEN"),
        (Reply("<h1>Bad Gateway</h1>", 502, "text/html"), 1, "Bad Gateway"),
    ],
)
def test_failures_have_a_remedy_and_no_stack_trace(
    server: ScriptedServer, lma: Lma, reply: Reply, code: int, word: str
) -> None:
    server.reply(QUERY, reply)
    ran = lma("query", "up")
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith("error: ")
    assert word in ran.err
    assert "Traceback" not in ran.err


def test_nobody_listens(lma: Lma) -> None:
    ran = lma("query", "up", "--url", "http://127.0.0.1:1")
    assert ran.code == 1
    assert "cannot reach http://127.0.0.1:1" in ran.err
    assert "remedy: check that it runs" in ran.err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--time", "0", "--range", "1h"], "--time"),
        (["--range", "1h", "--start", "0"], "leave one"),
        (["--end", "0"], "--end needs the start"),
        (["--step", "15s"], "--step needs the start"),
        (["--start", "10", "--end", "5"], "exchange"),
        (["--range", "soon"], "is not a duration"),
        (["--time", "tomorrow"], "is not a time"),
        (["--range", "1h", "--step", "0"], "longer than nothing"),
        (["--url", "localhost"], "not the URL"),
        (["--token", "a b\n"], "token"),
    ],
)
def test_options_that_contradict_are_refused_unsent(
    server: ScriptedServer, lma: Lma, arguments: list[str], word: str
) -> None:
    ran = lma("query", "up", *arguments)
    assert ran.code == 2
    assert word in ran.err
    assert "remedy: " in ran.err
    assert server.asked == []


@pytest.mark.parametrize(
    ("length_s", "step_s"),
    [(0, 1), (60, 1), (3_600, 30), (6 * 3_600, 300), (86_400, 900), (3e7, 259_200), (4e9, 33_350_400)],
)
def test_steps_are_nice(length_s: float, step_s: float) -> None:
    assert nice_step_s(length_s) == step_s


def test_a_logql_metric_query(server: ScriptedServer, lma: Lma) -> None:
    server.reply("/loki/api/v1/query", success(vector(({"cluster": "seoul"}, "3"))))
    server.reply("/loki/api/v1/query_range", success(MATRIX))
    assert "seoul" in lma("query", "--logs", "sum(x)").out
    assert "tokyo" in lma("query", "--logs", "sum(x)", "--range", "1h").out


def test_a_failure_of_our_own_is_said_to_be_one(lma: Lma, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("lma.cli.query._span", broken)
    ran = lma("query", "up")
    assert ran.code == 1
    assert ran.err.splitlines() == [
        "error: internal error: ZeroDivisionError: oh",
        "  remedy: this is a bug; run it again with LMA_DEBUG=1 for the stack trace",
    ]
    monkeypatch.setenv("LMA_DEBUG", "1")
    assert "Traceback" in lma("query", "up").err
