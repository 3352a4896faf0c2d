import hashlib
import traceback
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import pytest

from syncwatch.config.fleet import OrganizationWide, State
from syncwatch.config.loader import Config, load
from syncwatch.errors import ConfigError

CANARY = "hunter2-canary"

GOOD = """
web: {listen: "[::1]:0"}
state: {path: state}
polling: {interval: 10m, concurrency: 7}
credentials:
  shared: {client_id: syncwatch, client_secret_env: SHARED}
  each: {token_file: "secrets/{tenant}"}
  each-variable: {client_id: c, client_secret_env: "PANEL_{tenant}", hosts: [x.example.com]}
  plain: {token_env: SHARED, allow_plain_http: true}
privacy: {show_email: true, template_tenants: 1}
panels: {files: ["panels/*.yaml"]}
rules: {files: [rules/b.yaml, "rules/*.yaml"]}
tenants:
  - {id: firm-1, url: "https://One.example.com:8443/panel/", credentials: shared, labels: {region: us, office: NY}}
  - {id: firm-2, url: "https://two.example.com", credentials: shared, interval: 1m, stale_after: 20m}
  - {id: firm-3, url: "https://three.example.com", credentials: each, stale_after: 1m}
  - {id: firm-4, url: "https://four.example.com", credentials: each}
  - {id: firm-5, url: "https://x.example.com:443/a", profile: own, credentials: each-variable}
  - {id: firm-6, url: "http://six.example.com", credentials: plain}
  - {id: firm-7, url: "http://seven.example.com"}
"""


@pytest.fixture
def folder(tmp_path: Path):
    for name in ("panels/own.yaml", "rules/a.yaml", "rules/b.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/firm-3").write_text("three")
    (tmp_path / "secrets/firm-4").write_text("four")
    return tmp_path


@pytest.fixture
def loading(folder):
    environ = {"SHARED": "s3", "PANEL_FIRM_5": "five"}

    def write(text: str, **options) -> Config:
        (folder / "syncwatch.yaml").write_text(text)
        return load(folder / "syncwatch.yaml", environ, **options)

    return write


@pytest.fixture
def refused(loading):
    def write(text: str, **options) -> list[str]:
        with pytest.raises(ConfigError) as error:
            loading(text, **options)
        return [str(problem).partition("syncwatch.yaml:")[2] for problem in error.value.problems]

    return write


def test_a_whole_configuration(loading, folder):
    config = loading(GOOD)
    assert config.web_listen == ("::1", 0)
    assert config.state.path == folder / "state"
    assert (config.polling.interval, config.polling.concurrency, config.polling.timeout) == (600, 7, 30)
    assert config.show_email
    assert config.template_tenants == 1
    assert config.panel_files == (folder / "panels/own.yaml",)
    assert config.rule_files == (folder / "rules/b.yaml", folder / "rules/a.yaml")
    assert config.label_names == ("office", "region", "team", "tier")
    assert config.warnings == ()
    assert config.digest == hashlib.sha256(GOOD.encode()).hexdigest()
    first = config.tenants[0]
    assert (first.id, first.url, first.profile) == (
        "firm-1",
        "https://one.example.com:8443/panel",
        "litify-inbox",
    )
    assert first.labels == {"region": "us", "office": "NY", "team": "", "tier": ""}
    assert [tenant.index for tenant in config.tenants] == list(range(7))
    assert config.tenants[4].profile == "own"


def test_defaults(loading, folder):
    config = loading("tenants: []")
    assert config.web_listen == ("127.0.0.1", 9797)
    assert config.state == State(Path("/var/lib/syncwatch"), None, None, None, 72 * 3600)
    assert config.polling.interval == 300
    assert (config.polling.stale_after, config.polling.max_session) == (900, 3600)
    assert (config.polling.inventory_interval, config.polling.default_plan_interval) == (3600, 1800)
    assert config.organization_wide == OrganizationWide(users=5, share=0.5, until=0.25)
    assert config.session_time_limit == 3600
    assert not config.show_email
    assert config.template_tenants == 3
    assert config.panel_files == config.rule_files == ()
    assert config.warnings == (f"{folder}/syncwatch.yaml:1: tenants: is empty: nothing is watched",)


