from pathlib import Path

import pytest

from syncwatch.config.address import (
    Address,
    address,
    base_url,
    exposed,
    folder_of,
    list_url,
    panel_url,
    secret_base_url,
)
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "https://H.example.com/Exports/?sv=1&Sig=a%2Fb%3D",
            "https://h.example.com/Exports?sv=1&Sig=a%2Fb%3D",
        ),
        ("https://h.example.com/a?", "https://h.example.com/a"),
        ("https://h?" + "x" * 5000, "https://h?" + "x" * 5000),
        ("http://127.0.0.1:8080/a?t=1", "http://127.0.0.1:8080/a?t=1"),
    ],
)
def test_secret_base_urls(text, expected):
    assert secret_base_url(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("HTTPS://Netbox.example.com/Api/devices/?tag=X&q=a%2Fb", "https://netbox.example.com/Api/devices/?tag=X&q=a%2Fb"),
        ("http://h.example.com:8080/targets/", "http://h.example.com:8080/targets/"),
        ("https://h.example.com", "https://h.example.com/"),
        ("https://[::1]?a", "https://[::1]/?a"),
    ],
)  # fmt: skip
def test_a_list_of_targets_is_where_its_url_says_exactly(text, expected):
    assert list_url(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hunter2", "must be an http or https URL"),
        ("file:///hunter2", "files go under `file_sd`"),
        ("https://h/hunter2 ", "must be an http or https URL"),
        ("https://h?hunter2" + "x" * 3000, "must be an http or https URL"),
        ("https://u:hunter2@h", "must not carry user information"),
        ("https://h/?hunter2=ä", "must be ASCII"),
        ("https://h/?a#hunter2", "must not carry a fragment"),
    ],
)
def test_what_is_no_url_of_a_list_is_never_shown(text, says):
    with pytest.raises(ValueError, match=says) as error:
        list_url(text)
    assert "hunter2" not in str(error.value)
    assert error.value.__context__ is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hunter2", "must be an http or https URL"),
        ("file:///hunter2", "must be an http or https URL"),
        ("https://h?hunter2\nhttps://g", "must be an http or https URL"),
        ("https://[hunter2", "must be an http or https URL"),
        ("https://h:hunter2", "must be an http or https URL"),
        ("https://h?hunter2" + "x" * 9000, "must be an http or https URL"),
        ("https://u:hunter2@h", "must not carry user information"),
        ("https://h?a#hunter2", "must not carry a fragment"),
        ("http://h.example.com?hunter2", "over plain http: use https"),
    ],
)
def test_what_is_no_secret_base_url_is_never_shown(text, says):
    with pytest.raises(ValueError, match=says) as error:
        secret_base_url(text)
    assert "hunter2" not in str(error.value)
    assert error.value.__context__ is None


@pytest.mark.parametrize(
    ("text", "expected", "folder"),
    [
        ("file:///srv/exports/", "file:///srv/exports", "/srv/exports"),
        ("FILE:///srv//Ex%70orts/./a", "file:///srv/Exports/a", "/srv/Exports/a"),
        ("file:///srv/a%20b%23c%3Fd%25e", "file:///srv/a%20b%23c%3Fd%25e", "/srv/a b#c?d%e"),
        ("file:///srv/B\u00fcro", "file:///srv/B%C3%BCro", "/srv/B\u00fcro"),
        ("https://H/a/", "https://h/a", None),
    ],
)
def test_where_a_panel_is(text, expected, folder):
    assert panel_url(text) == expected
    assert panel_url(expected) == expected
    assert folder_of(expected) == (folder and Path(folder))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("file://srv/exports", "with three slashes"),
        ("file://localhost/srv", "with three slashes"),
        ("file:/srv", "with three slashes"),
        ("file:srv", "with three slashes"),
        ("file:////host/share", "with three slashes"),
        ("file:///", "with three slashes"),
        ("file:///.", "with three slashes"),
        ("file:///a b", "%20 for a space"),
        ("file:///a%00b", "with three slashes"),
        ("file:///a%0Ab", "with three slashes"),
        ("file:///a%FFb", "with three slashes"),
        ("file:///" + "x" * 3000, "with three slashes"),
        ("file:///a/../b", r"must not hold `\.\.`"),
        ("file:///a/%2e%2E/b", r"must not hold `\.\.`"),
        ("file:///a%2F..", r"must not hold `\.\.`"),
        ("file:///a?b", "must not carry a query or a fragment"),
        ("file:///a#b", "must not carry a query or a fragment"),
        ("https://h?b", "must not carry a query or a fragment"),
        ("/srv/exports", "must be an http or https URL"),
    ],
)
def test_where_no_panel_is(text, says):
    with pytest.raises(ValueError, match=says) as error:
        panel_url(text)
    assert error.value.__context__ is None


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
