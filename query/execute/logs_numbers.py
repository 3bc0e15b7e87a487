"""Makes the answer of a LogQL query that computes numbers, of what the clusters answered.

Two lanes: if the whole query is one concatenation, sample bytes are passed on and only labels are read; otherwise the
samples are decoded to arrays and what is above the leaves is evaluated here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from query.backends.base import BackendError
from query.backends.outcome import Answered, Completeness, Missing
from query.execute.logs_answer import LogsAnswer
from query.execute.logs_evaluate import evaluate, is_ordered_by_value
from query.execute.logs_fetch import Gathered, LogsOptions, LogsRange, Reached, failed
from query.execute.logs_samples import SampledLines
from query.logql.merge import union_labels
from query.logql.plan import Concat, MergedAbsence, MetricPlan, Sampled, Shard
from query.logql.syntax.nodes import Binary, LabelReplace, Literal, MetricExpr, VectorAggregation
from query.model.clusters import ClusterName
from query.model.errors import ExecutionError, IncompleteError
from query.model.frames import Frame, Notes
from query.model.time import NS_PER_MS, Grid
from query.wire.loki import read_series
from query.wire.loki_samples import repeated_json
from query.wire.prometheus import SeriesBody, UpstreamQueryError
from query.wire.samples import frame_json, frame_of, scalar_json, series_json


class Numbers:
    """Makes the answer of a query that computes numbers."""

    def __init__(
        self,
        plan: MetricPlan,
        wanted: Sequence[tuple[Concat, Shard]],
        outcomes: Sequence[Answered | Missing],
        sampled: Sequence[SampledLines],
        when: LogsRange,
        options: LogsOptions,
        reached: Reached,
    ) -> None:
        self._plan = plan
        self._wanted = wanted
        self._outcomes = outcomes
        self._sampled = {found.leaf: found for found in sampled}
        self._gone: frozenset[ClusterName] = frozenset()
        self._options = options
        self._reached = reached
        start_ms, end_ms = when.start_ns // NS_PER_MS, when.end_ns // NS_PER_MS
        self._grid = Grid.instant(start_ms) if when.is_instant else Grid(start_ms, end_ms, when.step_ms)
        self._bodies: dict[Concat, list[tuple[Shard, list[SeriesBody]]]] = {}

    def answer(self) -> LogsAnswer:
        """Return the answer; raises what the clusters' errors, or gaps that can't be accepted, mean for it."""
        gathered = self._read()
        complete = gathered.completeness(list(self._plan.shards()))
        complete.require(allow_partial=self._options.allow_partial)
        self._check_absences(complete)
        root = self._plan.root
        if isinstance(root, Literal):
            elements, is_array = [scalar_json(self._grid, evaluate(root, self._grid, self._frames).values[0])], False
            result_type = "scalar" if self._grid.is_instant else "matrix"
        else:
            is_array, result_type = True, "vector" if self._grid.is_instant else "matrix"
            elements = self._passed_on(root) if isinstance(root, Concat) else self._evaluated(root)
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
        for found in self._sampled.values():
            gathered.gaps += found.gaps
        self._gone = frozenset(gap.cluster for gap in gathered.gaps)
        for leaf, shard, bodies in read:
            if shard.cluster not in self._gone:
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

    def _evaluated(self, root: MetricExpr) -> list[bytes]:
        frame = evaluate(root, self._grid, self._frames)
        if self._grid.is_instant and is_ordered_by_value(root):
            return list(frame_json(frame))
        order = sorted(range(frame.series), key=frame.labels.__getitem__)
        if len(frozenset(frame.labels)) < frame.series and not self._grid.is_instant:
            return list(repeated_json(frame, order))
        return list(frame_json(frame, order))

    def _frames(self, leaf: Concat | Sampled) -> list[Frame]:
        if isinstance(leaf, Sampled):
            return [self._sampled[leaf].frame(self._grid, self._gone)]
        try:
            return [frame_of(bodies, {}, self._grid) for _, bodies in self._bodies.get(leaf, ())]
        except BackendError as error:
            raise ExecutionError(f"a cluster's answer can't be merged: {error.detail}") from error


def _absences(expr: MetricExpr) -> Iterator[MergedAbsence]:
    match expr:
        case MergedAbsence():
            yield expr
        case VectorAggregation() | LabelReplace():
            yield from _absences(expr.expr)
        case Binary():
            yield from _absences(expr.left)
            yield from _absences(expr.right)
        case _:
            return
