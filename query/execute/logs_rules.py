"""The clusters' LogQL rules and alerts as one list; reading only.

A rule is evaluated in its cluster, over that cluster's logs, so what it makes carries the cluster's labels: they are
added to each rule's and alert's own. Namespaces of the same name become one, their groups side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final
from urllib.parse import quote

import msgspec
import yaml

from query.backends.base import BackendError, Failure, Request
from query.backends.outcome import Answered
from query.execute.logs_ask import LogsAsk, Parts
from query.execute.metadata_answer import MetadataAnswer
from query.model.clusters import Cluster
from query.wire.loki import read_plain

NOTHING_THERE: Final = ("no rule groups found", "unable to read rule dir", "no such file or directory", "not found")
"""What Loki says where there are no rules, with 404 or 400, depending on the store."""

MOST_YAML_BYTES: Final = 8 << 20


class _Groups(msgspec.Struct):
    groups: list[dict[str, Any]] = []


class _Alerts(msgspec.Struct):
    alerts: list[dict[str, Any]] = []


class _RulesBody(msgspec.Struct):
    status: str
    data: _Groups | None = None


class _AlertsBody(msgspec.Struct):
    status: str
    data: _Alerts | None = None


class LogsRules:
    """Reads rules from the current members."""

    def __init__(self, asking: LogsAsk) -> None:
        self._asking = asking

    async def namespaces(self, namespace: str = "", *, allow_partial: bool) -> MetadataAnswer:
        """Return the rule groups as written, by namespace; only one namespace's if it is named."""
        path = "/loki/api/v1/rules" + (f"/{quote(namespace, safe='')}" if namespace else "")

        def unite(parts: Parts[dict[str, list[dict[str, Any]]]]) -> dict[str, list[dict[str, Any]]]:
            found: dict[str, list[dict[str, Any]]] = {}
            for cluster, spaces in parts:
                for name, groups in spaces.items():
                    found.setdefault(name, []).extend(_labelled(group, cluster) for group in groups)
            return dict(sorted(found.items()))

        return await self._asking.ask(lambda _: Request(path), _read_namespaces, unite, allow_partial=allow_partial)

    async def groups(self, *, allow_partial: bool) -> MetadataAnswer:
        """Return the rule groups with their state, as Prometheus's ``/rules`` does."""

        def unite(parts: Parts[_RulesBody]) -> dict[str, Any]:
            return {
                "groups": [
                    _labelled(group, cluster) for cluster, part in parts if part.data for group in part.data.groups
                ]
            }

        return await self._listed("/prometheus/api/v1/rules", _RulesBody, unite, allow_partial=allow_partial)

    async def alerts(self, *, allow_partial: bool) -> MetadataAnswer:
        """Return the active alerts."""

        def unite(parts: Parts[_AlertsBody]) -> dict[str, Any]:
            return {
                "alerts": [
                    _with_labels(alert, cluster) for cluster, part in parts if part.data for alert in part.data.alerts
                ]
            }

        return await self._listed("/prometheus/api/v1/alerts", _AlertsBody, unite, allow_partial=allow_partial)

    async def _listed(
        self, path: str, shape: type[Any], unite: Callable[[Any], Any], *, allow_partial: bool
    ) -> MetadataAnswer:
        def read(answer: Answered) -> Any:
            return shape(status="success") if _has_nothing(answer) else read_plain(answer, shape)

        return await self._asking.ask(lambda _: Request(path), read, unite, allow_partial=allow_partial)


def _has_nothing(answer: Answered) -> bool:
    text = answer.body[:500].decode("utf-8", "replace")
    return answer.status in {400, 404} and any(mark in text for mark in NOTHING_THERE)


def _read_namespaces(answer: Answered) -> dict[str, list[dict[str, Any]]]:
    if _has_nothing(answer):
        return {}
    if answer.status >= 400 or len(answer.body) > MOST_YAML_BYTES:  # noqa: PLR2004
        raise BackendError(Failure.REFUSED, f"HTTP {answer.status} instead of rules")
    try:
        found = yaml.safe_load(answer.body)
    except (yaml.YAMLError, RecursionError) as error:
        raise BackendError(Failure.NOT_UNDERSTOOD, "the rules are no YAML") from error
    if not isinstance(found, dict):
        return {}
    return {str(name): list(_mappings(groups)) for name, groups in found.items()}


def _mappings(listed: Any) -> Iterable[dict[str, Any]]:
    return (item for item in listed if isinstance(item, dict)) if isinstance(listed, list) else ()


def _labelled(group: dict[str, Any], cluster: Cluster) -> dict[str, Any]:
    return {**group, "rules": [_rule(rule, cluster) for rule in _mappings(group.get("rules"))]}


def _rule(rule: dict[str, Any], cluster: Cluster) -> dict[str, Any]:
    labelled = _with_labels(rule, cluster)
    if isinstance(rule.get("alerts"), list):
        labelled["alerts"] = [_with_labels(alert, cluster) for alert in _mappings(rule["alerts"])]
    return labelled


def _with_labels(item: dict[str, Any], cluster: Cluster) -> dict[str, Any]:
    labels = item.get("labels")
    return {**item, "labels": {**(labels if isinstance(labels, dict) else {}), **cluster.constants}}
