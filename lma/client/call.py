"""A call: a request, and how its answer becomes a result.

Everything about an API is in such pairs, built by plain functions (``metric_calls``, ``log_calls``,
``cluster_calls``); sending is all that ``Client`` and ``AsyncClient`` do differently. So there is nothing to keep in
step between the two, and a test of a call needs no server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from lma.client.problems import problem_of

T = TypeVar("T")
Params = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, relative to the client's URL.

    ``form`` is sent as the body of a POST, as Prometheus takes long queries; ``body`` as JSON. ``expr`` is the query
    text inside, if there is one, so that an error can point into it; ``is_strict`` says that gaps are errors.
    """

    method: str
    path: str
    params: Params = ()
    form: Params = ()
    body: Mapping[str, Any] | None = None
    headers: Params = ()
    expr: str = ""
    is_strict: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, read to its end; the names in ``headers`` are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A request and the decoder of its answer."""

    request: Request
    decode: Callable[[Answer], T]

    def result(self, answer: Answer) -> T:
        """Return the decoded answer; raises the ClientError that the answer amounts to."""
        problem = problem_of(
            status=answer.status,
            headers=answer.headers,
            body=answer.body,
            url=answer.url,
            expr=self.request.expr,
            is_strict=self.request.is_strict,
        )
        if problem is not None:
            raise problem
        return self.decode(answer)


def params(**values: str | None) -> Params:
    """Return the parameters that have a value, in the order given."""
    return tuple((name, value) for name, value in values.items() if value is not None)
