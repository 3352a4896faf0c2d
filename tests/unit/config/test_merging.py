"""Tenants that discovery found, next to those of the file: the same checks, one by one."""

import pytest

from syncwatch.config.loader import load
from syncwatch.config.merging import MAX_LABEL_NAMES, merged
from syncwatch.config.target import Batch, Target

CANARY = "hunter2-canary"
CONFIG = """
polling: {interval: 10m}
credentials:
  wild: {token_env: TOKEN, hosts: ["*.example.com"]}
  implied: {token_env: TOKEN}
  each: {token_env: "PANEL_{tenant}", hosts: ["*.example.com"]}
maintenance: [{from: "2026-12-05T22:00:00Z", to: "2026-12-06T04:00:00Z", labels: {region: eu}}]
discovery: {http_sd: [{url: "https://inventory.example.com"}]}
tenants:
  - {id: own, url: "https://own.example.com", credentials: implied, labels: {office: NY}}
  - {id: own-2, url: "https://own-2.example.com", credentials: each}
"""


@pytest.fixture
def config(tmp_path):
    (tmp_path / "syncwatch.yaml").write_text(CONFIG)
    return load(tmp_path / "syncwatch.yaml", {"TOKEN": "t", "PANEL_A_1": "one", "PANEL_OWN_2": "two"})


def target(id_="a", url="https://a.example.com", **labels):
    return Target.of(url, {"tenant": id_, **labels})


def fits(tenant):
    if tenant.profile == "none":
        yield "profile", "there is no such profile"


def found(config, *targets, before=None, more=()):
    batches = [Batch("http_sd[0]", targets), *more]
    return merged(config, batches, (before or config).found, fits)


def ids(config):
    return [tenant.id for tenant in config.tenants]


def told(rejected):
    return [str(problem) for each in rejected for problem in each.problems]


