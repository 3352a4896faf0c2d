"""What lies in the cluster besides the release, and what the daemon's container sees of both."""

import json

from unit.transport.certificates import Authority

CONFIGURATION = """
web: {config_file: /etc/syncwatch/web/web.yaml}
panels: {files: ["/etc/syncwatch/panels/*.yaml"]}
rules: {files: ["/etc/syncwatch/rules/*.yaml"]}
discovery: {file_sd: [{files: ["/etc/syncwatch/targets/*.yaml"]}]}
credentials:
  firms:
    client_id: syncwatch
    client_secret_file: /etc/syncwatch/secrets/firms/{tenant}
    hosts: ["*.sync.example.com"]
"""
USERS = """
basic_auth_users: {prometheus: "$2y$10$Pi6ZK.Tmuzz2ZUzhu3F1N.WeMJXyL8uLEQ6TXffmHX0qWpVsnTwBO"}
"""
TLS = """
tls_server_config:
  cert_file: /etc/syncwatch/secrets/syncwatch-tls/tls.crt
  key_file: /etc/syncwatch/secrets/syncwatch-tls/tls.key
"""
PROFILE = "profile: litify-inbox-open\nextends: litify-inbox\nauthentication: {none: {}}\n"
RULE = """
rules:
  - {id: gone, class: mailbox_missing_or_disabled, any: ['\\bgone\\b'], cases: [{text: It is gone}]}
"""
TARGETS = [
    {
        "targets": ["https://firm-001.sync.example.com"],
        "labels": {"tenant": "firm-001", "__credentials__": "firms"},
    }
]
SECRET = "Tr0ub4dor&3"


class Cluster:
    """Secrets and ConfigMaps by name, each with its keys; those that the files in ci/ take for existing."""

    def __init__(self, folder):
        authority = Authority(folder)
        certificate, key = authority.issue("syncwatch")
        tls = {"ca.crt": authority.file, "tls.crt": certificate, "tls.key": key}
        self.maps = {
            "syncwatch-fleet": {"fleet.yaml": json.dumps(TARGETS)},
            "syncwatch-profiles": {"open.yaml": PROFILE},
            "syncwatch-rules": {"own.yaml": RULE},
        }
        self.secrets = {
            "syncwatch-configuration": {"daemon.yaml": CONFIGURATION},
            "syncwatch-web": {"web.yaml": USERS},
            "syncwatch-tls": {name: file.read_text() for name, file in tls.items()},
            "syncwatch-journal": {"journal.key": "k" * 32, "password": SECRET},
            "firms": {"firm-001": SECRET, "002": SECRET},
            "exports": {"password": SECRET},
            "vendor": {"client-secret": SECRET},
            "database-ca": {"ca.crt": authority.file.read_text()},
        }

    def mount(self, release, root):
        """Lay out under `root` what the daemon's container would see; gives its environment and its arguments."""
        self.secrets["syncwatch-web"]["web.yaml"] = USERS + (
            TLS if "syncwatch-tls" in str(release.pod) else ""
        )
        maps = self.maps | {each["metadata"]["name"]: each["data"] for each in release.all("ConfigMap")}
        volumes = {each["name"]: each for each in release.pod["volumes"]}
        for mount in release.daemon["volumeMounts"]:
            volume = volumes.get(mount["name"], {})
            files = maps[volume["configMap"]["name"]] if "configMap" in volume else {}
            files = self.secrets[volume["secret"]["secretName"]] if "secret" in volume else files
            folder = root / mount["mountPath"].lstrip("/")
            folder.mkdir(parents=True)
            for name, content in files.items():
                (folder / name).write_text(content.replace("/etc/syncwatch", f"{root}/etc/syncwatch"))
        return self._environment(release), release.daemon["args"]

    def _environment(self, release):
        found = {}
        for each in release.daemon["env"]:
            reference = each.get("valueFrom", {}).get("secretKeyRef")
            found[each["name"]] = (
                self.secrets[reference["name"]][reference["key"]] if reference else each["value"]
            )
        return found
