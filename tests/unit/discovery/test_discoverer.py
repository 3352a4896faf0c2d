"""The loop over all sources, with real files, a real server and the real figures, in time that the test lets pass."""

import asyncio
import json
from contextlib import asynccontextmanager, suppress

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from syncwatch.config.fleet import FileDiscovery, HttpDiscovery
from syncwatch.config.target import Rejected
from syncwatch.discovery.discoverer import Discoverer
from syncwatch.errors import Problem
from syncwatch.exposition.discovery import DiscoveryMeters
from syncwatch.transport.client import Http
from unit.given import T0, VirtualClock


def groups(*ids, **labels):
    return json.dumps([{"targets": ["https://x"], "labels": {"tenant": id_, **labels}} for id_ in ids])


class Watched:
    """A discoverer at work: what it told, and a way to wait until it has looked."""

    def __init__(self, http):
        self.clock = VirtualClock()
        self.registry = CollectorRegistry()
        self.told = []
        self.rejects = []
        self._rounds = asyncio.Queue()
        meters = DiscoveryMeters(self.registry)
        self.discoverer = Discoverer(http, self.clock, meters, self._tell)
        wait = self.discoverer._wait

        async def rounds():
            self._rounds.put_nowait(None)
            await wait()

        self.discoverer._wait = rounds

    async def _tell(self, batches):
        self.told.append({batch.source: [each.tenant for each in batch.targets] for batch in batches})
        return self.rejects

    @asynccontextmanager
    async def running(self, *discoveries):
        self.discoverer.apply(discoveries)
        task = asyncio.create_task(self.discoverer.run())
        try:
            await self.looked()
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def looked(self):
        async with asyncio.timeout(10):
            await self._rounds.get()

    async def after(self, seconds):
        await self.clock.pass_(seconds)
        await self.looked()

    def figure(self, name, source):
        return self.registry.get_sample_value(f"syncwatch_discovery_{name}", {"source": source})


@pytest.fixture
async def watched():
    async with Http() as http:
        yield Watched(http)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.json").write_text(groups("a1", "a2", "a3", "a4"))
    (tmp_path / "b.json").write_text(groups("b1"))
    return tmp_path


def file(folder, name, interval=60.0):
    return FileDiscovery((f"{folder}/{name}.json",), interval)


def events(logs):
    return [entry["event"] for entry in logs]


async def test_at_the_start_all_sources_are_told_together_and_then_only_changes(watched, folder):
    assert not watched.discoverer.settled.is_set()
    async with watched.running(file(folder, "a"), file(folder, "b", 90.0)):
        assert watched.discoverer.settled.is_set()
        everything = {"file_sd[0]": ["a1", "a2", "a3", "a4"], "file_sd[1]": ["b1"]}
        assert watched.told == [everything]
        await watched.after(60)
        assert watched.told == [everything]
        (folder / "b.json").write_text(groups("b1", "b2"))
        (folder / "a.json").write_text(groups("a1", "a2", "a3", "a4", "a5"))
        await watched.after(30)
        assert watched.told[1] == {**everything, "file_sd[1]": ["b1", "b2"]}, "only the second one was due"
        watched.discoverer.refresh()
        await watched.looked()
        assert watched.told[2]["file_sd[0]"] == ["a1", "a2", "a3", "a4", "a5"]
        assert watched.figure("targets", "file_sd[0]") == 5
        assert watched.figure("last_success_timestamp_seconds", "file_sd[0]") == T0 + 90


async def test_without_sources_there_is_nothing_to_wait_for(watched):
    async with watched.running():
        assert watched.discoverer.settled.is_set()
        assert watched.told == []


async def test_of_a_source_that_fails_the_last_good_targets_stay_and_it_is_said_once(watched):
    answers, status = [groups("a")], [200]

    async def handle(_):
        return web.Response(status=status[0], text=answers[0])

    application = web.Application()
    application.router.add_get("/", handle)
    async with TestServer(application) as server:
        source = HttpDiscovery(str(server.make_url("/")), 60.0, 5.0)
        with capture_logs() as logs:
            async with watched.running(source):
                status[0] = 500
                for _ in range(3):
                    await watched.after(60)
                assert watched.told == [{"http_sd[0]": ["a"]}]
                assert watched.figure("failures_total", "http_sd[0]") == 3
                assert watched.figure("last_success_timestamp_seconds", "http_sd[0]") == T0
                status[0] = 200
                await watched.after(60)
        assert events(logs) == ["discovery_failed", "discovery_recovered"]
        assert str(server.port) not in str(logs)


async def test_a_source_that_fails_from_the_start_does_not_keep_the_others_waiting(watched, folder):
    async with watched.running(file(folder, "b"), HttpDiscovery("http://127.0.0.1:1", 60.0, 5.0)):
        assert watched.discoverer.settled.is_set()
        assert watched.told == [{"file_sd[0]": ["b1"], "http_sd[0]": []}]
        assert watched.figure("failures_total", "http_sd[0]") == 1


async def test_an_answer_that_drops_most_is_held_told_and_believed_the_third_time(watched, folder):
    with capture_logs() as logs:
        async with watched.running(file(folder, "a")):
            (folder / "a.json").write_text(groups("a1"))
            for _ in range(2):
                await watched.after(60)
                assert len(watched.told) == 1
                assert watched.figure("held", "file_sd[0]") == 1
                assert watched.figure("targets", "file_sd[0]") == 4
            for _ in range(5):
                watched.discoverer.refresh()
                await watched.looked()
            assert len(watched.told) == 1, "looking again is no confirmation"
            await watched.after(60)
            assert watched.told[1:] == [{"file_sd[0]": ["a1"]}]
            assert watched.figure("held", "file_sd[0]") == 0
    assert [(entry["event"], entry.get("would_drop")) for entry in logs] == [
        ("discovery_held", 3),
        ("discovery_held_no_longer", None),
    ]


