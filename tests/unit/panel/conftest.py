"""A panel that is served by a test, read by the shipped profile or a small one."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from syncwatch.config.secrets import Credential
from syncwatch.panel.compile import CompiledProfile, compile_profile
from syncwatch.panel.panel import Panel
from syncwatch.panel.profile.load import load_profiles
from unit.panel.made import KEY, compiled

SHIPPED = Path(__file__).parents[3] / "config" / "panels" / "litify-inbox.yaml"


class SetClock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.time = 1_700_000_000.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds

    def random(self) -> float:
        return 0.5


@dataclass
class SetSecret:
    """A secret that a test sets."""

    value: str

    def read(self) -> SecretStr:
        return SecretStr(self.value)


USER = {
    "userId": "4e8a3d12-fa32-4d92-9170-74cac44a1530",
    "name": "A. Example",
    "email": "a@firm.example",
    "organizationId": "org-1",
    "planId": "plan-1",
    "mailboxAccessType": "Microsoft 365 OAuth (EWS API) - Impersonated",
    "mailboxStatus": "Initialized",
    "synchronizationStatus": "Enabled",
    "effectiveSynchronizationStatus": "Disabled due to an error",
    "disabledDueToError": True,
    "lastSession": {
        "jobId": "job-1",
        "startedAt": "2023-05-02T10:00:03Z",
        "endedAt": "2023-05-02T10:00:31Z",
        "status": "errors",
        "message": "Canceled (SW0001)",
    },
    "issues": 3,
    "createdOn": "2022-11-02T08:00:00Z",
}


@pytest.fixture
def user() -> Callable[..., dict[str, Any]]:
    """A row of the users list by the contract, with what a test changes."""
    return lambda **changes: {**USER, **changes}


@pytest.fixture(scope="session")
def profile() -> CompiledProfile:
    return compile_profile(load_profiles([SHIPPED])["litify-inbox"], KEY)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def secret() -> SetSecret:
    return SetSecret("token-1")


@pytest.fixture
def panel(panel_server, profile, secret, http, clock) -> Panel:
    """A panel read with a static token."""
    credential = Credential("c", None, None, secret, frozenset({"127.0.0.1"}))
    return Panel(panel_server.base_url, profile, credential, http, clock)


@pytest.fixture
def small(tmp_path, panel_server, http, clock) -> Callable[..., Panel]:
    """A panel of the server's that is read by the small profile with what a test changes."""

    def panel(change: dict[str, Any], *, url: str | None = None, **own: Any) -> Panel:
        profile = compiled(tmp_path, change, **own)
        return Panel(url or panel_server.base_url, profile, None, http, clock)

    return panel
