"""What a tenant may say of where its panel is, who asks there and how it writes, through the loader."""

import traceback
from dataclasses import replace
from pathlib import Path

import pytest

from syncwatch.config.address import secret_base_url
from syncwatch.config.loader import Config, load
from syncwatch.errors import ConfigError

CANARY = "hunter2-canary"
ENVIRON = {"PASSWORD": "p", "TOKEN": "t"}

GOOD = """
credentials:
  each: {username: watcher, password_file: "{tenant}.password"}
  one: {username: "w@x.example", password_env: PASSWORD}
tenants:
  - {id: a, url_file: "{tenant}.url", credentials: each}
  - {id: b, url_file: b.url, credentials: one}
  - {id: c, url: "https://c.example.com", credentials: one}
  - {id: d, url: "file:///srv/exports/d/", exports_complete: true, timezone: America/New_York,
     datetime_format: "%m/%d/%Y"}
  - {id: e, url: "https://e.example.com", parameters: {directory: 0f-1.x_Y, app_2: z},
     exports_complete: false, datetime_format: [iso, "%Y-%m-%d %H:%M"]}
"""


@pytest.fixture
def loading(tmp_path):
    (tmp_path / "a.password").write_text("a's")
    (tmp_path / "a.url").write_text(f"https://A.example.com:8443/x/?sig={CANARY}\n")
    (tmp_path / "b.url").write_text(f"https://b.example.com/{CANARY}")

    def write(text: str) -> Config:
        (tmp_path / "syncwatch.yaml").write_text(text)
        return load(tmp_path / "syncwatch.yaml", ENVIRON)

    return write


@pytest.fixture
def refused(loading):
    def write(tenant: str, credential: str = "{token_env: TOKEN}") -> list[str]:
        with pytest.raises(ConfigError) as error:
            loading(f"credentials: {{c: {credential}}}\ntenants: [{{id: t, {tenant}}}]")
        assert CANARY not in "".join(traceback.format_exception(error.value))
        return [str(problem).partition(": ")[2] for problem in error.value.problems]

    return write


def test_a_secret_url_is_known_by_its_place(loading, tmp_path):
    first, second, *_ = config = loading(GOOD).tenants
    assert first.url is second.url is None
    assert first.url_secret.read().get_secret_value() == f"https://A.example.com:8443/x/?sig={CANARY}"
    assert second.url_secret.path == tmp_path / "b.url"
    assert [tenant.url for tenant in config[2:]] == [
        "https://c.example.com",
        "file:///srv/exports/d",
        "https://e.example.com",
    ]
    assert {tenant.url_secret for tenant in config[2:]} == {None}
    assert CANARY not in repr(config)
    assert loading(GOOD).tenants == config


def test_a_name_with_a_password_goes_to_the_hosts_of_secret_urls_too(loading):
    each, one, same, folder, _ = (tenant.credential for tenant in loading(GOOD).tenants)
    assert (each.username, each.password.read().get_secret_value()) == ("watcher", "a's")
    assert each.client_id is each.client_secret is each.token is None
    assert each.hosts == {"a.example.com:8443"}
    assert replace(one, hosts=same.hosts) == same
    assert (one.username, one.password.read().get_secret_value()) == ("w@x.example", "p")
    assert (one.hosts, same.hosts) == ({"b.example.com"}, {"c.example.com"})
    assert folder is None


def test_what_a_tenant_says_of_its_panel(loading):
    tenants = loading(GOOD).tenants
    assert [
        (tenant.parameters, tenant.exports_complete, tenant.timezone, tenant.datetime_format)
        for tenant in tenants[2:]
    ] == [
        ({}, None, None, None),
        ({}, True, "America/New_York", ("%m/%d/%Y",)),
        ({"directory": "0f-1.x_Y", "app_2": "z"}, False, None, ("iso", "%Y-%m-%d %H:%M")),
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "the file that it names cannot be read: no such file or directory"),
        ("", "the file that it names is empty"),
        (
            CANARY,
            "the file that it names: must be an http or https URL: write https://host or https://host/path",
        ),
        (
            f"https://u:{CANARY}@h",
            "the file that it names: must not carry user information: use a credential",
        ),
        (f"http://h?{CANARY}", "the file that it names: would send a secret URL over plain http: use https"),
    ],
)
def test_a_secret_url_that_is_none_is_named_at_its_place(refused, tmp_path: Path, content, says):
    if content is not None:
        (tmp_path / "t.url").write_text(content)
    assert refused('url_file: "{tenant}.url", credentials: c') == [f"tenants[t].url_file: {says}"]


