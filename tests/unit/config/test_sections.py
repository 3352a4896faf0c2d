"""The sections budgets, reload, web, discovery and maintenance, and what a tenant says of its way, through the loader."""

import traceback

import pytest

from syncwatch.config.fleet import Budget, FileDiscovery, HttpDiscovery, Proxy, Tls
from syncwatch.config.loader import Config, load
from syncwatch.errors import ConfigError

CANARY = "hunter2-canary"
ENVIRON = {"TOKEN": CANARY, "PASSWORD": CANARY}


@pytest.fixture
def loading(tmp_path):
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).write_text("")
    (tmp_path / "password").write_text(CANARY)

    def write(text: str) -> Config:
        (tmp_path / "syncwatch.yaml").write_text(text)
        return load(tmp_path / "syncwatch.yaml", ENVIRON)

    return write


@pytest.fixture
def refused(loading):
    def write(text: str) -> list[str]:
        with pytest.raises(ConfigError) as error:
            loading(text)
        assert CANARY not in "".join(traceback.format_exception(error.value))
        return [str(problem).partition("syncwatch.yaml:")[2] for problem in error.value.problems]

    return write


def test_budgets(loading):
    budgets = loading("""
tenants: []
budgets:
  total: {concurrency: 500}
  host: {concurrency: 5, rate: 2.5, burst: 10}
  groups: {vendor: {rate: 25, shared_pause: true}, other: {concurrency: 3}}
""").budgets
    assert budgets.total == Budget(concurrency=500)
    assert budgets.host == Budget(5, 2.5, 10)
    assert budgets.groups == {"vendor": Budget(rate=25), "other": Budget(concurrency=3)}
    assert budgets.shared_pauses == {"vendor"}
    plain = loading("tenants: []").budgets
    assert (plain.total, plain.host, plain.groups) == (Budget(), Budget(concurrency=20), {})


@pytest.mark.parametrize(
    ("budget", "says"),
    [
        ("total: {burst: 5}", "budgets.total: `burst` goes with a `rate`, and only with one"),
        ("host: {rate: 0}", "budgets.host.rate: must be greater than 0"),
        ("host: {concurrency: 0}", "budgets.host.concurrency: must be greater than or equal to 1"),
        ("host: {shared_pause: true}", "budgets.host.shared_pause: unknown key; the known ones are"),
        ("groups: {x: {shared_pause: 1}}", "budgets.groups.x.shared_pause: must be true or false"),
        ("groups: {a b: {}}", 'budgets.groups["a b"]: must be 1 to 63 letters'),
    ],
)
def test_budgets_that_make_no_sense(refused, budget, says):
    (problem,) = refused(f"tenants: []\nbudgets: {{{budget}}}")
    assert problem.startswith(f"2: {says}")


def test_how_often_files_are_looked_at_and_who_may_come_in(loading, tmp_path):
    config = loading(
        "tenants: []\nreload: {interval: 1m}\nweb: {config_file: web.yaml, allow_unauthenticated: true}"
    )
    assert (config.reload_interval, config.web_file) == (60, tmp_path / "web.yaml")
    assert config.allow_unauthenticated
    plain = loading("tenants: []")
    assert (plain.reload_interval, plain.web_file, plain.allow_unauthenticated) == (10, None, False)


SOURCES = """
credentials:
  inventory: {token_env: TOKEN}
  named: {username: u, password_env: PASSWORD, hosts: ["*.example.com"], allow_plain_http: true}
discovery:
  file_sd:
    - {files: ["targets/*.json", /etc/x.YAML], refresh_interval: 1m}
  http_sd:
    - {url: "https://inventory.example.com/t", credentials: inventory, timeout: 3s,
       tls: {ca_file: ca.pem}, proxy: {url: "http://p:3128", username: u, password_file: password}}
    - {url: "http://Other.example.com/api/devices/?tag=hunter2-canary", credentials: named, refresh_interval: 2m}
"""


