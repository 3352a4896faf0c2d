"""All patterns of all rules, run over a text in one pass.

Promises time linear in the text whatever the text and whatever the pattern (RE2 has no back-tracking), and
never writes to standard error, where RE2 would print what it was given. The only module that knows RE2. One
filter finds the literals of all patterns first and runs only those patterns that can still match, so that a
thousand patterns cost hardly more than ten.
"""

import re2

# Bytes that one pattern's automaton may grow to. RE2's own default is 8 MiB, times a thousand patterns; a thirtieth of
# it is as fast on error texts, and hostile ones cannot make the process grow.
MAX_MEMORY = 1 << 18

_ILLEGAL = "a construct that RE2 does not have"
_UNRELATED = ("", "a", "\0 0-9")  # a pattern that finds itself in all of these finds itself in any text


def _options(*, case_sensitive: bool) -> re2.Options:
    options = re2.Options()
    options.case_sensitive = case_sensitive
    options.dot_nl = True
    options.never_capture = True
    options.log_errors = False
    options.max_mem = MAX_MEMORY
    return options


def refusal(pattern: str) -> str | None:
    """Why a pattern cannot be a rule's, in RE2's words and with the fragment; None if it can."""
    try:
        compiled = re2.compile(pattern, _options(case_sensitive=False))
    except re2.error as error:
        (reason,) = error.args or (_ILLEGAL,)
        return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    if all(compiled.search(text) for text in _UNRELATED):
        return "it matches any text"
    return None


class Patterns:
    """Codes and sentences, each with a number; add them all, then `compile`, then ask."""

    def __init__(self) -> None:
        self._filter = re2.Filter()
        self._numbers: dict[tuple[bool, str], int] = {}

    def code(self, code: str) -> int:
        """Add a literal token that stands between word boundaries, in exactly this case."""
        return self._add(rf"\b{re2.escape(code)}\b", case_sensitive=True)

    def sentence(self, pattern: str) -> int:
        """Add a pattern, in whatever case; `refusal` has been asked before."""
        return self._add(pattern, case_sensitive=False)

    def compile(self) -> None:
        """No pattern comes after this."""
        self._filter.Compile()

    def found(self, text: bytes) -> frozenset[int]:
        """Numbers of all patterns that match somewhere in a text in UTF-8."""
        return frozenset(self._filter.Match(text) or ())

    def _add(self, pattern: str, *, case_sensitive: bool) -> int:
        key = (case_sensitive, pattern)
        if key not in self._numbers:
            self._numbers[key] = self._filter.Add(pattern, _options(case_sensitive=case_sensitive))
        return self._numbers[key]
