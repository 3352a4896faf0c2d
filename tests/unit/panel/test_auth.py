"""Single requests only: prepared answers instead of a server."""

import asyncio
from collections import Counter

import pytest
from pydantic import SecretStr
from yarl import URL

from syncwatch.config.secrets import Credential, SecretUnavailable
from syncwatch.errors import PollError, Reason
from syncwatch.panel.auth import authorizer, may_receive, misfit
from syncwatch.panel.panel import Panel

BASE = "https://firm.example.com/panel/firm-1"
TOKEN = f"{BASE}/oauth/token"
PLANS = f"{BASE}/api/admin/v1/plans?limit=200"
EMPTY = {"data": [], "nextCursor": None}
HOSTS = frozenset({"firm.example.com"})


@pytest.fixture
def panel(profile, secret, http, clock) -> Panel:
    return Panel(BASE, profile, Credential("c", "syncwatch", secret, None, HOSTS), http, clock)


@pytest.fixture
def bearer_panel(profile, secret, http, clock) -> Panel:
    return Panel(BASE, profile, Credential("c", None, None, secret, HOSTS), http, clock)


def grant(answers, token="token-1", expires_in=3600, **more):
    answers.post(
        TOKEN, payload={"access_token": token, "token_type": "Bearer", "expires_in": expires_in, **more}
    )


def sent(answers, method: str, url: str) -> list[dict]:
    return [call.kwargs for call in answers.requests.get((method, URL(url)), [])]


def shown(answers) -> list[str]:
    return [call["headers"]["Authorization"] for call in sent(answers, "GET", PLANS)]


async def test_a_token_is_asked_for_once_and_by_form(answers, panel):
    grant(answers)
    answers.get(PLANS, payload=EMPTY, repeat=True)
    await panel.reading().plans()
    await panel.reading().plans()
    [asked] = sent(answers, "POST", TOKEN)
    assert asked["data"] == b"grant_type=client_credentials&client_id=syncwatch&client_secret=token-1"
    assert shown(answers) == ["Bearer token-1"] * 2


@pytest.mark.parametrize(
    ("expires_in", "times"),
    [
        (3600, (3530, 3545)),
        (60, (45, 50)),
        ("3600", (3530, 3545)),
        (None, (235, 245)),
        (-5, (235, 245)),
        (1e300, (86000, 86390)),
    ],
)
async def test_a_token_is_renewed_before_it_ends(answers, panel, clock, expires_in, times):
    grant(answers, expires_in=expires_in)
    grant(answers, "token-2")
    answers.get(PLANS, payload=EMPTY, repeat=True)
    started = clock.time
    for clock.time in (started, *(started + seconds for seconds in times)):
        await panel.reading().plans()
    assert shown(answers) == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


async def test_two_requests_at_once_ask_for_one_token(answers, panel):
    grant(answers)
    answers.get(PLANS, payload=EMPTY, repeat=True)
    await asyncio.gather(panel.reading().plans(), panel.reading().plans())
    assert len(sent(answers, "POST", TOKEN)) == 1


async def test_a_401_gets_one_fresh_token_with_the_secret_as_it_is_now(answers, panel, secret):
    grant(answers)
    grant(answers, "token-2")
    answers.get(PLANS, payload=EMPTY)
    answers.get(PLANS, status=401)
    answers.get(PLANS, payload=EMPTY)
    reading = panel.reading()
    await reading.plans()
    secret.value = "rotated"
    await reading.plans()
    assert shown(answers) == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]
    assert b"client_secret=rotated" in sent(answers, "POST", TOKEN)[1]["data"]
    assert reading.figures.requests == Counter(
        {("plans", "200"): 2, ("token", "200"): 2, ("plans", "401"): 1}
    )


async def test_a_second_401_is_the_end(answers, panel):
    grant(answers)
    grant(answers, "token-2")
    answers.get(PLANS, status=401, repeat=True)
    with pytest.raises(PollError) as caught:
        await panel.reading().plans()
    assert caught.value.reason is Reason.AUTH
    assert len(shown(answers)) == 2


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"status": 401}, Reason.AUTH),
        ({"status": 400}, Reason.AUTH),
        ({"status": 429, "headers": {"Retry-After": "9"}}, Reason.RATE_LIMITED),
        ({"status": 503}, Reason.HTTP_5XX),
        ({"status": 302}, Reason.REDIRECT),
        ({"status": 302, "headers": {"Location": "/login"}}, Reason.AUTH),
        ({"body": "<html>log in</html>"}, Reason.AUTH),
        ({"body": "{}"}, Reason.DECODE),
        ({"body": "[" * 50_000}, Reason.DECODE),
        ({"body": b'{"access_token": "\xff"}'}, Reason.DECODE),
        ({"payload": {"access_token": "a\r\nX-Evil: 1"}}, Reason.AUTH),
        ({"payload": {"access_token": ""}}, Reason.AUTH),
        ({"payload": {"access_token": "x" * 9000}}, Reason.AUTH),
        ({"payload": {"access_token": "t", "token_type": "mac"}}, Reason.AUTH),
        ({"exception": TimeoutError("Smith v. Jones")}, Reason.TIMEOUT),
    ],
)
async def test_a_token_endpoint_that_gives_no_token_is_told_by_its_reason(answers, panel, answer, reason):
    answers.post(TOKEN, **answer)
    with pytest.raises(PollError) as caught:
        await panel.reading().plans()
    assert caught.value.reason is reason
    assert caught.value.__context__ is None


