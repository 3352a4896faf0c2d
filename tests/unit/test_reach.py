"""A tenant's panel stays the same for as long as nothing about the way to it changes."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from syncwatch.clock import SystemClock
from syncwatch.config.loader import load
from syncwatch.config.shipped import shipped
from syncwatch.panel.budget import Limiter
from syncwatch.panel.profile.load import load_profiles
from syncwatch.reach import reach

BASE = """
credentials:
  firm: {token_env: TOKEN, hosts: [panel.firm.example]}
tenants:
- id: firm-1
  url: https://panel.firm.example
  credentials: firm
"""


@pytest.fixture(scope="module")
def profiles():
    return load_profiles(shipped("panels"))


@pytest.fixture
def reached(tmp_path, http, profiles):
    """The panels of a configuration with these lines more, given those before."""

    def of(more: str = "", before=None, base: str = BASE):
        file = tmp_path / "syncwatch.yaml"
        file.write_text(base + more)
        config = load(file, {"TOKEN": "t0ken", "PROXY": "pr0xy"})
        setup = SimpleNamespace(config=config, profiles=profiles)  # without the rules, which take seconds
        return reach(
            setup, before or {}, key=b"k" * 32, http=http, clock=SystemClock(), limiter=Limiter(SystemClock())
        )

    return of


def test_what_has_not_changed_stays(reached):
    first = reached()
    assert reached(before=first)["firm-1"] is first["firm-1"]


@pytest.mark.parametrize(
    "more",
    [
        "  tls: {ca_file: ca.pem}\n",
        "  proxy: {url: 'http://proxy.example:3128'}\n",
        "  proxy: {url: 'http://proxy.example:3128', username: me, password_env: PROXY}\n",
        "polling: {read_timeout: 3s}\n",
        "polling: {connect_timeout: 3s}\n",
    ],
)
def test_another_way_to_a_panel_is_another_panel(reached, tmp_path, more):
    Path(tmp_path / "ca.pem").write_text("")
    first = reached()
    second = reached(more, first)
    assert second["firm-1"] is not first["firm-1"]
    assert reached(more, second)["firm-1"] is second["firm-1"]
    assert "pr0xy" not in repr(second)
