"""Asking every cluster the same question that is not a query, and uniting the answers.

Everything beside queries in the Prometheus API works like this: each cluster is asked for its own, within one deadline;
a cluster that fails is a gap in the answer; what the others gave is united by a function of the endpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias, TypeVar

from query.backends.base import BackendError, Deadline, Request
from query.backends.outcome import Missing, completeness
from query.execute.budget import Holding
from query.execute.fanout import Call, Member, ask
from query.execute.membership import Membership
from query.execute.metadata_answer import MetadataAnswer
from query.execute.options import QueryOptions
from query.execute.settings import ExecuteSettings
from query.model.clusters import Cluster
from query.model.errors import BadQueryError, ExecutionError
from query.model.frames import Notes
from query.model.matchers import Matcher
from query.promql.plan.context import PlanContext
from query.promql.plan.piece import piece_of
from query.promql.syntax.nodes import Expr, VectorSelector
from query.promql.syntax.printer import print_expr
from query.wire.prometheus import UpstreamQueryError, read_data

Data = TypeVar("Data")
Params: TypeAlias = tuple[tuple[str, str], ...]
Parts: TypeAlias = Sequence[tuple[Cluster, Data]]


class MetadataAsker:
    """Asks the current members."""

    def __init__(self, membership: Membership, settings: ExecuteSettings) -> None:
        self._membership = membership
        self.settings = settings

    @property
    def members(self) -> tuple[Member, ...]:
        """The members as they are right now."""
        return self._membership.members

    @property
    def clusters(self) -> tuple[Cluster, ...]:
        """Their clusters."""
        return tuple(member.cluster for member in self.members)

    def stripped(self, expr: Expr, cluster: Cluster) -> str | None:
        """Return the text to send a cluster for ``expr``, None if its own labels can't satisfy it."""
        context = PlanContext(self.clusters, partition_label=self.settings.partition_label)
        piece = piece_of(expr, cluster, context, is_alone=True)
        return None if piece.is_empty else print_expr(piece.expr)

    def stripped_selectors(self, selectors: Iterable[tuple[Matcher, ...]], cluster: Cluster) -> list[str]:
        """Return the selectors to send a cluster: those its own labels can satisfy."""
        texts = (self.stripped(VectorSelector(matchers), cluster) for matchers in selectors)
        return [text for text in texts if text is not None]

    async def all(
        self,
        path: str,
        shape: type[Data],
        options: QueryOptions,
        unite: Callable[[Parts[Data]], Any],
        params: Params = (),
    ) -> MetadataAnswer:
        """Ask every member for ``path``."""
        return await self.each(lambda _: Request(path, params=params), shape, options, unite)

    async def each(
        self,
        request: Callable[[Member], Request | None],
        shape: type[Data],
        options: QueryOptions,
        unite: Callable[[Parts[Data]], Any],
        *,
        is_nothing: Callable[[UpstreamQueryError], bool] = lambda _: False,
    ) -> MetadataAnswer:
        """Ask every member for which there is a request.

        A refusal that ``is_nothing`` says so of means that the cluster has nothing of the kind; if every cluster
        refuses like that, or one in another way, it is the answer.
        """
        deadline = Deadline.after(min(options.timeout_s, self.settings.query_timeout_s)).capped(
            self.settings.cluster_timeout_s
        )
        with Holding(self._membership.pool, deadline) as holding:
            planned = [(member, sent) for member in self.members if (sent := request(member)) is not None]
            settled, unsettled = await self._membership.settle([member for member, _ in planned], deadline)
            calls = [
                Call(settled[member.cluster.name], _with_choices(sent, options))
                for member, sent in planned
                if member.cluster.name in settled
            ]
            missing = list(unsettled.values())
            parts: list[tuple[Cluster, Data]] = []
            refusals: list[UpstreamQueryError] = []
            notes = Notes()
            outcomes = await ask(calls, deadline, self.settings.response_bytes, holding)
            for call, outcome in zip(calls, outcomes, strict=True):
                if isinstance(outcome, Missing):
                    missing.append(outcome)
                    continue
                try:
                    envelope, data = read_data(outcome, shape)
                except UpstreamQueryError as error:
                    if not is_nothing(error):
                        raise _refusal(error) from error
                    refusals.append(error)
                    continue
                except BackendError as error:
                    missing.append(Missing(outcome.cluster, error.failure, error.detail))
                    continue
                notes |= Notes(tuple(envelope.warnings), tuple(envelope.infos))
                parts.append((call.member.cluster, data))
            complete = completeness((member.cluster.name for member, _ in planned), missing)
            complete.require(allow_partial=options.allow_partial)
            if refusals and not parts:
                raise _refusal(refusals[0]) from refusals[0]
            return MetadataAnswer(unite(parts), notes | Notes(complete.warnings()), complete)


def _with_choices(request: Request, options: QueryOptions) -> Request:
    """Return the request with what every cluster is to be told; a server passes over parameters it does not know."""
    if request.form is not None:
        return replace(request, form=request.form + options.passed_on)
    return replace(request, params=request.params + options.passed_on)


def _refusal(error: UpstreamQueryError) -> BadQueryError | ExecutionError:
    return (BadQueryError if error.error_type == "bad_data" else ExecutionError)(error.message)
