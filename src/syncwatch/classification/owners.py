"""Who must act, where that depends on what stands around a text.

A class and a rule name one owner, or several with the circumstances of each: a user whose mailbox is entered by the
organization's account has no credential of their own, and must never be told to sign in again. The first choice that
fits counts, and the last one, which has no circumstances, fits always. What is not known about a text fits no
circumstance.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from syncwatch.model import IMPERSONATED, AccessType, Context, Owner, Side, Source

OWN_LOGON = frozenset(AccessType) - IMPERSONATED - {AccessType.UNKNOWN}

Access = AccessType | Literal["impersonated", "own_logon"]
_GROUPS = {"impersonated": IMPERSONATED, "own_logon": OWN_LOGON}


class Choice(BaseModel):
    """One owner, and what must be so for it; everything that is named must be so.

    Attributes:
        access: mailbox access types; `impersonated` stands for all by the organization's account (app-only and service
            accounts too), `own_logon` for all by the user's.
        side: the system that speaks.
        source: the part of the product that the session blames.
        setting: settings of the organization and their values.
        owner: who must act then.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    access: tuple[Access, ...] = ()
    side: Side | None = None
    source: Source | None = None
    setting: dict[str, Annotated[int, Field(strict=True)]] = Field(default_factory=dict)
    owner: Owner

    @property
    def conditional(self) -> bool:
        """Whether it needs anything to be so."""
        return bool(self.access or self.side or self.source or self.setting)

    def fits(self, context: Context) -> bool:
        """Whether everything that it needs is known to be so."""
        return (
            (not self.access or any(context.access in _GROUPS.get(each, {each}) for each in self.access))
            and self.side in {None, context.side}
            and self.source in {None, context.source}
            and all(context.settings.get(name) == value for name, value in self.setting.items())
        )


def choose(owners: Iterable[Choice], context: Context) -> Owner:
    """The owner of the first choice that fits."""
    return next(choice.owner for choice in owners if choice.fits(context))


def _listed(value: Any) -> Any:
    return [{"owner": value}] if isinstance(value, str) else value


def _ends_unconditionally(owners: tuple[Choice, ...]) -> tuple[Choice, ...]:
    if not owners or owners[-1].conditional or not all(each.conditional for each in owners[:-1]):
        raise ValueError("needs conditions for every choice but the last, and none for that")
    return owners


Owners = Annotated[
    tuple[Choice, ...],
    BeforeValidator(_listed, json_schema_input_type=Owner | tuple[Choice, ...]),
    AfterValidator(_ends_unconditionally),
]
