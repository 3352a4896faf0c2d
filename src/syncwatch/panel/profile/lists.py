"""The tables of a profile: the panel's lists, each with its place, its pages and our fields in it.

The schema is made from `tables.TABLES`, so a profile that maps a field we do not have, leaves out one we need, or maps
a word to a status that does not exist is refused here, and what is accepted compiles without further checks.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, create_model, model_validator
from pydantic import Field as Limits

from syncwatch.panel.profile.asking import Paging
from syncwatch.panel.profile.sources import Source, source_of
from syncwatch.panel.profile.written import (
    WHOLE_PAGE,
    FieldPath,
    Keys,
    ListPath,
    Parameter,
    Part,
    QueryValue,
    UrlPath,
    keys,
    placeholders,
)
from syncwatch.panel.tables import SCOPES, TABLES, Field, Need, Scope


class PageShape(Part):
    """Where on a page things are.

    Attributes:
        rows: the rows; `.` if the page itself is the list.
        next: the cursor or URL of the next page, null or absent on the last.
        total: the number of rows in all.
    """

    rows: ListPath = WHOLE_PAGE
    next: FieldPath | None = None
    total: FieldPath | None = None

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.rows == WHOLE_PAGE:
            if self.next or self.total:
                raise ValueError("a page that is a list has no room for next or total")
            return self
        used = sorted(keys(path) for path in (self.rows, self.next, self.total) if path)
        if any(first == second[: len(first)] for first, second in pairwise(used)):
            raise ValueError("rows, next and total cannot be inside one another")
        return self


class Fields(Part):
    """Our fields of one table, each with its source."""

    def sources(self) -> dict[str, Source]:
        """Those that the profile maps."""
        return {name: source for name, source in self if source is not None}


class Table(Part):
    """One list of the panel's, or one for each organization or user.

    Attributes:
        path: below the tenant's base URL, or the name of a file; `{user}`, `{organization}`: whose list it is.
        query: fixed query parameters.
        scope: whose rows one list holds.
        page: what a page looks like.
        paging: how the list is cut, where that is not as in the profile's other tables.
        etag: whether pages are asked for with If-None-Match once the panel has given an ETag.
        complete: of a table of many users' sessions: whether a user without a row had none.
        fields: our fields and where they come from.
    """

    path: UrlPath
    query: dict[Parameter, QueryValue] = Limits(default_factory=dict, max_length=20)
    scope: Scope
    page: PageShape = PageShape()
    paging: Paging | None = None
    etag: bool = False
    complete: bool = False
    fields: Fields
    declared: ClassVar[Mapping[str, Field]] = {}

    @property
    def whose(self) -> frozenset[str]:
        """The placeholders of path and query."""
        return placeholders((self.path, *self.query.values()))

    @property
    def wide(self) -> bool:
        """Whether one list holds rows of many users, each of which must say whose it is."""
        return self.scope is not Scope.USER and "user" in type(self.fields).model_fields

    @model_validator(mode="after")
    def _scoped(self) -> Self:
        for scope in (Scope.USER, Scope.ORGANIZATION):
            if (self.scope is scope) != (scope.value in self.whose):
                raise ValueError(
                    f"with scope {self.scope.value}, path or query must "
                    f"{'hold' if self.scope is scope else 'not hold'} {{{scope.value}}}"
                )
        named = "user" in self.fields.sources()
        if self.wide != named and "user" in type(self.fields).model_fields:
            raise ValueError(
                "a list of many users needs fields.user, which says whose a row is"
                if self.wide
                else "fields.user is for a list of many users: set scope, or remove it"
            )
        if self.complete and not self.wide:
            raise ValueError("complete is for a list of many users' sessions: remove it")
        return self

    @model_validator(mode="after")
    def _paths_agree(self) -> Self:
        """An object cannot be a value too, and one value may be read twice, but not as two kinds of thing."""
        used: dict[Keys, set[object]] = {}
        for name, source in self.fields.sources().items():
            read_as = "words" if source.words is not None else self.declared[name].kind
            for alternative in source.path:
                for written in alternative.paths:
                    used.setdefault(keys(written), set()).update(() if alternative.hash else (read_as,))
        for path, kinds in used.items():
            if len(kinds) > 1:
                raise ValueError(f"two fields read {'.'.join(path)} as two kinds of thing")
        for first, second in pairwise(sorted(used)):
            if first == second[: len(first)]:
                raise ValueError(f"one field reads {'.'.join(first)}, and another reads inside it")
        return self

    @model_validator(mode="after")
    def _together(self) -> Self:
        """What is required with its parent is told whole or not at all."""
        wanted = {name for name, field in self.declared.items() if field.need is Need.WITH_PARENT}
        missing = sorted(wanted - self.fields.sources().keys())
        if 0 < len(missing) < len(wanted):
            raise ValueError(f"{', '.join(sorted(wanted))} go together: {', '.join(missing)} is missing")
        return self


class Tables(Part):
    """The tables that a panel has; see `tables.TABLES` for all that there may be."""

    def mapped(self) -> Iterator[tuple[str, Table]]:
        """Those that the profile maps, by our names."""
        return ((name, table) for name, table in self if table is not None)


def _table(name: str, fields: Mapping[str, Field]) -> type[Table]:
    schema: dict[str, Any] = {field: _optional(field, declared) for field, declared in fields.items()}
    allowed = SCOPES[name]
    model = create_model(
        f"{name.title()}Table",
        __base__=Table,
        scope=(Annotated[Scope, AfterValidator(_allowed(allowed))], allowed[0]),
        fields=(create_model(f"{name.title()}Fields", __base__=Fields, **schema), ...),
    )
    model.declared = fields
    return model


def _optional(name: str, field: Field) -> tuple[Any, Any]:
    """The schema of one field's source, and its default: None where the profile may leave it out."""
    source = source_of(name, field)
    return (source, ...) if field.need is Need.REQUIRED else (source | None, None)


def _allowed(scopes: tuple[Scope, ...]) -> Any:
    def check(value: Scope) -> Scope:
        if value not in scopes:
            raise ValueError(f"must be one of {', '.join(scopes)}")
        return value

    return check


def tables_schema() -> type[Tables]:
    """The schema of all tables, from the one declaration of their fields; only `users` must be there."""
    tables: dict[str, Any] = {
        name: (_table(name, fields), ...) if name == "users" else (_table(name, fields) | None, None)
        for name, fields in TABLES.items()
    }
    return create_model("Tables", __base__=Tables, **tables)
