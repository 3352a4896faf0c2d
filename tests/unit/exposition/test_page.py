"""Whole pages against golden files. After a change that is meant: GOLDEN=write pytest tests/unit/exposition."""

import gzip
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from syncwatch.errors import Reason
from syncwatch.exposition.board import Board, Polled
from syncwatch.exposition.families import Tenant
from syncwatch.exposition.own import OwnMeters, new_registry
from syncwatch.exposition.page import Page, compressed
from syncwatch.model import Cause, IssueFacts, Mailbox, OrganizationFacts, Owner, State, Verdict
from syncwatch.rows import EVERYTHING, Sight
from syncwatch.state.journal import Recalled
from syncwatch.state.memory import Counters, TenantMemory, UserMemory
from syncwatch.state.snapshot import Snapshot
from unit.given import DAY, GUARD, HOUR, REQUIRED, T0, TOKEN, VirtualClock, enabled, ended, failed

GOLDEN = Path(__file__).parents[2] / "golden"
LABELS = ("note", "region", "team", "tier")
STALE = 900.0


def tenant(id_: str = "firm-1", sight: Sight = EVERYTHING, **labels: str) -> Tenant:
    named = {"region": "", "team": "", "tier": "", **labels}
    return Tenant(id_, "litify-inbox", named, 300.0, STALE, sight)


def picture(time: float = T0, *, baseline: bool = True, sight: Sight = EVERYTHING) -> Snapshot:
    """A firm in which something of everything is the matter."""
    tab = (IssueFacts(b"1" * 12, REQUIRED, 2), IssueFacts(b"2" * 12, GUARD))
    states = [
        (enabled(issues=tab), Verdict(State.UP)),
        (
            enabled(id="u2", last=ended(finding=TOKEN)),
            Verdict(State.DOWN, TOKEN.class_, TOKEN.owner, finding=TOKEN),
        ),
        (enabled(id="u3", last=ended(at=T0 - DAY)), Verdict(State.STALLED, "no_recent_session", GUARD.owner)),
        (enabled(id="u4", mailbox=Mailbox.NOT_INITIALIZED, last=None), Verdict(State.NOT_INITIALIZED)),
    ]
    users = {
        facts.id: UserMemory(facts, v.state, T0 - 8 * DAY, down_since=T0 - HOUR if v.class_ else None)
        for facts, v in states
    }
    organizations = {"o1": OrganizationFacts("o1", access_type="m365_graph_user", crm_connected=False)}
    causes = (Cause("o1", TOKEN.class_, TOKEN.owner, 5, 9), Cause("o2", TOKEN.class_, TOKEN.owner, 7, 7))
    memory = TenantMemory(baseline=baseline, users=users, organizations=organizations, causes=causes)
    verdicts = {facts.id: verdict for facts, verdict in states}
    return Snapshot("firm-1", time, memory, verdicts, Owner.VENDOR_SUPPORT, sight=sight)


def polled(snapshot: Snapshot | None = None, *, error=None, started: float = T0) -> Polled:
    counters = Counters(7, 3, 5, {"user": 1}, {"mailbox": 2})
    sight = snapshot.sight if snapshot else EVERYTHING
    return Polled(snapshot, counters, started, 0.25, error, truncated=False, sight=sight)


class Shown:
    """A page over a board, with one figure of the daemon's own."""

    def __init__(self, *tenants: Tenant) -> None:
        self.clock = VirtualClock()
        self.board = Board(self.clock)
        self.board.apply(tenants or (tenant(),), LABELS)
        registry = CollectorRegistry()
        Counter("syncwatch_things_total", "Things.", registry=registry).inc(2)
        self.page = Page(self.board, registry, self.clock)
        self.page.describe(
            {("oauth_token_expired", "end_user"): ("mailbox", "warning", 'Say "hello".', "false")}
        )

    def body(self, *, openmetrics: bool = False) -> str:
        return self.page.body(openmetrics=openmetrics).decode()

    def of_tenants(self) -> list[str]:
        return [line for line in self.body().splitlines() if "{tenant=" in line]

    def samples(self) -> dict[str, float]:
        return {
            f"{sample.name}{sorted(sample.labels.items())}": sample.value
            for family in parse_text(self.body())
            for sample in family.samples
        }

    def names(self) -> set[str]:
        return {sample.partition("[")[0] for sample in self.samples()}


