"""Fetching the leaves of a plan: every shard once, all at the same time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from query.backends.base import BackendError, Deadline, Failure, Request
from query.backends.outcome import Answered, Completeness, Missing, completeness
from query.execute.fanout import Call, Member, ask
from query.model.clusters import ClusterName
from query.model.errors import ExecutionError
from query.model.frames import Notes
from query.model.time import Grid, seconds_text
from query.promql.plan.nodes import Concat, Shard
from query.promql.plan.planner import Plan
from query.promql.syntax.printer import print_expr
from query.wire.prometheus import SeriesBody, UpstreamQueryError, read_query

STORE_FAILURES: Final = ("rpc error", "StoreAPI", "proxy Series", "fetch series", "context deadline exceeded")
SIZE_FAILURES: Final = ("too many samples", "limit exceeded", "exceeded limit", "exceeds limit")


@dataclass(frozen=True, slots=True)
class QueryOptions:
    """What a request may choose. ``passed_on`` are parameters that go to every cluster unchanged."""

    allow_partial: bool
    timeout_s: float
    limit: int = 0
    passed_on: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Fetched:
    """One shard's series, as its cluster answered them."""

    shard: Shard
    bodies: list[SeriesBody] = field(default_factory=list)


class Fetch:
    """Asks every shard of a plan once, and keeps what came back."""

    def __init__(
        self,
        grid: Grid,
        options: QueryOptions,
        members: Mapping[ClusterName, Member],
        unsettled: Mapping[ClusterName, Missing],
        deadline: Deadline,
        limit_bytes: int,
    ) -> None:
        self._grid = grid
        self._options = options
        self._members = members
        self._unsettled = unsettled
        self._deadline = deadline
        self._limit_bytes = limit_bytes
        self.fetched: dict[Concat, list[Fetched]] = {}
        self.gaps: dict[Concat, list[Missing]] = {}
        self.completeness = Completeness()
        self.notes = Notes()
        self.bytes_read = 0

    async def run(self, plan: Plan) -> None:
        """Ask for every leaf; afterwards ``fetched``, ``gaps`` and ``completeness`` tell what came back.

        A cluster that failed for one leaf is missing from all of them: the sum of three clusters over the count of
        four would be a number of nothing.
        """
        leaves = plan.leaves()
        wanted = [(leaf, shard) for leaf in leaves for shard in leaf.shards]
        asked = [(leaf, shard) for leaf, shard in wanted if shard.cluster not in self._unsettled]
        calls = [Call(self._members[shard.cluster], self._request(shard)) for _, shard in asked]
        outcomes = await ask(calls, self._deadline, self._limit_bytes)
        missing = {
            shard.cluster: self._unsettled[shard.cluster] for _, shard in wanted if shard.cluster in self._unsettled
        }
        fetched: list[tuple[Concat, Fetched]] = []
        for (leaf, shard), outcome in zip(asked, outcomes, strict=True):
            if isinstance(outcome, Missing):
                missing.setdefault(shard.cluster, outcome)
                continue
            self.bytes_read += len(outcome.body)
            try:
                fetched.append((leaf, self._read(shard, outcome)))
            except BackendError as error:
                missing.setdefault(shard.cluster, Missing(shard.cluster, error.failure, error.detail))
        self.fetched = {leaf: [] for leaf in leaves}
        for leaf, part in fetched:
            if part.shard.cluster not in missing:
                self.fetched[leaf].append(part)
        self.gaps = {
            leaf: [missing[shard.cluster] for shard in leaf.shards if shard.cluster in missing] for leaf in leaves
        }
        self.completeness = completeness((shard.cluster for _, shard in wanted), missing.values())

    def _request(self, shard: Shard) -> Request:
        form = [("query", print_expr(shard.expr))]
        if self._grid.is_instant:
            form.append(("time", seconds_text(self._grid.start_ms)))
            path = "/api/v1/query"
        else:
            form += [
                ("start", seconds_text(self._grid.start_ms)),
                ("end", seconds_text(self._grid.end_ms)),
                ("step", seconds_text(self._grid.step_ms)),
            ]
            path = "/api/v1/query_range"
        form.append(("timeout", f"{self._deadline.remaining_s():.3f}"))
        form.extend(self._options.passed_on)
        return Request(path, form=tuple(form))

    def _read(self, shard: Shard, answer: Answered) -> Fetched:
        try:
            envelope, bodies = read_query(answer)
        except UpstreamQueryError as error:
            raise _judged(error) from error
        self.notes |= Notes(tuple(envelope.warnings), tuple(envelope.infos))
        return Fetched(shard, bodies)


def _judged(error: UpstreamQueryError) -> Exception:
    """Return what an error of a cluster means: the query's own failure, or a cluster that could not answer it."""
    if any(mark in error.message for mark in SIZE_FAILURES):
        return BackendError(Failure.TOO_LARGE, error.message)
    if any(mark in error.message for mark in STORE_FAILURES):
        return BackendError(Failure.SERVER_ERROR, error.message)
    if error.error_type == "bad_data":
        return ExecutionError(f'cluster "{error.cluster}" does not accept its part of the query: {error.message}')
    return ExecutionError(error.message)