async def test_a_failed_renewal_is_tried_again_by_the_next_poll(answers, panel):
    answers.post(TOKEN, status=503)
    grant(answers)
    answers.get(PLANS, payload=EMPTY)
    with pytest.raises(PollError):
        await panel.reading().plans()
    assert await panel.reading().plans() == ()


async def test_a_static_token_is_read_anew(answers, bearer_panel, secret):
    answers.get(PLANS, payload=EMPTY, repeat=True)
    await bearer_panel.reading().plans()
    secret.value = "token-2"
    await bearer_panel.reading().plans()
    assert shown(answers) == ["Bearer token-1", "Bearer token-2"]


async def test_a_static_token_that_is_refused_is_not_sent_twice(answers, bearer_panel):
    answers.get(PLANS, status=401, repeat=True)
    with pytest.raises(PollError, match="auth: plans: HTTP 401"):
        await bearer_panel.reading().plans()
    assert len(shown(answers)) == 1


async def test_a_secret_that_cannot_be_read_is_an_auth_failure_that_names_its_place(
    answers, panel, secret, monkeypatch
):
    def unavailable(_) -> SecretStr:
        raise SecretUnavailable("file", "/run/secrets/firm-001", "cannot be read: permission denied")

    monkeypatch.setattr(type(secret), "read", unavailable)
    with pytest.raises(PollError, match="auth: the file /run/secrets/firm-001 cannot be read"):
        await panel.reading().plans()


async def test_a_credential_is_sent_to_no_host_that_it_does_not_name(answers, profile, secret, http, clock):
    elsewhere = frozenset({"other.example.com"})
    client = Credential("c", "syncwatch", secret, None, elsewhere)
    bearer = Credential("c", None, None, secret, elsewhere)
    for credential in (client, bearer):
        with pytest.raises(PollError, match="auth: the credential may not be sent to this host"):
            await Panel(BASE, profile, credential, http, clock).reading().plans()
    assert not answers.requests


@pytest.mark.parametrize(
    ("hosts", "url", "allowed"),
    [
        ({"firm.example.com"}, "https://FIRM.example.com/x", True),
        ({"firm.example.com:443"}, "https://firm.example.com/x", True),
        ({"firm.example.com:8443"}, "https://firm.example.com/x", False),
        ({"firm.example.com"}, "https://firm.example.com.evil.test/x", False),
        ({"[::1]:8080"}, "http://[::1]:8080/x", True),
        ({"xn--bcher-kva.example.com"}, "https://xn--bcher-kva.example.com/x", True),
        ({"*.example.com"}, "https://bücher.example.com/x", True),
        ({"firm.example.com"}, "https://xn--a/x", False),
        (set(), "https://firm.example.com/x", False),
    ],
)
def test_hosts_are_named_with_or_without_a_port(hosts, url, allowed):
    assert may_receive(Credential("c", None, None, None, frozenset(hosts)), URL(url)) is allowed


def test_a_credential_of_another_kind_is_told_at_load(profile, secret, clock):
    bare = Credential("c", "syncwatch", None, None, HOSTS)
    assert (
        misfit(profile.authentication, bare) == "the profile wants client_id with a client secret or a token"
    )
    with pytest.raises(ValueError, match="the profile wants"):
        authorizer(profile.authentication, bare, clock)
    only_token = profile.authentication.model_copy(update={"client_credentials": None})
    assert misfit(only_token, Credential("c", "id", secret, None, HOSTS)) == "the profile wants a token"
    assert misfit(only_token, Credential("c", None, None, secret, HOSTS)) is None


async def test_without_a_credential_nothing_is_shown(answers, profile, http, clock):
    answers.get(PLANS, payload=EMPTY)
    await Panel(BASE, profile, None, http, clock).reading().plans()
    [asked] = sent(answers, "GET", PLANS)
    assert "Authorization" not in asked["headers"]
