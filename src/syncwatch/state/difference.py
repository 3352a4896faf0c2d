"""What of a memory outlives the process, and whether a change of it is worth writing.

A steady poll is worth nothing but the time of its success, and that only every ten minutes: what is open has no time
of its last sight. Page marks, the session that runs now and templates are not kept: the first list after a restart
is read whole, and a template, though masked, is closer to a text than anything that must lie on a disk.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from syncwatch.model import UserFacts
from syncwatch.state.memory import TenantMemory, UserMemory

SUCCESS_INTERVAL = 600.0  # seconds after which the time of the last success is worth writing by itself


def worth_writing(before: TenantMemory, after: TenantMemory) -> bool:
    """Whether anything changed that a restart must not lose."""
    if _of_tenant(before) != _of_tenant(after) or before.users.keys() != after.users.keys():
        return True
    if any(True for _ in changed_users(before, after)):
        return True
    return abs((after.last_success or 0.0) - (before.last_success or 0.0)) >= SUCCESS_INTERVAL


def changed_users(
    before: TenantMemory, after: TenantMemory
) -> Iterator[tuple[UserMemory | None, UserMemory]]:
    """The users of `after` of whom something is to be written, each with what was before; None for a new one."""
    for id_, user in after.users.items():
        old = before.users.get(id_)
        if old is not user and (old is None or _of_user(old) != _of_user(user)):
            yield old, user


def kept_facts(facts: UserFacts) -> UserFacts:
    """Of a user's facts what is written with the user; issues are rows of their own."""
    return replace(facts, running=None, issues=())


def _of_tenant(memory: TenantMemory) -> tuple[object, ...]:
    return (
        memory.baseline,
        memory.suspicions,
        memory.rules,
        memory.organizations,
        memory.settings_read,
        memory.plans,
        memory.plans_read,
        memory.odd_plans,
        memory.causes,
        memory.counters,
    )


def _of_user(user: UserMemory) -> UserMemory:
    return replace(user, facts=replace(user.facts, running=None))
