import pytest

from syncwatch.config import shipped as shipped_module
from syncwatch.config.settings import load_settings
from syncwatch.config.shipped import shipped
from syncwatch.errors import ConfigError


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ("LOG_FORMAT", "LOG_LEVEL", "SHUTDOWN_GRACE", "LISTEN"):
        monkeypatch.delenv(f"SYNCWATCH_{name}", raising=False)
    return monkeypatch


def test_defaults():
    settings = load_settings()
    assert (settings.log_format, settings.log_level) == ("auto", "info")
    assert (settings.shutdown_grace, settings.listen) == (20, None)


def test_the_environment_decides(environment):
    environment.setenv("SYNCWATCH_LOG_FORMAT", "JSON")
    environment.setenv("SYNCWATCH_LOG_LEVEL", "Debug")
    environment.setenv("SYNCWATCH_SHUTDOWN_GRACE", "1m30s")
    environment.setenv("SYNCWATCH_LISTEN", ":8080")
    environment.setenv("SYNCWATCH_SERVICE_HOST", "10.0.0.1")  # not ours: Kubernetes sets it
    settings = load_settings()
    assert (settings.log_format, settings.log_level) == ("json", "debug")
    assert (settings.shutdown_grace, settings.listen) == (90, ("", 8080))


def test_everything_wrong_at_once_by_the_name_of_the_variable(environment):
    for name in ("LOG_FORMAT", "LOG_LEVEL", "SHUTDOWN_GRACE", "LISTEN"):
        environment.setenv(f"SYNCWATCH_{name}", "12hunter2")
    with pytest.raises(ConfigError) as error:
        load_settings()
    assert str(error.value).splitlines() == [
        "environment: SYNCWATCH_LOG_FORMAT: must be 'json', 'console' or 'auto'",
        "environment: SYNCWATCH_LOG_LEVEL: must be 'debug', 'info', 'warning' or 'error'",
        "environment: SYNCWATCH_SHUTDOWN_GRACE: must be a duration: write `250ms`, `30s`, `5m`, `1h30m` or `1d`",
        'environment: SYNCWATCH_LISTEN: must be host:port: write "127.0.0.1:9797", "[::1]:9797" or ":9797"',
    ]


def test_an_installed_program_finds_its_files_inside_itself(environment, tmp_path):
    environment.setattr(shipped_module, "_PACKAGE", tmp_path / "site" / "lib" / "syncwatch")
    folder = tmp_path / "site" / "lib" / "syncwatch" / "shipped" / "rules"
    folder.mkdir(parents=True)
    for name in ("b.yaml", "a.yaml", "notes.txt"):
        (folder / name).write_text("")
    assert shipped("rules") == (folder / "a.yaml", folder / "b.yaml")
    with pytest.raises(ConfigError, match="the shipped panels are missing: install Syncwatch again"):
        shipped("panels")
