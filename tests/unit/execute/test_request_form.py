"""What a cluster is asked so that it evaluates an expression on a grid."""

from __future__ import annotations

from query.execute.request_form import request_form
from query.model.time import Grid
from query.promql.syntax import parse


def test_an_instant_and_a_range() -> None:
    assert request_form(parse("x"), Grid.instant(1_500)) == ("/api/v1/query", [("query", "x"), ("time", "1.500")])
    assert request_form(parse("x"), Grid(0, 60_000, 15_000)) == (
        "/api/v1/query_range",
        [("query", "x"), ("start", "0"), ("end", "60"), ("step", "15")],
    )


def test_more_steps_than_a_server_takes_are_asked_as_a_subquery() -> None:
    path, form = request_form(parse("sum(x) + 1"), Grid(5_000, 20_000_500, 1_000))
    assert path == "/api/v1/query"
    assert form == [("query", "(sum(x) + 1)[5h33m15s501ms:1s]"), ("time", "20000.500")]


def test_unless_its_times_are_not_those_of_a_subquery() -> None:
    assert request_form(parse("x"), Grid(5_001, 20_000_500, 1_000))[0] == "/api/v1/query_range"
