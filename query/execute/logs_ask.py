"""Asking every cluster the same that is not a query, and uniting what comes back.

What a request's selector says of labels a backend hides is settled here: those matchers choose clusters and are taken
out of what is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeVar

from query.backends.base import BackendError, Deadline, Request
from query.backends.outcome import Answered, Missing, completeness
from query.execute.budget import Holding
from query.execute.fanout import Call, Member, ask
from query.execute.logs_coverage import cover, needs_cover
from query.execute.membership import Membership
from query.execute.metadata_answer import MetadataAnswer
from query.execute.settings import ExecuteSettings
from query.logql.plan.context import hidden_constants
from query.logql.syntax import parse_query, parse_selector, print_query, print_selector
from query.logql.syntax.nodes import LogQuery
from query.logql.syntax.validate import NEEDS_A_MATCHER, selects_something
from query.model.clusters import Cluster, ClusterName
from query.model.errors import BadQueryError
from query.model.frames import Notes
from query.model.matchers import Matcher, MatchOp
from query.wire.loki import read_plain
from query.wire.prometheus import UpstreamQueryError

Data = TypeVar("Data")
Params = tuple[tuple[str, str], ...]
Parts = Sequence[tuple[Cluster, Data]]
ALL_STREAMS: Final = "{}"


class LogsAsk:
    """Asks the current members."""

    def __init__(self, membership: Membership, settings: ExecuteSettings) -> None:
        self.membership = membership
        self.settings = settings

    async def selected(
        self,
        path: str | Callable[[Cluster], str],
        query: str,
        params: Params,
        shape: type[Data],
        unite: Callable[[Parts[Data]], Any],
        *,
        allow_partial: bool,
    ) -> MetadataAnswer:
        """Ask the clusters that the selector reaches, with what of it they show; without a selector, all."""
        parsed = self.parse(query)

        def request(cluster: Cluster) -> Request | None:
            target = path if isinstance(path, str) else path(cluster)
            if parsed is None:
                return Request(target, params=params)
            if not cluster.admits(parsed.matchers):
                return None
            cut = LogQuery(self.cut(parsed.matchers, cluster), parsed.stages)
            text = (("query", print_query(cut)),) if cut.matchers else ()
            return Request(target, params=(*text, *params))

        return await self.ask(request, partial(read_plain, shape=shape), unite, allow_partial=allow_partial)

    async def selecting(self, path: str, query: str, params: Params) -> Callable[[Cluster], Request | None]:
        """Return the request for endpoints that take a stream selector and refuse one that selects everything."""
        matchers = parse_selector(query, self.settings.syntax)
        if not selects_something(matchers):
            raise BadQueryError(NEEDS_A_MATCHER)
        covered = await self.covered(LogQuery(matchers), params)

        def request(cluster: Cluster) -> Request | None:
            if not cluster.admits(matchers):
                return None
            kept = self.cut(matchers, cluster)
            if cluster.name in covered:
                kept = (*kept, Matcher(covered[cluster.name], MatchOp.REGEX, ".+"))
            return Request(path, params=(("query", print_selector(kept)), *params))

        return request

    async def covered(self, query: LogQuery, params: Params) -> dict[ClusterName, str]:
        """Return a label that all streams carry, for the clusters where the selector would select nothing itself."""
        deadline = self.deadline()
        settled, _ = await self.membership.settle(self.membership.members, deadline)
        bounds = dict(params)
        window = int(bounds.get("start", 0)), int(bounds.get("end", 0))
        wanting = [member for member in settled.values() if needs_cover(query, member.cluster)]
        covered, _ = await cover(wanting, window, deadline)
        return covered

    def deadline(self) -> Deadline:
        """Return when a request ends."""
        return Deadline.after(min(self.settings.query_timeout_s, self.settings.cluster_timeout_s))

    def parse(self, text: str) -> LogQuery | None:
        """Return the selector of a request, None for every stream."""
        if not text.strip() or text.replace(" ", "") == ALL_STREAMS:
            return None
        if text.strip().startswith("{") and text.strip().endswith("}"):
            return LogQuery(parse_selector(text, self.settings.syntax))
        parsed = parse_query(text, self.settings.syntax)
        if not isinstance(parsed, LogQuery):
            raise BadQueryError("only log selector is supported")
        return LogQuery(parsed.matchers)

    def cut(self, matchers: Iterable[Matcher], cluster: Cluster) -> tuple[Matcher, ...]:
        """Return the matchers without those on labels the cluster hides."""
        hidden = hidden_constants(cluster)
        return tuple(matcher for matcher in matchers if matcher.name not in hidden)

    async def ask(
        self,
        request: Callable[[Cluster], Request | None],
        read: Callable[[Answered], Data],
        unite: Callable[[Parts[Data]], Any],
        *,
        allow_partial: bool,
    ) -> MetadataAnswer:
        """Ask each cluster for which there is a request, and unite what was read."""
        deadline = self.deadline()
        members = [member for member in self.membership.members if request(member.cluster) is not None]
        with Holding(self.membership.pool, deadline) as holding:
            settled, unsettled = await self.membership.settle(members, deadline)
            calls = _calls(settled, request)
            missing = list(unsettled.values())
            parts: list[tuple[Cluster, Data]] = []
            outcomes = await ask(calls, deadline, self.settings.response_bytes, holding)
            for call, outcome in zip(calls, outcomes, strict=True):
                if isinstance(outcome, Missing):
                    missing.append(outcome)
                    continue
                try:
                    parts.append((call.member.cluster, read(outcome)))
                except UpstreamQueryError as error:
                    raise BadQueryError(f'cluster "{error.cluster}": {error.message}') from error
                except BackendError as error:
                    missing.append(Missing(outcome.cluster, error.failure, error.detail))
            complete = completeness((member.cluster.name for member in members), missing)
            complete.require(allow_partial=allow_partial)
            return MetadataAnswer(unite(parts), Notes(complete.warnings()), complete)


def _calls(settled: Mapping[ClusterName, Member], request: Callable[[Cluster], Request | None]) -> list[Call]:
    calls = ((member, request(member.cluster)) for member in settled.values())
    return [Call(member, sent) for member, sent in calls if sent is not None]
