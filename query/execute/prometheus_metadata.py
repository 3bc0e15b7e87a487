"""Unions over clusters of everything in the Prometheus API that is not a query.

Label names and values, series, metric metadata, rules, alerts, targets, alertmanagers and exemplars: each cluster is
asked for its own, the cluster's labels are added, and the results are united as one server with all the data would
list them. Matchers on a cluster's labels are decided here, as for queries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import quote

from query.backends.base import BackendError, Deadline, Request
from query.backends.outcome import Completeness, Missing, completeness
from query.execute.fanout import Call, Member, ask
from query.execute.fetch import QueryOptions
from query.execute.membership import Membership
from query.execute.parsing import parse_match, parse_query
from query.execute.settings import ExecuteSettings
from query.model.clusters import Cluster
from query.model.errors import BadQueryError, ExecutionError
from query.model.frames import Notes
from query.model.labels import with_constants
from query.model.matchers import Matcher
from query.promql.plan.context import PlanContext
from query.promql.plan.piece import piece_of
from query.promql.plan.push_subtrees import holders_of
from query.promql.syntax.nodes import VectorSelector
from query.promql.syntax.printer import print_expr
from query.wire.prometheus import UpstreamQueryError, read_data

Data = TypeVar("Data")
Params = tuple[tuple[str, str], ...]
TRUNCATED: Final = "results truncated due to limit"


@dataclass(frozen=True, slots=True)
class MetadataAnswer:
    """``data`` of an answer, ready to be encoded."""

    data: Any
    notes: Notes
    completeness: Completeness


class PrometheusMetadata:
    """Answers the metadata endpoints over the current members."""

    def __init__(self, membership: Membership, settings: ExecuteSettings) -> None:
        self._membership = membership
        self._settings = settings

    async def label_names(self, selectors: Sequence[str], params: Params, options: QueryOptions) -> MetadataAnswer:
        """Return the sorted label names; a cluster with any series also has its own labels."""

        def unite(parts: Sequence[tuple[Cluster, list[str]]]) -> list[str]:
            names: set[str] = set()
            for cluster, found in parts:
                if found:
                    names.update(found, cluster.constants)
            return sorted(names)

        return _limited(await self._selected("/api/v1/labels", list[str], selectors, params, options, unite), options)

    async def label_values(
        self, name: str, path_name: str, selectors: Sequence[str], params: Params, options: QueryOptions
    ) -> MetadataAnswer:
        """Return the sorted values of a label. ``path_name`` is the name as it was written in the path.

        A cluster for which the label is constant is asked whether anything matches at all, and then gives its constant.
        """

        def unite(parts: Sequence[tuple[Cluster, list[str]]]) -> list[str]:
            values: set[str] = set()
            for cluster, found in parts:
                constant = cluster.constants.get(name)
                if constant is None:
                    values.update(found)
                elif found:
                    values.add(constant)
            return sorted(values)

        def path(cluster: Cluster) -> str:
            return f"/api/v1/label/{'__name__' if name in cluster.constants else quote(path_name, safe='')}/values"

        answer = await self._selected(path, list[str], selectors, params, options, unite)
        return _limited(answer, options)

    async def series(self, selectors: Sequence[str], params: Params, options: QueryOptions) -> MetadataAnswer:
        """Return the label sets that match any selector, each once, sorted."""

        def unite(parts: Sequence[tuple[Cluster, list[dict[str, str]]]]) -> list[dict[str, str]]:
            found = {
                with_constants(tuple(labels.items()), cluster.constants)
                for cluster, listed in parts
                for labels in listed
            }
            return [dict(labels) for labels in sorted(found)]

        return _limited(
            await self._selected("/api/v1/series", list[dict[str, str]], selectors, params, options, unite), options
        )

    async def metadata(self, params: Params, options: QueryOptions, limit_per_metric: int) -> MetadataAnswer:
        """Return metric -> its distinct metadata over all clusters."""

        def unite(parts: Sequence[tuple[Cluster, dict[str, list[dict[str, Any]]]]]) -> dict[str, list[dict[str, Any]]]:
            united: dict[str, list[dict[str, Any]]] = {}
            for _, found in parts:
                for metric, entries in found.items():
                    kept = united.setdefault(metric, [])
                    kept.extend(entry for entry in entries if entry not in kept)
            if limit_per_metric > 0:
                united = {metric: entries[:limit_per_metric] for metric, entries in united.items()}
            return dict(sorted(united.items())[: options.limit or None])

        return await self._all("/api/v1/metadata", dict[str, list[dict[str, Any]]], params, options, unite)

    async def rules(self, params: Params, options: QueryOptions) -> MetadataAnswer:
        """Return the rule groups of every cluster; the cluster's labels are added to rules and their alerts.

        Groups of different clusters stay apart; their file is prefixed with the cluster's name, as file and group name
        together identify a group.
        """

        def unite(parts: Sequence[tuple[Cluster, dict[str, Any]]]) -> dict[str, Any]:
            groups = [
                _with_rule_labels(group, cluster) for cluster, found in parts for group in found.get("groups") or []
            ]
            return {"groups": sorted(groups, key=lambda group: (group.get("file", ""), group.get("name", "")))}

        return await self._all("/api/v1/rules", dict[str, Any], params, options, unite)

    async def alerts(self, options: QueryOptions) -> MetadataAnswer:
        """Return the active alerts of every cluster, with its labels."""

        def unite(parts: Sequence[tuple[Cluster, dict[str, Any]]]) -> dict[str, Any]:
            return {
                "alerts": [
                    _with_labels(alert, cluster) for cluster, found in parts for alert in found.get("alerts") or []
                ]
            }

        return await self._all("/api/v1/alerts", dict[str, Any], (), options, unite)

    async def targets(self, params: Params, options: QueryOptions) -> MetadataAnswer:
        """Return the scrape targets of every cluster, with its labels."""

        def unite(parts: Sequence[tuple[Cluster, dict[str, Any]]]) -> dict[str, Any]:
            united: dict[str, Any] = {"activeTargets": [], "droppedTargets": [], "droppedTargetCounts": {}}
            for cluster, found in parts:
                united["activeTargets"] += [_with_labels(item, cluster) for item in found.get("activeTargets") or []]
                united["droppedTargets"] += found.get("droppedTargets") or []
                for pool, count in (found.get("droppedTargetCounts") or {}).items():
                    counts = united["droppedTargetCounts"]
                    counts[pool] = counts.get(pool, 0) + count
            return united

        return await self._all("/api/v1/targets", dict[str, Any], params, options, unite)

    async def alertmanagers(self, options: QueryOptions) -> MetadataAnswer:
        """Return every Alertmanager any cluster sends to, each once."""

        def unite(parts: Sequence[tuple[Cluster, dict[str, Any]]]) -> dict[str, Any]:
            kinds = ("activeAlertmanagers", "droppedAlertmanagers")
            united: dict[str, Any] = {}
            for kind in kinds:
                urls = {item["url"]: item for _, found in parts for item in found.get(kind) or [] if "url" in item}
                united[kind] = [urls[url] for url in sorted(urls)]
            return united

        return await self._all("/api/v1/alertmanagers", dict[str, Any], (), options, unite)

    async def exemplars(self, text: str, params: Params, options: QueryOptions) -> MetadataAnswer:
        """Return the exemplars of every series the query's selectors reach, with the cluster's labels."""
        expr = parse_query(text, self._settings.syntax)

        def request(member: Member) -> Request | None:
            piece = piece_of(expr, member.cluster, self._context(), is_alone=True)
            if piece.is_empty:
                return None
            return Request("/api/v1/query_exemplars", form=(("query", print_expr(piece.expr)), *params))

        def unite(parts: Sequence[tuple[Cluster, list[dict[str, Any]]]]) -> list[dict[str, Any]]:
            united = [
                {
                    **entry,
                    "seriesLabels": dict(
                        with_constants(tuple((entry.get("seriesLabels") or {}).items()), cluster.constants)
                    ),
                }
                for cluster, found in parts
                for entry in found or []
            ]
            return sorted(united, key=lambda entry: sorted(entry["seriesLabels"].items()))

        clusters = frozenset(cluster.name for cluster in holders_of(expr, self._clusters()))
        members = [member for member in self._membership.members if member.cluster.name in clusters]
        return await self._ask(members, request, list[dict[str, Any]] | None, options, unite)  # type: ignore[arg-type]

    async def _selected(
        self,
        path: str | Callable[[Cluster], str],
        shape: type[Data],
        selectors: Sequence[str],
        params: Params,
        options: QueryOptions,
        unite: Callable[[Sequence[tuple[Cluster, Data]]], Any],
    ) -> MetadataAnswer:
        """Ask the clusters that the selectors reach; without selectors, all."""
        parsed = [parse_match(text, self._settings.syntax) for text in selectors]

        def request(member: Member) -> Request | None:
            target = path if isinstance(path, str) else path(member.cluster)
            if not parsed:
                return Request(target, params=params)
            kept = self._stripped(parsed, member.cluster)
            if not kept:
                return None
            pairs = tuple(("match[]", text) for text in kept) + params
            return Request(target, form=pairs) if _takes_post(target) else Request(target, params=pairs)

        return await self._ask(self._membership.members, request, shape, options, unite)

    def _stripped(self, parsed: Iterable[tuple[Matcher, ...]], cluster: Cluster) -> list[str]:
        pieces = (piece_of(VectorSelector(found), cluster, self._context(), is_alone=True) for found in parsed)
        return [print_expr(piece.expr) for piece in pieces if not piece.is_empty]

    async def _all(
        self,
        path: str,
        shape: type[Data],
        params: Params,
        options: QueryOptions,
        unite: Callable[[Sequence[tuple[Cluster, Data]]], Any],
    ) -> MetadataAnswer:
        return await self._ask(self._membership.members, lambda _: Request(path, params=params), shape, options, unite)

    async def _ask(
        self,
        members: Iterable[Member],
        request: Callable[[Member], Request | None],
        shape: type[Data],
        options: QueryOptions,
        unite: Callable[[Sequence[tuple[Cluster, Data]]], Any],
    ) -> MetadataAnswer:
        deadline = Deadline.after(min(options.timeout_s, self._settings.query_timeout_s)).capped(
            self._settings.cluster_timeout_s
        )
        planned = [(member, request(member)) for member in members]
        settled, unsettled = await self._membership.settle(
            [member for member, sent in planned if sent is not None], deadline
        )
        calls = [
            Call(settled[member.cluster.name], sent)
            for member, sent in planned
            if sent is not None and member.cluster.name in settled
        ]
        missing = list(unsettled.values())
        parts: list[tuple[Cluster, Data]] = []
        notes = Notes()
        for call, outcome in zip(calls, await ask(calls, deadline, self._settings.response_bytes), strict=True):
            if isinstance(outcome, Missing):
                missing.append(outcome)
                continue
            try:
                envelope, data = read_data(outcome, shape)
            except UpstreamQueryError as error:
                kind = BadQueryError if error.error_type == "bad_data" else ExecutionError
                raise kind(error.message) from error
            except BackendError as error:
                missing.append(Missing(outcome.cluster, error.failure, error.detail))
                continue
            notes |= Notes(tuple(envelope.warnings), tuple(envelope.infos))
            parts.append((call.member.cluster, data))
        complete = completeness((member.cluster.name for member, sent in planned if sent is not None), missing)
        complete.require(allow_partial=options.allow_partial)
        return MetadataAnswer(unite(parts), notes | Notes(complete.warnings()), complete)

    def _clusters(self) -> tuple[Cluster, ...]:
        return tuple(member.cluster for member in self._membership.members)

    def _context(self) -> PlanContext:
        return PlanContext(self._clusters(), partition_label=self._settings.partition_label)


def _takes_post(path: str) -> bool:
    return path in {"/api/v1/labels", "/api/v1/series"}


def _limited(answer: MetadataAnswer, options: QueryOptions) -> MetadataAnswer:
    """Apply ``limit`` after the union, as upstream words it."""
    if not options.limit or len(answer.data) <= options.limit:
        return answer
    return MetadataAnswer(answer.data[: options.limit], answer.notes | Notes((TRUNCATED,)), answer.completeness)


def _with_labels(item: Mapping[str, Any], cluster: Cluster) -> dict[str, Any]:
    labels = item.get("labels") or {}
    return {**item, "labels": dict(with_constants(tuple(labels.items()), cluster.constants))}


def _with_rule_labels(group: Mapping[str, Any], cluster: Cluster) -> dict[str, Any]:
    rules = []
    for rule in group.get("rules") or []:
        labelled = _with_labels(rule, cluster)
        if isinstance(rule.get("alerts"), list):
            labelled["alerts"] = [_with_labels(alert, cluster) for alert in rule["alerts"]]
        rules.append(labelled)
    return {**group, "file": f"{cluster.name}/{group.get('file', '')}", "rules": rules}
