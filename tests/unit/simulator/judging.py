"""A reader of a few lines, who knows no world: the state of a user, from what a panel shows."""

import re
from datetime import datetime

COMPLETED = re.compile(r"\(SW000[024]\)$|^SW000[02]: |^Detected: |^SE\d{4}: ")
PASSING = re.compile(
    r"SW0001|ErrorServerBusy|ErrorMailboxMoveInProgress|ErrorMailboxStoreUnavailable|UNABLE_TO_LOCK_ROW|"
    r"Limit exceeded|name could not be resolved|connection attempt failed",
)


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def completed(session: dict) -> bool:
    return session["status"] == "finished" or bool(COMPLETED.search(session["message"] or ""))


def judge(user: dict, organization: dict, interval: float, sessions: list[dict], now: float) -> str:
    """The state of a user, from rows as the contract has them."""
    running = [one for one in sessions if one["status"] == "running"]
    ended = [one for one in sessions if one["status"] != "running"]
    silent_since = seconds(ended[0]["endedAt"] if ended else user["createdOn"])
    too_long = any(now - seconds(one["startedAt"]) > 3600 for one in running)
    failed = bool(ended) and not completed(ended[0])
    excused = (
        failed and PASSING.search(ended[0]["message"] or "") and (len(ended) == 1 or completed(ended[1]))
    )
    chain = {
        "unknown": user["mailboxStatus"] == "Migrating" or user["synchronizationStatus"] == "Suspended",
        "not_initialized": user["mailboxStatus"] == "Not initialized",
        "down": user["disabledDueToError"],
        "paused": user["synchronizationStatus"] == "Disabled",
        "organization_off": organization["synchronizationStatus"] == "Disabled",
        "stalled": too_long or now - silent_since > 2 * interval + 900,
        "failing": failed and not excused,
        "up": True,
    }
    return next(state for state, fits in chain.items() if fits)
