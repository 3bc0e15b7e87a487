"""Reading native histograms exactly, from the servers that have remote read, where JSON does not tell enough.

Only selectors are read so: what a server computes it answers in JSON alone. Best effort: a server without remote read
(a Thanos Query has none), or one that fails, leaves its histograms as their JSON shows them, undecided.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from weakref import WeakKeyDictionary

from query.backends.base import Backend, BackendError, Deadline, Request
from query.backends.outcome import Answered
from query.execute.budget import Spending
from query.execute.fanout import Call, Member, ask
from query.model.clusters import ClusterName
from query.model.time import Grid
from query.promql.plan.nodes import Concat, Shard
from query.promql.plan.windows import DEFAULT_LOOKBACK_MS, Window
from query.promql.syntax.nodes import MatrixSelector, VectorSelector
from query.promql.syntax.tree import without_parentheses
from query.wire.exact_histograms import ExactHistograms
from query.wire.prometheus import SeriesBody
from query.wire.protobuf import ProtobufError
from query.wire.remote_read import ReadQuery, pack, read_response, request_message

HEADERS: Final = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "X-Prometheus-Remote-Read-Version": "0.1.0",
}
_OK: Final = 200
KNOWN_S: Final = 60.0

Place: TypeAlias = tuple[Concat, ClusterName]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A leaf's part that showed histograms, and the grid it was asked on."""

    leaf: Concat
    shard: Shard
    shown: Sequence[SeriesBody]
    grid: Grid


class HistogramReads:
    """Reads from servers, and remembers for a while which can be read from."""

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[Backend, tuple[float, bool]] = WeakKeyDictionary()

    async def can_read(self, members: Sequence[Member], deadline: Deadline, limit_bytes: int) -> bool:
        """Tell whether any of the servers has remote read, by reading nothing from them."""
        calls = [_call(member, ()) for member in members if self._is_able(member) is None]
        for call, outcome in zip(calls, await ask(calls, deadline, limit_bytes), strict=True):
            is_able = isinstance(outcome, Answered) and outcome.status == _OK
            self._known[call.member.backend] = time.monotonic(), is_able
        return any(self._is_able(member) for member in members)

    def _is_able(self, member: Member) -> bool | None:
        known_at, is_able = self._known.get(member.backend, (-KNOWN_S, False))
        return is_able if time.monotonic() - known_at < KNOWN_S else None

    async def read(
        self,
        wanted: Sequence[Wanted],
        members: Mapping[ClusterName, Member],
        deadline: Deadline,
        limit_bytes: int,
        spending: Spending | None,
    ) -> dict[Place, ExactHistograms]:
        """Return what could be read, by leaf and cluster."""
        pairs = [
            (one, query)
            for one in wanted
            if self._is_able(members[one.shard.cluster]) and (query := _query(one)) is not None
        ]
        calls = [_call(members[one.shard.cluster], (query,)) for one, query in pairs]
        outcomes = await ask(calls, deadline, limit_bytes, spending)
        found: dict[Place, ExactHistograms] = {}
        for (one, _), outcome in zip(pairs, outcomes, strict=True):
            if not isinstance(outcome, Answered) or outcome.status != _OK:
                continue
            try:
                series = await asyncio.to_thread(read_response, outcome.body, limit_bytes)
                found[one.leaf, one.shard.cluster] = ExactHistograms(series[0] if series else (), one.shown)
            except (BackendError, ProtobufError):
                continue
        return found


def _call(member: Member, queries: Sequence[ReadQuery]) -> Call:
    return Call(member, Request("/api/v1/read", headers=HEADERS, content=pack(request_message(queries))))


def _query(wanted: Wanted) -> ReadQuery | None:
    """Return what to read so that every sample shown is in it, None if what was asked is no selector."""
    expr = without_parentheses(wanted.shard.expr)
    match expr:
        case VectorSelector():
            window, matchers = Window.of_selector(expr), expr.matchers
        case MatrixSelector():
            window, matchers = Window.of(expr), expr.selector.matchers
        case _:
            return None
    end_ms, length_ms = window.cover(wanted.grid)
    return ReadQuery(matchers, end_ms - length_ms - DEFAULT_LOOKBACK_MS, end_ms)


def sample_times(expr: VectorSelector, grid: Grid) -> list[int]:
    """Return at or before which time the sample of each step is."""
    window = Window.of_selector(expr)
    return [window.end_ms(time_ms) for time_ms in grid.times_ms()]
