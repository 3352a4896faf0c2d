"""A case for every leaf of the troubleshooting tree, and for each thing that a panel may not show on the way."""

from datetime import UTC, datetime
from typing import Any

from syncwatch.classification.catalogue import FILE_NAME, load_catalogue
from syncwatch.config.shipped import shipped
from syncwatch.diagnosis.case import Case
from syncwatch.diagnosis.states import Circumstances, diagnose
from syncwatch.model import (
    AccessType,
    Cause,
    Condition,
    Context,
    Direction,
    Finding,
    IssueFacts,
    Mailbox,
    Marks,
    Operation,
    OrganizationFacts,
    Owner,
    Running,
    SessionFacts,
    Side,
    Switch,
    SwitchedOff,
    UserFacts,
    Why,
)
from syncwatch.rows import EVERYTHING, Sight
from syncwatch.state.snapshot import UserView
from unit.given import HOUR, MINUTE, NOTHING, T0, THROTTLED, enabled, ended

CATALOGUE = load_catalogue(next(file for file in shipped("rules") if file.name == FILE_NAME))
GRAPH, APP_ONLY = AccessType.M365_GRAPH_USER, AccessType.M365_GRAPH_APP_ONLY
EXPORT = Sight(settings=False, plans=False, silence=False, issues=False, activity=False, live=False)
DUMB = Sight(settings=False, sessions=False, messages=False, issues=False, activity=False)
EWS_ENDS = datetime(2026, 11, 25, tzinfo=UTC).timestamp()


def made(
    user: UserFacts | None,
    *,
    access: str | None = GRAPH,
    settings: dict[str, int] | None = None,
    crm: bool | None = True,
    sight: Sight = EVERYTHING,
    now: float = T0,
    causes: tuple[Cause, ...] = (),
    unreadable: str | None = None,
) -> Case:
    """A case of one user in an organization that lists these settings and no other."""
    organization = OrganizationFacts("o1", Switch.ENABLED, access, crm, settings or {})
    view = None
    if user is not None:
        terms = Circumstances(
            1800, HOUR, None, CATALOGUE.owner, Context(access, settings=organization.settings), sight=sight
        )
        view = UserView(user, diagnose(user, terms, now), T0, None)
    return Case(now, sight, CATALOGUE.owner, CATALOGUE.remedy, unreadable, view, organization, causes)


def found(class_: str, owner: Owner, *codes: str, **more: Any) -> Finding:
    return Finding(class_, owner, f"rule-{class_}", codes, **more)


def down(finding: Finding | None = None, **changes: Any) -> UserFacts:
    """Switched off by an error, after a session that failed."""
    return enabled(error=True, last=ended(finding=finding, ok=False), **changes)


def open_(finding: Finding, rows: int = 1, way: tuple[Direction, Operation] | None = None) -> IssueFacts:
    direction, operation = way or (Direction.TO_CRM, Operation.CREATE)
    print_ = f"{finding.class_} {direction} {operation}".encode()
    return IssueFacts(print_, finding, rows, direction, operation)


def off(why: Why) -> dict[str, Any]:
    return {"switched_off": SwitchedOff(T0 - 5 * MINUTE, why), "activity_known": True}


def cut(job: str, ago: float) -> SessionFacts:
    """A session that was interrupted after an hour."""
    finding = found("sync_interrupted", Owner.CLIENT_ADMIN, "SW0001", transient=True)
    return SessionFacts(job, T0 - ago - HOUR, T0 - ago, completed=False, finding=finding)


TOKEN = found("oauth_token_expired", Owner.END_USER, marks=Marks(token_expired=Side.MAILBOX))
ORG_TOKEN = found("oauth_token_expired", Owner.MAIL_ADMIN, marks=Marks(token_expired=Side.MAILBOX))
CRM_TOKEN = found("salesforce_auth", Owner.CLIENT_ADMIN, marks=Marks(token_expired=Side.CRM))
GUARD = found("duplicate_events", Owner.END_USER, "SD0025", marks=Marks(duplicate_guard=True))
FAULT = found("sync_engine_fault", Owner.VENDOR_SUPPORT, "SI0001")
DENIED = found("impersonation_denied", Owner.MAIL_ADMIN, "ErrorImpersonateUserDenied")
FOREIGN = found("impersonation_denied", Owner.MAIL_ADMIN, marks=Marks(organization_wide=True))
REFUSED = found("exchange_access_denied", Owner.MAIL_ADMIN)
BUSY = found("exchange_unavailable", Owner.NOBODY, transient=True)
LIMIT = found("salesforce_limit", Owner.SALESFORCE_ADMIN, "REQUEST_LIMIT_EXCEEDED", transient=True)
WHO_ID = found("salesforce_field_access", Owner.SALESFORCE_ADMIN)
RULE = found("salesforce_validation_rule", Owner.SALESFORCE_ADMIN)
ALL_DAY = found("recurring_all_day_unsupported", Owner.NOBODY)
ORGANIZER = found("organizer_not_synced", Owner.END_USER, "ISE-013")
RECURRING = found("recurring_sync_disabled", Owner.CLIENT_ADMIN)
RECURRING_SF = found("recurring_sync_disabled", Owner.SALESFORCE_ADMIN)
RECURRENT, ANSWERS = "ServiceAutoTrackRecurrentEvents", "ServiceSyncNotRespondedInvitations"
API_COUNT, API_PERCENT = "SalesForceAPICallMinCount", "SalesForceAPICallMinPercent"

