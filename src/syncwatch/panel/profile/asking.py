"""How a panel wants to be asked: who we are, and how its long lists are cut. One key for each kind."""

from typing import Self

from pydantic import Field as Limits
from pydantic import model_validator

from syncwatch.panel.profile.written import (
    HeaderName,
    HeaderPrefix,
    HttpUrl,
    Parameter,
    Part,
    Scope,
    UrlPath,
)


class ClientCredentials(Part):
    """OAuth2 client credentials: a token is asked for with an id and a secret.

    Attributes:
        token_path: where, below the tenant's base URL.
        token_url: or where else; its host must be among those of the credential.
        scope: what is asked for, if the panel wants that said.
    """

    token_path: UrlPath | None = None
    token_url: HttpUrl | None = None
    scope: Scope | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.token_path is None) == (self.token_url is None):
            raise ValueError("needs either token_path or token_url")
        return self


class Bearer(Part):
    """A token that does not change: it comes with the credential."""


class Basic(Part):
    """A user name and a password, by HTTP basic authentication."""


class Header(Part):
    """A token in a header of the panel's own.

    Attributes:
        name: of the header.
        prefix: what stands before the token.
    """

    name: HeaderName
    prefix: HeaderPrefix = ""


class Anonymous(Part):
    """The panel asks nobody who they are."""


class Authentication(Part):
    """The kinds of authentication that the panel offers; a credential must fit one of them."""

    client_credentials: ClientCredentials | None = None
    bearer: Bearer | None = None
    basic: Basic | None = None
    header: Header | None = None
    none: Anonymous | None = None

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.kinds:
            raise ValueError(f"name at least one of {', '.join(type(self).model_fields)}")
        return self

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that are offered."""
        return tuple(kind for kind, settings in self if settings is not None)


class _Sized(Part):
    """Paging that lets us say how long a page shall be.

    Attributes:
        size_parameter: query parameter that takes the number of rows wanted; None if the panel has none.
        size: rows wanted on a page; the panel may give fewer.
    """

    size_parameter: Parameter | None = None
    size: int = Limits(default=200, ge=1, le=10_000)


class CursorPaging(_Sized):
    """Each page has the cursor of the next one; `parameter` is the query parameter that takes it."""

    parameter: Parameter


class NumberPaging(_Sized):
    """Pages have numbers, from `first` on; `parameter` is the query parameter that takes it."""

    parameter: Parameter
    first: int = Limits(default=1, ge=0, le=1)


class LinkPaging(_Sized):
    """The header Link has the URL of the next page, with rel="next"."""


class UrlPaging(_Sized):
    """Each page has the URL of the next one: OData's `@odata.nextLink`, Salesforce's `nextRecordsUrl`."""


class NoPaging(Part):
    """Every list is one page."""


class Paging(Part):
    """How a long list is cut: one key, the kind."""

    cursor: CursorPaging | None = None
    page_number: NumberPaging | None = None
    link_header: LinkPaging | None = None
    next_url: UrlPaging | None = None
    none: NoPaging | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(settings is not None for _, settings in self) != 1:
            raise ValueError(f"name exactly one of {', '.join(type(self).model_fields)}")
        return self

    @property
    def follows_page(self) -> bool:
        """Whether a page itself must say which one is next."""
        return self.cursor is not None or self.next_url is not None
