"""Too much of something. Each answer is sent in pieces until the client has had enough or `FLOOD` is reached."""

import zlib
from collections.abc import Iterable
from functools import cache, partial

import msgspec
from aiohttp import web

from syncwatch.simulator.answers import json_page
from syncwatch.simulator.faults.fault import CONFIDENTIAL, USERS, Exchange, Fault
from syncwatch.simulator.faults.pages import of_rows

MIB = 1 << 20
FLOOD = 256 * MIB
PIECE = 256 << 10
DEEP = 100_000
MANY_HEADERS = 5_000
HUGE_HEADER = 512 << 10
HUGE_TEXT = 256 << 10
HUGE_PAGE = 20_000
ROWS_AT_ONCE = 500


async def _flood(exchange: Exchange, *, status: int = 200) -> web.StreamResponse:
    piece = b" " * PIECE
    return await _sent(exchange, (piece for _ in range(FLOOD // PIECE)), status=status)


async def _gzip_bomb(exchange: Exchange) -> web.StreamResponse:
    return await _sent(exchange, _bomb(), encoding="gzip")


def _bomb() -> Iterable[bytes]:
    """A gzip stream of `FLOOD` blanks; its check sum is never right, because nobody should get that far."""
    yield b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    for _ in range(FLOOD // MIB):
        yield _blanks()
    yield b"\x03\0" + bytes(8)


@cache
def _blanks() -> bytes:
    """A MiB of blanks, deflated so that any number of them may follow each other."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(b" " * MIB) + packer.flush(zlib.Z_FULL_FLUSH)


async def _nested(exchange: Exchange) -> web.StreamResponse:  # noqa: ARG001 - whatever is asked
    return json_page(b'{"data":' + b"[" * DEEP + b"]" * DEEP + b"}")


async def _many_headers(exchange: Exchange) -> web.StreamResponse:
    answer = await exchange.anew()
    answer.headers.extend((f"X-{number}", CONFIDENTIAL) for number in range(MANY_HEADERS))
    return answer


async def _huge_header(exchange: Exchange) -> web.StreamResponse:
    answer = await exchange.anew()
    answer.headers["X-Trace"] = CONFIDENTIAL * (HUGE_HEADER // len(CONFIDENTIAL))
    return answer


def _grow(row: dict[str, object]) -> None:
    row["name"] = row["email"] = row["note"] = CONFIDENTIAL * (HUGE_TEXT // len(CONFIDENTIAL))


async def _huge_page(exchange: Exchange) -> web.StreamResponse:
    """The users of the page, and rows like the first of them until there are `HUGE_PAGE`."""
    answer = await exchange.anew()
    if answer.status != 200 or not isinstance(answer.body, bytes):  # noqa: PLR2004
        return answer
    rows = msgspec.json.decode(answer.body)["data"]
    return await _sent(exchange, _rows(rows))


def _rows(rows: list[dict[str, object]]) -> Iterable[bytes]:
    encode = msgspec.json.encode
    like = {**rows[0], "lastSession": None, "issues": 0}
    yield b'{"nextCursor":null,"data":[%b' % b",".join(map(encode, rows))
    for first in range(len(rows), HUGE_PAGE, ROWS_AT_ONCE):
        numbers = range(first, min(first + ROWS_AT_ONCE, HUGE_PAGE))
        yield b"".join(b"," + encode({**like, "userId": f"invented-{number}"}) for number in numbers)
    yield b"]}"


async def _sent(
    exchange: Exchange, pieces: Iterable[bytes], *, status: int = 200, encoding: str | None = None
) -> web.StreamResponse:
    """Send pieces as they are made, each when the one before has gone out."""
    headers = {"Content-Type": "application/json"} | ({"Content-Encoding": encoding} if encoding else {})
    response = web.StreamResponse(status=status, headers=headers)
    await response.prepare(exchange.request)
    for piece in pieces:
        await response.write(piece)
    return response


FAULTS = (
    Fault("flood", "sends 256 MiB", _flood),
    Fault("flood_500", "sends 256 MiB with status 500", partial(_flood, status=500)),
    Fault("gzip_bomb", "sends 256 MiB as 256 KiB of gzip", _gzip_bomb),
    Fault("deep_nesting", "nests 100,000 lists in each other", _nested),
    Fault("huge_header", "sends a header of 512 KiB", _huge_header),
    Fault("many_headers", "sends 5,000 headers", _many_headers),
    Fault("huge_texts", "gives each user a name and an address of 256 KiB", of_rows(_grow), USERS),
    Fault("huge_page", "lists 20,000 users on one page", _huge_page, USERS),
)
