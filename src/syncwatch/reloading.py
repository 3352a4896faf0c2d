"""Bringing what runs in line with what is written: when asked to, when a file changes, and when tenants come and go.

Parses first, swaps second, reports always: a set that is wrong anywhere changes nothing, and what ran goes on. One at
a time, whoever asks; all reading of files is done in a thread. A secret that changed is no other configuration, it only
means that the tenants who use it need not wait any longer.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from math import inf
from typing import NamedTuple, Protocol

import structlog

from syncwatch.clock import Clock
from syncwatch.config.target import Batch, Rejected
from syncwatch.config.watch import Watch
from syncwatch.discovery.discoverer import named
from syncwatch.errors import ConfigError, Problem
from syncwatch.setup import Setup

log = structlog.get_logger(__name__)


RETRY = 6  # looks between two tries of what was refused; reading everything is work


class Running(Protocol):
    """What runs, as far as it can be changed."""

    def apply(self, setup: Setup) -> None:
        """Run this from now on."""
        ...

    def loaded(self) -> None:
        """What is written now is what runs."""
        ...

    def refused(self) -> None:
        """What is written now is not what runs."""
        ...

    def retry(self, tenants: Iterable[str]) -> None:
        """Poll those of these soon that wait because they failed."""
        ...

    def look_for_targets(self) -> None:
        """Look now at all sources of targets."""
        ...

    def targets_left_out(self, rejected: Iterable[Rejected]) -> None:
        """These targets do not fit what is written now."""
        ...

    def believe_targets(self) -> None:
        """Take over the targets that were held back, because a person said so."""
        ...


class Reloader:
    """See the module.

    Args:
        setup: what runs now.
        load: reads all files; raises `ConfigError`.
        running: what runs.
        clock: what time it is.
        since: when the reading of `setup` began, Unix seconds; now unless that is said.
    """

    def __init__(
        self,
        setup: Setup,
        load: Callable[[], Setup],
        running: Running,
        clock: Clock,
        *,
        since: float | None = None,
    ) -> None:
        self._setup = setup
        self._found: Sequence[Batch] = ()
        self._load = load
        self._running = running
        self._clock = clock
        self._files, self._targets = Watch(), Watch()
        self._turn = asyncio.Lock()
        self._asked = asyncio.Event()
        self._refused: tuple[Problem, ...] = ()
        self._read = clock.now() if since is None else since
        self._late = False  # whether something was written while it was read
        self._again = inf  # when to try what was refused once more, monotonic seconds

    async def reload(self) -> tuple[Problem, ...]:
        """Read everything anew; gives what is wrong with it, and then nothing has changed."""
        async with self._turn:
            problems = await self._reload()
        if problems and problems != self._refused:
            log.error("configuration_refused", problems=[str(problem) for problem in problems])
        self._refused = problems
        self._again = self._clock.monotonic() + RETRY * self._interval if problems else inf
        return problems

    async def asked(self) -> tuple[Problem, ...]:
        """The same for a person, who has looked at the sources of targets as well: what they held back is believed."""
        problems = await self.reload()
        if not problems:
            self._running.believe_targets()
            self._running.look_for_targets()
        return problems

    async def found(self, batches: Sequence[Batch]) -> tuple[Rejected, ...]:
        """Take over the targets that discovery found, but for those that are wrong: these are given back."""
        async with self._turn:
            self._found = batches
            try:
                setup, rejected = await asyncio.to_thread(self._setup.with_found, batches)
                if setup.config.tenants != self._setup.config.tenants:
                    self._running.apply(setup)
                self._setup = setup
            except Exception:  # what runs must go on running, whatever is wrong with a list
                log.exception("reload_fault")
                return ()
        return rejected

    def ask(self) -> None:
        """Do what `asked` does as soon as `obey` comes to it."""
        self._asked.set()

    async def obey(self) -> None:
        """For ever, reload when asked to."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            await self.asked()

    async def watch(self) -> None:
        """For ever, look for changes of the files in use."""
        while True:
            try:
                await self._look()
            except Exception:  # the next look may go well, and nobody else would look
                log.exception("look_fault")
            await self._clock.sleep(self._interval)

    @property
    def _interval(self) -> float:
        return self._setup.config.reload_interval

    async def _reload(self) -> tuple[Problem, ...]:
        before = self._setup
        try:
            self._read = self._clock.now()
            await asyncio.to_thread(self._changes, before)
            written = await asyncio.to_thread(self._load)
            setup, rejected = await asyncio.to_thread(_with_found, written, self._found, before)
            self._run(setup)
            self._running.targets_left_out(rejected)
            # What was written while it was read may have been read, or not.
            self._late |= self._act_on(await asyncio.to_thread(self._changes, setup))
        except ConfigError as error:
            problems = error.problems
        except Exception as fault:  # what runs must go on running, whatever is wrong with a new set
            log.exception("reload_fault")
            what = f"cannot be run, by a fault of Syncwatch: {type(fault).__name__}"
            problems = (Problem(before.config.document.file, None, "", what),)
        else:
            self._running.loaded()
            _tell(before, setup)
            return ()
        self._running.refused()
        return problems

    def _run(self, setup: Setup) -> None:
        self._running.apply(setup)
        self._setup = setup

    async def _look(self) -> None:
        async with self._turn:
            self._late |= self._act_on(await asyncio.to_thread(self._changes, self._setup))
        if self._late or self._clock.monotonic() >= self._again:
            self._late = False
            await self.reload()

    def _act_on(self, changes: "_Changes") -> bool:
        """Do what takes no reload; whether one is due."""
        if changes.targets:
            self._running.look_for_targets()
        self._running.retry(changes.tenants)
        return changes.files

    def _changes(self, setup: Setup) -> "_Changes":
        secrets = setup.secret_files
        changed = self._files.changed({*setup.files, *secrets}, setup.patterns, since=self._read)
        targets = self._targets.changed((), setup.target_patterns)
        used = changed & secrets.keys()
        return _Changes(
            files=bool(changed - used),
            tenants=frozenset(tenant for path in used for tenant in secrets[path]),
            targets=bool(targets) or any(not secrets[path] for path in used),
        )


def _with_found(written: Setup, found: Sequence[Batch], before: Setup) -> tuple[Setup, tuple[Rejected, ...]]:
    """What is written, with the tenants that its sources have, and which of their targets are left out.

    Raises:
        ConfigError: some of those that run would be lost, because what is written does not fit them.
    """
    sources = {name for name, _ in named(written.config.discovery)}
    setup, rejected = written.with_found([each for each in found if each.source in sources], before)
    kept = {tenant.id for tenant in setup.config.tenants}
    lost = {id_ for id_, known in before.config.found.items() if known.listed.source in sources} - kept
    problems = [problem for each in rejected if each.tenant in lost for problem in each.problems]
    if problems:
        raise ConfigError(problems)
    return setup, rejected


class _Changes(NamedTuple):
    """Whether files of the configuration have changed, whose secrets have, and whether a source of targets may have."""

    files: bool
    tenants: frozenset[str]
    targets: bool


def _tell(before: Setup, now: Setup) -> None:
    log.info("configuration_loaded", digest=now.config.digest[:12], tenants=len(now.config.tenants))
    restart = {
        "polling.concurrency": before.config.polling.concurrency < now.config.polling.concurrency,
        "state": before.config.state != now.config.state,
        "web.listen": before.config.web_listen != now.config.web_listen,
    }
    if keys := [key for key, changed in restart.items() if changed]:
        log.warning("needs_restart", keys=keys)
