"""Small profiles for tests, written as YAML and loaded as any other."""

import json
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from syncwatch.panel.compile import CompiledProfile, compile_profile
from syncwatch.panel.profile.load import load_profiles
from syncwatch.panel.profile.schema import Profile

KEY = b"a key of 32 bytes for the hashes"
MAILBOX = {"path": "mailbox", "values": {"Ready": "initialized", "New": "not_initialized"}}
SWITCH = {"path": "switch", "values": {"On": "enabled", "Off": "disabled"}}
OUTCOME = {"path": "status", "values": {"ok": "completed", "bad": "errors"}}
SMALL: Mapping[str, Any] = {
    "profile": "small",
    "authentication": {"none": {}},
    "tables": {"users": {"path": "users", "fields": {"id": "id", "mailbox": MAILBOX, "switch": SWITCH}}},
}
_MADE: dict[str, CompiledProfile] = {}
SESSIONS: Mapping[str, Any] = {
    "path": "sessions",
    "scope": "tenant",
    "fields": {"user": {"path": "who", "join": ["id"]}, "job": "job", "started": "at", "outcome": OUTCOME},
}


def merged(base: Any, change: Any) -> Any:
    """`base` with `change` on top, mapping by mapping; None takes away."""
    if not (isinstance(base, Mapping) and isinstance(change, Mapping)):
        return deepcopy(change)
    both = {key: merged(base.get(key), change[key]) if key in change else deepcopy(base[key]) for key in base}
    both |= {key: deepcopy(value) for key, value in change.items() if key not in base}
    return {key: value for key, value in both.items() if value is not None}


def written(folder: Path, change: Mapping[str, Any], base: Mapping[str, Any] = SMALL) -> Path:
    """A file with a small profile, changed."""
    whole = merged(base, change)
    file = folder / f"{whole['profile']}.yaml"
    file.write_text(yaml.safe_dump(whole, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return file


def loaded(folder: Path, change: Mapping[str, Any], base: Mapping[str, Any] = SMALL) -> Profile:
    return load_profiles([written(folder, change, base)])[merged(base, change)["profile"]]


def compiled(
    folder: Path, change: Mapping[str, Any], base: Mapping[str, Any] = SMALL, **own: Any
) -> CompiledProfile:
    """A profile ready to read; the same one for the same words, since most of a test's time would go into making it."""
    words = json.dumps([merged(base, change), own])
    if words not in _MADE:
        _MADE[words] = compile_profile(loaded(folder, change, base), KEY, **own)
    return _MADE[words]


def users(**change: Any) -> dict[str, Any]:
    """A change of the users table."""
    return {"tables": {"users": change}}


def row(id_: Any, **more: Any) -> dict[str, Any]:
    """A user of the small profile."""
    return {"id": id_, "mailbox": "Ready", "switch": "On", **more}


def ids(pages: Any) -> list[str]:
    return [each.id for page in pages for each in page.rows or ()]
