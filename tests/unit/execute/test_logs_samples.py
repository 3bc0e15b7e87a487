"""Values of lines read from several clusters: grouped, bounded, failing as a query over them would."""

from __future__ import annotations

from typing import Any

import pytest

from query.backends.base import BackendError, Failure, Request
from query.execute.settings import ExecuteSettings
from tests.unit.api.loki_fleet import Answer, LokiFleet, fails

S = 1_000_000_000
DOWN = fails(BackendError(Failure.UNREACHABLE, "refused"))


def lines(*entries: tuple[int, dict[str, str]]) -> Answer:
    """Answer with the lines that lie in what is asked, whose parsed labels are given, as Loki would page them."""

    def answer(request: Request) -> tuple[int, Any]:
        form = dict(request.form or ())
        assert request.headers["X-Loki-Response-Encoding-Flags"] == "categorize-labels"
        assert form["direction"] == "forward"
        found = [
            [str(at), "line", {"parsed": parsed}]
            for at, parsed in entries
            if int(form["start"]) <= at < int(form["end"])
        ][: int(form["limit"])]
        result = [{"stream": {"app": "x"}, "values": found}] if found else []
        return 200, {"status": "success", "data": {"resultType": "streams", "result": result, "stats": {}}}

    return answer


SEOUL = {"query_range": lines(*((at * S, {"y": str(at), "a": "1"}) for at in range(1, 8)))}
TOKYO = {"query_range": lines((3 * S, {"y": "100", "a": "1"}), (4 * S, {"y": "50", "a": "2"}), (5 * S, {"a": "2"}))}
QUERY = '({app="x"} | json | unwrap y [10s]) by (a)'


async def ask(query: str, settings: ExecuteSettings | None = None, **scripts: dict[str, Answer]) -> Any:
    fleet = LokiFleet(settings, **scripts)
    return await fleet.get("query", query=query, time="10")


async def test_values_of_all_clusters_make_one_result() -> None:
    answer = await ask(f"avg_over_time{QUERY}", seoul=SEOUL, tokyo=TOKYO)
    assert answer.json()["data"]["result"] == [
        {"metric": {"a": "1"}, "value": [10, "16"]},
        {"metric": {"a": "2"}, "value": [10, "50"]},
    ]


async def test_pages_are_read_to_the_end() -> None:
    answer = await ask(f"avg_over_time{QUERY}", ExecuteSettings(log_lines=3), seoul=SEOUL, tokyo=TOKYO)
    assert answer.json()["data"]["result"][0]["value"][1] == "16"


async def test_a_missing_cluster_is_named_and_left_out() -> None:
    answer = await ask(f"last_over_time{QUERY}", seoul=SEOUL, tokyo={"query_range": DOWN})
    assert answer.json()["data"]["result"] == [{"metric": {"a": "1"}, "value": [10, "7"]}]
    assert answer.headers["x-lma-clusters-missing"] == "tokyo=unreachable"


async def test_a_cluster_missing_from_another_leg_is_left_out_of_this_one_too() -> None:
    query = f'avg_over_time{QUERY} + on () group_left sum(rate({{app="x"}}[5m]))'
    answer = await ask(query, seoul={**SEOUL, "query": DOWN}, tokyo={**TOKYO, "query": DOWN})
    assert answer.status_code == 503


async def test_more_lines_than_the_budget_are_refused_by_name() -> None:
    answer = await ask(f"avg_over_time{QUERY}", ExecuteSettings(sample_lines=5), seoul=SEOUL, tokyo=TOKYO)
    assert answer.status_code == 400
    assert "limits.sample_lines" in answer.text


async def test_more_lines_at_one_instant_than_a_page_are_refused() -> None:
    same = {"query_range": lines(*((S, {"y": str(number)}) for number in range(9)))}
    answer = await ask(f"avg_over_time{QUERY}", ExecuteSettings(log_lines=3), seoul=same, tokyo=TOKYO)
    assert answer.status_code == 400
    assert "more than 3 lines have the time" in answer.text


@pytest.mark.parametrize(
    ("query", "parsed", "error"),
    [
        (QUERY, {"y": "GET"}, "SampleExtractionErr"),
        (QUERY, {"y": "5", "__error__": "JSONParserErr"}, "JSONParserErr"),
        (QUERY.replace("y [", "y | b>1 ["), {"y": "5", "a": "1", "__error__": "JSONParserErr"}, "JSONParserErr"),
    ],
)
async def test_a_value_that_does_not_convert_fails_the_query(query: str, parsed: dict[str, str], error: str) -> None:
    answer = await ask(f"avg_over_time{query}", seoul={"query_range": lines((S, parsed))}, tokyo=TOKYO)
    assert answer.status_code == 400
    assert f"pipeline error: '{error}' for series" in answer.text


async def test_it_is_left_out_where_the_query_says_so() -> None:
    query = QUERY.replace("y [", 'y | __error__="" [')
    answer = await ask(f"avg_over_time{query}", seoul={"query_range": lines((S, {"y": "GET"}))}, tokyo=TOKYO)
    assert [row["value"][1] for row in answer.json()["data"]["result"]] == ["100", "50"]


async def test_a_line_broken_behind_what_is_needed_counts() -> None:
    parsed = {"y": "5", "a": "3", "__error__": "JSONParserErr"}
    answer = await ask(f"avg_over_time{QUERY}", seoul={"query_range": lines((S, parsed))}, tokyo=TOKYO)
    assert answer.json()["data"]["result"][-1] == {"metric": {"a": "3"}, "value": [10, "5"]}
