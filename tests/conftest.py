"""What tests of several packages share."""

import logging
from collections.abc import Iterator
from itertools import count
from typing import Any
from unittest.mock import Mock

import pytest
import structlog
from aiohttp import ClientResponse
from aioresponses import aioresponses

from postgres import Server


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


@pytest.fixture(autouse=True)
def logging_kept() -> Iterator[None]:
    """Commands set up logging for the whole process; the tests after them must not notice."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    # By default an exception is shown with all locals, which are whole rule sets and take seconds.
    structlog.configure(
        processors=[structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    )
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


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
