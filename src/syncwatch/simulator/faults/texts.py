"""Right answers with hostile texts in them: what would forge a log line, a metric, a terminal, or hold up a pattern.

Names and addresses are replaced, messages are followed by the text, so that what they mean does not change.
"""

from syncwatch.simulator.faults.fault import CONFIDENTIAL, USERS, Act, Fault
from syncwatch.simulator.faults.pages import EACH, Row, of_rows

_FORGED_LOG = '\n{"event": "forged", "level": "error", "text": "%s"}\n' % CONFIDENTIAL  # noqa: UP031 - braces
_FORGED_METRIC = f'"}} 1\ninboxsync_forged{{tenant="{CONFIDENTIAL}"}} 1\n# TYPE forged counter\n'
_ANSI = f"\x1b[2J\x1b]0;{CONFIDENTIAL}\x07\x1b[31m"
_CONTROLS = "".join(map(chr, range(32))) + f"\x7f\x80\x9f{CONFIDENTIAL}"
_RIGHT_TO_LEFT = f"\u202e\u2066{CONFIDENTIAL}\u2069\u200b\ufeff"
_REPEATED = "aaaaaaaaaa " * 3_000 + "((((" * 2_000 + "<*> " * 2_000 + "!"


def _text(hostile: str) -> Act:
    def change(row: Row) -> None:
        row["name"] = f"{CONFIDENTIAL} {hostile}"
        row["email"] = f"{hostile}@{CONFIDENTIAL}.example"
        session = row["lastSession"]
        if session is not None and session.get("message"):
            session["message"] += f" {hostile}"

    return of_rows(change)


def _ids(hostile: str) -> Act:
    def change(row: Row) -> None:
        row["userId"] += hostile

    return of_rows(change, each=EACH)


FAULTS = (
    Fault("control_characters", "writes control characters in texts", _text(_CONTROLS), USERS),
    Fault("ansi_escapes", "writes what clears a terminal in texts", _text(_ANSI), USERS),
    Fault("forged_log", "writes lines of a log in texts", _text(_FORGED_LOG), USERS),
    Fault("forged_metric", "writes samples in texts", _text(_FORGED_METRIC), USERS),
    Fault("right_to_left", "writes marks that turn the direction of writing in texts", _text(_RIGHT_TO_LEFT), USERS),
    Fault("repetition", "writes texts that hold up a pattern", _text(_REPEATED), USERS),
    Fault("forged_log_id", "writes lines of a log in the id of every third user", _ids(_FORGED_LOG), USERS),
    Fault("forged_metric_id", "writes samples in the id of every third user", _ids(_FORGED_METRIC), USERS),
    Fault("ansi_id", "writes what clears a terminal in the id of every third user", _ids(_ANSI), USERS),
)  # fmt: skip
