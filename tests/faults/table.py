"""One tenant for each fault, beside some that are well: what is expected of each, what is seen, and who else suffers.

Three times are watched: before, while all misbehave at once, and after. The world stands still, so that every figure
that differs is the daemon's mistake.
"""

import asyncio
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from faults.expected import EXPECTED, Outcome
from faults.trial import LOOK, PATIENCE, Shown, Trial, Well, trial

HEALTHY = 10
INTERVAL = 2.0  # seconds
USERS = 12
LASTS = 8.0  # seconds for which all misbehave at least


@dataclass
class Line:
    """What came of one fault.

    Attributes:
        fault: its name.
        tenant: who had it.
        outcome: what is expected.
        wrong: what was seen instead; None once it was seen as it should be.
        spoiled: what became wrong after it had been right.
        lost: what is wrong after the fault has ended; None if nothing is.
    """

    fault: str
    tenant: str
    outcome: Outcome
    wrong: str | None = "nothing seen"
    spoiled: str | None = None
    lost: str | None = None
    seen: set[str] = field(default_factory=set)

    @property
    def fine(self) -> bool:
        return not (self.wrong or self.spoiled or self.lost)

    def look(self, running: Trial, before: Shown, now: Shown) -> None:
        """Note down what is shown now."""
        self.seen = now.failed_since(before)
        found = running.judged(self.tenant, self.outcome, before, now)
        if found is None:
            self.wrong = None
        elif self.wrong is not None:
            self.wrong = found
        elif self.outcome.lasting:
            self.spoiled = found


@dataclass
class Report:
    """What came of all faults, and of those who were well.

    Attributes:
        lines: one for each fault.
        affected: what was wrong of tenants that are well, by tenant.
        late: tenants that are well and were polled too seldom.
        complaints: what must never be.
    """

    lines: list[Line]
    affected: dict[str, str] = field(default_factory=dict)
    late: dict[str, str] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    @property
    def fine(self) -> bool:
        return all(line.fine for line in self.lines) and not (self.affected or self.late or self.complaints)


async def table(folder: Path) -> Report:
    """Run all faults."""
    async with trial(folder, tenants=HEALTHY + len(EXPECTED), users=USERS, interval=INTERVAL) as running:
        well, ill = running.tenants[:HEALTHY], running.tenants[HEALTHY:]
        lines = [
            Line(fault, tenant, outcome)
            for tenant, (fault, outcome) in zip(ill, EXPECTED.items(), strict=True)
        ]
        report = Report(lines)
        await running.misbehave({line.tenant: line.fault for line in lines})
        await _while_all_misbehave(running, report, Well(running, well))
        await running.misbehave(dict.fromkeys(ill, "none"))
        await _afterwards(running, report)
        report.complaints = [*running.complaints(), *_untold(running, lines)]
        return report


async def _while_all_misbehave(running: Trial, report: Report, well: Well) -> None:
    before, began = running.look(), time.monotonic()
    while (passed := time.monotonic() - began) < LASTS or any(line.wrong for line in report.lines):
        if passed > PATIENCE / 2:
            break
        await asyncio.sleep(LOOK)
        now = running.look()
        await well.look(now)
        for line in report.lines:
            line.look(running, before[line.tenant], now[line.tenant])
        # What is doubted at first is believed later: that is not for here.
        over = [line.tenant for line in report.lines if not line.wrong and not line.outcome.lasting]
        await running.misbehave(dict.fromkeys(over, "none"))
    report.affected, report.late = well.affected, well.late()


async def _afterwards(running: Trial, report: Report) -> None:
    try:
        await running.exact(running.tenants)
    except AssertionError:
        now = running.look()
        for line in report.lines:
            line.lost = running.wrong(line.tenant, now)


def _untold(running: Trial, lines: list[Line]) -> list[str]:
    """The faults of which the log does not say why polls failed, or that they do no longer."""
    failed, recovered = set(), set()
    for entry in running.log():
        if entry["event"] == "poll_failed":
            failed.add((entry["tenant"], entry["reason"]))
        elif entry["event"] == "poll_recovered":
            recovered.add(entry["tenant"])
    failing = [line for line in lines if line.outcome.reason]
    missing = [
        line
        for line in failing
        if line.tenant not in recovered
        or not any((line.tenant, reason) in failed for reason in line.outcome.reason)
    ]
    return [f"the log does not say that it failed and recovered: {line.fault}" for line in missing]


def printed(report: Report) -> str:
    """The table, a line for each fault."""
    rows = [("fault", "expected", "seen", "others affected", "nothing lost")]
    for line in report.lines:
        wrong = line.wrong or line.spoiled
        seen = f"DIFFERS: {wrong}" if wrong else _words(sorted(line.seen), line.outcome)
        lost = f"LOST: {line.lost}" if line.lost else "yes"
        rows.append(
            (
                line.fault,
                _words(sorted(line.outcome.reason), line.outcome),
                seen,
                f"{len(report.affected)}",
                lost,
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    text = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    text += [f"AFFECTED {tenant}: {what}" for tenant, what in report.affected.items()]
    text += [f"LATE {tenant}: {polls}" for tenant, polls in report.late.items()]
    text += [f"NEVER: {what}" for what in report.complaints[:20]]
    text.append(f"{sum(line.fine for line in report.lines)} of {len(report.lines)} faults as expected")
    return "\n".join(text)


def _words(reasons: list[str], outcome: Outcome) -> str:
    parts = ["/".join(reasons) or "up", *(["truncated"] if outcome.truncated else []), outcome.figures.value]
    return ", ".join(parts)


def main() -> int:
    """Print the table; 1 if anything differs."""
    with tempfile.TemporaryDirectory() as folder:
        report = asyncio.run(table(Path(folder)))
    print(printed(report))  # noqa: T201 - what it is for
    return 0 if report.fine else 1
