from pathlib import Path

import pytest

from syncwatch.errors import ConfigError
from syncwatch.model import AccessType
from syncwatch.panel.profile.load import load_profiles
from syncwatch.panel.tables import TABLES

SHIPPED = Path(__file__).parents[3] / "config" / "panels" / "litify-inbox.yaml"


def problems(tmp_path: Path, *changes: tuple[str, str]) -> list[str]:
    """What is said of the shipped profile with some of its text changed: location and message."""
    text = SHIPPED.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file = tmp_path / "own.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_profiles([file])
    assert all(problem.line for problem in caught.value.problems)
    return [f"{problem.location}: {problem.message}" for problem in caught.value.problems]


def test_the_shipped_profile_maps_every_field_and_every_access_type():
    """But not what is only for panels that show no sessions, or that join by it, which this one need not do."""
    tables = dict(load_profiles([SHIPPED])["litify-inbox"].tables.mapped())
    for name, fields in TABLES.items():
        elsewhere = {"condition", "user", "logon"}
        assert tables[name].fields.sources().keys() == fields.keys() - elsewhere
    mapped = tables["users"].fields.sources()["access_type"].words
    assert set(mapped.values()) == set(AccessType) - {AccessType.UNKNOWN}


def test_all_mistakes_are_told_at_once(tmp_path):
    found = problems(
        tmp_path,
        ("plan: planId", "plam: planId"),
        ("interval: synchronizationIntervalSeconds", ""),
        ("finished: completed", "finished: done"),
        ("session_job: lastSession.jobId", "session_job: lastSession..jobId"),
    )
    assert "tables.users.fields.plam: unknown key; did you mean `plan`?" in found
    assert "tables.plans.fields.interval: is required" in found
    assert (
        "tables.sessions.fields.outcome.values.finished: must be one of completed, errors, running, unknown"
        in found
    )
    assert any(problem.startswith("tables.users.fields.session_job: must be a name, or") for problem in found)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("path: api/admin/v1/plans", "path: /api/../plans", "tables.plans.path: must be a path below"),
        (
            "users/{user}/issues",
            "users/issues",
            "tables.issues: with scope user, path or query must hold {user}",
        ),
        (
            "api/admin/v1/plans",
            "api/{user}/plans",
            "tables.plans: with scope tenant, path or query must not hold {user}",
        ),
        (
            "created: createdOn",
            "created: lastSession",
            "tables.users: one field reads lastSession, and another",
        ),
        ("created: createdOn", "created: issues", "tables.users: two fields read issues"),
        (
            "rows: data, next: nextCursor",
            "rows: data, next: data.next",
            "tables.plans.page: rows, next and total cannot",
        ),
        ("profile: litify-inbox", "profile: Litify Inbox", "profile: must be lower-case letters"),
    ],
)
def test_a_profile_that_cannot_work_is_refused(tmp_path, old, new, expected):
    assert any(problem.startswith(expected) for problem in problems(tmp_path, (old, new)))


def test_a_profile_offers_some_authentication(tmp_path):
    text = SHIPPED.read_text()
    start, end = text.index("authentication:"), text.index("# How long lists")
    file = tmp_path / "own.yaml"
    file.write_text(text[:start] + "authentication: {}\n" + text[end:])
    with pytest.raises(ConfigError, match="authentication: name at least one of client_credentials, bearer"):
        load_profiles([file])


def test_two_profiles_of_one_id_are_a_mistake(tmp_path):
    copy = tmp_path / "copy.yaml"
    copy.write_text(SHIPPED.read_text())
    with pytest.raises(ConfigError, match=r"copy\.yaml:\d+: profile: another file has a profile of this id"):
        load_profiles([SHIPPED, copy])
