"""Answering LogQL: plan, ask the clusters, merge.

Lines are merged by time, their bytes untouched (``logs_lines``). Numbers that only have to be concatenated keep their
bytes too; what has to be merged is decoded to arrays and evaluated here (``logs_numbers``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from query.backends.base import Deadline
from query.backends.outcome import Answered, Missing
from query.execute.budget import Holding
from query.execute.logs_answer import LogsAnswer
from query.execute.logs_ask import LogsAsk
from query.execute.logs_coverage import cover, data_window, needs_cover
from query.execute.logs_fetch import LogsOptions, LogsRange, Reached, ask_shards
from query.execute.logs_lines import MergedLines, merge_lines
from query.execute.logs_metadata import LogsMetadata
from query.execute.logs_numbers import Numbers
from query.execute.logs_samples import Budget, read_samples
from query.execute.logs_writes import LogsWrites
from query.execute.membership import Membership
from query.execute.settings import ExecuteSettings
from query.logql.plan import PlanContext, plan_logs, plan_metric
from query.logql.plan.certify import certify_numbers
from query.logql.plan.placing import holders_of
from query.logql.syntax import parse_query
from query.logql.syntax.nodes import Expr, LogQuery, MetricExpr
from query.model.certificate import Exactness, require_exactness
from query.model.errors import BadQueryError, DeadlineError, GatewayError, LimitExceededError, UnsupportedError

OFF_LOOP_BYTES: Final = 64 << 10
Result = TypeVar("Result")
First = TypeVar("First")
Other = TypeVar("Other")
NO_INSTANT_LINES: Final = (
    "log queries are not supported as an instant query type, please change your query to a range query type"
)


class LogsQueries:
    """Runs LogQL over the current members; ``metadata`` answers what is not a query, ``writes`` passes logs on."""

    def __init__(self, membership: Membership, settings: ExecuteSettings) -> None:
        self._membership = membership
        self._settings = self.settings = settings
        self.asking = LogsAsk(membership, settings)
        self.metadata = LogsMetadata(self.asking)
        self.writes = LogsWrites(membership, settings)

    async def run(self, text: str, when: LogsRange, options: LogsOptions) -> LogsAnswer:
        """Answer one query; raises the errors of ``query.model.errors``."""
        expr = parse_query(text, self._settings.syntax)
        if isinstance(expr, LogQuery):
            if when.is_instant:
                raise BadQueryError(NO_INSTANT_LINES)
            return (await self.lines(expr, when, options)).answer()
        return await _within(options.timeout_s, self._numbers(expr, when.aligned(), options))

    async def lines(self, query: LogQuery, when: LogsRange, options: LogsOptions) -> MergedLines:
        """Return the lines of one query, merged; raises as ``run`` does."""
        if options.limit > (most := self.settings.log_lines):
            raise LimitExceededError(
                "log_lines",
                most,
                f"max entries limit per query exceeded, limit > max_entries_limit ({options.limit} > {most}); "
                "ask for fewer lines or raise limits.log_lines",
            )
        return await _within(options.timeout_s, self._lines(query, when, options))

    async def _lines(self, query: LogQuery, when: LogsRange, options: LogsOptions) -> MergedLines:
        deadline = self._deadline(options)
        context, reached = await self.reach(query, when, deadline)
        shards = plan_logs(query, context).shards
        if options.interval_ms and len(shards) > 1:
            raise UnsupportedError(
                "interval",
                "which line of an interval comes first is decided over the lines of all clusters",
                remedy="leave interval out, or select one cluster",
            )
        limit_bytes = self._settings.response_bytes
        with Holding(self._membership.pool, deadline) as holding:
            outcomes = await ask_shards(shards, when, options, reached, deadline, limit_bytes, holding)
            return await _off_loop(outcomes, lambda: merge_lines(shards, outcomes, options, reached))

    async def _numbers(self, expr: MetricExpr, when: LogsRange, options: LogsOptions) -> LogsAnswer:
        deadline = self._deadline(options)
        context, reached = await self.reach(expr, when, deadline)
        plan = plan_metric(expr, context)
        if options.exactness < Exactness.APPROXIMATE:
            label = context.partition_label
            remedy = f'ask one cluster with {label}="…", keep {label} in the grouping'
            require_exactness(certify_numbers(plan.root), options.exactness, remedy=remedy)
        wanted = [(leaf, shard) for leaf in plan.leaves() for shard in leaf.shards]
        shards = [shard for _, shard in wanted]
        budget = Budget(self._settings.sample_lines)
        limit_bytes = self._settings.response_bytes
        with Holding(self._membership.pool, deadline) as holding:
            asking = ask_shards(shards, when, options, reached, deadline, limit_bytes, holding)
            outcomes, sampled = await _together(
                asking,
                *(read_samples(leaf, when, options, reached, self._settings, budget) for leaf in plan.sampled()),
            )
            numbers = Numbers(plan, wanted, outcomes, sampled, when, options, reached)
            if sampled:
                return await asyncio.to_thread(numbers.answer)
            return await _off_loop(outcomes, numbers.answer)

    def _deadline(self, options: LogsOptions) -> Deadline:
        return Deadline.after(options.timeout_s).capped(self._settings.cluster_timeout_s)

    async def reach(self, expr: Expr, when: LogsRange, deadline: Deadline) -> tuple[PlanContext, Reached]:
        """Return what the planner needs to know of the clusters, and the members that can be asked.

        A cluster that can't be asked is planned for as if it showed all its labels: it takes part, and is missing.
        """
        members = {member.cluster.name: member for member in self._membership.members}
        clusters = tuple(member.cluster for member in members.values())
        holders = [members[cluster.name] for cluster in holders_of(expr, clusters)]
        settled, unsettled = await self._membership.settle(holders, deadline)
        wanting = [member for member in settled.values() if needs_cover(expr, member.cluster)]
        covered, uncovered = await cover(wanting, data_window(expr, when.start_ns, when.end_ns), deadline)
        missing = unsettled | uncovered
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


async def _within(timeout_s: float, work: Coroutine[Any, Any, Result]) -> Result:
    """Return what ``work`` returns; ``DeadlineError``, in Loki's words, if it takes longer."""
    try:
        async with asyncio.timeout(timeout_s + 1.0):
            return await work
    except TimeoutError as error:
        raise DeadlineError(
            "request timed out, decrease the duration of the request or add more label matchers (prefer exact match "
            "over regex match) to reduce the amount of data processed"
        ) from error


async def _together(
    first: Coroutine[Any, Any, First], *others: Coroutine[Any, Any, Other]
) -> tuple[First, list[Other]]:
    """Return the results of all, or raise the first error after ending the others."""
    try:
        async with asyncio.TaskGroup() as group:
            head = group.create_task(first)
            tail = [group.create_task(other) for other in others]
    except* GatewayError as errors:
        raise _first(errors) from errors
    return head.result(), [task.result() for task in tail]


def _first(group: BaseExceptionGroup[GatewayError]) -> GatewayError:
    """Return an error of the group, which may hold groups."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


async def _off_loop(outcomes: Sequence[Answered | Missing], work: Callable[[], Result]) -> Result:
    """Return what ``work`` makes; large answers are worked on in a thread, so that others are not held up."""
    size = sum(len(outcome.body) for outcome in outcomes if isinstance(outcome, Answered))
    return await asyncio.to_thread(work) if size > OFF_LOOP_BYTES else work()
