"""What is kept for a connected cluster, sealed, and how a connection is made of it again after a restart."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import msgspec

from lma.clusters.access import ClusterAccess
from lma.clusters.connection import Connection, Token, TokenSource
from lma.clusters.errors import ConnectorError
from lma.clusters.service_account import SUBJECT, AccountTokens
from lma.registry.ledger import USE_GRAIN_S, Ledger
from lma.registry.records import ClusterId

OFFERED: Final = "offered"
STANDING: Final = "standing"


class Kept(msgspec.Struct, frozen=True):
    """The sealed document. ``is_account``: the token is our service account's and can be renewed."""

    access: ClusterAccess
    is_account: bool = False
    issued_at: datetime | None = None
    expires_at: datetime | None = None


class StandingCredentials:
    """Keeps what connections are made of, in the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def offer(self, cluster: ClusterId, access: ClusterAccess, subject: str, ends: datetime | None) -> None:
        """Keep what a person gave until it is exchanged or accepted."""
        kept = msgspec.json.encode(Kept(access, expires_at=ends))
        await self._ledger.keep(cluster, OFFERED, form=access.form, subject=subject, secret=kept, expires_at=ends)

    async def accept(self, cluster: ClusterId, access: ClusterAccess, subject: str, ends: datetime | None) -> None:
        """Keep a person's credential for good; nothing else stays."""
        kept = msgspec.json.encode(Kept(access, expires_at=ends))
        await self._ledger.keep(
            cluster, STANDING, form=access.form, subject=subject, secret=kept, expires_at=ends, replaces_all=True
        )

    async def keep_account(self, cluster: ClusterId, access: ClusterAccess, token: Token) -> None:
        """Keep our account's token in place of everything else."""
        own = replace(access, token=token.value, client_certificate="", client_key="")
        kept = Kept(own, is_account=True, issued_at=token.issued_at, expires_at=token.expires_at)
        await self._ledger.keep(
            cluster,
            STANDING,
            form="service account token",
            subject=SUBJECT,
            secret=msgspec.json.encode(kept),
            expires_at=token.expires_at,
            replaces_all=True,
        )

    async def offered(self, cluster: ClusterId) -> Connection | None:
        """Return the connection a person's credential makes, ``None`` if there is none (any more)."""
        secret = await self._ledger.secret(cluster, OFFERED)
        return None if secret is None else Connection(msgspec.json.decode(secret, type=Kept).access)

    async def standing(self, cluster: ClusterId) -> Connection | None:
        """Return the connection that was kept, ``None`` if there is none."""
        secret = await self._ledger.secret(cluster, STANDING)
        if secret is None:
            return None
        kept = msgspec.json.decode(secret, type=Kept)
        if not kept.is_account or kept.issued_at is None:
            return Connection(kept.access, on_use=self._noting(cluster))
        return self.of_account(cluster, kept.access, Token(kept.access.token, kept.issued_at, kept.expires_at))

    def of_account(self, cluster: ClusterId, access: ClusterAccess, token: Token) -> Connection:
        """Return the connection of our account, which renews its token and keeps the new one."""
        own = replace(access, token=token.value, client_certificate="", client_key="")
        source = _Keeping(self, cluster, own, AccountTokens())
        return Connection(own, token=token, source=source, on_use=self._noting(cluster))

    async def withdraw(self, cluster: ClusterId) -> None:
        """Forget what a person offered."""
        await self._ledger.forget(cluster, OFFERED)

    def _noting(self, cluster: ClusterId) -> Callable[[], Awaitable[None]]:
        noted = datetime.min.replace(tzinfo=UTC)

        async def note() -> None:
            nonlocal noted
            now = datetime.now(UTC)
            if (now - noted).total_seconds() > USE_GRAIN_S:
                noted = now
                await self._ledger.used(cluster, now)

        return note


class _Keeping:
    """A source whose tokens are kept before they are used."""

    def __init__(
        self, kept: StandingCredentials, cluster: ClusterId, access: ClusterAccess, inner: TokenSource
    ) -> None:
        self._kept = kept
        self._cluster = cluster
        self._access = access
        self._inner = inner

    async def fetch(self, connection: Connection) -> Token:
        """Fetch and keep; ``ConnectorError``."""
        token = await self._inner.fetch(connection)
        await self._kept.keep_account(self._cluster, self._access, token)
        return token


def no_credential() -> ConnectorError:
    """Return the error for a cluster of which no credential is kept."""
    return ConnectorError(
        "NoCredential", "no credential is kept for this cluster", "register it again with its kubeconfig"
    )
