"""One read-only pass over a panel: the profile's own requests, with what comes back left as it is.

A table that cannot be read does not stop the others, and why is kept in the words of `PollError`. It is a sample: so
many pages of a list, and the lists of so many users.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from syncwatch.errors import PollError, Reason
from syncwatch.panel.compile import CompiledProfile
from syncwatch.panel.decode import MAX_COMMAS, UNREADABLE, Content
from syncwatch.panel.exports import Shelf, UnfinishedError
from syncwatch.panel.pages import NOBODY
from syncwatch.panel.paging import pager
from syncwatch.panel.plan import TablePlan
from syncwatch.panel.profile.schema import Format
from syncwatch.panel.requests import NOT_FOUND, OK, Access, Requests
from syncwatch.panel.sheet import IncompleteError, parse
from syncwatch.panel.survey.likeness import known_id
from syncwatch.panel.survey.seen import Rows
from syncwatch.panel.survey.shape import Shape, at, shape_of
from syncwatch.panel.tables import TABLES, Scope
from syncwatch.rows import Figures
from syncwatch.transport.reasons import of_exception

MAX_PAGES = 10  # of a table
MAX_OWNERS = 5  # users or organizations whose lists are read


@dataclass(slots=True, repr=False)
class Surveyed:
    """What was seen of one table.

    Attributes:
        plan: how the profile reads it.
        rows: what its rows held.
        pages: read.
        lists: read to the end, or to the end of what is looked at.
        shape: where things are on its pages; None for a file, and where no page was read.
        failure: why it could not be read, or not on.
    """

    plan: TablePlan
    rows: Rows
    pages: int = 0
    lists: int = 0
    shape: Shape | None = None
    failure: PollError | None = None


Survey = Mapping[str, Surveyed]  # by our names of the tables that the profile has


class Lists(Protocol):
    """Where the lists come from."""

    async def read(self, table: Surveyed, owners: Mapping[str, str]) -> None:
        """Look at one list of a table: the tenant's, or that of the user or organization in `owners`."""
        ...


async def survey(profile: CompiledProfile, lists: Lists) -> Survey:
    """Look at every table of the profile; raises nothing that a panel could cause."""
    csv = profile.format is Format.CSV
    seen: dict[str, Surveyed] = {}
    for name in (name for name in TABLES if name in profile.tables):
        plan = profile.tables[name]
        table = seen[name] = Surveyed(plan, Rows(plan.maker.times, csv=csv))
        try:
            for owners in _owners(plan, seen):
                await lists.read(table, owners)
        except Exception as error:  # noqa: BLE001 - the one place that lets no failure of a table out
            table.failure = _failure(error, name)
    return seen


def _owners(plan: TablePlan, seen: Survey) -> list[Mapping[str, str]]:
    """Whose lists are read: the tenant's, or those of a few users or organizations of all that were seen."""
    scope = plan.table.scope
    if scope is Scope.TENANT:
        return [NOBODY]
    others = seen[f"{scope.value}s"]
    path = known_id(others.plan, others.rows)
    if path is None:
        raise PollError(
            Reason.SCHEMA, f"{plan.name}: not asked for, because no {scope.value}'s id is known yet"
        )
    ids = list(others.rows.columns[path].words)
    step = max(1, len(ids) // MAX_OWNERS)
    return [{scope.value: id_} for id_ in ids[::step][:MAX_OWNERS]]


class Pages:
    """Lists of a panel that answers in JSON, page by page."""

    def __init__(self, access: Access, figures: Figures) -> None:
        self._urls = access.urls
        self._requests = Requests(access, figures)

    async def read(self, table: Surveyed, owners: Mapping[str, str]) -> None:
        """See `Lists.read`; a user who is gone has no list."""
        plan = table.plan
        first, turn = self._urls.of(plan.table, owners), pager(plan.paging, self._urls)
        cursor: str | None = ""
        asked: set[str] = set()
        rows = 0
        while cursor is not None and cursor not in asked and len(asked) < MAX_PAGES:
            asked.add(cursor)
            response = await self._requests.get(plan.name, turn.at(first, cursor), None)
            if response.status == NOT_FOUND and ((cursor and turn.past_the_end) or table.lists):
                break
            if response.status != OK:
                raise self._requests.refusal(plan.name, response)
            if response.for_people:
                raise PollError(
                    Reason.AUTH, f"{plan.name}: a page of HTML instead of data, most likely a login"
                )
            content = _look(table, _decoded(response.body, plan.name))
            rows += len(content.rows)
            cursor = turn.following(cursor, response, content, rows)
        table.lists += 1


class Sheets:
    """Lists of a panel that exports files."""

    def __init__(self, shelves: Mapping[str, Shelf]) -> None:
        self._shelves = shelves

    async def read(self, table: Surveyed, owners: Mapping[str, str]) -> None:  # noqa: ARG002 - a file is everybody's
        """See `Lists.read`."""
        shelf = self._shelves[table.plan.name]
        files = await shelf.fetch(await shelf.look())
        body = files[table.plan.name].body or b""
        sheet = await asyncio.to_thread(parse, body, table.plan)
        for record in sheet.records:
            cells = zip(reversed(sheet.columns), reversed(record), strict=True)
            table.rows.add({column: cell.strip() or None for column, cell in cells})
        table.pages = table.lists = 1


def _decoded(body: bytes, name: str) -> Any:
    if body.count(b",") > MAX_COMMAS:
        raise PollError(Reason.DECODE, f"{name}: the answer is too large to be looked at")
    try:
        return msgspec.json.decode(body)
    except UNREADABLE:
        failure = PollError(Reason.DECODE, f"{name}: the answer is no JSON, cut short or nested too deep")
    raise failure


def _look(table: Surveyed, page: Any) -> Content:
    """Look at one page, and tell what paging must know of it."""
    if table.shape is None or not table.rows.count:
        table.shape = shape_of(page, table.plan.table.page, table.plan.paging, table.plan.name)
    shape = table.shape
    found = at(page, shape.rows)
    rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
    table.pages += 1
    for row in rows:
        table.rows.add(row)
    following, total = at(page, shape.next), at(page, shape.total)
    return Content(
        tuple(rows),
        following if isinstance(following, str) and following else None,
        total if isinstance(total, int) else None,
    )


def _failure(error: Exception, name: str) -> PollError:
    if isinstance(error, UnfinishedError | IncompleteError):
        return PollError(Reason.DECODE, str(error))
    return of_exception(error, name)
