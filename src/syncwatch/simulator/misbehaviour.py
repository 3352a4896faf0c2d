"""Which tenant misbehaves how: until further notice, or by a draw for each request."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from aiohttp import web

from syncwatch.simulator.faults.catalogue import CATALOGUE, NONE
from syncwatch.simulator.faults.fault import Exchange, Fault, Pace
from syncwatch.simulator.options import Options

_BROKEN = ("http_500", "unauthorized", "down", "html", "rate_limited", "garbage")  # in turn


@dataclass(slots=True)
class _Spell:
    """The time for which a tenant misbehaves in one way; `met` counts the requests that met with it."""

    fault: Fault
    met: int = 0


class Misbehaviour:
    """See the module; `Options.broken` and `Options.faults` say who misbehaves from the start."""

    def __init__(self, options: Options) -> None:
        self._rng = Random(f"{options.seed}/faults")
        self._flaky = options.flaky
        self._pace = Pace(
            now=options.now, sleep=options.sleep, slow=options.slow, patience=options.retry_after
        )
        self._spells: dict[str, _Spell] = {}
        for number, tenant in enumerate(reversed(options.broken_ids)):
            self.set(tenant, _BROKEN[number % len(_BROKEN)])
        for tenant, fault in options.faults.items():
            self.set(tenant, fault)

    def set(self, tenant: str, fault: str) -> None:
        """Let a tenant misbehave in this way until further notice; `none` ends it.

        Raises:
            KeyError: if there is no such fault.
        """
        self._spells.pop(tenant, None)
        if fault != NONE:
            self._spells[tenant] = _Spell(CATALOGUE[fault])

    def of(self, tenant: str) -> str:
        """The fault of this tenant until further notice; `none` if it behaves."""
        spell = self._spells.get(tenant)
        return spell.fault.name if spell else NONE

    async def answer(
        self,
        request: web.Request,
        tenant: str,
        endpoint: str,
        right: Callable[[web.Request], Awaitable[web.Response]],
    ) -> web.StreamResponse:
        """What this tenant answers; `right` gives the right answer, for whoever needs it."""
        spell = self._spells.get(tenant) or self._drawn()
        if spell is None or endpoint not in spell.fault.at:
            return await right(request)
        number, spell.met = spell.met, spell.met + 1
        exchange = Exchange(request=request, endpoint=endpoint, number=number, pace=self._pace, answer=right)
        return await spell.fault.act(exchange)

    def _drawn(self) -> _Spell | None:
        if not self._flaky:
            return None
        left = self._rng.random()
        for fault, probability in self._flaky.items():
            left -= probability
            if left < 0:
                return _Spell(CATALOGUE[fault])
        return None
