"""The least that polling a fleet can cost: the baseline of `fleet`, a process of its own.

On the same schedule as the daemon it fetches of each tenant only the two lists that every poll needs, with the entity
tag where it was given one, and has `json.loads` read what comes. It keeps nothing, decides nothing, shows nothing.
Called as `bare.py FLEET INTERVAL SECONDS`; prints polls and CPU seconds of that time, the first round not counted.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import uvloop
import yaml
from aiohttp import ClientSession, DummyCookieJar, TCPConnector
from yarl import URL

LISTS = ("organizations", "users")
CONNECTIONS = 100
NOT_MODIFIED = 304


class Poller:
    """All tenants of a configuration.

    Attributes:
        polls: whole polls so far.
    """

    def __init__(self, session: ClientSession, interval: float) -> None:
        self.polls = 0
        self._session = session
        self._interval = interval
        self._tags: dict[URL, str] = {}

    async def keep(self, base: str, credentials: dict[str, str], delay: float) -> None:
        """Poll one tenant for ever, first after `delay` seconds."""
        await asyncio.sleep(delay)
        token = await self._token(base, credentials)
        lists = [URL(f"{base}/api/admin/v1/{name}?limit=200", encoded=True) for name in LISTS]
        due = time.monotonic()
        while True:
            for url in lists:
                await self._fetch(url, {"Authorization": f"Bearer {token}"})
            self.polls += 1
            due += self._interval
            await asyncio.sleep(due - time.monotonic())

    async def _token(self, base: str, credentials: dict[str, str]) -> str:
        form = {"grant_type": "client_credentials", **credentials}
        async with self._session.post(f"{base}/oauth/token", data=form) as answer:
            return str((await answer.json())["access_token"])

    async def _fetch(self, url: URL, headers: dict[str, str]) -> None:
        if tag := self._tags.get(url):
            headers["If-None-Match"] = tag
        async with self._session.get(url, headers=headers, raise_for_status=True) as answer:
            if answer.status != NOT_MODIFIED:
                json.loads(await answer.read())
                if tag := answer.headers.get("ETag"):
                    self._tags[url] = tag


class Fleet(NamedTuple):
    """What is polled, and with which credentials."""

    bases: list[str]
    credentials: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> "Fleet":
        """A configuration that the simulator wrote, whose tenants share one credential."""
        config: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        (credential,) = config["credentials"].values()
        secret = (path.parent / credential["client_secret_file"]).read_text(encoding="utf-8")
        credentials = {"client_id": credential["client_id"], "client_secret": secret}
        return cls([tenant["url"] for tenant in config["tenants"]], credentials)


async def main(fleet: Fleet, interval: float, seconds: float) -> None:
    """Poll and measure."""
    connector = TCPConnector(limit=CONNECTIONS)
    async with (
        ClientSession(connector=connector, cookie_jar=DummyCookieJar()) as session,
        asyncio.TaskGroup() as group,
    ):
        poller = Poller(session, interval)
        tasks = [
            group.create_task(poller.keep(base, fleet.credentials, interval * place / len(fleet.bases)))
            for place, base in enumerate(fleet.bases)
        ]
        await asyncio.sleep(2 * interval)
        polls, cpu = poller.polls, time.process_time()
        await asyncio.sleep(seconds)
        print(json.dumps({"polls": poller.polls - polls, "cpu": time.process_time() - cpu}))
        for task in tasks:
            task.cancel()


if __name__ == "__main__":
    uvloop.run(main(Fleet.read(Path(sys.argv[1])), float(sys.argv[2]), float(sys.argv[3])))
