"""`syncwatch classify`: what the rules say of texts, and why. Needs no configuration; prints no text back."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec
import typer

from syncwatch.classification.book import Book
from syncwatch.classification.classifier import Classifier
from syncwatch.classification.reasons import Match, Part, Standing, reasons
from syncwatch.cli.complain import BAD_INPUT, bad_input, fail
from syncwatch.model import Finding
from syncwatch.setup import load_ruleset


class _Asked(NamedTuple):
    """One text, with the id that it came with."""

    text: str
    id: object = msgspec.UNSET


class _Line(msgspec.Struct):
    text: str
    id: object = msgspec.UNSET


class _Answer(msgspec.Struct):
    class_: str = msgspec.field(name="class")
    owner: str
    rule: str
    codes: tuple[str, ...]
    confidence: float
    remedy: str
    id: object = msgspec.UNSET


def command(
    texts: Annotated[list[str] | None, typer.Argument(help="Texts to classify.", show_default=False)] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say which rules were called for, where, and what kept them.")
    ] = False,
    rules: Annotated[
        list[Path] | None,
        typer.Option(help="Rule files instead of the shipped ones; may be repeated.", metavar="FILE"),
    ] = None,
) -> None:
    """Classify texts given as arguments, or standard input: one JSON object a line with a `text` field."""
    if not texts and sys.stdin.isatty():
        fail("give texts as arguments, or JSON lines with a `text` field on standard input", BAD_INPUT)
    with bad_input():
        ruleset = load_ruleset(tuple(rules or ()))
    book = Book(ruleset)
    classifier = Classifier(book)
    bad = 0
    for asked in map(_Asked, texts) if texts else _lines():
        if isinstance(asked, str):
            bad += 1
            print(asked, file=sys.stderr)
            continue
        finding = classifier.classify(asked.text)
        print(
            _shown(
                finding, ruleset.catalogue.remedy(finding.class_, finding.owner), asked.id, as_json=as_json
            )
        )
        if explain:
            for part in reasons(book, asked.text):
                print("\n".join(_explained(part)), file=sys.stderr if as_json else sys.stdout)
    if bad:
        raise SystemExit(BAD_INPUT)


def _lines() -> Iterator[_Asked | str]:
    """The texts on standard input; in place of a bad line what is wrong with it."""
    decoder = msgspec.json.Decoder(_Line)
    for number, line in enumerate(sys.stdin.buffer, 1):
        if not line.strip():
            continue
        try:
            row = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            yield f'<stdin>:{number}: is not a JSON object with a text in the field "text"; the line is left out'
        else:
            yield _Asked(row.text, row.id)


def _shown(finding: Finding, remedy: str, id_: object, *, as_json: bool) -> str:
    if not as_json:
        return f"{finding.class_}\t{finding.owner}\t{finding.rule or '-'}\t{remedy}"
    answer = _Answer(
        finding.class_, finding.owner, finding.rule, finding.codes, finding.confidence, remedy, id_
    )
    return msgspec.json.encode(answer).decode()


def _explained(part: Part) -> Iterator[str]:
    """One part of a text, the rules that were called for in it, and by what."""
    yield f"  characters {part.start} to {part.end} of the normalised text:{'' if part.heard else ' no rule is called for'}"
    for heard in part.heard:
        yield f"    {heard.standing}: {heard.rule} ({heard.class_})"
        for match in heard.calls:
            yield f"      {_matched(match)}"
        reason = "lacks" if heard.standing is Standing.LACKS else "is kept by"
        for match in heard.why:
            yield f"      {reason} {_matched(match)}"


def _matched(match: Match) -> str:
    kind = "code" if match.pattern.is_code else "pattern"
    places = ", ".join(f"{start}-{end}" for start, end in match.places)
    return f"{kind} {match.pattern.text!r}{f' at {places}' if places else ''}"
