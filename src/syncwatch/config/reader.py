"""The one reader of the YAML that people write: configuration, panel profiles and rules.

Promises that whatever is wrong comes out as a `ConfigError`, all of it at once, each problem with file,
line, dotted location and what to do, and never with a value out of the file. Bounded in size, nesting and
expansion, because a configuration may be written by a program.
"""

import hashlib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from syncwatch.config import complaints
from syncwatch.config.document import Document, Location, Written
from syncwatch.config.files import opened
from syncwatch.config.parsing import parse
from syncwatch.errors import ConfigError, Problem

__all__ = ["MAX_BYTES", "Document", "Location", "examine", "read", "validate"]

MAX_BYTES = 8 << 20

M = TypeVar("M", bound=BaseModel)


def read(path: Path) -> Document:
    """Read one file.

    Raises:
        ConfigError: it cannot be read, is too large, or is not the YAML that we take.
    """
    content = _content(path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
    else:
        return parse(path, text, hashlib.sha256(content).hexdigest())
    raise ConfigError([Problem(path, line, "", "is not UTF-8 text")])


def validate(document: Document, model: type[M]) -> M:
    """Turn a whole document into a model.

    Raises:
        ConfigError: with everything that does not fit.
    """
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        found = complaints.problems(document, error, model)
    raise ConfigError(sorted(found, key=lambda problem: problem.line or 0))


def examine(written: Written, model: type[M], *, at: Location = ()) -> tuple[M | None, tuple[Problem, ...]]:
    """Turn the part of what was written at `at` into a model, as far as it goes.

    Keys of that part that do not fit are named and left out, so that what is right can be checked further;
    None if without them nothing remains that fits.
    """
    part = written.data
    for step in at:
        part = part[step]
    try:
        return model.model_validate(part), ()
    except ValidationError as error:
        found = complaints.problems(written, error, model, at=at)
        wrong = {detail["loc"][0] for detail in error.errors(include_input=False) if detail["loc"]}
    if not isinstance(part, dict):
        return None, found
    try:
        return model.model_validate({key: value for key, value in part.items() if key not in wrong}), found
    except ValidationError:
        return None, found


def _content(path: Path) -> bytes:
    try:
        with opened(path) as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or "input/output error").lower()
        raise ConfigError([Problem(path, None, "", f"cannot be read: {reason}")]) from None
    if len(content) > MAX_BYTES:
        raise ConfigError([Problem(path, None, "", f"is larger than {MAX_BYTES >> 20} MiB")])
    return content
