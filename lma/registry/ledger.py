"""The ledger of credentials: what is kept for which cluster, for whom, since when, until when; the content sealed.

Nothing here ever returns a secret except ``Ledger.secret``, whose only caller is the connector that needs it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from lma.registry.database import Database
from lma.registry.models import ClusterRow, CredentialRow
from lma.registry.records import ClusterId
from lma.registry.secret_box import Sealed, SecretBox

USE_GRAIN_S: Final = 60.0
"""How exactly ``last_used_at`` is kept: not every query is worth a write."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What may be shown of a secret.

    ``purpose`` is ``offered`` (given by a person, until it is exchanged or accepted) or ``standing`` (what queries
    use); ``form`` is its kind (``token``, ``client certificate``, ``service account token`` …), ``subject`` whom it
    stands for.
    """

    id: UUID
    cluster: str
    purpose: str
    form: str
    subject: str
    key_id: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None


class Ledger:
    """Keeps credentials; every change is one transaction."""

    def __init__(self, database: Database, box: SecretBox) -> None:
        self._database = database
        self._box = box

    async def keep(
        self,
        cluster: ClusterId,
        purpose: str,
        *,
        form: str,
        subject: str,
        secret: bytes,
        expires_at: datetime | None = None,
        replaces_all: bool = False,
    ) -> None:
        """Seal and keep a secret in place of the one with that purpose, or of all that the cluster has."""
        sealed = self._box.seal(cluster, secret)
        gone = CredentialRow.cluster_id == cluster
        if not replaces_all:
            gone &= CredentialRow.purpose == purpose
        async with self._database.write() as session:
            await session.execute(sa.delete(CredentialRow).where(gone))
            session.add(
                CredentialRow(
                    id=uuid.uuid4(),
                    cluster_id=cluster,
                    purpose=purpose,
                    form=form,
                    subject=subject[:512],
                    key_id=sealed.key_id,
                    sealed=sealed.data,
                    created_at=datetime.now(UTC),
                    expires_at=expires_at,
                )
            )

    async def secret(self, cluster: ClusterId, purpose: str) -> bytes | None:
        """Open the secret with that purpose; ``None`` if none is kept, ``SecretError`` if it can't be opened."""
        async with self._database.read() as session:
            row = await session.scalar(
                sa.select(CredentialRow).where(CredentialRow.cluster_id == cluster, CredentialRow.purpose == purpose)
            )
        return None if row is None else self._box.open(cluster, Sealed(row.key_id, row.sealed))

    async def used(self, cluster: ClusterId, at: datetime) -> None:
        """Note that the standing credential was used."""
        async with self._database.write() as session:
            await session.execute(
                sa.update(CredentialRow)
                .where(CredentialRow.cluster_id == cluster, CredentialRow.purpose == "standing")
                .values(last_used_at=at)
            )

    async def forget(self, cluster: ClusterId, purpose: str | None = None) -> int:
        """Delete what is kept for a cluster; return how many secrets that were."""
        gone = CredentialRow.cluster_id == cluster
        if purpose is not None:
            gone &= CredentialRow.purpose == purpose
        async with self._database.write() as session:
            found = await session.scalars(sa.delete(CredentialRow).where(gone).returning(CredentialRow.id))
            return len(list(found))

    async def all(self, cluster: str | None = None) -> list[Credential]:
        """Return the ledger, by cluster."""
        wanted = sa.select(CredentialRow, ClusterRow.name).join(ClusterRow, ClusterRow.id == CredentialRow.cluster_id)
        if cluster is not None:
            wanted = wanted.where(ClusterRow.name == cluster)
        async with self._database.read() as session:
            rows = await session.execute(wanted.order_by(ClusterRow.name, CredentialRow.created_at))
            return [_credential(row, name) for row, name in rows]

    async def reseal(self, box: SecretBox) -> int:
        """Seal everything with the first key of ``box``, which must open it all; return how many secrets changed."""
        changed = 0
        async with self._database.write() as session:
            for row in await session.scalars(sa.select(CredentialRow).where(CredentialRow.key_id != box.key_id)):
                sealed = box.seal(row.cluster_id, box.open(row.cluster_id, Sealed(row.key_id, row.sealed)))
                row.key_id, row.sealed = sealed.key_id, sealed.data
                changed += 1
        self._box = box
        return changed


def _credential(row: CredentialRow, cluster: str) -> Credential:
    return Credential(
        id=row.id,
        cluster=cluster,
        purpose=row.purpose,
        form=row.form,
        subject=row.subject,
        key_id=row.key_id,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        expires_at=row.expires_at,
    )
