"""The rules as people write them, checked: which texts belong to which class.

Promises that a `RuleSet` is whole: every class is in the catalogue, every owner has a remedy there, every
pattern runs, ids are unique; or else one `ConfigError` with everything that is wrong in all files. Never
reads a remote text. Order means something (the first rule that fits speaks), so files are taken by name and
not as a directory or a pattern happens to list them.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from syncwatch.classification.catalogue import Catalogue, load_catalogue
from syncwatch.classification.owners import Owners
from syncwatch.classification.patterns import refusal
from syncwatch.classification.wrappers import Wrapper, load_wrappers
from syncwatch.config.reader import Document, read, validate
from syncwatch.errors import ConfigError, Problem
from syncwatch.model import Marks, Side

T = TypeVar("T")
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
        owners: who must act, where it is not who the class says.
        codes: literal tokens, in exactly this case, between word boundaries.
        any_: RE2 patterns, in any case, of which one must match: its English sentences.
        languages: the same in other languages, by their ISO 639-1 codes.
        all_: RE2 patterns that must all match.
        not_: RE2 patterns of which none may match.
        final: its texts repeat what people wrote, so nothing inside of them is asked.
        marks: what the rule knows beyond the class.
        confidence: the rule's own claim, where the default for its kind does not fit.
        cases: texts that prove it.
    """

    id: Id
    class_: str = Field(alias="class")
    owners: Owners | None = Field(default=None, alias="owner")
    codes: tuple[Code, ...] = ()
    any_: tuple[Pattern, ...] = Field(default=(), alias="any")
    languages: dict[Language, tuple[Pattern, ...]] = Field(default_factory=dict)
    all_: tuple[Pattern, ...] = Field(default=(), alias="all")
    not_: tuple[Pattern, ...] = Field(default=(), alias="not")
    final: bool = Field(default=False, strict=True)
    marks: WrittenMarks = WrittenMarks()
    confidence: float | None = Field(default=None, gt=0, le=1, strict=True)
    cases: tuple[Case, ...] = Field(min_length=1)

    @property
    def sentences(self) -> tuple[Pattern, ...]:
        """`any` in all languages."""
        return (*self.any_, *(each for patterns in self.languages.values() for each in patterns))


class File(_Written):
    """One file of rules."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules, in the order in which they are asked.

    Attributes:
        rules: files by name, rules in the order of their file.
        catalogue: the classes that they speak of.
        wrappers: what is put around the texts that they speak of.
        digest: SHA-256 over what rules, catalogue and wrappers say, comments and layout left aside.
        places: for each rule its file and its place in it, for problems that only show when rules are tried.
    """

    rules: tuple[Rule, ...]
    catalogue: Catalogue
    wrappers: tuple[Wrapper, ...]
    digest: str
    places: tuple[tuple[Document, int], ...] = field(repr=False)

    def problem(self, rule: int, *location: str | int, message: str) -> Problem:
        """Name what is wrong with a rule, by its number, at a place in it."""
        document, index = self.places[rule]
        return document.problem(("rules", index, *location), message)


def load_rules(files: Iterable[Path], *, catalogue_file: Path, wrappers_file: Path) -> RuleSet:
    """Read rule files; a classes.yaml or wrappers.yaml among them stands instead of `catalogue_file` or `wrappers_file`.

    Raises:
        ConfigError: with everything that is wrong in all of them.
    """
    problems: list[Problem] = []
    ordered = sorted(files, key=lambda file: (file.name, file))
    catalogue = _only(ordered, catalogue_file, load_catalogue, problems)
    wrappers = _only(ordered, wrappers_file, load_wrappers, problems)
    parts: list[tuple[Document, File]] = []
    for file in ordered:
        if file.name not in {catalogue_file.name, wrappers_file.name}:
            try:
                document = read(file)
                parts.append((document, validate(document, File)))
            except ConfigError as error:
                problems += error.problems
    problems += _check(parts, catalogue)
    if problems or catalogue is None or wrappers is None:
        raise ConfigError(problems)
    digest = hashlib.sha256(catalogue.content.encode() + wrappers[1].encode())
    for _, part in parts:
        digest.update(part.model_dump_json(by_alias=True).encode())
    return RuleSet(
        rules=tuple(rule for _, part in parts for rule in part.rules),
        catalogue=catalogue,
        wrappers=wrappers[0],
        digest=digest.hexdigest(),
        places=tuple((document, index) for document, part in parts for index in range(len(part.rules))),
    )


def _only(files: list[Path], usual: Path, load: Callable[[Path], T], problems: list[Problem]) -> T | None:
    """Load the one file of this name among `files`, or the usual one; None, and problems, if that cannot be."""
    named = [file for file in files if file.name == usual.name] or [usual]
    problems += [Problem(file, None, "", f"only one {usual.name} can be given") for file in named[1:]]
    try:
        return load(named[0])
    except ConfigError as error:
        problems += error.problems
    return None


def _check(parts: list[tuple[Document, File]], catalogue: Catalogue | None) -> Iterator[Problem]:
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
        return
    for choice in rule.owners or ():
        if choice.owner not in catalogue[rule.class_].remedies:
            message = f'rule "{rule.id}": class "{rule.class_}" has no remedy for owner "{choice.owner}"'
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
