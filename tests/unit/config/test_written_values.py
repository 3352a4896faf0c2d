import pytest

from syncwatch.config.address import Address, address, base_url, exposed, host_entry, hosts_of, own_host
from syncwatch.config.duration import seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("250ms", 0.25),
        ("30s", 30),
        ("5m", 300),
        ("1h30m", 5400),
        ("1d", 86400),
        ("1.5h", 5400),
        ("30d", 2_592_000),
    ],
)
def test_durations(text, expected):
    assert seconds(text) == expected


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (5, "needs a unit"),
        (1.5, "needs a unit"),
        ("5", "must be a duration"),
        ("", "must be a duration"),
        ("5 minutes", "must be a duration"),
        ("-5m", "must be a duration"),
        (True, "must be a duration"),
        (None, "must be a duration"),
        ("1" * 100_000 + "s", "must be a duration"),
        ("30m1h", "the largest first"),
        ("1m1m", "each unit once"),
        ("0s", "longer than 0"),
        ("31d", "no longer than `30d`"),
    ],
)
def test_what_is_no_duration(value, says):
    with pytest.raises(ValueError, match=says):
        seconds(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:9797", ("127.0.0.1", 9797)),
        ("LocalHost:0", ("localhost", 0)),
        (":9797", ("", 9797)),
        ("[::1]:1", ("::1", 1)),
    ],
)
def test_where_to_listen(text, expected):
    assert address(text) == Address(*expected)


@pytest.mark.parametrize(
    "value", ["9797", 9797, "host", "host:", "host:x", "host:65536", "::1:80", "[::x]:1", "a b:1", None]
)
def test_where_nobody_can_listen(value):
    with pytest.raises(ValueError, match="must be host:port"):
        address(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://Firm-1.Example.com", "https://firm-1.example.com"),
        ("HTTPS://h.example.com:8443/panel/Firm-1/", "https://h.example.com:8443/panel/Firm-1"),
        ("http://[::1]:80/", "http://[::1]:80"),
    ],
)
def test_base_urls(text, expected):
    assert base_url(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ftp://h", "must be an http or https URL"),
        ("h.example.com", "must be an http or https URL"),
        ("https://", "must be an http or https URL"),
        ("https://h:99999", "must be an http or https URL"),
        ("https://h:x", "must be an http or https URL"),
        ("https://[::1", "must be an http or https URL"),
        ("https://h/a b", "must be an http or https URL"),
        ("https://h/\n", "must be an http or https URL"),
        ("https://h\\@evil", "must be an http or https URL"),
        ("https://-h", "must be an http or https URL"),
        ("https://user:hunter2@h", "must not carry user information"),
        ("https://h?token=hunter2", "must not carry a query or a fragment"),
        ("https://h#hunter2", "must not carry a query or a fragment"),
        ("https://h/?", "must not carry a query or a fragment"),
        ("https://h/" + "x" * 3000, "must be an http or https URL"),
    ],
)
def test_what_is_no_base_url(text, says):
    with pytest.raises(ValueError, match=says) as error:
        base_url(text)
    assert "hunter2" not in str(error.value)


def test_hosts_by_which_a_credential_may_name_a_url():
    assert own_host("https://h.example.com/x") == "h.example.com"
    assert own_host("https://h.example.com:444/x") == "h.example.com:444"
    assert hosts_of("https://h.example.com/x") == ("h.example.com", "h.example.com:443")
    assert hosts_of("http://[::1]") == ("[::1]", "[::1]:80")
    assert host_entry(" H.example.com:444 ") == "h.example.com:444"


@pytest.mark.parametrize("text", ["https://h", "h/path", "*.example.com", "u@h", "", "h:0", "h:x", "h:99999"])
def test_what_is_no_host(text):
    with pytest.raises(ValueError, match="must be a host or host:port"):
        host_entry(text)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://h", False),
        ("http://localhost:80", False),
        ("http://127.3.2.1", False),
        ("http://[::1]:80", False),
        ("http://h", True),
        ("http://10.0.0.1", True),
        ("http://127.0.0.1.example.com", True),
        ("http://notlocalhost", True),
    ],
)
def test_what_crosses_a_network_in_the_clear(url, expected):
    assert exposed(url) is expected
