"""What remains of a text when everything is masked that may be anybody's.

Masking is an allow-list: a word stays only if it is wholly in the vocabulary; every other word, and every number, becomes
`<*>`. Three things are masked even where their words are in the vocabulary: what is known from the row, because a subject
may be "Calendar sync failed"; what is quoted, because that is where messages repeat subjects; and addresses, because
they are made of names. Of what stands between words only one mark of a small set stays. Promises one
bounded line for any `str` whatever, in time linear in a bounded text, and that a template is its own template.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

from syncwatch.classification import addresses, quotations
from syncwatch.classification.normalise import normalise
from syncwatch.classification.vocabulary import Vocabulary

Masking = Callable[[str, Iterable[str]], str]
"""Text, and what is known to be confidential in it, to template."""

MASK = "<*>"
HEAD = 1000  # characters of a text that are looked at; a template has less than a third of them
MAX_KNOWN = (
    2000  # characters of a known value that are looked for; more than the head has, so that it is seen whole
)
MAX_TOKENS = 40
MAX_CHARACTERS = 300
RUN = 3  # words in a row of a known value that are masked wherever they stand; of a shorter one all of them

_WORD = re.compile(r"<\*>|[\w\u0300-\u036f]+")
_MARK = re.compile(r"[.,:;=/-]")
_DETACHED = "=/-"  # marks with space on both sides, if there is any

# JSON quotes everything. Its keys are words like others, and so are the values of those keys under which systems say
# what went wrong; all other values are quotations.
_SAID = re.compile(
    r'(?i)"(error|error_?(?:code|description|message|summary)|code|message|msg|reason|fault_?(?:code|string)'
    r'|status|status_?code)"\s*:\s*"((?:[^"\\]|\\.)*)"'
)
_KEY = re.compile(r'([{,]\s*)"(\w+)"(?=\s*:)')
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")

# FIRM\nina is an account and no line break, which stands behind a word only with another one. What is none is written
# in a way that `normalise` leaves alone and NFKC takes back.
_BREAK_OR_PATH = re.compile(r"((?:\\[rnt]){2,}|(?<!\w)\\[rnt])|\\+(?=\w)")
_BACKSLASH = "\uff3c"


class Mask:
    """Makes templates of texts.

    Args:
        vocabulary: the words that may stay.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def template(self, text: str, known: Iterable[str] = ()) -> str:
        """Mask a text; `known` are values from its row, to be masked whatever their words are."""
        plain = _plain(text[:HEAD])
        whole = len(text) <= HEAD >= len(plain)
        text = plain[:HEAD]
        words = [*_WORD.finditer(text)]
        if not words:
            return MASK if text.strip() else ""
        spans = chain(quotations.spans(text), addresses.spans(text), () if whole else _end(text))
        hidden = _known(words, known) | _within(words, spans)
        return _written(text, words, self._staying(text, words, hidden))

    def _staying(self, text: str, words: Sequence[re.Match[str]], hidden: set[int]) -> Iterator[bool]:
        """Of each word whether it stays. A code may be joined by hyphens, and a word be elided before or after another."""
        for group in _joined(text, words, range(len(words)), "-'"):
            whole = text[words[group[0]].start() : words[group[-1]].end()]
            if whole in self._vocabulary and hidden.isdisjoint(group):
                yield from (True for _ in group)
                continue
            for part in _joined(text, words, group, "'"):
                stays = hidden.isdisjoint(part) and self._stays([words[index][0] for index in part])
                yield from (stays for _ in part)

    def _stays(self, part: Sequence[str]) -> bool:
        match part:
            case [word]:
                return word in self._vocabulary
            case [first, last]:
                elided = [(f"{first}'", last), (first, f"'{last}")]
                return f"{first}'{last}" in self._vocabulary or any(
                    one in self._vocabulary and other in self._vocabulary for one, other in elided
                )
            case _:
                return False


