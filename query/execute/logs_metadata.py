"""Unions over clusters of everything in the Loki API that is not a query.

Each cluster is asked for its own with the selectors cut to what it shows, and the results are united as one Loki with
all the streams would list them: labels and values as sets, streams with their constants, amounts added up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

from query.backends.base import BackendError, Deadline, Request
from query.backends.outcome import Answered, Completeness, Missing, completeness
from query.execute.fanout import Call, Member, ask
from query.execute.logs_coverage import cover, needs_cover
from query.execute.logs_volume import VolumePlan, VolumeQuery
from query.execute.membership import Membership
from query.execute.settings import ExecuteSettings
from query.logql.plan.context import hidden_constants
from query.logql.syntax import parse_query, parse_selector, print_query, print_selector
from query.logql.syntax.nodes import LogQuery
from query.logql.syntax.validate import NEEDS_A_MATCHER, selects_something
from query.model.clusters import Cluster, ClusterName
from query.model.errors import BadQueryError
from query.model.frames import Notes
from query.model.labels import with_constants
from query.model.matchers import Matcher, MatchOp
from query.wire.loki import DetectedLabelsBody, IndexStatsBody, LabelsBody, SeriesListBody, read_plain
from query.wire.prometheus import UpstreamQueryError

Data = TypeVar("Data")
Params = tuple[tuple[str, str], ...]
Parts = Sequence[tuple[Cluster, Data]]
ALL_STREAMS: Final = "{}"


@dataclass(frozen=True, slots=True)
class LogsMetadataAnswer:
    """``data`` of an answer, ready to be encoded."""

    data: Any
    notes: Notes
    completeness: Completeness


class LogsMetadata:
    """Answers the metadata endpoints over the current members."""

    def __init__(self, membership: Membership, settings: ExecuteSettings) -> None:
        self._membership = membership
        self._settings = settings

    async def label_names(self, query: str, params: Params, *, allow_partial: bool) -> LogsMetadataAnswer:
        """Return the sorted names of stream labels; a cluster with any stream also has its own labels."""

        def unite(parts: Parts[LabelsBody]) -> list[str]:
            names: set[str] = set()
            for cluster, found in parts:
                if found.data:
                    names.update(found.data, cluster.constants)
            return sorted(names)

        return await self._selected(
            "/loki/api/v1/labels", query, params, LabelsBody, unite, allow_partial=allow_partial
        )

    async def label_values(self, name: str, query: str, params: Params, *, allow_partial: bool) -> LogsMetadataAnswer:
        """Return the sorted values of a label.

        A cluster for which the label is constant is asked whether anything matches at all, and then gives its constant.
        """

        def path(cluster: Cluster) -> str:
            return "/loki/api/v1/labels" if name in cluster.constants else f"/loki/api/v1/label/{name}/values"

        def unite(parts: Parts[LabelsBody]) -> list[str]:
            values: set[str] = set()
            for cluster, found in parts:
                constant = cluster.constants.get(name)
                if constant is None:
                    values.update(found.data or ())
                elif found.data:
                    values.add(constant)
            return sorted(values)

        return await self._selected(path, query, params, LabelsBody, unite, allow_partial=allow_partial)

    async def series(self, selectors: Sequence[str], params: Params, *, allow_partial: bool) -> LogsMetadataAnswer:
        """Return the label sets of the streams that match any selector, each once, sorted."""
        parsed = [parse_selector(text, self._settings.syntax) for text in selectors]
        if any(not matchers for matchers in parsed) and len(parsed) > 1:
            raise BadQueryError("0 matchers in group: {}")

        def request(cluster: Cluster) -> Request | None:
            groups = [self._cut(matchers, cluster) for matchers in parsed if cluster.admits(matchers)]
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

        return await self._ask(request, partial(read_plain, shape=SeriesListBody), unite, allow_partial=allow_partial)

    async def index_stats(self, query: str, params: Params, *, allow_partial: bool) -> LogsMetadataAnswer:
        """Return the sums of streams, chunks, bytes and entries."""
        matchers = parse_selector(query, self._settings.syntax)
        if not selects_something(matchers):
            raise BadQueryError(NEEDS_A_MATCHER)
        covered = await self._covered(LogQuery(matchers), params)

        def request(cluster: Cluster) -> Request | None:
            if not cluster.admits(matchers):
                return None
            kept = self._cut(matchers, cluster)
            if cluster.name in covered:
                kept = (*kept, Matcher(covered[cluster.name], MatchOp.REGEX, ".+"))
            return Request("/loki/api/v1/index/stats", params=(("query", print_selector(kept)), *params))

        def unite(parts: Parts[IndexStatsBody]) -> IndexStatsBody:
            total = IndexStatsBody()
            for _, part in parts:
                total.streams += part.streams
                total.chunks += part.chunks
                total.bytes += part.bytes
                total.entries += part.entries
            return total

        read = partial(read_plain, shape=IndexStatsBody)
        return await self._ask(request, read, unite, allow_partial=allow_partial)

    async def _covered(self, query: LogQuery, params: Params) -> dict[ClusterName, str]:
        """Return a label that all streams carry, for the clusters where the selector would select nothing itself."""
        deadline = self._deadline()
        settled, _ = await self._membership.settle(self._membership.members, deadline)
        bounds = dict(params)
        window = int(bounds.get("start", 0)), int(bounds.get("end", 0))
        wanting = [member for member in settled.values() if needs_cover(query, member.cluster)]
        covered, _ = await cover(wanting, window, deadline)
        return covered

    async def detected_labels(self, query: str, params: Params, *, allow_partial: bool) -> LogsMetadataAnswer:
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

        return await self._selected(
            "/loki/api/v1/detected_labels", query, params, DetectedLabelsBody, unite, allow_partial=allow_partial
        )

    async def volume(self, query: VolumeQuery, *, allow_partial: bool) -> LogsMetadataAnswer:
        """Return the volumes as (labels, samples), largest first; see ``logs_volume``."""
        plan = VolumePlan(query, self._settings.syntax)
        return await self._ask(plan.request, plan.read, plan.unite, allow_partial=allow_partial)

    async def _selected(
        self,
        path: str | Callable[[Cluster], str],
        query: str,
        params: Params,
        shape: type[Data],
        unite: Callable[[Parts[Data]], Any],
        *,
        allow_partial: bool,
    ) -> LogsMetadataAnswer:
        """Ask the clusters that the selector reaches, with what of it they show; without a selector, all."""
        parsed = self._parse(query)

        def request(cluster: Cluster) -> Request | None:
            target = path if isinstance(path, str) else path(cluster)
            if parsed is None:
                return Request(target, params=params)
            if not cluster.admits(parsed.matchers):
                return None
            cut = LogQuery(self._cut(parsed.matchers, cluster), parsed.stages)
            text = (("query", print_query(cut)),) if cut.matchers else ()
            return Request(target, params=(*text, *params))

        return await self._ask(request, partial(read_plain, shape=shape), unite, allow_partial=allow_partial)

    def _deadline(self) -> Deadline:
        return Deadline.after(min(self._settings.query_timeout_s, self._settings.cluster_timeout_s))

    def _parse(self, text: str) -> LogQuery | None:
        if not text.strip() or text.replace(" ", "") == ALL_STREAMS:
            return None
        if text.strip().startswith("{") and text.strip().endswith("}"):
            return LogQuery(parse_selector(text, self._settings.syntax))
        parsed = parse_query(text, self._settings.syntax)
        if not isinstance(parsed, LogQuery):
            raise BadQueryError("only log selector is supported")
        return LogQuery(parsed.matchers)

    def _cut(self, matchers: Iterable[Matcher], cluster: Cluster) -> tuple[Matcher, ...]:
        hidden = hidden_constants(cluster)
        return tuple(matcher for matcher in matchers if matcher.name not in hidden)

    async def _ask(
        self,
        request: Callable[[Cluster], Request | None],
        read: Callable[[Answered], Data],
        unite: Callable[[Parts[Data]], Any],
        *,
        allow_partial: bool,
    ) -> LogsMetadataAnswer:
        deadline = self._deadline()
        members = [member for member in self._membership.members if request(member.cluster) is not None]
        settled, unsettled = await self._membership.settle(members, deadline)
        calls = _calls(settled, request)
        missing = list(unsettled.values())
        parts: list[tuple[Cluster, Data]] = []
        for call, outcome in zip(calls, await ask(calls, deadline, self._settings.response_bytes), strict=True):
            if isinstance(outcome, Missing):
                missing.append(outcome)
                continue
            try:
                parts.append((call.member.cluster, read(outcome)))
            except UpstreamQueryError as error:
                raise BadQueryError(f'cluster "{error.cluster}": {error.message}') from error
            except BackendError as error:
                missing.append(Missing(outcome.cluster, error.failure, error.detail))
        complete = completeness((member.cluster.name for member in members), missing)
        complete.require(allow_partial=allow_partial)
        return LogsMetadataAnswer(unite(parts), Notes(complete.warnings()), complete)


def _calls(settled: Mapping[ClusterName, Member], request: Callable[[Cluster], Request | None]) -> list[Call]:
    calls = ((member, request(member.cluster)) for member in settled.values())
    return [Call(member, sent) for member, sent in calls if sent is not None]
