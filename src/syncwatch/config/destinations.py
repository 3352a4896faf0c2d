"""Where a tenant's panel is: as was written, or as a file of its own says, because the URL is a secret.

A secret URL is read and checked once here, so that one that is missing or makes no sense is known at the start. What
it held is for the checks of the credentials alone; a tenant is given its place, which is read again when it is used.
"""

from dataclasses import dataclass, field
from pathlib import Path

from syncwatch.config.address import secret_base_url
from syncwatch.config.fields import TENANT
from syncwatch.config.schema import TenantSection
from syncwatch.config.secrets import FileSecret, SecretUnavailable


@dataclass(frozen=True, slots=True)
class Destination:
    """Where one tenant's panel is.

    Attributes:
        key: the key of the tenant that says it.
        secret: the place of the URL, if it is a secret.
        url: the URL as it is now; None if it is a secret that is missing or makes no sense.
        wrong: what to tell the person who wrote the name of the file of a secret one; empty if it is fine.
    """

    key: str
    secret: FileSecret | None
    url: str | None = field(repr=False)
    wrong: str = ""


def destination(tenant: TenantSection, folder: Path) -> Destination:
    """Find a tenant's destination; files are seen from `folder`."""
    if tenant.url_file is None:
        return Destination("url", None, tenant.url)
    secret = FileSecret(folder / tenant.url_file.replace(TENANT, tenant.id))
    url, wrong = _held(secret)
    return Destination("url_file", secret, url, wrong)


def _held(secret: FileSecret) -> tuple[str | None, str]:
    """Give the URL, or what is wrong; neither holds what is not fit to show."""
    try:
        return secret_base_url(secret.read().get_secret_value()), ""
    except SecretUnavailable as error:
        return None, error.reason
    except ValueError as error:
        return None, f"the file that it names: {error}"
