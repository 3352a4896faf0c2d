"""Each kind of paging, against a server that does as such panels do, or not quite."""

from hashlib import blake2b
from itertools import count
from typing import Any

import pytest
from aiohttp import web

from syncwatch.errors import ConfigError, PollError
from unit.panel.made import ids, loaded, row, users

WRAPPED = {"rows": "data"}


def numbered(**more: Any) -> dict[str, Any]:
    return {"page_number": {"parameter": "page", **more}}


def numbered_pages(fake, *pages, end: int = 200, total: int | None = None, first: int = 1):
    """Serve these pages by number, and after the last one an empty page, or a status."""

    async def handler(request: web.Request) -> web.Response:
        at = int(request.query["page"]) - first
        if not 0 <= at < len(pages) and end != 200:
            return web.Response(status=end)
        page = pages[at] if 0 <= at < len(pages) else []
        return web.json_response({"data": page, "count": total} if total is not None else {"data": page})

    fake.routes["users"] = handler


def tagged(answer: web.Response, request: web.Request) -> web.Response:
    """The answer, or 304 where the request has its entity tag: made of the body, as most servers do."""
    etag = f'"{blake2b(answer.body, digest_size=8).hexdigest()}"'
    if request.headers.get("If-None-Match") == etag:
        return web.Response(status=304, headers={"ETag": etag})
    answer.headers["ETag"] = etag
    return answer


def asked(fake) -> list[str]:
    return [path.removeprefix("/panel/firm-1/") for _, path, _ in fake.asked]


def marks(pages):
    return {page.cursor: page.mark for page in pages if page.mark}


@pytest.mark.parametrize("first", [0, 1])
async def test_numbered_pages_end_with_an_empty_one(small, panel_server, first):
    numbered_pages(panel_server, [row("a")], [row("b"), row("c")], first=first)
    paging = numbered(first=first, size_parameter="per_page", size=2)
    reading = small(users(paging=paging, page=WRAPPED)).reading()
    assert ids(await reading.users({})) == ["a", "b", "c"]
    assert not reading.figures.truncated
    assert asked(panel_server) == [f"users?per_page=2&page={first + at}" for at in range(3)]


async def test_numbered_pages_end_with_a_404_after_the_first(small, panel_server):
    numbered_pages(panel_server, [row("a")], [row("b")], end=404)
    reading = small(users(paging=numbered(), page=WRAPPED)).reading()
    assert ids(await reading.users({})) == ["a", "b"]
    assert not reading.figures.truncated
    numbered_pages(panel_server, end=404)
    with pytest.raises(PollError, match="HTTP 404"):
        await small(users(paging=numbered(), page=WRAPPED)).reading().users({})


async def test_another_status_after_the_first_page_is_no_end(small, panel_server):
    numbered_pages(panel_server, [row("a")], end=410)
    with pytest.raises(PollError, match="HTTP 410"):
        await small(users(paging=numbered(), page=WRAPPED)).reading().users({})


async def test_a_total_saves_the_request_for_an_empty_page(small, panel_server):
    numbered_pages(panel_server, [row("a")], [row("b")], total=2)
    reading = small(users(paging=numbered(), page={**WRAPPED, "total": "count"})).reading()
    assert ids(await reading.users({})) == ["a", "b"]
    assert len(panel_server.asked) == 2


async def test_a_total_counts_rows_that_could_not_be_read(small, panel_server):
    numbered_pages(panel_server, [row("a"), row("bad", mailbox=[])], [row("c")], total=3)
    reading = small(users(paging=numbered(), page={**WRAPPED, "total": "count"})).reading()
    assert ids(await reading.users({})) == ["a", "c"]
    assert len(panel_server.asked) == 2


async def test_a_total_that_is_too_large_does_not_go_on_for_ever(small, panel_server):
    numbered_pages(panel_server, [row("a")], total=9)
    assert ids(
        await small(users(paging=numbered(), page={**WRAPPED, "total": "count"})).reading().users({})
    ) == ["a"]
    assert len(panel_server.asked) == 2


async def test_a_panel_that_ignores_the_page_is_left_after_the_second(small, panel_server):
    panel_server.json("users", [row("a"), row("b")])
    reading = small(users(paging=numbered())).reading()
    assert ids(await reading.users({})) == ["a", "b"]
    assert len(panel_server.asked) == 2
    assert reading.figures.truncated, "nobody knows whether these were all"


async def test_a_panel_that_ignores_the_page_but_numbers_its_answers_is_left_too(small, panel_server):
    numbers = count()

    async def handler(_: web.Request) -> web.Response:
        if len(panel_server.asked) > 20:
            return web.Response(status=500)
        return web.json_response({"data": [row("a")], "request": next(numbers)})

    panel_server.routes["users"] = handler
    reading = small(users(paging=numbered(), page=WRAPPED)).reading()
    assert ids(await reading.users({})) == ["a"]
    assert len(panel_server.asked) < 5


