"""Exports behind a URL: files on a web server or in an object store, asked for conditionally.

A file's time is its Last-Modified; of a server that does not say so, the time of the answer that carried it first.
"""

import hashlib
from collections.abc import Mapping

from syncwatch.clock import Clock
from syncwatch.errors import PollError, Reason
from syncwatch.panel.exports import File, Kept, finished
from syncwatch.panel.plan import TablePlan
from syncwatch.panel.requests import NOT_MODIFIED, OK, Requests
from syncwatch.panel.urls import Urls
from syncwatch.transport.client import Response
from syncwatch.transport.room import Hold, Share


class Remote:
    """The files of one tenant behind its base URL; a `exports.Shelf` for one poll.

    Args:
        requests: what asks.
        urls: where.
        tables: what is asked for.
        kept: what the polls before left.
        clock: what time it is.
        share: what the poll may hold.
    """

    def __init__(
        self,
        requests: Requests,
        urls: Urls,
        tables: Mapping[str, TablePlan],
        kept: Kept,
        clock: Clock,
        *,
        share: Share,
    ) -> None:
        self._requests = requests
        self._urls = urls
        self._tables = tables
        self._kept = kept
        self._clock = clock
        self._hold = Hold(share)

    async def look(self) -> Mapping[str, File]:
        """See `exports.Shelf.look`; what has changed comes with what is in it."""
        return {name: await self._file(name, self._kept.files.get(name)) for name in self._tables}

    async def fetch(self, files: Mapping[str, File]) -> Mapping[str, File]:
        """See `exports.Shelf.fetch`: asks again, unconditionally, for what has not changed."""
        return {
            name: file if file.body is not None else await self._file(name, None)
            for name, file in files.items()
        }

    async def _file(self, name: str, before: File | None) -> File:
        url = self._urls.of(self._tables[name].table)
        etag = before.stamp if before is not None and before.stamp.startswith(('"', "W/")) else None
        response = await self._requests.get(name, url, etag, self._hold)
        if before is not None and etag and response.status == NOT_MODIFIED:
            return before
        if response.status != OK:
            raise self._requests.refusal(name, response)
        if response.for_people:
            raise PollError(Reason.AUTH, f"{name}: a page of HTML instead of a file, most likely a login")
        file = self._found(response, before)
        return file if response.modified is None else finished(name, file, self._clock.now())

    def _found(self, response: Response, before: File | None) -> File:
        stamp = response.etag or hashlib.blake2b(response.body, digest_size=16).hexdigest()
        made = response.modified
        if made is None and before is not None and before.stamp == stamp:
            made = before.time
        if made is None:
            made = self._clock.now() if response.sent is None else response.sent
        return File(stamp, made, len(response.body), response.body)
