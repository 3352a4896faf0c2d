from pathlib import Path

from syncwatch.config import used
from syncwatch.config.loader import load

CONFIG = """
web: {config_file: web.yaml}
state: {url: "postgresql://u@localhost/d", key_file: key, password_file: secrets/db}
credentials:
  each: {token_file: "secrets/{tenant}"}
  shared: {token_file: secrets/shared}
  variable: {token_env: TOKEN}
panels: {files: ["panels/*.yaml"]}
rules: {files: [/srv/none/../rules.yaml, "rules/*.yaml"]}
discovery:
  file_sd: [{files: ["targets/*.json"]}]
  http_sd: [{url: "https://i", credentials: shared, tls: {ca_file: ca.pem}}]
tenants:
  - {id: a, url: "https://a", credentials: each, tls: {ca_file: ca.pem}}
  - {id: b, url_file: b.url, credentials: shared, proxy: {url: "http://p", username: u, password_file: secrets/proxy}}
  - {id: c, url: "https://c", credentials: shared}
  - {id: d, url: "https://d", credentials: variable}
"""


def test_every_file_in_use_is_known_and_whose_it_is(tmp_path, monkeypatch):
    contents = {"b.url": "https://b", "rules/x.yaml": "", "panels/x.yaml": "", "ca.pem": ""}
    contents |= {f"secrets/{name}": "s" for name in ("db", "a", "shared", "proxy")}
    for name, content in contents.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    (tmp_path / "syncwatch.yaml").write_text(CONFIG.replace("/srv/none/..", str(tmp_path)))
    (tmp_path / "rules.yaml").write_text("")
    monkeypatch.chdir(tmp_path)
    config = load(Path("syncwatch.yaml"), {"TOKEN": "t"})
    names = ("syncwatch.yaml", "web.yaml", "panels/x.yaml", "rules.yaml", "rules/x.yaml")
    assert used.files(config) == {tmp_path / name for name in names}
    patterns = ("panels/*.yaml", "rules.yaml", "rules/*.yaml")
    assert used.patterns(config) == {f"{tmp_path}/{pattern}" for pattern in patterns}
    assert used.target_patterns(config) == {f"{tmp_path}/targets/*.json"}
    users = {
        "secrets/db": set(),
        "secrets/a": {"a"},
        "secrets/shared": {"b", "c"},
        "secrets/proxy": {"b"},
        "b.url": {"b"},
        "ca.pem": {"a"},
    }
    assert used.secret_files(config) == {tmp_path / name: ids for name, ids in users.items()}
