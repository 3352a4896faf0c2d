"""What the daemon says of itself as a whole."""

from syncwatch.app import App, client
from syncwatch.polling.schedule import LONGEST_WAIT
from syncwatch.setup import load
from unit.given import T0

CONFIG = """
polling: {interval: 30s}
tenants: [{id: firm-001, url: "http://127.0.0.1:1"}]
"""


class Still:
    """A clock that a test sets."""

    time = T0

    def now(self):
        return self.time

    monotonic = now


async def test_a_panel_that_asks_to_be_left_alone_does_not_make_the_daemon_unhealthy(tmp_path):
    file = tmp_path / "syncwatch.yaml"
    file.write_text(CONFIG)
    setup, clock = load(file, {}), Still()
    async with client(setup) as http:
        app = App(setup, clock, http)
        clock.time += LONGEST_WAIT + setup.config.polling.timeout
        assert app._standstill() is None, "its only tenant answered Retry-After: 3600"
        clock.time += LONGEST_WAIT
        assert "no poll ended for" in app._standstill()
