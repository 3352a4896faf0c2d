"""Writes the pages of docs/ that are made from the code: states and metrics. `--check` only says whether they drifted.

Nothing here is asserted a second time: states come from asking the tree about every combination, metrics from the
table that the exposition renders by, and when a family is absent from rendering it in each situation, with each
thing that a panel may not show left out in turn.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import product
from pathlib import Path

from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from syncwatch.classification.catalogue import ClassEntry
from syncwatch.clock import SystemClock
from syncwatch.diagnosis.states import Circumstances, diagnose
from syncwatch.errors import MEANINGS, Reason
from syncwatch.exposition.board import Board
from syncwatch.exposition.discovery import DiscoveryMeters
from syncwatch.exposition.families import Family, Health, Subject, Tenant, families
from syncwatch.exposition.journal import JournalMeters
from syncwatch.exposition.own import OwnMeters, new_registry
from syncwatch.exposition.page import CLASS_INFO_HELP, Page
from syncwatch.model import (
    NO_CONTEXT,
    UNCLASSIFIED,
    Cause,
    Condition,
    Context,
    Finding,
    IssueFacts,
    Mailbox,
    OrganizationFacts,
    Owner,
    Running,
    SessionFacts,
    State,
    Switch,
    SwitchedOff,
    UserFacts,
    Verdict,
    Why,
)
from syncwatch.polling.meters import PollMeters
from syncwatch.rows import EVERYTHING, Sight
from syncwatch.setup import load_ruleset
from syncwatch.state.memory import Counters, TenantMemory, UserMemory
from syncwatch.state.snapshot import Snapshot

DOCS = Path(__file__).parents[1] / "docs"
NOTICE = "<!-- Made by scripts/docs.py; change the code, not this page. -->"

NOW, MINUTE = 1_000_000.0, 60.0
INTERVAL, LONGEST = 30 * MINUTE, 60 * MINUTE
TEXT = Finding("oauth_token_expired", Owner.END_USER)
CUT = Finding("sync_interrupted", Owner.CLIENT_ADMIN, transient=True)
PASSING = Finding("exchange_throttled", Owner.NOBODY, transient=True)


def main() -> int:
    """Write or check; 1 if a page is not what the code says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "pages", nargs="*", metavar="PAGE", help=f"of {', '.join(PAGES)}; all if none is named"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 on drift")
    asked = parser.parse_args()
    if unknown := set(asked.pages) - PAGES.keys():
        parser.error(f"there is no page {', '.join(sorted(unknown))}")
    drifted = [name for name in asked.pages or PAGES if not _current(name, write=not asked.check)]
    for name in drifted:
        print(f"docs/{name}.md {'differs from the code' if asked.check else 'written'}")
    return 1 if drifted and asked.check else 0


def _current(name: str, *, write: bool) -> bool:
    page, file = "\n".join(PAGES[name]()) + "\n", DOCS / f"{name}.md"
    same = file.exists() and file.read_text(encoding="utf-8") == page
    if write and not same:
        file.write_text(page, encoding="utf-8")
    return same


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """A Markdown table."""
    names = list(head)
    for cells in (names, ["---"] * len(names), *rows):
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def states() -> Iterator[str]:
    """Every combination of statuses, and of sessions where the statuses leave it to them."""
    yield f"# States\n\n{NOTICE}\n"
    yield "Every user is in exactly one state. The statuses that the panel shows decide first; where they say that the"
    yield "sync should run, or that an error stopped it, the sessions say the rest. `sessions` stands for the last table.\n"
    for mailbox, error in product(Mailbox, (False, True)):
        yield f"## Mailbox `{mailbox}`, flag *Disabled due to an error* {'set' if error else 'not set'}\n"
        yield from table(
            ["own switch \\ effective", *Switch],
            (
                [f"**{switch}**", *(_cell(mailbox, switch, effective, error=error) for effective in Switch)]
                for switch in Switch
            ),
        )
        yield ""
    yield "## Sessions\n"
    yield f"For a plan interval of {INTERVAL / MINUTE:g} minutes and a longest session of {LONGEST / MINUTE:g}. An owner is"
    yield "that of the message's rule, or the class's own where no message speaks.\n"
    yield from table(
        ["sessions", "sync enabled", "sync disabled due to an error"], map(_situation, SITUATIONS)
    )
    yield from _unseen()


