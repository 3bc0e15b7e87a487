"""Asking the real Prometheus, and reading its answers as frames."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np

from query.execute.request_form import request_form
from query.model.errors import BadQueryError, ExecutionError
from query.model.frames import Frame
from query.model.labels import NO_LABELS, Labels, as_labels
from query.model.samples import RawSeries
from query.model.time import MS_PER_S, Grid
from query.promql.syntax import parse, print_expr
from query.promql.syntax.nodes import Call, Expr, MatrixSelector, Placed, VectorSelector
from query.promql.syntax.tree import replace_children

_NOT_COMPARED = re.compile(r" \(\d+:\d+\)|(?<=over )\d+(?= samples)")
"""Positions, and how many samples were fixed for monotonicity: upstream doubles that number at every step."""


@dataclass(frozen=True, slots=True)
class Fetched(Placed):
    """A leaf that is asked from the real server."""

    query: str

    def describe(self) -> str:
        return self.query


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer: the rows in the order given, and what is said beside them, positions left out."""

    frame: Frame
    warnings: frozenset[str] = field(default=frozenset())
    infos: frozenset[str] = field(default=frozenset())


@dataclass(frozen=True, slots=True)
class Server:
    """A Prometheus; remembers what it was asked."""

    url: str
    client: httpx.Client
    _known: dict[tuple[str, Grid], Answered] = field(default_factory=dict, repr=False)

    def ask(self, query: str, grid: Grid) -> Answered:
        """Evaluate a query; ``ExecutionError`` or ``BadQueryError`` holds the server's own words."""
        if (query, grid) not in self._known:
            self._known[query, grid] = self._ask(query, grid)
        return self._known[query, grid]

    def _ask(self, query: str, grid: Grid) -> Answered:
        reply = self._reply(query, grid)
        return Answered(
            _frame(reply["data"], grid), comparable(reply.get("warnings", ())), comparable(reply.get("infos", ()))
        )

    def ask_raw(self, query: str, time_ms: int) -> RawSeries:
        """Evaluate an instant query for a range vector."""
        rows = self._reply(query, Grid.instant(time_ms))["data"]["result"]
        samples = [sample for row in rows for sample in row["values"]]
        return RawSeries(
            tuple(as_labels(row["metric"]) for row in rows),
            np.cumsum([0, *(len(row["values"]) for row in rows)]),
            np.array([round(time * MS_PER_S) for time, _ in samples], np.int64),
            np.array([float(value) for _, value in samples]),
        )

    def _reply(self, query: str, grid: Grid) -> dict[str, Any]:
        path, form = request_form(parse(query), grid)
        reply: dict[str, Any] = self.client.post(self.url + path, data=dict(form)).json()
        if reply["status"] != "success":
            kind = BadQueryError if reply["errorType"] == "bad_data" else ExecutionError
            raise kind(reply["error"])
        return reply


def with_fetched_leaves(query: str) -> Expr:
    """Return the tree with every selector, and every function over a range, as a leaf to fetch."""
    return _place(parse(query))


def _place(expr: Expr) -> Expr:
    if isinstance(expr, VectorSelector):
        return Fetched(print_expr(expr))
    if isinstance(expr, Call) and any(isinstance(argument, MatrixSelector) for argument in expr.args):
        return Fetched(print_expr(expr))
    return replace_children(expr, _place)


def _frame(data: dict[str, Any], grid: Grid) -> Frame:
    match data["resultType"]:
        case "scalar":
            rows: list[tuple[Labels, list[Any]]] = [(NO_LABELS, [data["result"]])]
        case "vector":
            rows = [(as_labels(row["metric"]), [row["value"]]) for row in data["result"]]
        case _:
            rows = [(as_labels(row["metric"]), row["values"]) for row in data["result"]]
    values = np.zeros((len(rows), grid.steps))
    present = np.zeros(values.shape, np.bool_)
    for row, (_, samples) in enumerate(rows):
        for time, value in samples:
            step = (round(time * MS_PER_S) - grid.start_ms) // grid.step_ms
            values[row, step], present[row, step] = float(value), True
    return Frame(grid, tuple(labels for labels, _ in rows), values, present)


def comparable(notes: Iterable[str]) -> frozenset[str]:
    return frozenset(_NOT_COMPARED.sub("", note) for note in notes)
