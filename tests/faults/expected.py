"""What the daemon must show of each fault of the simulator, as docs/panel-answers.md promises it.

A tenant that was read before keeps its figures, whatever its panel does: so `EXACT` is what most faults leave. Where
rows of a page cannot be read, their users are still counted, as `unknown`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Figures(Enum):
    """What becomes of a tenant's gauges while its panel misbehaves."""

    EXACT = "as if nothing were wrong"
    UNKNOWN = "every user once, some unknown"
    ALL = "every user once"
    ANY = "what the panel says"


@dataclass(frozen=True)
class Outcome:
    """What is shown of one fault.

    Attributes:
        reason: why polls fail, any of these; none if they do not fail.
        figures: what becomes of the gauges.
        truncated: whether a list is said to be cut off.
        lasting: whether it is shown for as long as the fault lasts, and not only at first.
    """

    reason: frozenset[str] = frozenset()
    figures: Figures = Figures.EXACT
    truncated: bool = False
    lasting: bool = True

    @property
    def up(self) -> bool:
        return not self.reason


def _fails(*reasons: str) -> Outcome:
    return Outcome(frozenset(reasons))


GOOD = Outcome()
TIMEOUT, CONNECT, DECODE, SCHEMA = map(_fails, ("timeout", "connect", "decode", "schema"))
AUTH, FORBIDDEN, REDIRECT, LIMITED = map(_fails, ("auth", "forbidden", "redirect", "rate_limited"))
REFUSED, FAILED = map(_fails, ("http_4xx", "http_5xx"))
DOUBTED = Outcome(frozenset({"partial"}), lasting=False)
ENDLESS = Outcome(frozenset({"truncated"}), Figures.ANY, truncated=True)
# Nobody can say whose some rows are: if somebody who was there is missing, they stay.
NAMELESS = Outcome(frozenset({"partial"}), Figures.ALL, lasting=False)
CIRCLES = Outcome(frozenset({"truncated"}), truncated=True)
UNKNOWN, ALL, ANY = (Outcome(figures=each) for each in (Figures.UNKNOWN, Figures.ALL, Figures.ANY))

EXPECTED: Mapping[str, Outcome] = {
    # connections
    "down": CONNECT,
    "slow": TIMEOUT,
    "hang": TIMEOUT,
    "hang_headers": TIMEOUT,
    "half_open": TIMEOUT,
    "drip": TIMEOUT,
    "interim": TIMEOUT,
    "reset": CONNECT,
    "reset_in_body": _fails("connect", "decode"),  # by what arrives first, data or reset
    "cut": DECODE,
    "cut_chunks": DECODE,
    "bad_chunks": DECODE,
    "not_http": DECODE,
    # sizes
    "flood": DECODE,
    "flood_500": FAILED,
    "gzip_bomb": DECODE,
    "deep_nesting": SCHEMA,
    "huge_header": DECODE,
    "many_headers": DECODE,
    "huge_texts": ALL,
    "huge_page": DOUBTED,  # a firm may be as large as that, but half of its users are gone
    # lists
    "loop": CIRCLES,
    "same_page": CIRCLES,
    "endless": ENDLESS,
    "strangers": ENDLESS,
    "endless_empty": TIMEOUT,  # which comes before the last page that would be read
    "empty_list": DOUBTED,
    "half_list": DOUBTED,
    "twins": UNKNOWN,
    "vanishing": ANY,
    # redirects
    "redirect_elsewhere": REDIRECT,
    "redirect_308": REDIRECT,
    "redirect_plain": REDIRECT,
    "redirect_login": AUTH,
    "redirect_here": REDIRECT,
    "redirect_loop": REDIRECT,
    "redirect_file": REDIRECT,
    "redirect_nowhere": REDIRECT,
    # contents
    "html": AUTH,
    "html_500": FAILED,
    "html_502": FAILED,
    "garbage": DECODE,
    "not_json": DECODE,
    "empty_body": DECODE,
    "half_json": DECODE,
    "not_a_page": SCHEMA,
    "list_of_numbers": SCHEMA,
    "other_type": GOOD,
    "html_type": AUTH,
    "not_gzip": DECODE,
    "odd_encoding": DECODE,
    "not_modified": DECODE,
    "wrong_types": UNKNOWN,
    "unknown_words": UNKNOWN,
    "missing_fields": UNKNOWN,
    "extra_fields": GOOD,
    "null_everything": SCHEMA,
    "nan": UNKNOWN,
    "duplicate_keys": GOOD,
    "invalid_utf8": NAMELESS,
    "surrogates": GOOD,
    "naive_times": GOOD,
    "future_times": UNKNOWN,
    "absurd_times": UNKNOWN,
    "odd_cursor": REFUSED,
    # access
    "unauthorized": AUTH,
    "token_refused": AUTH,
    "token_expires_early": GOOD,
    "forbidden": FORBIDDEN,
    "logs_out": AUTH,
    "token_500": FAILED,
    "token_html": AUTH,
    "token_garbage": DECODE,
    "token_absent": DECODE,
    "token_type": AUTH,
    "token_line_break": AUTH,
    "token_huge": AUTH,
    "token_short": GOOD,
    # manners
    "rate_limited": LIMITED,
    "rate_limited_date": LIMITED,
    "rate_limited_silent": LIMITED,
    "rate_limited_absurd": LIMITED,
    "rate_limited_garbage": LIMITED,
    "unavailable": FAILED,
    "exhausted": LIMITED,
    "tabs_500": GOOD,  # nothing changes, so that no tab is asked for
    "http_400": REFUSED,
    "http_404": REFUSED,
    "http_500": FAILED,
    "http_501": FAILED,
    # texts
    "control_characters": ALL,
    "ansi_escapes": ALL,
    "forged_log": ALL,
    "forged_metric": ALL,
    "right_to_left": ALL,
    "repetition": ALL,
    "forged_log_id": NAMELESS,
    "forged_metric_id": NAMELESS,
    "ansi_id": NAMELESS,
}