def test_a_target_says_what_a_tenant_of_the_file_may(config):
    after, rejected = found(
        config,
        target(
            region="eu",
            floor="2",
            __profile__="other",
            __credentials__="wild",
            __interval__="1m",
            __stale_after__="20m",
            __timezone__="Europe/Berlin",
            __budget_group__="vendor",
            __onboarding_until__="2026-01-01T00:00:00Z",
            __parameter_directory__="x1",
            __meta_datacenter="ignored",
            __address__="ignored",
        ),
    )
    assert rejected == ()
    assert ids(after) == ["own", "own-2", "a"]
    tenant = after.tenants[2]
    assert (tenant.url, tenant.profile, tenant.budget_group) == ("https://a.example.com", "other", "vendor")
    assert (tenant.interval, tenant.stale_after, tenant.timezone) == (60, 1200, "Europe/Berlin")
    assert tenant.labels == {"region": "eu", "floor": "2", "team": "", "tier": ""}
    assert tenant.parameters == {"directory": "x1"}
    assert tenant.maintenance == ((1796508000, 1796529600), (0, 1767225600))
    assert tenant.credential.hosts == {"*.example.com"}
    assert after.label_names == ("floor", "office", "region", "team", "tier")
    assert found(config, target())[0].tenants[2].interval == 600, "as the file says for all"
    assert ids(config) == ["own", "own-2"], "the configuration itself stays as it was"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"url": f"https://u:{CANARY}@a.example.com"}, "a.targets: must not carry user information: use a credential"),
        ({"url": f"https://a.example.com?{CANARY}"}, "a.targets: must not carry a query or a fragment: remove them"),
        ({"url": f"https://a.example.com#{CANARY}"}, "a.targets: must not carry a query or a fragment: remove them"),
        ({"url": "a.example.com:9100"}, "a.targets: must be an http or https URL: write https://host or https://host/path"),
        ({"url": "file:///etc"}, "a.targets: is a folder of this machine, which a list from elsewhere must not name: use `file_sd`"),
        ({"id_": CANARY * 9}, "targets[0].tenant: must be 1 to 63 letters, digits, `.`, `_` or `-`, the first a letter or digit"),
        ({"id_": ""}, "targets[0].tenant: is required"),
        ({"__profile__": "none"}, "a.__profile__: there is no such profile"),
        ({"__interval__": "5"}, "a.__interval__: must be a duration: write `250ms`, `30s`, `5m`, `1h30m` or `1d`"),
        ({"__interval__": "4999ms"}, "a.__interval__: is shorter than a list from elsewhere may ask for: write 5s or more"),
        ({"__timezone__": CANARY}, 'a.__timezone__: is not a known time zone: write an IANA name such as "UTC" or "America/New_York"'),
        ({"__parameter_user__": "x"}, "a.__parameter_user__: is a placeholder that Syncwatch fills in: rename the parameter"),
        ({"job": "x"}, "a.job: is a label that Syncwatch or Prometheus sets: rename the label"),
        ({f"{CANARY} {CANARY}": "x"}, "a.labels: must be letters, digits and `_`, the first no digit and not `__`: rename the label"),
        ({"note": CANARY * 50}, "a.note: must have at most 200 characters"),
        ({"__credentials__": "gone"}, "a.__credentials__: is not the name of a credential: add it under `credentials`"),
        ({"__credentials__": "implied"}, "a.__credentials__: `implied` names no hosts, and a list of targets must not decide where a secret goes: add credentials.implied.hosts"),
        ({"__credentials__": "implied", "url": "https://own.example.com"}, "a.__credentials__: `implied` names no hosts, and a list of targets must not decide where a secret goes: add credentials.implied.hosts"),
        ({"__credentials__": "wild", "url": "https://evil.example"}, "a.targets: its host is not among those of credential `wild`: add it to credentials.wild.hosts"),
        ({"__credentials__": "wild", "url": "https://x.a.example.com"}, "a.targets: its host is not among those of credential `wild`: add it to credentials.wild.hosts"),
        ({"__credentials__": "wild", "url": "http://a.example.com"}, "a.targets: would send credential `wild` over plain http: use https, or set `allow_plain_http: true` on the credential"),
        ({"__credentials__": "each"}, "a.__credentials__: `each`: the environment variable that it names is not set"),
        ({"id_": "own_2", "__credentials__": "each"}, "own_2.__credentials__: `each` gives it the same secret as own-2: rename one"),
    ],
)  # fmt: skip
def test_a_bad_target_is_left_out_with_what_is_wrong_and_spoils_no_other(config, change, says):
    after, rejected = found(config, target(**change), target("good", "https://good.example.com"))
    assert ids(after) == ["own", "own-2", "good"]
    assert told(rejected) == [f"http_sd[0]: {says}"]
    assert CANARY not in repr(rejected) + repr(after)


def test_a_problem_of_a_file_names_the_file_and_the_line(config, tmp_path):
    file = tmp_path / "targets.yaml"
    bad = Target.of("https://a?x", {"tenant": "a"}, file=file, line=7)
    _, rejected = found(config, bad)
    assert told(rejected) == [f"{file}:7: a.targets: must not carry a query or a fragment: remove them"]
    folder = Target.of("file:///srv/a", {"tenant": "a"}, file=file)
    assert found(config, folder)[0].tenants[2].url == "file:///srv/a"
    often = Target.of("https://a.example.com", {"tenant": "a", "__interval__": "200ms"}, file=file)
    assert found(config, often)[0].tenants[2].interval == 0.2


def test_of_a_tenant_that_goes_bad_the_last_good_version_stays(config):
    first, _ = found(config, target(region="eu"), target("b", "https://b.example.com"))
    second, rejected = found(
        first, target(region="us", __profile__="none"), target("b", "https://b.example.com")
    )
    assert told(rejected) == ["http_sd[0]: a.__profile__: there is no such profile"]
    assert {tenant.id: tenant.labels["region"] for tenant in second.tenants[2:]} == {"a": "eu", "b": ""}
    third, _ = found(second, target(region="us", __profile__="none"))
    assert ids(third) == ["own", "own-2", "a"]
    assert third.tenants[2] is first.tenants[2]
    mended, rejected = found(third, target(region="us"))
    assert (mended.tenants[2].labels["region"], rejected) == ("us", ())


