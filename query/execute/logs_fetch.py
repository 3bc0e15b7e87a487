"""Asking the clusters for their parts of a LogQL query, and keeping what came back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from query.backends.base import BackendError, Deadline, Request
from query.backends.outcome import Answered, Completeness, Missing, completeness
from query.execute.budget import Holding
from query.execute.fanout import Call, Member, ask
from query.logql.merge import Direction
from query.logql.plan import Shard
from query.model.certificate import Exactness
from query.model.clusters import ClusterName
from query.model.errors import BadQueryError, ExecutionError
from query.model.time import NS_PER_MS
from query.wire.loki import CATEGORIZE, CATEGORIZE_HEADER, QueryEnvelope, add_stats
from query.wire.prometheus import UpstreamQueryError

Part = TypeVar("Part")
TAGS_HEADER: Final = "X-Query-Tags"


@dataclass(frozen=True, slots=True)
class LogsRange:
    """When a query is evaluated. Nanoseconds; an instant query has ``start_ns == end_ns``."""

    start_ns: int
    end_ns: int
    step_ms: int = 1
    is_instant: bool = False

    def aligned(self) -> LogsRange:
        """Return the range widened to absolute multiples of the step, as Loki evaluates metric range queries.

        Loki does so where it splits queries by time, which is its default; sending aligned bounds makes clusters with
        other settings evaluate at the same instants.
        """
        if self.is_instant:
            return self
        step_ns = self.step_ms * NS_PER_MS
        return LogsRange(self.start_ns // step_ns * step_ns, -(-self.end_ns // step_ns) * step_ns, self.step_ms)


@dataclass(frozen=True, slots=True)
class LogsOptions:
    """What a request may choose beside query and time."""

    allow_partial: bool
    timeout_s: float
    limit: int = 100
    direction: Direction = Direction.BACKWARD
    interval_ms: int = 0
    categorize: bool = False
    exactness: Exactness = Exactness.APPROXIMATE
    """The least exact that numbers may be."""
    query_tags: str = ""
    """Who asks, in Loki's words (``X-Query-Tags``); clusters write it into their own logs and metrics."""


@dataclass(frozen=True, slots=True)
class Reached:
    """The members a query may ask, those that can't be asked, and what they show in place of our labels."""

    members: Mapping[ClusterName, Member]
    missing: Mapping[ClusterName, Missing]
    masked: Mapping[ClusterName, Mapping[str, str]]


@dataclass(slots=True)
class Gathered:
    """Sums over all answers of a query."""

    stats: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    gaps: list[Missing] = field(default_factory=list)
    bytes_read: int = 0

    def add(self, answer: Answered, envelope: QueryEnvelope) -> None:
        """Take in what an envelope says beside its result."""
        add_stats(self.stats, envelope.data.stats)
        self.warnings += [text for text in envelope.warnings if text not in self.warnings]
        self.bytes_read += len(answer.body)

    def completeness(self, shards: Sequence[Shard]) -> Completeness:
        """Return which clusters of the shards are missing."""
        return completeness((shard.cluster for shard in shards), self.gaps)


async def ask_shards(
    shards: Sequence[Shard],
    when: LogsRange,
    options: LogsOptions,
    reached: Reached,
    deadline: Deadline,
    limit_bytes: int,
    holding: Holding | None = None,
) -> list[Answered | Missing]:
    """Ask every shard at once; return the outcomes in the same order. ``holding`` shares the memory they take."""
    asked = [shard for shard in shards if shard.cluster in reached.members]
    calls = [Call(reached.members[shard.cluster], query_request(shard.query, when, options)) for shard in asked]
    outcomes = iter(await ask(calls, deadline, limit_bytes, holding))
    return [next(outcomes) if shard.cluster in reached.members else reached.missing[shard.cluster] for shard in shards]


def query_request(query: str, when: LogsRange, options: LogsOptions) -> Request:
    """Return the request for one query at one cluster."""
    form = [("query", query), ("limit", str(options.limit)), ("direction", options.direction.value)]
    if when.is_instant:
        path = "/loki/api/v1/query"
        form.append(("time", str(when.start_ns)))
    else:
        path = "/loki/api/v1/query_range"
        form += [
            ("start", str(when.start_ns)),
            ("end", str(when.end_ns)),
            ("step", f"{when.step_ms}ms"),
        ]
        if options.interval_ms:
            form.append(("interval", f"{options.interval_ms}ms"))
    headers = {CATEGORIZE_HEADER: CATEGORIZE} if options.categorize else {}
    if options.query_tags:
        headers[TAGS_HEADER] = options.query_tags
    return Request(path, form=tuple(form), headers=headers)


def failed(shard: Shard, error: Exception) -> Missing:
    """Return the gap an unreadable answer leaves, or raise what the error means for the whole query."""
    if isinstance(error, BackendError):
        return Missing(shard.cluster, error.failure, error.detail)
    if isinstance(error, UpstreamQueryError):
        if error.error_type == "execution":
            raise ExecutionError(error.message) from error
        raise BadQueryError(f'cluster "{error.cluster}" does not accept its part of the query: {error.message}')
    raise error
