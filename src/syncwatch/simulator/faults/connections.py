"""The connection breaks, stands still or says what is no HTTP."""

import socket
import struct

from aiohttp import web

from syncwatch.simulator.faults.fault import CONFIDENTIAL, ENDPOINTS, Exchange, Fault

FOREVER = 3600.0  # seconds; nobody waits longer
INTERIM = 0.05  # seconds between two interim answers
_RESET_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: send RST instead of FIN
_START = b'{"data":[{"userId":"%b"},' % CONFIDENTIAL.encode()
_BODY = _START + b" " * (4096 - len(_START))


async def _hang(exchange: Exchange) -> web.StreamResponse:
    return await _silent(exchange)


async def _hang_headers(exchange: Exchange) -> web.StreamResponse:
    _write(exchange, b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Le")
    return await _silent(exchange)


async def _half_open(exchange: Exchange) -> web.StreamResponse:
    await _began(exchange)
    return await _silent(exchange)


async def _drip(exchange: Exchange) -> web.StreamResponse:
    response = _json()
    await response.prepare(exchange.request)
    for _ in range(int(FOREVER)):
        await response.write(b" ")
        await exchange.pace.sleep(1.0)
    return response


async def _slow(exchange: Exchange) -> web.StreamResponse:
    await exchange.pace.sleep(exchange.pace.slow)
    return await exchange.right()


async def _close(exchange: Exchange) -> web.StreamResponse:
    return _ended(exchange)


async def _reset(exchange: Exchange) -> web.StreamResponse:
    return _ended(exchange, reset=True)


async def _reset_in_body(exchange: Exchange) -> web.StreamResponse:
    await _began(exchange)
    await exchange.pace.sleep(INTERIM)  # what was sent arrives before the reset
    return _ended(exchange, reset=True)


async def _cut(exchange: Exchange) -> web.StreamResponse:
    return await _began(exchange, close=True)


async def _cut_chunks(exchange: Exchange) -> web.StreamResponse:
    response = _json()
    await response.prepare(exchange.request)
    await response.write(_BODY)
    await exchange.pace.sleep(INTERIM)
    return _ended(exchange)


async def _bad_chunks(exchange: Exchange) -> web.StreamResponse:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    _write(exchange, head + b"zz\r\n" + _BODY)
    await exchange.pace.sleep(INTERIM)
    return _ended(exchange)


async def _not_http(exchange: Exchange) -> web.StreamResponse:
    _write(exchange, b"220 mail.%b.example ESMTP ready\r\n" % CONFIDENTIAL.encode())
    await exchange.pace.sleep(INTERIM)
    return _ended(exchange)


async def _interim(exchange: Exchange) -> web.StreamResponse:
    for _ in range(int(FOREVER / INTERIM)):
        _write(exchange, b"HTTP/1.1 102 Processing\r\n\r\n")
        await exchange.pace.sleep(INTERIM)
    return _ended(exchange)


def _json() -> web.StreamResponse:
    return web.StreamResponse(headers={"Content-Type": "application/json"})


async def _began(exchange: Exchange, *, close: bool = False) -> web.StreamResponse:
    """An answer of which half was sent; with `close` the connection ends with it."""
    response = _json()
    response.content_length = 2 * len(_BODY)
    if close:
        response.force_close()
    await response.prepare(exchange.request)
    await response.write(_BODY)
    return response


async def _silent(exchange: Exchange) -> web.StreamResponse:
    await exchange.pace.sleep(FOREVER)
    return _ended(exchange)


def _write(exchange: Exchange, data: bytes) -> None:
    """Send what the HTTP library would not."""
    transport = exchange.request.transport
    if transport is not None and not transport.is_closing():
        transport.write(data)


def _ended(exchange: Exchange, *, reset: bool = False) -> web.Response:
    """Break the connection, with a reset or without a word; the answer goes nowhere."""
    transport = exchange.request.transport
    if transport is not None:
        if reset:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_ONCE)
        transport.abort()
    return web.Response(status=503)


FAULTS = (
    Fault("down", "closes each connection without a word", _close, ENDPOINTS),
    Fault("slow", "answers right, but late", _slow, ENDPOINTS),
    Fault("hang", "takes each request and never answers", _hang, ENDPOINTS),
    Fault("hang_headers", "stops in the middle of the headers", _hang_headers, ENDPOINTS),
    Fault("half_open", "stops in the middle of a body, and the connection stays open", _half_open, ENDPOINTS),
    Fault("drip", "sends a byte a second", _drip, ENDPOINTS),
    Fault("interim", "says for ever that it is still at work (102)", _interim, ENDPOINTS),
    Fault("reset", "resets each connection at once", _reset, ENDPOINTS),
    Fault("reset_in_body", "resets the connection in the middle of a body", _reset_in_body, ENDPOINTS),
    Fault("cut", "sends less than Content-Length says", _cut, ENDPOINTS),
    Fault("cut_chunks", "ends a chunked body before its end", _cut_chunks, ENDPOINTS),
    Fault("bad_chunks", "sends chunks whose size is no number", _bad_chunks, ENDPOINTS),
    Fault("not_http", "is a mail server", _not_http, ENDPOINTS),
)
