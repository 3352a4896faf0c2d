"""Lists of targets, as Prometheus' own sources write them."""

import json
import traceback
import tracemalloc

import pytest

from syncwatch.discovery import targets as module
from syncwatch.discovery.targets import MAX_LABELS, TargetsError, in_file, parsed

CANARY = "hunter2-canary"
PROMETHEUS = b"""[
  {"targets": ["https://a.example.com", "https://a.example.com/2"],
   "labels": {"tenant": "a", "__profile__": "own", "__meta_datacenter": "x", "region": "eu"}},
  {"targets": ["https://b.example.com"], "labels": {"tenant": "b", "__profile__": ""}, "source": "x"},
  {"targets": []}
]"""


def entries(targets):
    return [(each.position, each.line, each.tenant, each.entry["url"]) for each in targets]


def test_each_target_of_a_group_has_the_groups_labels():
    targets = parsed(PROMETHEUS)
    assert entries(targets) == [
        (0, None, "a", "https://a.example.com"),
        (1, None, "a", "https://a.example.com/2"),
        (2, None, "b", "https://b.example.com"),
    ]
    assert targets[0].entry == {
        "id": "a",
        "url": "https://a.example.com",
        "profile": "own",
        "parameters": {},
        "labels": {"region": "eu"},
    }
    assert "profile" not in targets[2].entry, "an empty label is none"


def test_files_are_json_or_yaml_by_their_names(tmp_path):
    (tmp_path / "t.json").write_bytes(PROMETHEUS)
    (tmp_path / "t.yml").write_text(
        "- targets: [https://a.example.com, https://a.example.com/2]\n"
        "  labels: {tenant: a, __profile__: own, __meta_datacenter: x, region: eu}\n"
        "- targets: ['https://b.example.com']\n"
        "  labels: {tenant: b}\n"
    )
    as_json, as_yaml = in_file(tmp_path / "t.json"), in_file(tmp_path / "t.yml")
    assert as_json == as_yaml
    assert [each.line for each in as_yaml] == [1, 1, 3]
    assert {each.file for each in as_yaml} == {tmp_path / "t.yml"}
    (tmp_path / "t.yml").write_text("# none any more\n")
    assert in_file(tmp_path / "t.yml") == ()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>" + CANARY.encode(),
        b'{"targets": []}',
        b'[{"targets": "https://a"}]',
        b'[{"targets": [1]}]',
        b'[{"targets": [], "labels": {"' + CANARY.encode() + b'": 1}}]',
        b'[{"targets": [], "labels": []}]',
        b"[null]",
        b'[{"targets": ["\xff"]}]',
        b'[{"x": ' + b"[" * 100_000,
        b'[{"targets": ["https://a"]}',
    ],
)
def test_a_list_of_another_shape_is_refused_as_a_whole_and_not_shown(body):
    with pytest.raises(TargetsError, match=r'^is not a list of {"targets"') as error:
        parsed(body)
    assert error.value.__context__ is None
    assert CANARY not in "".join(traceback.format_exception(error.value))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("- targets: [a]\n  labels: {x: 1}\n", "is not a list of"),
        ("a: [\n", "line 2: is not valid YAML"),
        ("- targets: [a]\n  targets: [b]\n", "line 2: the key is there twice"),
        ("- &a [*a]\n", "line 1: an alias"),
    ],
)
def test_yaml_that_is_no_list_of_targets(tmp_path, content, says):
    (tmp_path / "t.yaml").write_text(content)
    with pytest.raises(TargetsError, match=f"^{says}") as error:
        in_file(tmp_path / "t.yaml")
    assert error.value.__context__ is None


def test_a_list_of_very_many_objects_is_refused_before_they_are_made():
    body = b"[" + b",".join([b"{}"] * (module.MAX_OBJECTS + 1)) + b"]"
    tracemalloc.start()
    with pytest.raises(TargetsError, match="has more objects than 100000 targets need"):
        parsed(body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20


def test_targets_of_a_group_share_what_its_labels_say():
    labels = {"tenant": "a", "region": "eu", "__parameter_x__": "1"}
    first, last = parsed(json.dumps([{"targets": ["x", "y"], "labels": labels}]).encode())
    assert (first.entry["url"], last.entry["url"]) == ("x", "y")
    assert first.entry["labels"] is last.entry["labels"]
    assert first.entry["parameters"] is last.entry["parameters"]


def test_a_list_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_TARGETS", 3)
    monkeypatch.setattr(module, "MAX_FILE", 1000)
    assert len(parsed(json.dumps([{"targets": ["a", "b", "c"]}]).encode())) == 3
    for groups in ([{"targets": ["a", "b"]}] * 2, [{}] * 4):
        with pytest.raises(TargetsError, match="has more than 3 targets"):
            parsed(json.dumps(groups).encode())
    labels = {f"l{n}": "" for n in range(MAX_LABELS + 1)}
    with pytest.raises(TargetsError, match="more than 100 labels"):
        parsed(json.dumps([{"targets": ["a"], "labels": labels}]).encode())
    (tmp_path / "t.json").write_bytes(b" " * 1001)
    with pytest.raises(TargetsError, match="is larger than"):
        in_file(tmp_path / "t.json")
