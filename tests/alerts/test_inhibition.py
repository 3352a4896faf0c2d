"""Which alert is left unsaid for which other one, as a real Alertmanager does it.

Every alert meets every other one and itself: of the same firm and class, of another firm, of another class and of none.
After a change that is meant: GOLDEN=write pytest tests/alerts.
"""

import os
from collections.abc import Iterator

import pytest

from alerts.alertmanager import CASE, alertmanager
from alerts.alerts import possible, rules
from integration.serving import ROOT

GOLDEN = ROOT / "tests" / "golden" / "alertmanager" / "inhibition.txt"
SAME, OTHER_FIRM, OTHER_CLASS, NO_CLASS = "alike", "of another firm", "of another class", "of no class"
HOW = "how"

RULES = {rule["alert"]: rule for rule in rules()}
SCOPES = {name: rule["labels"]["scope"] for name, rule in RULES.items()}


def likenesses(name: str) -> dict[str, dict[str, str]]:
    """An alert as like as can be to the one that it meets, and in what it may differ; owners inhibit nothing."""
    by_class = {"class" in labels: labels for labels in possible(RULES[name])}
    like = {**by_class.get(True, by_class.get(False, {})), **({"class": "one"} if True in by_class else {})}
    found = {SAME: like}
    if "tenant" in like:
        found[OTHER_FIRM] = {**like, "tenant": "firm-b"}
    if "class" in like:
        found[OTHER_CLASS] = {**like, "class": "two"}
    if len(by_class) == 2:
        found[NO_CLASS] = by_class[False]
    return found


def meetings() -> Iterator[dict[str, str]]:
    for source in RULES:
        for target in RULES:
            case = {CASE: f"{source} {target}"}
            yield {**likenesses(source)[SAME], **case}
            yield from ({**labels, **case, HOW: how} for how, labels in likenesses(target).items())


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with alertmanager(tmp_path_factory.mktemp("alertmanager")) as running:
        yield running


@pytest.fixture(scope="module")
def silenced(server) -> set[tuple[str, str, str]]:
    """Source, target and likeness, where the target stays silent."""
    server.post(list(meetings()))
    found = [alert["labels"] for alert in server.get("alerts?active=false")]
    return {(*labels[CASE].split(), labels[HOW]) for labels in found if HOW in labels}


def told(silenced) -> Iterator[str]:
    """The same in words; a scope that is silenced as a whole is named as one."""
    for source in RULES:
        by_condition: dict[str, list[str]] = {}
        for target in RULES:
            silent = {how for how in likenesses(target) if (source, target, how) in silenced}
            if silent:
                spoken = " or ".join(how for how in likenesses(target) if how not in silent)
                by_condition.setdefault(f", unless {spoken}" if spoken else "", []).append(target)
        whole = {scope for scope in SCOPES.values() if _of(scope) in map(set, _by_scope(by_condition))}
        for condition, targets in by_condition.items():
            yield f"{source} silences{condition}:"
            yield from dict.fromkeys(
                f"  all of scope {SCOPES[target]}" if SCOPES[target] in whole else f"  {target}"
                for target in targets
            )


def _of(scope: str) -> set[str]:
    return {name for name in RULES if SCOPES[name] == scope}


def _by_scope(by_condition: dict[str, list[str]]) -> Iterator[set[str]]:
    """What is silenced under one condition, scope by scope."""
    for targets in by_condition.values():
        yield from (_of(scope) & set(targets) for scope in {SCOPES[target] for target in targets})


def test_who_silences_whom_is_as_the_golden_file_says(silenced):
    said = "\n".join(told(silenced)) + "\n"
    if os.environ.get("GOLDEN") == "write":
        GOLDEN.write_text(said, encoding="utf-8")
    assert said == GOLDEN.read_text(encoding="utf-8")


def test_no_alert_silences_its_own_kind(silenced):
    assert not {source for source, target, _ in silenced if source == target}


def test_no_two_alerts_silence_each_other(silenced):
    pairs = {(source, target) for source, target, _ in silenced}
    assert not {(target, source) for source, target in pairs} & pairs


def test_our_own_blindness_silences_all_that_we_say_of_others_and_nothing_that_we_say_of_ourselves(silenced):
    others = {
        (name, how) for name, scope in SCOPES.items() if scope != "syncwatch" for how in likenesses(name)
    }
    for source in ("SyncwatchAbsent", "SyncwatchPollingStalled", "SyncwatchOffline"):
        assert {(target, how) for by, target, how in silenced if by == source} == others


def test_a_cause_across_firms_silences_it_in_every_firm_and_leaves_other_causes_and_unknown_ones_alone(
    silenced,
):
    hows = {how for source, _, how in silenced if source == "InboxSyncCauseRising"}
    assert hows == {SAME, OTHER_FIRM}


def test_what_is_wrong_with_one_firm_silences_nothing_of_another(silenced):
    for source, target, how in silenced:
        if SCOPES[source] in {"users", "tenant"}:
            assert how != OTHER_FIRM, (source, target)


def test_of_several_pages_about_one_firm_one_is_sent(silenced):
    beaten = {target for source, target, _ in silenced if SCOPES[source] == SCOPES[target] == "users"}
    pages = {
        name
        for name, rule in RULES.items()
        if (rule["labels"]["severity"], SCOPES[name]) == ("page", "users")
    }
    assert pages - beaten == {
        "InboxSyncOrganizationWideCause",
        "InboxSyncTenantSilent",
        "InboxSyncCrmDisconnected",
    }


def test_an_alert_that_is_silent_itself_still_silences_others(server):
    names = ("InboxSyncManyPanelsUnreachable", "InboxSyncPanelUnreachable", "InboxSyncFirmDown")
    server.post([{**likenesses(name)[SAME], CASE: "chain"} for name in names])
    found = server.get("alerts?active=false&filter=case%3Dchain")
    assert {alert["labels"]["alertname"] for alert in found} == set(names[1:])
