"""Finds a label that every stream of a cluster carries, for queries that select by a label only we know.

Loki takes no selector that could select everything. ``{cluster="seoul"}``, sent to a Loki that does not show
``cluster``, needs another matcher that is true of every stream. Loki's own service discovery gives nearly every stream
a ``service_name``; whether it is every one is asked, over the time the query reads, and otherwise a label is looked for
that all streams of that time have in common.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import Final

from query.backends.base import BackendError, Deadline
from query.backends.outcome import Missing
from query.execute.fanout import Member
from query.execute.logs_streams import all_streams, streams_without
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
from query.model.clusters import Cluster, ClusterName

USUAL: Final = "service_name"


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
    bounds = (("start", str(window[0])), ("end", str(window[1] + 1)))
    if not await streams_without(member.backend, USUAL, bounds, deadline):
        return USUAL
    streams = await all_streams(member.backend, bounds, deadline)
    common = set.intersection(*map(set, streams)) if streams else {USUAL}
    return min(common, default=None)


async def cover(
    members: Iterable[Member], window: tuple[int, int], deadline: Deadline
) -> tuple[dict[ClusterName, str], dict[ClusterName, Missing]]:
    """Return the covering label of each member that has one, and the members that did not answer."""
    listed = list(members)
    found = await asyncio.gather(
        *(covering_label(member, window, deadline) for member in listed), return_exceptions=True
    )
    covered: dict[ClusterName, str] = {}
    missing: dict[ClusterName, Missing] = {}
    for member, label in zip(listed, found, strict=True):
        name = member.cluster.name
        if isinstance(label, BackendError):
            missing[name] = Missing(name, label.failure, label.detail)
        elif isinstance(label, BaseException):
            raise label
        elif label is not None:
            covered[name] = label
    return covered, missing
