"""Redirects. Where one leads to another host, that is the simulator's own trap, which counts who walks into it.

The trap is told by another name of this machine, so that following is possible, and seen.
"""

from collections.abc import Callable

from aiohttp import web

from syncwatch.simulator.faults.fault import CONFIDENTIAL, ENDPOINTS, Act, Exchange, Fault, always

TRAP = "/trap"


def _redirect(where: Callable[[web.Request], str], status: int = 302) -> Act:
    def answer(exchange: Exchange) -> web.Response:
        headers = {"Location": where(exchange.request)}
        return web.Response(status=status, headers=headers, text=CONFIDENTIAL)

    return always(answer)


def _elsewhere(request: web.Request) -> str:
    """The trap, by another name of the same machine than the client used."""
    name, colon, port = request.host.rpartition(":")
    host = "127.0.0.1" if name == "localhost" else "localhost"
    return f"//{host}{colon}{port}{TRAP}?token={CONFIDENTIAL}"


def _plain(request: web.Request) -> str:
    return f"http://{request.host}{TRAP}?token={CONFIDENTIAL}"


def _on(request: web.Request) -> str:
    return f"{TRAP}{request.path}?token={CONFIDENTIAL}"


FAULTS = (
    Fault("redirect_elsewhere", "redirects to another host", _redirect(_elsewhere), ENDPOINTS),
    Fault("redirect_308", "redirects to another host and asks to keep the method", _redirect(_elsewhere, 308), ENDPOINTS),
    Fault("redirect_plain", "redirects to plain http", _redirect(_plain)),
    Fault("redirect_login", "redirects to a login", _redirect(lambda _: f"/login?returnUrl=/{CONFIDENTIAL}")),
    Fault("redirect_here", "redirects to another path on the same host", _redirect(_on)),
    Fault("redirect_loop", "redirects to the same page", _redirect(lambda request: request.path)),
    Fault("redirect_file", "redirects to a file", _redirect(lambda _: "file:///etc/hostname")),
    Fault("redirect_nowhere", "redirects and does not say where to", always(lambda _: web.Response(status=302))),
)  # fmt: skip
