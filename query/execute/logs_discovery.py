"""What is in the logs, over all clusters: patterns, detected fields and their values, shards, limits for clients."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import pairwise
from typing import Any, Final

from query.backends.base import Request
from query.execute.logs import LogsQueries
from query.execute.logs_ask import Params, Parts
from query.execute.logs_fetch import LogsOptions, LogsRange
from query.execute.logs_lines import MergedLines
from query.execute.metadata_answer import MetadataAnswer
from query.logql.detect import detect_fields, field_values
from query.logql.syntax import parse_query
from query.logql.syntax.nodes import LogQuery
from query.model.clusters import Cluster
from query.model.errors import BadQueryError, IncompleteError, NotFoundError
from query.wire.loki import IndexStatsBody, read_plain
from query.wire.loki_discovery import DrilldownLimitsBody, PatternsBody, detectable_line, field_json

MOST_SHARDS: Final = 1 << 10
FINGERPRINTS: Final = 1 << 64


class LogsDiscovery:
    """Answers the endpoints of Grafana's Logs Drilldown."""

    def __init__(self, queries: LogsQueries) -> None:
        self._queries = queries
        self._asking = queries.asking

    async def patterns(self, query: str, params: Params, *, allow_partial: bool) -> MetadataAnswer:
        """Return the patterns of lines with their counts, added up by text and level, the most frequent first.

        Each cluster finds its own: where two have found the same text, their counts add up to the union's.
        """
        request = await self._asking.selecting("/loki/api/v1/patterns", query, params)

        def unite(parts: Parts[PatternsBody]) -> list[dict[str, Any]]:
            sums: dict[tuple[str, str], dict[int, int]] = {}
            for _, part in parts:
                for series in part.data:
                    counts = sums.setdefault((series.pattern, series.level), {})
                    for stamp_s, count in series.samples:
                        counts[stamp_s] = counts.get(stamp_s, 0) + count
            ranked = sorted(sums.items(), key=lambda item: (-sum(item[1].values()), item[0]))
            return [
                {"pattern": pattern, "level": level, "samples": sorted(counts.items())}
                for (pattern, level), counts in ranked
            ]

        read = partial(read_plain, shape=PatternsBody)
        return await self._asking.ask(request, read, unite, allow_partial=allow_partial)

    async def detected_fields(self, text: str, when: LogsRange, options: LogsOptions, fields: int) -> MetadataAnswer:
        """Return the fields of the last ``options.limit`` lines of all clusters."""
        merged = await self._lines(text, when, options)
        lines = (detectable_line(labels, entry) for labels, entries in merged.streams for entry in entries)
        found = [field_json(field) for field in detect_fields(lines, fields)]
        return MetadataAnswer({"fields": found, "limit": fields} if found else {}, merged.notes, merged.completeness)

    async def detected_field_values(
        self, name: str, text: str, when: LogsRange, options: LogsOptions, values: int
    ) -> MetadataAnswer:
        """Return values of one field in the last ``options.limit`` lines of all clusters."""
        merged = await self._lines(text, when, options)
        lines = (detectable_line(labels, entry) for labels, entries in merged.streams for entry in entries)
        found = field_values(lines, name, values)
        data = {"values": found, "limit": values} if found else {}
        return MetadataAnswer(data, merged.notes, merged.completeness)

    async def _lines(self, text: str, when: LogsRange, options: LogsOptions) -> MergedLines:
        query = parse_query(text, self._queries.settings.syntax)
        if not isinstance(query, LogQuery):
            raise BadQueryError("only log selector is supported")
        return await self._queries.lines(query, when, options)

    async def shards(self, query: str, params: Params, target_bytes: int, *, allow_partial: bool) -> MetadataAnswer:
        """Return even ranges of stream fingerprints of about ``target_bytes`` each, from what the index says.

        The clusters' own shards follow how their own streams are spread; the union's streams have other labels, so
        other fingerprints, which are spread evenly as any hash is.
        """
        request = await self._asking.selecting("/loki/api/v1/index/stats", query, params)

        def unite(parts: Parts[IndexStatsBody]) -> dict[str, Any]:
            bodies = [part for _, part in parts]
            total = {
                name: sum(getattr(body, name) for body in bodies) for name in ("streams", "chunks", "bytes", "entries")
            }
            count = max(1, min(-(-total["bytes"] // target_bytes), MOST_SHARDS))
            bounds = [FINGERPRINTS * number // count for number in range(count + 1)]
            each = {name: -(-amount // count) for name, amount in total.items()}
            shards = [
                {"bounds": {"min": least, "max": beyond - 1}, "stats": each} for least, beyond in pairwise(bounds)
            ]
            return {"shards": shards, "statistics": {}}

        read = partial(read_plain, shape=IndexStatsBody)
        return await self._asking.ask(request, read, unite, allow_partial=allow_partial)

    async def drilldown_limits(self, version: str) -> MetadataAnswer:
        """Return the limits that hold in every cluster: the least of numbers, and what all allow.

        Older Lokis, and those without tenants, don't have the endpoint; ``NotFoundError`` if none has.
        """

        def request(cluster: Cluster) -> Request:
            del cluster
            return Request("/loki/api/v1/drilldown-limits")

        def unite(parts: Parts[DrilldownLimitsBody]) -> dict[str, Any]:
            limits: dict[str, Any] = {}
            for _, part in parts:
                limits = _least(limits, part.limits)
            most = limits.get("max_entries_limit_per_query")
            allowed = self._queries.settings.log_lines
            limits["max_entries_limit_per_query"] = min(most, allowed) if isinstance(most, int) and most else allowed
            patterns = all(part.pattern_ingester_enabled for _, part in parts)
            return {"limits": limits, "pattern_ingester_enabled": patterns, "version": version}

        read = partial(read_plain, shape=DrilldownLimitsBody)
        try:
            answer = await self._asking.ask(request, read, unite, allow_partial=True)
        except (IncompleteError, BadQueryError) as error:
            raise NotFoundError(f"no cluster tells its limits: {error}") from error
        if not answer.completeness.asked:
            raise NotFoundError("there is no cluster to ask for its limits")
        return answer


def _least(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**other, **one}
    for name in one.keys() & other.keys():
        left, right = one[name], other[name]
        if isinstance(left, bool) and isinstance(right, bool):
            merged[name] = left and right
        elif isinstance(left, int | float) and isinstance(right, int | float):
            # zero means without limit
            merged[name] = min(left, right) if left and right else left or right
    return merged
