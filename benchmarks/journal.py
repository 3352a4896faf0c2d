"""The journal at its full size: ten thousand tenants with a million users and half a million open issues.

Written tenant by tenant as first polls bring them, a session later for one user in ten, and read by a new process as a
restart does. The baseline `executemany` writes as many rows of the same size, one transaction for as many, straight
with sqlite3: no difference taken, no version looked at, no row encoded. The environment variable `BENCH_POSTGRES`, the
URL of an empty database as `state.url` has it, adds the same for that one.
"""

import asyncio
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from uuid import UUID

from msgspec.structs import replace

from figures import Figure, Report
from syncwatch.clock import SystemClock
from syncwatch.config.fleet import State as Place
from syncwatch.model import (
    Finding,
    IssueFacts,
    Mailbox,
    OrganizationFacts,
    Owner,
    SessionFacts,
    State,
    Switch,
    UserFacts,
)
from syncwatch.state.journal import Change, Commit
from syncwatch.state.memory import KnownIssue, Mark, TenantMemory, UserMemory
from syncwatch.state.store.durable import DurableJournal
from syncwatch.state.store.opening import store

TENANTS, USERS = 10_000, 100
AT_ONCE = 100  # polls that meet the journal at the same time
SHARE_NEW = 10  # one user in so many has a new session
TICK = 0.001  # seconds between two looks at how late the event loop is
ROWS = 2000  # that the baseline writes in one transaction, as the journal does at most
NOW = 1.8e9


class Nobody:
    """Counts nothing."""

    def wrote(self, seconds: float) -> None: ...  # noqa: D102

    def failed(self, operation: str, kind: str) -> None: ...  # noqa: D102

    def refused(self) -> None: ...  # noqa: D102


@dataclass
class Lag:
    """How late the event loop was, seconds; `turn` grows with each thing that is not to be measured."""

    late: list[float] = field(default_factory=list)
    turn: int = 0

    async def watch(self) -> None:
        """Look until cancelled."""
        while True:
            begun, turn = time.perf_counter(), self.turn
            await asyncio.sleep(TICK)
            if turn == self.turn:
                self.late.append(time.perf_counter() - begun - TICK)

    def __str__(self) -> str:
        late = sorted(self.late)
        return f"{late[int(len(late) * 0.99)] * 1e3:.1f} / {late[-1] * 1e3:.1f} ms"


def run() -> Report:
    """In a file; and then, if there is one, in the empty PostgreSQL database of `BENCH_POSTGRES`."""
    report = _measured(None)
    if url := os.environ.get("BENCH_POSTGRES"):
        print(report, end="\n\n", flush=True)
        report = _measured(url)
    return report


