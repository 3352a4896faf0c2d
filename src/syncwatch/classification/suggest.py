"""A rule to start from, out of the template of a text that no rule knows.

Promises YAML that loads as it is and takes its own case, so that a person only chooses the class and narrows the
pattern. Claims nothing by itself: its class is `unclassified` until somebody says otherwise. Gives nothing for a template
of which too little is left to be told from others.
"""

import re
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence

from syncwatch.classification.masking import MASK

RUNS = 3  # of words between two masks, at most, that make a pattern
MIN_LETTERS = 12  # of what is left; less is found in too many texts
MAX_ID = 48

_BETWEEN_WORDS = r"\W+"  # brackets and quotes that the template left out may stand there
_FOR_MASK = ".{0,120}"
_WORD = re.compile(r"\w+")
_ASCII_WORD = re.compile(r"\w", re.ASCII)

_RULE = """\
rules:

  - id: {id}
    class: unclassified  # choose one of those below
    any:
      - '{pattern}'
    cases:
      - text: '{case}'

"""
_CLASSES = "Classes (classes.yaml says what each one means): "


def skeleton(template: str, classes: Iterable[str]) -> str | None:
    """Give a rule file with one rule for a template, and the classes to choose from in a comment."""
    runs = [words for part in template.split(MASK) if (words := _WORD.findall(part))]
    windows = [runs[start : start + RUNS] for start in range(max(1, len(runs) - RUNS + 1))]
    chosen = max(windows, key=_letters)
    if _letters(chosen) < MIN_LETTERS:
        return None
    rule = _RULE.format(
        id=_id(chosen), pattern=_FOR_MASK.join(map(_pattern, chosen)), case=template.replace("'", "''")
    )
    listed = textwrap.wrap(_CLASSES + ", ".join(classes), 110, break_on_hyphens=False)
    return rule + "".join(f"# {line}\n" for line in listed)


def _letters(runs: Sequence[Sequence[str]]) -> int:
    return sum(len(word) for words in runs for word in words)


def _pattern(words: Sequence[str]) -> str:
    """The words one after another. A boundary of RE2 is one of ASCII letters only."""
    before = r"\b" if _ASCII_WORD.match(words[0][0]) else ""
    after = r"\b" if _ASCII_WORD.match(words[-1][-1]) else ""
    return before + _BETWEEN_WORDS.join(words) + after


def _id(runs: Sequence[Sequence[str]]) -> str:
    text = unicodedata.normalize("NFKD", " ".join(word for words in runs for word in words))
    slug = "-".join(re.findall(r"[a-z0-9]+", text.encode("ascii", "ignore").decode().lower()))
    if len(slug) > MAX_ID:
        slug = slug[: MAX_ID + 1].rpartition("-")[0] or slug[:MAX_ID]
    return slug or "new-rule"
