"""The words that may be shown of a text that no rule knows.

They come from three places: a shipped list, the codes of the rules, and the words that the patterns of rules and wrappers
spell out. Never from a rule's cases: a person may have pasted a real text there. Words that are somebody's name too are words in
lower case only, wherever they come from.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from syncwatch.classification import literals
from syncwatch.classification.ruleset import RuleSet
from syncwatch.errors import ConfigError, Problem

_NAME = "="


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A set of words.

    Attributes:
        words: words in any case, case-folded.
        names: those of them that are words in lower case only, being names otherwise.
    """

    words: frozenset[str]
    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, ruleset: RuleSet, file: Path) -> Self:
        """Read the list of words, and add what the rules spell out.

        Raises:
            ConfigError: the list cannot be read.
        """
        try:
            listed = list(_listed(file.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError):
            problem = Problem(file, None, "", "the shipped vocabulary is missing: install Syncwatch again")
            raise ConfigError([problem]) from None
        names = frozenset(word.removeprefix(_NAME) for word in listed if word.startswith(_NAME))
        spelled = (word.casefold() for word in _spelled(ruleset))
        return cls(frozenset((*listed, *names, *spelled)), names)

    @property
    def digest(self) -> str:
        """SHA-256 over the words: with another one the same text may have another template."""
        told = "\n".join((*sorted(self.words), "", *sorted(self.names)))
        return hashlib.sha256(told.encode()).hexdigest()

    def __contains__(self, word: str) -> bool:
        folded = word.casefold()
        return folded in self.words and (folded not in self.names or word == folded)


def _listed(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if not line.startswith("#"):
            yield from line.casefold().split()


def _spelled(ruleset: RuleSet) -> Iterator[str]:
    for rule in ruleset.rules:
        yield from rule.codes
        for pattern in (*rule.sentences, *rule.all_, *rule.not_):
            yield from literals.words(pattern)
    for wrapper in ruleset.wrappers:
        yield from literals.words(wrapper.opens)
