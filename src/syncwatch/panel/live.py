"""A panel that answers for now: its lists, page by page over HTTP."""

from collections.abc import Mapping
from functools import partial

from yarl import URL

from syncwatch.errors import PollError, Reason
from syncwatch.panel.decode import Content, decode, look
from syncwatch.panel.pages import ALL, NO_MARKS, NOBODY, Caps, Enough, PastTheEndError, Walk, Walked, never
from syncwatch.panel.paging import Pager, pager
from syncwatch.panel.plan import TablePlan
from syncwatch.panel.profile.written import Keys
from syncwatch.panel.requests import NOT_FOUND, NOT_MODIFIED, OK, Access, Requests
from syncwatch.panel.tables import LACKING
from syncwatch.rows import Figures, PageMark
from syncwatch.transport.client import Response
from syncwatch.transport.reasons import of_exception
from syncwatch.transport.room import Hold, Share


class _GoneError(Exception):
    """The panel no longer knows the user, or has no such list of the user or organization."""


class Live:
    """One poll's lists of one panel; a `reading.Lists`."""

    time: float | None = None
    held: PollError | None = None

    def __init__(self, access: Access, tables: Mapping[str, TablePlan], share: Share) -> None:
        self.figures = Figures()
        self._share = share
        self._access = access
        self._tables = tables
        self._requests = Requests(access, self.figures)
        self._seen: dict[str, set[Keys]] = {}

    async def read(
        self,
        name: str,
        *,
        owners: Mapping[str, str] = NOBODY,
        marks: Mapping[str, PageMark] = NO_MARKS,
        caps: Caps = ALL,
        enough: Enough = never,
    ) -> Walked | None:
        """See `reading.Lists.read`."""
        plan, hold = self._tables[name], Hold(self._share)
        try:
            first = self._access.urls.of(plan.table, owners)
            turn = pager(plan.paging, self._access.urls)
            ask = partial(self._ask, name, first, turn, hold=hold, may_go="user" in owners or name in LACKING)
            read = partial(self._content, plan)
            walk = Walk(name, self.figures, ask, read, turn, plan.table.etag, caps, enough)
            return await walk.pages(marks)
        except _GoneError:
            return None
        except Exception as error:  # noqa: BLE001 - the one place that promises PollError and no other
            failure = of_exception(error, name)
        finally:
            if "user" in owners or name in LACKING:
                hold.close()  # a tab: its rows go as soon as they are looked at, and the lists' with the poll
        raise failure

    async def _ask(
        self,
        name: str,
        first: URL,
        turn: Pager,
        cursor: str,
        etag: str | None,
        *,
        hold: Hold,
        may_go: bool,
    ) -> Response:
        response = await self._requests.get(name, turn.at(first, cursor), etag, hold)
        if response.status == NOT_MODIFIED and etag:
            return response
        if response.status == NOT_FOUND and cursor and turn.past_the_end:
            raise PastTheEndError
        if response.status == NOT_FOUND and may_go:
            raise _GoneError
        if response.status != OK:
            raise self._requests.refusal(name, response)
        if response.for_people:
            raise PollError(Reason.AUTH, f"{name}: a page of HTML instead of data, most likely a login")
        return response

    def _content(self, plan: TablePlan, body: bytes) -> Content:
        """Read a page; which of several paths the panel has is told by all the keys that this poll has seen."""
        if not plan.open:
            return decode(plan.usual(), body, self.figures)
        seen = self._seen.setdefault(plan.name, set())
        if any(seen.isdisjoint(paths) for paths in plan.alternatives()):
            look(plan, body, seen)
        return decode(plan.choose(seen.__contains__), body, self.figures)
