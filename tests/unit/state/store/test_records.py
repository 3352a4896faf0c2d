"""What is written of a memory comes back, and nothing else is written."""

import json
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import insert, select

from syncwatch.model import (
    AccessType,
    Cause,
    Condition,
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
    State,
    Switch,
    SwitchedOff,
    UserFacts,
    Why,
)
from syncwatch.state.journal import Change, Commit
from syncwatch.state.memory import Counters, KnownIssue, Mark, TenantMemory, UserMemory
from syncwatch.state.store.tables import ISSUES, METADATA, TENANTS, USERS
from syncwatch.state.store.transactions import Transactions
from unit.given import CRM_TOKEN, REQUIRED, T0, TOKEN

GOLDEN = Path(__file__).parents[3] / "golden" / "journal" / "schema-0001.json"
TABLES = (TENANTS, USERS, ISSUES)
USER_IDS = ("u1", "u2", "ü3")

# Ids of the panel are made of what shows; see `panel/visible.py`.
texts = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8)
times = st.floats(0, 4e9)
switches = st.sampled_from(Switch)
findings = st.builds(
    Finding,
    class_=texts,
    owner=st.sampled_from(Owner),
    rule=texts,
    codes=st.lists(texts, max_size=2).map(tuple),
    confidence=st.floats(0, 1),
    transient=st.booleans(),
    marks=st.builds(
        Marks,
        token_expired=st.none() | st.sampled_from(Side),
        duplicate_guard=st.booleans(),
        organization_wide=st.booleans(),
        completed=st.booleans(),
    ),
    template=st.just("") | texts,
)
sessions = st.builds(
    SessionFacts,
    job=texts,
    started=times,
    ended=times,
    completed=st.booleans(),
    finding=st.none() | findings,
)
known_issues = st.builds(
    KnownIssue,
    open=st.integers(0, 3),
    gone=st.lists(times, max_size=3).map(lambda each: tuple(sorted(each))),
    first_seen=times,
)


@st.composite
def user_memories(draw, id_: str) -> UserMemory:
    known = draw(st.dictionaries(st.sampled_from([b"\0" * 12, b"f" * 12, b"\xff" * 12]), known_issues))
    issues = tuple(
        IssueFacts(
            fingerprint,
            draw(findings),
            issue.open,
            draw(st.sampled_from(Direction)),
            draw(st.sampled_from(Operation)),
        )
        for fingerprint, issue in known.items()
        if issue.open and draw(st.booleans())
    )
    facts = UserFacts(
        id_,
        organization=draw(texts),
        plan=draw(st.none() | texts),
        mailbox=draw(st.sampled_from(Mailbox)),
        switch=draw(switches),
        effective=draw(st.none() | switches),
        condition=draw(st.none() | st.sampled_from(Condition)),
        error=draw(st.booleans()),
        access_type=draw(st.none() | st.sampled_from(AccessType).map(str)),
        created=draw(st.none() | times),
        last=draw(st.none() | sessions),
        before=draw(st.lists(sessions, max_size=2).map(tuple)),
        before_known=draw(st.booleans()),
        running=draw(st.none() | st.builds(Running, texts, times)),
        odd_session=draw(st.booleans()),
        issue_rows=draw(st.none() | st.integers(0, 9)),
        issues=issues,
        switched_off=draw(st.none() | st.builds(SwitchedOff, times, st.sampled_from(Why))),
        activity_known=draw(st.booleans()),
    )
    mark = st.builds(Mark, texts, times)
    if facts.last:
        mark |= st.just(Mark(facts.last.job, facts.last.started))
    return UserMemory(
        facts,
        draw(st.sampled_from(State)),
        draw(times),
        class_=draw(st.none() | texts),
        active_since=draw(st.none() | times),
        down_since=draw(st.none() | times),
        mark=draw(st.none() | mark),
        known=known,
        told=draw(st.frozensets(st.sampled_from(["mailbox", "crm", "duplicate_guard"]))),
        pending=draw(st.booleans()),
        failed=draw(st.booleans()),
        uncounted=draw(st.booleans()),
        missing=draw(st.integers(0, 2)),
    )


organizations = st.builds(
    OrganizationFacts,
    id=texts,
    switch=switches,
    access_type=st.none() | texts,
    crm_connected=st.none() | st.booleans(),
    settings=st.dictionaries(texts, st.integers(0, 9), max_size=2),
)
causes = st.builds(Cause, texts, texts, st.sampled_from(Owner), st.integers(0, 99), st.integers(0, 99))
counts = st.integers(1, 2**40)


