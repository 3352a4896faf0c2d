"""The closed set of classes, and what each one means for the people who must act.

Promises that every class names who acts by default and has a sentence for that owner, and that the classes
which the program itself gives are there. Never says which text belongs to which class: that is the rules'
business, so that a rule can be mended without touching what alerts and dashboards are built on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from syncwatch.classification.owners import Owners, choose
from syncwatch.config.reader import read, validate
from syncwatch.model import NO_CONTEXT, UNCLASSIFIED, Context, Owner

FILE_NAME = "classes.yaml"
OWN_CLASSES = frozenset(
    {
        UNCLASSIFIED,
        "duplicate_events",
        "exchange_throttled",
        "mailbox_not_initialized",
        "no_message",
        "no_recent_session",
        "oauth_token_expired",
        "salesforce_auth",
        "session_time_limit",
        "session_too_long",
    }
)

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Remedy = Annotated[str, StringConstraints(pattern=r"^[^\r\n]+$", max_length=200)]


class ClassEntry(BaseModel):
    """One class.

    Attributes:
        area: which part of the system the trouble is in.
        severity: what it is worth to the people on duty: `info` needs no one, `critical` someone today.
        effect: how much stands still: an item, a user, or likely a whole organization.
        transient: whether it usually passes by itself.
        by_design: whether it is a limit of the product that nobody can mend.
        owners: who must act, unless a rule says otherwise.
        remedies: one short imperative sentence for each owner that the class can have.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    area: Literal["mailbox", "calendar", "salesforce", "exchange", "network", "engine", "monitor"]
    severity: Literal["info", "warning", "critical"]
    effect: Literal["item", "user", "organization"]
    transient: bool = Field(default=False, strict=True)
    by_design: bool = Field(default=False, strict=True)
    owners: Owners = Field(alias="owner")
    remedies: dict[Owner, Remedy]

    @property
    def owner(self) -> Owner:
        """Who must act if nothing is known about the circumstances."""
        return self.owners[-1].owner

    @model_validator(mode="after")
    def _owners_can_act(self) -> Self:
        for choice in self.owners:
            if choice.owner not in self.remedies:
                raise ValueError(f"needs a remedy for its own owner, {choice.owner}")
        return self


class File(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    classes: dict[Slug, ClassEntry]

    @field_validator("classes")
    @classmethod
    def _complete(cls, classes: dict[str, ClassEntry]) -> dict[str, ClassEntry]:
        if missing := sorted(OWN_CLASSES - classes.keys()):
            raise ValueError(f"the program itself speaks of these classes, add them: {', '.join(missing)}")
        return classes


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All classes, by slug, in the order of the file."""

    classes: Mapping[str, ClassEntry]
    content: str

    def __contains__(self, class_: object) -> bool:
        return class_ in self.classes

    def __getitem__(self, class_: str) -> ClassEntry:
        return self.classes[class_]

    def owner(self, class_: str, context: Context = NO_CONTEXT) -> Owner:
        """Who must act, in these circumstances."""
        return choose(self.classes[class_].owners, context)

    def remedy(self, class_: str, owner: Owner) -> str:
        """What this owner is to do about this class, or else what its default owner is to do."""
        entry = self.classes[class_]
        return entry.remedies.get(owner, entry.remedies[entry.owner])


def load_catalogue(file: Path) -> Catalogue:
    """Read a catalogue.

    Raises:
        ConfigError: with everything that is wrong in it.
    """
    model = validate(read(file), File)
    return Catalogue(model.classes, model.model_dump_json(by_alias=True))
