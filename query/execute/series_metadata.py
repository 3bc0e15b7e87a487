"""Label names, label values, series, exemplars and metric metadata over clusters.

The union of what the clusters list, as one server with all the data would list it. Matchers on a cluster's labels are
decided here, as for queries, and its labels are added to what it gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import quote

from query.backends.base import Request
from query.execute.fanout import Member
from query.execute.metadata_answer import MetadataAnswer
from query.execute.metadata_ask import MetadataAsker, Params, Parts
from query.execute.options import QueryOptions
from query.model.clusters import Cluster
from query.model.frames import Notes
from query.model.labels import with_constants
from query.model.matchers import Matcher
from query.promql.syntax.nodes import Expr, VectorSelector
from query.promql.syntax.tree import walk

Data = TypeVar("Data")
Selectors = Sequence[tuple[Matcher, ...]]
TRUNCATED: Final = "results truncated due to limit"
TAKES_POST: Final = frozenset({"/api/v1/labels", "/api/v1/series"})


class SeriesMetadata:
    """Answers what the data is, beside the data themselves."""

    def __init__(self, asker: MetadataAsker) -> None:
        self._asker = asker

    async def label_names(self, selectors: Selectors, params: Params, options: QueryOptions) -> MetadataAnswer:
        """Return the sorted label names; a cluster with any series also has its own labels."""

        def unite(parts: Parts[list[str]]) -> list[str]:
            names: set[str] = set()
            for cluster, found in parts:
                if found:
                    names.update(found, cluster.constants)
            return sorted(names)

        return _limited(await self._selected("/api/v1/labels", list[str], selectors, params, options, unite), options)

    async def label_values(
        self, name: str, path_name: str, selectors: Selectors, params: Params, options: QueryOptions
    ) -> MetadataAnswer:
        """Return the sorted values of a label. ``path_name`` is the name as it was written in the path.

        A cluster for which the label is constant is asked whether anything matches at all, and then gives its constant.
        """

        def unite(parts: Parts[list[str]]) -> list[str]:
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

        return _limited(await self._selected(path, list[str], selectors, params, options, unite), options)

    async def series(self, selectors: Selectors, params: Params, options: QueryOptions) -> MetadataAnswer:
        """Return the label sets that match any selector, each once, sorted."""

        def unite(parts: Parts[list[dict[str, str]]]) -> list[dict[str, str]]:
            found = {
                with_constants(tuple(labels.items()), cluster.constants)
                for cluster, listed in parts
                for labels in listed
            }
            return [dict(labels) for labels in sorted(found)]

        shape = list[dict[str, str]]
        return _limited(await self._selected("/api/v1/series", shape, selectors, params, options, unite), options)

    async def exemplars(self, expr: Expr, params: Params, options: QueryOptions) -> MetadataAnswer:
        """Return the exemplars of every series that any selector of a query reaches, sorted by labels.

        Upstream looks at nothing but the selectors' matchers; so each cluster is sent those it can satisfy.
        """
        selectors = tuple(dict.fromkeys(matchers_of(expr)))

        def request(member: Member) -> Request | None:
            texts = self._asker.stripped_selectors(selectors, member.cluster)
            if not texts:
                return None
            return Request("/api/v1/query_exemplars", form=(("query", " or ".join(texts)), *params))

        def unite(parts: Parts[list[dict[str, Any]] | None]) -> list[dict[str, Any]]:
            united = [
                {**entry, "seriesLabels": _with_constants(entry.get("seriesLabels"), cluster)}
                for cluster, found in parts
                for entry in found or []
            ]
            return sorted(united, key=lambda entry: sorted(entry["seriesLabels"].items()))

        shape: Any = list[dict[str, Any]] | None
        return await self._asker.each(request, shape, options, unite)

    async def metadata(
        self, params: Params, options: QueryOptions, *, limit: int, limit_per_metric: int
    ) -> MetadataAnswer:
        """Return metric -> its distinct metadata over all clusters; a negative limit is none."""

        def unite(parts: Parts[dict[str, list[dict[str, Any]]]]) -> dict[str, list[dict[str, Any]]]:
            united: dict[str, list[dict[str, Any]]] = {}
            for _, found in parts:
                for metric, entries in found.items():
                    kept = united.setdefault(metric, [])
                    kept.extend(entry for entry in entries if entry not in kept)
            if limit_per_metric > 0:
                united = {metric: entries[:limit_per_metric] for metric, entries in united.items()}
            return dict(sorted(united.items())[: limit if limit >= 0 else None])

        return await self._asker.all("/api/v1/metadata", dict[str, list[dict[str, Any]]], options, unite, params)

    async def _selected(
        self,
        path: str | Callable[[Cluster], str],
        shape: type[Data],
        selectors: Selectors,
        params: Params,
        options: QueryOptions,
        unite: Callable[[Parts[Data]], Any],
    ) -> MetadataAnswer:
        """Ask the clusters that the selectors reach; without selectors, all."""

        def request(member: Member) -> Request | None:
            target = path if isinstance(path, str) else path(member.cluster)
            if not selectors:
                return Request(target, params=params)
            kept = self._asker.stripped_selectors(selectors, member.cluster)
            if not kept:
                return None
            pairs = tuple(("match[]", text) for text in kept) + params
            return Request(target, form=pairs) if target in TAKES_POST else Request(target, params=pairs)

        return await self._asker.each(request, shape, options, unite)


def matchers_of(expr: Expr) -> Iterator[tuple[Matcher, ...]]:
    """Yield the matchers of every selector of a tree."""
    return (node.matchers for node in walk(expr) if isinstance(node, VectorSelector))


def _with_constants(labels: dict[str, str] | None, cluster: Cluster) -> dict[str, str]:
    return dict(with_constants(tuple((labels or {}).items()), cluster.constants))


def _limited(answer: MetadataAnswer, options: QueryOptions) -> MetadataAnswer:
    """Apply ``limit`` after the union, as upstream words it."""
    if not options.limit or len(answer.data) <= options.limit:
        return answer
    return MetadataAnswer(answer.data[: options.limit], answer.notes | Notes((TRUNCATED,)), answer.completeness)
