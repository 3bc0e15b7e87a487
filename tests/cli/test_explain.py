"""``lma query --explain``: the tree, the documents, and what does not go together."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Lma
from tests.client.scripted_server import ScriptedServer, success

EXPLAIN = "/prometheus/api/v1/query_explain"
PUSHED = {
    "node": "sum(up)", "how": "pushed", "exactness": "exact", "rule": "each cluster's partial result",
    "queries": [1, 2], "children": [],
}  # fmt: skip
DOCUMENT = {
    "query": "sum(up)",
    "language": "promql",
    "exactness": "rounded",
    "lane": "arrays",
    "passes": [{"name": "parsed", "plan": "sum(up)"}],
    "plan": {
        "node": "sum", "how": "merged", "exactness": "rounded", "rule": "another order [bold]", "queries": [],
        "children": [PUSHED],
    },
    "queries": [
        {"id": 1, "cluster": "seoul", "query": "sum(up)", "adds": {}, "evaluated": None,
         "measured": {"seconds": 0.0123, "bytes": 99, "series": 1}},
        {"id": 2, "cluster": "tokyo", "query": "sum(up)", "adds": {}, "evaluated": None,
         "measured": {"failure": "timeout: \u001b[31m"}},
    ],
    "earlierRounds": [],
    "sources": [{"cluster": "seoul", "replica": "http://r1", "reason": "it holds everything"}],
    "measured": {"seconds": {"plan": 0.001}, "resultType": "vector", "series": 1, "missing": {}},
}  # fmt: skip


def test_the_plan_is_drawn_as_a_tree(server: ScriptedServer, lma: Lma) -> None:
    server.reply(EXPLAIN, success(DOCUMENT))
    ran = lma("query", "sum(up)", "--explain", "--analyze")
    assert (ran.code, ran.err) == (0, "")
    assert [line.rstrip() for line in ran.out.splitlines()] == [
        "rounded  lane arrays",
        "sum  merged rounded  another order [bold]",
        "└── sum(up)  pushed exact  each cluster's partial result",
        "    ├── #1 seoul  12.3 ms  99 B  1 series",
        "    └── #2 tokyo  timeout: \\x1b[31m",
        "#1 seoul: sum(up)",
        "#2 tokyo: sum(up)",
        "seoul is asked at http://r1: it holds everything",
        "vector of 1 series; plan 1.0 ms",
    ]
    assert server.only().value("analyze") == "true"


def test_json_is_the_servers_document(server: ScriptedServer, lma: Lma) -> None:
    server.reply(EXPLAIN, success(DOCUMENT))
    assert json.loads(lma("query", "sum(up)", "--explain", "-o", "json").out) == DOCUMENT
    assert "analyze" not in server.only().values


def test_a_range_is_explained(server: ScriptedServer, lma: Lma) -> None:
    server.reply("/prometheus/api/v1/query_range_explain", success(DOCUMENT))
    assert lma("query", "sum(up)", "--explain", "--range", "1h", "-o", "yaml").code == 0
    assert float(server.only().value("step")) == 30


def test_the_worst_to_accept_is_asked_for(server: ScriptedServer, lma: Lma) -> None:
    server.reply("/prometheus/api/v1/query", success({"resultType": "vector", "result": []}))
    assert lma("query", "sum(up)", "--exactness", "exact").code == 0
    assert server.only().value("exactness") == "exact"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--analyze",), "add --explain"),
        (("--explain", "--logs"), "leave out --logs"),
        (("--explain", "-o", "csv"), "use --output table, json or yaml"),
    ],
)
def test_what_does_not_go_together(server: ScriptedServer, lma: Lma, options: tuple[str, ...], words: str) -> None:
    server.reply(EXPLAIN, success(DOCUMENT))
    ran = lma("query", "sum(up)", *options)
    assert ran.code == 2
    assert words in ran.err
