"""What people read, rendered by Alertmanager's own tool. After a change that is meant: GOLDEN=write pytest tests/alerts."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from alerts.alertmanager import CONFIG
from alerts.messages import MESSAGES
from integration.serving import ROOT
from syncwatch.model import Owner
from tools import tool

GOLDEN = ROOT / "tests" / "golden" / "alertmanager"


def rendered(text: str, data: dict[str, Any], folder, kind: str = "text") -> str:
    """What the shipped templates make of it."""
    file = folder / "data.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    glob = f"--template.glob={CONFIG.parent / 'templates' / '*.tmpl'}"
    command = [tool("amtool"), "template", "render", glob, f"--template.type={kind}"]
    command += [f"--template.text={text}", f"--template.data={file}"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not answer.returncode, answer.stderr
    return answer.stdout


def texts(part: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every piece of a receiver that is a template, with its place."""
    if isinstance(part, str) and "{{" in part:
        yield path, part
    elif isinstance(part, dict):
        for name, inner in part.items():
            yield from texts(inner, f"{path} {name}")
    elif isinstance(part, list):
        for inner in part:
            yield from texts(inner, path)


def sent(*receivers: str) -> list[tuple[str, str]]:
    configured = {receiver["name"]: receiver for receiver in yaml.safe_load(CONFIG.read_text())["receivers"]}
    return [found for name in receivers for found in texts(configured[name], name)]


PLAIN = "".join(
    f"=== {path}\n{text}\n"
    for path, text in sent("pager-support", "desk-sre", "desk-support")
    if "html" not in path
)
HTML = next(text for path, text in sent("desk-support") if "html" in path)


def agrees(name: str, said: str) -> None:
    golden = GOLDEN / name
    if os.environ.get("GOLDEN") == "write":
        golden.write_text(said, encoding="utf-8")
    assert said == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_says_in_every_medium_what_its_golden_file_says(name, tmp_path):
    agrees(f"{name}.txt", rendered(PLAIN, MESSAGES[name], tmp_path))
    agrees(f"{name}.html", rendered(HTML, MESSAGES[name], tmp_path, "html"))


def test_no_message_shows_anything_but_what_our_rules_set(tmp_path):
    for data in MESSAGES.values():
        said = rendered(PLAIN, data, tmp_path) + rendered(HTML, data, tmp_path, "html")
        assert "NOT OURS" not in said
        assert "internal.example.com" not in said


def test_every_owner_is_called_by_words(tmp_path):
    text = "".join(f'{{{{ template "syncwatch.owner" "{owner}" }}}}\n' for owner in Owner)
    words = rendered(text, MESSAGES["over"], tmp_path).split("\n")
    assert len({word for word in words if word}) == len(Owner)
    assert not any("_" in word for word in words)


def test_a_label_cannot_forge_markup_in_a_chat_nor_in_an_html_mail(tmp_path):
    data = MESSAGES["awkward-names"]
    assert "<!here>" not in rendered('{{ template "syncwatch.chat.text" . }}', data, tmp_path)
    assert re.search(r"<b>|<!here", rendered(HTML, data, tmp_path, "html")) is None
