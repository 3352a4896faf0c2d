"""A checked profile, made ready to read: a plan for each table, and what the panel lets us see."""

from collections.abc import Mapping
from dataclasses import dataclass

from syncwatch.panel.decoders import Maker
from syncwatch.panel.meanings import times
from syncwatch.panel.plan import TablePlan
from syncwatch.panel.profile.asking import Authentication
from syncwatch.panel.profile.schema import Format, Profile
from syncwatch.panel.profile.written import keys
from syncwatch.rows import Sight

_SESSION = ("session_job", "session_started", "session_outcome")


@dataclass(frozen=True, slots=True)
class CompiledProfile:
    """A whole profile, ready to read: its tables by our names, how to ask, and what it lets us see."""

    id: str
    format: Format
    authentication: Authentication
    tables: Mapping[str, TablePlan]
    sight: Sight


def compile_profile(
    profile: Profile,
    key: bytes,
    *,
    zone: str | None = None,
    formats: tuple[str, ...] | None = None,
    complete: bool | None = None,
) -> CompiledProfile:
    """Build the decoders of a profile that `load_profiles` has checked.

    Args:
        profile: the profile.
        key: secret key of hashed ids.
        zone: a tenant's own `timezone`.
        formats: a tenant's own `datetime_format`.
        complete: a tenant's own `exports_complete`.
    """
    csv = profile.format is Format.CSV
    maker = Maker(
        times(formats or profile.datetime_format, zone or profile.timezone),
        key,
        (lambda path: (heading(path),)) if csv else keys,
    )
    tables = {
        name: TablePlan(name, table, profile.paging_of(table), maker)
        for name, table in profile.tables.mapped()
    }
    return CompiledProfile(
        profile.profile, profile.format, profile.authentication, tables, _sight(profile, complete=complete)
    )


def heading(text: str) -> str:
    """A column's heading as it is compared: capitals and spaces do not count."""
    return " ".join(text.split()).casefold()


def _sight(profile: Profile, *, complete: bool | None) -> Sight:
    tables = dict(profile.tables.mapped())
    in_list = tables["users"].fields.sources().keys()
    sessions = tables.get("sessions")
    spoken = "session_message" in in_list or (sessions is not None and "message" in sessions.fields.sources())
    whole = sessions is None or not sessions.wide or (sessions.complete if complete is None else complete)
    shown = sessions is not None or in_list >= set(_SESSION)
    return Sight(
        organizations="organizations" in tables,
        settings="settings" in tables,
        plans="plans" in tables,
        sessions=shown,
        silence=whole,
        messages=shown and spoken,
        issues="issues" in tables,
        activity="activity" in tables,
        live=profile.format is Format.JSON,
        default_plan_interval=profile.defaults.default_plan_interval,
    )
