"""config/syncwatch.yaml is the reference: it loads, names every option, and states the true defaults."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from syncwatch.config.loader import load
from syncwatch.config.reader import read
from syncwatch.config.schema import CredentialSection, Outline, Section, StateSection, TenantSection
from syncwatch.config.settings import PREFIX, Settings
from syncwatch.config.shipped import shipped

FILE = Path(__file__).parents[3] / "config" / "syncwatch.yaml"


def test_it_loads():
    config = load(FILE, {"FIRM_001_SECRET": "x"})
    assert [tenant.id for tenant in config.tenants] == ["firm-001"]
    assert config.warnings == ()


@pytest.mark.parametrize("section", ["web", "state", "polling", "diagnosis", "privacy", "panels", "rules"])
def test_it_states_every_option_with_its_default(section):
    model: type[BaseModel] = Outline.model_fields[section].annotation
    written = read(FILE).data[section]
    has_default = {name for name, field in model.model_fields.items() if field.default is not None}
    assert set(written) == has_default
    assert model.model_validate(written) == model()


@pytest.mark.parametrize("model", [CredentialSection, StateSection, TenantSection, Outline])
def test_it_names_every_other_option(model: type[Section]):
    text = FILE.read_text()
    assert [name for name in model.model_fields if f"{name}:" not in text] == []


def test_it_names_every_variable():
    text = FILE.read_text()
    assert [name for name in Settings.model_fields if f"{PREFIX}{name.upper()} " not in text] == []


@pytest.mark.parametrize("kind", ["panels", "rules"])
def test_shipped_files_are_found_in_the_checkout(kind):
    files = shipped(kind)
    assert files == tuple(sorted(files))
    assert all(file.is_file() and file.suffix == ".yaml" for file in files)
