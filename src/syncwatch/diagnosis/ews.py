"""The end of EWS in Exchange Online: a risk with dates, and no trouble before a session fails for it.

Microsoft switches it off tenant by tenant; those that list an application as allowed keep it a while longer. Exchange
on premises is not concerned, so those ways into a mailbox are never named here.
"""

from datetime import UTC, datetime

from syncwatch.diagnosis.case import Step
from syncwatch.model import AccessType

AT_RISK = frozenset({AccessType.M365_EWS_USER, AccessType.M365_EWS_IMPERSONATED})
REFUSALS = frozenset({"exchange_access_denied", "auth_policy_blocked"})  # how a session fails where it is off
BY_TENANT = datetime(2026, 10, 1, tzinfo=UTC).timestamp()
FOR_ALL = datetime(2027, 4, 1, tzinfo=UTC).timestamp()

_LOOKED_AT = "mailbox access by EWS in Microsoft 365"
_WAY_OUT = (
    "a Graph access type has no such date; until then the mail admin can allow the product (EwsAllowedAppIDs)"
)


def risk(now: float) -> Step:
    """The step that tells of the dates."""
    if now < BY_TENANT:
        found = "will be switched off tenant by tenant from 2026-10-01, and for all on 2027-04-01"
    elif now < FOR_ALL:
        found = "is switched off tenant by tenant since 2026-10-01, and for all on 2027-04-01"
    else:
        found = "is switched off for all since 2027-04-01"
        return Step("D2", _LOOKED_AT, found, "a risk, no cause by itself: a Graph access type is needed")
    return Step("D2", _LOOKED_AT, found, f"a dated risk, no cause by itself: {_WAY_OUT}")


def refusal(class_: str, now: float) -> Step:
    """The step that tells that a failed session may be what the dates are about."""
    found = f"the session failed with {class_}, as it does where EWS is off"
    if now < BY_TENANT:
        return Step(
            "D3c", _LOOKED_AT, found, "not yet by those dates, unless the firm switched it off itself"
        )
    return Step("D3c", _LOOKED_AT, found, f"the mail admin looks at EWSEnabled first; {_WAY_OUT}")
