"""Finds a label that every stream of a cluster carries, for queries that select by a label only we know.

Loki takes no selector that could select everything. ``{cluster="seoul"}``, sent to a Loki that does not show
``cluster``, needs another matcher that is true of every stream. Loki's own service discovery gives nearly every stream
a ``service_name``; whether it is every one is asked, over the time the query reads, and otherwise a label is looked for
that all streams of that time have in common.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from query.backends.base import BackendError, Deadline, Failure, Request, read_all
from query.backends.outcome import Answered
from query.execute.fanout import Member
from query.logql.plan.context import hidden_constants
from query.logql.plan.placing import selectors_of
from query.logql.syntax.nodes import (
    Binary,
    Expr,
    LabelReplace,
    LogRange,
    RangeAggregation,
    VectorAggregation,
)
from query.logql.syntax.validate import selects_something
from query.model.clusters import Cluster
from query.wire.loki import SeriesListBody, read_plain
from query.wire.prometheus import UpstreamQueryError

USUAL: Final = "service_name"
LIMIT_BYTES: Final = 32 << 20


def needs_cover(expr: Expr, cluster: Cluster) -> bool:
    """Tell whether some selector of the expression would select nothing in particular in the cluster."""
    hidden = hidden_constants(cluster)
    if cluster.shown or not hidden:
        return False
    return any(
        cluster.admits(matchers)
        and not selects_something(tuple(matcher for matcher in matchers if matcher.name not in hidden))
        for matchers in selectors_of(expr)
    )


def data_window(expr: Expr, start_ns: int, end_ns: int) -> tuple[int, int]:
    """Return the time the expression reads when it is evaluated from start to end."""
    ranges = tuple(ranges_of(expr))
    earliest = min((start_ns - one.offset_ns - one.interval_ns for one in ranges), default=start_ns)
    latest = max((end_ns - one.offset_ns for one in ranges), default=end_ns)
    return earliest, latest


def ranges_of(expr: Expr) -> Iterator[LogRange]:
    """Yield every range in the expression."""
    match expr:
        case RangeAggregation():
            yield expr.range
        case VectorAggregation() | LabelReplace():
            yield from ranges_of(expr.expr)
        case Binary():
            yield from ranges_of(expr.left)
            yield from ranges_of(expr.right)
        case _:
            return


async def covering_label(member: Member, window: tuple[int, int], deadline: Deadline) -> str | None:
    """Return a label that every stream of the member has in the window, if there is one.

    ``BackendError`` if the member does not answer.
    """
    if not await _streams(member, f'{{{USUAL}=""}}', window, deadline):
        return USUAL
    streams = await _streams(member, "{}", window, deadline)
    common = set.intersection(*(set(stream) for stream in streams)) if streams else {USUAL}
    return min(common, default=None)


async def _streams(member: Member, selector: str, window: tuple[int, int], deadline: Deadline) -> list[dict[str, str]]:
    start_ns, end_ns = window
    request = Request(
        "/loki/api/v1/series", params=(("match[]", selector), ("start", str(start_ns)), ("end", str(end_ns + 1)))
    )
    reply = await member.backend.send(request, deadline)
    body = await read_all(reply, deadline, LIMIT_BYTES)
    answer = Answered(member.cluster.name, reply.status, reply.headers, body, 0.0)
    try:
        return read_plain(answer, SeriesListBody).data or []
    except UpstreamQueryError as error:
        raise BackendError(*_refused(error)) from error


def _refused(error: UpstreamQueryError) -> tuple[Failure, str]:
    return Failure.REFUSED, f"HTTP {error.status}: {error.message}"