NOT_SET_UP = enabled(mailbox=Mailbox.NOT_INITIALIZED, last=None)
PAUSED = {"switch": Switch.DISABLED, "effective": Switch.DISABLED}
SILENT = enabled(last=ended(at=T0 - 3 * HOUR))
TWICE = enabled(last=ended(finding=LIMIT), before=(ended("s0", T0 - HOUR, finding=LIMIT),), before_known=True)
WIDE = (Cause("o1", "impersonation_denied", Owner.MAIL_ADMIN, 80, 80),)

CASES = {
    # D0, D1
    "D0-panel-cannot-be-read": made(None, unreadable="auth: users: HTTP 401"),
    "D1-not-listed": made(None),
    "D1-not-connected-to-salesforce": made(NOT_SET_UP, crm=False),
    "D1-disconnected-and-down": made(down(CRM_TOKEN), crm=False),
    # D2
    "D2-own-logon": made(NOT_SET_UP),
    "D2-impersonated": made(NOT_SET_UP, access=AccessType.EWS_BASIC_IMPERSONATED),
    "D2-app-only": made(NOT_SET_UP, access=APP_ONLY),
    "D2-google-service-account": made(NOT_SET_UP, access=AccessType.GOOGLE_SERVICE_ACCOUNT),
    "D2-access-not-visible": made(NOT_SET_UP, access=None),
    "D2-status-not-known": made(enabled(mailbox=Mailbox.UNKNOWN)),
    # D3
    "D3-status-not-known": made(enabled(effective=Switch.UNKNOWN)),
    "D3a-organization-off": made(enabled(effective=Switch.DISABLED)),
    "D3b-paused-by-a-person": made(enabled(**PAUSED, **off(Why.PERSON))),
    "D3b-paused-activity-not-visible": made(enabled(**PAUSED)),
    "D3b-paused-for-authorization": made(enabled(**PAUSED, **off(Why.AUTHORIZATION)), access=APP_ONLY),
    "D3c-duplicates": made(down(GUARD)),
    "D3c-token-own-logon": made(down(TOKEN)),
    "D3c-token-app-only": made(down(ORG_TOKEN), access=APP_ONLY),
    "D3c-token-access-not-visible": made(down(TOKEN), access=None),
    "D3c-token-of-salesforce": made(down(CRM_TOKEN)),
    "D3c-engine-fault": made(down(FAULT)),
    "D3c-fails-and-is-enabled": made(enabled(last=ended(finding=FAULT))),
    "D3c-impersonation-denied": made(down(DENIED), access=AccessType.EWS_BASIC_IMPERSONATED),
    "D3c-speaks-of-the-organization": made(down(FOREIGN), access=AccessType.EWS_BASIC_IMPERSONATED),
    "D3c-salesforce-limit-settings-not-visible": made(TWICE),
    "D3c-salesforce-limit-settings": made(TWICE, settings={API_COUNT: 0, API_PERCENT: 20}),
    "D3c-transient-again": made(
        enabled(last=ended(finding=BUSY), before=(ended("s0", finding=BUSY),), before_known=True)
    ),
    "D3c-throttled-again": made(
        enabled(last=ended(finding=THROTTLED), before=(ended("s0", finding=BUSY),), before_known=True)
    ),
    "D3c-time-limit": made(
        enabled(last=cut("s3", 0), before=(cut("s2", 2 * HOUR), cut("s1", 4 * HOUR)), before_known=True)
    ),
    "D3c-interrupted-twice": made(
        enabled(last=cut("s3", 0), before=(cut("s2", 2 * HOUR), ended("s1")), before_known=True)
    ),
    "D3c-unclassified": made(down(NOTHING)),
    "D3c-no-text": made(down(None)),
    "D3c-texts-not-visible": made(down(None), sight=Sight(messages=False)),
    "D3c-no-text-authorization-own-logon": made(down(None, **off(Why.AUTHORIZATION))),
    "D3c-no-text-authorization-app-only": made(down(None, **off(Why.AUTHORIZATION)), access=APP_ONLY),
    "D3c-unclassified-throttling": made(down(NOTHING, **off(Why.THROTTLING))),
    "D3c-other-by-activity": made(down(NOTHING, **off(Why.OTHER))),
    "D3c-a-text-speaks-louder-than-activity": made(down(GUARD, **off(Why.AUTHORIZATION))),
    "D3c-down-though-it-completed": made(enabled(error=True)),
    "D3c-sessions-not-visible": made(enabled(condition=Condition.FAILING, last=None), sight=DUMB),
    "D3c-down-in-an-export": made(enabled(error=True, last=None), sight=EXPORT),
    "D3c-with-open-issues": made(down(GUARD, issues=(open_(RULE, 2),))),
    "D3c-organization-wide-cause": made(
        enabled(last=ended(finding=DENIED)), access=AccessType.EWS_BASIC_IMPERSONATED, causes=WIDE
    ),
    "D3c-ews-refused": made(
        enabled(last=ended(at=EWS_ENDS - MINUTE, finding=REFUSED)),
        access=AccessType.M365_EWS_USER, now=EWS_ENDS,
    ),
    "D3c-ews-refused-on-premises": made(
        enabled(last=ended(at=EWS_ENDS - MINUTE, finding=REFUSED)),
        access=AccessType.EWS_BASIC_USER, now=EWS_ENDS,
    ),
    # D3'
    "D3s-silent-settings-not-visible": made(SILENT),
    "D3s-silent-settings": made(SILENT, settings={API_COUNT: 1000, API_PERCENT: 0}),
    "D3s-never-a-session": made(enabled(last=None)),
    "D3s-session-does-not-end": made(enabled(running=Running("r1", T0 - 2 * HOUR))),
    "D3s-sessions-not-visible": made(enabled(last=None), sight=DUMB),
    "D3s-sessions-left-out": made(enabled(last=None), sight=EXPORT),
    # D4
    "D4-field-access": made(enabled(issues=(open_(WHO_ID, 3),))),
    "D4-validation-and-all-day": made(
        enabled(issues=(open_(ALL_DAY), open_(RULE, 2, (Direction.TO_MAILBOX, Operation.UPDATE))))
    ),
    "D4-way-not-visible": made(
        enabled(issues=(open_(NOTHING, 1, (Direction.UNKNOWN, Operation.UNKNOWN)),))
    ),
    "D4a-recurring-switched-off": made(enabled(issues=(open_(RECURRING),)), settings={RECURRENT: 0}),
    "D4a-recurring-setting-not-visible": made(enabled(issues=(open_(RECURRING),))),
    "D4b-recurring-switched-on": made(enabled(issues=(open_(RECURRING_SF),)), settings={RECURRENT: 1}),
    "D4c-organizer-setting-not-visible": made(enabled(issues=(open_(ORGANIZER),))),
    "D4c-organizer-answers-needed": made(enabled(issues=(open_(ORGANIZER),)), settings={ANSWERS: 0}),
    "D4c-organizer-answers-not-needed": made(enabled(issues=(open_(ORGANIZER),)), settings={ANSWERS: 1}),
    # D5 to D7
    "D7-no-issue": made(enabled()),
    "D7-no-issue-others-have-a-cause": made(enabled(), causes=WIDE),
    "D7-issues-not-visible": made(enabled(created=None), sight=Sight(issues=False)),
    "D7-issues-not-read": made(enabled(issue_rows=4)),
    "D7-export-that-completed": made(enabled(), sight=EXPORT),
    "D7-works-by-its-own-word": made(enabled(condition=Condition.UP, last=None), sight=DUMB),
    "D7-failed-once-and-runs": made(enabled(last=ended(finding=THROTTLED), running=Running("r1", T0 - 30))),
    "D7-no-session-due-yet": made(enabled(last=None, created=T0 - MINUTE)),
    "D7-ews-in-microsoft-365": made(
        enabled(last=ended(at=EWS_ENDS - MINUTE)), access=AccessType.M365_EWS_IMPERSONATED, now=EWS_ENDS
    ),
    "D7-ews-before-its-end": made(enabled(), access=AccessType.M365_EWS_USER),
    "D7-ews-on-premises": made(
        enabled(last=ended(at=EWS_ENDS - MINUTE)), access=AccessType.EWS_BASIC_USER, now=EWS_ENDS
    ),
}  # fmt: skip
