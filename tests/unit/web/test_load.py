"""The web configuration file: what an exporter takes is taken, and what is wrong is told with its place."""

import hashlib
import os
import ssl
import string
from contextlib import suppress
from pathlib import Path

import bcrypt
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncwatch.config.address import Address
from syncwatch.errors import ConfigError
from syncwatch.web.access import Access, Grant, Rate, refusal
from syncwatch.web.identity import LONGEST_TOKEN, shown
from syncwatch.web.load import load

HASH = "$2y$04$rUHeBUWavrUar4TmZ8KPXuJfhtl/kQbH9k5JnyGH4ebwNgWDNFsAy"
TOKEN = "7f9c2ba4e88f827d616045507605853e"


@pytest.fixture
def web(tmp_path, authority):
    """Writes a file beside certificates, and loads it."""
    for name in ("server", "other"):
        folder = authority(name, "IP:127.0.0.1,DNS:localhost")
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "token").write_text(f"{TOKEN}\n")

    def make(text: str):
        file = tmp_path / "web.yaml"
        file.write_text(text)
        return load(file)

    return make


def complaints(web, text: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        web(text)
    return [str(problem).partition("web.yaml:")[2] for problem in refused.value.problems]


def test_an_empty_file_is_an_open_door(web):
    config = web("")
    assert not config.has_users
    assert config.tls is None


def test_a_file_that_was_written_for_an_exporter_is_taken(web):
    config = web(f"""
tls_server_config:
  cert_file: server.crt
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.crt
  client_allowed_sans: [prometheus.example.com]
  min_version: TLS10
  max_version: TLS13
  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: false
  curve_preferences: [CurveP256]
http_server_config:
  http2: true
  headers:
    X-Frame-Options: sameorigin
    Strict-Transport-Security: max-age=60
    X-XSS-Protection: ""
basic_auth_users:
  alice: {HASH}
rate_limit:
  interval: 1s
  burst: 20
""")
    assert config.passwords == {"alice": HASH}
    assert config.headers == {"X-Frame-Options": "sameorigin", "Strict-Transport-Security": "max-age=60"}
    assert config.rate == Rate(burst=20, interval=1.0)
    assert config.knows_clients
    assert config.tls.minimum_version is ssl.TLSVersion.TLSv1_2, "never less, whatever the file says"
    assert config.tls.verify_mode is ssl.CERT_REQUIRED
    older = [each["name"] for each in config.tls.get_ciphers() if each["protocol"] != "TLSv1.3"]
    assert older == ["ECDHE-ECDSA-AES128-GCM-SHA256"]


def test_the_example_in_the_manual_is_a_door(web, tmp_path):
    (tmp_path / "reload.token").write_text(TOKEN)
    manual = Path(__file__).parents[3] / "docs" / "web.md"
    config = web(manual.read_text().partition("```yaml\n")[2].partition("```")[0])
    assert config.has_users
    assert config.grants.keys() == {"grafana", "oncall", "firm-x"}


@pytest.mark.parametrize("interval", ["0", "0s", "'0'", "0ms"])
def test_an_interval_of_zero_is_no_limit(web, interval):
    assert web(f"rate_limit: {{interval: {interval}, burst: 0}}").rate is None


def test_users_have_what_is_written_and_the_figures_otherwise(web):
    config = web(f"""
basic_auth_users: {{alice: {HASH}, prometheus: {HASH}}}
bearer_tokens: {{script: {{token_file: token}}}}
access:
  alice: {{scopes: [read, operate], tenants: [firm-001]}}
""")
    assert config.tokens == {"script": hashlib.sha256(TOKEN.encode()).digest()}
    assert config.caller("alice").grant == Grant(
        frozenset({Access.READ, Access.OPERATE}), frozenset({"firm-001"})
    )
    assert (
        config.caller("prometheus").grant
        == config.caller("script").grant
        == Grant(frozenset({Access.METRICS}))
    )


def test_equal_contents_are_equal_doors_and_a_new_certificate_is_another(web, tmp_path):
    text = "tls_server_config: {cert_file: server.crt, key_file: server.key}"
    first = web(text)
    assert web(text) == first
    assert set(first.files) == {tmp_path / name for name in ("web.yaml", "server.crt", "server.key")}
    for kind in ("crt", "key"):
        (tmp_path / f"server.{kind}").write_bytes((tmp_path / f"other.{kind}").read_bytes())
    assert web(text) != first


TLS = "tls_server_config: {cert_file: server.crt, key_file: server.key, "


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("basic_auth_users: {alice: plain}", "1: basic_auth_users.alice: must be a bcrypt hash"),
        (f"basic_auth_users: {{alice: {HASH[:28]}z{HASH[29:]}}}", "1: basic_auth_users.alice: must be a bcrypt hash"),
        (f"basic_auth_users: {{alice: {HASH.replace('04', '31')}}}", "1: basic_auth_users.alice: has a cost"),
        ("basic_auth_user: {}", "1: basic_auth_user: unknown key; did you mean `basic_auth_users`?"),
        ("rate_limit: {interval: 5, burst: 1}", "1: rate_limit.interval: needs a unit"),
        ("rate_limit: {interval: 1s}", "1: rate_limit: needs a `burst` of at least 1"),
        ("http_server_config: {headers: {Server: x}}", "1: http_server_config.headers.Server: unknown key"),
        ('http_server_config: {headers: {X-XSS-Protection: "1\\r\\nX: y"}}',
         "1: http_server_config.headers.X-XSS-Protection: must be one line"),
        ("tls_server_config: {cert_file: server.crt}", "1: tls_server_config.key_file: is required"),
        ("tls_server_config: {cert_file: no.crt, key_file: server.key}",
         "1: tls_server_config.cert_file: the file that it names cannot be read: no such file"),
        ("tls_server_config: {cert_file: other.crt, key_file: server.key}",
         "1: tls_server_config.cert_file: and `key_file` are no pair"),
        ("tls_server_config: {cert_file: server.crt, key_file: encrypted.key}",
         "1: tls_server_config.cert_file: and `key_file` are no pair"),
        (TLS + "cert: x}", "1: tls_server_config.cert: certificates are taken from files only"),
        (TLS + "client_auth_type: RequireAnyClientCert}",
         "1: tls_server_config: `client_auth_type: RequireAnyClientCert` is no protection"),
        (TLS + "client_ca_file: ca.crt}", "1: tls_server_config: `client_ca_file` goes with"),
        (TLS + "client_auth_type: RequireAndVerifyClientCert}", "1: tls_server_config: `client_ca_file` goes with"),
        (TLS + "client_auth_type: VerifyClientCertIfGiven, client_ca_file: token}",
         "1: tls_server_config.client_ca_file: holds no certificate"),
        (TLS + "client_allowed_sans: [a]}", "1: tls_server_config: `client_allowed_sans` goes with"),
        (TLS + "cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA]}",
         "1: tls_server_config.cipher_suites[0]: is not one of those"),
        (TLS + "curve_preferences: [X25519, CurveP256]}", "1: tls_server_config.curve_preferences: only one"),
        (TLS + "max_version: TLS12, min_version: TLS13}", "1: tls_server_config: `min_version` must not be above"),
        ("bearer_tokens: {a: {sha256: abc}}", "1: bearer_tokens.a.sha256: must be 64 hexadecimal digits"),
        ("bearer_tokens: {a: {}}", "1: bearer_tokens.a: needs exactly one of"),
        ("bearer_tokens: {a: {token_file: none}}", "1: bearer_tokens.a.token_file: the file that it names"),
        ("bearer_tokens: {a: {token_file: short}}", "1: bearer_tokens.a.token_file: holds a token that can be guessed"),
        ("bearer_tokens: {a: {token_file: long}}", "1: bearer_tokens.a.token_file: holds what no header carries"),
        ("bearer_tokens: {a: {token_file: two}}", "1: bearer_tokens.a.token_file: holds what no header carries"),
        ("bearer_tokens: {a: {token_file: pipe}}",
         "1: bearer_tokens.a.token_file: the file that it names cannot be read: is no regular file"),
        ("tls_server_config: {cert_file: pipe, key_file: server.key}",
         "1: tls_server_config.cert_file: the file that it names cannot be read: is no regular file"),
        ("bearer_tokens: {a: {token_file: token}, b: {token_file: token}}",
         "1: bearer_tokens.b: has the same token as `a`"),
        ("access: {bob: {scopes: [read]}}", "1: access.bob: is no user"),
        (f"basic_auth_users: {{bob: {HASH}}}\naccess: {{bob: {{scopes: [write]}}}}", "2: access.bob.scopes[0]: must be"),
        (f"basic_auth_users: {{bob: {HASH}}}\naccess: {{bob: {{scopes: [metrics], tenants: [x]}}}}",
         "2: access.bob: `tenants` does not limit `metrics`"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place_and_what_to_do(web, tmp_path, text, complaint):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "short").write_text("hunter2")
    (tmp_path / "long").write_text("x" * (LONGEST_TOKEN + 1))
    (tmp_path / "two").write_text(f"{TOKEN}\n{TOKEN}\n")
    (tmp_path / "encrypted.key").write_text(
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIC\n-----END ENCRYPTED PRIVATE KEY-----\n"
    )
    (told,) = complaints(web, text)
    assert told.startswith(complaint)


def test_every_hash_that_is_taken_can_be_checked_and_every_other_cannot(web):
    for last in string.ascii_letters + string.digits + "./":  # of the salt
        hash_ = f"{HASH[:28]}{last}{HASH[29:]}"
        try:
            bcrypt.checkpw(b"x", hash_.encode())
        except ValueError:
            complaints(web, f"basic_auth_users: {{alice: {hash_}}}")
        else:
            assert web(f"basic_auth_users: {{alice: {hash_}}}").has_users


def test_the_longest_token_that_is_taken_lets_in(web, tmp_path):
    token = "x" * LONGEST_TOKEN
    (tmp_path / "long").write_text(token)
    config = web("bearer_tokens: {script: {token_file: long}}")
    assert shown(f"Bearer {token}") in config.tokens.values()


def test_a_file_that_became_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "web.yaml")
    with pytest.raises(ConfigError, match=r"web\.yaml: cannot be read: is no regular file"):
        load(tmp_path / "web.yaml")


