"""Makes a page readable that one row of it would cost us.

Three things that a row may hold stop the decoder for the whole page, before it can be cut into rows: nesting deeper than
the interpreter allows, half of a surrogate pair (a panel that cuts a subject in the middle of an emoji sends that), and
a number that JSON does not have. What is too deep is replaced by `TOO_DEEP`, which marks the row as one to refuse; half a
pair becomes U+FFFD, and NaN or Infinity null: nothing is said. Only pages that did not decode come here, only up to
`MAX_BYTES`, and the time is linear in their size: they may be hostile.
"""

import re

MAX_BYTES = 512 << 10
MAX_DEPTH = 50
TOO_DEEP = b'"syncwatch: nested too deep"'

# A string that is never closed reaches to the end, so that no text is looked at twice.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]|-?(?:NaN|Infinity)', re.DOTALL)
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def mend(page: bytes) -> bytes:
    """Give the page without what stops the decoder; unchanged if it is too large to be worth it."""
    if len(page) > MAX_BYTES:
        return page
    return _ESCAPE.sub(lambda escape: rb"\ufffd" if escape[1] else escape[0], _readable(page))


def _readable(page: bytes) -> bytes:
    """The page with nothing too deep in it, and with all numbers being such."""
    kept: list[bytes] = []
    depth = start = 0
    for token in _TOKEN.finditer(page):
        sign = token[0]
        if sign in b"[{":
            depth += 1
            if depth == MAX_DEPTH + 1:
                kept += [page[start : token.start()], TOO_DEEP]
        elif sign in b"]}":
            depth -= 1
            if depth == MAX_DEPTH:
                start = token.end()
        elif not sign.startswith(b'"') and depth <= MAX_DEPTH:
            kept += [page[start : token.start()], b"null"]
            start = token.end()
    if depth <= MAX_DEPTH:
        kept.append(page[start:])
    return b"".join(kept)
