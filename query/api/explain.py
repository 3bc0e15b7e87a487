"""Explanations over HTTP: JSON in an envelope like every answer's, or plain text with ``format=text``.

The shape is the gateway's own (``docs/api.md``) and the same for every query language.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import PlainTextResponse, Response

from query.api.respond import data_response
from query.model.certificate import PlanNode, SentQuery
from query.model.errors import BadRequestError
from query.model.explanation import Explanation, Measure, Round
from query.model.explanation_text import print_explanation
from query.model.time import MS_PER_S, Grid


def explanation_response(explained: Explanation, form: str) -> Response:
    """Return an explanation in a checked form."""
    if form == "text":
        return PlainTextResponse(print_explanation(explained))
    return data_response(explanation_document(explained), explained.notes)


def checked_form(form: str) -> str:
    """Return the form asked for, ``json`` if none is; ``BadRequestError`` if there is no such."""
    if form not in {"", "json", "text"}:
        raise BadRequestError("format", f'"{form}" is neither json nor text')
    return form or "json"


def explanation_document(explained: Explanation) -> dict[str, Any]:
    """Return an explanation as plain values."""
    last = explained.last
    document = {
        "query": explained.query,
        "language": explained.language,
        "exactness": last.root.exactness.word,
        "lane": explained.lane,
        **_round(last),
        "earlierRounds": [{**_round(done), "redone": done.redone} for done in explained.rounds[:-1]],
        "sources": [
            {"cluster": source.cluster, "replica": source.url or None, "reason": source.reason}
            for source in explained.sources
        ],
    }
    if explained.was_run:
        document["measured"] = {
            "seconds": dict(explained.timings_s),
            "resultType": explained.result_type,
            "series": explained.series,
            "missing": dict(explained.missing),
        }
    return document


def _round(done: Round) -> dict[str, Any]:
    queries = done.root.queries()
    numbers = {sent: position for position, sent in enumerate(queries, 1)}
    measures = {measure.sent: measure for measure in done.measures}
    return {
        "passes": [{"name": name, "plan": text} for name, text in done.stages],
        "plan": _node(done.root, numbers),
        "queries": [_query(numbers[sent], sent, measures.get(sent)) for sent in queries],
    }


def _node(node: PlanNode, numbers: dict[SentQuery, int]) -> dict[str, Any]:
    return {
        "node": node.text,
        "how": node.how.value,
        "exactness": node.own.word,
        "rule": node.rule,
        "queries": [numbers[sent] for sent in node.sent],
        "children": [_node(child, numbers) for child in node.children],
    }


def _query(number: int, sent: SentQuery, measure: Measure | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": number,
        "cluster": sent.cluster,
        "query": sent.query,
        "adds": dict(sent.adds),
        "evaluated": _grid(sent.grid),
    }
    if measure is not None:
        told["measured"] = (
            {"failure": measure.failure}
            if measure.failure
            else {"seconds": measure.elapsed_s, "bytes": measure.bytes, "series": measure.series}
        )
    return told


def _grid(grid: Grid | None) -> dict[str, float] | None:
    """Return when a query is evaluated, in seconds; None: when the whole query is."""
    if grid is None:
        return None
    if grid.is_instant:
        return {"time": grid.start_ms / MS_PER_S}
    return {"start": grid.start_ms / MS_PER_S, "end": grid.end_ms / MS_PER_S, "step": grid.step_ms / MS_PER_S}
