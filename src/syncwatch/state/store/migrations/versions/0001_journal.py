"""The first schema: the journal's key, tenants, users and issues."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all four tables, and the one index that a key does not give."""
    op.create_table(
        "journal",
        sa.Column("key_check", sa.LargeBinary, primary_key=True),
        sa.Column("made", sa.Double, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tenants",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("written", sa.Double),
        sa.Column("last_success", sa.Double),
        sa.Column("gone_since", sa.Double),
        sa.Column("baseline", sa.Boolean, nullable=False),
        sa.Column("suspicions", sa.Integer, nullable=False),
        sa.Column("rules", sa.Text, nullable=False),
        sa.Column("normalisation", sa.Integer, nullable=False),
        sa.Column("sessions", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.BigInteger, nullable=False),
        sa.Column("issues", sa.BigInteger, nullable=False),
        sa.Column("dedup_user", sa.BigInteger, nullable=False),
        sa.Column("dedup_item", sa.BigInteger, nullable=False),
        sa.Column("tokens_mailbox", sa.BigInteger, nullable=False),
        sa.Column("tokens_crm", sa.BigInteger, nullable=False),
        sa.Column("inventory", sa.Text, nullable=False),
        sa.Column("causes", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "users",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("class", sa.Text),
        sa.Column("since", sa.Double, nullable=False),
        sa.Column("active_since", sa.Double),
        sa.Column("down_since", sa.Double),
        sa.Column("mark_job", sa.Text),
        sa.Column("mark_started", sa.Double),
        sa.Column("told", sa.Text, nullable=False),
        sa.Column("pending", sa.Boolean, nullable=False),
        sa.Column("failed", sa.Boolean, nullable=False),
        sa.Column("uncounted", sa.Boolean, nullable=False),
        sa.Column("missing", sa.Integer, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "issues",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary, primary_key=True),
        sa.Column("open", sa.Integer, nullable=False),
        sa.Column("first_seen", sa.Double, nullable=False),
        sa.Column("gone_since", sa.Double),
        sa.Column("gone", sa.Text),
        sa.Column("direction", sa.Text),
        sa.Column("operation", sa.Text),
        sa.Column("finding", sa.Text),
        sqlite_with_rowid=False,
    )
    gone = sa.text("gone_since IS NOT NULL")
    op.create_index("issues_gone", "issues", ["gone_since"], sqlite_where=gone, postgresql_where=gone)