def test_sources_of_tenants(loading, tmp_path):
    config = loading(SOURCES)
    files, first, second = config.discovery
    assert files == FileDiscovery((f"{tmp_path}/targets/*.json", "/etc/x.YAML"), 60)
    assert isinstance(first, HttpDiscovery)
    assert (first.url, first.interval, first.timeout) == ("https://inventory.example.com/t", 60, 3)
    assert first.credential.token.read().get_secret_value() == CANARY
    assert first.credential.hosts == {"inventory.example.com"}
    assert first.tls == Tls(ca_file=tmp_path / "ca.pem")
    assert first.proxy.password.read().get_secret_value() == CANARY
    assert second.url == f"http://other.example.com/api/devices/?tag={CANARY}"
    assert (second.interval, second.credential.username) == (120, "u")
    assert second.credential.hosts == {"*.example.com"}
    assert config.warnings == ()
    assert loading(SOURCES).discovery == config.discovery
    assert CANARY not in repr(config)


@pytest.mark.parametrize(
    ("credential", "source", "says"),
    [
        ("token_env: TOKEN", "credentials: x", "discovery.http_sd[0].credentials: is not the name of a credential"),
        ("client_id: c, client_secret_env: TOKEN", "credentials: c", "discovery.http_sd[0].credentials: must be a token, or"),
        ('token_file: "{tenant}"', "credentials: c", "discovery.http_sd[0].credentials: `c` is another secret for each"),
        ("token_env: TOKEN, hosts: [x.example.com]", "credentials: c", "discovery.http_sd[0].url: its host is not among those"),
        ("token_env: TOKEN", 'credentials: c, url: "http://h.example.com"', "discovery.http_sd[0].url: would send credential"),
        ("token_env: TOKEN", 'url: "file:///srv"', "discovery.http_sd[0].url: must be an http or https URL: files go under"),
        ("token_env: TOKEN", f'url: "https://u:{CANARY}@h"', "discovery.http_sd[0].url: must not carry user information"),
        ("token_env: TOKEN", f'url: "https://h?a#{CANARY}"', "discovery.http_sd[0].url: must not carry a fragment"),
        ("token_env: TOKEN", "tls: {ca_file: none.pem}", "discovery.http_sd[0].tls.ca_file: the file that it names is not there"),
        ("token_env: TOKEN", "tls: {key_file: key.pem}", "discovery.http_sd[0].tls: `key_file` goes with a `cert_file`"),
        ("token_env: TOKEN", "proxy: {url: 'http://p/x'}", "discovery.http_sd[0].proxy.url: must not carry a path"),
        ("token_env: TOKEN", "proxy: {url: 'http://p', username: u, password_env: NONE}",
         "discovery.http_sd[0].proxy.password_env: the environment variable that it names is not set"),
    ],
)  # fmt: skip
def test_sources_that_make_no_sense(refused, credential, source, says):
    url = "" if "url: " in source and "proxy" not in source else 'url: "https://h.example.com", '
    found = refused(f"credentials: {{c: {{{credential}}}}}\ndiscovery:\n  http_sd: [{{{url}{source}}}]")
    assert [line.startswith(f"3: {says}") for line in found] == [True], found


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ("[]", "files: must have at least 1 item"),
        ("[targets/*]", "files[0]: must end in .json, .yaml or .yml: that tells how to read the files"),
    ],
)
def test_files_of_targets_that_make_no_sense(refused, files, says):
    (problem,) = refused(f"discovery: {{file_sd: [{{files: {files}}}]}}")
    assert problem.startswith(f"1: discovery.file_sd[0].{says}")


def test_a_credential_may_be_for_found_tenants_only_if_it_names_hosts(loading):
    text = "credentials: {{c: {{token_env: TOKEN{}}}}}\ndiscovery: {{file_sd: [{{files: [x.json]}}]}}"
    assert loading(text.format(', hosts: ["*.example.com"]')).warnings == ()
    assert [line.partition(": ")[2] for line in loading(text.format("")).warnings] == [
        "credentials.c: no tenant names this credential"
    ]


PLANNED = """
maintenance:
  - {from: "2026-12-05T22:00:00Z", to: "2026-12-06T04:00:00+02:00", tenants: [a]}
  - {from: "2027-01-01T00:00:00Z", to: "2027-01-02T00:00:00Z", labels: {region: eu, tier: ""}}
  - {from: "2028-01-01T00:00:00Z", to: "2028-01-02T00:00:00Z"}
tenants:
  - {id: a, url: "https://a"}
  - {id: b, url: "https://b", labels: {region: eu}, onboarding_until: "2026-06-01T00:00:00Z"}
"""


def test_each_tenant_knows_its_times_of_maintenance(loading):
    first, second = (tenant.maintenance for tenant in loading(PLANNED).tenants)
    assert first == ((1796508000, 1796522400), (1830297600, 1830384000))
    assert second == ((1798761600, 1798848000), (1830297600, 1830384000), (0, 1780272000))


