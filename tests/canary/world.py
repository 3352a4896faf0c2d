"""A panel that plants confidential things in every place of its answers."""

import csv
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from canary.planted import (
    ADDRESS,
    CLIENT_SECRET,
    FIRM_NAME,
    IN_401,
    ORDINARY_ADDRESS,
    ORDINARY_HOST,
    PERSON,
    QUOTED,
    SUBJECT,
    TECHNICAL,
)
from integration.bench import Person, firm
from integration.firm_x import issue
from integration.other_panel import Firm, Row

TEXTS = (
    f"Blorp: the quux of {QUOTED} is not frobnicated",
    f"Blorp: the quux of {SUBJECT} is not frobnicated",
    f'Blorp: the quux of "{SUBJECT}" by {PERSON} <{ADDRESS}> is not frobnicated',
    f"SD0025: Synchronization was stopped in order to prevent creation of duplicates for: {QUOTED} in Salesforce",
    f"synchronization was stopped in order to not produce duplicates for: {SUBJECT} in 'C4C' review {SUBJECT}",
    f"first error: FIELD_CUSTOM_VALIDATION_EXCEPTION, {SUBJECT}: [{PERSON}]",
    f"ErrorNonExistentMailbox: no mailbox is associated with {ADDRESS}",
    f"Detected: 1 conflict(s), 0 duplicate(s), 1 issue(s) (SW0002) {QUOTED}",
    SUBJECT,
    ADDRESS,
)
EVERYWHERE = f"{SUBJECT} {PERSON} {ADDRESS}"
ABOUT_TECHNICAL = (
    f"Blorp: the item {TECHNICAL} was written to the queue of {PERSON}",
    f"Blorp: the item \u201c{TECHNICAL.upper()}\u201d was written to the queue of {ADDRESS}",
)
OF_ORDINARY_WORDS = (
    *(ORDINARY_ADDRESS, ORDINARY_ADDRESS.upper(), f"mailto:{ORDINARY_ADDRESS}", f"<{ORDINARY_ADDRESS}>,"),
    *(ORDINARY_ADDRESS.replace("@", at) for at in ("\uff20", "%40", " @ ", "&#64;", "[at]")),
    *(f"{ORDINARY_ADDRESS}.", f"b\u00fccher.{ORDINARY_HOST}", f"SMTP:{ORDINARY_HOST}\\{ORDINARY_ADDRESS}"),
    *(
        ORDINARY_HOST,
        f"https://{ORDINARY_HOST}/sites/may?bill=may",
        rf"\\{ORDINARY_HOST}\may",
        f"({ORDINARY_HOST}:443)",
    ),
    f"/o=Bill/ou=May/cn={ORDINARY_HOST}",
)
ABOUT_ORDINARY = tuple(f"The attendee {each} was written to the queue" for each in OF_ORDINARY_WORDS)
AS_ODD_VALUES: tuple[dict[str, Any], ...] = (
    {"mailboxStatus": EVERYWHERE},
    {"synchronizationStatus": EVERYWHERE},
    {"effectiveSynchronizationStatus": ADDRESS},
    {"mailboxAccessType": SUBJECT},
    {"issues": EVERYWHERE},
    {"createdOn": SUBJECT},
    {"disabledDueToError": SUBJECT},
    {"lastSession": SUBJECT},
    {"lastSession": {"jobId": "j", "startedAt": ADDRESS, "status": "errors", "message": SUBJECT}},
    {"lastSession": {"jobId": "j", "startedAt": "2026-01-01T00:00:00Z", "endedAt": None, "status": PERSON}},
    {SUBJECT: {ADDRESS: [PERSON]}},
)


USERS_CSV = (
    "User ID",
    "Name",
    "Email",
    "Organization",
    "Synchronization status",
    "Mailbox status",
    "Account Logon",
)
SESSIONS_CSV = (
    *("Job ID", "User", "Synchronization start date", "Synchronization end date", "Status", "Message"),
    *(SUBJECT, "Exception"),
)


def planted_exports(folder: Path) -> None:
    """Exports of a firm whose every text is planted, headings and the folder's name too; ids alone are not."""
    folder.mkdir(parents=True)
    now = datetime.now(UTC)
    users, sessions = [USERS_CSV], [SESSIONS_CSV]
    for number, text in enumerate(TEXTS):
        address = f"{number}.{ADDRESS}"
        users.append((f"x-{number}", PERSON, address, FIRM_NAME, "Enabled", "Initialized", PERSON))
        start, end = ((now - timedelta(minutes=age)).isoformat() for age in (6, 5))
        sessions.append((f"j-{number}", address, start, end, "errors", text, SUBJECT, EVERYWHERE))
    users += [
        ("odd-0", PERSON, "odd", FIRM_NAME, EVERYWHERE, ADDRESS, PERSON),
        ("", PERSON, ADDRESS, FIRM_NAME, "Enabled", "Initialized", PERSON),
    ]
    sessions += [
        ("j-odd", PERSON, SUBJECT, ADDRESS, PERSON, SUBJECT, SUBJECT, SUBJECT),
        (SUBJECT, PERSON, now.isoformat(), "", PERSON, SUBJECT, SUBJECT, SUBJECT),
    ]
    organizations = [("Name", "Synchronization status"), (FIRM_NAME, "Enabled"), (ADDRESS, FIRM_NAME)]
    for name, rows in (("organizations", organizations), ("users", users), ("sessions", sessions)):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows(rows)


