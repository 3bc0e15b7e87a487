"""Telling the API server's own errors from those of the service behind it.

A request through a Kubernetes service proxy can fail in two places. The service's errors are passed on as they are. The
API server's come as a ``Status`` object, which no reader of Prometheus or Loki answers understands, and mean that the
service was never asked: the credential is refused, rights are missing, the service is gone or has no pod that is ready.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Final

import msgspec

from query.backends.base import Backend, BackendError, Deadline, Failure, Reply, Request, read_all

ERROR_BYTES: Final = 1 << 20
_FIRST_ERROR: Final = 400
_UNREADY: Final = frozenset({429, 502, 503, 504})


class _Status(msgspec.Struct, gc=False):
    kind: str = ""
    apiVersion: str = ""  # noqa: N815  the wire's name
    message: str = ""
    reason: str = ""


class ServiceProxied:
    """A backend behind an API server."""

    def __init__(self, inner: Backend) -> None:
        self._inner = inner

    async def send(self, request: Request, deadline: Deadline) -> Reply:
        """Send; the API server's own refusal is a ``BackendError`` with its words."""
        reply = await self._inner.send(request, deadline)
        if reply.status < _FIRST_ERROR:
            return reply
        body = await read_all(reply, deadline, ERROR_BYTES)
        refusal = _refusal(reply.status, body)
        if refusal is not None:
            raise refusal
        return _Read(reply.status, reply.headers, body)

    async def aclose(self) -> None:
        """Close what is inside."""
        await self._inner.aclose()


def _refusal(status: int, body: bytes) -> BackendError | None:
    try:
        found = msgspec.json.decode(body, type=_Status)
    except msgspec.MsgspecError:
        return None
    if found.kind != "Status" or found.apiVersion != "v1":
        return None
    failure = Failure.UNREACHABLE if status in _UNREADY else Failure.REFUSED
    told = found.message or found.reason or "no reason given"
    return BackendError(failure, f"the Kubernetes API server answers {status}: {told}")


class _Read:
    """A reply whose body is at hand."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self._body = body

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body."""
        yield self._body

    async def aclose(self) -> None:
        """Nothing is held."""