def _unseen() -> Iterator[str]:
    """The same where a panel does not show everything."""
    yield "\n## No effective status\n"
    yield "Where the panel does not show it, it follows from the own switch, the error flag and the organization's switch,"
    yield "as here for an initialized mailbox without the flag; with it every known switch is `down`. None: the user names"
    yield "no organization, or the panel lists none. Unknown: also an organization that the list does not have.\n"
    yield from table(
        ["own switch \\ organization", "none", *Switch],
        (
            [f"**{switch}**", *(_worked_out(switch, organization) for organization in (None, *Switch))]
            for switch in Switch
        ),
    )
    yield "\n## No sessions\n"
    yield "Where the panel shows no sessions, what it says of the sync itself counts, and time alone changes nothing. For a"
    yield "user whose sync is enabled:\n"
    hidden = replace(_circumstances(), sight=Sight(sessions=False))
    words = {each: replace(_ON, last=None, condition=each) for each in (None, *Condition)}
    yield from table(
        ["the panel's own word", "state"],
        ([f"**{each}**" if each else "none", _said(user, hidden)] for each, user in words.items()),
    )
    yield "\n## Sessions that may be left out\n"
    yield "An export may leave sessions out, such as those that went well. Then a user of whom none is shown did not stall:"
    yield "what the panel itself says of the sync counts, and else nothing is known. For a user whose sync is enabled:\n"
    part = replace(_circumstances(), sight=Sight(silence=False))
    yield from table(
        ["sessions", "no word of the panel's own", "its word is `up`", "its word is `failing`"],
        (
            [name, *(_said(replace(user, condition=word), part) for word in (None, *KNOWN_WORDS))]
            for name, user in SITUATIONS.items()
        ),
    )


def _worked_out(switch: Switch, organization: Switch | None) -> str:
    user = replace(_ON, switch=switch, effective=None)
    state = diagnose(user, replace(_circumstances(), organization=organization), NOW).state
    return "sessions" if (switch, state) == (Switch.ENABLED, State.UP) else f"`{state}`"


def _ended(ago: float = MINUTE, finding: Finding | None = None, *, completed: bool = True) -> SessionFacts:
    return SessionFacts("s", NOW - ago - 30, NOW - ago, completed, finding)


def _cut(ago: float) -> SessionFacts:
    return SessionFacts("s", NOW - ago - LONGEST, NOW - ago, completed=False, finding=CUT)


_ON = UserFacts(
    "u", mailbox=Mailbox.INITIALIZED, switch=Switch.ENABLED, effective=Switch.ENABLED, last=_ended()
)


def _user(**changes: object) -> UserFacts:
    return replace(_ON, **changes)


KNOWN_WORDS = (Condition.UP, Condition.FAILING)
SITUATIONS: dict[str, UserFacts] = {
    "the last one completed, with or without issues": _user(),
    "the last one failed": _user(last=_ended(finding=TEXT, completed=False)),
    "the last one failed without a message": _user(last=_ended(completed=False)),
    "the last one failed for a transient class, the one before did not fail": _user(
        last=_ended(finding=PASSING, completed=False), before=(_ended(INTERVAL),), before_known=True
    ),
    "the last one failed for a transient class, the one before failed too": _user(
        last=_ended(finding=PASSING, completed=False),
        before=(_ended(INTERVAL, TEXT, completed=False),),
        before_known=True,
    ),
    "the last three were interrupted after nearly as long as a session may take": _user(
        last=_cut(MINUTE), before=(_cut(INTERVAL + LONGEST), _cut(2 * INTERVAL + 2 * LONGEST))
    ),
    "the last one failed without a message; by the Activity tab, authorization": _user(
        last=_ended(completed=False), switched_off=SwitchedOff(NOW, Why.AUTHORIZATION)
    ),
    "the last one failed without a message; by the Activity tab, throttling": _user(
        last=_ended(completed=False), switched_off=SwitchedOff(NOW, Why.THROTTLING)
    ),
    "none yet, created just now": _user(last=None, created=NOW - MINUTE),
    "none yet, created two plan intervals and 15 minutes ago": _user(last=None, created=NOW - 75 * MINUTE),
    "none ended within two plan intervals and 15 minutes": _user(last=_ended(75 * MINUTE)),
    "one runs, the last ended one failed": _user(
        last=_ended(finding=TEXT, completed=False), running=Running("r", NOW - MINUTE)
    ),
    "one runs for longer than the longest session": _user(running=Running("r", NOW - LONGEST)),
    "the newest one has a status that the profile does not know, or is of the future": _user(
        odd_session=True
    ),
}


