"""Each fault alone shows what it must, and nobody else notices."""

from faults.expected import EXPECTED
from faults.table import Report, printed, table
from syncwatch.simulator.faults.catalogue import CATALOGUE


def test_every_fault_has_an_expectation():
    assert list(EXPECTED) == list(CATALOGUE)


async def test_each_fault_shows_what_it_must_and_nobody_else_notices(tmp_path):
    report: Report = await table(tmp_path)
    text = printed(report)
    assert not report.affected, text
    assert not report.late, text
    assert not report.complaints, text
    assert [line.fault for line in report.lines if not line.fine] == [], text
