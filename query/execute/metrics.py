"""Answering PromQL: plan, ask the clusters, merge.

Two lanes so far. If the whole query is one concatenation, the clusters' sample bytes are passed on and only labels are
read (*raw*). Otherwise the leaves are decoded to arrays and what is above them is evaluated here (*arrays*).
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache, partial
from typing import Final

from query.backends.base import Deadline
from query.execute.assemble import QueryAnswer, assemble
from query.execute.budget import Account, MemoryPool, Spending
from query.execute.elements import size_of
from query.execute.fanout import Member
from query.execute.fetch import Answers, Fetch
from query.execute.histogram_reads import HistogramReads
from query.execute.membership import Membership
from query.execute.options import QueryOptions
from query.execute.parsing import parse_query
from query.execute.plan_cache import ENTRIES, MAX_TEXT, PlanCache
from query.execute.replicas.choose import Asked
from query.execute.settings import ExecuteSettings
from query.execute.sources import Sources
from query.execute.trace import Trace
from query.model.certificate import Exactness, require_exactness
from query.model.clusters import ClusterName
from query.model.errors import BadRequestError, DeadlineError, UndecidedHistogramError
from query.model.explanation import Explanation
from query.model.time import Grid
from query.promql.evaluate.rows import room_for
from query.promql.plan.certify import certify
from query.promql.plan.context import PlanContext
from query.promql.plan.partials import InsufficientPartialsError, Partials, later
from query.promql.plan.planner import Plan, plan_query
from query.promql.plan.push_subtrees import holders_of
from query.promql.plan.windows import DEFAULT_LOOKBACK_MS
from query.promql.syntax.nodes import Expr, ValueType
from query.promql.syntax.types import type_of

OFF_LOOP_BYTES: Final = 64 << 10
"""More than this is decoded on a thread: it would hold up other requests for milliseconds."""


class _ReadThemError(Exception):
    """The answer takes native histograms as they are stored: plan so that clusters are asked for samples only."""


class MetricsQueries:
    """Runs queries over the current members."""

    def __init__(self, membership: Membership, settings: ExecuteSettings, pool: MemoryPool) -> None:
        self._membership = membership
        self._settings = settings
        self._pool = pool
        self._reads = HistogramReads()
        self._plans = PlanCache()
        self._parsed = lru_cache(ENTRIES)(partial(parse_query, limits=settings.syntax))

    async def explain(self, text: str, grid: Grid, options: QueryOptions, *, is_run: bool) -> Explanation:
        """Explain one query; ``is_run`` also answers it and measures, else clusters are asked for labels at most.

        What is not exact is explained, not refused.
        """
        options = replace(options, exactness=Exactness.APPROXIMATE)
        trace = Trace()
        answer: QueryAnswer | None = None
        if is_run:
            answer = await self.run(text, grid, options, trace)
            if answer.account is not None:
                answer.account.close()
        else:
            expr = parse_query(text, self._settings.syntax)
            _check_type(expr, grid)
            deadline = Deadline.after(min(options.timeout_s, self._settings.query_timeout_s))
            sources, members = self._sources(expr, grid, options)
            settled, _ = await sources.settle(deadline.capped(self._settings.cluster_timeout_s))
            trace.note(self._plan(expr, grid, options, {**members, **settled}, Partials.SUMS))
            trace.choices = sources.choices
        return trace.explain(text, answer, is_downsampled=options.is_downsampled)

    async def run(self, text: str, grid: Grid, options: QueryOptions, trace: Trace | None = None) -> QueryAnswer:
        """Answer one query; raises the errors of ``query.model.errors``. A ``trace`` is told what happens."""
        expr = self._parsed(text) if len(text) <= MAX_TEXT else parse_query(text, self._settings.syntax)
        _check_type(expr, grid)
        deadline = Deadline.after(min(options.timeout_s, self._settings.query_timeout_s))
        budget = self._settings.budget.lowered(options.max_series, options.max_samples, options.max_bytes)
        account = Account(self._pool)
        try:
            async with asyncio.timeout(deadline.remaining_s() + 1.0):
                spending = Spending(budget, account, deadline)
                with room_for(self._settings.evaluation_cells):
                    return await self._run(text, expr, grid, options, deadline, spending, trace or Trace())
        except TimeoutError as error:
            account.close()
            raise DeadlineError("query timed out in query execution") from error
        except BaseException:
            account.close()
            raise

    async def _run(
        self,
        text: str,
        expr: Expr,
        grid: Grid,
        options: QueryOptions,
        deadline: Deadline,
        spending: Spending,
        trace: Trace,
    ) -> QueryAnswer:
        sources, members = self._sources(expr, grid, options)
        kept: Answers = {}
        partials = Partials.SUMS
        attempt = options
        while True:
            cluster_deadline = deadline.capped(self._settings.cluster_timeout_s)
            with trace.timing("plan"):
                settled, unsettled = await sources.settle(cluster_deadline)
                asked = {**members, **settled}
                key = (_shape(grid, attempt), partials, *asked.values())
                planned = self._plans.get(text, key, partial(self._plan, expr, grid, attempt, asked, partials))
            plan, limit_bytes = planned.plan, self._settings.response_bytes
            fetch = Fetch(grid, options, settled, unsettled, cluster_deadline, limit_bytes, kept, spending)
            fetch.text = text
            with trace.timing("fetch"):
                await fetch.run(plan, planned.text_of)
            if sources.replace_failed(fetch.completeness.missing):
                trace.note(plan, fetch.took, "a replica did not answer")
                continue
            fetch.completeness.require(allow_partial=options.allow_partial)
            try:
                with trace.timing("assemble"):
                    answer = await self._decided(plan, fetch, grid, attempt)
            except InsufficientPartialsError as error:
                trace.note(plan, fetch.took, error.reason)
                partials = later(partials, error)
                continue
            except _ReadThemError:
                trace.note(plan, fetch.took, "native histograms have to be read as they are stored")
                attempt = replace(options, pushes_down=False)
                continue
            trace.note(plan, fetch.took)
            trace.choices = sources.choices
            spending.account.keep(size_of(answer.elements))
            return replace(answer, sources=sources.choices, account=spending.account)

    def _sources(self, expr: Expr, grid: Grid, options: QueryOptions) -> tuple[Sources, Mapping[ClusterName, Member]]:
        """Return where the clusters are to be asked that a query reaches, and all members."""
        members = {member.cluster.name: member for member in self._membership.members}
        reached = [members[cluster.name] for cluster in holders_of(expr, [one.cluster for one in members.values()])]
        asked = Asked(expr, grid, options.lookback_ms, frozenset(name for name, _ in options.passed_on))
        return Sources(self._membership, reached, asked), members

    async def _decided(self, plan: Plan, fetch: Fetch, grid: Grid, options: QueryOptions) -> QueryAnswer:
        """Return the answer; where it takes more of native histograms than their JSON tells, after finding it out.

        Zero thresholds are asked for first, which costs little. Else the histograms have to be read as they are stored,
        which only selectors can be: ``_ReadThemError`` if another plan is needed for that. Where no server lets them be
        read, annotations about counters are given up, and what can't be combined without knowing more is refused.
        """
        try:
            return await _assembled(plan, fetch, grid, options)
        except UndecidedHistogramError:
            is_readable = await fetch.can_read_histograms(self._reads)
        if is_readable and not options.pushes_down:
            await fetch.read_histograms(self._reads)
            with suppress(UndecidedHistogramError):
                return await _assembled(plan, fetch, grid, options)
        await fetch.ask_thresholds()
        if is_readable and options.pushes_down:
            try:
                return await _assembled(plan, fetch, grid, options)
            except UndecidedHistogramError as error:
                raise _ReadThemError from error
        fetch.waive_hints()
        return await _assembled(plan, fetch, grid, options)

    def _plan(
        self,
        expr: Expr,
        grid: Grid,
        options: QueryOptions,
        members: Mapping[ClusterName, Member],
        partials: Partials,
    ) -> Plan:
        context = PlanContext(
            tuple(member.cluster for member in members.values()),
            partition_label=self._settings.partition_label,
            subquery_points=self._settings.subquery_points,
            step_ms=0 if grid.is_instant else grid.step_ms,
            range_ms=grid.end_ms - grid.start_ms,
            start_ms=grid.start_ms,
            lookback_ms=max(options.lookback_ms or 0, 0) or DEFAULT_LOOKBACK_MS,
            pushes_down=options.pushes_down,
            partials=partials,
        )
        plan = plan_query(expr, context)
        if options.exactness < Exactness.APPROXIMATE:
            require_exactness(
                certify(plan.root, is_downsampled=options.is_downsampled),
                options.exactness,
                remedy=(
                    f'ask one cluster with {context.partition_label}="…", '
                    f"keep {context.partition_label} in the grouping"
                ),
            )
        return plan


def _shape(grid: Grid, options: QueryOptions) -> Hashable:
    """Return what a plan depends on beside text and members."""
    return (
        0 if grid.is_instant else grid.step_ms,
        grid.end_ms - grid.start_ms,
        options.lookback_ms,
        options.pushes_down,
        options.exactness,
        options.is_downsampled,
    )


async def _assembled(plan: Plan, fetch: Fetch, grid: Grid, options: QueryOptions) -> QueryAnswer:
    if fetch.bytes_read > OFF_LOOP_BYTES:
        return await asyncio.to_thread(assemble, plan, fetch, grid, options)
    return assemble(plan, fetch, grid, options)


def _check_type(expr: Expr, grid: Grid) -> None:
    found = type_of(expr)
    if not grid.is_instant and found not in {ValueType.SCALAR, ValueType.VECTOR}:
        raise BadRequestError(
            "query",
            f'invalid expression type "{found.value}" for range query, must be Scalar or instant Vector',
        )
