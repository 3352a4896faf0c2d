"""A panel profile: the YAML file that says how a kind of panel is read.

`load_profiles` gives every profile or every problem, each with its file and line. The schema of the tables is
made from `tables.TABLES`, so a profile that maps a field we do not have, leaves out one we need, or maps a word to a
status that does not exist is refused here and compiles without further checks. A profile holds no secret and
no address: those belong to tenants and credentials.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, create_model, model_validator
from pydantic import Field as Limits

from syncwatch.config.reader import read, validate
from syncwatch.errors import ConfigError, Problem
from syncwatch.panel.tables import OF_ONE_USER, TABLES, Field, Kind, Need


def _written(pattern: str, words: str) -> AfterValidator:
    """A text that matches `pattern`; people are told in `words` instead."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"must be {words}")
        return value

    return AfterValidator(check)


_SEGMENT = r"[A-Za-z0-9_~{}-][A-Za-z0-9._~{}-]*"
FieldPath = Annotated[
    str,
    _written(r"[\w@$-]{1,80}(\.[\w@$-]{1,80}){0,4}", "a name, or names joined by dots: lastSession.jobId"),
]
UrlPath = Annotated[
    str,
    _written(rf"{_SEGMENT}(/{_SEGMENT})*", "a path below the base URL, without / at its ends: api/v1/users"),
]
Parameter = Annotated[str, _written(r"[\w.-]{1,80}", "the name of a query parameter")]
ProfileId = Annotated[str, _written(r"[a-z0-9][a-z0-9-]{0,62}", "lower-case letters, digits and -")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ClientCredentials(_Part):
    """OAuth2 client credentials: a token is asked for with an id and a secret.

    Attributes:
        token_path: where, below the tenant's base URL.
    """

    token_path: UrlPath


class Bearer(_Part):
    """A token that does not change: it comes with the credential."""


class Authentication(_Part):
    """The kinds of authentication that the panel offers; a credential must fit one of them."""

    client_credentials: ClientCredentials | None = None
    bearer: Bearer | None = None

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one of client_credentials, bearer")
        return self


class CursorPaging(_Part):
    """Each page names the next one.

    Attributes:
        parameter: query parameter that takes the cursor.
        size_parameter: query parameter that takes the number of rows wanted; None if the panel has none.
        size: rows wanted on a page; the panel may give fewer.
    """

    parameter: Parameter
    size_parameter: Parameter | None = None
    size: int = Limits(default=200, ge=1, le=10_000)


class Paging(_Part):
    """How a long list is cut: one key, the kind."""

    cursor: CursorPaging


class PageShape(_Part):
    """Where on a page its rows are, and the cursor of the next page (null on the last)."""

    rows: FieldPath
    next: FieldPath

    @model_validator(mode="after")
    def _apart(self) -> Self:
        first, second = sorted((self.rows.split("."), self.next.split(".")))
        if first == second[: len(first)]:
            raise ValueError("rows and next cannot be inside one another")
        return self


class Source(_Part):
    """Where one of our fields comes from; a bare path is short for `{path: ...}`."""

    path: FieldPath

    @model_validator(mode="before")
    @classmethod
    def _long_form(cls, value: Any) -> Any:
        return {"path": value} if isinstance(value, str) else value

    @property
    def words(self) -> Mapping[str, str | bool] | None:
        """What the panel's words mean; None where the value is taken as it is."""
        return None


class FlagSource(Source):
    """A flag: JSON's own, or told by words."""

    values: dict[str, bool] | None = None

    @property
    def words(self) -> Mapping[str, str | bool] | None:
        """See `Source.words`."""
        return self.values


class StatusSource(Source):
    """A status: the panel's words, each with the status of ours that it means."""

    values: dict[str, str] = Limits(min_length=1)

    @property
    def words(self) -> Mapping[str, str | bool] | None:
        """See `Source.words`."""
        return self.values


class Fields(_Part):
    """Our fields of one table, each with its source; see `_fields`."""

    def sources(self) -> dict[str, Source]:
        """Those that the profile maps."""
        return {name: source for name, source in self if source is not None}


class Table(_Part):
    """One list of the panel's.

    Attributes:
        path: below the tenant's base URL; `{user}` stands for the user's id.
        page: what a page looks like.
        etag: whether pages are asked for with If-None-Match once the panel has given an ETag.
        fields: our fields and where they come from.
    """

    path: UrlPath
    page: PageShape
    etag: bool = False
    fields: Fields

    @model_validator(mode="after")
    def _paths_agree(self) -> Self:
        """An object cannot be a value too; one value may be read twice, but not as two kinds of thing."""
        sources = self.fields.sources().values()
        reads = sorted((source.path.split("."), source.words is not None) for source in sources)
        for (first, told), (second, also_told) in pairwise(reads):
            if first == second[: len(first)] and (first != second or not (told and also_told)):
                raise ValueError(f"two fields read {'.'.join(first)}, and not both by `values`")
        return self


class Tables(_Part):
    """Every table of `tables.TABLES`; see `_tables`."""

    def __getitem__(self, name: str) -> Table:
        table = getattr(self, name)
        assert isinstance(table, Table)
        return table


class Profile(_Part):
    """A whole profile.

    Attributes:
        profile: its id, which tenants name.
        description: for people.
        authentication: how the panel wants to be asked.
        paging: how it cuts long lists.
        tables: its lists.
    """

    profile: ProfileId
    description: str = ""
    authentication: Authentication
    paging: Paging
    tables: Tables


def load_profiles(files: Iterable[Path]) -> dict[str, Profile]:
    """Every profile of `files` by id.

    Raises:
        ConfigError: with all problems of all files; two profiles of one id are a problem too.
    """
    schema = create_model("Profile", __base__=Profile, tables=(_tables(), ...))
    profiles: dict[str, Profile] = {}
    problems: list[Problem] = []
    for file in files:
        try:
            document = read(file)
            profile = validate(document, schema)
        except ConfigError as error:
            problems += error.problems
            continue
        if profiles.setdefault(profile.profile, profile) is not profile:
            problems.append(
                document.problem(("profile",), "another file has a profile of this id: rename one")
            )
    if problems:
        raise ConfigError(problems)
    return profiles


def _tables() -> type[Tables]:
    """The schema of all tables, from the one declaration of their fields."""
    tables: dict[str, Any] = {name: (_table(name, fields), ...) for name, fields in TABLES.items()}
    return create_model("Tables", __base__=Tables, **tables)


def _table(name: str, fields: Mapping[str, Field]) -> type[Table]:
    schema: dict[str, Any] = {field: _source(declared) for field, declared in fields.items()}
    path = Annotated[UrlPath, AfterValidator(_names_user if name in OF_ONE_USER else _names_nobody)]
    return create_model(
        f"{name.title()}Table",
        __base__=Table,
        path=(path, ...),
        fields=(create_model(f"{name.title()}Fields", __base__=Fields, **schema), ...),
    )


def _source(field: Field) -> tuple[Any, Any]:
    """The schema of one field's source, and its default: None where the profile may leave it out."""
    source: type[Source] = FlagSource if field.kind is Kind.FLAG else Source
    if field.statuses:
        word = Annotated[str, AfterValidator(_one_of(field.statuses))]
        source = create_model("StatusSource", __base__=StatusSource, values=(dict[str, word], ...))
    return (source | None, None) if field.need is Need.OPTIONAL else (source, ...)


def _one_of(statuses: type[StrEnum]) -> Callable[[str], str]:
    known = [status.value for status in statuses]

    def check(value: str) -> str:
        if value not in known:
            raise ValueError(f"must be one of {', '.join(known)}")
        return value

    return check


def _names_user(path: str) -> str:
    segments = path.split("/")
    if segments.count("{user}") != 1 or "{" in path.replace("{user}", ""):
        raise ValueError("must hold {user} once, as a segment of its own")
    return path


def _names_nobody(path: str) -> str:
    if "{" in path or "}" in path:
        raise ValueError("takes no {...} here")
    return path