@cache
def _circumstances() -> Circumstances:
    return Circumstances(INTERVAL, LONGEST, None, _owner_of)


def _owner_of(class_: str, _: Context = NO_CONTEXT) -> Owner:
    return _classes()[class_].owner


@cache
def _classes() -> Mapping[str, ClassEntry]:
    return load_ruleset().catalogue.classes


def _cell(mailbox: Mailbox, switch: Switch, effective: Switch, *, error: bool) -> str:
    statuses = {"mailbox": mailbox, "switch": switch, "effective": effective, "error": error}
    terms = _circumstances()
    known = [user for user in SITUATIONS.values() if not user.odd_session]
    found = {diagnose(replace(user, **statuses), terms, NOW).state for user in known}
    return f"`{found.pop()}`" if len(found) == 1 else "sessions"


def _situation(name: str) -> tuple[str, str, str]:
    terms, user = _circumstances(), SITUATIONS[name]
    return name, _said(user, terms), _said(replace(user, error=True), terms)


def _said(user: UserFacts, terms: Circumstances) -> str:
    verdict = diagnose(user, terms, NOW)
    said = f"`{verdict.state}`"
    if verdict.class_ is None:
        return said
    if verdict.finding is not None and verdict.finding.class_ == verdict.class_:
        return f"{said}, class and owner of the message"
    return f"{said}, class `{verdict.class_}`, owner `{verdict.owner}`"


def metrics() -> Iterator[str]:
    """Every family of the page: of the tenants, the catalogue, and the daemon's own."""
    yield f"# Metrics\n\n{NOTICE}\n"
    yield "`inboxsync_` is the watched world, `syncwatch_` the daemon. All times are Unix seconds."
    yield "What a tenant's panel does not show is absent, never zero.\n"
    yield "## By tenant\n"
    yield "All have the label `tenant`; `inboxsync_tenant_info` also has every other label that is configured.\n"
    head = ["name", "type", "labels", "what it says", "when it is absent"]
    yield from table(head, map(_family, families(("region", "team", "tier"))))
    yield "\n## The catalogue\n"
    labels = "`class`, `owner`, `area`, `severity`, `remedy`, `by_design`"
    yield from table(head, [["`inboxsync_class_info`", "gauge", labels, CLASS_INFO_HELP, "never"]])
    yield "\n## The daemon\n"
    yield "A labelled series is absent until it has a first value.\n"
    yield from table(head[:4], _registered())
    yield "\n## Reasons\n"
    yield "Why a poll failed or was incomplete: the label `reason`, and `code` where there was no answer.\n"
    yield from table(["reason", "what happened"], ([f"`{reason}`", MEANINGS[reason]] for reason in Reason))


def _family(family: Family) -> list[str]:
    labels = ", ".join(f"`{label}`" for label in ("tenant", *family.labels))
    return [f"`{family.name}`", family.kind, labels, family.help, "; ".join(_absent(family)) or "never"]


def _absent(family: Family) -> Iterator[str]:
    """When a family has no sample, found out by asking it in each situation."""
    failed = Health(up=False, last_poll=NOW, duration=1.0, polls=1, failures={"dns": 1})
    if not _labels(family, _subject(calm=True)):
        yield "while there is none"
    elif not _labels(family, _subject(failed)):
        yield "before the first poll that could be read"
    elif not _labels(family, _subject(Health())):
        yield "before the first poll"
    if _labels(family, _subject(calm=True)) and not _labels(family, _subject(calm=True, baseline=False)):
        yield "before every user's issues were read once"
    if not _labels(family, _subject()._replace(counters=None)):
        yield "before the journal was read"
    yield from _not_shown(family)
    if not family.kept:
        yield "when the data is stale"


