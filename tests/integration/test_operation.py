"""Start, stop, and what the daemon answers: as an operator and a scraper meet them."""

import gzip
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from http.client import HTTPConnection
from itertools import count
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics

from integration.bench import Person, firm
from integration.other_panel import OtherPanel
from integration.serving import Daemon, environment, eventually, few_rules, running, sample_lines, served
from syncwatch.polling.schedule import grid

OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
GRACE = 4.0
# A tenant that is polled at once, because its place on the grid is at the beginning, and then not for an hour.
QUIET = next(id_ for id_ in map("quiet{}".format, count()) if grid(id_, 1).phase < 0.01)


@pytest.fixture(scope="module")
def panel() -> Iterator[tuple[OtherPanel, str]]:
    watched = firm()
    for number in range(30):
        Person(watched, time.time, f"u-{number}").runs()
    other = OtherPanel(firm=watched, **{QUIET: firm()})
    with served(other.app()) as url:
        yield other, url


def config(url: str, folder: Path) -> dict[str, object]:
    (folder / "secret").write_text(firm().client_secret)
    return {
        **few_rules(folder),
        "state": {"path": "state"},
        "polling": {"interval": "1s"},
        "credentials": {"x": {"client_id": "syncwatch", "client_secret_file": "secret"}},
        "tenants": [
            {"id": "firm", "url": f"{url}/panel/firm", "credentials": "x"},
            {"id": QUIET, "url": f"{url}/panel/{QUIET}", "credentials": "x", "interval": "1h"},
        ],
    }


@pytest.fixture(scope="module")
def daemon(panel, tmp_path_factory) -> Iterator[Daemon]:
    """One that no test stops."""
    folder = tmp_path_factory.mktemp("operation")
    with running(folder, config(panel[1], folder)) as started:
        started.polled("firm")
        yield started


@pytest.fixture
def stopped(panel, tmp_path) -> Iterator[Daemon]:
    """One that a test stops, and that was scraped before."""
    with running(tmp_path, config(panel[1], tmp_path), SYNCWATCH_SHUTDOWN_GRACE=f"{GRACE:g}s") as started:
        started.polled("firm")
        yield started


def test_sigterm_leaves_time_for_a_last_scrape_and_ends_well(stopped):
    stopped.signal(signal.SIGTERM)
    eventually(lambda: _is(stopped.ask("/-/ready").status, 503))
    assert stopped.ask("/-/healthy").status == 200
    assert b"inboxsync_users{" in stopped.ask().body
    assert stopped.exit_code(GRACE) == 0
    assert "Traceback" not in stopped.log.read_text()


def test_a_second_sigterm_hurries(stopped):
    stopped.signal(signal.SIGTERM)
    eventually(lambda: _is(stopped.ask("/-/ready").status, 503))
    assert stopped.process.poll() is None  # it waits for the scraper
    stopped.signal(signal.SIGTERM)
    assert stopped.exit_code(2) == 0


def test_sigterm_without_a_last_scrape_ends_within_the_grace_period(stopped):
    begun = time.monotonic()
    stopped.signal(signal.SIGTERM)
    assert stopped.exit_code(GRACE + 1) == 0
    assert GRACE / 2 < time.monotonic() - begun < GRACE


def test_ctrl_c_ends_at_once(stopped):
    stopped.signal(signal.SIGINT)
    assert stopped.exit_code(2) == 0
    assert "Traceback" not in stopped.log.read_text()


def test_ctrl_c_does_not_wait_for_a_panel_that_hangs(panel, stopped):
    panel[0].firms["firm"].hangs = True
    try:
        eventually(lambda: _is(b"syncwatch_polls_in_flight 1.0\n" in stopped.ask().body, expected=True))
        stopped.signal(signal.SIGINT)
        assert stopped.exit_code(2) == 0
    finally:
        panel[0].firms["firm"].hangs = False
    assert "Traceback" not in stopped.log.read_text()


def _is(seen: object, expected: object) -> None:
    assert seen == expected


def run(file: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "syncwatch", *command, str(file)],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        env=environment(),
    )


