"""`syncwatch diagnose`: one user's way through the troubleshooting tree, from fresh data."""

from syncwatch.cli.asking import TenantId, UserId, ask
from syncwatch.cli.complain import FAILED, ConfigFile, fail
from syncwatch.diagnosis.explain import explain


def command(config: ConfigFile, tenant: TenantId, user: UserId) -> None:
    """Poll a tenant once, and say of one user what was looked at, what was found, who must act and how.

    Exit code 1 if the panel or the user's tabs could not be read, or if it lists no such user.
    """
    answer = ask(config, tenant, user)
    case = answer.case
    # What was typed is not repeated: it may be an address.
    print(f"tenant {tenant}, user {case.facts.id}\n" if case.user else f"tenant {tenant}\n")
    for line in explain(case):
        print(line)
    if case.user is None:
        raise SystemExit(FAILED)
    if answer.incomplete:
        fail(f"\nincomplete: {answer.incomplete}")
