"""The tables. Types are portable: the same models and migrations serve SQLite and PostgreSQL.

``tests/service`` holds models and migrations against each other; change both in one commit.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class UtcDateTime(sa.TypeDecorator[datetime]):
    """An aware UTC datetime. SQLite stores no zone, so it is taken off on the way in and put back on the way out."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Store UTC; a naive value is a bug of the caller and refused."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone can't be stored")
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Return UTC, whatever the database keeps."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Base(DeclarativeBase):
    """All tables; constraints have names, because a later migration must be able to drop them."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UtcDateTime}


class ClusterRow(Base):
    """A registered cluster; ``endpoints`` is the checked document of the API, ``claims`` what must be unique in it.

    ``uid`` is the natural key of a cluster that is connected: the UID of its namespace kube-system. ``connection`` is
    what may be shown of the way to it; what may not is in ``credentials``, sealed.

    ``shown_partitions`` is, by signal, the value of the partition label that the data itself showed when last seen.
    """

    __tablename__ = "clusters"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(128), unique=True)
    labels: Mapped[dict[str, str]] = mapped_column(sa.JSON)
    endpoints: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    shown_partitions: Mapped[dict[str, str]] = mapped_column(sa.JSON)
    kind: Mapped[str] = mapped_column(sa.String(16), server_default="endpoints")
    phase: Mapped[str] = mapped_column(sa.String(16), server_default="ready")
    uid: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    connection: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    capabilities: Mapped[dict[str, str]] = mapped_column(sa.JSON, server_default="{}")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    claims: Mapped[list[EndpointClaimRow]] = relationship(cascade="all, delete-orphan", lazy="raise")
    conditions: Mapped[list[ConditionRow]] = relationship(
        cascade="all, delete-orphan", lazy="selectin", order_by="ConditionRow.position"
    )


class EndpointClaimRow(Base):
    """One endpoint belongs to one cluster: data reached by two names would be counted twice.

    The primary key makes it true also when two processes register at the same moment.
    """

    __tablename__ = "endpoint_claims"

    signal: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    identity: Mapped[str] = mapped_column(sa.String(2304), primary_key=True)
    cluster_id: Mapped[UUID] = mapped_column(sa.ForeignKey("clusters.id", ondelete="CASCADE"), index=True)


class ConditionRow(Base):
    """What the last inspection saw."""

    __tablename__ = "cluster_conditions"

    cluster_id: Mapped[UUID] = mapped_column(sa.ForeignKey("clusters.id", ondelete="CASCADE"), primary_key=True)
    type: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    position: Mapped[int] = mapped_column(sa.Integer)
    status: Mapped[str] = mapped_column(sa.String(16))
    reason: Mapped[str] = mapped_column(sa.String(64))
    message: Mapped[str] = mapped_column(sa.Text)
    since: Mapped[datetime]


class EventRow(Base):
    """One entry of a cluster's timeline; ``id`` orders them."""

    __tablename__ = "cluster_events"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    cluster_id: Mapped[UUID] = mapped_column(sa.ForeignKey("clusters.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    status: Mapped[Literal["ok", "warning", "error"]] = mapped_column(sa.String(16))
    reason: Mapped[str] = mapped_column(sa.String(64))
    message: Mapped[str] = mapped_column(sa.Text)


class CredentialRow(Base):
    """A secret that is kept for a cluster: sealed content, and what the ledger tells of it."""

    __tablename__ = "credentials"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    cluster_id: Mapped[UUID] = mapped_column(sa.ForeignKey("clusters.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str] = mapped_column(sa.String(32))
    form: Mapped[str] = mapped_column(sa.String(32))
    subject: Mapped[str] = mapped_column(sa.String(512))
    key_id: Mapped[str] = mapped_column(sa.String(32), index=True)
    sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]


class JobRow(Base):
    """Work that must be done once, by whoever holds its lease; ``attempt`` counts how often it was begun."""

    __tablename__ = "jobs"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    cluster_id: Mapped[UUID] = mapped_column(sa.ForeignKey("clusters.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(sa.String(32))
    state: Mapped[str] = mapped_column(sa.String(16), index=True)
    payload: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    attempt: Mapped[int]
    due_at: Mapped[datetime]
    lease_owner: Mapped[str | None] = mapped_column(sa.String(64))
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(sa.Text)


class TokenRow(Base):
    """A token, known only by its SHA-256; ``hint`` is its harmless beginning, to tell tokens apart."""

    __tablename__ = "tokens"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(16), index=True)
    digest: Mapped[str] = mapped_column(sa.String(64), unique=True)
    hint: Mapped[str] = mapped_column(sa.String(16))
    created_at: Mapped[datetime]
