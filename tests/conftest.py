"""What tests of several packages share."""

from collections.abc import Iterator
from functools import cache
from itertools import count
from typing import Any
from unittest.mock import Mock

import pytest
import structlog
from aiohttp import ClientResponse
from aioresponses import aioresponses

from logs import logging_kept
from postgres import Server
from syncwatch import setup


class _AnsweredResponse(ClientResponse):
    """Supplies what aiohttp 3.14 asks for and aioresponses 0.7.9 (its issue 289) does not give."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("stream_writer", Mock(output_size=0))
        super().__init__(*args, **kwargs)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[aioresponses]:
    """Prepared answers to single requests, with bodies under 64 KB; anything larger needs a real server."""
    monkeypatch.setattr("aioresponses.core.ClientResponse", _AnsweredResponse)
    with aioresponses() as prepared:
        yield prepared


@pytest.fixture(scope="session", autouse=True)
def shipped_rules() -> Iterator[None]:
    """The rules that come with the program are made ready once: nobody changes them, and it takes longer than most tests."""
    ready_rules = setup.ready_rules
    shipped = cache(ready_rules)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(setup, "ready_rules", lambda files=(): ready_rules(files) if files else shipped())
        yield


@pytest.fixture(autouse=True)
def plain_logging() -> Iterator[None]:
    """Commands set up logging for the whole process; the tests after them must not notice."""
    with logging_kept():
        # By default an exception is shown with all locals, which are whole rule sets and take seconds.
        structlog.configure(
            processors=[structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        )
        yield


@pytest.fixture(scope="session")
def postgres_numbers() -> Iterator[int]:
    """Numbers that make names different."""
    return count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A running PostgreSQL server, the same one for all tests of a worker: leave it running."""
    with Server() as server:
        yield server


@pytest.fixture
def database(postgres: Server, postgres_numbers: Iterator[int]) -> str:
    """The URL of an empty database of this test's own."""
    name = f"test{next(postgres_numbers)}"
    postgres.sql(f"create database {name}")
    return postgres.url(name)
