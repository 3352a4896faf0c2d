"""What reads bytes that others wrote, one function for each: any bytes may come, and only what is promised may happen.

Both runners use these: Hypothesis in the suite (`test_fuzz.py`), which knows what a page or a file looks like, and
atheris for longer (`make fuzz`), which looks for new paths through the code. So nothing but the program is imported here.
Whoever adds a reader adds a line to `TARGETS`.
"""

import re
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from syncwatch.classification import catalogue, wrappers
from syncwatch.classification.book import Book
from syncwatch.classification.classifier import Classifier
from syncwatch.classification.find import Finder
from syncwatch.classification.masking import MASK, MAX_CHARACTERS, Mask, parts
from syncwatch.classification.ruleset import RuleSet, load_rules
from syncwatch.classification.vocabulary import Vocabulary
from syncwatch.config.loader import load as load_config
from syncwatch.config.shipped import shipped, shipped_words
from syncwatch.discovery.targets import MAX_TARGETS, TargetsError, parsed
from syncwatch.errors import ConfigError, PollError
from syncwatch.panel.compile import CompiledProfile, compile_profile
from syncwatch.panel.decode import Content, decode
from syncwatch.panel.decoders import MAX_ROWS
from syncwatch.panel.profile.load import load_profiles
from syncwatch.panel.sheet import IncompleteError, read_sheet
from syncwatch.panel.tables import TABLES
from syncwatch.panel.visible import shows
from syncwatch.rows import Figures
from syncwatch.web.load import load as load_web

KEY = b"a key of 32 bytes for the hashes"
JSON_TABLES = ("organizations", "settings", "plans", "users", "sessions", "issues", "activity")
CSV_TABLES = ("organizations", "users", "sessions")
PLANTED = "Vorpalgrove"  # what inputs may hold, and no error
SEPARATOR = "\0"  # between a name, an address and a text to be masked

_SHIPPED = {file.name: file for file in shipped("rules")}
_USUAL = {"catalogue_file": _SHIPPED[catalogue.FILE_NAME], "wrappers_file": _SHIPPED[wrappers.FILE_NAME]}
_WORD = re.compile(r"[^\W_]+")


def page(data: bytes) -> None:
    """A page of JSON; the first byte says of which table."""
    name, body = _chosen(JSON_TABLES, data)
    table = _profile("litify-inbox").tables[name].usual()
    try:
        content = decode(table, body, Figures())
    except PollError as error:
        _says_nothing_of(str(error))
        return
    _rows_hold_what_they_promise(name, content, table.ids)
    assert len(content.rows) <= MAX_ROWS


def sheet(data: bytes) -> None:
    """A CSV file; the first byte says of which table."""
    name, body = _chosen(CSV_TABLES, data)
    plan = _profile("litify-inbox-csv").tables[name]
    try:
        content = read_sheet(plan, body, Figures())
    except (PollError, IncompleteError) as error:
        _says_nothing_of(str(error))
        return
    _rows_hold_what_they_promise(name, content, ())


def rules(data: bytes) -> None:
    """A file of rules."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rules.yaml"
        file.write_bytes(data)
        try:
            ruleset = load_rules([file], **_USUAL)
        except ConfigError:
            return
        finding = Classifier(Book(ruleset)).classify("Canceled (SW0001)")
        assert finding.class_ in ruleset.catalogue.classes


def text(data: bytes) -> None:
    """A text to be classified."""
    classify, classes = _shipped_rules().classifier.classify, _shipped_rules().ruleset.catalogue.classes
    written = data.decode("utf-8", "surrogatepass") if _is_text(data) else data.decode("latin-1")
    finding = classify(written)
    assert finding.class_ in classes
    assert classify(written) == finding


def mask(data: bytes) -> None:
    """A name, an address and a text in which both may stand."""
    name, _, rest = data.decode("utf-8", "replace").partition(SEPARATOR)
    address, _, written = rest.partition(SEPARATOR)
    known = (*parts(name, address), name, address)
    template = _mask().template(written, known)
    assert len(template) <= MAX_CHARACTERS
    assert template.isprintable()
    left = {word.casefold() for word in _WORD.findall(template.replace(MASK, " "))}
    secret = {word.casefold() for word in parts(name, address)}
    assert left.isdisjoint(secret), "a word of the row's confidential values survives"
    assert _mask().template(template, ()) == template


def listed(data: bytes) -> None:
    """A list of targets over HTTP; an error says nothing of what is in it."""
    try:
        found = parsed(data)
    except TargetsError as error:
        _says_nothing_of(str(error))
        return
    assert len(found) <= MAX_TARGETS
    assert PLANTED not in repr(found)


def door(data: bytes) -> None:
    """A web configuration file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "web.yaml"
        file.write_bytes(data)
        try:
            config = load_web(file)
        except ConfigError:
            return
        assert config.has_users == bool(config.passwords or config.tokens)
        assert file in config.files