@pytest.fixture(autouse=True)
def no_created_series() -> Iterator[None]:
    new_registry()
    return


@pytest.fixture
def shown() -> Shown:
    return Shown()


def agrees(name: str, body: str) -> None:
    golden = GOLDEN / name
    if os.environ.get("GOLDEN") == "write":
        golden.write_text(body, encoding="utf-8")
    assert body == golden.read_text(encoding="utf-8")


def test_before_the_journal_was_read_nothing_is_counted_and_then_what_it_has(shown):
    counters = {"inboxsync_sessions_total", "inboxsync_issues_seen_total", "inboxsync_token_expiries_total"}
    success = "inboxsync_tenant_last_poll_success_timestamp_seconds"
    assert not shown.names() & {*counters, success}
    shown.board.recall({"firm-1": Recalled(Counters(sessions=7), T0)})
    assert shown.names() > {*counters, success}
    assert 'inboxsync_sessions_total{tenant="firm-1"} 7' in shown.body()
    shown.board.publish("firm-1", replace(polled(picture()), counters=None))
    assert 'inboxsync_sessions_total{tenant="firm-1"} 7' in shown.body(), "the journal is away"
    assert 'inboxsync_users{tenant="firm-1",state="up"} 1' in shown.body()


def test_before_the_first_poll_there_is_no_picture(shown):
    shown.board.recall({})
    agrees("before-the-first-poll.txt", shown.body())
    assert not shown.names() & {
        "inboxsync_tenant_up",
        "inboxsync_users",
        "inboxsync_tenant_data_timestamp_seconds",
    }


def test_after_a_good_poll(shown):
    shown.board.publish("firm-1", polled(picture()))
    agrees("after-a-good-poll.txt", shown.body())
    agrees("after-a-good-poll.openmetrics.txt", shown.body(openmetrics=True))


def test_after_a_failed_poll_the_picture_before_stays(shown):
    shown.board.publish("firm-1", polled(picture()))
    shown.board.publish("firm-1", polled(error=failed(Reason.TIMEOUT), started=T0 + 300))
    agrees("after-a-failed-poll.txt", shown.body())


class ShiftedClock(VirtualClock):
    """One whose wall clock somebody has set."""

    shift = 0.0

    def now(self) -> float:
        return self.time + self.shift


def test_a_wall_clock_that_is_set_back_keeps_no_old_data_alive(shown):
    shown.board._clock = clock = ShiftedClock()
    shown.board.publish("firm-1", polled(picture()))
    fresh = shown.names()
    clock.shift = -3600.0
    clock.time = T0 + STALE
    assert shown.names() == fresh
    clock.time = T0 + STALE + 1
    assert "inboxsync_users" in fresh - shown.names()


def test_a_label_that_is_new_costs_nobody_a_figure(shown):
    shown.board.publish("firm-1", polled(picture()))
    before = shown.of_tenants()
    named = replace(tenant(), labels={"region": "", "team": "", "tier": "", "ward": "x"})
    shown.board.apply([named], (*LABELS, "ward"))
    assert shown.of_tenants() == [line.replace('tier=""}', 'tier="",ward="x"}') for line in before]
    assert shown.board.series() == len(before)


def test_when_the_data_is_stale_gauges_are_gone_and_counters_stay(shown):
    shown.board.publish("firm-1", polled(picture()))
    fresh = shown.names()
    shown.clock.time = T0 + STALE
    assert shown.names() == fresh
    shown.clock.time = T0 + STALE + 1
    agrees("when-stale.txt", shown.body())
    assert {"inboxsync_users", "inboxsync_syncs_down", "inboxsync_issues_open"} <= fresh - shown.names()
    assert {"inboxsync_sessions_total", "inboxsync_tenant_up", "inboxsync_tenant_info"} <= shown.names()
    shown.board.publish("firm-1", polled(picture(T0 + STALE + 1)))
    assert shown.names() == fresh


