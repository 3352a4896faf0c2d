"""Makes what helm/syncwatch has from elsewhere: rules, dashboards, the schema of `config`, and the tables of its README.

`--check` only says what drifted; `--package` makes the archive that Helm installs, with the version that it is given. The chart carries copies, because a chart reads no file outside of itself. The part of
values.schema.json that is about the daemon's configuration comes from the models that the daemon reads it by; the rest of
the schema, and the README outside of its tables, are written by hand.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from syncwatch.config.schema import CredentialSection, Outline, TenantSection

ROOT = Path(__file__).parents[1]
CHART = ROOT / "helm" / "syncwatch"
COPIED = {"rules": "config/prometheus/rules/*.yaml", "dashboards": "grafana/dashboards/*.json"}
# What only the chart can know, because it mounts it; a person who says it too would be overruled.
OURS = {
    "WebSection": {"listen", "config_file", "allow_unauthenticated"},
    "StateSection": {"path", "url", "password_file", "password_env", "key_file"},
}
BEGIN, END = "<!-- Made by scripts/chart.py from values.yaml. -->\n", "<!-- End of what is made. -->\n"

_LINE = re.compile(r"(?P<indent> *)(?:# -- (?P<words>.*)|(?P<key>\w+):.*)|## (?P<heading>.*)")


def made() -> Iterator[tuple[Path, str]]:
    """Every file that is made, with its content."""
    for folder, pattern in COPIED.items():
        for file in sorted(ROOT.glob(pattern)):
            yield CHART / "files" / folder / file.name, file.read_text(encoding="utf-8")
    yield CHART / "values.schema.json", _schema()
    yield CHART / "README.md", _readme()


def _schema() -> str:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    own = {name: part for name, part in schema["$defs"].items() if name[0].islower()}
    schema["$defs"] = own | dict(sorted(_configuration().items()))
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _configuration() -> dict[str, Any]:
    """The models of the configuration as JSON Schema, without what the chart says itself."""
    models: dict[str, Any] = {}
    for model in (Outline, CredentialSection, TenantSection):
        part = model.model_json_schema()
        models |= part.pop("$defs", {}) | {model.__name__: part}
    sections = models["Outline"]["properties"]
    sections["credentials"] = {
        "type": "object",
        "additionalProperties": {"$ref": "#/$defs/CredentialSection"},
    }
    sections["tenants"] = {"type": "array", "items": {"$ref": "#/$defs/TenantSection"}}
    for name, keys in OURS.items():
        for key in keys:
            del models[name]["properties"][key]
    del models["Address"]  # of `listen` alone
    return {name: _plain(model) for name, model in models.items()}


def _plain(part: Any) -> Any:
    """Without what says nothing, and without null: in values it means that a key is taken away."""
    if isinstance(part, list):
        return [_plain(each) for each in part]
    if not isinstance(part, dict):
        return part
    kept = {key: value for key, value in part.items() if key not in {"title", "default", "description"}}
    if "properties" in part:
        kept["properties"] = {key: _plain(value) for key, value in part["properties"].items()}
    choices = [each for each in kept.pop("anyOf", ()) if each != {"type": "null"}]
    if len(choices) == 1:
        return _plain(kept | choices[0])
    rest = {key: value if key == "properties" else _plain(value) for key, value in kept.items()}
    return rest | ({"anyOf": _plain(choices)} if choices else {})


def _readme() -> str:
    text = (CHART / "README.md").read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "".join(f"{line}\n" for line in _tables()) + END + after


def _tables() -> Iterator[str]:
    text = (CHART / "values.yaml").read_text(encoding="utf-8")
    values = yaml.safe_load(text)
    for heading, path, words in documented(text):
        if heading:
            yield f"\n### {heading}\n\n| value | default | what it is |\n|---|---|---|"
            continue
        default: Any = values
        for key in path:
            default = default[key]
        shown = json.dumps(default).replace("|", "\\|")
        yield f"| `{'.'.join(path)}` | `{shown}` | {words.replace('|', chr(92) + '|')} |"
    yield ""


def documented(text: str) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Each heading of values.yaml, and each value that a comment speaks of, by its path."""
    path: list[tuple[int, str]] = []
    words = ""
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        if match["heading"]:
            yield match["heading"], (), ""
        elif match["words"]:
            words = match["words"]
        else:
            indent = len(match["indent"])
            path = [*((depth, key) for depth, key in path if depth < indent), (indent, match["key"])]
            if words:
                yield "", tuple(key for _, key in path), words
            words = ""


def _package(version: str, into: Path) -> int:
    import helm_python  # noqa: PLC0415 - heavy, and not on every platform

    print(helm_python.package(CHART, destination=into, version=version, app_version=version))
    return 0


def main() -> int:
    """Write or check; 1 if something is not what it is made from."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 on drift")
    parser.add_argument("--package", metavar="VERSION", help="write nothing but the chart's archive")
    parser.add_argument("--into", type=Path, default=ROOT / "dist", help="where the archive goes")
    options = parser.parse_args()
    if options.package:
        return _package(options.package, options.into)
    check = options.check
    wanted = dict(made())
    there = {file for folder in COPIED for file in (CHART / "files" / folder).glob("*")}
    drifted = sorted(
        {file for file, text in wanted.items() if not file.exists() or file.read_text("utf-8") != text}
        | (there - wanted.keys())
    )
    for file in drifted:
        if check:
            print(f"{file.relative_to(ROOT)} differs from what it is made from: run scripts/chart.py")
        elif file in wanted:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(wanted[file], encoding="utf-8")
        else:
            file.unlink()
    return 1 if check and drifted else 0


if __name__ == "__main__":
    sys.exit(main())
