"""How a Prometheus and a Loki are asked which values a label has, and whether anything lacks it."""

from __future__ import annotations

import time
from typing import Final, TypeVar

from query.backends.base import Backend, BackendError, Deadline, Failure, Request, read_all
from query.backends.outcome import Answered
from query.execute.logs_streams import ask_loki, streams_without
from query.model.clusters import ClusterName
from query.model.time import NS_PER_S
from query.wire.loki import LabelsBody
from query.wire.prometheus import UpstreamQueryError, read_data

ENOUGH_VALUES: Final = "5"
RECENT_S: Final = 600
LIMIT_BYTES: Final = 4 << 20
Data = TypeVar("Data")


class PrometheusProbe:
    """Asks the Prometheus API, which Thanos and Mimir speak too."""

    async def values(self, backend: Backend, name: str, deadline: Deadline) -> tuple[str, ...]:
        """Return some values of the label."""
        request = Request(f"/api/v1/label/{name}/values", params=(("limit", ENOUGH_VALUES),))
        return tuple(await _data(backend, request, deadline, list[str]))

    async def is_absent_somewhere(self, backend: Backend, name: str, deadline: Deadline) -> bool:
        """Tell whether a recent series lacks the label."""
        request = Request(
            "/api/v1/series",
            params=(
                ("match[]", f'{{__name__!="",{name}=""}}'),
                ("limit", "1"),
                ("start", str(int(time.time()) - RECENT_S)),
            ),
        )
        return bool(await _data(backend, request, deadline, list[dict[str, str]]))


class LokiProbe:
    """Asks the Loki API about the last six hours, its own default."""

    async def values(self, backend: Backend, name: str, deadline: Deadline) -> tuple[str, ...]:
        """Return the values of the stream label."""
        body = await ask_loki(backend, Request(f"/loki/api/v1/label/{name}/values"), deadline, LabelsBody)
        return tuple(body.data or ())

    async def is_absent_somewhere(self, backend: Backend, name: str, deadline: Deadline) -> bool:
        """Tell whether a recent stream lacks the label."""
        start_ns = (int(time.time()) - RECENT_S) * NS_PER_S
        return bool(await streams_without(backend, name, (("start", str(start_ns)),), deadline))


async def _data(backend: Backend, request: Request, deadline: Deadline, shape: type[Data]) -> Data:
    reply = await backend.send(request, deadline)
    body = await read_all(reply, deadline, LIMIT_BYTES)
    answer = Answered(ClusterName(""), reply.status, reply.headers, body, 0.0)
    try:
        return read_data(answer, shape)[1]
    except UpstreamQueryError as error:
        raise BackendError(Failure.REFUSED, f"HTTP {error.status}: {error.message}") from error
