"""`syncwatch ticket`: what support wants to know about one user, ready to be pasted; no subject and no address."""

from syncwatch.cli.asking import TenantId, UserId, ask
from syncwatch.cli.complain import ConfigFile, fail
from syncwatch.diagnosis.ticket import seen, ticket, trouble


def command(config: ConfigFile, tenant: TenantId, user: UserId) -> None:
    """Poll a tenant once, read one user's whole sessions table, and print the support ticket.

    Exit code 1, and no ticket, if the panel cannot be read, lists no such user, or monitoring sees nothing that is wrong.
    """
    answer = ask(config, tenant, user, ticket=True)
    case = answer.case
    if case.unreadable is not None:
        fail(f"tenant {tenant}: the panel cannot be read ({case.unreadable})")
    if case.user is None:
        fail(f"tenant {tenant}: the panel lists no user with this id")
    about = trouble(case)
    if about is None:
        fail(
            f"tenant {tenant}, user {case.facts.id}: state {case.verdict.state}; monitoring sees nothing to open a"
            " ticket about, and `syncwatch diagnose` says what it cannot see"
        )
    when = seen(case, about, answer.sessions)
    for line in ticket(tenant, case, about, when, answer.users, unread=answer.unread):
        print(line)
    if answer.incomplete:
        fail(f"\nincomplete: {answer.incomplete}")
