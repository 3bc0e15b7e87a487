"""Connected clusters: what they are, their timeline, their sealed credentials, and the jobs that tend them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and tables."""
    with op.batch_alter_table("clusters") as clusters:
        clusters.add_column(sa.Column("kind", sa.String(16), nullable=False, server_default="endpoints"))
        clusters.add_column(sa.Column("phase", sa.String(16), nullable=False, server_default="ready"))
        clusters.add_column(sa.Column("uid", sa.String(64), nullable=True))
        clusters.add_column(sa.Column("connection", sa.JSON(), nullable=True))
        clusters.add_column(sa.Column("capabilities", sa.JSON(), nullable=False, server_default="{}"))
        clusters.create_unique_constraint("uq_clusters_uid", ["uid"])
    op.create_table(
        "cluster_events",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        _owner(),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cluster_events"),
        _of_cluster("cluster_events"),
    )
    op.create_table(
        "credentials",
        sa.Column("id", sa.Uuid(), nullable=False),
        _owner(),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("form", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(512), nullable=False),
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_credentials"),
        _of_cluster("credentials"),
    )
    op.create_index("ix_credentials_key_id", "credentials", ["key_id"])
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        _owner(),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_owner", sa.String(64), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        _of_cluster("jobs"),
    )
    op.create_index("ix_jobs_state", "jobs", ["state"])
    for table in ("cluster_events", "credentials", "jobs"):
        op.create_index(f"ix_{table}_cluster_id", table, ["cluster_id"])


def downgrade() -> None:
    """Drop them; clusters that were connected stay, as the endpoints they had."""
    for table in ("jobs", "credentials", "cluster_events"):
        op.drop_table(table)
    with op.batch_alter_table("clusters") as clusters:
        clusters.drop_constraint("uq_clusters_uid", type_="unique")
        for column in ("capabilities", "connection", "uid", "phase", "kind"):
            clusters.drop_column(column)


def _owner() -> sa.Column[object]:
    return sa.Column("cluster_id", sa.Uuid(), nullable=False)


def _of_cluster(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_cluster_id_clusters"
    return sa.ForeignKeyConstraint(["cluster_id"], ["clusters.id"], name=name, ondelete="CASCADE")
