"""config/syncwatch.yaml is the reference: it loads, names every option, and states the true defaults."""

import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from syncwatch.config.loader import load
from syncwatch.config.reader import read
from syncwatch.config.schema import CredentialSection, Outline, Section, TenantSection
from syncwatch.config.settings import PREFIX, Settings
from syncwatch.config.shipped import shipped

FILE = Path(__file__).parents[3] / "config" / "syncwatch.yaml"


def test_it_loads():
    config = load(FILE, {"FIRM_001_SECRET": "x"})
    assert [tenant.id for tenant in config.tenants] == ["firm-001"]
    assert config.warnings == ()


@pytest.mark.parametrize(
    "section",
    ["web", "reload", "state", "polling", "budgets", "diagnosis", "privacy", "panels", "rules", "discovery"],
)
def test_it_states_every_option_with_its_default(section):
    model: type[BaseModel] = Outline.model_fields[section].annotation
    written = read(FILE).data[section]
    has_default = {name for name, field in model.model_fields.items() if field.default is not None}
    assert set(written) == has_default
    assert model.model_validate(written) == model()


def _sections(model: type[BaseModel]) -> set[type[BaseModel]]:
    """All sections that can stand in one, itself included."""
    below = {found for field in model.model_fields.values() for found in _models(field.annotation)}
    return {model}.union(*map(_sections, below))


def _models(annotation) -> set[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return {found for argument in get_args(annotation) for found in _models(argument)}


@pytest.mark.parametrize("model", sorted(_sections(Outline) | {CredentialSection, TenantSection}, key=str))
def test_it_names_every_option(model: type[Section]):
    text = FILE.read_text()
    names = [field.alias or name for name, field in model.model_fields.items()]
    assert [name for name in names if f"{name}:" not in text] == []


def test_what_is_commented_out_is_right_too(tmp_path):
    """The sections that are stated by example only, with the comments taken off."""
    text = FILE.read_text()
    for section in ("file_sd", "http_sd", "maintenance"):
        text = re.sub(rf"(?m)^( *){section}: \[\]\n(( *# .*\n)+)", _uncommented, text)
    for key in ("budget_group", "onboarding_until", "proxy", "tls"):
        text = re.sub(rf"(?m)^    # ({key}: )", r"    \1", text)
    for name in ("firm-001-ca.pem", "client.pem", "client.key"):
        (tmp_path / name).write_text("")
    text = text.replace("/run/secrets/proxy", "client.key").replace(
        "credentials: inventory", "credentials: reader"
    )
    text = re.sub(r"(?m)^  # (reader:)\n  #   (token_file: ).*$", r"  \1\n    \2client.key", text)
    (tmp_path / "client.key").write_text("secret")
    (tmp_path / "syncwatch.yaml").write_text(text)
    config = load(tmp_path / "syncwatch.yaml", {"FIRM_001_SECRET": "x"})
    assert len(config.discovery) == 2
    (tenant,) = config.tenants
    assert len(tenant.maintenance) == 2
    assert tenant.tls is not None
    assert tenant.proxy is not None


def _uncommented(match: re.Match[str]) -> str:
    return re.sub(r"(?m)^( *)# ", r"\1", match[2])


def test_it_names_every_variable():
    text = FILE.read_text()
    assert [name for name in Settings.model_fields if f"{PREFIX}{name.upper()} " not in text] == []


@pytest.mark.parametrize("kind", ["panels", "rules"])
def test_shipped_files_are_found_in_the_checkout(kind):
    files = shipped(kind)
    assert files == tuple(sorted(files))
    assert all(file.is_file() and file.suffix == ".yaml" for file in files)
