"""Where each tenant's panel is: as the file says, or as a file of its own says, because the URL is a secret.

A secret URL is read and checked once here, so that one that is missing or makes no sense is known at the start. What
it held is for the checks of the credentials alone; a tenant is given its place, which is read again when it is used.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from syncwatch.config.address import secret_base_url
from syncwatch.config.document import Document
from syncwatch.config.schema import TENANT, TenantSection
from syncwatch.config.secrets import FileSecret, SecretUnavailable
from syncwatch.errors import Problem


@dataclass(frozen=True, slots=True)
class Destination:
    """Where one tenant's panel is.

    Attributes:
        key: the key of the tenant that says it.
        secret: the place of the URL, if it is a secret.
        url: the URL as it is now; None if it is a secret that is missing or makes no sense.
    """

    key: str
    secret: FileSecret | None
    url: str | None = field(repr=False)


def find(
    document: Document, tenants: Mapping[int, TenantSection], problems: list[Problem]
) -> Iterator[tuple[int, Destination]]:
    """Find each tenant's destination, by its place in the file; adds to `problems` what is wrong with a secret one."""
    for index, tenant in tenants.items():
        if tenant.url_file is None:
            yield index, Destination("url", None, tenant.url)
            continue
        secret = FileSecret(document.file.parent / tenant.url_file.replace(TENANT, tenant.id))
        url, wrong = _held(secret)
        if wrong:
            problems.append(document.problem(("tenants", index, "url_file"), wrong))
        yield index, Destination("url_file", secret, url)


def _held(secret: FileSecret) -> tuple[str | None, str]:
    """Give the URL, or what to tell the person who wrote the file's name; neither holds what is not fit to show."""
    try:
        return secret_base_url(secret.read().get_secret_value()), ""
    except SecretUnavailable as error:
        return None, error.reason
    except ValueError as error:
        return None, f"the file that it names: {error}"
