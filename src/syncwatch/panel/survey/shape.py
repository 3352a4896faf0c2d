"""Where things are on a page: its rows, what it says of the next one, and how many rows there are in all."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from syncwatch.errors import PollError, Reason
from syncwatch.panel.profile.asking import Paging
from syncwatch.panel.profile.lists import PageShape
from syncwatch.panel.profile.written import WHOLE_PAGE, Keys, keys
from syncwatch.panel.survey.seen import page_key
from syncwatch.panel.survey.vocabulary import CONCEPTS, name_tokens

MAX_DEPTH = 3
MAX_KEYS = 200  # looked at in one object of a page

_NOWHERE = object()


@dataclass(frozen=True, slots=True)
class Shape:
    """Where on a page things are; the empty path is the page itself, None is nowhere."""

    rows: Keys
    next: Keys | None = None
    total: Keys | None = None


def shape_of(page: Any, declared: PageShape, paging: Paging, name: str) -> Shape:
    """Where things are: where the profile says, or where they look like it.

    Raises:
        PollError: there are no rows on the page.
    """
    rows = () if declared.rows == WHOLE_PAGE else keys(declared.rows)
    if not _is_rows(at(page, rows)):
        lists = {path: value for path, value in _inside(page, ()) if _is_rows(value)}
        if not lists:
            raise PollError(Reason.SCHEMA, f"{name}: there is no list of objects on the page")
        rows = max(lists, key=lambda path: len(lists[path]))
    following, total = (keys(path) if path else None for path in (declared.next, declared.total))
    if paging.follows_page:
        following = _told(page, following) or _called(page, rows, "next") or following
    if paging.page_number:
        total = _told(page, total) or _called(page, rows, "total")
    return Shape(rows, following, total) if rows else Shape(rows)


def at(page: Any, path: Keys | None) -> Any:
    """What is there; None if nothing is."""
    found = _at(page, path)
    return None if found is _NOWHERE else found


def _at(page: Any, path: Keys | None) -> Any:
    if path is None:
        return _NOWHERE
    for key in path:
        page = page.get(key, _NOWHERE) if isinstance(page, dict) else _NOWHERE
    return page


def _told(page: Any, path: Keys | None) -> Keys | None:
    """The path, if the page has it."""
    return None if _at(page, path) is _NOWHERE else path


def _called(page: Any, rows: Keys, concept: str) -> Keys | None:
    """The one value of the page whose name says so; None if there are several."""
    kinds = int if concept == "total" else str
    found = [
        path
        for path, value in _inside(page, ())
        if path[: len(rows)] != rows
        and (value is None or (isinstance(value, kinds) and not isinstance(value, bool)))
        and name_tokens(path[-1]) & CONCEPTS[concept]
    ]
    return found[0] if len(found) == 1 else None


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def _inside(value: Any, path: Keys) -> Iterator[tuple[Keys, Any]]:
    """The value itself and what is in it, not in its lists, where the keys look like keys."""
    if not isinstance(value, dict):
        yield path, value
    elif len(path) < MAX_DEPTH:
        for key, _ in zip(value, range(MAX_KEYS), strict=False):
            if page_key(key):
                yield from _inside(value[key], (*path, key))