async def test_a_panel_that_ignores_the_page_is_not_asked_for_more_in_each_poll(small, panel_server):
    async def handler(request: web.Request) -> web.Response:
        return tagged(web.json_response([row("a")]), request)

    panel_server.routes["users"] = handler
    panel, known = small(users(paging=numbered(), etag=True)), {}
    for _ in range(4):
        panel_server.asked.clear()
        known = marks(await panel.reading().users(known))
    assert len(panel_server.asked) <= 2


def linked(fake, *pages, form=None):
    """Serve pages whose Link header says which is next, in the form that `form` makes of its URL and path."""
    form = form or (lambda url: f'<{url}>; rel="next"')

    async def handler(request: web.Request) -> web.Response:
        at = int(request.query.get("after", "0"))
        answer = web.json_response(pages[at])
        if at + 1 < len(pages):
            answer.headers["Link"] = form(f"{fake.base_url}/users?after={at + 1}")
        return answer

    fake.routes["users"] = handler


LINK = {"link_header": {"size_parameter": "per_page", "size": 3}}


@pytest.mark.parametrize(
    "form",
    [
        lambda url: f'<{url}>; rel="next"',
        lambda url: f"<{url}>;rel=next",
        lambda url: f"<{url}>; REL=NEXT",
        lambda url: f'<{url}>; title="a, b"; rel="next"',
        lambda url: f'<{url}?x=1>; rel="prev", <{url}>; rel="next", <{url}&last>; rel="last"',
        lambda url: f'<{url}>; rel="last next"',
        lambda url: f"<{url[url.index('/panel') :]}>; rel=next",
        lambda url: f"<{url[url.rindex('?') :]}>; rel=next",
        lambda url: f'</other>; rel="nextish", <{url}>; rel=next',
    ],
)
async def test_the_header_link_says_which_page_is_next(small, panel_server, form):
    linked(panel_server, [row("a")], [row("b")], [row("c")], form=form)
    reading = small(users(paging=LINK)).reading()
    assert ids(await reading.users({})) == ["a", "b", "c"]
    assert asked(panel_server) == ["users?per_page=3", "users?after=1", "users?after=2"]


@pytest.mark.parametrize(
    "link", ["", "next", '<>; rel="prev"', "<" * 4000, '<x>; title="rel=next', ";" * 4000]
)
async def test_a_header_that_names_no_next_page_ends_the_list(small, panel_server, link):
    panel_server.json("users", [row("a")], headers={"Link": link})
    assert ids(await small(users(paging=LINK)).reading().users({})) == ["a"]


async def test_a_title_that_looks_like_a_relation_is_none(small, panel_server):
    panel_server.json("users", [row("a")], headers={"Link": '<?after=1>; title="; rel=next"; rel="prev"'})
    assert ids(await small(users(paging=LINK)).reading().users({})) == ["a"]
    assert len(panel_server.asked) == 1


NEXT = {"paging": {"next_url": {}}, "page": {"rows": "value", "next": r"@odata\.nextLink"}}


def next_pages(fake, reference, *pages):
    async def handler(request: web.Request) -> web.Response:
        at = int(request.query.get("after", "0"))
        page = {"value": pages[at]}
        if at + 1 < len(pages):
            page["@odata.nextLink"] = reference(f"{fake.base_url}/users?after={at + 1}&$select=a,%20b")
        return web.json_response(page)

    fake.routes["users"] = handler


@pytest.mark.parametrize(
    "reference",
    [lambda url: url, lambda url: url[url.index("/panel") :], lambda url: url[url.rindex("?") :]],
)
async def test_the_page_has_the_url_of_the_next(small, panel_server, reference):
    next_pages(panel_server, reference, [row("a")], [row("b")])
    reading = small(users(**NEXT, query={"$top": "1"})).reading()
    assert ids(await reading.users({})) == ["a", "b"]
    assert asked(panel_server) == ["users?$top=1", "users?after=1&$select=a,%20b"]


@pytest.mark.parametrize(
    "reference",
    [
        "http://localhost:1/users",
        "//localhost/users",
        "https://{host}/users",
        "http://me:pw@{host}/users",
        "http://me@{host}/users",
        "http://{host}.evil.example/users",
        "http://127.0.0.1:1/users",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://[/users",
        "http://.[[n]a.n@",
        "http://{host}:99999999/",
    ],
)
@pytest.mark.parametrize("kind", ["next_url", "link_header"])
async def test_a_next_page_elsewhere_gets_nothing(small, panel_server, reference, kind):
    host = panel_server.base_url.split("/")[2]
    headers = {"Link": f'<{reference.format(host=host)}>; rel="next"'} if kind == "link_header" else {}
    page = {"value": [row("a")], "@odata.nextLink": reference.format(host=host)}
    panel_server.json("users", page if kind == "next_url" else [row("a")], headers=headers)
    with pytest.raises(PollError, match=r"schema: .*origin"):
        await small(users(**NEXT) if kind == "next_url" else users(paging=LINK)).reading().users({})
    assert len(panel_server.asked) == 1