async def test_a_person_may_believe_it_at_once(watched, folder):
    async with watched.running(file(folder, "a")):
        (folder / "a.json").write_text("[]")
        await watched.after(60)
        assert watched.discoverer.believe() == ("file_sd[0]",)
        await watched.looked()
        assert watched.told[1:] == [{"file_sd[0]": []}]
        assert watched.discoverer.believe() == ()


async def test_targets_that_are_left_out_are_told_once_counted_and_offered_again(watched, folder):
    problem = Problem(folder / "a.json", None, "a1.__profile__", "there is no such profile")
    watched.rejects = [Rejected("file_sd[0]", (problem,))]
    with capture_logs() as logs:
        async with watched.running(file(folder, "a")):
            await watched.after(60)
            assert len(watched.told) == 2, "what it takes may be there now"
            assert watched.figure("rejected_targets", "file_sd[0]") == 1
            watched.rejects = []
            await watched.after(60)
            await watched.after(60)
            assert len(watched.told) == 3
            assert watched.figure("rejected_targets", "file_sd[0]") == 0
    assert events(logs) == ["targets_rejected", "targets_accepted"]
    assert logs[0]["problems"] == [f"{folder}/a.json: a1.__profile__: there is no such profile"]


async def test_what_a_reload_left_out_is_told_shown_and_offered_again(watched, folder):
    problem = Problem(folder / "a.json", None, "a1.__credentials__", "is not the name of a credential")
    with capture_logs() as logs:
        async with watched.running(file(folder, "a")):
            watched.discoverer.rejected([Rejected("file_sd[0]", (problem,))])
            assert watched.figure("rejected_targets", "file_sd[0]") == 1
            await watched.after(60)
            assert len(watched.told) == 2, "what it takes may be there now"
            watched.discoverer.rejected([Rejected("file_sd[0]", (problem,))])
            watched.discoverer.rejected([])
            assert watched.figure("rejected_targets", "file_sd[0]") == 0
            await watched.after(60)
            assert len(watched.told) == 2
    assert events(logs) == ["targets_rejected", "targets_accepted", "targets_rejected", "targets_accepted"]


async def test_it_is_complete_once_every_source_has_answered_well(watched, folder):
    assert watched.discoverer.complete, "there is none"
    (folder / "c.json").write_text("[")
    async with watched.running(file(folder, "a"), file(folder, "c")):
        assert not watched.discoverer.complete
        (folder / "c.json").write_text("[]")
        await watched.after(60)
        assert watched.discoverer.complete
        (folder / "c.json").write_text("[")
        await watched.after(60)
        assert watched.discoverer.complete, "its last good targets stay"
        watched.discoverer.apply([file(folder, "a"), file(folder, "c", 30.0)])
        assert not watched.discoverer.complete
        await watched.looked()
        assert not watched.discoverer.complete


async def test_a_broken_file_keeps_its_tenants_when_its_section_changes(watched, folder):
    async with watched.running(file(folder, "*"), file(folder, "none")):
        (folder / "b.json").write_text("[{")
        watched.discoverer.apply([file(folder, "none", 30.0), file(folder, "[ab]", 30.0)])
        await watched.looked()
        assert watched.told[-1] == {"file_sd[0]": [], "file_sd[1]": ["a1", "a2", "a3", "a4", "b1"]}
        (folder / "b.json").write_text(groups("b2"))
        await watched.after(30)
        assert watched.told[-1]["file_sd[1]"] == ["a1", "a2", "a3", "a4", "b2"]


async def test_another_set_of_sources_leaves_the_unchanged_ones_undisturbed(watched, folder):
    first, second = file(folder, "a"), file(folder, "b")
    async with watched.running(first, second):
        (folder / "b.json").write_text(groups("b1", "b2"))
        watched.discoverer.apply([second])
        assert [batch.source for batch in watched.discoverer.batches] == ["file_sd[0]"]
        await watched.looked()
        assert watched.told[1:] == [{"file_sd[0]": ["b1"]}], "not asked before its time"
        assert watched.figure("targets", "file_sd[1]") is None
        await watched.after(60)
        assert watched.told[2:] == [{"file_sd[0]": ["b1", "b2"]}]


async def test_a_changed_source_keeps_its_tenants_until_it_answers_and_then_is_believed(watched, folder):
    (folder / "c.json").write_text("[")
    async with watched.running(file(folder, "a")):
        watched.discoverer.apply([file(folder, "c")])
        (batch,) = watched.discoverer.batches
        assert len(batch.targets) == 4
        await watched.looked()
        assert len(watched.discoverer.batches[0].targets) == 4
        (folder / "c.json").write_text(groups("c1"))
        await watched.after(60)
        assert watched.told[-1] == {"file_sd[0]": ["c1"]}
        watched.discoverer.apply([])
        await watched.looked()
        assert watched.told[-1] == {}


async def test_a_fault_of_ours_costs_one_look_and_not_the_daemon(watched, folder):
    async with watched.running(file(folder, "a")):
        source = watched.discoverer._watched[0].source
        source.look, look = None, source.look
        with capture_logs() as logs:
            await watched.after(60)
        assert events(logs) == ["discovery_fault", "discovery_failed"]
        source.look = look
        await watched.after(60)
        assert watched.figure("failures_total", "file_sd[0]") == 1
        assert len(watched.told) == 1