@pytest.mark.parametrize(
    ("planned", "says"),
    [
        ('from: "2026-01-02T00:00:00Z", to: "2026-01-02T00:00:00Z"', "maintenance[0]: `to` must be after `from`"),
        ('from: "2026-01-02", to: "2026-01-03T00:00:00Z"', "maintenance[0].from: must be a date and a time with its zone"),
        ('from: 5, to: "2026-01-03T00:00:00Z"', "maintenance[0].from: must be text: quote it"),
        ('to: "2026-01-03T00:00:00Z"', "maintenance[0].from: is required"),
        ('from: "2026-01-02T00:00:00Z", to: "2026-01-03T00:00:00Z", tenants: [a], labels: {a: b}',
         "maintenance[0]: takes only one of `tenants`, `labels`"),
    ],
)  # fmt: skip
def test_maintenance_that_makes_no_sense(refused, planned, says):
    (problem,) = refused(f"tenants: []\nmaintenance: [{{{planned}}}]")
    assert problem.startswith(f"2: {says}")


def test_maintenance_of_a_tenant_that_there_is_not_is_a_warning(loading):
    text = PLANNED.replace("tenants: [a]", "tenants: [c]")
    assert [line.partition(": ")[2] for line in loading(text).warnings] == [
        "maintenance[0].tenants[0]: is the id of no tenant"
    ]
    assert loading(f"{text}discovery: {{file_sd: [{{files: [x.json]}}]}}").warnings == ()


def test_the_way_to_a_tenant(loading, tmp_path):
    tenant, other = loading("""
tenants:
  - {id: a, url: "https://a", tls: {ca_file: ca.pem, cert_file: cert.pem, key_file: key.pem},
     proxy: {url: "http://P:3128", username: u, password_env: PASSWORD}, budget_group: vendor}
  - {id: b, url: "https://b", proxy: {url: "http://p"}}
""").tenants
    assert tenant.tls == Tls(tmp_path / "ca.pem", tmp_path / "cert.pem", tmp_path / "key.pem")
    assert (tenant.proxy.url, tenant.proxy.username) == ("http://p:3128", "u")
    assert tenant.proxy.password.read().get_secret_value() == CANARY
    assert tenant.budget_group == "vendor"
    assert (other.tls, other.proxy, other.budget_group) == (None, Proxy("http://p"), "litify-inbox")


@pytest.mark.parametrize(
    ("way", "says"),
    [
        ("tls: {}", "tls: is empty: add `ca_file` or `cert_file`, or remove it"),
        ("tls: {cert_file: none.pem}", "tls.cert_file: the file that it names is not there"),
        ("proxy: {url: 'http://p', username: u}", "proxy: `username` goes with exactly one of"),
        (f"proxy: {{url: 'http://u:{CANARY}@p'}}", "proxy.url: must not carry user information: use a credential"),
        ("proxy: {url: 'http://p', username: u, password_file: none}", "proxy.password_file: the file that it names cannot be read"),
        ("onboarding_until: tomorrow", "onboarding_until: must be a date and a time with its zone"),
        ("budget_group: a b", "budget_group: must be 1 to 63 letters"),
    ],
)  # fmt: skip
def test_ways_that_make_no_sense(refused, way, says):
    (problem,) = refused(f'tenants: [{{id: t, url: "https://h", {way}}}]')
    assert problem.startswith(f"1: tenants[t].{says}")


def test_where_people_reach_the_pages(loading):
    said = loading(
        "tenants: []\nweb: {external_url: 'HTTPS://Sync.example.com/a/', grafana_url: 'http://localhost:3000'}\n"
    )
    assert said.external_url == "https://sync.example.com/a"
    assert said.grafana_url == "http://localhost:3000"
    plain = loading("tenants: []")
    assert plain.external_url == plain.grafana_url == ""


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sync.example.com", "http"),
        ("https://ann:secret@sync.example.com", "user information"),
        ("https://sync.example.com/?token=x", "must not carry a query"),
    ],
)
def test_addresses_of_pages_that_make_no_sense(refused, url, says):
    (problem,) = refused(f"tenants: []\nweb: {{external_url: '{url}'}}")
    assert problem.startswith("2: web.external_url: ")
    assert says in problem
