import traceback
from pathlib import Path
from time import perf_counter

import pytest
from pydantic import BaseModel, ConfigDict, Field, model_validator

from syncwatch.config.document import Document
from syncwatch.config.reader import MAX_BYTES, examine, read, validate
from syncwatch.errors import ConfigError

CANARY = "hunter2-canary"


class Inner(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    id: str = ""
    wait: int = 1
    open: bool = True

    @model_validator(mode="after")
    def _even(self):
        if self.wait == 13:
            raise ValueError("must not be unlucky, ever")
        return self


class Outer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str
    parts: tuple[Inner, ...] = ()
    by_name: dict[str, Inner] = Field(default_factory=dict)
    either: Inner | int = 0
    size: float = Field(default=1.0, gt=0)


@pytest.fixture
def document(tmp_path: Path):
    def write(text: str | bytes) -> Document:
        file = tmp_path / "file.yaml"
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return read(file)

    return write


def lines(error: pytest.ExceptionInfo[ConfigError]) -> list[str]:
    return [str(problem).partition("file.yaml")[2].removeprefix(":") for problem in error.value.problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [1, two, 3.5, true, ~]", {"a": [1, "two", 3.5, True, None]}),
        ("a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}),
        ('a: "001"\nb: !!str 001', {"a": "001", "b": "001"}),
        ("day: 2026-02-30", {"day": "2026-02-30"}),
        ("\ufeffa: ü", {"a": "ü"}),
        ("", {}),
        ("# nothing\n", {}),
        ("---\n- a\n...\n", ["a"]),
    ],
)
def test_what_is_right_becomes_plain_data(document, text, expected):
    assert document(text).data == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n", [
            "4: b.c: the key is there twice, first on line 3: remove one of them",
            "5: a: the key is there twice, first on line 1: remove one of them",
        ]),
        ("a: !python/object:os.system x", ["1: a: tags (`!...`) are not supported: remove the tag"]),
        ("a:\n  - !foo [x]\n  - !foo {x: y}", [
            "2: a[0]: tags (`!...`) are not supported: remove the tag",
            "3: a[1]: tags (`!...`) are not supported: remove the tag",
        ]),
        ("a: !!int x1", ["1: a: is not what its tag says: quote it, or remove the tag"]),
        ("a: !!bool x1", ["1: a: is not what its tag says: quote it, or remove the tag"]),
        ("on: 1\n7: 2\n~: 3", [
            "1: on: a key must be text: quote it",
            '2: ["7"]: a key must be text: quote it',
            '3: ["~"]: a key must be text: quote it',
        ]),
        ("a: &x {b: 1}\nc:\n  <<: *x", ['3: c["<<"]: merge keys (`<<`) are not supported: write the keys out']),
        ("? [a]\n: b", ["1: a key must be text"]),
        ("a: b\nc: d: e", ["2: is not valid YAML: mapping values are not allowed in this context"]),
        ("a: 'b", ["1: is not valid YAML: found unexpected end of stream"]),
        ("a: \x01", [" is not valid YAML: a control character"]),
        (b"a: b\nc: \xff", ["2: is not UTF-8 text"]),
        ("a: b\n---\nc: d", ["2: a file holds one YAML document: remove the `---`"]),
        ("a: *b", ["1: an alias (*) stands for an anchor (&) that is not complete above it"]),
        ("a: &b [*b]", ["1: an alias (*) stands for an anchor (&) that is not complete above it"]),
        (b"#" * (MAX_BYTES + 1), [" is larger than 8 MiB"]),
    ],
)  # fmt: skip
def test_what_is_refused_says_where_and_what_to_do(document, text, expected):
    with pytest.raises(ConfigError) as error:
        document(text)
    assert lines(error) == expected


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(ConfigError, match=r"absent\.yaml: cannot be read: no such file or directory$"):
        read(tmp_path / "absent.yaml")
    with pytest.raises(ConfigError, match=r"cannot be read: is a directory$"):
        read(tmp_path)


@pytest.mark.parametrize("text", ["a: {b: c: d}", "a: \x01", "a: !x!y z"])
def test_without_libyaml_the_same_is_refused(document, monkeypatch, text):
    monkeypatch.delattr("yaml.CSafeLoader")
    with pytest.raises(ConfigError, match="is not valid YAML"):
        document(text)
    assert document("a: [1, &x {b: c}, *x]").data == {"a": [1, {"b": "c"}, {"b": "c"}]}


BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
TOWER = f"a0: &a0 {'[' * 40}x{']' * 40}\n" + "".join(
    f"a{n}: &a{n} {'[' * 40}*a{n - 1}{']' * 40}\n" for n in range(1, 30)
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (BOMB, r":6: aliases add more than 200000 values"),
        (TOWER, r":2: is nested more than 64 levels deep"),
        ("[" * 5_000_000, r":1: is nested more than 64 levels deep"),
        ("{a: " * 1_000_000, r":1: is nested more than 64 levels deep"),
        ("- " * 1_000_000, r":1: is nested more than 64 levels deep"),
    ],
    ids=["bomb", "tower", "brackets", "braces", "dashes"],
)
def test_hostile_files_end_quickly(document, text, expected):
    began = perf_counter()
    with pytest.raises(ConfigError, match=expected):
        document(text)
    assert perf_counter() - began < 10


def test_all_that_does_not_fit_a_model_at_once(document):
    read_document = document(
        "parts:\n"
        "  - {id: p-1, wiat: 2}\n"
        "  - {id: 001, wait: x}\n"
        "  - {id: p-3, open: maybe}\n"
        "  - {id: p-4, wait: 13}\n"
        "  - 7\n"
        "by_name:\n"
        "  one: {id: no}\n"
        "  the two: {zzzzz: 1}\n"
        "size: -1\n"
    )
    with pytest.raises(ConfigError) as error:
        validate(read_document, Outer)
    assert lines(error) == [
        "1: name: is required",
        "2: parts[p-1].wiat: unknown key; did you mean `wait`?",
        "3: parts[1].id: must be text: quote it",
        "3: parts[1].wait: must be a whole number",
        "4: parts[p-3].open: must be true or false",
        "5: parts[p-4]: must not be unlucky, ever",
        "6: parts[4]: must be a mapping (`key: value`)",
        "8: by_name.one.id: must be text: quote it",
        '9: by_name["the two"].zzzzz: unknown key; the known ones are id, open, wait',
        "10: size: must be greater than 0",
    ]


def test_a_location_ends_where_the_file_does(document):
    with pytest.raises(ConfigError) as error:
        validate(document("name: x\neither:\n  wait: soon"), Outer)
    assert lines(error) == [
        "2: either: must be a whole number",
        "3: either.wait: must be a whole number",
    ]


def test_a_document_that_is_no_mapping(document):
    with pytest.raises(ConfigError) as error:
        validate(document("- a"), Outer)
    assert lines(error) == ["1: must be a mapping (`key: value`)"]


def test_a_problem_takes_the_line_of_the_deepest_part_that_is_there(document):
    read_document = document("tenants:\n  - id: t-1\n    url: x\n  - id: a@b\n")
    say = read_document.problem
    assert (say(("tenants", 0, "url"), "m").line, say(("tenants", 0, "url"), "m").location) == (
        3,
        "tenants[t-1].url",
    )
    assert (say(("tenants", 0, "new"), "m").line, say(("tenants", 0, "new"), "m").location) == (
        2,
        "tenants[t-1].new",
    )
    assert say(("tenants", 1), "m").location == "tenants[1]"


def test_what_is_right_in_a_part_can_be_checked_further(document):
    read_document = document("parts: [{id: p-1, wait: x}, {wait: 13}, 5]")
    part, problems = examine(read_document, Inner, at=("parts", 0))
    assert part == Inner(id="p-1")
    assert [problem.location for problem in problems] == ["parts[p-1].wait"]
    assert examine(read_document, Inner, at=("parts", 1))[0] is None
    assert examine(read_document, Inner, at=("parts", 2))[0] is None


@pytest.mark.parametrize(
    "text",
    [
        f"name: [{CANARY}]",
        f"name: x\nsize: {CANARY}",
        f"name: x\nparts: [{{wait: {CANARY}}}]",
        f"name: x\nparts: {CANARY}",
        f"name: !{CANARY} x",
        f"name: !!int {CANARY}",
        f"name: {CANARY}: x",
        f"name: *{CANARY}",
        f"name: '{CANARY}",
        f"%YAML {CANARY}\n---\na: b",
        f"name: {CANARY}".encode() + b"\xff",
    ],
)
def test_no_value_of_a_file_reaches_an_error(document, text):
    with pytest.raises(ConfigError) as error:
        validate(document(text), Outer)
    seen = "".join(traceback.format_exception(error.value)) + repr(error.value)
    assert CANARY not in seen


def test_a_document_prints_nothing_of_itself(document):
    read_document = document(f"name: {CANARY}")
    assert CANARY not in repr(read_document) + repr(read_document.root)