def test_after_a_reload_too_but_only_if_the_new_configuration_allows_it(config, tmp_path):
    first, _ = found(config, target(__credentials__="wild"), target("b", "https://b.example.com"))
    bad = [target(__profile__="none"), target("b", "https://b.example.com", __profile__="none")]
    narrower = CONFIG.replace(
        'token_env: TOKEN, hosts: ["*.example.com"]', "token_env: TOKEN, hosts: [x.example.com]"
    )
    (tmp_path / "syncwatch.yaml").write_text(narrower)
    reloaded = load(tmp_path / "syncwatch.yaml", {"TOKEN": "t", "PANEL_OWN_2": "two"})
    after, rejected = found(reloaded, *bad, before=first)
    assert ids(after) == ["own", "own-2", "b"]
    assert len(rejected) == 2


def test_a_tenant_that_is_gone_is_gone(config):
    first, _ = found(config, target(), target("b", "https://b.example.com"))
    assert ids(found(first, target("b", "https://b.example.com"))[0]) == ["own", "own-2", "b"]
    assert ids(found(first)[0]) == ["own", "own-2"]


def test_the_file_comes_first_and_then_the_order_of_the_sources(config):
    other = Batch("file_sd[0]", (target(region="other"), target("c", "https://c.example.com")))
    after, rejected = found(
        config, target("own", "https://evil.example"), target(), target(region="again"), more=[other]
    )
    assert ids(after) == ["own", "own-2", "a", "c"]
    assert after.tenants[0].url == "https://own.example.com"
    assert after.tenants[2].labels["region"] == ""
    assert told(rejected) == [
        "http_sd[0]: own.tenant: is taken by a tenant of the configuration file: remove one of them",
        "http_sd[0]: a.tenant: is taken by a tenant of http_sd[0]: remove one of them",
        "file_sd[0]: a.tenant: is taken by a tenant of http_sd[0]: remove one of them",
    ]
    moved, _ = found(after, more=[other])
    assert moved.found["a"].listed.source == "file_sd[0]"


def test_a_secret_of_its_own_for_each_found_tenant(config):
    one = target("a.1", "https://a.example.com", __credentials__="each")
    other = target("a-1", "https://b.example.com", __credentials__="each")
    after, rejected = found(config, one, other)
    assert after.tenants[2].credential.token.read().get_secret_value() == "one"
    says = "http_sd[0]: a-1.__credentials__: `each` gives it the same secret as a.1: rename one"
    assert told(rejected) == [says]
    again, rejected = found(after, one, other)
    assert told(rejected) == [says], "also when the first is not checked again"
    alone, rejected = found(again, other)
    assert (ids(alone), rejected) == (["own", "own-2", "a-1"], ())


def test_an_unchanged_target_is_the_same_tenant_wherever_it_stands(config, tmp_path):
    first, _ = found(config, target())
    again, _ = found(first, target("b", "https://b.example.com"), target())
    assert again.tenants[3] is first.tenants[2]


def test_a_list_cannot_bring_in_labels_without_end(config):
    many = [target(f"t{n}", f"https://t{n}.example.com", **{f"label_{n}": "x"}) for n in range(100)]
    after, rejected = found(config, *many, target("plain", "https://plain.example.com", region="eu"))
    assert len(after.label_names) == MAX_LABEL_NAMES
    assert "plain" in ids(after)
    assert len(rejected) == 100 - (MAX_LABEL_NAMES - 4)
    assert "would bring the tenants to more than 64 different labels" in told(rejected)[0]
