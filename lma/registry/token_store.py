"""The tokens that are accepted: kept as digests in the database, compared in memory.

One process owns the database (``lma.service.state``), so the digests read at the start stay true until this process
changes them. That keeps authentication free of I/O, and its time independent of what was presented.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from lma.registry.database import Database
from lma.registry.models import TokenRow
from lma.registry.tokens import TokenKind, digest_of, hint_of, is_known, new_token


class TokenStore:
    """Accepted tokens. Use ``TokenStore.loaded``."""

    def __init__(self, database: Database, digests: frozenset[str]) -> None:
        self._database = database
        self._digests = digests

    @classmethod
    async def loaded(cls, database: Database) -> TokenStore:
        """Return the store with what the database holds."""
        async with database.read() as session:
            return cls(database, await _digests(session))

    def accepts(self, token: str) -> bool:
        """Tell whether the token is valid now; constant time over wrong tokens."""
        return is_known(token, self._digests)

    def is_empty(self) -> bool:
        """Tell whether nobody could be let in, as at the very first start."""
        return not self._digests

    async def reset_admin(self, keep: Callable[[str], None]) -> str:
        """Make a new admin token, forget every earlier one, and return it: the only time it is known.

        ``keep`` is given the token before it becomes valid, so that a crash in between leaves no token unknown to all.
        """
        token = new_token("admin")
        kind: TokenKind = "admin"
        async with self._database.write() as session:
            await session.execute(sa.delete(TokenRow).where(TokenRow.kind == kind))
            session.add(
                TokenRow(
                    id=uuid.uuid4(),
                    kind=kind,
                    digest=digest_of(token),
                    hint=hint_of(token),
                    created_at=datetime.now(UTC),
                )
            )
            await session.flush()
            digests = await _digests(session)
            keep(token)
        self._digests = digests
        return token


async def _digests(session: AsyncSession) -> frozenset[str]:
    return frozenset(await session.scalars(sa.select(TokenRow.digest)))