@st.composite
def changes(draw, before: TenantMemory) -> TenantMemory:
    """The memory after one more step: some users stay as they are, some change, come or go."""
    same = draw(st.sets(st.sampled_from(USER_IDS)))
    other = draw(st.sets(st.sampled_from(USER_IDS)))
    users = {id_: user for id_, user in before.users.items() if id_ in same}
    users |= {id_: draw(user_memories(id_)) for id_ in sorted(other)}
    return TenantMemory(
        version=before.version + 1,
        epoch=draw(st.integers(0, 3)),
        written=draw(times),
        last_success=draw(st.none() | times),
        polls=3,
        suspicions=1,
        baseline=draw(st.booleans()),
        rules=draw(texts),
        organizations={each.id: each for each in draw(st.lists(organizations, max_size=2))},
        settings_read=draw(st.dictionaries(texts, times, max_size=2)),
        plans=draw(st.dictionaries(texts, times, max_size=2)),
        plans_read=draw(st.none() | times),
        odd_plans=draw(st.frozensets(texts, max_size=2)),
        users=users,
        causes=draw(st.lists(causes, max_size=2).map(tuple)),
        counters=Counters(
            draw(counts),
            draw(counts),
            draw(counts),
            draw(st.dictionaries(st.sampled_from(["user", "item"]), counts)),
            draw(st.dictionaries(st.sampled_from(Side), counts)),
        ),
    )


def bare(finding: Finding | None) -> Finding | None:
    return finding and replace(finding, template="")


def kept_user(user: UserMemory) -> UserMemory:
    facts = user.facts
    facts = replace(
        facts,
        last=facts.last and replace(facts.last, finding=bare(facts.last.finding)),
        before=tuple(replace(each, finding=bare(each.finding)) for each in facts.before),
        running=None,
        issues=tuple(replace(each, finding=bare(each.finding)) for each in facts.issues),
    )
    return replace(user, facts=facts)


def kept(memory: TenantMemory) -> TenantMemory:
    """What must come back: without what lives in the process only, and without templates."""
    users = {id_: kept_user(user) for id_, user in memory.users.items()}
    return replace(memory, polls=0, users=users)


def sorted_issues(memory: TenantMemory) -> TenantMemory:
    """The same with each user's issues in the order of their fingerprints: they come back in any order."""
    users = {}
    for id_, user in memory.users.items():
        issues = sorted(user.facts.issues, key=lambda issue: issue.fingerprint)
        users[id_] = replace(user, facts=replace(user.facts, issues=tuple(issues)))
    return replace(memory, users=users)


async def opened(transact, normalisation: int = 1) -> Transactions:
    await transact(METADATA.create_all)
    return Transactions(transact.dialect, normalisation)