def parts(name: str | None, address: str | None) -> tuple[str, ...]:
    """What of a person's name and e-mail address is masked wherever it stands: each word of them.

    All but the address's last label, which is a country or a kind of organization.
    """
    told = (*_WORD.findall(_plain(name or "")), *_WORD.findall(_plain((address or "").rpartition(".")[0])))
    return tuple(dict.fromkeys(told))


def _plain(text: str) -> str:
    """The text in one spelling, on one line, and without the quotes that are JSON's."""
    text = text[:MAX_KNOWN]
    if '"' in text:
        text = _KEY.sub(r"\1\2", _SAID.sub(r" \1: \2 ", text))
    if "\\" in text:
        text = _ESCAPED.sub(lambda escape: chr(int(escape[1], 16)), text)
    if "&" in text:
        text = html.unescape(html.unescape(text))  # what is quoted may have been escaped with what quotes it
    if "\\" in text:
        text = _BREAK_OR_PATH.sub(lambda found: found[1] or _BACKSLASH, text)
    text = normalise(text).decode()
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)[:MAX_KNOWN]  # of one letter it may make eighteen
    return addresses.with_at_signs(text)


def _known(words: Sequence[re.Match[str]], known: Iterable[str]) -> set[int]:
    """The words that repeat a known value, or enough of it."""
    runs = {run for value in known for run in _runs(_folded(_WORD.finditer(_plain(value))))}
    firsts = {run[0] for run in runs if run}
    text = _folded(words) if runs else ()
    return {
        index + place
        for index, word in enumerate(text)
        if word in firsts
        for size in range(1, RUN + 1)
        if text[index : index + size] in runs
        for place in range(size)
    }


def _runs(value: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if len(value) <= RUN:
        yield value
    for start in range(len(value) - RUN + 1):
        yield value[start : start + RUN]


def _folded(words: Iterable[re.Match[str]]) -> tuple[str, ...]:
    """As they are compared. A vocabulary may hold a part of an identifier, such as `_grant`, and Grant be a name."""
    return tuple(word[0].casefold().strip("_") or word[0] for word in words)


def _end(text: str) -> Iterator[addresses.Span]:
    """The end of a text that was cut: what is known, or an address, may be cut too."""
    before = text.rsplit(maxsplit=RUN)[:-RUN]
    yield len(before[0]) if before else 0, len(text)


def _within(words: Sequence[re.Match[str]], spans: Iterable[addresses.Span]) -> set[int]:
    """The words that lie in one of `spans`, if only in part."""
    veil = bytearray(words[-1].end())
    for start, end in spans:
        veil[start:end] = b"\1" * (min(end, len(veil)) - start)
    return {index for index, word in enumerate(words) if veil.find(1, *word.span()) >= 0}


def _joined(text: str, words: Sequence[re.Match[str]], indexes: range, joints: str) -> Iterator[range]:
    """Split `indexes` into ranges of words that nothing but one of `joints` stands between."""
    first = indexes.start
    for index in indexes:
        after = index + 1
        if after == indexes.stop or text[words[index].end() : words[after].start()] not in tuple(joints):
            yield range(first, after)
            first = after


def _written(text: str, words: Sequence[re.Match[str]], staying: Iterable[bool]) -> str:
    """The words that stay, with what stands between them; what does not fit becomes a last `<*>`."""
    written, end, tokens, stayed = "", 0, 0, True
    for word, stays in zip(words, staying, strict=False):
        if stays or stayed:
            gap = _gap(text[end : word.start()], elided=stays and stayed) if tokens else ""
            piece = gap + (word[0] if stays else MASK)
            tokens += 1
            if tokens == MAX_TOKENS or len(written) + len(piece) > MAX_CHARACTERS - len(MASK) - 1:
                return written if not stayed else f"{written} {MASK}".lstrip()
            written += piece
        end, stayed = word.end(), stays
    return written


def _gap(between: str, *, elided: bool) -> str:
    """What remains of what stands between two words."""
    if elided and between == "'":
        return between
    found = _MARK.search(between)
    if found is None:
        return " "
    mark = found[0]
    if between == mark:
        return mark
    return f" {mark} " if mark in _DETACHED else f"{mark} "