@pytest.mark.parametrize(
    "reference", ["users?x=a b", "users?x=\u00e4", "users?x=%zz", "users\r\nX-Evil: 1", "a\\b"]
)
async def test_a_reference_that_is_hardly_a_url_is_asked_for_or_refused_but_no_fault_of_ours(
    small, panel_server, reference
):
    panel_server.json("users", {"value": [row("a")], "@odata.nextLink": reference})
    try:
        await small(users(**NEXT)).reading().users({})
    except PollError as error:
        assert error.reason.value != "internal"  # noqa: PT017 - either end is right
    assert not any("X-Evil" in headers for *_, headers in panel_server.asked)


@pytest.mark.parametrize("kind", ["cursor", "next_url", "page_number", "none"])
async def test_a_page_that_has_not_changed_is_not_sent_again_whatever_the_paging(small, panel_server, kind):
    pages = [[row("a")], [row("b"), row("bad", switch=[])], [row("c")]]
    kinds = {
        "cursor": {"parameter": "after"},
        "page_number": {"parameter": "after", "first": 0},
        "none": {},
    }
    change = users(etag=True, paging={kind: kinds.get(kind, {})}, page={"rows": "value", "next": "more"})

    async def handler(request: web.Request) -> web.Response:
        at = int(request.query.get("after", "0"))
        following = str(at + 1) if at + 1 < len(pages) and kind != "none" else None
        more = f"?after={following}" if following and kind == "next_url" else following
        body = {"value": pages[at] if at < len(pages) else [], "more": more}
        return tagged(web.json_response(body), request)

    panel_server.routes["users"] = handler
    panel = small(change)
    first = await panel.reading().users({})
    reading = panel.reading()
    second = await reading.users(marks(first))
    assert ids(first) == (["a"] if kind == "none" else ["a", "b", "c"])
    assert [page.rows for page in second] == [None] * len(first)
    assert marks(second) == marks(first)
    assert reading.figures.requests == {("users", "304"): len(first)}
    assert not reading.figures.truncated


def test_pages_whose_header_alone_tells_of_the_next_are_not_asked_for_by_entity_tag(tmp_path):
    """A page may be the same when one more comes to be behind it: 304, and nobody sees the new one."""
    with pytest.raises(ConfigError, match=r"small\.yaml:\d+: tables\.users\.etag: .*remove"):
        loaded(tmp_path, users(paging=LINK, etag=True))


async def test_a_list_in_one_page_is_asked_for_once(small, panel_server):
    panel_server.json("users", [row("a")], headers={"Link": "<?page=2>; rel=next"})
    assert ids(await small({}).reading().users({})) == ["a"]
    assert asked(panel_server) == ["users"]


@pytest.mark.parametrize(
    "change",
    [
        {"paging": {"next_url": {}}},
        {"paging": {"cursor": {"parameter": "c"}}},
        {"paging": {}},
        {"paging": {"none": {}, "link_header": {}}},
        {"paging": {"page_number": {"parameter": "p", "first": -1}}},
        {"paging": {"page_number": {"parameter": "p&q"}}},
        {"page": {"rows": ".", "next": "next"}},
        {"page": {"rows": "data", "total": "data.count"}},
    ],
)
def test_a_paging_that_cannot_work_is_refused(tmp_path, change):
    with pytest.raises(ConfigError, match=r"small\.yaml:\d+"):
        loaded(tmp_path, users(**change))


async def test_the_query_of_a_secret_url_goes_with_every_page(small, panel_server):
    async def handler(request: web.Request) -> web.Response:
        if request.query.get("sig") != "s3":
            return web.Response(status=403)
        at = request.query.get("after")
        return web.json_response({"value": [row(at or "a")], "@odata.nextLink": None if at else "?after=b"})

    panel_server.routes["users"] = handler
    panel = small(users(**NEXT), url=f"{panel_server.base_url}?sig=s3")
    assert ids(await panel.reading().users({})) == ["a", "b"]


async def test_the_query_of_a_secret_url_is_in_no_memory_and_may_be_rotated(small, panel_server):
    current = "s1"

    async def handler(request: web.Request) -> web.Response:
        if request.query.getall("sig") != [current]:
            return web.Response(status=403)
        at = request.query.get("after")
        page = {"value": [row(at or "a")], "@odata.nextLink": None if at else "?after=b"}
        return tagged(web.json_response(page), request)

    panel_server.routes["users"] = handler
    change = users(**NEXT, etag=True)
    first = await small(change, url=f"{panel_server.base_url}?sig=s1").reading().users({})
    current = "s2"
    second = await small(change, url=f"{panel_server.base_url}?sig=s2").reading().users(marks(first))
    assert [page.rows for page in second] == [None, None]
    assert "sig" not in repr(marks(first))
