"""What headers say, whatever they hold."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict
from yarl import URL

from syncwatch.errors import Reason
from syncwatch.transport.answers import Leads, exhausted, following, leads, wait
from syncwatch.transport.reasons import of_status

HERE = URL("https://panel.example/firm/api/users?sig=s3cret")
NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("location", "whither"),
    [
        ("/login?next=%2Fusers", Leads.LOGIN),
        ("https://login.microsoftonline.com/x/oauth2/authorize?a=b", Leads.LOGIN),
        ("https://adfs.firm.example/adfs/ls/", Leads.LOGIN),
        ("https://idp.example/start?SAMLRequest=x", Leads.LOGIN),
        ("/Account/LogIn", Leads.LOGIN),
        ("/sign-in", Leads.LOGIN),
        ("http://idp.example/sso", Leads.LOGIN),
        ("/associates", Leads.SAME_HOST),
        ("/elsewhere?sig=s3cret", Leads.SAME_HOST),
        ("https://panel.example:8443/", Leads.SAME_HOST),
        ("users", Leads.SAME_HOST),
        ("//other.example/users", Leads.OTHER_HOST),
        ("https://panel.example.evil.example/", Leads.OTHER_HOST),
        ("http://panel.example/firm/api/users", Leads.PLAIN_HTTP),
        ("http://other.example/", Leads.PLAIN_HTTP),
        ("javascript:alert(1)", Leads.NOWHERE),
        ("http://[", Leads.NOWHERE),
        ("https://.[[n]a.n@", Leads.NOWHERE),
        ("https://xn--a/", Leads.OTHER_HOST),
        ("", Leads.NOWHERE),
        (None, Leads.NOWHERE),
    ],
)
def test_a_redirect_is_told_by_where_it_leads_and_not_by_its_url(location, whither):
    assert leads(HERE, location) is whither
    error = of_status(302, "users", retry_after=None, now=NOW, leads=whither)
    assert error.reason is (Reason.AUTH if whither is Leads.LOGIN else Reason.REDIRECT)
    assert error.detail == f"users: HTTP 302: redirected {whither.value}, which is not followed"


@given(st.text(max_size=80))
def test_any_location_leads_somewhere_or_nowhere(location):
    assert leads(HERE, location) in Leads


def test_retry_after_is_seconds_or_a_date_and_an_hour_at_most():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    in_a_minute = format_datetime(now + timedelta(minutes=1), usegmt=True)
    long_ago = format_datetime(now - timedelta(days=9), usegmt=True)
    assert wait("30", now.timestamp()) == 30.0
    assert wait(in_a_minute, now.timestamp()) == 60.0
    assert wait(long_ago, now.timestamp()) == 0.0
    assert wait("999999999", now.timestamp()) == 3600.0
    for odd in (None, "", "soon", "-1", "1e3", "9" * 500, "Mon, 99 Foo 99999 99:99:99 GMT"):
        assert wait(odd, now.timestamp()) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "30"}, 30.0),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "30"}, 30.0),
        ({"x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "1.5"}, 1.5),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{NOW + 60:.0f}"}, 60.0),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{(NOW + 60) * 1000:.0f}"}, 60.0),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{NOW - 60:.0f}"}, 0.0),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "86400"}, 3600.0),
        ({"RateLimit": '"hour";r=0;t=1800'}, 1800.0),
        ({"RateLimit": '"burst";r=0;t=5, "day";r=0;t=90'}, 90.0),
        ({"RateLimit": '"burst";r=3;t=5, "day";t=90;r=0'}, 90.0),
        ({"RateLimit": '"hour";r=10;t=1800'}, None),
        ({"RateLimit-Remaining": "1", "RateLimit-Reset": "30"}, None),
        ({"RateLimit-Remaining": "0"}, None),
        ({"RateLimit-Reset": "30"}, None),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "soon"}, None),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "9" * 400}, None),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "-5"}, None),
        ({"RateLimit-Remaining": "00000000000000001", "RateLimit-Reset": "5"}, None),
        ({}, None),
    ],
)
def test_a_panel_asks_for_patience_when_nothing_is_left(headers, seconds):
    assert exhausted(CIMultiDict(headers), NOW) == seconds


def test_an_instant_is_read_by_the_panels_own_clock_only():
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{NOW + 60:.0f}"}
    assert exhausted(CIMultiDict(headers), None) is None


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_headers_say_something_or_nothing(one, other):
    headers = CIMultiDict({"RateLimit": one, "RateLimit-Remaining": "0", "RateLimit-Reset": other})
    seconds = exhausted(headers, NOW)
    assert seconds is None or 0 <= seconds <= 3600
    following([one, other])
