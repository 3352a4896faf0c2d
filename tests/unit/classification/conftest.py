"""Small rule files, and the rules that come with the program."""

from collections.abc import Callable
from pathlib import Path

import pytest

from syncwatch.classification.catalogue import FILE_NAME
from syncwatch.classification.classifier import Classifier
from syncwatch.classification.ruleset import RuleSet, load_rules
from syncwatch.config.shipped import shipped

CATALOGUE_FILE = next(file for file in shipped("rules") if file.name == FILE_NAME)


@pytest.fixture(scope="session")
def ruleset() -> RuleSet:
    return load_rules(shipped("rules"), catalogue_file=CATALOGUE_FILE)


@pytest.fixture(scope="session")
def classifier(ruleset: RuleSet) -> Classifier:
    return Classifier(ruleset)


@pytest.fixture
def rules(tmp_path: Path) -> Callable[..., RuleSet]:
    """Load rule files given as `name="text"`, by the shipped catalogue."""

    def load(**files: str) -> RuleSet:
        paths = []
        for name, text in files.items():
            path = tmp_path / f"{name}.yaml"
            path.write_text(text, encoding="utf-8")
            paths.append(path)
        return load_rules(paths, catalogue_file=CATALOGUE_FILE)

    return load
