"""`syncwatch check-rules`: everything that is wrong with rules, before they are run; needs no configuration."""

from pathlib import Path
from typing import Annotated

import typer

from syncwatch.classification.book import Book
from syncwatch.classification.checks import check, overlaps
from syncwatch.cli.complain import BAD_INPUT, bad_input, fail
from syncwatch.setup import load_ruleset


def command(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Rule files; the shipped ones if none is named.", metavar="FILE", show_default=False
        ),
    ] = None,
) -> None:
    """Check rule files: form, patterns, owners and remedies, cases, rules that can never speak; exit code 2."""
    with bad_input():
        ruleset = load_ruleset(tuple(files or ()))
    book = Book(ruleset)
    if problems := check(ruleset, book):
        fail("\n".join(map(str, problems)), BAD_INPUT)
    for note in overlaps(ruleset, book):
        print(f"note: {note}")
    cases = sum(len(rule.cases) for rule in ruleset.rules)
    print(
        f"fine: {len(ruleset.rules)} rules with {cases} cases for {len(ruleset.catalogue.classes)} classes,"
        f" {len(ruleset.wrappers)} wrappers"
    )
