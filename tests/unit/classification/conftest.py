"""Small rule files, and the rules that come with the program."""

from collections.abc import Callable
from pathlib import Path

import pytest

from syncwatch import setup
from syncwatch.classification import catalogue, wrappers
from syncwatch.classification.book import Book
from syncwatch.classification.classifier import Classifier
from syncwatch.classification.ruleset import RuleSet, load_rules
from syncwatch.config.shipped import shipped

SHIPPED = {file.name: file for file in shipped("rules")}
USUAL = {
    "catalogue_file": SHIPPED[catalogue.FILE_NAME],
    "wrappers_file": SHIPPED[wrappers.FILE_NAME],
}


@pytest.fixture(scope="session")
def ruleset(shipped_rules) -> RuleSet:
    return setup.ready_rules()[0]


@pytest.fixture(scope="session")
def book(shipped_rules) -> Book:
    return setup.ready_rules()[1]


@pytest.fixture(scope="session")
def classifier(book: Book) -> Classifier:
    return Classifier(book)


@pytest.fixture
def rules(tmp_path: Path) -> Callable[..., RuleSet]:
    """Load rule files given as `name="text"`, by the shipped catalogue."""

    def load(**files: str) -> RuleSet:
        paths = []
        for name, text in files.items():
            path = tmp_path / f"{name}.yaml"
            path.write_text(text, encoding="utf-8")
            paths.append(path)
        return load_rules(paths, **USUAL)

    return load
