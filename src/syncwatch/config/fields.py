"""The kinds of text that people write into the configuration: names, labels, places, shares.

Each says what it wants and never repeats what it was given.
"""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from syncwatch.config.moments import TimeFormat

RESERVED_LABELS = frozenset({
    "tenant", "profile", "le", "job", "instance", "state", "class", "owner", "reason",
})  # fmt: skip
RESERVED_PARAMETERS = frozenset({"user", "organization", "origin", "tenant"})
TENANT = "{tenant}"
TARGET_FILES = (".json", ".yaml", ".yml")

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_PARAMETER = re.compile(r"[a-z][a-z0-9_]{0,30}")
_PARAMETER_VALUE = re.compile(r"(?!\.+\Z)[A-Za-z0-9._-]{1,200}")  # a path made of `..` would be another one
_USERNAME = re.compile(r"[^:\x00-\x1f\x7f-\x9f]{1,500}")


def _identifier(value: str) -> str:
    if not _ID.fullmatch(value):
        raise ValueError("must be 1 to 63 letters, digits, `.`, `_` or `-`, the first a letter or digit")
    return value


def _label(value: str) -> str:
    if not _LABEL.fullmatch(value) or value.startswith("__"):
        raise ValueError("must be letters, digits and `_`, the first no digit and not `__`: rename the label")
    if value in RESERVED_LABELS:
        raise ValueError("is a label that Syncwatch or Prometheus sets: rename the label")
    return value


def _parameter(value: str) -> str:
    if not _PARAMETER.fullmatch(value):
        raise ValueError("must be 1 to 31 lower-case letters, digits and `_`, the first a letter")
    if value in RESERVED_PARAMETERS:
        raise ValueError("is a placeholder that Syncwatch fills in: rename the parameter")
    return value


def _parameter_value(value: str) -> str:
    if not _PARAMETER_VALUE.fullmatch(value):
        raise ValueError("must be 1 to 200 letters, digits, `.`, `_` or `-`, and not dots alone")
    return value


def _username(value: str) -> str:
    if not _USERNAME.fullmatch(value):
        raise ValueError("must be 1 to 500 characters, without `:` and control characters")
    return value


def _listed(value: Any) -> Any:
    if value == []:
        raise ValueError("is empty: remove the key, or write a format")
    return [value] if isinstance(value, str) else value


def _place(value: str) -> str:
    if not value or "\0" in value:
        raise ValueError("must name a file, a folder or a variable")
    return value


def _pattern(value: str) -> str:
    if set("{}") & set(value.replace(TENANT, "")):
        raise ValueError("only `{tenant}` may stand in braces")
    return value


def _targets_pattern(value: str) -> str:
    if not value.lower().endswith(TARGET_FILES):
        raise ValueError("must end in .json, .yaml or .yml: that tells how to read the files")
    return value


Identifier = Annotated[str, AfterValidator(_identifier)]
LabelName = Annotated[str, AfterValidator(_label)]
LabelValue = Annotated[str, Field(max_length=200)]
ParameterName = Annotated[str, AfterValidator(_parameter)]
ParameterValue = Annotated[str, AfterValidator(_parameter_value)]
Username = Annotated[str, AfterValidator(_username)]
TimeFormats = Annotated[
    tuple[TimeFormat, ...],
    Field(max_length=20),
    BeforeValidator(_listed, json_schema_input_type=str | tuple[str, ...]),
]
Place = Annotated[str, AfterValidator(_place)]
Pattern = Annotated[Place, AfterValidator(_pattern)]
Share = Annotated[float, Field(strict=True, gt=0, le=1)]
FilePattern = Annotated[str, Field(min_length=1)]
TargetsPattern = Annotated[FilePattern, AfterValidator(_targets_pattern)]
