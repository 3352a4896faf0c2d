"""The simulated panels on one port, from start to stop."""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from syncwatch.simulator.api import Asked, PanelApi
from syncwatch.simulator.control import Control
from syncwatch.simulator.export_job import ExportJob
from syncwatch.simulator.misbehaviour import Misbehaviour
from syncwatch.simulator.options import Options
from syncwatch.simulator.world import World

LARGEST_BODY = 64 * 1024
SHUTDOWN_SECONDS = 1.0  # a request that a fault holds up is not waited for


class Simulator:
    """A world and the application that serves it; one `Simulator` makes one `app`.

    Attributes:
        exports: makes the exports of this world.
    """

    def __init__(self, options: Options) -> None:
        world = World(options)
        misbehaviour = Misbehaviour(options)
        self.exports = ExportJob(options, world, misbehaviour)
        self._api = PanelApi(options, world, misbehaviour, self.exports)
        self._control = Control(options, world, misbehaviour)

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
    """Serve until `stop` is set, or for ever, and write exports to their folder again and again.

    Args:
        options: the world, and where to listen: on one port by plain HTTP, on others by TLS.
        stop: ends it.
        started: is called once with the base URL, when requests are answered and the first exports are there.

    Raises:
        OSError: if a port cannot be listened on, a certificate not be used, or a file not be written.
    """
    simulator = Simulator(options)
    runner = web.AppRunner(
        simulator.app(),
        access_log=None,
        shutdown_timeout=SHUTDOWN_SECONDS,
        handler_cancellation=True,  # whoever hangs up ends what a fault holds up
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, options.host, options.port).start()
        for port, certificate in options.https.items():
            await web.TCPSite(runner, options.host, port, ssl_context=_tls(certificate)).start()
        await simulator.exports.write()
        if started is not None:
            port = runner.addresses[0][1]
            host = f"[{options.host}]" if ":" in options.host else options.host
            started(f"http://{host}:{port}")
        await _export_until(stop or asyncio.Event(), simulator.exports, options.export_interval)
    finally:
        await runner.cleanup()


def _tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


async def _export_until(stop: asyncio.Event, exports: ExportJob, interval: float) -> None:
    while not stop.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), interval)
            return
        await exports.write()
