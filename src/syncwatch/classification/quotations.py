"""Where in a text something is quoted: between marks of whatever kind, or inside an XML element for people's words.

That is where messages repeat subjects and names. What is opened and not closed goes up to the end. Promises time
linear in a bounded text.
"""

import re
from collections.abc import Iterator

# "..." up to the next one; '...' where the first is no apostrophe (no letter before it) and the last is none either (no
# letter after it); and if another one that may be the last comes before a first one, up to that.
_MARKED = re.compile(
    r"""
      "[^"]*"?
    | \u300c[^\u300d]*\u300d? | \u300e[^\u300f]*\u300f? | \u300a[^\u300b]*\u300b? | \u3008[^\u3009]*\u3009?
    | \u3010[^\u3011]*\u3011?
    | (?<!\w)'(?=[^\s'])
      (?:[^']|'(?=\w))*
      (?:'(?:[^']|(?<=\w)'(?=\w))*(?<=\w)(?='(?!\w)))*
      '?
    """,
    re.VERBOSE,
)

# <t:Subject>...</t:Subject>. The body of a SOAP message is an envelope, not somebody's words.
_ELEMENT = re.compile(
    r"""
    <(?!s\d*:body|soap[\w-]*:body|env:body)
    (?P<name>[\w:.-]*(?:subject|title|name|body|location))(?=[\s>])[^<>]*(?<!/)>
    .*?(?:</(?P=name)\s*>|\Z)
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Where the quotations of a text lie."""
    for form in (_MARKED, _ELEMENT):
        for found in form.finditer(text):
            yield found.span()