def _not_shown(family: Family) -> Iterator[str]:
    """What a panel may not show, so that some or all samples of the family are absent, never zero."""
    everything = _labels(family, _subject())
    for wording, subject in _unseen_subjects().items():
        left = _labels(family, subject)
        if everything and not left:
            yield wording
        elif gone := sorted(everything - left):
            yield f"{', '.join(f'`{value}`' for labels in gone for value in labels)} {wording}"


def _labels(family: Family, subject: Subject) -> set[tuple[str, ...]]:
    """The label values of each of the family's samples."""
    return {labels for labels, _ in family.samples(subject)}


GOOD = Health(up=True, data=NOW, last_poll=NOW, last_success=NOW, duration=1.0, polls=1)
FIRM = OrganizationFacts("o", Switch.ENABLED, "m365_graph_user", crm_connected=True)


def _subject(
    health: Health = GOOD,
    sight: Sight = EVERYTHING,
    firm: OrganizationFacts = FIRM,
    *,
    calm: bool = False,
    baseline: bool = True,
) -> Subject:
    """A tenant with one of everything, or a `calm` one without users."""
    issues = (IssueFacts(b"i", TEXT),)
    user = replace(_ON, organization=FIRM.id, issues=issues, last=_ended(finding=TEXT, completed=False))
    down = Verdict(State.DOWN, TEXT.class_, TEXT.owner, finding=TEXT)
    users = {} if calm else {user.id: UserMemory(user, down.state, NOW, down_since=NOW)}
    users |= {} if calm else {"v": UserMemory(replace(_ON, id="v", organization=FIRM.id), State.UP, NOW)}
    causes = () if calm else (Cause(firm.id, TEXT.class_, TEXT.owner, 1, 2),)
    memory = TenantMemory(baseline=baseline, users=users, organizations={firm.id: firm}, causes=causes)
    verdicts = {} if calm else {"u": down, "v": Verdict(State.UP)}
    owner = _owner_of(UNCLASSIFIED)
    counts = Snapshot("t", NOW, memory, verdicts, owner, sight=sight).counts() if health.data else None
    return Subject(Tenant("t", "p", {}, 1, 1), health, Counters(), counts, sight)


@cache
def _unseen_subjects() -> dict[str, Subject]:
    """A tenant with one of everything, by what its panel does not show of it."""
    return {
        "where the panel shows no sessions": _subject(sight=Sight(sessions=False)),
        "where the panel may leave sessions out": _subject(sight=Sight(silence=False)),
        "where the panel shows no messages of sessions": _subject(sight=Sight(messages=False)),
        "where the panel shows no issues": _subject(sight=Sight(issues=False)),
        "where nothing names a mailbox access type": _subject(firm=replace(FIRM, access_type=None)),
        "where no organization says whether it is connected": _subject(
            firm=replace(FIRM, crm_connected=None)
        ),
    }


def _registered() -> Iterator[list[str]]:
    registry = _registry()
    for collector in registry._collector_to_names:  # noqa: SLF001 - there is no public way to list label names
        names = getattr(collector, "_labelnames", None)
        for metric in collector.collect():
            labels = {label for sample in metric.samples for label in sample.labels} - {"le"}
            shown = ", ".join(f"`{label}`" for label in (sorted(labels) if names is None else names))
            name = f"{metric.name}_total" if metric.type == "counter" else metric.name
            yield [f"`{name}`", metric.type, shown, metric.documentation]


def _registry() -> CollectorRegistry:
    registry, clock = new_registry(), SystemClock()
    OwnMeters(registry, "")
    PollMeters(registry, [])
    JournalMeters(registry)
    DiscoveryMeters(registry)
    Page(Board(clock), registry, clock)
    return registry


PAGES: dict[str, Callable[[], Iterator[str]]] = {"states": states, "metrics": metrics}

if __name__ == "__main__":
    sys.exit(main())
