"""Asks a Loki whether any of its streams lacks a label.

Loki takes no selector that could select everything, so ``{cluster=""}`` alone is refused. Every stream has some label:
the streams that lack ``cluster`` are those of ``{a=~".+", cluster=""}`` for one of the other labels ``a``, and one
request takes all of these selectors. The answer is short where it matters, because then it is empty.
"""

from __future__ import annotations

from typing import TypeVar

from query.backends.base import Backend, BackendError, Deadline, Failure, Request, read_all
from query.backends.outcome import Answered
from query.model.clusters import ClusterName
from query.wire.loki import LabelsBody, SeriesListBody, read_plain
from query.wire.prometheus import UpstreamQueryError

LIMIT_BYTES = 32 << 20
Data = TypeVar("Data")
Window = tuple[tuple[str, str], ...]
"""``start`` and ``end`` parameters."""


async def label_names(backend: Backend, window: Window, deadline: Deadline) -> list[str]:
    """Return the names of the stream labels in the window; raises ``BackendError``."""
    return (await ask_loki(backend, Request("/loki/api/v1/labels", params=window), deadline, LabelsBody)).data or []


async def streams_without(backend: Backend, name: str, window: Window, deadline: Deadline) -> list[dict[str, str]]:
    """Return the streams in the window that lack the label; raises ``BackendError``."""
    others = [other for other in await label_names(backend, window, deadline) if other != name]
    if not others:
        return []
    selectors = tuple(("match[]", f'{{{other}=~".+",{name}=""}}') for other in others)
    request = Request("/loki/api/v1/series", form=(*selectors, *window))
    return (await ask_loki(backend, request, deadline, SeriesListBody)).data or []


async def all_streams(backend: Backend, window: Window, deadline: Deadline) -> list[dict[str, str]]:
    """Return every stream in the window; raises ``BackendError``, for instance if there are too many."""
    request = Request("/loki/api/v1/series", form=(("match[]", "{}"), *window))
    return (await ask_loki(backend, request, deadline, SeriesListBody)).data or []


async def ask_loki(backend: Backend, request: Request, deadline: Deadline, shape: type[Data]) -> Data:
    """Return the answer to a request that is ours, not a user's: whatever is wrong is the backend's failure."""
    reply = await backend.send(request, deadline)
    body = await read_all(reply, deadline, LIMIT_BYTES)
    try:
        return read_plain(Answered(ClusterName(""), reply.status, reply.headers, body, 0.0), shape)
    except UpstreamQueryError as error:
        raise BackendError(Failure.REFUSED, f"HTTP {error.status}: {error.message}") from error