def test_before_the_baseline_issues_are_absent_and_not_zero(shown):
    shown.board.publish("firm-1", polled(picture(baseline=False), error=failed(Reason.PARTIAL)))
    assert "inboxsync_issues_open" not in shown.names()
    assert "inboxsync_users" in shown.names()


NEEDS = {
    "sessions": {
        "sessions_total",
        "session_failures_total",
        "tenant_last_session_timestamp_seconds",
        "oldest_session_timestamp_seconds",
    },
    "issues": {"issues_open", "issues_seen_total"},
    "messages": {"tokens_expired", "token_expiries_total"},
    "silence": {"tenant_last_session_timestamp_seconds", "oldest_session_timestamp_seconds"},
}
EFFECTS = {"issues": {"user"}, "messages": {"item"}}


@pytest.mark.parametrize("thing", NEEDS)
def test_what_a_panel_does_not_show_is_absent_and_never_zero(thing):
    shown = Shown()
    shown.board.publish("firm-1", polled(picture()))
    everything = shown.names()
    shown.board.publish("firm-1", polled(picture(sight=Sight(**{thing: False}))))
    assert everything - shown.names() == {f"inboxsync_{name}" for name in NEEDS[thing]}
    for name in ("inboxsync_dedup_conflicts", "inboxsync_dedup_conflicts_total"):
        effects = {key.split("'")[3] for key in shown.samples() if key.startswith(f"{name}[")}
        assert effects == EFFECTS.get(thing, {"user", "item"}), name


def test_before_the_first_poll_the_profile_says_what_is_shown_and_a_failed_poll_changes_nothing():
    blind = Sight(sessions=False, messages=False, issues=False)
    shown = Shown(tenant(sight=blind))
    assert not shown.names() & {"inboxsync_sessions_total", "inboxsync_issues_seen_total"}
    shown.board.publish("firm-1", polled(error=failed(Reason.DNS)))
    assert "inboxsync_sessions_total" not in shown.names()
    shown.board.publish("firm-1", polled(picture()))
    assert "inboxsync_sessions_total" in shown.names()
    shown.board.apply([tenant(sight=blind, note="x")], LABELS)
    assert "inboxsync_sessions_total" in shown.names(), "the poll has told"
    shown.board.apply([tenant(sight=Sight(sessions=False))], LABELS)
    assert "inboxsync_sessions_total" not in shown.names(), "another profile, not read yet"


def test_unclassified_issues_are_told_even_when_there_are_none(shown):
    shown.board.publish("firm-1", polled(picture()))
    key = (
        "inboxsync_issues_open[('class', 'unclassified'), ('owner', 'vendor_support'), ('tenant', 'firm-1')]"
    )
    assert shown.samples()[key] == 0


def test_the_same_sample_lines_in_both_formats(shown):
    shown.board.publish("firm-1", polled(picture()))
    shown.body()

    def lines(*, openmetrics: bool) -> list[str]:
        body = shown.body(openmetrics=openmetrics).splitlines()
        return [line for line in body if not line.startswith("#") and "render" not in line]

    assert lines(openmetrics=True) == lines(openmetrics=False)


def test_openmetrics_is_what_its_own_parser_takes(shown):
    shown.board.publish("firm-1", polled(picture()))
    families = list(parse_openmetrics(shown.body(openmetrics=True)))
    names = [family.name for family in families]
    assert len(names) == len(set(names))
    assert {"inboxsync_users", "inboxsync_sessions", "inboxsync_class_info", "syncwatch_things"} <= set(names)


def test_the_daemons_real_registry_parses_too():
    registry = new_registry()
    OwnMeters(registry, "1.2.3").loaded(
        digest="ab" * 32,
        rules_digest="cd" * 32,
        rules=9,
        now=T0,
        external_url="https://sync.example.com",
        grafana_url="",
    )
    clock = VirtualClock()
    page = Page(Board(clock), registry, clock)
    families = {family.name for family in parse_openmetrics(page.body(openmetrics=True).decode())}
    assert {
        "syncwatch_build_info",
        "syncwatch_config_hash",
        "process_cpu_seconds",
        "python_gc_objects_collected",
    } <= families
    assert b"_created" not in page.body(openmetrics=True) + page.body(openmetrics=False)


