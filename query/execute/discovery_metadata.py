"""Targets, scrape pools and Alertmanagers of all clusters.

What a server found to scrape is its cluster's own business, so nothing is merged: everything is listed, with the
cluster's labels on it. Only pools are united by name, because a pool is asked for by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from query.backends.base import Request
from query.execute.fanout import Member
from query.execute.metadata_answer import MetadataAnswer
from query.execute.metadata_ask import MetadataAsker, Params, Parts
from query.execute.options import QueryOptions
from query.model.clusters import Cluster
from query.model.frames import Notes
from query.model.labels import with_constants
from query.model.matchers import Matcher
from query.promql.syntax.nodes import VectorSelector
from query.promql.syntax.printer import print_expr
from query.wire.prometheus import UpstreamQueryError


class DiscoveryMetadata:
    """Answers what the clusters' servers scrape and where they send alerts."""

    def __init__(self, asker: MetadataAsker) -> None:
        self._asker = asker

    async def targets(self, params: Params, options: QueryOptions) -> MetadataAnswer:
        """Return the scrape targets of every cluster with its labels, ordered by pool; dropped ones are counted."""

        def unite(parts: Parts[dict[str, Any]]) -> dict[str, Any]:
            counts: dict[str, int] = {}
            for _, found in parts:
                for pool, count in (found.get("droppedTargetCounts") or {}).items():
                    counts[pool] = counts.get(pool, 0) + count
            is_counted = any(found.get("droppedTargetCounts") is not None for _, found in parts)
            return {
                "activeTargets": _labelled(parts, "activeTargets", "labels"),
                "droppedTargets": _labelled(parts, "droppedTargets", "discoveredLabels"),
                "droppedTargetCounts": dict(sorted(counts.items())) if is_counted else None,
            }

        return await self._asker.all("/api/v1/targets", dict[str, Any], options, unite, params)

    async def target_metadata(
        self, matchers: tuple[Matcher, ...], metric: Params, limit: int, options: QueryOptions
    ) -> MetadataAnswer:
        """Return the metric metadata of the targets that match, with the cluster's labels on the targets.

        A limit ends the list before the next target, as upstream; a negative one is none.
        """

        def request(member: Member) -> Request | None:
            if not member.cluster.admits(matchers):
                return None
            rest = tuple(matcher for matcher in matchers if matcher.name not in member.cluster.constants)
            match = (("match_target", print_expr(VectorSelector(rest))),) if rest else ()
            return Request("/api/v1/targets/metadata", params=match + metric)

        def unite(parts: Parts[list[dict[str, Any]]]) -> list[dict[str, Any]]:
            listed = [
                {**entry, "target": _constants_on(entry.get("target"), cluster)}
                for cluster, found in parts
                for entry in found
            ]
            kept: list[dict[str, Any]] = []
            for _, entries in groupby(listed, key=lambda entry: entry["target"]):
                if 0 <= limit <= len(kept):
                    break
                kept.extend(entries)
            return kept

        return await self._asker.each(request, list[dict[str, Any]], options, unite)

    async def scrape_pools(self, options: QueryOptions) -> MetadataAnswer:
        """Return the names of all pools, each once."""

        def unite(parts: Parts[dict[str, Any]]) -> dict[str, Any]:
            return {"scrapePools": sorted({pool for _, found in parts for pool in found.get("scrapePools") or []})}

        return await self._asker.all("/api/v1/scrape_pools", dict[str, Any], options, unite)

    async def scrape_pool_config(self, pool: str, options: QueryOptions) -> MetadataAnswer:
        """Return the configuration of a pool; where clusters differ, each one's under a comment that names it."""

        def unite(parts: Parts[dict[str, Any]]) -> dict[str, Any]:
            texts = {str(found.get("yaml", "")) for _, found in parts}
            if len(texts) == 1:
                return {"yaml": texts.pop()}
            return {
                "yaml": "---\n".join(f"# cluster {cluster.name}\n{found.get('yaml', '')}" for cluster, found in parts)
            }

        request = Request("/api/v1/scrape_pools/config", params=(("scrapePool", pool),))
        return await self._asker.each(lambda _: request, dict[str, Any], options, unite, is_nothing=_knows_no_pool)

    async def relabel_steps(
        self, pool: str, labels: Mapping[str, str], labels_text: str, options: QueryOptions
    ) -> MetadataAnswer:
        """Return what a pool's relabelling does to a target; a cluster's labels among them choose the cluster."""

        def request(member: Member) -> Request | None:
            constants = member.cluster.constants
            if any(name in constants and constants[name] != value for name, value in labels.items()):
                return None
            return Request("/api/v1/targets/relabel_steps", params=(("scrapePool", pool), ("labels", labels_text)))

        differing: list[str] = []

        def unite(parts: Parts[dict[str, Any]]) -> dict[str, Any]:
            if any(found != parts[0][1] for _, found in parts):
                differing.extend(cluster.name for cluster, _ in parts)
            return parts[0][1] if parts else {"steps": []}

        answer = await self._asker.each(request, dict[str, Any], options, unite, is_nothing=_knows_no_pool)
        if not differing:
            return answer
        partition_label = self._asker.settings.partition_label
        note = (
            f'clusters relabel pool "{pool}" differently ({", ".join(differing)}); the steps of "{differing[0]}" are '
            f"shown, add the label {partition_label} to choose another"
        )
        return MetadataAnswer(answer.data, answer.notes | Notes((note,)), answer.completeness)

    async def alertmanagers(self, options: QueryOptions) -> MetadataAnswer:
        """Return every Alertmanager any cluster sends to, each once."""

        def unite(parts: Parts[dict[str, Any]]) -> dict[str, Any]:
            united: dict[str, Any] = {}
            for kind in ("activeAlertmanagers", "droppedAlertmanagers"):
                urls = {item["url"]: item for _, found in parts for item in found.get(kind) or [] if "url" in item}
                united[kind] = [urls[url] for url in sorted(urls)]
            return united

        return await self._asker.all("/api/v1/alertmanagers", dict[str, Any], options, unite)


def _labelled(parts: Parts[dict[str, Any]], kind: str, field: str) -> list[dict[str, Any]]:
    items = [
        {**item, field: _constants_on(item.get(field), cluster)}
        for cluster, found in parts
        for item in _listed(found.get(kind))
    ]
    return sorted(items, key=lambda item: str(item.get("scrapePool", "")))


def _listed(value: Sequence[dict[str, Any]] | None) -> Iterable[dict[str, Any]]:
    return value or ()


def _constants_on(labels: Mapping[str, str] | None, cluster: Cluster) -> dict[str, str]:
    return dict(with_constants(tuple((labels or {}).items()), cluster.constants))


def _knows_no_pool(error: UpstreamQueryError) -> bool:
    return "scrape pool" in error.message and "not found" in error.message
