"""Polling and the door each have their share of the file descriptors."""

import resource

import pytest

from syncwatch.descriptors import KEPT_BACK, Shares, shared, shares


def test_with_enough_of_them_everybody_has_what_is_wanted():
    assert shared(65_536, 400) == Shares(panels=400, door=512, wanted=400)
    assert not shared(65_536, 400).scarce


@pytest.mark.parametrize("limit", [128, 256, 1024, 4096])
def test_the_shares_never_come_to_more_than_there_are(limit):
    found = shared(limit, 40_000)
    assert found.panels + found.door + KEPT_BACK <= limit
    assert found.panels >= found.door > 0
    assert found.scarce


def test_too_few_are_refused_with_what_to_do():
    with pytest.raises(ValueError, match="ulimit -n"):
        shared(100, 400)


def test_the_limit_of_the_process_is_raised_as_far_as_it_may_be(monkeypatch):
    asked = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 4096))
    monkeypatch.setattr(resource, "setrlimit", lambda _, pair: asked.append(pair))
    assert shares(400).panels == 400
    assert asked == [(4096, 4096)]


def test_a_limit_that_is_fixed_is_shared_out(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 256))
    assert shares(400).scarce
