"""pydantic's complaints in this project's words: what is wrong and what to do about it.

Keeps the place (file, line, dotted location) and the limits that pydantic names, and drops the input,
always: what stands in the wrong place may be a secret.
"""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from syncwatch.config.document import Location, Written
from syncwatch.errors import Problem

_WORDS: Mapping[str, str] = {
    "missing": "is required",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "set_type": "must be a list",
    "frozen_set_type": "must be a list",
    "dict_type": "must be a mapping (`key: value`)",
    "mapping_type": "must be a mapping (`key: value`)",
    "model_type": "must be a mapping (`key: value`)",
    "model_attributes_type": "must be a mapping (`key: value`)",
}
_PYDANTIC_SUBJECT = re.compile(r"^[A-Za-z ]+ should ")


def problems(
    written: Written, error: ValidationError, model: type[BaseModel], *, at: Location = ()
) -> tuple[Problem, ...]:
    """Write each complaint of `error` about the part of what was written at `at` as a problem."""
    all_ = error.errors(include_url=False, include_context=False)
    details = [detail for detail in all_ if not _follows(detail, all_)]
    found = (
        written.problem((*at, *_place(written, at, detail)), message(detail, model)) for detail in details
    )
    return tuple(dict.fromkeys(found))


def message(detail: ErrorDetails, model: type[BaseModel]) -> str:
    """Say what is wrong and what to do; never what was given."""
    kind = detail["type"]
    if kind == "extra_forbidden":
        return _unknown_key(detail["loc"], model)
    if kind == "string_type":
        value = detail["input"]
        scalar = isinstance(value, bool | int | float)
        return "must be text: quote it" if scalar else "must be text"
    if kind in _WORDS:
        return _WORDS[kind]
    if kind in {"value_error", "assertion_error"}:
        return detail["msg"].partition(", ")[2]
    return _PYDANTIC_SUBJECT.sub("must ", detail["msg"])


def _follows(detail: ErrorDetails, details: Iterable[ErrorDetails]) -> bool:
    """Whether a list is only too short because pydantic does not count what is wrong in it."""
    at = detail["loc"]
    return detail["type"] == "too_short" and any(
        other["loc"][: len(at)] == at for other in details if len(other["loc"]) > len(at)
    )


def _place(written: Written, at: Location, detail: ErrorDetails) -> Location:
    """Leave out what of pydantic's location was not written: names of types and tags."""
    location = detail["loc"]
    if detail["type"] == "missing":
        return location
    part = written.data
    for step in at:
        part = part[step]
    known: list[str | int] = []
    for step in location:
        below = _below(part)
        if step in below:
            known.append(step)
            part = below[step]
    return tuple(known)


def _below(part: Any) -> Mapping[str | int, Any]:
    """What is in a mapping by key, in a list by index."""
    if isinstance(part, dict):
        return part
    return dict(enumerate(part)) if isinstance(part, list) else {}


def _unknown_key(location: Location, model: type[BaseModel]) -> str:
    keys = sorted(_known_keys(location, model))
    near = difflib.get_close_matches(str(location[-1]), keys, n=2, cutoff=0.6)
    if near:
        return f"unknown key; did you mean {' or '.join(f'`{key}`' for key in near)}?"
    return f"unknown key; the known ones are {', '.join(keys)}" if keys else "unknown key; remove it"


def _known_keys(location: Location, model: type[BaseModel]) -> set[str]:
    """Names that may stand where the last part of `location` stands, as far as the types tell."""
    models = {model}
    for part in location[:-1]:
        fields = [
            field
            for candidate in models
            for name, field in candidate.model_fields.items()
            if part == (field.alias or name)
        ]
        if fields:
            models = {found for field in fields for found in _models(field.annotation)}
    return {field.alias or name for candidate in models for name, field in candidate.model_fields.items()}


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """All models that an annotation mentions, through lists, mappings and unions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
