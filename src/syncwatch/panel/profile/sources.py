"""Where one of our fields comes from: a path, one of several, or a hash of columns; and what the panel's words mean.

A panel may have renamed a field: alternatives are tried in their order, and which one a panel has is told by the
keys that it sends, once per reading, never by the value of a single row.
"""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any, Self, cast

from pydantic import AfterValidator, BeforeValidator, create_model, model_validator
from pydantic import Field as Limits

from syncwatch.panel.profile.written import FieldPath, Part
from syncwatch.panel.tables import USER_KEYS, Field, Kind

HASHABLE = frozenset({Kind.ID, Kind.REFERENCE})

Words = Mapping[str, str | bool | None]


def _user_key(key: str) -> str:
    if key not in USER_KEYS:
        raise ValueError(f"must be one of {', '.join(USER_KEYS)}")
    return key


class Alternative(Part):
    """One way to a value; a bare path is short for `{path: ...}`.

    Attributes:
        path: the value's own.
        hash: the paths of the values of which an opaque id is made.
    """

    path: FieldPath | None = None
    hash: Annotated[tuple[FieldPath, ...], Limits(min_length=1, max_length=5)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _long_form(cls, value: Any) -> Any:
        return {"path": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.path is None) == (self.hash is None):
            raise ValueError("needs either path or hash")
        return self

    @property
    def paths(self) -> tuple[str, ...]:
        """All paths that must be there for this alternative to be."""
        return self.hash or (self.path or "",)


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


class Source(Part):
    """Where a field comes from; a bare path, a list or `{hash: ...}` is short for `{path: ...}` with it."""

    path: Annotated[tuple[Alternative, ...], BeforeValidator(_listed), Limits(min_length=1, max_length=8)]

    @model_validator(mode="before")
    @classmethod
    def _long_form(cls, value: Any) -> Any:
        short = isinstance(value, str | list) or (isinstance(value, dict) and "hash" in value)
        return {"path": value} if short else value

    @property
    def words(self) -> Words | None:
        """What the panel's words mean; None where the value is taken as it is."""
        return None

    def paths(self) -> Iterator[str]:
        """All paths that this source may read."""
        for alternative in self.path:
            yield from alternative.paths


class PlainSource(Source):
    """A source that reads what the panel says."""

    @model_validator(mode="after")
    def _unhashed(self) -> Self:
        if any(alternative.hash for alternative in self.path):
            raise ValueError("only ids and references can be made by hash")
        return self


class FlagSource(PlainSource):
    """A flag: JSON's own, or told by words."""

    values: dict[str, bool] | None = None

    @property
    def words(self) -> Words | None:
        """See `Source.words`."""
        return self.values


class StatusSource(PlainSource):
    """A status: the panel's words, each with the status of ours that it means, or null if it says nothing."""

    values: dict[str, str | None] = Limits(min_length=1)

    @property
    def words(self) -> Words | None:
        """See `Source.words`."""
        return self.values


class OwnerSource(PlainSource):
    """Whose a row is, in a table of many users.

    Attributes:
        join: the users' keys with which it is compared, in this order.
    """

    join: Annotated[tuple[Annotated[str, AfterValidator(_user_key)], ...], Limits(min_length=1)] = ("id",)


def source_of(name: str, field: Field) -> type[Source]:
    """The schema of a field's source."""
    if field.statuses:
        word = Annotated[str, AfterValidator(_one_of(field.statuses))]
        values = (dict[str, word | None], Limits(min_length=1))
        return cast(
            type[Source], create_model("StatusSource", __base__=StatusSource, values=cast(Any, values))
        )
    if field.kind is Kind.FLAG:
        return FlagSource
    if name == "user":
        return OwnerSource
    return Source if field.kind in HASHABLE else PlainSource


def _one_of(statuses: type[StrEnum]) -> Callable[[str], str]:
    known = [status.value for status in statuses]

    def check(value: str) -> str:
        if value not in known:
            raise ValueError(f"must be one of {', '.join(known)}")
        return value

    return check
