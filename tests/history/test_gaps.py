"""Sessions that ended while nobody could see them, of users of whom the newest session alone does not tell so."""

from syncwatch.errors import Reason
from syncwatch.model import Outcome
from unit.given import HOUR, MINUTE, T0, SessionLine, UserLine, failed
from unit.polling.watched import Watched


def row(session: SessionLine | None) -> UserLine:
    if session is None:
        return UserLine(session_job=None, session_started=None, session_ended=None, session_outcome=None)
    return UserLine(
        session_job=session.job,
        session_started=session.started,
        session_ended=session.ended,
        session_outcome=session.outcome,
    )


def ran(job: str, started: float) -> SessionLine:
    return SessionLine(job, started, started + 30)


async def test_the_first_sessions_of_a_known_user_count_after_a_gap_of_hours():
    firm = Watched(lines=[(row(None),)])
    await firm.poll()
    sessions = [ran(f"s{number}", T0 + number * HOUR / 2) for number in (3, 2, 1)]
    firm.panel.lines, firm.panel.sessions_ = [(row(sessions[0]),)], {"u1": tuple(sessions)}
    result = await firm.poll(2 * HOUR)
    assert result.counters.sessions == 3


async def test_a_session_counts_whose_table_could_not_be_read_while_the_next_one_ran():
    first, second = ran("s1", T0 - 20 * MINUTE), ran("s2", T0 + 10 * MINUTE)
    runs = SessionLine("s3", T0 + 40 * MINUTE, None, Outcome.RUNNING)
    firm = Watched(lines=[(row(first),)])
    await firm.poll()
    firm.panel.lines, firm.panel.sessions_ = [(row(runs),)], {"u1": (runs, second, first)}
    firm.panel.fails = {"sessions": failed(Reason.HTTP_5XX)}
    await firm.poll(41 * MINUTE)
    third = ran("s3", runs.started)
    firm.panel.lines, firm.panel.sessions_ = [(row(third),)], {"u1": (third, second, first)}
    firm.panel.fails = {}
    result = await firm.poll(5 * MINUTE)
    assert result.counters.sessions == 2
