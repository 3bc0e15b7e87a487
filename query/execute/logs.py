"""Answering LogQL: plan, ask the clusters, merge.

Lines are merged by time, their bytes untouched (``logs_lines``). Numbers that only have to be concatenated keep their
bytes too; what has to be merged is decoded to arrays and evaluated here (``logs_numbers``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from query.backends.base import Deadline
from query.backends.outcome import Answered, Missing
from query.execute.logs_answer import LogsAnswer
from query.execute.logs_coverage import cover, data_window, needs_cover
from query.execute.logs_fetch import LogsOptions, LogsRange, Reached, ask_shards
from query.execute.logs_lines import Lines
from query.execute.logs_metadata import LogsMetadata
from query.execute.logs_numbers import Numbers
from query.execute.membership import Membership
from query.execute.settings import ExecuteSettings
from query.logql.plan import PlanContext, plan_logs, plan_metric
from query.logql.plan.placing import holders_of
from query.logql.syntax import parse_query
from query.logql.syntax.nodes import Expr, LogQuery
from query.model.errors import BadQueryError, DeadlineError, UnsupportedError

OFF_LOOP_BYTES: Final = 64 << 10
NO_INSTANT_LINES: Final = (
    "log queries are not supported as an instant query type, please change your query to a range query type"
)


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
            lines = Lines(shards, outcomes, options, reached)
            return await _off_loop(lines.answer, outcomes)
        plan = plan_metric(expr, context)
        wanted = [(leaf, shard) for leaf in plan.leaves() for shard in leaf.shards]
        outcomes = await ask_shards([shard for _, shard in wanted], when, options, reached, deadline, limit_bytes)
        numbers = Numbers(plan, wanted, outcomes, when, options, reached)
        return await _off_loop(numbers.answer, outcomes)

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


async def _off_loop(work: Callable[[], LogsAnswer], outcomes: Sequence[Answered | Missing]) -> LogsAnswer:
    """Return what ``work`` makes; large answers are worked on in a thread, so that others are not held up."""
    size = sum(len(outcome.body) for outcome in outcomes if isinstance(outcome, Answered))
    return await asyncio.to_thread(work) if size > OFF_LOOP_BYTES else work()
