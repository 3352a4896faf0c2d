"""Which templates are shown, with what figures, and what is forgotten."""

import pytest

from syncwatch.exposition.templates import Row, Templates
from unit.given import MINUTE, T0


@pytest.fixture
def templates() -> Templates:
    return Templates(limit=3)


def test_a_template_is_shown_where_enough_tenants_have_it_those_of_most_tenants_first(templates):
    templates.tell("a", {"rare": 9, "common": 1}, T0)
    templates.tell("b", {"common": 2, "usual": 1}, T0 + MINUTE)
    templates.tell("c", {"common": 3, "usual": 1}, T0 + 2 * MINUTE)
    assert templates.shown(3) == [Row("common", 6, 3, T0, T0 + 2 * MINUTE)]
    assert [row.template for row in templates.shown(2)] == ["common", "usual"]
    assert [row.template for row in templates.shown(1)] == ["common", "usual", "rare"]
    assert templates.present() == 3


def test_what_a_tenant_has_no_more_is_not_counted_but_remembered(templates):
    templates.tell("a", {"odd": 2}, T0)
    templates.tell("a", {}, T0 + MINUTE)
    assert (templates.present(), templates.shown(0)) == (0, [])
    templates.tell("b", {"odd": 1}, T0 + 5 * MINUTE)
    assert templates.shown(1) == [Row("odd", 1, 1, T0, T0 + 5 * MINUTE)]


def test_a_tenant_that_is_watched_no_more_has_none(templates):
    templates.tell("a", {"odd": 2}, T0)
    templates.tell("b", {"odd": 1}, T0)
    templates.keep(["b", "c"])
    assert [(row.count, row.tenants) for row in templates.shown(1)] == [(1, 1)]


def test_of_too_many_the_one_not_seen_for_the_longest_time_goes(templates):
    templates.tell("a", {"1": 1, "2": 1, "3": 1}, T0)
    templates.tell("b", {"1": 1}, T0 + MINUTE)
    templates.tell("c", {"4": 1}, T0 + 2 * MINUTE)
    assert sorted(row.template for row in templates.shown(1)) == ["1", "3", "4"]
    templates.tell("a", {}, T0 + 3 * MINUTE)
    assert sorted(row.template for row in templates.shown(1)) == ["1", "4"]
