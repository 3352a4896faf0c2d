"""The engine over a real server: whatever is cut, killed or frozen, it is known whether a commit may have gone through."""

import asyncio
import ssl

import pytest

from postgres import Server
from proxy import Loss, proxy
from syncwatch.config.secrets import SecretUnavailable
from syncwatch.state.store.engine import Away, InDoubt, Kind
from syncwatch.state.store.postgres import Postgres
from syncwatch.state.store.refused import JournalRefused


def prepare(c):
    c.exec_driver_sql("CREATE TABLE IF NOT EXISTS event (n int PRIMARY KEY)")


def put(*numbers):
    return lambda c: c.exec_driver_sql("INSERT INTO event VALUES ($1)", [(n,) for n in numbers]) and None


def everything(c):
    return [n for (n,) in c.exec_driver_sql("SELECT n FROM event ORDER BY n")]


def wait(seconds):
    return lambda c: c.exec_driver_sql(f"SELECT pg_sleep({seconds})") and None


@pytest.fixture
async def open_(database):
    """Opens engines over the same database and closes them after the test."""
    made = []

    def open_(prepare=prepare, password=None, url=database, **options):
        made.append(Postgres(url, prepare, password, **options))
        return made[-1]

    yield open_
    for engine in made:
        await engine.close()


@pytest.fixture
async def between(postgres):
    """A proxy before the shared server."""
    async with proxy(postgres.port) as between:
        yield between


@pytest.fixture(scope="module")
def frail():
    """A server that tests may stop, kill and freeze, and leave running."""
    with Server() as server:
        yield server


@pytest.fixture
def own(frail):
    """The same with an empty database of the test's own under the name that `Server.url` gives it."""
    frail.sql("DROP TABLE IF EXISTS event, much")
    return frail


async def test_what_was_written_is_there_for_another_connection(open_):
    first = open_()
    assert await first.write(lambda c: put(1, 2)(c) or "done") == "done"
    await first.close()
    assert await open_().read(everything) == [1, 2]


async def test_one_connection_under_our_name_serves_all_calls(open_, postgres):
    engine = open_()
    await asyncio.gather(*(engine.write(put(n)) for n in range(20)))
    names = await engine.read(
        lambda c: c.exec_driver_sql(
            "SELECT application_name FROM pg_stat_activity WHERE datname = current_database()"
        ).all()
    )
    assert names == [("syncwatch",)]


async def test_the_size_is_that_of_our_tables(open_):
    engine = open_()
    empty = await engine.size()
    await engine.write(put(*range(2000)))
    assert await engine.size() > empty + 2000 * 28


async def test_the_size_of_what_is_away_is_not_known(open_, between, database):
    between.closed = True
    with pytest.raises(Away):
        await open_(url=between.through(database)).size()


async def test_a_fault_of_ours_goes_through_and_leaves_nothing(open_):
    engine = open_()
    with pytest.raises(ZeroDivisionError):
        await engine.write(lambda c: put(1)(c) or 1 / 0)
    assert await engine.read(everything) == []


async def test_what_a_reader_changes_is_not_kept(open_):
    engine = open_()
    await engine.read(put(1))
    assert await engine.read(everything) == []


async def test_a_reader_sees_one_state_of_the_data(open_):
    reader, writer = open_(), open_()
    await writer.write(put(1))

    def twice(c):
        before = everything(c)
        loop.create_task(writer.write(put(2))).add_done_callback(lambda _: written.set())
        c.connection.dbapi_connection.run_async(lambda _: written.wait())
        return before, everything(c)

    loop, written = asyncio.get_running_loop(), asyncio.Event()
    assert await reader.read(twice) == ([1], [1])
    assert await reader.read(everything) == [1, 2]


@pytest.mark.parametrize(
    "bad", [put(2, 1), put(2, 2**40), lambda c: put(2)(c) or c.exec_driver_sql("SELECT 1 / 0")]
)
async def test_a_row_that_cannot_be_is_told_apart_and_nothing_of_its_transaction_stays(open_, bad):
    engine = open_()
    await engine.write(put(1))
    with pytest.raises(Away) as told:
        await engine.write(bad)
    assert told.value.kind is Kind.DATA
    assert await engine.read(everything) == [1]


async def test_no_message_shows_what_the_driver_said(open_):
    with pytest.raises(Away) as told:
        await open_().write(lambda c: c.exec_driver_sql("SELECT privileged FROM nowhere"))
    assert str(told.value) == "the journal is away: other"
    assert told.value.__cause__ is None
    assert told.value.__suppress_context__


