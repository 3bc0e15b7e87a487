"""Remote read over clusters: the raw samples of every series that matches, with the cluster's labels.

A cluster is asked by remote read itself where its server has it, so that stale markers, native histograms and the bits
of NaN arrive as they are. Its server adds all its external labels to such an answer, also those its query API does not
show, so they are looked up in its configuration and taken off again. A server without a configuration to show, such as
a Thanos Query, is asked for the raw samples by a query instead: numbers are exact, stale markers are not shown.

There is no place for warnings in an answer, so one without all clusters is only given to who asks for it.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import yaml

from query.backends.base import BackendError, Deadline, Failure, Request
from query.backends.outcome import Answered, Completeness, Missing, Outcome, completeness
from query.execute.budget import Account, MemoryPool, Spending
from query.execute.fanout import Call, Member, ask
from query.execute.membership import Membership
from query.execute.options import QueryOptions
from query.execute.settings import ExecuteSettings
from query.model.errors import GatewayError, LimitExceededError
from query.model.labels import with_constants
from query.model.matchers import MatchOp
from query.model.time import seconds_text
from query.promql.plan.context import PlanContext
from query.promql.plan.piece import piece_of
from query.promql.syntax.nodes import DurationLiteral, MatrixSelector, VectorSelector
from query.promql.syntax.printer import print_expr
from query.wire.prometheus import UpstreamQueryError, read_data, read_query
from query.wire.remote_read import (
    ReadQuery,
    ReadSeries,
    pack,
    read_response,
    request_message,
    response_message,
    samples_of,
    unpacked_bytes,
)

MOST_QUERIES: Final = 100
KNOWN_S: Final = 60.0
"""How long the external labels of a server are taken to be what they were."""
LONGEST_MS: Final = 100 * 365 * 86_400_000
Result = TypeVar("Result")
HEADERS: Final = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "X-Prometheus-Remote-Read-Version": "0.1.0",
}


@dataclass(frozen=True, slots=True)
class RemoteReadAnswer:
    """The message, packed, and what it is made of."""

    body: bytes
    completeness: Completeness


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one read may take."""

    deadline: Deadline
    spending: Spending


@dataclass(frozen=True, slots=True)
class Selected:
    """The series of each query, unordered, and what they are made of."""

    results: list[list[ReadSeries]]
    completeness: Completeness


