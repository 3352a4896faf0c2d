"""What several panels of *Fleet* ask for: the chosen firms' users, sessions and panels, added up."""

from authoring.queries import chosen, earliest, one

DOWN = "tenant:inboxsync_users_sync_down:sum"
ACTIVE = "tenant:inboxsync_users_active:sum"
RECOVERED = "tenant:inboxsync_users_recovered:delta1m"
SESSIONS = "tenant:inboxsync_sessions_total:max"
FAILURES = "tenant:inboxsync_session_failures_total:max"

HURT = chosen(f"{DOWN} > 0")
BY_CLASS = chosen("tenant_class:inboxsync_syncs_down:max")
NEWLY = chosen("tenant_class:inboxsync_syncs_down:newly > 0")

# No firm is zero firms only where there are figures: otherwise it is no data.
FIRMS_HURT = f"sum({chosen(f'{DOWN} > bool 0')})"
USERS_DOWN = f"sum({chosen(DOWN)})"
SHARE_DOWN = f"{USERS_DOWN} / (sum({chosen(ACTIVE)}) > 0)"
NOT_READ = f"sum({chosen(one('inboxsync_tenant_up') + ' == bool 0')})"
DOWN_SINCE = earliest("inboxsync_oldest_down_timestamp_seconds")

NO_DATA = "no data"
NOBODY = "nobody is down"


def per_minute(counter: str) -> str:
    """What was counted each minute."""
    return f"60 * sum({chosen(f'rate({counter}[$__rate_interval])')})"