@given(st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
async def test_whatever_is_committed_step_by_step_is_what_is_loaded(transact, data):
    work = await opened(transact)
    await transact(lambda connection: work.forget(connection, "t1"))
    memory = TenantMemory()
    for _ in range(data.draw(st.integers(1, 3), "steps")):
        before = memory
        if data.draw(st.booleans(), "restart"):
            before = (await transact(lambda connection: work.load(connection, ["t1"])))["t1"]
        memory = data.draw(changes(before))
        change = Change("t1", before, memory)
        answer = await transact(lambda connection, change=change: work.commit(connection, [change]))
        assert answer == {"t1": Commit.COMMITTED}
    loaded = await transact(lambda connection: work.load(connection, ["t1"]))
    assert sorted_issues(loaded["t1"]) == sorted_issues(kept(memory))


TEMPLATE = "Zebra <*> could not <*>"
UNKNOWN = Finding("unclassified", Owner.VENDOR_SUPPORT, template=TEMPLATE)
FAILED = SessionFacts("job-9", T0, T0 + 60, completed=False, finding=TOKEN)
OPEN, GONE = b"\x01" * 12, b"\x02" * 12
MEMORY = TenantMemory(
    version=7,
    epoch=2,
    written=T0 + 300,
    last_success=T0 + 299.5,
    baseline=True,
    rules="r1",
    organizations={
        "o1": OrganizationFacts(
            "o1", Switch.ENABLED, "m365_graph_user", settings={"SalesForceAPICallMinCount": 5}
        )
    },
    settings_read={"o1": T0},
    plans={"p1": 900.0},
    plans_read=T0,
    odd_plans=frozenset({"p2"}),
    users={
        "u1": UserMemory(
            UserFacts(
                "u1",
                "o1",
                plan="p1",
                mailbox=Mailbox.INITIALIZED,
                switch=Switch.ENABLED,
                effective=None,
                condition=Condition.FAILING,
                error=True,
                access_type="m365_ews_user",
                created=T0 - 86_400,
                last=FAILED,
                before=(replace(FAILED, job="job-8", finding=CRM_TOKEN),),
                before_known=True,
                issue_rows=2,
                issues=(IssueFacts(OPEN, REQUIRED, 2, Direction.TO_CRM, Operation.UPDATE),),
                switched_off=SwitchedOff(T0 + 1, Why.AUTHORIZATION),
                activity_known=True,
            ),
            State.DOWN,
            T0,
            class_="oauth_token_expired",
            active_since=T0 - 60,
            down_since=T0 - 30,
            mark=Mark("job-9", T0),
            known={OPEN: KnownIssue(2, (T0 - 2, T0 - 1), T0 - 9), GONE: KnownIssue(0, (T0,), T0 - 8)},
            told=frozenset({"mailbox", "duplicate_guard"}),
            pending=True,
            failed=True,
            uncounted=True,
            missing=1,
        ),
        "u2": UserMemory(UserFacts("u2"), State.UNKNOWN, T0),
    },
    suspicions=1,
    causes=(Cause("o1", "oauth_token_expired", Owner.CLIENT_ADMIN, 5, 6),),
    counters=Counters(10, 4, 3, {"user": 1, "item": 2}, {"mailbox": 5, "crm": 6}),
)


async def test_rows_as_schema_1_has_them_are_understood(transact):
    work = await opened(transact)
    golden = json.loads(GOLDEN.read_text())

    def insert_all(connection) -> None:
        for table in TABLES:
            connection.execute(insert(table), [_columns(row) for row in golden[table.name]])

    await transact(insert_all)
    loaded = await transact(lambda connection: work.load(connection, ["t1"]))
    assert loaded == {"t1": MEMORY}


async def test_what_schema_1_writes_stays_as_it_is(transact):
    work = await opened(transact)
    change = Change("t1", TenantMemory(), MEMORY)
    await transact(lambda connection: work.commit(connection, [change]))
    rows = {table.name: await transact(lambda c, t=table: _all(c, t)) for table in TABLES}
    assert rows == json.loads(GOLDEN.read_text())


async def test_no_template_is_in_any_row(transact):
    failed = replace(FAILED, finding=UNKNOWN)
    user = MEMORY.users["u1"]
    issues = (IssueFacts(OPEN, UNKNOWN, 2),)
    user = replace(user, facts=replace(user.facts, last=failed, before=(failed,), issues=issues))
    memory = replace(MEMORY, users={"u1": user})
    work = await opened(transact)
    await transact(lambda connection: work.commit(connection, [Change("t1", TenantMemory(), memory)]))
    rows = [await transact(lambda c, t=table: _all(c, t)) for table in TABLES]
    assert "unclassified" in repr(rows)
    assert "Zebra" not in repr(rows)
    assert "template" not in repr(rows)


async def test_equal_findings_and_ids_are_one_object_after_a_load(transact):
    one = MEMORY.users["u1"]
    two = replace(one, facts=replace(one.facts, id="u2"))
    three = replace(
        one, facts=replace(one.facts, id="u3", issues=(IssueFacts(OPEN, TOKEN, 2),), plan="p" + str(1))
    )
    memory = replace(MEMORY, users={"u1": one, "u2": two, "u3": three})
    work = await opened(transact)
    change = Change("t1", TenantMemory(), memory)
    await transact(lambda connection: work.commit(connection, [change]))
    users = (await transact(lambda connection: work.load(connection, ["t1"])))["t1"].users
    facts = [user.facts for user in users.values()]
    assert len({id(each.last.finding) for each in facts} | {id(facts[2].issues[0].finding)}) == 1
    assert len({id(each.organization) for each in facts}) == len({id(each.plan) for each in facts}) == 1
    assert all(user.mark.job is user.facts.last.job for user in users.values())


def _columns(row: dict) -> dict:
    return {name: bytes.fromhex(value) if name == "fingerprint" else value for name, value in row.items()}


def _all(connection, table) -> list[dict]:
    """The rows as a golden file has them."""
    return [
        {name: value.hex() if isinstance(value, bytes) else value for name, value in row._mapping.items()}
        for row in connection.execute(select(table).order_by(*table.primary_key))
    ]