async def test_a_standby_is_read_only(open_, postgres):
    engine = open_()
    await engine.write(put(1))
    with pytest.raises(Away) as told:
        await engine.write(lambda c: c.exec_driver_sql("SET TRANSACTION READ ONLY") and put(2)(c))
    assert told.value.kind is Kind.READ_ONLY


async def test_an_answer_to_a_commit_that_is_lost_leaves_doubt_and_the_row_is_there(open_, between, database):
    engine = open_(url=between.through(database))
    await engine.write(put(1))
    between.loss = Loss.ANSWER
    with pytest.raises(InDoubt):
        await engine.write(put(2))
    assert await engine.read(everything) == [1, 2]


async def test_a_commit_that_is_lost_leaves_doubt_and_the_row_is_not_there(open_, between, database):
    engine = open_(url=between.through(database))
    await engine.write(put(1))
    between.loss = Loss.COMMIT
    with pytest.raises(InDoubt) as told:
        await engine.write(put(2))
    assert told.value.kind is Kind.UNREACHABLE
    assert await engine.read(everything) == [1]


async def test_a_connection_cut_before_the_commit_is_away(open_, between, database):
    engine = open_(url=between.through(database))

    def cut(c):
        put(1)(c)
        between.cut()
        put(2)(c)

    with pytest.raises(Away) as told:
        await engine.write(cut)
    assert told.value.kind is Kind.UNREACHABLE
    assert await engine.read(everything) == []


async def test_a_connection_cut_between_two_calls_is_not_even_noticed(open_, between, database):
    engine = open_(url=between.through(database))
    await engine.write(put(1))
    between.cut()
    await engine.write(put(2))
    assert await engine.read(everything) == [1, 2]


async def test_a_connection_that_the_server_ends_in_the_middle_is_away(open_, postgres):
    engine = open_()

    def ended(c):
        put(1)(c)
        pid = c.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        postgres.sql(f"SELECT pg_terminate_backend({pid})")
        put(2)(c)

    with pytest.raises(Away) as told:
        await engine.write(ended)
    assert told.value.kind is Kind.UNREACHABLE
    assert await engine.read(everything) == []


async def test_a_call_that_takes_too_long_is_away_and_the_next_one_begins_well(open_):
    engine = open_()
    await engine.write(put(1))
    engine._patience = 0.1
    with pytest.raises(Away) as told:
        await engine.write(lambda c: put(2)(c) or wait(60)(c))
    assert told.value.kind is Kind.TIMEOUT
    engine._patience = 10.0
    assert await engine.read(everything) == [1]


async def test_a_caller_who_goes_away_leaves_nothing_and_does_not_disturb_the_next(open_):
    engine = open_()
    begun = asyncio.Event()
    caller = asyncio.create_task(engine.write(lambda c: put(1)(c) or begun.set() or wait(60)(c)))
    await begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await engine.write(put(2))
    assert await engine.read(everything) == [2]


async def test_a_server_that_is_down_killed_and_started_again(open_, own):
    own.stop()
    engine = open_(url=own.url())
    with pytest.raises(Away) as told:
        await engine.write(put(1))
    assert told.value.kind is Kind.UNREACHABLE
    own.start()
    await engine.write(put(2))

    def killed(c):
        put(3)(c)
        own.kill()
        put(4)(c)

    with pytest.raises(Away):
        await engine.write(killed)
    own.start()
    await engine.write(put(5))
    assert await engine.read(everything) == [2, 5]


async def test_a_server_that_is_frozen_holds_nobody_up(open_, own):
    engine = open_(url=own.url())
    await engine.write(put(1))
    engine._patience = 0.2

    def frozen(c):
        put(2)(c)
        own.freeze()
        put(3)(c)

    for work in (frozen, put(4)):  # the second one cannot even connect
        with pytest.raises(Away) as told:
            await asyncio.wait_for(engine.write(work), 10)
        assert told.value.kind is Kind.TIMEOUT
    own.thaw()
    engine._patience = 10.0
    await engine.write(put(5))
    assert await engine.read(everything) == [1, 5]


def put_much(c, then=lambda: None):
    """Rows that fill every buffer between us and the server; `then` is called before they are sent."""
    insert = "INSERT INTO much VALUES ($1, $2)"
    c.exec_driver_sql("CREATE TABLE IF NOT EXISTS much (n int, what text)")
    c.exec_driver_sql(insert, [(n, "prepares") for n in range(2)])
    then()
    c.exec_driver_sql(insert, [(n, "x" * 100_000) for n in range(300)])


