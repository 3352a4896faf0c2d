"""A users page of 200 rows through the compiled profile, against Structs written by hand and `json.loads`.

Decoded only, and with every field read, since words and times become ours only then; the daemon also counts the words
that it does not know, which the baseline does not. Both must read the same values, or there is no figure.
"""

import json
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

import msgspec

from figures import Figure, Report, medians
from handwritten import UsersPage
from syncwatch.config.shipped import shipped
from syncwatch.panel.compile import compile_profile
from syncwatch.panel.decode import decode
from syncwatch.panel.profile.load import load_profiles
from syncwatch.panel.tables import TABLES
from syncwatch.rows import Figures
from syncwatch.simulator import Options, wire
from syncwatch.simulator.world import World

ROUNDS = 9
PAGES = 60  # in each round
ROWS = 200

_fields = attrgetter(*(TABLES["users"].keys() - {"logon", "condition"}))


def _page() -> bytes:
    """What a simulated panel answers."""
    options = Options(tenants=1, users=ROWS)
    tenant = World(options).tenant(options.tenant_ids[0])
    return wire.page([wire.user_row(user, terse=False) for user in tenant.users], None)


def _read(rows: Iterable[Any]) -> list[Any]:
    return [_fields(row) for row in rows]


def _often(work: Callable[[], object]) -> Callable[[int], object]:
    return lambda _: [work() for _ in range(PAGES)]


def run() -> Report:
    """Time one page."""
    body = _page()
    table = compile_profile(load_profiles(shipped("panels"))["litify-inbox"], b"key").tables["users"].usual()
    hand = msgspec.json.Decoder(UsersPage)
    if _read(decode(table, body, Figures()).rows) != _read(hand.decode(body).rows):
        raise AssertionError("compiled and hand-written rows do not agree; their times cannot be compared")
    contestants: dict[str, Callable[[], object]] = {
        "profile": lambda: table.page.decode(body),
        "hand": lambda: hand.decode(body),
        "json": lambda: json.loads(body),
        "profile, read": lambda: _read(table.page.decode(body).rows),
        "profile, read, counted": lambda: _read(decode(table, body, Figures()).rows),
        "hand, read": lambda: _read(hand.decode(body).rows),
    }
    seconds = medians(ROUNDS, {name: _often(work) for name, work in contestants.items()})

    def figure(name: str, contestant: str, *baselines: str) -> Figure:
        ratios = (f"{seconds[contestant] / seconds[other]:.2f} x `{other}`" for other in baselines)
        return Figure(name, f"{seconds[contestant] / PAGES * 1e6:,.0f} us", ", ".join(ratios))

    return Report(
        f"decode: a users page of {ROWS} rows, {len(body) // 1000} KB",
        (
            figure("baseline `json` (json.loads)", "json"),
            figure("baseline `hand` (Structs by hand)", "hand"),
            figure("compiled profile", "profile", "json", "hand"),
            figure("baseline `hand, read` (every field read)", "hand, read"),
            figure("compiled profile, every field read", "profile, read", "json", "hand, read"),
            figure("... and unknown words counted", "profile, read, counted", "hand, read"),
        ),
    )