def test_a_tenant_is_stale_by_its_own_limit_but_never_before_three_intervals(loading):
    limits = [(tenant.interval, tenant.stale_after) for tenant in loading(GOOD).tenants[:4]]
    assert limits == [(600, 1800), (60, 1200), (600, 1800), (600, 1800)]


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ("users: 0", "users"),
        ("users: 2.5", "users"),
        ("share: 1.1", "share"),
        ("until: 0", "until"),
        ("share: '0.5'", "share"),
        ("share: true", "share"),
        ("share: 0.2", "`until` must not be above `share`"),
    ],
)
def test_thresholds_that_make_no_sense(refused, limits, expected):
    (problem,) = refused(f"tenants: []\ndiagnosis: {{organization_wide: {{{limits}}}}}\n")
    assert problem.startswith("2: diagnosis.organization_wide")
    assert expected in problem


def test_each_tenant_has_its_own_credential_for_its_own_hosts(loading):
    shared, also_shared, each, other, variable, plain, none = (
        tenant.credential for tenant in loading(GOOD).tenants
    )
    assert replace(shared, hosts=also_shared.hosts) == also_shared
    assert shared.client_id == "syncwatch"
    assert shared.client_secret.read().get_secret_value() == "s3"
    assert shared.token is None
    assert (shared.hosts, also_shared.hosts) == ({"one.example.com:8443"}, {"two.example.com"})
    assert each.token.read().get_secret_value() == "three"
    assert each.hosts == {"three.example.com"}
    assert other.token.read().get_secret_value() == "four"
    assert other.client_id is other.client_secret is None
    assert variable.client_secret.read().get_secret_value() == "five"
    assert variable.hosts == {"x.example.com"}
    assert plain.hosts == {"six.example.com"}
    assert none is None


def test_another_tenant_changes_nothing_about_those_that_are_there(loading):
    before = loading(GOOD).tenants
    more = '  - {id: firm-8, url: "https://eight.example.com", credentials: shared}\n'
    assert loading(GOOD + more).tenants[: len(before)] == before


def test_everything_wrong_at_once_in_the_order_of_the_lines(refused):
    text = """\
web: {listen: 9797}
polling: {intervall: 5m, timeout: 30, concurrency: 0}
credentials:
  firm-1: {client_id: syncwatch, client_secret_file: absent}
  firm-2: {client_id: syncwatch, client_secret: hunter2}
  firm-3: {token_env: ABSENT, hosts: [b.example.com]}
  firm-4: {client_id: c, token_env: SHARED, token_file: x}
  firm-5: {client_id: c, token_env: SHARED}
  each: {token_file: "secrets/{tenant}"}
  odd: {token_file: "secrets/{tenants}"}
panels: {files: [absent/*.yaml]}
rules: {files: x}
tenants:
  - {id: firm-1, url: "https://a.example.com", credentials: firm-1}
  - {id: firm-1, urll: "https://a.example.com", credentials: firm-9, labels: {job: x, team: 1, 2x: y}}
  - {id: 001, url: "https://a.example.com?token=hunter2"}
  - {id: firm-4, url: "http://c.example.com", credentials: firm-3}
  - {id: no, url: ftp://x, interval: 5}
  - {id: firm 6, url: "https://a.example.com", credentials: each}
  - {id: firm-7, url: "https://a.example.com", credentials: each, color: red}
  - firm-8
"""
    kinds = (
        "needs exactly one of `client_secret_file`, `client_secret_env`, `token_file`, `token_env`,"
        " `password_file`, `password_env`"
    )
    known = (
        "the known ones are budget_group, credentials, datetime_format, exports_complete, id, interval, labels,"
        " onboarding_until, parameters, profile, proxy, stale_after, timezone, tls, url, url_file"
    )
    assert refused(text) == [
        '1: web.listen: must be host:port: write "127.0.0.1:9797", "[::1]:9797" or ":9797"',
        "2: polling.timeout: needs a unit: write `30s`, `5m` or `1h30m`",
        "2: polling.concurrency: must be greater than or equal to 1",
        "2: polling.intervall: unknown key; did you mean `interval`?",
        "4: credentials.firm-1.client_secret_file: the file that it names cannot be read: no such file or directory",
        "5: credentials.firm-2.client_secret: unknown key; did you mean `client_secret_env` or `client_secret_file`?",
        "6: credentials.firm-3.token_env: the environment variable that it names is not set",
        f"7: credentials.firm-4: {kinds}",
        "8: credentials.firm-5: `client_id` goes with a client secret, and only with one",
        "10: credentials.odd.token_file: only `{tenant}` may stand in braces",
        "11: panels.files[0]: matches no file: correct the pattern or remove it",
        "12: rules.files: must be a list",
        "15: tenants[firm-1]: needs exactly one of `url`, `url_file`",
        "15: tenants[firm-1].labels.job: is a label that Syncwatch or Prometheus sets: rename the label",
        "15: tenants[firm-1].labels.team: must be text: quote it",
        '15: tenants[firm-1].labels["2x"]: must be letters, digits and `_`, the first no digit and not `__`: rename the label',
        "15: tenants[firm-1].urll: unknown key; did you mean `url` or `url_file`?",
        "15: tenants[firm-1].id: is taken by the tenant on line 14: choose another",
        "15: tenants[firm-1].credentials: is not the name of a credential: add it under `credentials`",
        "16: tenants[2].id: must be text: quote it",
        "16: tenants[2].url: must not carry a query or a fragment: remove them",
        "17: tenants[firm-4].url: its host is not among those of credential `firm-3`: add it to credentials.firm-3.hosts",
        "17: tenants[firm-4].url: would send credential `firm-3` over plain http: use https, or set `allow_plain_http: true` on the credential",
        "18: tenants[4].id: must be text: quote it",
        "18: tenants[4].url: must be an http or https URL: write https://host or https://host/path",
        "18: tenants[4].interval: needs a unit: write `30s`, `5m` or `1h30m`",
        "19: tenants[5].id: must be 1 to 63 letters, digits, `.`, `_` or `-`, the first a letter or digit",
        f"20: tenants[firm-7].color: unknown key; {known}",
        "20: tenants[firm-7].credentials: `each`: the file that it names cannot be read: no such file or directory",
        "21: tenants[7]: must be a mapping (`key: value`)",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1: tenants: is required, or a source of tenants under `discovery`"),
        (
            "discovery: {file_sd: []}",
            "1: tenants: is required, or a source of tenants under `discovery`",
        ),
        ("tenants: {}", "1: tenants: must be a list"),
        ("[]", "1: must be a mapping (`key: value`)"),
    ],
)
def test_a_file_without_tenants(refused, text, expected):
    assert refused(text) == [expected]


