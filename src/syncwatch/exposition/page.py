"""One answer to a scrape: the tenants' chunks, the catalogue, and the daemon's own figures.

Costs no poll and no look at the network. Compressing is left to a thread, since a big page would hold the
event loop for longer than any poll.
"""

import asyncio
import zlib
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from syncwatch.clock import Clock
from syncwatch.exposition.board import Board
from syncwatch.exposition.render import escaped, header, line

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
GZIP = 16 + zlib.MAX_WBITS
RENDER_SECONDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0)
_EOF = b"# EOF\n"


class Page:
    """What /metrics answers with.

    Args:
        board: the tenants' chunks.
        registry: the daemon's own figures.
        clock: times the work.
    """

    def __init__(self, board: Board, registry: CollectorRegistry, clock: Clock) -> None:
        self._board = board
        self._clock = clock
        self._registry = registry
        self._classes: tuple[str, ...] = ()
        self._seconds = Histogram(
            "syncwatch_render_seconds",
            "How long it took to join a page, without compressing it.",
            buckets=RENDER_SECONDS,
            registry=registry,
        )
        self._series = Gauge("syncwatch_series", "Series with a tenant label.", registry=registry)

    def describe(self, classes: Mapping[tuple[str, str], tuple[str, str, str, str]]) -> None:
        """Set the catalogue: (class, owner) to (area, severity, remedy, by_design)."""
        names = ("class", "owner", "area", "severity", "remedy", "by_design")
        self._classes = tuple(
            line("inboxsync_class_info", zip(names, map(escaped, (*key, *texts)), strict=True), 1)
            for key, texts in sorted(classes.items())
        )

    def body(self, *, openmetrics: bool) -> bytes:
        """The whole page, uncompressed."""
        begun = self._clock.monotonic()
        parts = [*self._board.parts(openmetrics=openmetrics)]
        self._series.set(self._board.series())
        own = (generate_openmetrics if openmetrics else generate_latest)(self._registry)
        if self._classes:
            parts.append(header("inboxsync_class_info", "gauge", CLASS_INFO_HELP, openmetrics=openmetrics))
            parts.extend(text.encode() for text in self._classes)
        parts.append(own.removesuffix(_EOF) + _EOF if openmetrics else own)
        body = b"".join(parts)
        self._seconds.observe(self._clock.monotonic() - begun)
        return body


CLASS_INFO_HELP = "Always 1; what a class of trouble is, how bad, what its owner should do, and whether it is a limit of the product."


async def compressed(body: bytes) -> bytes:
    """`body` as gzip, made in a thread."""
    return await asyncio.to_thread(_gzip, body)


def _gzip(body: bytes) -> bytes:
    compressor = zlib.compressobj(level=1, wbits=GZIP)
    return compressor.compress(body) + compressor.flush()