def exports() -> dict[str, str]:
    """The same as files: every cell is planted that is no id, time or one of the panel's own words."""
    people = "".join(
        f'u-{n},"{PERSON}",{ADDRESS},"{FIRM_NAME}",{status},"{SUBJECT}","{PERSON}"\n'
        for n, status in enumerate(("Enabled", "Enabled", "Disabled", SUBJECT, PERSON, FIRM_NAME) * 3)
    )
    runs = "".join(
        f'"{who}",2026-01-0{n}T10:00:00Z,finished,"{SUBJECT}"\n'
        for n, who in enumerate((PERSON, ADDRESS, SUBJECT), 1)
    )
    firms = f'"{FIRM_NAME}",Enabled,"{PERSON}"\n"{PERSON}","{FIRM_NAME}","{SUBJECT}"\n'
    return {
        "organizations.csv": f"Name,Synchronization status,Mailbox access type\n{firms}",
        "users.csv": f"User ID,Name,Email,Profile,State,Mailbox status,Synchronization status\n{people}",
        "sessions.csv": f"User,Synchronization start date,Status,Message\n{runs}",
    }


def planted_issue(text: str) -> Row:
    return issue(text, name=SUBJECT, type=PERSON, direction=ADDRESS, operation=SUBJECT, errorCode=PERSON)


def planted_settings() -> list[Row]:
    """Settings whose names and values are planted, and one that is kept."""
    values = {"ServiceAutoTrackRecurrentEvents": "1", "SalesForceAPICallMinCount": ADDRESS}
    rows: list[Row] = [{"name": name, "value": value, "mode": PERSON} for name, value in values.items()]
    return [
        *rows,
        {"name": "ServiceAutoTrackBlacklist", "value": EVERYWHERE},
        {"name": SUBJECT, "value": 1},
        {"name": FIRM_NAME},
        {"name": [SUBJECT], "value": PERSON},
    ]


def planted_activity(number: int) -> list[Row]:
    """Who switched the user off, and details that nobody knows; with one that the profile does."""
    known = "User synchronization is disabled due to authorization error"
    rows: list[Row] = [
        {"date": "2026-01-01T00:00:00Z", "details": each} for each in (EVERYWHERE, PERSON, known)
    ]
    return [{"changedBy": ADDRESS, "type": PERSON, **row} for row in (*rows, {"date": SUBJECT})[number % 2 :]]


def confidential() -> Firm:
    """A firm whose every text is planted; ids alone are not."""
    planted = firm()
    planted.client_secret = CLIENT_SECRET
    planted.error_body = f'{{"error": {{"type": "{IN_401}", "message": "{SUBJECT} {ADDRESS}"}}}}'.encode()
    named = {"name": FIRM_NAME, "externalId": ADDRESS}
    planted.organizations[0] |= {**named, "mailboxAccessType": FIRM_NAME, "crmConnection": PERSON}
    planted.organizations.append({"id": "org-2", **named, "synchronizationStatus": FIRM_NAME})
    planted.settings = {"org": planted_settings(), "org-2": planted_settings()}
    planted.plans[0] |= named
    planted.plans.append({"id": "plan-2", **named, "synchronizationIntervalSeconds": SUBJECT})
    for number, text in enumerate(TEXTS):
        person = Person(planted, time.time, f"u-{number}")
        person.row |= {"name": PERSON, "email": ADDRESS, "updatedOn": SUBJECT}
        tab = [planted_issue(each) for each in TEXTS] + [{"errorText": [SUBJECT]}]
        tab += [planted_issue(each) | {"name": TECHNICAL} for each in (*ABOUT_TECHNICAL, *ABOUT_ORDINARY)]
        person.runs(text, tab=tab)
        session = person.row["lastSession"]
        session |= {"scope": SUBJECT, "errorSource": PERSON, "errorCategory": ADDRESS}
        if number % 2:  # in the sessions table only
            person.row["lastSession"] = {**session, "message": None}
        if number >= len(TEXTS) // 2:
            person.row |= {"effectiveSynchronizationStatus": "Disabled due to an error"}
            planted.activity[f"u-{number}"] = planted_activity(number)
    for number, change in enumerate(AS_ODD_VALUES):
        person = Person(planted, time.time, f"odd-{number}")
        person.runs(SUBJECT)
        person.row |= change
    return planted
