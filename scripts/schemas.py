"""Writes the JSON Schemas of the files under config/rules, for editors. `--check` only says whether they drifted."""

import argparse
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from syncwatch.classification import catalogue, ruleset, wrappers

FOLDER = Path(__file__).parents[1] / "config" / "rules"
MODELS: Mapping[str, type[BaseModel]] = MappingProxyType(
    {"rules": ruleset.File, "classes": catalogue.File, "wrappers": wrappers.File}
)


_ATTRIBUTE = re.compile(r"^    (\w+): (.+(?:\n        .+)*)", re.MULTILINE)


def schema(name: str) -> str:
    """The schema of one kind of file."""
    made = MODELS[name].model_json_schema(by_alias=True)
    for model in (made, *made["$defs"].values()):
        _explain(model)
    made = {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": f"Syncwatch: {name}"}
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def _explain(model: dict[str, Any]) -> None:
    """What a docstring says of an attribute is what an editor shows at its key."""
    text, _, attributes = model.get("description", "").partition("\n\nAttributes:\n")
    model["description"] = " ".join(text.split())
    said = {key.rstrip("_"): " ".join(words.split()) for key, words in _ATTRIBUTE.findall(attributes)}
    for key, value in model.get("properties", {}).items():
        value.pop("title", None)
        if "patternProperties" in value:
            value["additionalProperties"] = False
        words = said.get(key, said.get(f"{key}s"))  # a key that may hold one owner holds `owners` in the code
        if words is not None:
            value["description"] = words


def main() -> int:
    """Write or check; 1 if a schema is not what the code says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 on drift")
    check = parser.parse_args().check
    drifted = 0
    for name in MODELS:
        file = FOLDER / f"{name}.schema.json"
        if check and (not file.is_file() or file.read_text(encoding="utf-8") != schema(name)):
            print(f"config/rules/{file.name} differs from the code")
            drifted = 1
        elif not check:
            file.write_text(schema(name), encoding="utf-8")
    return drifted


if __name__ == "__main__":
    sys.exit(main())
