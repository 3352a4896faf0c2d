"""Lists that do not end, do not add up, or lose people."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from aiohttp import web

from syncwatch.simulator.faults.fault import USERS, Exchange, Fault
from syncwatch.simulator.faults.pages import Page, Row, of_page

BEYOND = 10**9  # where invented pages begin
INVENTED = 100  # rows on an invented page ...
PADDING = 64 << 10  # ... and characters that each of them has for nothing
LATE = 0.01  # seconds before an empty page
VANISHING = 4  # of so many users one is missing, another one in each request


def _cursor(offset: int, salt: int = 0) -> str:
    """A cursor of the panel's own; one with another salt means the same row."""
    return urlsafe_b64encode(f"row:{' ' * salt}{offset}".encode()).decode()


def _loop(_: Exchange, page: Page) -> Page:
    page["nextCursor"] = page["nextCursor"] or _cursor(0)
    return page


def _same_page(exchange: Exchange, page: Page) -> Page:
    page["nextCursor"] = _cursor(0, exchange.number + 1)
    return page


def _endless(exchange: Exchange, page: Page) -> Page:
    """After the right users the same invented ones each time, with a new cursor for ever."""
    if page["nextCursor"] is None:
        place = _beyond(exchange)
        page["data"] += [_invented(f"{place}-{row}", PADDING) for row in range(INVENTED)]
        page["nextCursor"] = _cursor(BEYOND + place + 1)
    return page


def _strangers(exchange: Exchange, page: Page) -> Page:
    """After the right users others each time, and then the first page once more."""
    if page["nextCursor"] is None:
        page["data"] += [_invented(f"{exchange.number}-{row}") for row in range(INVENTED)]
        page["nextCursor"] = _cursor(0, exchange.number + 1)
    return page


def _beyond(exchange: Exchange) -> int:
    """How many invented pages come before this one."""
    cursor = urlsafe_b64decode(exchange.request.query.get("cursor", "")).decode()
    return max(0, int(cursor.removeprefix("row:") or 0) - BEYOND)


def _invented(id_: str, padding: int = 0) -> Row:
    """A user whom nobody has."""
    return {
        "userId": f"invented-{id_}",
        "organizationId": "org-1",
        "planId": None,
        "mailboxStatus": "Initialized",
        "synchronizationStatus": "Enabled",
        "effectiveSynchronizationStatus": "Enabled",
        "disabledDueToError": False,
        "lastSession": None,
        "issues": 0,
        "createdOn": "2020-01-01T00:00:00Z",
        "note": " " * padding,
    }


def _empty_after_the_last(exchange: Exchange, page: Page) -> Page:
    if page["nextCursor"] is None:
        page["nextCursor"] = _cursor(BEYOND + exchange.number)
    return page


async def _endless_empty(exchange: Exchange) -> web.StreamResponse:
    await exchange.pace.sleep(LATE)
    return await of_page(_empty_after_the_last)(exchange)


def _empty(_: Exchange, __: Page) -> Page:
    return {"data": [], "nextCursor": None}


def _half(_: Exchange, page: Page) -> Page:
    """The first third of a page as if it were the whole list: less than half of any."""
    return {"data": page["data"][: len(page["data"]) // 3], "nextCursor": None}


def _twins(_: Exchange, page: Page) -> Page:
    """The first user of a page comes once more, switched off."""
    twins = [{**row, "synchronizationStatus": "Disabled"} for row in page["data"][:1]]
    page["data"] += twins
    return page


def _vanishing(exchange: Exchange, page: Page) -> Page:
    rows = enumerate(page["data"])
    page["data"] = [row for number, row in rows if (number + exchange.number) % VANISHING]
    return page


FAULTS = (
    Fault("loop", "names the first page as the one after the last", of_page(_loop), USERS),
    Fault("same_page", "gives the first page whatever the cursor", of_page(_same_page), USERS),
    Fault("endless", "goes on for ever with users that nobody has", of_page(_endless), USERS),
    Fault(
        "strangers",
        "goes in circles, with users that nobody has seen before each time",
        of_page(_strangers),
        USERS,
    ),
    Fault("endless_empty", "goes on for ever with empty pages", _endless_empty, USERS),
    Fault("empty_list", "lists no user", of_page(_empty), USERS),
    Fault(
        "half_list", "lists less than half of the users and says that these are all", of_page(_half), USERS
    ),
    Fault("twins", "lists one user twice, once switched off", of_page(_twins), USERS),
    Fault("vanishing", "leaves out every fourth user, another one each time", of_page(_vanishing), USERS),
)
