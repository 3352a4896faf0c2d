import asyncio
import io
import json
import logging
import re
import warnings

import pytest
import structlog
from pydantic import SecretStr

from syncwatch.errors import PollError, Reason
from syncwatch.telemetry.logging import configure
from syncwatch.telemetry.redaction import describe, text

CANARY = "hunter2canary"


class Stream(io.StringIO):
    terminal = False

    def isatty(self):
        return self.terminal


@pytest.fixture
def log():
    """Configure logging to a text stream; gives (logger, entries so far)."""
    root, levels = logging.getLogger(), {}
    handlers, level = root.handlers[:], root.level
    for name in ("asyncio", "aiohttp", "aiohttp.access"):
        levels[name] = logging.getLogger(name).level
    stream = Stream()

    def start(fmt="json", at="debug"):
        configure(fmt=fmt, level=at, stream=stream)
        return structlog.get_logger()

    start.stream = stream
    start.text = stream.getvalue
    start.entries = lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    yield start
    root.handlers[:], root.level = handlers, level
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


def fail():
    raise ValueError(CANARY)


def test_an_entry_is_one_line_of_json_with_utc_time(log):
    log().info("poll failed", tenant="firm-1", reason=Reason.DNS, requests=3)
    [entry] = log.entries()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", entry.pop("timestamp"))
    assert entry == {
        "event": "poll failed",
        "level": "info",
        "tenant": "firm-1",
        "reason": "dns",
        "requests": 3,
    }


def test_less_than_the_level_is_not_logged(log):
    logger = log(at="warning")
    logger.info("no")
    logging.getLogger("aiohttp.server").info("no")
    logger.warning("yes")
    assert [entry["event"] for entry in log.entries()] == ["yes"]


def test_a_console_line_has_no_colours_where_there_is_no_terminal(log):
    log("console").warning("poll failed", tenant="firm-1")
    assert "poll failed" in log.text()
    assert "tenant=firm-1" in log.text()
    assert "\x1b" not in log.text()


@pytest.mark.parametrize(
    ("terminal", "no_color", "begins"), [(True, "", "\x1b"), (True, "1", "20"), (False, "", "{")]
)
def test_auto_is_console_on_a_terminal_and_json_elsewhere(log, monkeypatch, terminal, no_color, begins):
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", no_color)
    log.stream.terminal = terminal
    log("auto").warning("entry")
    assert log.text().startswith(begins)


def test_foreign_entries_go_the_same_way_without_their_arguments(log):
    log()
    logging.getLogger("aiohttp.server").error("Error handling request from %s", CANARY)
    logging.getLogger("aiohttp.access").error("GET /?token=%s", CANARY)
    logging.getLogger("asyncio").debug("Using selector")
    [entry] = log.entries()
    assert (entry["event"], entry["logger"]) == ("Error handling request from %s", "aiohttp.server")
    assert entry["level"] == "error"


@pytest.mark.parametrize("fmt", ["json", "console"])
def test_no_exception_says_what_it_was_given(log, fmt):
    logger = log(fmt)
    local = CANARY
    try:
        fail()
    except ValueError as error:
        logger.exception("by the handled one", local=len(local))
        logger.warning("by value", exc_info=error)
        logger.warning("as a value", error=error, nested={"error": [error]})
        logging.getLogger("aiohttp.server").exception("by a library")
        logging.getLogger("aiohttp.server").error(error)  # noqa: TRY400 - as libraries do
    assert log.text().count("ValueError") >= 6
    assert CANARY not in log.text()
    assert "Traceback" not in log.text()


def test_our_own_errors_say_what_they_mean_and_where(log):
    logger = log()
    try:
        text(None)  # fails in our own code
    except TypeError as error:
        logger.warning("fault", exc_info=error)
    logger.error("poll", exc_info=PollError(Reason.TLS, "certificate expired"))
    fault, poll = (entry["exception"] for entry in log.entries())
    assert re.fullmatch(r"TypeError at syncwatch/telemetry/redaction\.py:\d+", fault)
    assert poll == "PollError: tls: certificate expired"


def test_groups_and_causes_are_named():
    inner = PollError(Reason.DNS, "no address")
    group = ExceptionGroup(CANARY, [inner, ValueError(CANARY)])
    outer = RuntimeError(CANARY)
    outer.__cause__ = group
    assert describe(outer) == "RuntimeError; caused by ExceptionGroup(PollError: dns: no address, ValueError)"


async def test_a_lost_task_of_asyncio_does_not_print_its_error(log):
    log()
    asyncio.get_running_loop().call_exception_handler(
        {
            "message": "Task exception was never retrieved",
            "exception": ValueError(CANARY),
            "future": repr(CANARY),
        }
    )
    [entry] = log.entries()
    assert entry["event"] == "Task exception was never retrieved"
    assert entry["exception"] == "ValueError"
    assert CANARY not in log.text()


@pytest.mark.parametrize(
    "fields",
    [
        {"client_secret": CANARY},
        {"accessToken": CANARY},
        {"Authorization": f"Bearer {CANARY}"},
        {"subject": CANARY},
        {"header": f"Bearer {CANARY}"},
        {"who": f"{CANARY}@example.com"},
        {"who": f"first.last@{CANARY}.example"},
        {"url": f"https://h/p?cursor={CANARY}"},
        {"url": f"https://user:{CANARY}@h/p"},
        {"body": f"client_id=a&client_secret={CANARY}"},
        {"body": f'{{"access_token": "{CANARY}"}}'},
        {"jwt": f"eyJhbGciOi.{CANARY}.sig"},
        {"value": SecretStr(CANARY)},
        {"value": CANARY.encode()},
        {"deep": {"list": [{"password": CANARY}]}},
        {"event": f"said Bearer {CANARY}"},
    ],
)
def test_what_looks_confidential_is_taken_out(log, fields):
    log().info(fields.pop("event", "entry"), **fields)
    assert CANARY not in log.text()
    assert len(log.entries()) == 1


def test_figures_keep_their_place_whatever_they_are_called(log):
    log().info("counted", tokens_expired=3, subjects=0)
    assert log.entries()[0]["tokens_expired"] == 3


def test_no_text_can_forge_a_line_or_flood_the_log(log):
    log("console").info("one\ntwo\x1b[31m\u2028", value="a\nb", long="x" * 100_000)
    assert len(log.text().splitlines()) == 1
    assert "\x1b" not in log.text()
    assert len(log.text()) < 3000


def test_a_closed_stream_is_no_reason_to_print_arguments_or_to_fail(log, capsys):
    logger = log()
    logging.getLogger().handlers[0].stream.close()
    with warnings.catch_warnings():
        logger.info("entry", value=CANARY)
    assert capsys.readouterr().err == ""
