"""Two rows of one id: never two users of one, and nobody lost."""

from typing import Any

from aiohttp import web

from unit.panel.made import ids, row, users

ETAGS = {"paging": {"cursor": {"parameter": "at"}}, "page": {"rows": "data", "next": "more"}, "etag": True}


def marks(pages: Any) -> dict[str, Any]:
    return {page.cursor: page.mark for page in pages if page.mark}


def paged(fake: Any, tags: list[str], *pages: list[dict[str, Any]]) -> None:
    async def handler(request: web.Request) -> web.Response:
        at = int(request.query.get("at", "0"))
        headers = {"ETag": f'"{tags[at]}"'}
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
        more = str(at + 1) if at + 1 < len(pages) else None
        return web.json_response({"data": pages[at], "more": more}, headers=headers)

    fake.routes["users"] = handler


async def test_rows_that_differ_are_refused_once_and_their_pages_are_read_again(small, panel_server):
    paged(panel_server, ["a", "b", "c"], [row("x"), row("y")], [row("x", switch="Off")], [row("z")])
    panel = small(users(**ETAGS))
    reading = panel.reading()
    pages = await reading.users({})
    assert ids(pages) == ["y", "z"]
    assert [page.refused for page in pages] == [("x",), (), ()]
    assert reading.figures.unknown_values == {"users.id": 2}
    assert list(marks(pages)) == ["2"], "what shares an id is read again, be it unchanged"
    again = await panel.reading().users(marks(pages))
    assert [page.refused for page in again] == [("x",), (), ()]
    assert again[2].rows is None


async def test_an_unchanged_page_that_shares_an_id_is_read_again_by_the_next_poll(small, panel_server):
    paged(panel_server, ["a", "b"], [row("x")], [row("y")])
    panel = small(users(**ETAGS))
    first = await panel.reading().users({})
    paged(panel_server, ["a", "c"], [row("x")], [row("x", switch="Off"), row("y")])
    second = await panel.reading().users(marks(first))
    assert [page.rows is None for page in second] == [True, False]
    assert marks(second) == {}
    third = await panel.reading().users(marks(second))
    assert (ids(third), third[0].refused) == (["y"], ("x",))


async def test_a_row_that_shifted_to_another_page_counts_once(small, panel_server):
    paged(panel_server, ["a", "b"], [row("x"), row("y")], [row("y"), row("z")])
    reading = small(users(**ETAGS)).reading()
    assert ids(await reading.users({})) == ["x", "y", "z"]
    assert not +reading.figures.unknown_values


async def test_a_user_who_is_listed_under_two_organizations_is_neither_ones(small, panel_server):
    change = users(scope="organization", path="{organization}/users", fields={"organization": "org"})
    change["tables"]["organizations"] = {
        "path": "organizations",
        "fields": {"id": "id", "switch": {"path": "switch", "values": {"On": "enabled"}}},
    }
    panel_server.json("organizations", [{"id": "o1", "switch": "On"}, {"id": "o2", "switch": "On"}])
    panel_server.json("o1/users", [row("x", org="o1"), row("y", org="o1")])
    panel_server.json("o2/users", [row("x", org="o2")])
    reading = small(change).reading()
    await reading.organizations({})
    pages = await reading.users({})
    assert (ids(pages), pages[0].refused) == (["y"], ("x",))


async def test_organizations_and_plans_of_one_id_are_refused_too(panel, panel_server):
    panel_server.pages(
        "api/admin/v1/plans",
        [
            {"id": "p", "synchronizationIntervalSeconds": 60},
            {"id": "q", "synchronizationIntervalSeconds": 60},
        ],
        [{"id": "p", "synchronizationIntervalSeconds": 90}],
    )
    reading = panel.reading()
    assert [plan.id for plan in await reading.plans()] == ["q"]
    assert reading.figures.unknown_values == {"plans.id": 2}
