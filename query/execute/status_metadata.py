"""What upstream tells of its one process, told of the servers of all clusters.

One rule: the answer has upstream's shape, filled with what the values mean together (sums of counts, the earliest
start, true only if true everywhere), so that existing clients read it; and where the shape allows, ``clusters`` beside
it holds what each one said. Limits: a label's values are counted per cluster and added up, so a value that several
clusters share counts several times; Thanos Query knows only some of these endpoints, and is named as missing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any, Final

from query.execute.metadata_answer import MetadataAnswer
from query.execute.metadata_ask import MetadataAsker, Parts
from query.execute.options import QueryOptions
from query.model.clusters import Cluster

MOST_TSDB_ENTRIES: Final = 10_000
"""The most a cluster tells of each kind; all are asked for, or the largest of the union might be missed."""
SUMMED: Final = ("corruptionCount", "goroutineCount", "GOMAXPROCS")


class StatusMetadata:
    """Answers status/*, features and notifications."""

    def __init__(self, asker: MetadataAsker) -> None:
        self._asker = asker

    async def runtimeinfo(self, options: QueryOptions) -> MetadataAnswer:
        """Return the runtime information of all servers together and of each."""
        return await self._asker.all("/api/v1/status/runtimeinfo", dict[str, Any], options, _runtimeinfo)

    async def flags(self, options: QueryOptions) -> MetadataAnswer:
        """Return every flag: its value, or ``cluster=value, …`` where the clusters' differ."""

        def unite(parts: Parts[dict[str, str]]) -> dict[str, str]:
            return {name: _common(parts, itemgetter(name)) for name in sorted(_keys(parts))}

        return await self._asker.all("/api/v1/status/flags", dict[str, str], options, unite)

    async def config(self, options: QueryOptions) -> MetadataAnswer:
        """Return one YAML mapping that holds each cluster's configuration under its name."""

        def unite(parts: Parts[dict[str, Any]]) -> dict[str, Any]:
            texts = (f"{cluster.name}:\n{_indented(str(found.get('yaml', '')))}" for cluster, found in parts)
            return {"yaml": "".join(texts)}

        return await self._asker.all("/api/v1/status/config", dict[str, Any], options, unite)

    async def tsdb(self, limit: int, options: QueryOptions) -> MetadataAnswer:
        """Return head and cardinality statistics, the ``limit`` largest of each kind over all clusters."""

        def unite(parts: Parts[dict[str, Any]]) -> dict[str, Any]:
            return _tsdb(parts, limit)

        most = (("limit", str(MOST_TSDB_ENTRIES)),)
        return await self._asker.all("/api/v1/status/tsdb", dict[str, Any], options, unite, most)

    async def blocks(self, options: QueryOptions) -> MetadataAnswer:
        """Return the blocks of every cluster, each with the cluster's name, by time."""

        def unite(parts: Parts[dict[str, Any]]) -> dict[str, Any]:
            blocks = [
                {**block, "cluster": cluster.name} for cluster, found in parts for block in found.get("blocks") or []
            ]
            return {"blocks": sorted(blocks, key=lambda block: (block.get("minTime", 0), block["cluster"]))}

        return await self._asker.all("/api/v1/status/tsdb/blocks", dict[str, Any], options, unite)

    async def walreplay(self, options: QueryOptions) -> MetadataAnswer:
        """Return how far the servers' write-ahead logs have been read, added up."""
        return await self._asker.all(
            "/api/v1/status/walreplay",
            dict[str, Any],
            options,
            lambda parts: {name: sum(found.get(name, 0) for _, found in parts) for name in ("min", "max", "current")},
        )

    async def self_metrics(self, pattern: str, options: QueryOptions) -> MetadataAnswer:
        """Return the metrics of the servers themselves by family, each with its cluster's labels."""

        def unite(parts: Parts[list[dict[str, Any]]]) -> list[dict[str, Any]]:
            families: dict[str, dict[str, Any]] = {}
            for cluster, found in parts:
                own = [{"name": name, "value": value} for name, value in sorted(cluster.constants.items())]
                for family in found:
                    kept = families.setdefault(str(family.get("name", "")), {**family, "metric": []})
                    kept["metric"] += [
                        {**one, "label": [*(one.get("label") or []), *own]} for one in family.get("metric") or []
                    ]
            return [families[name] for name in sorted(families)]

        params = (("metric_name_pattern", pattern),) if pattern else ()
        return await self._asker.all("/api/v1/status/self_metrics", list[dict[str, Any]], options, unite, params)

    async def features(self, own: dict[str, dict[str, bool]], options: QueryOptions) -> MetadataAnswer:
        """Return what every cluster can do; ``own`` are the groups of features that are the gateway's to say."""

        def unite(parts: Parts[dict[str, dict[str, bool]]]) -> dict[str, dict[str, bool]]:
            groups = {
                group: {
                    name: all(found.get(group, {}).get(name, False) for _, found in parts)
                    for name in sorted(_keys((cluster, found.get(group, {})) for cluster, found in parts))
                }
                for group in sorted(_keys(parts))
            }
            return dict(sorted({**groups, **own}.items()))

        return await self._asker.all("/api/v1/features", dict[str, dict[str, bool]], options, unite)

    async def notifications(self, options: QueryOptions) -> MetadataAnswer:
        """Return the notifications of every server, each begun with its cluster's name."""

        def unite(parts: Parts[list[dict[str, Any]]]) -> list[dict[str, Any]]:
            listed = [
                {**item, "text": f"{cluster.name}: {item.get('text', '')}"}
                for cluster, found in parts
                for item in found
            ]
            return sorted(listed, key=lambda item: str(item.get("date", "")))

        return await self._asker.all("/api/v1/notifications", list[dict[str, Any]], options, unite)


def _runtimeinfo(parts: Parts[dict[str, Any]]) -> dict[str, Any]:
    every = [found for _, found in parts]
    return {
        "startTime": min((str(found.get("startTime", "")) for found in every), default=""),
        "CWD": _common(parts, itemgetter("CWD")),
        "hostname": _common(parts, itemgetter("hostname")),
        "serverTime": max((str(found.get("serverTime", "")) for found in every), default=""),
        "reloadConfigSuccess": all(found.get("reloadConfigSuccess", True) for found in every),
        "lastConfigTime": max((str(found.get("lastConfigTime", "")) for found in every), default=""),
        **{name: sum(found.get(name, 0) for found in every) for name in SUMMED},
        "GOMEMLIMIT": min(sum(found.get("GOMEMLIMIT", 0) for found in every), (1 << 63) - 1),
        "GOGC": _common(parts, itemgetter("GOGC")),
        "GODEBUG": _common(parts, itemgetter("GODEBUG")),
        "storageRetention": _common(parts, itemgetter("storageRetention")),
        "clusters": {cluster.name: found for cluster, found in parts},
    }


def _tsdb(parts: Parts[dict[str, Any]], limit: int) -> dict[str, Any]:
    heads = [(cluster, found.get("headStats") or {}) for cluster, found in parts]
    filled = [head for _, head in heads if head.get("numSeries")] or [head for _, head in heads]
    constants = {pair for cluster, head in heads if head.get("numSeries") for pair in _hidden(cluster)}
    labels_of_clusters = [{"name": name, "value": sum(one == name for one, _ in constants)} for name in dict(constants)]
    pairs_of_clusters = [
        {"name": f"{name}={value}", "value": head.get("numSeries", 0)}
        for cluster, head in heads
        for name, value in _hidden(cluster)
    ]
    return {
        "headStats": {
            "numSeries": sum(head.get("numSeries", 0) for _, head in heads),
            "numLabelPairs": sum(head.get("numLabelPairs", 0) for _, head in heads) + len(constants),
            "chunkCount": sum(head.get("chunkCount", 0) for _, head in heads),
            "minTime": min((head.get("minTime", 0) for head in filled), default=0),
            "maxTime": max((head.get("maxTime", 0) for head in filled), default=0),
        },
        "seriesCountByMetricName": _largest(parts, "seriesCountByMetricName", limit),
        "labelValueCountByLabelName": _largest(parts, "labelValueCountByLabelName", limit, labels_of_clusters),
        "memoryInBytesByLabelName": _largest(parts, "memoryInBytesByLabelName", limit),
        "seriesCountByLabelValuePair": _largest(parts, "seriesCountByLabelValuePair", limit, pairs_of_clusters),
        "clusters": {cluster.name: head for cluster, head in heads},
    }


def _hidden(cluster: Cluster) -> list[tuple[str, str]]:
    """Return the cluster's labels that its server does not know of."""
    return [(name, value) for name, value in cluster.constants.items() if name not in cluster.shown]


def _largest(
    parts: Parts[dict[str, Any]], kind: str, limit: int, extra: Iterable[dict[str, Any]] = ()
) -> list[dict[str, Any]]:
    totals: dict[str, int] = {}
    for entries in (*(found.get(kind) or [] for _, found in parts), extra):
        for entry in entries:
            totals[entry["name"]] = totals.get(entry["name"], 0) + entry["value"]
    ranked = sorted(((name, value) for name, value in totals.items() if value), key=lambda item: (-item[1], item[0]))
    return [{"name": name, "value": value} for name, value in ranked[:limit]]


def _keys(parts: Iterable[tuple[Any, dict[str, Any]]]) -> set[str]:
    return {name for _, found in parts for name in found}


def _common(parts: Parts[Any], value_of: Callable[[Any], str]) -> str:
    """Return the value all clusters have, or each one's: ``seoul=15d, tokyo=30d``."""
    values = [(cluster.name, value_of(defaultdict(str, found))) for cluster, found in parts]
    if len({value for _, value in values}) <= 1:
        return values[0][1] if values else ""
    return ", ".join(f"{name}={value}" for name, value in values)


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" if line else "\n" for line in text.splitlines())