def test_everything_is_told_at_once_and_nothing_that_was_written(web):
    told = complaints(
        web,
        "basic_auth_users: {alice: hunter2}\nbearer_tokens: {bob: {sha256: hunter2}}\n"
        "tls_server_config: {cert_file: none, key_file: none}\nsurprise: hunter2\naccess: {alice: {scopes: [read]}}",
    )
    assert [line.partition(":")[0] for line in told] == ["1", "2", "3", "3", "4"]
    assert "hunter2" not in "".join(told)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_on_this_machine_alone_a_door_may_be_open(host):
    assert refusal(Address(host, 1), None, allowed=False) is None


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "192.0.2.1", "syncwatch.example.com"])
def test_beyond_this_machine_somebody_must_be_asked_or_somebody_must_have_said_so(web, host):
    for config in (
        None,
        web(""),
        web(TLS + "client_ca_file: ca.crt, client_auth_type: VerifyClientCertIfGiven}"),
    ):
        assert "web.allow_unauthenticated" in refusal(Address(host, 1), config, allowed=False)
        assert refusal(Address(host, 1), config, allowed=True) is None
    for text in (
        f"basic_auth_users: {{a: {HASH}}}",
        "bearer_tokens: {a: {token_file: token}}",
        TLS + "client_ca_file: ca.crt, client_auth_type: RequireAndVerifyClientCert}",
    ):
        assert refusal(Address(host, 1), web(text), allowed=False) is None


KEYS = [
    "tls_server_config",
    "basic_auth_users",
    "rate_limit",
    "bearer_tokens",
    "access",
    "http_server_config",
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from([HASH, "token", "1s"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["a", "scopes", "cert_file", "key_file", "burst", "sha256"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4))
def test_any_file_is_a_door_or_a_list_of_problems(tmp_path, written):
    file = tmp_path / "web.yaml"
    file.write_text(yaml.safe_dump(written))
    with suppress(ConfigError):
        assert load(file).files
