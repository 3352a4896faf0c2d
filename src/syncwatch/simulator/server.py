"""The simulated panels on one port, from start to stop."""

import asyncio
from collections.abc import Callable, Sequence

from aiohttp import web

from syncwatch.simulator.api import Asked, PanelApi
from syncwatch.simulator.control import Control
from syncwatch.simulator.faults import Faults
from syncwatch.simulator.options import Options
from syncwatch.simulator.world import World

LARGEST_BODY = 64 * 1024
SHUTDOWN_SECONDS = 1.0  # a request that a fault holds up is not waited for


class Simulator:
    """A world and the application that serves it; one `Simulator` makes one `app`."""

    def __init__(self, options: Options) -> None:
        world = World(options)
        faults = Faults(options)
        self._api = PanelApi(options, world, faults)
        self._control = Control(options, world, faults)

    @property
    def asked(self) -> Sequence[Asked]:
        """The newest requests to the panels, oldest first."""
        return self._api.asked

    def app(self) -> web.Application:
        """The application: panels below `/{tenant}`, `/truth` and `/control` beside them."""
        app = web.Application(client_max_size=LARGEST_BODY)
        app.add_routes([*self._control.routes(), *self._api.routes()])
        return app


async def serve(
    options: Options,
    *,
    stop: asyncio.Event | None = None,
    started: Callable[[str], None] | None = None,
) -> None:
    """Serve until `stop` is set, or for ever.

    Args:
        options: the world, and where to listen.
        stop: ends it.
        started: is called once with the base URL, when requests are answered.

    Raises:
        OSError: if the port cannot be listened on.
    """
    runner = web.AppRunner(Simulator(options).app(), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, options.host, options.port).start()
        if started is not None:
            port = runner.addresses[0][1]
            host = f"[{options.host}]" if ":" in options.host else options.host
            started(f"http://{host}:{port}")
        await (stop or asyncio.Event()).wait()
    finally:
        await runner.cleanup()
