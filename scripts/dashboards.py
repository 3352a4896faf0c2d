"""Write grafana/dashboards/ from the sources in grafana/authoring/. `--check` only says which file differs."""

import argparse
import json
import sys
from pathlib import Path

GRAFANA = Path(__file__).parents[1] / "grafana"
sys.path.insert(0, str(GRAFANA))

from authoring import DASHBOARDS, as_json  # noqa: E402 - the folder is no installed package


def main() -> int:
    """Write or check; 1 if a file is not what the sources say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 on drift")
    write = not parser.parse_args().check
    drifted = [name for name in DASHBOARDS if not _current(name, write=write)]
    for name in drifted:
        print(f"grafana/dashboards/{name}.json {'written' if write else 'differs from its sources'}")
    return 1 if drifted and not write else 0


def _current(name: str, *, write: bool) -> bool:
    text = json.dumps(as_json(DASHBOARDS[name]()), indent=2, ensure_ascii=False) + "\n"
    file = GRAFANA / "dashboards" / f"{name}.json"
    same = file.exists() and file.read_text(encoding="utf-8") == text
    if write and not same:
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return same


if __name__ == "__main__":
    sys.exit(main())
