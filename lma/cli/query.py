"""``lma query``: PromQL (or a LogQL metric query) at an instant or over a range."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer

from lma.cli.connection import connect
from lma.cli.explain_output import print_explanation
from lma.cli.failures import UsageError
from lma.cli.help_text import help_text
from lma.cli.metric_output import QueryOutput, print_notes, print_result
from lma.cli.options import TokenOption, UrlOption
from lma.cli.range_output import Span

if TYPE_CHECKING:
    from lma.client import Client, Explanation, MetricResult

HELP = help_text(
    "Ask all clusters a PromQL query.\n\n"
    "An instant gives a table; a range gives a plot on a terminal and a table of each series' last, min, max and avg. "
    "What is missing from an answer, and every warning, goes to stderr. Times: RFC 3339, seconds, now, -1h.",
    ("lma query 'sum by (cluster) (up)'", "now"),
    ("lma query up --time 2026-01-02T15:00:00Z", "then"),
    ("lma query 'rate(http_requests_total[5m])' --range 1h", "the last hour"),
    ("lma query up --range 6h --step 1m -o csv", "every sample"),
    ("lma query 'sum(up)' --strict", "an error if one is missing"),
    ("lma query 'sum(up)' --explain --analyze", "how it is answered"),
    ("lma query --logs 'sum(rate({app=\"shop\"}[5m]))'", "a LogQL metric query"),
)
POINTS: Final = 120
NICE_STEPS_S: Final = (
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400,
)  # fmt: skip
_ORDERING: Final = re.compile(r"\s*(sort|sort_desc|sort_by_label|sort_by_label_desc|topk|bottomk)\b")


class Exactness(StrEnum):
    """How near to one server's an answer has to be."""

    EXACT = "exact"
    ROUNDED = "rounded"
    APPROXIMATE = "approximate"


def query(  # noqa: PLR0913, PLR0917 — typer makes an option of each argument
    context: typer.Context,
    expr: Annotated[str, typer.Argument(metavar="EXPR", help="The query.", show_default=False)],
    time: Annotated[str | None, typer.Option("--time", "-t", metavar="TIME", help="Ask at this time.")] = None,
    span: Annotated[
        str | None, typer.Option("--range", "-r", metavar="DURATION", help="Ask over this long, up to --end.")
    ] = None,
    start: Annotated[str | None, typer.Option("--start", metavar="TIME", help="Where the range starts.")] = None,
    end: Annotated[
        str | None, typer.Option("--end", metavar="TIME", help="Where the range ends.", show_default="now")
    ] = None,
    step: Annotated[
        str | None,
        typer.Option(
            "--step", "-s", metavar="DURATION", help="Distance of points.", show_default="a 120th of the range"
        ),
    ] = None,
    output: Annotated[
        QueryOutput | None,
        typer.Option("--output", "-o", help="How to print.", show_default="table; ranges on a terminal: plot"),
    ] = None,
    url: UrlOption = None,
    token: TokenOption = None,
    *,
    strict: Annotated[bool, typer.Option("--strict", help="Fail rather than answer without a cluster.")] = False,
    logs: Annotated[bool, typer.Option("--logs", help="EXPR is a LogQL metric query.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Draw how EXPR is answered.")] = False,
    analyze: Annotated[bool, typer.Option("--analyze", help="With --explain: answer it, too, and measure.")] = False,
    exactness: Annotated[
        Exactness | None, typer.Option("--exactness", help="The worst to accept.", show_default="the server's")
    ] = None,
) -> None:
    """Ask a query."""
    asked = _span(time, span, start, end, step)
    if logs and (explain or exactness is not None):
        raise UsageError("--explain and --exactness are for PromQL", "leave out --logs")
    if analyze and not explain:
        raise UsageError("--analyze measures what --explain draws", "add --explain")
    with connect(context, url, token) as client:
        if explain:
            print_explanation(_explain(client, expr, time, asked, is_run=analyze), output)
            return
        result = _ask(client, expr, time, asked, is_strict=strict, is_logs=logs, exactness=exactness)
    print_notes(result)
    print_result(result, output, span=asked, is_ordered=_ORDERING.match(expr) is not None)


def nice_step_s(length_s: float) -> float:
    """Return a step of whole seconds, minutes or hours that gives about ``POINTS`` points."""
    wanted = length_s / POINTS
    return next((float(step) for step in NICE_STEPS_S if step >= wanted), float(-(-wanted // 86_400) * 86_400))


def _span(time: str | None, length: str | None, start: str | None, end: str | None, step: str | None) -> Span | None:
    """Return the range asked for, or ``None`` for an instant."""
    from lma.client import times  # noqa: PLC0415 — not for --help

    if length is None and start is None:
        if end is not None or step is not None:
            raise UsageError(
                f"{'--end' if end is not None else '--step'} needs the start of a range",
                "add --range 1h or --start TIME, or use --time for an instant",
            )
        return None
    if time is not None:
        raise UsageError("--time asks at an instant, --range and --start over a range", "leave one of them out")
    if length is not None and start is not None:
        raise UsageError("--range and --start both say where the range starts", "leave one of them out")
    now = times.now_ns()
    end_ns = times.to_ns(end or "now", now_ns=now)
    start_ns = times.to_ns(start, now_ns=now) if start is not None else end_ns - times.duration_ns(length or "1h")
    if start_ns > end_ns:
        raise UsageError("the range ends before it starts", "exchange --start and --end")
    length_s = (end_ns - start_ns) / times.NS_PER_S
    step_s = times.duration_ns(step) / times.NS_PER_S if step is not None else nice_step_s(length_s)
    return Span(start_ns / times.NS_PER_S, end_ns / times.NS_PER_S, step_s)


def _explain(client: Client, expr: str, time: str | None, span: Span | None, *, is_run: bool) -> Explanation:
    if span is None:
        return client.explain(expr, time, analyze=is_run)
    return client.explain_range(expr, span.start_s, span.end_s, span.step_s, analyze=is_run)


def _ask(
    client: Client,
    expr: str,
    time: str | None,
    span: Span | None,
    *,
    is_strict: bool,
    is_logs: bool,
    exactness: Exactness | None,
) -> MetricResult:
    partial = not is_strict
    worst = exactness.value if exactness else None
    if span is None:
        if is_logs:
            return client.logs_instant(expr, time, partial=partial)
        return client.query(expr, time, partial=partial, exactness=worst)
    if is_logs:
        return client.logs_range(expr, span.start_s, span.end_s, span.step_s, partial=partial)
    return client.query_range(expr, span.start_s, span.end_s, span.step_s, partial=partial, exactness=worst)
