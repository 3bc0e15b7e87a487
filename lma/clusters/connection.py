"""A connected cluster, as everything above sees it: a transport for queries and an API for the control plane.

One credential stands behind both. It is renewed in time: when four fifths of its life are over, by whoever asks next,
once for all who wait; and once more when it is refused although it should hold. What can't be renewed is used until it
is refused.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final, Protocol

from lma.clusters.access import ClusterAccess
from lma.clusters.errors import ConnectorError
from lma.clusters.kubernetes_api import KubernetesApi, opened
from query.backends.base import BackendError, Failure
from query.backends.transport import Transport

RENEW_AT: Final = 0.8
"""The part of a token's life after which it is renewed."""
RETRY_S: Final = 5.0
"""How long a renewal that failed is not tried again while the old token still holds."""


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token and its life, in UTC; without an end it is never renewed."""

    value: str = field(repr=False)
    issued_at: datetime
    expires_at: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Tell whether it is time to renew it."""
        if self.expires_at is None:
            return False
        return now >= self.issued_at + (self.expires_at - self.issued_at) * RENEW_AT

    def is_over(self, now: datetime) -> bool:
        """Tell whether it has expired."""
        return self.expires_at is not None and now >= self.expires_at


class TokenSource(Protocol):
    """Where new tokens come from."""

    async def fetch(self, connection: Connection) -> Token:
        """Return a new token; ``ConnectorError``."""
        ...


class Connection:
    """A way to one API server. Immutable but for its token."""

    def __init__(
        self,
        access: ClusterAccess,
        *,
        token: Token | None = None,
        source: TokenSource | None = None,
        on_use: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        now = datetime.now(UTC)
        self.access = access
        self._token = token or (Token(access.token, now) if access.token else None)
        self._source = source
        self._on_use = on_use
        self._tls = access.tls()
        self._turn = asyncio.Lock()
        self._failed_at = float("-inf")
        self.transport = Transport(
            base=access.server,
            tls=self._tls,
            authorizer=self if self._token is not None or source is not None else None,
            proxy=access.proxy or None,
            server_name=access.server_name or None,
        )

    @property
    def expires_at(self) -> datetime | None:
        """When the present token ends."""
        return None if self._token is None else self._token.expires_at

    async def headers(self) -> Mapping[str, str]:
        """Return the headers for a request that is sent now; ``BackendError`` if the credential can't be renewed."""
        try:
            return await self._headers()
        except ConnectorError as error:
            raise BackendError(Failure.REFUSED, f"the credential can't be renewed: {error.message}") from error

    async def renew(self, refused: Mapping[str, str]) -> bool:
        """Fetch a new token in place of the refused one; tell whether there is one to try."""
        try:
            return await self._renewed(refused)
        except ConnectorError:
            return False

    @asynccontextmanager
    async def api(self) -> AsyncIterator[KubernetesApi]:
        """Give the API server's API while the block lasts."""
        async with opened(self.access, self._tls, self._headers) as api:
            yield api

    @asynccontextmanager
    async def api_with(self, token: str) -> AsyncIterator[KubernetesApi]:
        """Give the API as the present token's bearer without asking for renewal: what renews needs that itself."""
        async with opened(replace(self.access, token=token), self._tls, lambda: _bearer(token)) as api:
            yield api

    @property
    def token_value(self) -> str:
        """The present token, empty if there is none."""
        return "" if self._token is None else self._token.value

    async def _headers(self) -> Mapping[str, str]:
        token = self._token
        now = datetime.now(UTC)
        if self._source is not None and (token is None or token.is_due(now)):
            token = await self._due(now)
        if self._on_use is not None:
            await self._on_use()
        return {} if token is None else {"Authorization": f"Bearer {token.value}"}

    async def _due(self, now: datetime) -> Token:
        """Return a token that is not due; an old one that still holds serves while renewing fails."""
        async with self._turn:
            token = self._token
            if token is not None and not token.is_due(now):
                return token
            if token is not None and not token.is_over(now) and time.monotonic() < self._failed_at + RETRY_S:
                return token
            try:
                return await self._fetch()
            except ConnectorError:
                self._failed_at = time.monotonic()
                if token is None or token.is_over(now):
                    raise
                return token

    async def _renewed(self, refused: Mapping[str, str]) -> bool:
        async with self._turn:
            present = {} if self._token is None else {"Authorization": f"Bearer {self._token.value}"}
            if present != dict(refused):
                return True  # somebody renewed it meanwhile
            if self._source is None or time.monotonic() < self._failed_at + RETRY_S:
                return False
            self._failed_at = time.monotonic()
            await self._fetch()
            return True

    async def _fetch(self) -> Token:
        if self._source is None:
            raise RuntimeError("there is nothing to renew the token with")
        self._token = await self._source.fetch(self)
        return self._token


async def _bearer(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}
