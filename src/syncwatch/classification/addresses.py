"""Where in a text stands an address: of a mailbox, a host, a page, a file or an account.

Addresses are made of names, and names may be words that everybody uses: `bill.may@smith-jones.com`. So an address takes
with it the whole run of characters without a space that it stands in, whatever else that run is. Rather a word too many:
what looks like an address and is none costs a template a word. Promises time linear in the text.
"""

import re
from collections.abc import Iterator

Span = tuple[int, int]

_RUN = re.compile(r"\S+")

# An @ that is spelled out, or stands apart from what it belongs to.
_AT = re.compile(r" ?(?:@|[(\[{<] ?at ?[)\]}>]) ?", re.IGNORECASE)

# What makes a run an address. `=40` and `%40` are an @ in mail and in URLs, other `%..` are the rest of a URL.
_SIGN = re.compile(
    r"""
      @ | :// | \\ | %[0-9a-f]{2} | =40(?=[^\W\d])
    | (?<!\w)(?:smtp|sips?|mailto|tel|x400|x500|eum|ex|spo):(?=\S)
    | (?<![\w<])/[\w.~-]+/\w
    | [0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}
    """,
    re.VERBOSE | re.IGNORECASE,
)

# An attribute of a directory's name: /o=Firm/ou=Group One/cn=Recipients/cn=jane. Its values may have spaces.
_ATTRIBUTE = re.compile(r"(?<!\w)(?:cn|ou|dc|o|uid)=", re.IGNORECASE)

_DOTTED = re.compile(r"(?<![\w-])[\w-]++(?:[.\u3002][\w-]++)+")
_DOT = re.compile(r"[.\u3002]")
NO_HOST = ("exception", "error", "fault")  # System.Net.WebException

# Ends of hosts beside those of two letters, which are countries.
_TOP = """
com org net edu gov mil int arpa info biz name pro mobi jobs coop museum aero asia cat tel post xxx app dev cloud online
site website web tech email global international world group company business agency center services solutions support
systems software network digital media consulting management capital finance financial tax insurance estate properties
realty ventures holdings partners associates law legal lawyer attorney abogado esq firm llc llp ltd gmbh inc srl london
berlin paris nyc wien koeln hamburg swiss africa
local localhost localdomain lan internal intranet corp home host example test invalid onion
"""
_ENDS = frozenset(_TOP.split())
_PAIR = 2  # letters of a country, and labels that may also be a sentence's end and the next one's begin


def with_at_signs(text: str) -> str:
    """The text with every @ as one, and beside what it belongs to."""
    return _AT.sub("@", text)


def spans(text: str) -> Iterator[Span]:
    """Where the addresses of a text lie; `text` is on one line and has its @ signs."""
    yield from _names(text)
    hosts = iter([found.start() for found in _DOTTED.finditer(text) if _is_host(found[0])])
    host, on_a_path = next(hosts, len(text)), False
    for run in _RUN.finditer(text):
        found = _SIGN.search(run[0]) is not None or host < run.end()
        while host < run.end():
            host = next(hosts, len(text))
        slashed = "/" in run[0]
        if found or (on_a_path and slashed):  # a folder's name may have spaces
            yield run.span()
            on_a_path = slashed
        else:
            on_a_path = False


def _names(text: str) -> Iterator[Span]:
    """Directories' names, from the first attribute to the last one."""
    starts = [found.start() for found in _ATTRIBUTE.finditer(text)]
    if starts:
        first, last = text.rfind(" ", 0, starts[0]) + 1, text.find(" ", starts[-1])
        yield first, last if last >= 0 else len(text)


def _is_host(dotted: str) -> bool:
    labels = _DOT.split(dotted)
    top = labels[-1].strip("-_").casefold()
    if top.endswith(NO_HOST):
        return False
    country = len(top) == _PAIR and top.isalpha()
    return country or len(labels) > _PAIR or top in _ENDS or top.startswith("xn--")
