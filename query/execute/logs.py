"""Answering LogQL: plan, ask the clusters, merge.

Lines are merged by time, their bytes untouched. Numbers that only have to be concatenated keep their bytes too; what
has to be merged is decoded to arrays and evaluated here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from query.backends.base import BackendError, Deadline
from query.backends.outcome import Answered, Completeness, Missing
from query.execute.logs_coverage import covering_label, data_window, needs_cover
from query.execute.logs_evaluate import evaluate, is_ordered_by_value
from query.execute.logs_fetch import Gathered, LogsOptions, LogsRange, Reached, ask_shards, failed
from query.execute.logs_metadata import LogsMetadata
from query.execute.membership import Membership
from query.execute.settings import ExecuteSettings
from query.logql.merge import merge_streams, union_labels
from query.logql.merge.relabel import metadata_names
from query.logql.plan import Concat, MergedAbsence, MetricPlan, PlanContext, Shard, plan_logs, plan_metric
from query.logql.plan.metric import leaves_of
from query.logql.plan.placing import holders_of
from query.logql.syntax import parse_query
from query.logql.syntax.nodes import Binary, Expr, LabelReplace, Literal, LogQuery, MetricExpr, VectorAggregation
from query.model.clusters import ClusterName
from query.model.errors import BadQueryError, DeadlineError, ExecutionError, IncompleteError, UnsupportedError
from query.model.frames import Frame, Notes
from query.model.labels import Labels
from query.model.time import NS_PER_MS, Grid
from query.wire.loki import StreamBody, read_series, read_streams, rename_metadata, stream_json, timestamp_ns
from query.wire.prometheus import SeriesBody, UpstreamQueryError
from query.wire.samples import frame_json, frame_of, scalar_json, series_json

OFF_LOOP_BYTES: Final = 64 << 10
NO_INSTANT_LINES: Final = (
    "log queries are not supported as an instant query type, please change your query to a range query type"
)


@dataclass(frozen=True, slots=True)
class LogsAnswer:
    """A result ready to be written: ``elements`` are the JSON texts of the result array, or of the whole result."""

    result_type: str
    elements: list[bytes]
    stats: Mapping[str, Any]
    notes: Notes
    completeness: Completeness
    is_array: bool = True


class LogsQueries:
    """Runs LogQL over the current members; ``metadata`` answers what is not a query."""

    def __init__(self, membership: Membership, settings: ExecuteSettings) -> None:
        self._membership = membership
        self._settings = settings
        self.metadata = LogsMetadata(membership, settings)

    async def run(self, text: str, when: LogsRange, options: LogsOptions) -> LogsAnswer:
        """Answer one query; raises the errors of ``query.model.errors``."""
        expr = parse_query(text, self._settings.syntax)
        if isinstance(expr, LogQuery) and when.is_instant:
            raise BadQueryError(NO_INSTANT_LINES)
        deadline = Deadline.after(min(options.timeout_s, self._settings.query_timeout_s))
        try:
            async with asyncio.timeout(deadline.remaining_s() + 1.0):
                return await self._run(expr, when, options, deadline)
        except TimeoutError as error:
            raise DeadlineError(
                "request timed out, decrease the duration of the request or add more label matchers (prefer exact "
                "match over regex match) to reduce the amount of data processed"
            ) from error

    async def _run(self, expr: Expr, when: LogsRange, options: LogsOptions, deadline: Deadline) -> LogsAnswer:
        deadline = deadline.capped(self._settings.cluster_timeout_s)
        when = when if isinstance(expr, LogQuery) else when.aligned()
        context, reached = await self.reach(expr, when, deadline)
        limit_bytes = self._settings.response_bytes
        if isinstance(expr, LogQuery):
            shards = plan_logs(expr, context).shards
            if options.interval_ms and len(shards) > 1:
                raise UnsupportedError(
                    "interval",
                    "which line of an interval comes first is decided over the lines of all clusters",
                    remedy="leave interval out, or select one cluster",
                )
            outcomes = await ask_shards(shards, when, options, reached, deadline, limit_bytes)
            lines = _Lines(shards, outcomes, options, reached)
            return await _off_loop(lines.answer, outcomes)
        plan = plan_metric(expr, context)
        wanted = [(leaf, shard) for leaf in plan.leaves() for shard in leaf.shards]
        outcomes = await ask_shards([shard for _, shard in wanted], when, options, reached, deadline, limit_bytes)
        numbers = _Numbers(plan, wanted, outcomes, when, options, reached)
        return await _off_loop(numbers.answer, outcomes)

    async def reach(self, expr: Expr, when: LogsRange, deadline: Deadline) -> tuple[PlanContext, Reached]:
        """Return what the planner needs to know of the clusters, and the members that can be asked.

        A cluster that can't be asked is planned for as if it showed all its labels: it takes part, and is missing.
        """
        members = {member.cluster.name: member for member in self._membership.members}
        clusters = tuple(member.cluster for member in members.values())
        holders = [members[cluster.name] for cluster in holders_of(expr, clusters)]
        settled, unsettled = await self._membership.settle(holders, deadline)
        missing = dict(unsettled)
        covered: dict[ClusterName, str] = {}
        wanting = [member for name, member in settled.items() if needs_cover(expr, member.cluster)]
        window = data_window(expr, when.start_ns, when.end_ns)
        found = await asyncio.gather(
            *(covering_label(member, window, deadline) for member in wanting), return_exceptions=True
        )
        for member, label in zip(wanting, found, strict=True):
            name = member.cluster.name
            if isinstance(label, BackendError):
                missing[name] = Missing(name, label.failure, label.detail)
            elif isinstance(label, BaseException):
                raise label
            elif label is not None:
                covered[name] = label
        known = {
            name: settled[name].cluster
            if name in settled and name not in missing
            else replace(members[name].cluster, shown=frozenset(members[name].cluster.constants))
            for name in members
        }
        context = PlanContext(tuple(known.values()), self._settings.partition_label, covered)
        masked = {name: looked.values for name, looked in self._membership.discovered().items()}
        asked = {name: member for name, member in settled.items() if name not in missing}
        return context, Reached(asked, missing, masked)


class _Lines:
    """Makes the answer of a query that selects lines."""

    def __init__(
        self,
        shards: Sequence[Shard],
        outcomes: Sequence[Answered | Missing],
        options: LogsOptions,
        reached: Reached,
    ) -> None:
        self._shards = shards
        self._outcomes = outcomes
        self._options = options
        self._reached = reached

    def answer(self) -> LogsAnswer:
        gathered = Gathered()
        sources = []
        for shard, outcome in zip(self._shards, self._outcomes, strict=True):
            if isinstance(outcome, Missing):
                gathered.gaps.append(outcome)
                continue
            try:
                envelope, streams = read_streams(outcome)
                sources.append(self._source(shard, streams))
            except (BackendError, UpstreamQueryError) as error:
                gathered.gaps.append(failed(shard, error))
                continue
            gathered.add(outcome, envelope)
        complete = gathered.completeness(self._shards)
        complete.require(allow_partial=self._options.allow_partial)
        merged = merge_streams(sources, self._options.direction, self._options.limit)
        elements = [stream_json(labels, entries) for labels, entries in merged]
        notes = Notes(tuple(gathered.warnings) + complete.warnings())
        return LogsAnswer("streams", elements, gathered.stats, notes, complete)

    def _source(self, shard: Shard, streams: Iterable[StreamBody]) -> list[tuple[Labels, list[tuple[int, bytes]]]]:
        masked = self._reached.masked.get(shard.cluster, {})
        if self._options.categorize:
            # parsed fields are apart, so a label of the stream itself is what the backend shows in our label's place
            names = metadata_names(shard.hidden)
        source = []
        for stream in streams:
            if self._options.categorize:
                masked = stream.stream
            labels = union_labels(stream.stream, shard.added, shard.hidden, masked)
            entries = [(timestamp_ns(bytes(entry)), bytes(entry)) for entry in stream.values]
            if self._options.categorize and names:
                entries = [(stamp, rename_metadata(entry, names)) for stamp, entry in entries]
            source.append((labels, entries))
        return source


class _Numbers:
    """Makes the answer of a query that computes numbers."""

    def __init__(
        self,
        plan: MetricPlan,
        wanted: Sequence[tuple[Concat, Shard]],
        outcomes: Sequence[Answered | Missing],
        when: LogsRange,
        options: LogsOptions,
        reached: Reached,
    ) -> None:
        self._plan = plan
        self._wanted = wanted
        self._outcomes = outcomes
        self._options = options
        self._reached = reached
        start_ms, end_ms = when.start_ns // NS_PER_MS, when.end_ns // NS_PER_MS
        self._grid = Grid.instant(start_ms) if when.is_instant else Grid(start_ms, end_ms, when.step_ms)
        self._bodies: dict[Concat, list[tuple[Shard, list[SeriesBody]]]] = {}

    def answer(self) -> LogsAnswer:
        gathered = self._read()
        complete = gathered.completeness([shard for _, shard in self._wanted])
        complete.require(allow_partial=self._options.allow_partial)
        self._check_absences(complete)
        root = self._plan.root
        if isinstance(root, Literal):
            elements, is_array = [scalar_json(self._grid, _row(root, self._grid))], False
            result_type = "scalar" if self._grid.is_instant else "matrix"
        else:
            is_array, result_type = True, "vector" if self._grid.is_instant else "matrix"
            elements = self._passed_on(root) if isinstance(root, Concat) else self._evaluated(root, gathered, complete)
        notes = Notes(tuple(gathered.warnings) + complete.warnings())
        return LogsAnswer(result_type, elements, gathered.stats, notes, complete, is_array)

    def _read(self) -> Gathered:
        gathered = Gathered()
        self._bodies = {leaf: [] for leaf, _ in self._wanted}
        read: list[tuple[Concat, Shard, list[SeriesBody]]] = []
        for (leaf, shard), outcome in zip(self._wanted, self._outcomes, strict=True):
            if isinstance(outcome, Missing):
                gathered.gaps.append(outcome)
                continue
            try:
                envelope, bodies = read_series(outcome)
            except (BackendError, UpstreamQueryError) as error:
                gathered.gaps.append(failed(shard, error))
                continue
            gathered.add(outcome, envelope)
            read.append((leaf, shard, self._relabelled(shard, bodies)))
        # a cluster that answered one leg of a query and not the other would bend what is computed from both
        gone = {gap.cluster for gap in gathered.gaps}
        for leaf, shard, bodies in read:
            if shard.cluster not in gone:
                self._bodies[leaf].append((shard, bodies))
        return gathered

    def _relabelled(self, shard: Shard, bodies: Iterable[SeriesBody]) -> list[SeriesBody]:
        if not shard.hidden:
            return list(bodies)
        masked = self._reached.masked.get(shard.cluster, {})
        for body in bodies:
            body.metric = dict(union_labels(body.metric, shard.added, shard.hidden, masked))
        return list(bodies)

    def _check_absences(self, complete: Completeness) -> None:
        """Refuse to say that something is absent when a cluster that may have it did not answer."""
        parts = [leaf.parts for leaf in _absences(self._plan.root)]
        asked = {shard.cluster for leaf in parts for shard in leaf.shards}
        missing = {
            gap.cluster: f"{gap.failure.value}: {gap.detail}" for gap in complete.missing if gap.cluster in asked
        }
        if missing:
            raise IncompleteError(
                {str(name): text for name, text in missing.items()},
                why="absent_over_time can't be decided without every cluster",
            )

    def _passed_on(self, root: Concat) -> list[bytes]:
        listed = [
            (tuple(sorted(body.metric.items())), body) for _, bodies in self._bodies.get(root, ()) for body in bodies
        ]
        if not (self._grid.is_instant and is_ordered_by_value(root)):
            listed.sort(key=lambda item: item[0])
        return [series_json(body, labels) for labels, body in listed]

    def _evaluated(self, root: MetricExpr, gathered: Gathered, complete: Completeness) -> list[bytes]:
        del gathered, complete
        frame = evaluate(root, self._grid, self._frames)
        if self._grid.is_instant and is_ordered_by_value(root):
            return list(frame_json(frame))
        order = sorted(range(frame.series), key=frame.labels.__getitem__)
        return list(frame_json(frame, order))

    def _frames(self, leaf: Concat) -> list[Frame]:
        try:
            return [frame_of(bodies, {}, self._grid) for _, bodies in self._bodies.get(leaf, ())]
        except BackendError as error:
            raise ExecutionError(f"a cluster's answer can't be merged: {error.detail}") from error


def _row(literal: Literal, grid: Grid) -> Any:
    return evaluate(literal, grid, lambda _: []).values[0]


def _absences(expr: MetricExpr) -> list[MergedAbsence]:
    match expr:
        case MergedAbsence():
            return [expr]
        case VectorAggregation() | LabelReplace():
            return _absences(expr.expr)
        case Binary():
            return _absences(expr.left) + _absences(expr.right)
        case _:
            return []


async def _off_loop(work: Any, outcomes: Sequence[Answered | Missing]) -> LogsAnswer:
    """Return what ``work`` makes; large answers are worked on in a thread, so that others are not held up."""
    size = sum(len(outcome.body) for outcome in outcomes if isinstance(outcome, Answered))
    answer: LogsAnswer = await asyncio.to_thread(work) if size > OFF_LOOP_BYTES else work()
    return answer


__all__ = ["LogsAnswer", "LogsOptions", "LogsQueries", "LogsRange", "leaves_of"]
