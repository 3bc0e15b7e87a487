"""Calls of the control plane's clusters, ``/v1/clusters``.

A change is a JSON merge patch (RFC 7396): what is absent stays, what is ``None`` goes, lists are replaced.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, Final
from urllib.parse import quote

import msgspec

from lma.client.call import Answer, Call, Request, params
from lma.client.decode import json_of
from lma.client.entities import Cluster, Condition, Endpoints
from lma.client.errors import InvalidRequestError
from lma.client.problems import not_json

BASE: Final = "/v1/clusters"
Pages = Generator[Call["Page"], "Page", tuple[Cluster, ...]]


class WireMetrics(msgspec.Struct, frozen=True):
    """The metrics endpoint on the wire."""

    url: str
    replicas: tuple[str, ...] = ()


class WireLogs(msgspec.Struct, frozen=True):
    """The logs endpoint on the wire."""

    url: str
    tenant: str | None = None


class WireAlerting(msgspec.Struct, frozen=True):
    """The alerts endpoint on the wire."""

    url: str


class WireEndpoints(msgspec.Struct, frozen=True):
    """A cluster's endpoints on the wire."""

    metrics: WireMetrics | None = None
    logs: WireLogs | None = None
    alerts: WireAlerting | None = None


class WireCondition(msgspec.Struct, frozen=True):
    """A condition on the wire."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    since: str = ""


class WireCluster(msgspec.Struct, frozen=True):
    """A cluster on the wire."""

    name: str
    id: str = ""
    labels: dict[str, str] = {}
    endpoints: WireEndpoints = WireEndpoints()
    conditions: tuple[WireCondition, ...] = ()
    warnings: tuple[str, ...] = ()
    created_at: str = ""
    updated_at: str = ""
    result: str = ""


class WirePage(msgspec.Struct, frozen=True):
    """A page of clusters on the wire."""

    clusters: list[msgspec.Raw]
    next_cursor: str | None = None


class Page(msgspec.Struct, frozen=True):
    """A page of clusters."""

    clusters: tuple[Cluster, ...]
    next_cursor: str | None


def register(name: str, endpoints: Endpoints, labels: Mapping[str, str] | None = None) -> Call[Cluster]:
    """Register a cluster; registering the same again changes nothing."""
    body = {"name": name, "labels": dict(labels or {}), "endpoints": endpoints.as_body()}
    return Call(Request("POST", BASE, body=body), decode_cluster)


def list_pages() -> Pages:
    """List every cluster by name, page by page."""
    found: list[Cluster] = []
    cursor: str | None = None
    while True:
        page = yield Call(Request("GET", BASE, params=params(cursor=cursor)), decode_page)
        found += page.clusters
        if page.next_cursor is None or page.next_cursor == cursor:
            return tuple(found)
        cursor = page.next_cursor


def show(name: str) -> Call[Cluster]:
    """Read one cluster."""
    return Call(Request("GET", path_of(name)), decode_cluster)


def change(
    name: str,
    *,
    labels: Mapping[str, str | None] | None = None,
    endpoints: Endpoints | Mapping[str, Any] | None = None,
) -> Call[Cluster]:
    """Change what is given of a cluster."""
    body: dict[str, Any] = {}
    if labels:
        body["labels"] = dict(labels)
    if endpoints:
        body["endpoints"] = endpoints.as_body() if isinstance(endpoints, Endpoints) else dict(endpoints)
    if not body:
        raise InvalidRequestError("nothing to change was given", remedy="give labels, or an endpoint")
    return Call(Request("PATCH", path_of(name), body=body), decode_cluster)


def remove(name: str, *, force: bool = False) -> Call[None]:
    """Take a cluster out; its data stays where it is."""
    return Call(Request("DELETE", path_of(name), params=params(force="true" if force else None)), lambda _: None)


def decode_cluster(answer: Answer) -> Cluster:
    """Decode one cluster."""
    return _cluster(answer, answer.body)


def decode_page(answer: Answer) -> Page:
    """Decode a page of clusters."""
    wire = json_of(answer, WirePage)
    return Page(tuple(_cluster(answer, raw) for raw in wire.clusters), wire.next_cursor)


def _cluster(answer: Answer, raw: bytes | msgspec.Raw) -> Cluster:
    wire = json_of(answer, WireCluster, raw)
    parts = wire.endpoints
    if not wire.name:
        raise not_json(answer.url, answer.headers, answer.body)
    return Cluster(
        name=wire.name,
        id=wire.id,
        labels=wire.labels,
        endpoints=Endpoints(
            metrics_url=parts.metrics.url if parts.metrics else None,
            metrics_replicas=parts.metrics.replicas if parts.metrics else (),
            logs_url=parts.logs.url if parts.logs else None,
            logs_tenant=parts.logs.tenant if parts.logs else None,
            alerts_url=parts.alerts.url if parts.alerts else None,
        ),
        conditions=tuple(Condition(c.type, c.status, c.reason, c.message, c.since) for c in wire.conditions),
        warnings=wire.warnings,
        created_at=wire.created_at,
        updated_at=wire.updated_at,
        outcome=wire.result,
        details=json_of(answer, dict[str, Any], raw),
    )


def path_of(name: str) -> str:
    """Return the path of a cluster."""
    if not name:
        raise InvalidRequestError("a cluster's name is empty", remedy="name a cluster; see the list of them")
    return f"{BASE}/{quote(name, safe='')}"
