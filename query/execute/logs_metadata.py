"""Unions over clusters of everything in the Loki API that is not a query.

Each cluster is asked for its own with the selectors cut to what it shows, and the results are united as one Loki with
all the streams would list them: labels and values as sets, streams with their constants, amounts added up.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from query.backends.base import Request
from query.execute.logs_ask import ALL_STREAMS, LogsAsk, Params, Parts
from query.execute.logs_volume import VolumePlan, VolumeQuery
from query.execute.metadata_answer import MetadataAnswer
from query.logql.syntax import parse_selector, print_selector
from query.model.clusters import Cluster
from query.model.errors import BadQueryError
from query.model.labels import with_constants
from query.wire.loki import DetectedLabelsBody, IndexStatsBody, LabelsBody, SeriesListBody, read_plain


class LogsMetadata:
    """Answers the metadata endpoints over the current members."""

    def __init__(self, asking: LogsAsk) -> None:
        self._asking = asking

    async def label_names(self, query: str, params: Params, *, allow_partial: bool) -> MetadataAnswer:
        """Return the sorted names of stream labels; a cluster with any stream also has its own labels."""

        def unite(parts: Parts[LabelsBody]) -> list[str]:
            names: set[str] = set()
            for cluster, found in parts:
                if found.data:
                    names.update(found.data, cluster.constants)
            return sorted(names)

        return await self._asking.selected(
            "/loki/api/v1/labels", query, params, LabelsBody, unite, allow_partial=allow_partial
        )

    async def label_values(self, name: str, query: str, params: Params, *, allow_partial: bool) -> MetadataAnswer:
        """Return the sorted values of a label.

        A cluster for which the label is constant is asked whether anything matches at all, and then gives its constant.
        """

        def path(cluster: Cluster) -> str:
            return (
                "/loki/api/v1/labels"
                if name in cluster.constants
                else f"/loki/api/v1/label/{quote(name, safe='')}/values"
            )

        def unite(parts: Parts[LabelsBody]) -> list[str]:
            values: set[str] = set()
            for cluster, found in parts:
                constant = cluster.constants.get(name)
                if constant is None:
                    values.update(found.data or ())
                elif found.data:
                    values.add(constant)
            return sorted(values)

        return await self._asking.selected(path, query, params, LabelsBody, unite, allow_partial=allow_partial)

    async def series(self, selectors: Sequence[str], params: Params, *, allow_partial: bool) -> MetadataAnswer:
        """Return the label sets of the streams that match any selector, each once, sorted."""
        parsed = [parse_selector(text, self._asking.settings.syntax) for text in selectors]
        if any(not matchers for matchers in parsed) and len(parsed) > 1:
            raise BadQueryError("0 matchers in group: {}")

        def request(cluster: Cluster) -> Request | None:
            groups = [self._asking.cut(matchers, cluster) for matchers in parsed if cluster.admits(matchers)]
            if parsed and not groups:
                return None
            if any(not group for group in groups):
                groups = []
            texts = [print_selector(group) for group in groups] or [ALL_STREAMS]
            return Request("/loki/api/v1/series", form=(*(("match[]", text) for text in texts), *params))

        def unite(parts: Parts[SeriesListBody]) -> list[dict[str, str]]:
            found = {
                with_constants(tuple(stream.items()), cluster.constants)
                for cluster, listed in parts
                for stream in listed.data or ()
            }
            return [dict(labels) for labels in sorted(found)]

        return await self._asking.ask(
            request, partial(read_plain, shape=SeriesListBody), unite, allow_partial=allow_partial
        )

    async def index_stats(self, query: str, params: Params, *, allow_partial: bool) -> MetadataAnswer:
        """Return the sums of streams, chunks, bytes and entries."""
        request = await self._asking.selecting("/loki/api/v1/index/stats", query, params)

        def unite(parts: Parts[IndexStatsBody]) -> IndexStatsBody:
            total = IndexStatsBody()
            for _, part in parts:
                total.streams += part.streams
                total.chunks += part.chunks
                total.bytes += part.bytes
                total.entries += part.entries
            return total

        read = partial(read_plain, shape=IndexStatsBody)
        return await self._asking.ask(request, read, unite, allow_partial=allow_partial)

    async def detected_labels(self, query: str, params: Params, *, allow_partial: bool) -> MetadataAnswer:
        """Return the union of detected labels; a cardinality is at least the largest and at most the sum."""

        def unite(parts: Parts[DetectedLabelsBody]) -> dict[str, Any]:
            found: dict[str, int] = {}
            constants: dict[str, set[str]] = {}
            for cluster, part in parts:
                detected = part.detectedLabels or []
                for item in detected:
                    if item.label not in cluster.constants:
                        found[item.label] = max(found.get(item.label, 0), item.cardinality)
                for name, value in cluster.constants.items() if detected else ():
                    constants.setdefault(name, set()).add(value)
            found |= {name: max(found.get(name, 0), len(values)) for name, values in constants.items()}
            listed = [{"label": name, "cardinality": found[name]} for name in sorted(found)]
            return {"detectedLabels": listed} if listed else {}

        return await self._asking.selected(
            "/loki/api/v1/detected_labels", query, params, DetectedLabelsBody, unite, allow_partial=allow_partial
        )

    async def volume(self, query: VolumeQuery, *, allow_partial: bool) -> MetadataAnswer:
        """Return the volumes as (labels, samples), largest first; see ``logs_volume``."""
        plan = VolumePlan(query, self._asking.settings.syntax)
        return await self._asking.ask(plan.request, plan.read, plan.unite, allow_partial=allow_partial)