class RemoteRead:
    """Reads over the current members."""

    def __init__(self, membership: Membership, settings: ExecuteSettings, pool: MemoryPool) -> None:
        self._membership = membership
        self._settings = settings
        self._pool = pool
        self._external: dict[Member, tuple[float, Mapping[str, str] | None]] = {}

    async def read(self, queries: Sequence[ReadQuery], options: QueryOptions) -> RemoteReadAnswer:
        """Return the answer to a remote read."""
        account = self.open_account()
        try:
            found = await self.select(queries, options, account)
            return RemoteReadAnswer(await asyncio.to_thread(_packed, found.results), found.completeness)
        finally:
            account.close()

    def open_account(self) -> Account:
        """Return an account for one ``select``; whoever opens it closes it."""
        return Account(self._pool)

    async def select(self, queries: Sequence[ReadQuery], options: QueryOptions, account: Account) -> Selected:
        """Return the series of each query; the account holds them."""
        if len(queries) > MOST_QUERIES:
            raise LimitExceededError("queries", MOST_QUERIES, "send fewer queries in one request")
        deadline = Deadline.after(self._settings.query_timeout_s).capped(self._settings.cluster_timeout_s)
        members = self._membership.members
        settled, unsettled = await self._membership.settle(members, deadline)
        self._external = {member: known for member, known in self._external.items() if member in set(members)}
        asked = [member for member in members if any(self._own(query, member) for query in queries)]
        reached = [settled[member.cluster.name] for member in asked if member.cluster.name in settled]
        reading = _Reading(deadline, Spending(self._settings.budget, account, deadline))
        outcomes = await _all(self._read_one(member, queries, reading) for member in reached)
        missing = [unsettled[member.cluster.name] for member in asked if member.cluster.name in unsettled]
        results: list[list[ReadSeries]] = [[] for _ in queries]
        for outcome in outcomes:
            if isinstance(outcome, Missing):
                missing.append(outcome)
                continue
            for found, own in zip(results, outcome, strict=True):
                found.extend(own)
        complete = completeness((member.cluster.name for member in asked), missing)
        complete.require(allow_partial=options.allow_partial)
        return Selected(results, complete)

    async def _read_one(
        self, member: Member, queries: Sequence[ReadQuery], reading: _Reading
    ) -> list[list[ReadSeries]] | Missing:
        """Return what one cluster has for each query."""
        own = [self._own(query, member) for query in queries]
        wanted = [query for query in own if query is not None]
        try:
            external = await self._external_labels(member, reading)
            if external is None:
                found = [await self._query_samples(member, query, reading) for query in wanted]
            else:
                literal = [_without_external_names(query, external) for query in wanted]
                found = await self._remote_read(member, literal, reading)
            listed = iter(found)
            return [
                [] if query is None else [_labelled(one, external or {}, member) for one in next(listed)]
                for query in own
            ]
        except BackendError as error:
            return Missing(member.cluster.name, error.failure, error.detail)

    def _own(self, query: ReadQuery, member: Member) -> ReadQuery | None:
        """Return the query without matchers on the cluster's labels, None if they can't be satisfied."""
        clusters = tuple(one.cluster for one in self._membership.members)
        context = PlanContext(clusters, partition_label=self._settings.partition_label)
        piece = piece_of(VectorSelector(query.matchers), member.cluster, context, is_alone=True)
        if piece.is_empty or not isinstance(piece.expr, VectorSelector):
            return None
        return replace(query, matchers=piece.expr.matchers)

    async def _remote_read(
        self, member: Member, queries: Sequence[ReadQuery], reading: _Reading
    ) -> list[list[ReadSeries]]:
        body = pack(request_message(queries))
        outcome = await self._ask(member, Request("/api/v1/read", content=body, headers=HEADERS), reading)
        if outcome.status != 200:  # noqa: PLR2004
            told = outcome.body[:200].decode("utf-8", "replace").strip()
            raise BackendError(Failure.REFUSED, f"remote read was refused, HTTP {outcome.status}: {told}")
        await reading.spending.account.take(unpacked_bytes(outcome.body), reading.deadline)
        results = await asyncio.to_thread(read_response, outcome.body, self._settings.response_bytes)
        if len(results) != len(queries):
            raise BackendError(Failure.NOT_UNDERSTOOD, f"{len(results)} results for {len(queries)} queries")
        return results

    async def _query_samples(self, member: Member, query: ReadQuery, reading: _Reading) -> list[ReadSeries]:
        length_ms = min(query.end_ms - query.start_ms + 1, LONGEST_MS)
        if length_ms <= 0:
            return []
        selector = MatrixSelector(VectorSelector(query.matchers), DurationLiteral(length_ms))
        form = (("query", print_expr(selector)), ("time", seconds_text(query.end_ms)))
        outcome = await self._ask(member, Request("/api/v1/query", form=form), reading)
        try:
            _, bodies = await asyncio.to_thread(read_query, outcome)
        except UpstreamQueryError as error:
            raise BackendError(Failure.REFUSED, error.message) from error
        return await asyncio.to_thread(
            lambda: [ReadSeries(tuple(body.metric.items()), samples_of(body)) for body in bodies]
        )

    async def _external_labels(self, member: Member, reading: _Reading) -> Mapping[str, str] | None:
        """Return the labels a server adds to what is read remotely; None if it does not tell its configuration."""
        known = self._external.get(member)
        if known is not None and time.monotonic() - known[0] < KNOWN_S:
            return known[1]
        outcome = await self._ask(member, Request("/api/v1/status/config"), reading)
        external = _external_labels(outcome)
        self._external[member] = (time.monotonic(), external)
        return external

    async def _ask(self, member: Member, request: Request, reading: _Reading) -> Answered:
        outcome: Outcome = (
            await ask([Call(member, request)], reading.deadline, self._settings.response_bytes, reading.spending)
        )[0]
        if isinstance(outcome, Missing):
            raise BackendError(outcome.failure, outcome.detail)
        return outcome


async def _all(work: Iterable[Coroutine[Any, Any, Result]]) -> list[Result]:
    """Return what each gives, all at once; the first error of one ends all of them."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in work]
    except* GatewayError as failed:
        error = failed.exceptions[0]
    else:
        return [task.result() for task in tasks]
    raise error


def _external_labels(answer: Answered) -> Mapping[str, str] | None:
    try:
        _, data = read_data(answer, dict[str, Any])
        config = yaml.safe_load(str(data["yaml"]))
        return {str(name): str(value) for name, value in (config["global"].get("external_labels") or {}).items()}
    except (BackendError, UpstreamQueryError, yaml.YAMLError, KeyError, TypeError, AttributeError):
        return None


def _without_external_names(query: ReadQuery, external: Mapping[str, str]) -> ReadQuery:
    """Return the query as a server takes it at its word: ``a="b"`` of its own external label it takes for ``a=""``."""
    matchers = tuple(
        replace(one, op=MatchOp.REGEX, value=re.escape(one.value))
        if one.op is MatchOp.EQUAL and one.value and external.get(one.name) == one.value
        else one
        for one in query.matchers
    )
    return replace(query, matchers=matchers)


def _labelled(series: ReadSeries, external: Mapping[str, str], member: Member) -> ReadSeries:
    own = tuple((name, value) for name, value in series.labels if external.get(name) != value)
    return replace(series, labels=with_constants(own, member.cluster.constants))


def _packed(results: Sequence[Sequence[ReadSeries]]) -> bytes:
    return pack(response_message([sorted(series, key=lambda one: one.labels) for series in results]))
