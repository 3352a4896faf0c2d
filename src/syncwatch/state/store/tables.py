"""The journal's tables, as the newest migration leaves them.

Every row is keyed by its tenant, so that a tenant can be forgotten, and tenants shared among replicas, without reading
anything else. What is asked for by a statement, counted or shown has a column; what is only carried is JSON, by the
names of its fields, so that a field more needs no migration. No column holds a text, a name or an address. All times
are Unix seconds.
"""

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, LargeBinary, MetaData, Table, Text

METADATA = MetaData()

JOURNAL = Table(
    "journal",
    METADATA,
    Column("key_check", LargeBinary, primary_key=True),
    Column("made", Double, nullable=False),
    sqlite_with_rowid=False,
)
"""One row: which fingerprint key all the others were written with."""

TENANTS = Table(
    "tenants",
    METADATA,
    Column("tenant", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("written", Double),
    Column("last_success", Double),
    Column("gone_since", Double),
    Column("baseline", Boolean, nullable=False),
    Column("suspicions", Integer, nullable=False),
    Column("rules", Text, nullable=False),
    Column("normalisation", Integer, nullable=False),
    Column("sessions", BigInteger, nullable=False),
    Column("failures", BigInteger, nullable=False),
    Column("issues", BigInteger, nullable=False),
    Column("dedup_user", BigInteger, nullable=False),
    Column("dedup_item", BigInteger, nullable=False),
    Column("tokens_mailbox", BigInteger, nullable=False),
    Column("tokens_crm", BigInteger, nullable=False),
    Column("inventory", Text, nullable=False),
    Column("causes", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""One row a tenant; `gone_since` is when it was first missing from the configuration."""

WRITTEN = tuple(name for name in TENANTS.c.keys() if name != "gone_since")  # noqa: SIM118 - of columns, not of a dict
"""What a commit writes of a tenant's row."""

COUNTERS = ("sessions", "failures", "issues", "dedup_user", "dedup_item", "tokens_mailbox", "tokens_crm")
"""The columns of the tenant's counters."""

USERS = Table(
    "users",
    METADATA,
    Column("tenant", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("class", Text),
    Column("since", Double, nullable=False),
    Column("active_since", Double),
    Column("down_since", Double),
    Column("mark_job", Text),
    Column("mark_started", Double),
    Column("told", Text, nullable=False),
    Column("pending", Boolean, nullable=False),
    Column("failed", Boolean, nullable=False),
    Column("uncounted", Boolean, nullable=False),
    Column("missing", Integer, nullable=False),
    Column("facts", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""One row a user."""

ISSUES = Table(
    "issues",
    METADATA,
    Column("tenant", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("fingerprint", LargeBinary, primary_key=True),
    Column("open", Integer, nullable=False),
    Column("first_seen", Double, nullable=False),
    Column("gone_since", Double),
    Column("gone", Text),
    Column("direction", Text),
    Column("operation", Text),
    Column("finding", Text),
    sqlite_with_rowid=False,
)
"""One row for equal issues; those that are gone keep what they last were, as long as they are remembered."""

GONE_ISSUES = Index(
    "issues_gone",
    ISSUES.c.gone_since,
    sqlite_where=ISSUES.c.gone_since.is_not(None),
    postgresql_where=ISSUES.c.gone_since.is_not(None),
)
"""Those that are to go are few among very many."""