async def test_a_server_that_freezes_while_it_is_sent_many_rows_holds_nobody_up(open_, own):
    """The driver's `executemany` keeps a cancellation to itself, and would wait for ever."""
    engine = open_(url=own.url())
    await engine.write(put(1))
    engine._patience = 0.2
    call = asyncio.create_task(engine.write(lambda c: put_much(c, own.freeze)))
    await asyncio.wait([call], timeout=10)
    own.thaw()
    assert call.done()
    assert call.exception().kind is Kind.TIMEOUT
    assert isinstance(call.exception(), Away)
    engine._patience = 10.0
    await engine.write(put(2))
    assert await engine.read(everything) == [1, 2]
    await engine.write(put_much)


async def test_a_caller_who_goes_away_while_many_rows_are_sent_waits_for_nothing(open_, own):
    engine, sending = open_(url=own.url()), asyncio.Event()
    await engine.write(put(1))

    def frozen():
        own.freeze()
        loop.call_soon(sending.set)

    loop = asyncio.get_running_loop()
    caller = asyncio.create_task(engine.write(lambda c: put_much(c, frozen)))
    await sending.wait()
    caller.cancel()
    await asyncio.wait([caller], timeout=5)
    own.thaw()
    assert caller.cancelled()
    await engine.write(put(2))
    assert await engine.read(everything) == [1, 2]


async def test_a_write_that_does_not_fit_its_time_does_when_it_has_more(open_):
    engine = open_()
    await engine.write(put(1))
    engine._patience = 0.01
    with pytest.raises(Away) as told:
        await engine.write(wait(0.2))
    assert told.value.kind is Kind.TIMEOUT
    await engine.write(wait(0.2), extra=20.0)


async def test_a_server_that_freezes_with_the_commit_leaves_doubt(open_, own):
    engine = open_(url=own.url())
    await engine.write(put(1))
    engine._patience = 0.2
    with pytest.raises(InDoubt) as told:
        await asyncio.wait_for(engine.write(lambda c: put(2)(c) or own.freeze()), 10)
    assert told.value.kind is Kind.TIMEOUT
    await asyncio.wait_for(engine.close(), 10)
    own.thaw()


async def test_the_password_is_read_for_each_connection(open_, own):
    own.add_role("alice", "first")
    password = ["wrong"]
    engine = open_(url=own.url().replace("syncwatch@", "alice@"), password=lambda: password[-1])
    with pytest.raises(Away) as told:
        await engine.write(put(1))
    assert told.value.kind is Kind.REFUSED
    password.append("first")
    await engine.write(put(1))
    own.sql("ALTER ROLE alice PASSWORD 'second'")
    password.append("second")
    own.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'alice'")
    await engine.write(put(2))
    assert await engine.read(everything) == [1, 2]


async def test_a_password_that_cannot_be_read_is_away(open_):
    def lost():
        raise SecretUnavailable("file", "/run/secrets/journal", "cannot be read")

    with pytest.raises(Away) as told:
        await open_(password=lost).read(everything)
    assert told.value.kind is Kind.REFUSED


async def test_a_database_that_is_not_there_is_refused(open_, postgres):
    with pytest.raises(Away) as told:
        await open_(url=postgres.url("nowhere")).read(everything)
    assert told.value.kind is Kind.REFUSED


async def test_every_connection_is_prepared_once(open_, between, database):
    times = []
    engine = open_(lambda c: times.append(prepare(c)), url=between.through(database))
    await engine.write(put(1))
    await engine.write(put(2))
    assert len(times) == 1
    between.cut()
    await engine.write(put(3))
    assert len(times) == 2


async def test_a_refusal_goes_through_each_time(open_):
    def refuse(c):
        raise JournalRefused("newer than this program")

    engine = open_(refuse)
    for _ in range(2):
        with pytest.raises(JournalRefused, match="newer"):
            await engine.read(everything)


@pytest.mark.parametrize(("mode", "by_name"), [("verify-full", True), ("verify-ca", False)])
def test_verified_is_by_the_authorities_that_the_system_trusts(monkeypatch, mode, by_name):
    monkeypatch.delenv("PGSSLROOTCERT", raising=False)
    engine = Postgres("postgresql+asyncpg://syncwatch@db.example.com/syncwatch", prepare)
    named = {"ssl": mode}
    engine._log_in(engine.dialect, None, (), named)
    assert (named["ssl"].verify_mode, named["ssl"].check_hostname) == (ssl.CERT_REQUIRED, by_name)
    monkeypatch.setenv("PGSSLROOTCERT", "/etc/own.pem")
    named = {"ssl": mode}
    engine._log_in(engine.dialect, None, (), named)
    assert named["ssl"] == mode, "the driver looks there"
