"""How a fault changes a right page: as a whole, or some of its rows.

Only a page of JSON is changed; a refusal stays what it is. The changed page carries no entity tag, so that it is read
again each time.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from syncwatch.simulator.answers import json_page
from syncwatch.simulator.faults.fault import Act, Exchange

Row = dict[str, Any]
Page = dict[str, Any]  # `data` and `nextCursor`

EACH = 3  # of so many rows one is changed, where some are


def of_page(change: Callable[[Exchange, Page], Page | bytes]) -> Act:
    """Answer what `change` makes of the right page."""

    async def act(exchange: Exchange) -> web.StreamResponse:
        answer = await exchange.anew()
        if answer.status != 200 or not isinstance(answer.body, bytes):  # noqa: PLR2004
            return answer
        made = change(exchange, msgspec.json.decode(answer.body))
        return json_page(made if isinstance(made, bytes) else msgspec.json.encode(made))

    return act


def of_rows(change: Callable[[Row], None], *, each: int = 1) -> Act:
    """Let `change` have every row, or only one of so many: the second, and so on from there."""

    def changed(_: Exchange, page: Page) -> Page:
        for number, row in enumerate(page["data"]):
            if number % each == min(1, each - 1):
                change(row)
        return page

    return of_page(changed)
