"""Explaining LogQL: the plan as it would be carried out now, without asking for data."""

from __future__ import annotations

from typing import Final

from query.backends.base import Deadline
from query.execute.logs import NO_INSTANT_LINES, LogsQueries
from query.execute.logs_fetch import LogsOptions, LogsRange
from query.logql.plan import Concat, plan_logs, plan_metric
from query.logql.plan.certify import certify_lines, certify_numbers
from query.logql.syntax import parse_query
from query.logql.syntax.nodes import LogQuery
from query.model.errors import BadQueryError
from query.model.explanation import Explanation, Round

LANGUAGE: Final = "logql"


async def explain_logs(queries: LogsQueries, text: str, when: LogsRange, options: LogsOptions) -> Explanation:
    """Return how a query would be answered; raises what planning it raises."""
    expr = parse_query(text, queries.settings.syntax)
    deadline = Deadline.after(options.timeout_s).capped(queries.settings.cluster_timeout_s)
    if isinstance(expr, LogQuery):
        if when.is_instant:
            raise BadQueryError(NO_INSTANT_LINES)
        context, reached = await queries.reach(expr, when, deadline)
        lines = plan_logs(expr, context)
        planned, lane = Round(certify_lines(lines), (("parsed", text), ("plan_logs", lines.describe()))), "raw"
    else:
        context, reached = await queries.reach(expr, when.aligned(), deadline)
        numbers = plan_metric(expr, context)
        planned = Round(certify_numbers(numbers.root), numbers.stages)
        lane = "raw" if isinstance(numbers.root, Concat) else "arrays"
    missing = {str(name): gap.failure.value for name, gap in reached.missing.items()}
    return Explanation(text, LANGUAGE, lane, (planned,), missing=missing)
