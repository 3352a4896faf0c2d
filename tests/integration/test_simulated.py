"""Against the simulator: its truth, promtool's rules, and a real Prometheus."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml
from aiohttp import ClientSession, web

from integration.serving import (
    Daemon,
    ask,
    child,
    eventually,
    expected,
    free_port,
    running,
    served,
)
from tools import tool

TENANTS = ("firm-001", "firm-002", "firm-003", "firm-004")
BROKEN = TENANTS[-1]


@pytest.fixture(scope="module")
def simulator(tmp_path_factory) -> Iterator[tuple[int, Path]]:
    """A frozen world: its port, and a configuration that watches it."""
    folder, port = tmp_path_factory.mktemp("simulator"), free_port()
    fleet = folder / "fleet.yaml"
    options = ("--tenants", "4", "--users", "60", "--seed", "7", "--broken", "1", "--page-size", "40")
    place = ("--listen", f"127.0.0.1:{port}", "--fleet", str(fleet), "--poll-interval", "1s")
    command = (sys.executable, "-m", "syncwatch", "simulate", *options, *place)
    with child(*command, log=folder / "simulator"):

        def frozen() -> None:
            assert ask(port, "/control/freeze", "POST").status == 200
            assert fleet.exists()

        eventually(frozen)
        yield port, fleet


@pytest.fixture(scope="module")
def daemon(simulator) -> Iterator[Daemon]:
    _, fleet = simulator
    with running(fleet.parent, yaml.safe_load(fleet.read_text())) as started:
        for tenant in TENANTS:
            started.polled(tenant)
        yield started


def truth(simulator: tuple[int, Path]) -> dict[str, dict[str, Any]]:
    return json.loads(ask(simulator[0], "/truth").body)["tenants"]


@pytest.mark.parametrize("tenant", TENANTS[:-1])
def test_the_figures_agree_with_the_truth(simulator, daemon, tenant):
    def agree() -> None:
        told = expected(truth(simulator)[tenant])
        seen = daemon.figures(tenant)
        assert {name: seen.get(name, {}) for name in told} == told

    eventually(agree)


def test_the_world_is_worth_the_comparison(simulator):
    told = [truth(simulator)[tenant] for tenant in TENANTS[:-1]]
    for state in told[0]["users"]:
        assert any(each["users"][state] for each in told), state
    assert all(each["issues_open"] and each["syncs_down"] for each in told)


def test_an_organization_that_breaks_is_told_in_one_poll_and_when_it_heals_again(simulator, daemon):
    port, _ = simulator
    tenant, denied = TENANTS[1], ("impersonation_denied", "mail_admin")

    def broken(class_: str | None, least: int, most: int) -> None:
        body = json.dumps({"tenant": tenant, "class": class_}).encode()
        assert ask(port, "/control/break", "POST", body).status == 200

        def agree() -> None:
            told, seen = expected(truth(simulator)[tenant]), daemon.figures(tenant)
            assert {name: seen.get(name, {}) for name in told} == told
            assert least <= seen["inboxsync_syncs_down"].get(denied, 0) <= most

        eventually(agree)

    broken("impersonation_denied", 10, 60)
    broken(None, 0, 9)


def test_a_broken_tenant_is_down_and_shows_nothing(daemon):
    seen = daemon.figures(BROKEN)
    assert seen["inboxsync_tenant_up"] == {(): 0}
    assert "inboxsync_users" not in seen


def test_promtool_has_nothing_to_say(daemon):
    checked = subprocess.run(
        [tool("promtool"), "check", "metrics"], input=daemon.ask().body, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


@pytest.fixture(scope="module")
def prometheus(daemon, tmp_path_factory) -> Iterator[int]:
    """A Prometheus that scrapes the daemon as it likes (OpenMetrics), and through a door without an Accept (text)."""

    async def plain(request: web.Request) -> web.Response:
        url = f"http://127.0.0.1:{daemon.port}/metrics"
        async with ClientSession() as session, session.get(url, headers={"Accept": "text/plain"}) as answer:
            return web.Response(
                body=await answer.read(), headers={"Content-Type": answer.headers["Content-Type"]}
            )

    app = web.Application()
    app.router.add_get("/metrics", plain)
    folder, port = tmp_path_factory.mktemp("prometheus"), free_port()
    with served(app) as door:
        jobs = {"openmetrics": f"127.0.0.1:{daemon.port}", "text": door.removeprefix("http://")}
        config = {
            "global": {"scrape_interval": "250ms", "scrape_timeout": "250ms"},
            "scrape_configs": [
                {"job_name": job, "static_configs": [{"targets": [target]}]} for job, target in jobs.items()
            ],
        }
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        command = (
            tool("prometheus"),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        )
        with child(*command, log=folder / "log"):
            yield port


def asked(port: int, expression: str) -> dict[str, float]:
    """The newest value by job."""
    found = api(port, f"query?{urlencode({'query': expression})}")["result"]
    return {each["metric"]["job"]: float(each["value"][1]) for each in found}


def api(port: int, path: str) -> Any:
    """The data of an answer; while it starts Prometheus gives none."""
    answer = ask(port, f"/api/v1/{path}")
    assert answer.status == 200
    return json.loads(answer.body)["data"]


def test_prometheus_scrapes_both_formats_whole(daemon, prometheus):
    both = {"openmetrics", "text"}

    def scraped() -> None:
        assert asked(prometheus, "up") == dict.fromkeys(both, 1)
        seen = asked(prometheus, "scrape_samples_scraped")
        assert seen.keys() == both
        assert seen == asked(prometheus, "scrape_samples_post_metric_relabeling")
        in_all = "count by (job) ({__name__=~'inboxsync_.+|syncwatch_.+|process_.+|python_.+'})"
        assert asked(prometheus, in_all) == seen
        assert asked(prometheus, "sum by (job) (inboxsync_users)") == dict.fromkeys(both, 180)

    eventually(scraped)


def test_prometheus_is_told_of_counters_as_counters(prometheus):
    def told() -> None:
        metadata = api(prometheus, "targets/metadata")
        kinds = {(each["metric"].removesuffix("_total"), each["type"]) for each in metadata}
        assert ("inboxsync_sessions", "counter") in kinds
        assert ("inboxsync_users", "gauge") in kinds
        assert ("inboxsync_session_duration_seconds", "histogram") in kinds
        untyped = {each["metric"] for each in metadata if each["type"] in {"unknown", "unspecified"}}
        assert untyped == {"inboxsync_dedup_conflicts_total"}  # OpenMetrics has the gauge of that name

    eventually(told)
