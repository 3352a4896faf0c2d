"""The chart, rendered."""

import json
import platform
from functools import cache

import pytest

from chart.engine import Engine
from chart.release import CASES, Release


@pytest.fixture(scope="session")
def engine():
    """Helm's engine, the same for all tests of a worker."""
    if platform.machine() == "aarch64":
        pytest.skip(
            "there is no wheel of Helm's engine for Linux on ARM, so pyproject.toml leaves it out there"
        )
    engine = Engine()
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def install(engine):
    """Gives a release with these values, the same one to all who ask for it: they must not change it."""

    @cache
    def installed(values, **options):
        return Release(engine.render(json.loads(values), **options))

    return lambda values=None, **options: installed(json.dumps(values or {}), **options)


@pytest.fixture(scope="session", params=CASES)
def release(request, install):
    """A release of each of the chart's ci/ files, and one with the defaults."""
    return install(CASES[request.param])
