import pytest

from syncwatch.config.hosts import admits, host_entry, names, own_host


def test_the_host_of_a_url_is_named_as_narrowly_as_the_url_does():
    assert own_host("https://h.example.com/x") == "h.example.com"
    assert own_host("https://h.example.com:444/x") == "h.example.com:444"
    assert host_entry(" H.example.com:444 ") == "h.example.com:444"
    assert host_entry("*.Example.com:444") == "*.example.com:444"


@pytest.mark.parametrize(
    "text",
    ["https://h", "h/path", "u@h", "", "h:0", "h:x", "h:99999", "*", "*.", "*.com", "*.*.example.com", "a.*.example.com", "*a.example.com", "*.0.0.1", "*.10.0.0.1:80", "*.[::1]", "**.example.com"],
)  # fmt: skip
def test_what_is_no_host(text):
    with pytest.raises(ValueError, match="must be a host or host:port") as error:
        host_entry(text)
    assert error.value.__context__ is None


@pytest.mark.parametrize(
    ("entry", "url", "expected"),
    [
        ("h.example.com", "https://h.example.com/x", True),
        ("h.example.com:443", "https://h.example.com/x", True),
        ("h.example.com:443", "https://h.example.com:444", False),
        ("h.example.com", "https://h.example.com:444", True),
        ("[::1]", "http://[::1]", True),
        ("[::1]:80", "http://[::1]", True),
        ("*.example.com", "https://firm.example.com", True),
        ("*.example.com", "https://firm.example.com:444", True),
        ("*.example.com:443", "https://firm.example.com", True),
        ("*.example.com:443", "https://firm.example.com:444", False),
        ("*.example.com", "https://example.com", False),
        ("*.example.com", "https://a.firm.example.com", False),
        ("*.example.com", "https://firmexample.com", False),
        ("*.example.com", "https://firm.example.com.evil.example", False),
        ("*.example.com", "https://firm.example.org", False),
    ],
)
def test_a_star_stands_for_exactly_one_label(entry, url, expected):
    assert admits([host_entry(entry)], url) is expected


def test_no_star_stands_for_a_part_of_an_address():
    assert not names({"*.0.0.1"}, "10.0.0.1", 80)