def _measured(url: str | None) -> Report:
    """Write, write again, and start anew."""
    tenants = int(os.environ.get("BENCH_TENANTS", TENANTS))
    users = tenants * USERS
    with tempfile.TemporaryDirectory(prefix="syncwatch-bench-") as folder:
        place = _place(folder, url)
        first, lag, _ = asyncio.run(_write(place, tenants, session=1))
        again, lag_again, size = asyncio.run(_write(place, tenants, session=2))
        start = _in_a_new_process(folder, url, tenants)
        direct = _direct(Path(folder), users // SHARE_NEW)
    changed = users // SHARE_NEW
    return Report(
        f"journal ({'PostgreSQL' if url else 'SQLite'}): "
        f"{tenants:,} tenants x {USERS} users, {users // 2:,} open issues",
        (
            Figure("first polls written", f"{users / first:,.0f} users/s", f"{first:.0f} s"),
            Figure("... event-loop lag p99 / max", str(lag)),
            Figure("a session later for one user in ten", f"{changed / again:,.0f} users/s", f"{again:.1f} s"),
            Figure("... event-loop lag p99 / max", str(lag_again)),
            Figure("baseline `executemany` (SQLite)", f"{changed / direct:,.0f} rows/s", "without encoding or difference"),
            Figure("journal / baseline", f"{direct / again:.2f} x"),
            Figure("one commit at a time", f"{start['commit'] * 1e3:.1f} ms"),
            Figure("on disk", f"{size / users:.0f} B a user", f"{size / 1e6:,.0f} MB"),
            Figure("start: opened and checked", f"{start['open']:.1f} s"),
            Figure("start: all counters known", f"{start['recall']:.2f} s"),
            Figure("start: all memories read", f"{start['load']:.1f} s", f"{start['lag']} event-loop lag p99 / max"),
            Figure("resident", f"{start['resident'] / users:.0f} B a user", f"{start['resident'] / 1e6:,.0f} MB more"),
        ),
    )  # fmt: skip


def _place(folder: str, url: str | None) -> Place:
    key = Path(folder) / "key"
    if url:
        key.write_bytes(bytes(32))
    return Place(Path(folder), url, None, key if url else None, 0.0)


@asynccontextmanager
async def _journal(place: Place) -> AsyncIterator[tuple[DurableJournal, Lag]]:
    opened, lag = store(place, SystemClock(), 1), Lag()
    journal = DurableJournal(opened.engine, opened.transactions, SystemClock(), Nobody())
    await journal.open()
    async with asyncio.TaskGroup() as group:
        group.create_task(journal.run())
        watch = group.create_task(lag.watch())
        yield journal, lag
        watch.cancel()
        journal.close()


async def _write(place: Place, tenants: int, *, session: int) -> tuple[float, Lag, int]:
    """Seconds that it takes, without those in which the memories are made up; and bytes on disk after it."""
    taken = 0.0
    async with _journal(place) as (journal, lag):
        for first in range(0, tenants, AT_ONCE):
            changes = [_change(number, session) for number in range(first, min(first + AT_ONCE, tenants))]
            lag.turn += 1
            begun = time.perf_counter()
            told = await asyncio.gather(*(journal.commit([change]) for change in changes))
            taken += time.perf_counter() - begun
            assert {commit for each in told for commit in each.values()} == {Commit.COMMITTED}
        size = await journal.size()
        assert size is not None
    return taken, lag, size


def _in_a_new_process(folder: str, url: str | None, tenants: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, __file__, folder, str(tenants), url or ""],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    told: dict[str, float] = json.loads(done.stdout)
    return told


async def _start(place: Place, tenants: int) -> dict[str, object]:
    """What a new process does: open, recall, and load tenant after tenant, many at once."""
    slots = asyncio.Semaphore(AT_ONCE)
    memories: dict[str, TenantMemory] = {}
    resident = _resident()
    begun = time.perf_counter()
    async with _journal(place) as (journal, lag):
        opened = time.perf_counter()
        recalled = await journal.recall()
        assert len(recalled) == tenants
        known = time.perf_counter()

        async def load(tenant: str) -> None:
            async with slots:
                memories[tenant] = await journal.load(tenant)

        async with asyncio.TaskGroup() as group:
            for tenant in recalled:
                group.create_task(load(tenant))
        loaded = time.perf_counter()
        assert sum(len(memory.users) for memory in memories.values()) == tenants * USERS
        resident = _resident() - resident
        alone = time.perf_counter()
        await journal.commit([_change(0, 3)])
        committed = time.perf_counter() - alone
    return {
        "open": opened - begun,
        "recall": known - begun,
        "load": loaded - begun,
        "lag": str(lag),
        "resident": resident,
        "commit": committed,
    }


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def _direct(folder: Path, rows: int) -> float:
    """Seconds to write so many rows of a user's size."""
    connection = sqlite3.connect(folder / "direct.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(
        "CREATE TABLE users (tenant TEXT, user TEXT, state TEXT, since REAL, facts TEXT, PRIMARY KEY (tenant, user))"
        " WITHOUT ROWID"
    )
    random = Random(0)
    values = [
        (_id(number // USERS), str(UUID(int=random.getrandbits(128))), "up", NOW, "x" * 400)
        for number in range(rows)
    ]
    begun = time.perf_counter()
    for first in range(0, rows, ROWS):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT INTO users VALUES (?, ?, ?, ?, ?) ON CONFLICT (tenant, user) DO UPDATE SET facts = excluded.facts",
            values[first : first + ROWS],
        )
        connection.execute("COMMIT")
    taken = time.perf_counter() - begun
    connection.close()
    return taken


def _change(number: int, session: int) -> Change:
    """What the first poll of a tenant brings, or a later one a session later."""
    before = _memory(number, session - 1) if session > 1 else TenantMemory()
    after = _memory(number, session)
    same = {id_: user for id_, user in before.users.items() if user == after.users[id_]}
    return Change(_id(number), before, replace(after, users={**after.users, **same}))


def _id(number: int) -> str:
    return f"firm-{number:05}"


def _memory(number: int, session: int) -> TenantMemory:
    users = {user.facts.id: user for user in _users(number, session)}
    organizations = {f"org-{each}": OrganizationFacts(f"org-{each}", Switch.ENABLED) for each in range(3)}
    memory = TenantMemory(version=session, written=NOW + session, baseline=True, rules="r" * 128)
    return replace(memory, last_success=NOW, organizations=organizations, plans={"plan": 1800.0}, users=users)


def _users(number: int, session: int) -> Iterator[UserMemory]:
    """The same ones each time; one in ten has a session more each time."""
    random = Random(number)
    failing = Finding("oauth_token_expired", Owner.END_USER, "token-expired", ("AADSTS700082",), 0.95)
    for place in range(USERS):
        ran = session if place % SHARE_NEW == 0 else 1
        last = SessionFacts(
            f"{number:05}-{place:03}-{ran}", NOW + 1800 * ran, NOW + 1800 * ran + 30, place % 20 > 0
        )
        if not last.completed:
            last = replace(last, finding=failing)
        print_ = random.randbytes(12)
        issues = (IssueFacts(print_, failing),) if place % 2 else ()
        facts = UserFacts(
            str(UUID(int=random.getrandbits(128))), f"org-{place % 3}", "plan", Mailbox.INITIALIZED, Switch.ENABLED,
            Switch.ENABLED, created=NOW - 1e6, last=last, before=(replace(last, job=f"{number}-{place}"),),
            before_known=True, issue_rows=len(issues), issues=issues,
        )  # fmt: skip
        known = {issue.fingerprint: KnownIssue(1, (), NOW) for issue in issues}
        state = State.UP if last.completed else State.FAILING
        yield UserMemory(facts, state, NOW, mark=Mark(last.job, last.started), known=known)


if __name__ == "__main__":
    _, folder, tenants, url = sys.argv
    print(json.dumps(asyncio.run(_start(_place(folder, url or None), int(tenants)))))