HOSTILE = 'a"b\\c\nd}e{f\u00e9\u2028'


@pytest.mark.parametrize("openmetrics", [False, True])
def test_no_label_value_can_break_the_page(openmetrics):
    shown = Shown(tenant(note=HOSTILE))
    parse = parse_openmetrics if openmetrics else parse_text
    values = [
        sample.labels["note"]
        for family in parse(shown.body(openmetrics=openmetrics))
        for sample in family.samples
        if family.name == "inboxsync_tenant_info"
    ]
    assert values == [HOSTILE]


def test_all_tenants_carry_the_union_of_the_configured_labels():
    shown = Shown(tenant(note="x"), tenant("firm-2"))
    lines = [line for line in shown.body().splitlines() if line.startswith("inboxsync_tenant_info{")]
    assert [line.count('="') for line in lines] == [6, 6]
    assert 'note=""' in lines[1]


def test_series_are_counted(shown):
    shown.board.publish("firm-1", polled(picture()))
    assert shown.board.series() == sum('tenant="' in line for line in shown.body().splitlines())
    assert f"syncwatch_series {float(shown.board.series())}" in shown.body()
    shown.clock.time = T0 + DAY
    body = shown.body()
    assert shown.board.series() == body.count('tenant="')


def test_apply_keeps_what_is_known_and_drops_who_is_gone(shown):
    shown.board.publish("firm-1", polled(picture()))
    before = shown.body()
    shown.board.apply([tenant()], LABELS)
    assert [line for line in shown.body().splitlines() if "render" not in line] == [
        line for line in before.splitlines() if "render" not in line
    ]
    shown.board.apply([tenant("firm-2")], LABELS)
    assert "firm-1" not in shown.body()
    shown.board.publish("firm-1", polled(picture()))
    assert "firm-1" not in shown.body(), "a poll that was in flight when its tenant went"
    shown.board.apply([tenant()], LABELS)
    assert "inboxsync_users" not in shown.names()


def test_tenants_polled_are_told(shown):
    assert (shown.board.tenants(), shown.board.polled()) == (1, 0)
    shown.board.publish("firm-1", polled(error=failed(Reason.DNS)))
    assert (shown.board.tenants(), shown.board.polled()) == (1, 1)


async def test_compressing_loses_nothing(shown):
    body = shown.page.body(openmetrics=False)
    assert gzip.decompress(await compressed(body)) == body


def maintained(id_: str, *times: tuple[float, float]) -> Tenant:
    return replace(tenant(id_), maintenance=times)


def in_maintenance(shown: Shown) -> dict[str, float]:
    name = "inboxsync_tenant_maintenance"
    return {
        sample.labels["tenant"]: sample.value
        for family in parse_text(shown.body())
        for sample in family.samples
        if sample.name == name
    }


def test_maintenance_begins_and_ends_at_its_times_without_any_poll():
    shown = Shown(
        maintained("a", (T0 + 10, T0 + 20), (T0 + 15, T0 + 30)), maintained("b", (0, T0 + 5)), tenant("c")
    )
    seen = {}
    for seconds in (0, 5, 10, 19, 29, 30, 1e9):
        shown.clock.time = T0 + seconds
        seen[seconds] = [id_ for id_, value in in_maintenance(shown).items() if value]
    assert seen == {0: ["b"], 5: [], 10: ["a"], 19: ["a"], 29: ["a"], 30: [], 1e9: []}
    shown.clock.time = T0 + 12
    assert in_maintenance(shown) == {"a": 1, "b": 0, "c": 0}, "the clock was set back"


def test_maintenance_that_is_planned_or_called_off_shows_at_once():
    shown = Shown(tenant("a"), maintained("b", (T0 + 50, T0 + 60)))
    assert in_maintenance(shown) == {"a": 0, "b": 0}
    shown.board.apply([maintained("a", (T0, T0 + 10)), tenant("b")], LABELS)
    assert in_maintenance(shown) == {"a": 1, "b": 0}
    shown.clock.time = T0 + 10
    assert in_maintenance(shown) == {"a": 0, "b": 0}
    shown.clock.time = T0 + 55
    assert in_maintenance(shown) == {"a": 0, "b": 0}
