"""The few calls the control plane makes to an API server, over the official client's asyncio half.

Objects go in and out as JSON documents: what is written here is applied server-side under our own field manager, so
that doing it twice changes nothing and what others added stays. Every call is bounded in time. What the client raises
is translated here and nowhere else; an answer's text is shown only as far as it is a Kubernetes ``Status``.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import aiohttp

from lma.clusters.access import ClusterAccess
from lma.clusters.errors import KubernetesError

if TYPE_CHECKING:
    from kubernetes.aio.client.rest import RESTClientObject

FIELD_MANAGER: Final = "lma-federation"
TIMEOUT_S: Final = 10.0
_BAD: Final = 400
_TRANSIENT: Final = frozenset({429, 500, 502, 503, 504})
_STATUS: Final[Mapping[int, tuple[str, str]]] = {
    401: ("Unauthorized", "the credential is not, or no longer, accepted: get a new kubeconfig and register again"),
    403: ("Forbidden", "give the user of the kubeconfig this right, or use one that has it"),
    404: ("NotFound", "look whether it exists"),
    409: ("Conflict", "look at the object and repeat"),
}

Headers = Callable[[], Awaitable[Mapping[str, str]]]


class KubernetesApi:
    """An API server, as whom ``headers`` says. Use ``opened``.

    ``skew_s`` is by how much its clock is ahead of ours, as its last answer told.
    """

    def __init__(self, server: str, rest: RESTClientObject, headers: Headers) -> None:
        self._server = server
        self._rest = rest
        self._headers = headers
        self.skew_s: float | None = None

    async def get(self, path: str, **params: str) -> Any:
        """Return a decoded object; ``KubernetesError``."""
        return await self._ask("GET", path, params=params)

    async def find(self, path: str, **params: str) -> Any:
        """Return a decoded object, ``None`` if there is none."""
        try:
            return await self.get(path, **params)
        except KubernetesError as error:
            if error.status == 404:  # noqa: PLR2004
                return None
            raise

    async def create(self, path: str, body: Mapping[str, Any]) -> Any:
        """Create an object, or ask a question that Kubernetes puts that way (a token, a review of rights)."""
        return await self._ask("POST", path, body=body)

    async def apply(self, path: str, body: Mapping[str, Any]) -> Any:
        """Make an object say what is given, leaving what others said of it."""
        params = {"fieldManager": FIELD_MANAGER, "force": "true"}
        return await self._ask("PATCH", path, params=params, body=body, kind="application/apply-patch+yaml")

    async def delete(self, path: str) -> bool:
        """Delete an object; tell whether it was there."""
        try:
            await self._ask("DELETE", path)
        except KubernetesError as error:
            if error.status == 404:  # noqa: PLR2004
                return False
            raise
        return True

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        kind: str = "application/json",
    ) -> Any:
        url = f"{self._server}{path}{f'?{urlencode(params)}' if params else ''}"
        headers = {**await self._headers(), "Accept": "application/json", "Content-Type": kind}
        try:
            async with asyncio.timeout(TIMEOUT_S):
                answer = await self._rest.request(  # type: ignore[no-untyped-call]
                    method, url, headers=headers, body=body, _request_timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)
                )
                data = await answer.read()
        except TimeoutError as error:
            raise unreachable(self._server, f"no answer within {TIMEOUT_S:.0f} s") from error
        except aiohttp.ClientConnectorCertificateError as error:
            raise untrusted(self._server, error.certificate_error) from error
        except (aiohttp.ClientError, OSError) as error:
            raise unreachable(self._server, str(error) or type(error).__name__) from error
        self.skew_s = _skew_s(answer.headers.get("Date"))
        if answer.status >= _BAD:
            raise _refused(method, path, answer.status, data)
        return json.loads(data) if data else None


@asynccontextmanager
async def opened(access: ClusterAccess, tls: ssl.SSLContext, headers: Headers) -> AsyncIterator[KubernetesApi]:
    """Give the API of a server while the block lasts."""
    # The client takes over half a second to import, which `lma --help` and the gateway alone need not pay.
    from kubernetes.aio.client.configuration import Configuration  # noqa: PLC0415
    from kubernetes.aio.client.rest import RESTClientObject  # noqa: PLC0415

    settings = Configuration(
        host=access.server,
        proxy=access.proxy or None,
        tls_server_name=access.server_name or None,
        client_session_kwargs={"trust_env": False},
        retries=False,
    )
    rest = RESTClientObject(settings)
    rest.ssl_context = tls
    try:
        yield KubernetesApi(access.server, rest, headers)
    finally:
        await rest.close()


def unreachable(server: str, why: str) -> KubernetesError:
    """Return the error for an API server that gives no answer."""
    return KubernetesError(
        "Unreachable",
        f"no answer from the API server {server}: {why}",
        "check the address, and that this service may connect to it; behind NAT or a firewall use an agent",
        is_transient=True,
    )


def untrusted(server: str, error: Exception) -> KubernetesError:
    """Return the error for an API server whose certificate the authority at hand did not issue."""
    why = getattr(error, "verify_message", "") or str(error)
    return KubernetesError(
        "UntrustedCertificate",
        f"the API server {server} shows a certificate that can't be trusted: {why}",
        "the kubeconfig is of another cluster, or the authority was replaced: get a new one and register again",
    )


def _skew_s(date: str | None) -> float | None:
    """Return the difference of the clocks, 0 within the second that an HTTP date leaves open."""
    try:
        ahead = (parsedate_to_datetime(date or "") - datetime.now(UTC)).total_seconds()
    except ValueError:
        return None
    return 0.0 if -1.5 <= ahead <= 1.0 else ahead  # noqa: PLR2004  a date's precision, and the way back


def _refused(method: str, path: str, status: int, data: bytes) -> KubernetesError:
    try:
        found = json.loads(data)
        told = str(found.get("message", "")) if found.get("kind") == "Status" else ""
    except (ValueError, AttributeError):
        told = ""
    reason, remedy = _STATUS.get(status, ("ApiError", "see what the API server's log says"))
    message = f"{method} {path}: HTTP {status}{f': {told[:500]}' if told else ''}"
    return KubernetesError(reason, message, remedy, status=status, is_transient=status in _TRANSIENT)
