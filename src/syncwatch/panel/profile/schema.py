"""A whole panel profile, and what its parts must have in common.

A profile holds no secret and no address of a firm: those belong to tenants and credentials.
"""

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, create_model, model_validator
from pydantic import Field as Limits

from syncwatch.config.duration import Duration
from syncwatch.config.moments import TimeFormat, Zone
from syncwatch.panel.profile.asking import Authentication, NoPaging, Paging
from syncwatch.panel.profile.lists import Table, Tables, tables_schema
from syncwatch.panel.profile.written import OWN_PLACEHOLDERS, Part, ProfileId, placeholders
from syncwatch.panel.tables import Scope


class Format(StrEnum):
    """What the panel's answers are."""

    JSON = "json"
    CSV = "csv"


class Defaults(Part):
    """What holds where the panel does not say.

    Attributes:
        default_plan_interval: seconds between two sessions of a user whose plan is not known; None for the fleet's.
    """

    default_plan_interval: Duration | None = None


class Profile(Part):
    """A whole profile.

    Attributes:
        profile: its id, which tenants name.
        extends: the profile that it changes; what is not written is as there.
        description: for people.
        format: what the panel's answers are.
        timezone: of times that carry none.
        datetime_format: how times are written, tried in this order.
        defaults: what holds where the panel does not say.
        authentication: how the panel wants to be asked.
        paging: how it cuts long lists.
        tables: its lists.
    """

    profile: ProfileId
    extends: ProfileId | None = None
    description: str = ""
    format: Format = Format.JSON
    timezone: Zone = "UTC"
    datetime_format: Annotated[
        tuple[TimeFormat, ...],
        BeforeValidator(lambda value: [value] if isinstance(value, str) else value),
        Limits(min_length=1, max_length=10),
    ] = ("iso",)
    defaults: Defaults = Defaults()
    authentication: Authentication
    paging: Paging = Paging(none=NoPaging())
    tables: Tables

    @property
    def parameters(self) -> frozenset[str]:
        """The placeholders that a tenant's `parameters` must fill."""
        texts = [text for _, table in self.tables.mapped() for text in (table.path, *table.query.values())]
        if grant := self.authentication.client_credentials:
            texts += [text for text in (grant.token_url, grant.scope) if text]
        return placeholders(texts) - OWN_PLACEHOLDERS

    def paging_of(self, table: Table) -> Paging:
        """How a table is cut."""
        return table.paging or self.paging

    @model_validator(mode="after")
    def _pages_lead_on(self) -> Self:
        for name, table in self.tables.mapped():
            if self.format is Format.JSON and self.paging_of(table).follows_page and table.page.next is None:
                raise ValueError(
                    f"tables.{name}.page.next is required: say where on a page the next one is named"
                )
        return self

    @model_validator(mode="after")
    def _tags_cover_pages(self) -> Self:
        for name, table in self.tables.mapped():
            if table.etag and self.paging_of(table).link_header is not None:
                raise ValueError(
                    f"tables.{name}.etag: a page may stay the same while its header Link does not: remove etag"
                )
        return self

    @model_validator(mode="after")
    def _organizations_are_known(self) -> Self:
        tables = dict(self.tables.mapped())
        for name, table in tables.items():
            if table.scope is Scope.ORGANIZATION and "organizations" not in tables:
                raise ValueError(f"tables.{name} is read by organization: map tables.organizations too")
        return self

    @model_validator(mode="after")
    def _exports_are_plain(self) -> Self:
        """A file is one list of the whole tenant, and is no page."""
        if self.format is not Format.CSV:
            return self
        for name, table in self.tables.mapped():
            if table.scope is not Scope.TENANT:
                raise ValueError(f"tables.{name}: an export is one file for the whole tenant: scope: tenant")
            if {"page", "paging", "etag", "query"} & table.model_fields_set:
                raise ValueError(f"tables.{name}: a file has no page, paging, etag or query: remove them")
        return self


def profile_schema() -> Any:
    """The schema of a profile with all its tables."""
    return create_model("Profile", __base__=Profile, tables=(tables_schema(), ...))
