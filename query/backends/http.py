"""Direct HTTP on aiohttp, chosen for what it costs a request (docs/decisions/0004-http-clients.md)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from query.backends.base import BackendError, Deadline, Failure, Request
from query.backends.transport import Transport

CHUNK_BYTES: Final = 256 << 10
FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
USER_AGENT: Final = "lma-gateway"


def open_session(connect_timeout_s: float) -> aiohttp.ClientSession:
    """Return the session all HTTP backends of a gateway share; the caller closes it.

    No limit on connections here: each backend has its own bound on concurrency. Proxies from the environment are
    not used, nor are cookies: a backend is what its URL says.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30, ttl_dns_cache=30),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_timeout_s),
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate"},
        cookie_jar=aiohttp.DummyCookieJar(),
        raise_for_status=False,
        read_bufsize=CHUNK_BYTES,
    )


class HttpReply:
    """A reply over aiohttp."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    @property
    def status(self) -> int:
        """HTTP status."""
        return self._response.status

    @property
    def headers(self) -> Mapping[str, str]:
        """Response headers, case-insensitive."""
        return self._response.headers

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the decoded body as it arrives."""
        try:
            async for chunk in self._response.content.iter_any():
                yield chunk
        except (aiohttp.ClientError, OSError) as error:
            raise BackendError(Failure.BROKEN, f"the answer broke off: {describe(error)}") from error

    async def aclose(self) -> None:
        """Give the connection back if the body was read, close it otherwise."""
        if self._response.content.is_eof():
            self._response.release()
        else:
            self._response.close()


class HttpBackend:
    """One base URL; ``transport`` is how its server is reached, if not just so."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        headers: Mapping[str, str] | None = None,
        transport: Transport | None = None,
    ) -> None:
        self._session = session
        self._base = base_url.rstrip("/")
        self._headers = dict(headers or {})
        self._transport = transport or Transport(self._base)
        # On loopback and inside a rack compression costs more than it saves; across a WAN it pays.
        if URL(base_url).host in {"127.0.0.1", "::1", "localhost"}:
            self._headers.setdefault("Accept-Encoding", "identity")

    async def send(self, request: Request, deadline: Deadline) -> HttpReply:
        """Send and wait for the head of the reply."""
        url = _url(self._base, request.path)
        if request.params:
            url = url.with_query(list(request.params))
        try:
            async with asyncio.timeout(deadline.remaining_s()):
                response = await self._authorized(url, request)
        except TimeoutError as error:
            if isinstance(error, aiohttp.ConnectionTimeoutError):
                raise BackendError(Failure.UNREACHABLE, f"no connection to {self._base} in time") from error
            raise BackendError(Failure.TIMEOUT, f"no answer from {self._base} in the time given") from error
        except aiohttp.ClientConnectorError as error:
            number = error.os_error.errno
            cause = os.strerror(number) if number and number > 0 else error.os_error.strerror
            raise BackendError(Failure.UNREACHABLE, f"no connection to {self._base}: {cause}") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise BackendError(Failure.BROKEN, f"{self._base}: {describe(error)}") from error
        return HttpReply(response)

    async def _authorized(self, url: URL, request: Request) -> aiohttp.ClientResponse:
        """Send with the transport's credential; a refused one is renewed and tried once more."""
        authorizer = self._transport.authorizer
        if authorizer is None:
            return await self._request(url, request, {})
        shown = await authorizer.headers()
        response = await self._request(url, request, shown)
        if response.status == HTTPStatus.UNAUTHORIZED and await authorizer.renew(shown):
            response.close()
            response = await self._request(url, request, await authorizer.headers())
        return response

    async def _request(self, url: URL, request: Request, shown: Mapping[str, str]) -> aiohttp.ClientResponse:
        transport = self._transport
        return await self._session.request(
            "GET" if request.form is None and request.content is None else "POST",
            url,
            data=_encoded(request.form) if request.form is not None else request.content,
            headers={**self._headers, **(FORM if request.form is not None else {}), **request.headers, **shown},
            allow_redirects=False,
            ssl=True if transport.tls is None else transport.tls,
            proxy=transport.proxy,
            server_hostname=transport.server_name,
        )

    async def aclose(self) -> None:
        """Nothing to release: the session is shared and closed by its owner."""


@lru_cache(4096)
def _url(base: str, path: str) -> URL:
    return URL(f"{base}{path}", encoded=True)


@lru_cache(256)
def _encoded(form: tuple[tuple[str, str], ...]) -> bytes:
    """Return the body of a form; several clusters are sent the same one after the other."""
    return urlencode(form).encode("ascii")


def describe(error: BaseException) -> str:
    """Return an error's text, or its type where it has none."""
    return str(error) or type(error).__name__
