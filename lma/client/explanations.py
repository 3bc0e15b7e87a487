"""Explanations of queries: how the server answers one, how exact that is, and what it took.

Example::

    explained = client.explain("sum(rate(http_requests_total[5m]))", analyze=True)
    print(explained.exactness, [(query.cluster, query.query) for query in explained.queries])
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from lma.client.call import Answer
from lma.client.decode import json_of, opened


class QueryMeasure(msgspec.Struct, frozen=True, rename="camel"):
    """What one request to a cluster took, or why there was no answer."""

    seconds: float | None = None
    bytes: int | None = None
    series: int | None = None
    failure: str | None = None


class SentQuery(msgspec.Struct, frozen=True, rename="camel"):
    """What a cluster is sent; ``adds`` are the labels its answer is given, ``evaluated`` when, if not as the whole."""

    id: int
    cluster: str
    query: str
    adds: Mapping[str, str] = {}
    evaluated: Mapping[str, float] | None = None
    measured: QueryMeasure | None = None


class PlanNode(msgspec.Struct, frozen=True, rename="camel"):
    """A node of the plan: ``how`` it is computed, its own ``exactness``, and the ``rule`` that says so.

    ``queries`` are ids of ``SentQuery``.
    """

    node: str
    how: str
    exactness: str
    rule: str
    queries: tuple[int, ...] = ()
    children: tuple[PlanNode, ...] = ()


class Pass(msgspec.Struct, frozen=True, rename="camel"):
    """A step of planning and the plan after it, as text."""

    name: str
    plan: str


class Source(msgspec.Struct, frozen=True, rename="camel"):
    """Where a cluster that names replicas is asked; no ``replica``: at its complete view."""

    cluster: str
    replica: str | None = None
    reason: str = ""


class Round(msgspec.Struct, frozen=True, rename="camel"):
    """A plan that did not suffice, and why it was ``redone``."""

    plan: PlanNode
    passes: tuple[Pass, ...] = ()
    queries: tuple[SentQuery, ...] = ()
    redone: str = ""


class RunMeasure(msgspec.Struct, frozen=True, rename="camel"):
    """What answering took: seconds by stage, and what came out."""

    seconds: Mapping[str, float]
    result_type: str
    series: int
    missing: Mapping[str, str] = {}


class Explanation(msgspec.Struct, frozen=True, rename="camel"):
    """How a query is answered. ``exactness``: the worst of all nodes: ``exact``, ``rounded`` or ``approximate``.

    ``measured`` is there if the query was run. ``document`` is the server's whole answer.
    """

    query: str
    language: str
    exactness: str
    lane: str
    plan: PlanNode
    passes: tuple[Pass, ...] = ()
    queries: tuple[SentQuery, ...] = ()
    earlier_rounds: tuple[Round, ...] = ()
    sources: tuple[Source, ...] = ()
    measured: RunMeasure | None = None
    document: Mapping[str, Any] = {}


def decode_explanation(answer: Answer) -> Explanation:
    """Decode the answer of an explain endpoint."""
    data, _ = opened(answer)
    explained = json_of(answer, Explanation, data)
    return msgspec.structs.replace(explained, document=json_of(answer, dict[str, Any], data))
