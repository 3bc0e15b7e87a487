"""``lma logs``: the logs of all clusters as one stream."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer

from lma.cli import console
from lma.cli.connection import connect
from lma.cli.failures import UsageError
from lma.cli.help_text import help_text
from lma.cli.log_output import LogOutput, LogPrinter, shared_labels
from lma.cli.metric_output import print_notes
from lma.cli.options import TokenOption, UrlOption

if TYPE_CHECKING:
    from lma.client import Client, Notice

HELP = help_text(
    "Read the logs of all clusters as one stream, oldest line first.\n\n"
    "Without --forward the limit keeps the newest lines, with it the oldest. --follow goes on with what comes, across "
    "broken connections, until Ctrl-C.",
    ("lma logs '{app=\"shop\"}'", "the last 100 lines of the last hour"),
    ('lma logs \'{app="shop"} |= "error"\' --since 6h', "only lines that hold a word"),
    ("lma logs '{cluster=\"seoul\"}' --follow", "the last lines, then what comes"),
    ("lma logs '{app=\"shop\"}' -o json | jq .line", "for a program"),
)


def logs(  # noqa: PLR0913, PLR0917 — typer makes an option of each argument
    context: typer.Context,
    expr: Annotated[str, typer.Argument(metavar="EXPR", help="A LogQL log query.", show_default=False)],
    since: Annotated[
        str | None, typer.Option("--since", metavar="DURATION", help="How far back.", show_default="1h")
    ] = None,
    start: Annotated[str | None, typer.Option("--start", metavar="TIME", help="Where to start.")] = None,
    end: Annotated[str | None, typer.Option("--end", metavar="TIME", help="Where to end.", show_default="now")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many lines.")] = 100,
    output: Annotated[LogOutput, typer.Option("--output", "-o", help="How to print.")] = LogOutput.TABLE,
    url: UrlOption = None,
    token: TokenOption = None,
    *,
    forward: Annotated[bool, typer.Option("--forward", help="Keep the oldest lines instead of the newest.")] = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Fail rather than answer without a cluster.")] = False,
) -> None:
    """Read logs."""
    _check(since, start, end, is_forward=forward, is_follow=follow)
    from lma.client import times  # noqa: PLC0415 — not for --help

    now = times.now_ns()
    end_ns = times.to_ns(end or "now", now_ns=now)
    start_ns = times.to_ns(start, now_ns=now) if start is not None else end_ns - times.duration_ns(since or "1h")
    if start_ns > end_ns:
        raise UsageError("the range ends before it starts", "exchange --start and --end")
    with connect(context, url, token) as client:
        if follow:
            _follow(client, expr, start_ns, limit, output)
        else:
            _read(client, expr, (start_ns, end_ns), limit, output, is_forward=forward, is_strict=strict)


def _check(since: str | None, start: str | None, end: str | None, *, is_forward: bool, is_follow: bool) -> None:
    if since is not None and start is not None:
        raise UsageError("--since and --start both say where to start", "leave one of them out")
    if is_follow and (end is not None or is_forward):
        other = "--end" if end is not None else "--forward"
        raise UsageError(f"--follow and {other} contradict each other", "leave one of them out")


def _read(
    client: Client,
    expr: str,
    span_ns: tuple[int, int],
    limit: int,
    output: LogOutput,
    *,
    is_forward: bool,
    is_strict: bool,
) -> None:
    from lma.client import Direction  # noqa: PLC0415 — not for --help
    from lma.client.log_calls import logs_between  # noqa: PLC0415

    direction = Direction.FORWARD if is_forward else Direction.BACKWARD
    streams = client.run(logs_between(expr, *span_ns, limit, direction, partial=not is_strict))
    print_notes(streams)
    lines = streams.lines() if is_forward else streams.lines()[::-1]
    LogPrinter(output, hidden=shared_labels([stream.labels for stream in streams])).print(lines)
    if not lines:
        console.stderr().print("no lines: nothing matches in this range")
    elif len(lines) == limit:
        kept = "oldest" if is_forward else "newest"
        console.stderr().print(f"limit reached: the {kept} {limit} lines; more with --limit", style="dim")


def _follow(client: Client, expr: str, start_ns: int, limit: int, output: LogOutput) -> None:
    """Print the newest lines there are, then what comes, until the user has enough."""
    from lma.client.times import to_datetime  # noqa: PLC0415 — not for --help

    errors = console.stderr()

    def tell(notice: Notice) -> None:
        errors.print(f"{notice.event}: {console.visible(notice.message)}", style="yellow", soft_wrap=True)

    printer = LogPrinter(output)
    start = to_datetime(start_ns)
    for line in client.tail(expr, start, history=limit, give_up_after_s=math.inf, on_notice=tell):
        printer.print([line])
