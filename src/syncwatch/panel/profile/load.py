"""Profiles out of their files: all of them, or every problem with its file and line."""

from collections.abc import Iterable
from pathlib import Path

from syncwatch.config.document import Document
from syncwatch.config.reader import read, validate
from syncwatch.errors import ConfigError, Problem
from syncwatch.panel.profile.inherit import chain, id_of
from syncwatch.panel.profile.schema import Profile, profile_schema

__all__ = ["Profile", "load_profiles"]


def load_profiles(files: Iterable[Path]) -> dict[str, Profile]:
    """Every profile of `files` by id.

    Raises:
        ConfigError: with all problems of all files; two profiles of one id are a problem too.
    """
    problems: list[Problem] = []
    nameless, documents = _documents(files, problems)
    schema = profile_schema()
    profiles: dict[str, Profile] = {}
    for document in (*nameless, *documents.values()):
        try:
            id_ = id_of(document)
            whole = chain(id_, documents) if id_ is not None else document
            profile: Profile = validate(whole, schema)
            profiles[profile.profile] = profile
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(dict.fromkeys(problems))
    return profiles


def _documents(files: Iterable[Path], problems: list[Problem]) -> tuple[list[Document], dict[str, Document]]:
    """The files that are YAML: those without an id, which is a problem of theirs, and the others by id."""
    nameless: list[Document] = []
    documents: dict[str, Document] = {}
    for file in files:
        try:
            document = read(file)
        except ConfigError as error:
            problems += error.problems
            continue
        id_ = id_of(document)
        if id_ is None:
            nameless.append(document)
        elif documents.setdefault(id_, document) is not document:
            problems.append(
                document.problem(("profile",), "another file has a profile of this id: rename one")
            )
    return nameless, documents