def configuration(data: bytes) -> None:
    """The configuration file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "syncwatch.yaml"
        file.write_bytes(data)
        try:
            config = load_config(file, {})
        except ConfigError:
            return
        assert len({tenant.id for tenant in config.tenants}) == len(config.tenants)


TARGETS: Mapping[str, Callable[[bytes], None]] = MappingProxyType(
    {
        "page": page,
        "sheet": sheet,
        "rules": rules,
        "text": text,
        "mask": mask,
        "listed": listed,
        "door": door,
        "configuration": configuration,
    }
)

SEEDS: Mapping[str, tuple[bytes, ...]] = MappingProxyType(
    {
        "page": tuple(
            bytes([number])
            + b'{"data":[{"id":"a","userId":"u","name":"x","mailboxStatus":"Initialized"}],"nextCursor":null}'
            for number in range(len(JSON_TABLES))
        ),
        "sheet": (
            b"\0Name,Synchronization status\nA,Enabled\n",
            b"\1User ID;Mailbox status;Synchronization status\n1;Initialized;Enabled\n",
            b"\2User,Synchronization start date,Status\na,05/02/2023 10:00:03 AM,errors\n",
        ),
        "rules": (
            b"rules:\n- id: a\n  class: sync_interrupted\n  any: ['is down']\n  cases:\n  - text: It is down\n",
        ),
        "text": (b"Canceled (SW0001)", b"<s:Fault><faultcode>a:ErrorServerBusy</faultcode></s:Fault>"),
        "listed": (
            b'[{"targets": ["https://a.example.com"], "labels": {"tenant": "a", "__interval__": "1m"}}]',
        ),
        "door": (
            b"tls_server_config: {cert_file: a.pem, key_file: a.key, min_version: TLS12}\n",
            (
                b"basic_auth_users: {a: $2y$04$abcdefghijklmnopqrstuuXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX}\n"
                b"access: {a: {scopes: [metrics], tenants: [x]}}\nrate_limit: {burst: 5, interval: 1s}\n"
            ),
        ),
        "configuration": (
            b"polling: {interval: 5m}\ntenants: [{id: a, url: 'https://a.example.com', labels: {region: us}}]\n",
            b"maintenance: [{from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z'}]\ntenants: []\n",
        ),
        "mask": (b"Will Grant\0will.grant@mail.example.com\0the mailbox of 'Will Grant' is down",),
    }
)


def _chosen(names: tuple[str, ...], data: bytes) -> tuple[str, bytes]:
    return names[data[0] % len(names)] if data else names[0], data[1:]


def _rows_hold_what_they_promise(name: str, content: Content, ids: tuple[str, ...]) -> None:
    """Every value of every row can be had, since some are made only then, and what is printed shows."""
    for row in content.rows:
        values: dict[str, Any] = {field: getattr(row, field) for field in TABLES[name] if hasattr(row, field)}
        assert all(shows(values[field]) for field in ids if values[field])
        assert "=" not in repr(row), "a row shows a field"
    assert all(shows(id_) for id_ in content.refused)
    if name == "users":
        _become_facts(content)


def _become_facts(content: Content) -> None:
    """What the rows of users become in a poll, up to where no text is left."""
    shipped_ = _shipped_rules()
    finder = Finder("firm", shipped_.classifier.classify, _mask().template, KEY)
    for row in content.rows:
        assert finder.user(row).id == row.id


def _says_nothing_of(message: str) -> None:
    assert PLANTED not in message, "an error quotes what came"


def _is_text(data: bytes) -> bool:
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


class _Rules(NamedTuple):
    ruleset: RuleSet
    classifier: Classifier


@cache
def _profile(name: str) -> CompiledProfile:
    return compile_profile(load_profiles(shipped("panels"))[name], KEY)


@cache
def _shipped_rules() -> _Rules:
    ruleset = load_rules(_SHIPPED.values(), **_USUAL)
    return _Rules(ruleset, Classifier(Book(ruleset)))


@cache
def _mask() -> Mask:
    return Mask(Vocabulary.of(_shipped_rules().ruleset, shipped_words()))
