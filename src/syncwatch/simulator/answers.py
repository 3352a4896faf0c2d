"""What any endpoint may answer: JSON, and the contract's errors."""

from aiohttp import web


def json_page(body: bytes, headers: dict[str, str] | None = None) -> web.Response:
    """JSON that is bytes already."""
    return web.Response(body=body, content_type="application/json", headers=headers)


def error(status: int, kind: str, message: str, headers: dict[str, str] | None = None) -> web.Response:
    """An error as the contract has it."""
    body = {"requestId": "00000000", "error": {"type": kind, "message": message}}
    return web.json_response(body, status=status, headers=headers)