def test_a_port_that_is_taken_is_said_in_one_line(daemon):
    done = run(daemon.config, "run", "--config")
    assert done.returncode == 1
    said = [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("{")]
    assert len(said) == 1
    assert said[0].startswith(f"cannot listen on 127.0.0.1:{daemon.port}: ")
    assert "SYNCWATCH_LISTEN" in said[0]


def test_a_configuration_that_is_wrong_is_said_line_by_line(tmp_path):
    file = tmp_path / "bad.yaml"
    file.write_text(
        "polling: {interval: 5, intervall: 1m}\n"
        "credentials: {x: {client_id: a, client_secret_file: not-there}}\n"
        "tenants:\n"
        "  - {id: a, url: 'https://a.example.com', credentials: x}\n"
        "  - {id: a, url: 'https://b.example.com', credentials: y, profile: none}\n"
    )
    done = run(file, "run", "--config")
    assert done.returncode == 2
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    entry = "tenants[a]."
    places = ("polling.interval", "polling.intervall", "credentials.x", f"{entry}id", f"{entry}credentials")
    for place in (*places, f"{entry}profile"):
        assert any(f": {place}" in line for line in lines), (place, lines)
    assert all(line.startswith(f"{file}:") for line in lines), lines


def test_the_probes_say_that_all_is_well(daemon):
    assert [daemon.ask(path).body for path in ("/-/healthy", "/-/ready")] == [b"healthy\n", b"ready\n"]


def test_the_landing_page_leads_on(daemon):
    page = daemon.ask("/")
    assert page.status == 200
    assert b'href="/metrics"' in page.body
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_text_and_openmetrics_have_the_same_samples_of_tenants(daemon):
    def of_tenants(body: bytes) -> list[str]:
        moving = ("_timestamp_seconds", "_duration_seconds", "polls_total")
        lines = [line for line in sample_lines(body) if 'tenant="' in line]
        return [line for line in lines if not line.partition("{")[0].endswith(moving)]

    text, openmetrics = daemon.ask(), daemon.ask(Accept=OPENMETRICS)
    assert text.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert openmetrics.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert of_tenants(text.body) == of_tenants(openmetrics.body) != []
    assert openmetrics.body.endswith(b"# EOF\n")
    assert b"_created" not in openmetrics.body + text.body


def test_openmetrics_is_what_the_reference_parser_reads(daemon):
    page = daemon.ask(Accept=OPENMETRICS).body.decode()
    assert len(list(read_openmetrics(page))) > 40


def test_a_compressed_answer_is_one_gzip_member(daemon):
    answer = daemon.ask(Accept_Encoding="gzip")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
    page = reader.decompress(answer.body)
    assert reader.eof
    assert reader.unused_data == b""
    assert page == gzip.decompress(answer.body)
    assert b"inboxsync_users{" in page


def test_a_scraper_that_refuses_gzip_gets_none(daemon):
    assert "Content-Encoding" not in daemon.ask().headers
    assert "Content-Encoding" not in daemon.ask(Accept_Encoding="identity").headers


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/metrics", "HEAD", 405),
        ("/-/healthy", "HEAD", 405),
        ("/metrics", "POST", 405),
        ("/metrics", "DELETE", 405),
        ("/metricsx", "GET", 404),
        ("/metrics/", "GET", 404),
        ("/../etc/passwd", "GET", 404),
        ("/%2e%2e/%00", "GET", 404),
    ],
)
def test_what_is_no_page_is_refused(daemon, path, method, status):
    answer = daemon.ask(path, method)
    assert answer.status == status
    assert "passwd" not in answer.body.decode()
    if method == "HEAD":
        assert answer.body == b""


def test_reading_metrics_costs_no_poll(panel, daemon):
    daemon.polled(QUIET)
    asked = panel[0].firms[QUIET].asked.copy()
    connection = HTTPConnection("127.0.0.1", daemon.port)
    for _ in range(200):
        connection.request("GET", "/metrics")
        assert b"inboxsync_users{" in connection.getresponse().read()
    connection.close()
    assert panel[0].firms[QUIET].asked == asked