def test_two_tenants_never_share_the_variable_of_one_secret(refused):
    text = """\
credentials: {each: {token_env: "PANEL_{tenant}"}}
tenants:
  - {id: firm-5, url: "https://a.example.com", credentials: each}
  - {id: firm.5, url: "https://b.example.com", credentials: each}
"""
    assert refused(text) == [
        "4: tenants[firm.5].credentials: `each` gives it the same secret as firm-5: rename one"
    ]


def test_a_credential_that_no_tenant_names_is_a_warning(loading, folder):
    text = 'credentials: {a: {token_env: SHARED}}\ntenants: [{id: t, url: "https://h"}]'
    expected = f"{folder}/syncwatch.yaml:1: credentials.a: no tenant names this credential"
    assert loading(text).warnings == (expected,)


def test_what_other_files_have_against_it_comes_with_the_rest(refused, loading):
    def check(config: Config):
        return [
            config.document.problem(("tenants", tenant.index, "profile"), "there is no such profile")
            for tenant in config.tenants
            if tenant.profile != "litify-inbox"
        ]

    text = """\
tenants:
  - {id: a}
  - {id: b, url: "https://h", profile: other}
  - {id: c, url: "https://h", colour: red, profile: other}
"""
    found = refused(text, check=check)
    assert [line for line in found if "profile: there" in line] == [
        "3: tenants[b].profile: there is no such profile",
        "4: tenants[c].profile: there is no such profile",
    ]
    assert len(found) == 4
    assert loading("tenants: []", check=check).tenants == ()


def test_no_secret_reaches_an_error_or_a_repr(folder, loading):
    (folder / "secrets/firm-3").write_text(CANARY)
    assert CANARY not in repr(loading(GOOD))
    (folder / "secrets/firm-4").write_bytes(CANARY.encode() + b"\xff")
    text = GOOD.replace("client_secret_env: SHARED", f"client_secret: {CANARY}")
    text = text.replace("https://two.example.com", f"https://u:{CANARY}@two.example.com?t={CANARY}")
    with pytest.raises(ConfigError) as error:
        loading(text)
    assert len(error.value.problems) >= 3
    assert CANARY not in "".join(traceback.format_exception(error.value)) + repr(error.value)


def test_many_tenants_load_and_are_checked_in_good_time(loading, refused):
    row = (
        '  - {{id: firm-{0}, url: "https://firm-{0}.example.com", credentials: c, labels: {{region: us}}}}\n'
    )
    text = "credentials: {c: {token_env: SHARED}}\ntenants:\n" + "".join(row.format(n) for n in range(2000))
    began = perf_counter()
    assert len(loading(text).tenants) == 2000
    assert len(refused(text.replace("labels", "label"))) == 2000
    assert perf_counter() - began < 20
