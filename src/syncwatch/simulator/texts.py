"""What a text of the simulated engine is: a wording that is filled anew each time, and the class it belongs to.

This table of classes and owners is the simulator's own: `/truth` is made from it, and a monitor's catalogue
must come to the same without having seen it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from string import Template
from types import MappingProxyType

from syncwatch.simulator import fiction

OWNERS: Mapping[str, str] = MappingProxyType(
    {
        "mailbox_not_initialized": "end_user",
        "oauth_token_expired": "end_user",
        "auth_policy_blocked": "mail_admin",
        "mailbox_missing_or_disabled": "mail_admin",
        "impersonation_denied": "mail_admin",
        "duplicate_events": "end_user",
        "recurring_sync_disabled": "client_admin",
        "recurring_all_day_unsupported": "nobody",
        "organizer_not_synced": "end_user",
        "salesforce_field_access": "salesforce_admin",
        "salesforce_validation_rule": "salesforce_admin",
        "salesforce_automation_error": "salesforce_admin",
        "salesforce_required_field": "salesforce_admin",
        "salesforce_invalid_value": "salesforce_admin",
        "salesforce_record_access": "salesforce_admin",
        "salesforce_auth": "client_admin",
        "salesforce_limit": "salesforce_admin",
        "salesforce_lock_contention": "nobody",
        "exchange_throttled": "nobody",
        "exchange_unavailable": "nobody",
        "exchange_access_denied": "mail_admin",
        "exchange_quota": "end_user",
        "exchange_item_invalid": "end_user",
        "network_error": "network_admin",
        "sync_engine_fault": "vendor_support",
        "sync_interrupted": "client_admin",
        "session_time_limit": "vendor_support",
        "sync_scope_too_large": "client_admin",
        "unclassified": "vendor_support",
        "no_message": "vendor_support",
        "no_recent_session": "vendor_support",
        "session_too_long": "vendor_support",
    },
)
TRANSIENT = frozenset(
    {
        "salesforce_limit",
        "salesforce_lock_contention",
        "exchange_throttled",
        "exchange_unavailable",
        "network_error",
        "sync_interrupted",
    },
)


@dataclass(frozen=True)
class Text:
    """One wording.

    Attributes:
        class_: what it says; empty for the remark of a session that did complete.
        template: the wording with its placeholders.
        expired: the side (`mailbox`, `crm`) whose token it calls expired or revoked; empty for neither.
        guard: whether it says that the duplicate guard stopped the whole user.
        owner: who must act, where it is not who its class says.
    """

    class_: str
    template: str
    expired: str = ""
    guard: bool = False
    owner: str = ""

    @property
    def transient(self) -> bool:
        """Whether this kind of trouble usually passes by itself."""
        return self.class_ in TRANSIENT

    @cached_property
    def _compiled(self) -> Template:
        return Template(self.template)

    def render(self, source: bytes, at: float, **more: object) -> str:
        """The wording with ids, dates and subjects in it, which depend on `source` and the time `at` only."""
        return self._compiled.substitute(
            guid=fiction.guid(source),
            guid2=fiction.guid(source[16:]),
            record=fiction.record(source),
            record2=fiction.record(source[16:]),
            n=int.from_bytes(source[:2], "big"),
            time=fiction.timestamp(at),
            subject=more.pop("subject", None) or fiction.subject(source),
            subject2=fiction.subject(source[8:]),
            **more,
        )
