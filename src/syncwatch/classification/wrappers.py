"""What systems put around the error of another one: which part of a text is the innermost cause.

A wrapper is data: the words that open it, what closes it if anything does, and cases. Promises only to say where the
inner texts lie, innermost first and not more than a few; what they mean is the rules' business.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from syncwatch.classification.normalise import normalise
from syncwatch.classification.patterns import Pattern, Patterns, Places, refusal
from syncwatch.config.reader import Document, read, validate
from syncwatch.errors import ConfigError, Problem

FILE_NAME = "wrappers.yaml"
MAX_INNER = (
    6  # inner texts that are looked at; a text that nests deeper speaks by its innermost ones and as a whole
)
MAX_OPENINGS = 200  # of one wrapper in one text

Expression = Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class WrappedCase(_Written):
    """A text, and the innermost one that this wrapper opens in it."""

    text: Annotated[str, StringConstraints(min_length=1)]
    inner: Annotated[str, StringConstraints(min_length=1)]


class Wrapper(_Written):
    """One way of wrapping.

    Attributes:
        id: unique.
        opens: RE2 pattern, in any case, behind which the inner text begins.
        closes: RE2 pattern before which it ends; without one it goes to the end.
        cases: texts that prove it.
    """

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
    opens: Expression
    closes: Expression | None = None
    cases: tuple[WrappedCase, ...] = Field(min_length=1)


class File(_Written):
    """The whole file."""

    wrappers: tuple[Wrapper, ...]


class _Ready(NamedTuple):
    """A wrapper whose patterns are compiled."""

    opens: Places
    closes: Places | None


def _ready(wrapper: Wrapper) -> _Ready:
    closes = Places(Pattern(wrapper.closes)) if wrapper.closes is not None else None
    return _Ready(Places(Pattern(wrapper.opens)), closes)


class Unwrapper:
    """Wrappers made ready."""

    def __init__(self, wrappers: tuple[Wrapper, ...]) -> None:
        self._openings = Patterns()
        self._wrappers: Mapping[int, _Ready] = {
            self._openings.add(Pattern(wrapper.opens)): _ready(wrapper) for wrapper in wrappers
        }
        self._openings.compile()

    def inner(self, text: bytes) -> list[tuple[int, int]]:
        """Where the inner texts of a text begin and end, in bytes: the innermost, which begins last, first."""
        hits = self._openings.sentences(text)
        opened = {span for number in hits for span in _inside(self._wrappers[number], text)}
        return sorted(opened, reverse=True)[:MAX_INNER]


def load_wrappers(file: Path) -> tuple[tuple[Wrapper, ...], str]:
    """Read the wrappers; also what they say as a text, for a digest.

    Raises:
        ConfigError: with everything that is wrong.
    """
    document = read(file)
    model = validate(document, File)
    if problems := tuple(_check(document, model)):
        raise ConfigError(problems)
    return model.wrappers, model.model_dump_json()


def _inside(wrapper: _Ready, text: bytes) -> Iterator[tuple[int, int]]:
    closings = [] if wrapper.closes is None else [start for start, _ in wrapper.closes.of(text)]
    for number, (_, start) in enumerate(wrapper.opens.of(text)):
        if number == MAX_OPENINGS:
            return
        end = next((each for each in closings if each >= start), len(text))
        if start < end:
            yield start, end


def _check(document: Document, model: File) -> Iterator[Problem]:
    ids: set[str] = set()
    for index, wrapper in enumerate(model.wrappers):
        here = ("wrappers", index)
        if wrapper.id in ids:
            yield document.problem((*here, "id"), f'wrapper "{wrapper.id}" is here twice, rename one')
        ids.add(wrapper.id)
        for key, expression in (("opens", wrapper.opens), ("closes", wrapper.closes)):
            if expression is not None and (reason := refusal(expression)):
                message = f'wrapper "{wrapper.id}": {expression!r} cannot be used: {reason}'
                yield document.problem((*here, key), message)
                break
        else:
            yield from _check_cases(document, here, wrapper)


def _check_cases(document: Document, here: tuple[str | int, ...], wrapper: Wrapper) -> Iterator[Problem]:
    for index, case in enumerate(wrapper.cases):
        text = normalise(case.text)
        start, end = max(_inside(_ready(wrapper), text), default=(0, 0))
        if text[start:end].decode().strip() != case.inner:
            message = f'wrapper "{wrapper.id}": the innermost text of this case is another one'
            yield document.problem((*here, "cases", index), message)
