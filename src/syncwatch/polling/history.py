"""The whole of one user's sessions table, asked for by a person and never by a poll: bounded, ended sessions only."""

from syncwatch.classification.find import Finder
from syncwatch.errors import PollError
from syncwatch.model import OrganizationFacts, SessionFacts, UserFacts
from syncwatch.rows import PanelReading

BEGINNING = 0.0  # as far back as the panel's own cap on pages lets


async def history(
    panel: PanelReading, finder: Finder, user: UserFacts, organization: OrganizationFacts | None
) -> tuple[SessionFacts, ...]:
    """A user's ended sessions, newest first; none where the table cannot be read."""
    if not panel.sight.sessions:
        return ()
    if organization is not None:
        finder.know({organization.id: organization})
    try:
        rows = await panel.sessions(user.id, back_to=BEGINNING)
    except PollError:
        return ()  # what the poll has learned still tells of the newest ones
    finally:
        panel.close()
    return finder.sessions(user, rows or ())
