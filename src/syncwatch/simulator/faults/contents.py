"""Answers that are not what they should be: no JSON, no page, or rows that do not fit."""

import json

from aiohttp import web

from syncwatch.simulator.answers import json_page
from syncwatch.simulator.faults.fault import CONFIDENTIAL, USERS, Act, Exchange, Fault, always
from syncwatch.simulator.faults.pages import EACH, Page, Row, of_page, of_rows

_LOGIN = f"<!DOCTYPE html><title>Sign in</title><form action='/login?{CONFIDENTIAL}'></form>"
_OOPS = f"<html><body><h1>Something went wrong</h1><pre>{CONFIDENTIAL}</pre></body></html>"
_CONTROLS = "\r\nX-Injected: 1\r\n\x00\x1b"
CENTURY = "2123-05-02T10:00:03Z"


def _html(text: str, status: int = 200) -> Act:
    return always(lambda _: web.Response(text=text, status=status, content_type="text/html"))


def _body(body: bytes) -> Act:
    return always(lambda _: json_page(body))


def _typed(content_type: str) -> Act:
    """The right answer, called something else."""

    async def act(exchange: Exchange) -> web.StreamResponse:
        answer = await exchange.anew()
        answer.content_type = content_type
        return answer

    return act


def _encoded(encoding: str) -> Act:
    """The right answer, said to be in an encoding in which it is not."""

    async def act(exchange: Exchange) -> web.StreamResponse:
        answer = await exchange.anew()
        answer.headers["Content-Encoding"] = encoding
        return answer

    return act


def _unchanged(_: Exchange) -> web.Response:
    return web.Response(status=304, headers={"ETag": f'"{CONFIDENTIAL}"'})


def _half(_: Exchange, page: Page) -> bytes:
    body = json.dumps(page).encode()
    return body[: len(body) // 2]


def _duplicate_keys(_: Exchange, page: Page) -> bytes:
    """Every row says each of two things twice, first wrong and then right."""
    rows = (json.dumps(row)[1:] for row in page["data"])
    wrong = '{"userId":"nobody","synchronizationStatus":"Disabled",'
    following = json.dumps(page["nextCursor"])
    return f'{{"data":[],"data":[{",".join(wrong + row for row in rows)}],"nextCursor":{following}}}'.encode()


def _invalid_utf8(_: Exchange, page: Page) -> bytes:
    for row in page["data"][1::EACH]:
        row["userId"] += "\udcff\udcfe"
    return json.dumps(page, ensure_ascii=False).encode("utf-8", "surrogateescape")


def _half_a_pair(row: Row) -> None:
    row["name"] = "\ud83d"


def _surrogates(_: Exchange, page: Page) -> bytes:
    for row in page["data"]:
        _half_a_pair(row)
    return json.dumps(page).encode()


def _nan(_: Exchange, page: Page) -> bytes:
    for row in page["data"][1::EACH]:
        row["issues"] = float("nan")
    return json.dumps(page).encode()


def _odd_cursor(_: Exchange, page: Page) -> Page:
    page["nextCursor"] = f"{CONFIDENTIAL}{_CONTROLS}"
    return page


def _wrong_types(row: Row) -> None:
    row |= {"effectiveSynchronizationStatus": {"is": ["Enabled"]}, "issues": "three", "createdOn": 7.5}


def _unknown_words(row: Row) -> None:
    row["mailboxStatus"] = row["effectiveSynchronizationStatus"] = "Suspended"


def _missing(row: Row) -> None:
    del row["effectiveSynchronizationStatus"]


def _extra(row: Row) -> None:
    row |= {"future": {"of": [{"the": CONFIDENTIAL}] * 20}, "id": None, "state": "down", "": 1}


def _null(row: Row) -> None:
    row |= dict.fromkeys(row)


def _naive(row: Row) -> None:
    """All times lose their zone, which is UTC by the contract."""
    for place in (row, row["lastSession"] or {}):
        for name, value in place.items():
            if name in {"createdOn", "updatedOn", "startedAt", "endedAt"} and value is not None:
                place[name] = value.removesuffix("Z")


def _future(row: Row) -> None:
    """Sessions end in a century."""
    if row["lastSession"] is not None:
        row["lastSession"] |= {"startedAt": CENTURY, "endedAt": CENTURY}


def _absurd(row: Row) -> None:
    if row["lastSession"] is not None:
        row["lastSession"]["startedAt"] = "99999-13-45T99:99:99+99:99"


FAULTS = (
    Fault("html", "answers with a page that asks to sign in, and status 200", _html(_LOGIN)),
    Fault("html_500", "answers with a page of HTML and status 500", _html(_OOPS, 500)),
    Fault("html_502", "has a proxy in front that answers 502 with HTML", _html(_OOPS, 502)),
    Fault("garbage", "sends half of a JSON text that is no UTF-8", _body(b'{"data": [{"userId": "\xff\xfe')),
    Fault("not_json", "answers OK in plain words", _body(f"OK {CONFIDENTIAL}".encode())),
    Fault("empty_body", "sends nothing, with status 200", _body(b"")),
    Fault("half_json", "sends the first half of a page as if it were whole", of_page(_half)),
    Fault("not_a_page", "sends JSON that is no page", _body(json.dumps({"error": CONFIDENTIAL}).encode())),
    Fault("list_of_numbers", "sends a list of numbers", _body(b'{"data":[1,2,3],"nextCursor":4}')),
    Fault("other_type", "calls its JSON application/octet-stream", _typed("application/octet-stream")),
    Fault("html_type", "calls its JSON text/html", _typed("text/html")),
    Fault("not_gzip", "calls its JSON gzip", _encoded("gzip")),
    Fault("odd_encoding", "calls its JSON encoded in a way that nobody knows", _encoded("rot13")),
    Fault("not_modified", "says that nothing has changed, whoever asks", always(_unchanged)),
    Fault("wrong_types", "writes every third user with values of other types", of_rows(_wrong_types, each=EACH), USERS),
    Fault("unknown_words", "writes every third user with words that nobody knows", of_rows(_unknown_words, each=EACH), USERS),
    Fault("missing_fields", "leaves out a status of every third user", of_rows(_missing, each=EACH), USERS),
    Fault("extra_fields", "adds fields that nobody knows", of_rows(_extra), USERS),
    Fault("null_everything", "writes every field of every user as null", of_rows(_null), USERS),
    Fault("nan", "writes NaN in every third user", of_page(_nan), USERS),
    Fault("duplicate_keys", "says things twice, first wrong and then right", of_page(_duplicate_keys), USERS),
    Fault("invalid_utf8", "writes the id of every third user in no UTF-8", of_page(_invalid_utf8), USERS),
    Fault("surrogates", "cuts names in the middle of a surrogate pair", of_page(_surrogates), USERS),
    Fault("naive_times", "writes times without a zone", of_rows(_naive), USERS),
    Fault("future_times", "says of every session that it ends in a century", of_rows(_future), USERS),
    Fault("absurd_times", "writes times that are none", of_rows(_absurd), USERS),
    Fault("odd_cursor", "gives cursors that hold line breaks and control characters", of_page(_odd_cursor), USERS),
)  # fmt: skip
