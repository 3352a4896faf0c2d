"""The rules as people write them, checked: which texts belong to which class.

Promises that a `RuleSet` is whole: every class is in the catalogue, every owner has a remedy there, every
pattern runs, ids are unique; or else one `ConfigError` with everything that is wrong in all files. Never
reads a remote text. Order means something (the first rule that fits speaks), so files are taken by name and
not as a directory or a pattern happens to list them.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from syncwatch.classification.catalogue import FILE_NAME, Catalogue, load_catalogue
from syncwatch.classification.patterns import refusal
from syncwatch.config.reader import Document, read, validate
from syncwatch.errors import ConfigError, Problem
from syncwatch.model import Marks, Owner, Side

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,78}[A-Za-z0-9_])?$")]
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class WrittenMarks(_Written):
    """What a rule knows beyond the class; see `syncwatch.model.Marks`."""

    token_expired: Side | None = None
    duplicate_guard: bool = Field(default=False, strict=True)
    organization_wide: bool = Field(default=False, strict=True)
    completed: bool = Field(default=False, strict=True)

    @property
    def marks(self) -> Marks:
        """The same as the value that findings carry."""
        return Marks(**self.model_dump())


class Case(_Written):
    """A text that must get its rule's class from this very rule, and these marks if it names any."""

    text: Annotated[str, StringConstraints(min_length=1)]
    marks: WrittenMarks | None = None


class Rule(_Written):
    """One rule: it fits a text that has one of `codes` or of its sentences, all of `all`, and none of `not`.

    Attributes:
        id: unique among all files; a label of metrics.
        class_: slug of a class in the catalogue; `unclassified` claims nothing.
        owner: who must act, where it is not the class's default owner.
        codes: literal tokens, in exactly this case, between word boundaries.
        any_: RE2 patterns, in any case, of which one must match: its English sentences.
        languages: the same in other languages, by their ISO 639-1 codes.
        all_: RE2 patterns that must all match.
        not_: RE2 patterns of which none may match.
        marks: what the rule knows beyond the class.
        confidence: the rule's own claim, where the default for its kind does not fit.
        cases: texts that prove it.
    """

    id: Id
    class_: str = Field(alias="class")
    owner: Owner | None = None
    codes: tuple[Code, ...] = ()
    any_: tuple[Pattern, ...] = Field(default=(), alias="any")
    languages: dict[Language, tuple[Pattern, ...]] = Field(default_factory=dict)
    all_: tuple[Pattern, ...] = Field(default=(), alias="all")
    not_: tuple[Pattern, ...] = Field(default=(), alias="not")
    marks: WrittenMarks = WrittenMarks()
    confidence: float | None = Field(default=None, gt=0, le=1, strict=True)
    cases: tuple[Case, ...] = Field(min_length=1)

    @property
    def sentences(self) -> tuple[Pattern, ...]:
        """`any` in all languages."""
        return (*self.any_, *(each for patterns in self.languages.values() for each in patterns))


class _File(_Written):
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules, in the order in which they are asked.

    Attributes:
        rules: files by name, rules in the order of their file.
        catalogue: the classes that they speak of.
        digest: SHA-256 over what rules and catalogue say, comments and layout left aside.
    """

    rules: tuple[Rule, ...]
    catalogue: Catalogue
    digest: str


def load_rules(files: Iterable[Path], *, catalogue_file: Path) -> RuleSet:
    """Read rule files; one named classes.yaml among them is the catalogue, instead of `catalogue_file`.

    Raises:
        ConfigError: with everything that is wrong in all of them.
    """
    problems: list[Problem] = []
    ordered = sorted(files, key=lambda file: (file.name, file))
    catalogues = [file for file in ordered if file.name == FILE_NAME] or [catalogue_file]
    catalogue: Catalogue | None = None
    try:
        catalogue = load_catalogue(catalogues[0])
    except ConfigError as error:
        problems += error.problems
    problems += [Problem(file, None, "", f"only one {FILE_NAME} can be given") for file in catalogues[1:]]
    parts: list[tuple[Document, _File]] = []
    for file in ordered:
        if file.name != FILE_NAME:
            try:
                document = read(file)
                parts.append((document, validate(document, _File)))
            except ConfigError as error:
                problems += error.problems
    problems += _check(parts, catalogue)
    if problems or catalogue is None:
        raise ConfigError(problems)
    digest = hashlib.sha256(catalogue.content.encode())
    for _, part in parts:
        digest.update(part.model_dump_json(by_alias=True).encode())
    return RuleSet(tuple(rule for _, part in parts for rule in part.rules), catalogue, digest.hexdigest())


def _check(parts: list[tuple[Document, _File]], catalogue: Catalogue | None) -> Iterator[Problem]:
    """What only shows when rules, catalogue and RE2 are held against each other."""
    homes: dict[str, Path] = {}
    for document, part in parts:
        for index, rule in enumerate(part.rules):
            here = ("rules", index)
            if rule.id in homes:
                there = homes[rule.id].name
                yield document.problem((*here, "id"), f'rule "{rule.id}" is already in {there}, rename one')
            homes.setdefault(rule.id, document.file)
            if not (rule.codes or rule.sentences or rule.all_):
                yield document.problem(here, f'rule "{rule.id}" needs codes, any, languages or all')
            if catalogue is not None:
                yield from _check_class(document, here, rule, catalogue)
            yield from _check_patterns(document, here, rule)


def _check_class(
    document: Document, here: tuple[str | int, ...], rule: Rule, catalogue: Catalogue
) -> Iterator[Problem]:
    if rule.class_ not in catalogue:
        message = f'rule "{rule.id}": class "{rule.class_}" is not in the catalogue'
        yield document.problem((*here, "class"), message)
    elif rule.owner is not None and rule.owner not in catalogue[rule.class_].remedies:
        message = f'rule "{rule.id}": class "{rule.class_}" has no remedy for owner "{rule.owner}"'
        yield document.problem((*here, "owner"), message)


def _check_patterns(document: Document, here: tuple[str | int, ...], rule: Rule) -> Iterator[Problem]:
    written: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
        (("any",), rule.any_),
        *((("languages", language), patterns) for language, patterns in rule.languages.items()),
        (("all",), rule.all_),
        (("not",), rule.not_),
    ]
    for keys, patterns in written:
        for index, pattern in enumerate(patterns):
            if reason := refusal(pattern):
                message = f'rule "{rule.id}": pattern {pattern!r} cannot be used: {reason}'
                yield document.problem((*here, *keys, index), message)
