"""The first tables: clusters with what they claim and what was seen of them, and tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "clusters",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("endpoints", sa.JSON(), nullable=False),
        sa.Column("shown_partitions", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_clusters"),
        sa.UniqueConstraint("name", name="uq_clusters_name"),
    )
    op.create_table(
        "endpoint_claims",
        sa.Column("signal", sa.String(16), nullable=False),
        sa.Column("identity", sa.String(2304), nullable=False),
        sa.Column("cluster_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("signal", "identity", name="pk_endpoint_claims"),
        sa.ForeignKeyConstraint(
            ["cluster_id"], ["clusters.id"], name="fk_endpoint_claims_cluster_id_clusters", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_endpoint_claims_cluster_id", "endpoint_claims", ["cluster_id"])
    op.create_table(
        "cluster_conditions",
        sa.Column("cluster_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("cluster_id", "type", name="pk_cluster_conditions"),
        sa.ForeignKeyConstraint(
            ["cluster_id"], ["clusters.id"], name="fk_cluster_conditions_cluster_id_clusters", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("hint", sa.String(16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("digest", name="uq_tokens_digest"),
    )
    op.create_index("ix_tokens_kind", "tokens", ["kind"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("tokens")
    op.drop_table("cluster_conditions")
    op.drop_table("endpoint_claims")
    op.drop_table("clusters")
