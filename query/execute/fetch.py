"""Fetching the leaves of a plan: every shard once, all at the same time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypeAlias

import msgspec

from query.backends.base import Backend, BackendError, Deadline, Failure, Request
from query.backends.outcome import Answered, Completeness, Missing, Outcome, completeness
from query.execute.budget import Spending
from query.execute.fanout import Call, Member, ask
from query.execute.fetched import Fetched, Took
from query.execute.histogram_reads import HistogramReads, Place, Wanted, sample_times
from query.execute.lanes import can_splice
from query.execute.note_places import placed
from query.execute.options import QueryOptions
from query.execute.request_form import request_form
from query.execute.upstream_errors import judged
from query.model.clusters import ClusterName
from query.model.float_histogram import ResetHint
from query.model.frames import Notes
from query.model.time import Grid
from query.promql.plan.gauges import gives_gauges
from query.promql.plan.nodes import Concat, Shard
from query.promql.plan.planner import Plan
from query.promql.syntax.nodes import Expr, ValueType, VectorSelector
from query.promql.syntax.printer import print_expr
from query.promql.syntax.tree import without_parentheses
from query.wire.exact_histograms import ExactHistograms
from query.wire.prometheus import (
    Envelope,
    QueryData,
    UpstreamQueryError,
    carries,
    count_series,
    cut_result,
    read_query,
)
from query.wire.samples import Beside
from query.wire.statistics import Statistics
from query.wire.thresholds import Thresholds, asking_thresholds, has_custom_buckets

Answers: TypeAlias = dict[tuple[Backend, Request], Answered]
"""What a backend answered to a request, its timeout left out."""


class Fetch:
    """Asks every shard of a plan once, and keeps what came back.

    ``kept`` holds answers of an earlier attempt at the same query: a cluster that has to be asked elsewhere does not
    make the others work again.
    """

    def __init__(
        self,
        grid: Grid,
        options: QueryOptions,
        members: Mapping[ClusterName, Member],
        unsettled: Mapping[ClusterName, Missing],
        deadline: Deadline,
        limit_bytes: int,
        kept: Answers | None = None,
        spending: Spending | None = None,
    ) -> None:
        self._grid = grid
        self._options = options
        self._members = members
        self._unsettled = unsettled
        self._deadline = deadline
        self._limit_bytes = limit_bytes
        self._kept: Answers = {} if kept is None else kept
        self._spending = spending
        self.fetched: dict[Concat, list[Fetched]] = {}
        self.gaps: dict[Concat, list[Missing]] = {}
        self.completeness = Completeness()
        self.notes = Notes()
        self.statistics: list[Statistics] = []
        self.bytes_read = 0
        self._thresholds: dict[Place, Thresholds] = {}
        self._exact: dict[Place, ExactHistograms] = {}
        self._unknown_hint = ResetHint.UNTOLD
        self.took: list[Took] = []
        self._splices = False
        self.text = ""
        """The query as the user wrote it, for places in notes."""

    async def run(self, plan: Plan, text_of: Callable[[Expr], str] = print_expr) -> None:
        """Ask for every leaf; afterwards ``fetched``, ``gaps`` and ``completeness`` tell what came back.

        ``text_of`` prints the expressions of the plan.

        A cluster that failed for one leaf is missing from all of them: the sum of three clusters over the count of
        four would be a number of nothing.
        """
        leaves = plan.leaves()
        self._splices = can_splice(plan, self._grid, self._options)
        wanted = [(leaf, shard) for leaf in leaves for shard in leaf.shards]
        asked = [(leaf, shard) for leaf, shard in wanted if shard.cluster not in self._unsettled]
        calls = [Call(self._members[shard.cluster], self._request(leaf, shard, text_of)) for leaf, shard in asked]
        outcomes = await self._ask(calls)
        missing = {
            shard.cluster: self._unsettled[shard.cluster] for _, shard in wanted if shard.cluster in self._unsettled
        }
        fetched: list[tuple[Concat, Fetched]] = []
        for (leaf, shard), outcome in zip(asked, outcomes, strict=True):
            part = self._judge(shard, outcome)
            self.took.append(Took.of(leaf, shard, outcome, part))
            if isinstance(part, Missing):
                missing.setdefault(shard.cluster, part)
            else:
                fetched.append((leaf, part))
        self.fetched = {leaf: [] for leaf in leaves}
        for leaf, part in fetched:
            if part.shard.cluster not in missing:
                self.fetched[leaf].append(part)
        self.gaps = {
            leaf: [missing[shard.cluster] for shard in leaf.shards if shard.cluster in missing] for leaf in leaves
        }
        self.completeness = completeness((shard.cluster for _, shard in wanted), missing.values())

    def beside(self, leaf: Concat, shard: Shard) -> Beside:
        """Return what is known of a part's native histograms beside their JSON."""
        place = leaf, shard.cluster
        hint = ResetHint.GAUGE if gives_gauges(leaf.expr) else self._unknown_hint
        expr = without_parentheses(shard.expr)
        times = sample_times(expr, leaf.grid or self._grid) if isinstance(expr, VectorSelector) else []
        return Beside(self._thresholds.get(place), hint, self._exact.get(place), times)

    def waive_hints(self) -> None:
        """Give up the annotations that depend on what JSON doesn't tell of counters."""
        self._unknown_hint = ResetHint.WAIVED

    def _with_histograms(self) -> list[Wanted]:
        return [
            Wanted(leaf, part.shard, part.bodies, leaf.grid or self._grid)
            for leaf, parts in self.fetched.items()
            for part in parts
            if any(body.has_histograms for body in part.bodies)
        ]

    async def ask_thresholds(self) -> None:
        """Ask for the zero thresholds that the JSON of native histograms does not tell.

        Best effort: a cluster that does not answer leaves its histograms undecided, which is told where it matters.
        """
        wanted = [
            one
            for one in self._with_histograms()
            if one.leaf.value_type is ValueType.VECTOR and not has_custom_buckets(one.shown)
        ]
        calls = [
            Call(
                self._members[one.shard.cluster],
                self._request(one.leaf, replace(one.shard, expr=asking_thresholds(one.shard.expr))),
            )
            for one in wanted
        ]
        for one, outcome in zip(wanted, await self._ask(calls), strict=True):
            if isinstance(outcome, Answered):
                self.bytes_read += len(outcome.body)
                with suppress(BackendError, UpstreamQueryError, ValueError, msgspec.MsgspecError):
                    self._thresholds[one.leaf, one.shard.cluster] = Thresholds(read_query(outcome)[1], one.grid)

    async def can_read_histograms(self, reads: HistogramReads) -> bool:
        """Tell whether a cluster that answered with native histograms lets them be read as they are stored."""
        holders = {one.shard.cluster: self._members[one.shard.cluster] for one in self._with_histograms()}
        return await reads.can_read(list(holders.values()), self._deadline, self._limit_bytes)

    async def read_histograms(self, reads: HistogramReads) -> None:
        """Read the native histograms of selectors as they are stored, where a server lets them be read."""
        self._exact = await reads.read(
            self._with_histograms(), self._members, self._deadline, self._limit_bytes, self._spending
        )

    def _request(self, leaf: Concat, shard: Shard, text_of: Callable[[Expr], str] = print_expr) -> Request:
        path, form = request_form(shard.expr, leaf.grid or self._grid, text_of)
        form.extend(self._options.passed_on)
        if self._options.stats:
            form.append(("stats", self._options.stats))
        return Request(path, form=tuple(form))

    async def _ask(self, calls: Sequence[Call]) -> list[Outcome]:
        keys = [(call.member.backend, call.request) for call in calls]
        kept = [self._kept.get(key) for key in keys] if self._kept else [None] * len(calls)
        timeout = (("timeout", f"{self._deadline.remaining_s():.3f}"),)
        wanted = [
            Call(call.member, Request(call.request.path, form=(call.request.form or ()) + timeout))
            for call, known in zip(calls, kept, strict=True)
            if known is None
        ]
        asked = iter(await ask(wanted, self._deadline, self._limit_bytes, self._spending))
        outcomes = [next(asked) if known is None else known for known in kept]
        self._kept |= {key: one for key, one in zip(keys, outcomes, strict=True) if isinstance(one, Answered)}
        return outcomes

    def _judge(self, shard: Shard, outcome: Outcome) -> Fetched | Missing:
        if isinstance(outcome, Missing):
            return outcome
        self.bytes_read += len(outcome.body)
        try:
            return self._read(shard, outcome)
        except BackendError as error:
            return Missing(shard.cluster, error.failure, error.detail)

    def _read(self, shard: Shard, answer: Answered) -> Fetched:
        try:
            found = self._spliced(shard, answer) if self._splices else None
            if found is None:
                envelope, bodies = read_query(answer)
                self._take_in(shard, envelope)
                found = Fetched(shard, bodies)
        except UpstreamQueryError as error:
            if self._members[shard.cluster].stands_in:
                raise BackendError(Failure.REFUSED, error.message) from error
            raise judged(error) from error
        return found

    def _spliced(self, shard: Shard, answer: Answered) -> Fetched | None:
        envelope, text = cut_result(answer)
        series = count_series(text)
        if series is None or not carries(text, shard.added, series):
            return None
        self._take_in(shard, envelope)
        return Fetched(shard, spliced=text, spliced_series=series)

    def _take_in(self, shard: Shard, envelope: Envelope[QueryData]) -> None:
        if envelope.warnings or envelope.infos:
            told = Notes(tuple(envelope.warnings), tuple(envelope.infos))
            self.notes |= placed(told, print_expr(shard.expr), self.text)
        if not isinstance(envelope.data, msgspec.UnsetType) and envelope.data.stats is not None:
            self.statistics.append(envelope.data.stats)