def test_a_secret_url_that_goes_bad_later_is_an_error_without_it(loading, tmp_path):
    secret = loading(GOOD).tenants[1].url_secret
    (tmp_path / "b.url").write_text(f"{CANARY}: not found")
    value = secret.read().get_secret_value()
    with pytest.raises(ValueError, match="must be an http or https URL") as error:
        secret_base_url(value)
    assert CANARY not in str(error.value)


def test_the_host_of_a_secret_url_must_be_the_credentials(refused):
    assert refused("url_file: b.url, credentials: c", "{token_env: TOKEN, hosts: [c.example.com]}") == [
        "tenants[t].url_file: its host is not among those of credential `c`: add it to credentials.c.hosts"
    ]


@pytest.mark.parametrize(
    ("tenant", "says"),
    [
        ("labels: {}", "tenants[t]: needs exactly one of `url`, `url_file`"),
        ('url: "https://h", url_file: b.url', "tenants[t].url_file: needs exactly one of `url`, `url_file`"),
        ('url_file: "{user}.url"', "tenants[t].url_file: only `{tenant}` may stand in braces"),
        (
            'url: "file:///x", credentials: c',
            "tenants[t].credentials: a folder (`url: file:///...`) is read without a credential: remove this key",
        ),
        ('url: "https://h", exports_complete: 1', "tenants[t].exports_complete: must be true or false"),
        (
            'url: "https://h", timezone: EDTX',
            'tenants[t].timezone: is not a known time zone: write an IANA name such as "UTC" or "America/New_York"',
        ),
        (
            'url: "https://h", datetime_format: [iso, "%Y-%m-%d %I"]',
            "tenants[t].datetime_format[1]: needs `%p` with `%I`, or `%H` instead of it: an hour of twelve alone is two hours",
        ),
        (
            'url: "https://h", datetime_format: "%Y-%m-%d %m"',
            "tenants[t].datetime_format: must name each part of a time once",
        ),
        (
            'url: "https://h", datetime_format: []',
            "tenants[t].datetime_format: is empty: remove the key, or write a format",
        ),
        ('url: "https://h", datetime_format: 5', "tenants[t].datetime_format: must be a list"),
        (
            'url: "https://h", parameters: {Directory: x}',
            "tenants[t].parameters.Directory: must be 1 to 31 lower-case letters, digits and `_`, the first a letter",
        ),
        (
            'url: "https://h", parameters: {user: x}',
            "tenants[t].parameters.user: is a placeholder that Syncwatch fills in: rename the parameter",
        ),
        ('url: "https://h", parameters: {a: 1}', "tenants[t].parameters.a: must be text: quote it"),
        *(
            (
                f'url: "https://h", parameters: {{a: "{value}"}}',
                "tenants[t].parameters.a: must be 1 to 200 letters, digits, `.`, `_` or `-`, and not dots alone",
            )
            for value in ("", "..", "a/b", "a b", "a%2f", "a\\n", "x" * 201)
        ),
    ],
)
def test_what_a_tenant_may_not_say(refused, tenant, says):
    assert refused(tenant) == [says]


@pytest.mark.parametrize(
    ("credential", "says"),
    [
        ("{username: u, token_env: TOKEN}", "`username` goes with a password, and only with one"),
        ("{password_env: PASSWORD}", "`username` goes with a password, and only with one"),
        (
            "{client_id: i, username: u, password_env: PASSWORD}",
            "`client_id` goes with a client secret, and only with one",
        ),
        (
            "{username: u}",
            "needs exactly one of `client_secret_file`, `client_secret_env`, `token_file`, `token_env`, `password_file`, `password_env`",
        ),
    ],
)
def test_which_keys_of_a_credential_go_together(refused, credential, says):
    assert refused('url: "https://h", credentials: c', credential) == [f"credentials.c: {says}"]


@pytest.mark.parametrize("name", ["", f"{CANARY}:x", f"{CANARY}\\n", "\\x85", "x" * 501])
def test_a_username_that_cannot_be_sent(refused, name):
    says = "credentials.c.username: must be 1 to 500 characters, without `:` and control characters"
    found = refused('url: "https://h", credentials: c', f'{{username: "{name}", password_env: PASSWORD}}')
    assert says in found
