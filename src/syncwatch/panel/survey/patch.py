"""From what a panel shows to a profile that extends the one it was read with: only what differs.

What is sure is written; what is not stands in a comment with what it might be, and is never guessed. What a panel does
not have is taken away (`null`), so that it is not visible instead of wrong.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from syncwatch.panel.profile.written import WHOLE_PAGE
from syncwatch.panel.survey.draft import Draft
from syncwatch.panel.survey.findings import written
from syncwatch.panel.survey.lists import Survey, Surveyed

_WIDTH = 110


@dataclass(frozen=True, slots=True)
class Patch:
    """A profile to start from.

    Attributes:
        text: the YAML file.
        changes: whether it changes anything.
        unsure: what a person has to decide, one line each.
    """

    text: str
    changes: bool
    unsure: tuple[str, ...]


def suggest(survey: Survey, profile: str, tenant: str) -> Patch:
    """The patch of `profile` with which this tenant's panel can be read, as far as that is sure."""
    draft = Draft(survey)
    for table in survey.values():
        draft.decide(table)
    tables = {
        name: parts
        for name, table in survey.items()
        if (parts := _filled(page=_page(table), fields=draft.fragments[name]))
    }
    parts = _filled(datetime_format=draft.formats(), tables=tables)
    head = "".join(f"# unsure: {line}\n" for line in draft.unsure)
    head += f"profile: {_name(tenant, profile)}\nextends: {profile}\n"
    return Patch(head + (_written(parts) if parts else ""), bool(parts), tuple(draft.unsure))


def _filled(**parts: Any) -> dict[str, Any]:
    return {name: part for name, part in parts.items() if part}


def _written(parts: Mapping[str, Any]) -> str:
    return yaml.dump(
        parts, Dumper=_Dumper, sort_keys=False, width=_WIDTH, allow_unicode=True, default_flow_style=None
    )


class _Dumper(yaml.SafeDumper):
    """Without anchors: the same words stand twice."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _page(table: Surveyed) -> dict[str, Any]:
    """Where on a page things are, if that is not where the profile says."""
    shape, declared = table.shape, table.plan.table.page
    if shape is None:
        return {}
    found = {
        "rows": written(shape.rows, csv=False) or WHOLE_PAGE,
        "next": written(shape.next, csv=False) if shape.next else None,
        "total": written(shape.total, csv=False) if shape.total else None,
    }
    return {key: path for key, path in found.items() if path != getattr(declared, key)}


def _name(tenant: str, profile: str) -> str:
    """An id for the new profile, and another one than the old's."""
    plain = re.sub(r"[^a-z0-9-]+", "-", tenant.lower()).strip("-")[:40] or "my"
    name = f"{plain}-panel"
    if match_ := re.fullmatch(re.escape(name) + r"(?:-(\d{1,3}))?", profile):
        return f"{name}-{int(match_[1] or 1) + 1}"
    return name
