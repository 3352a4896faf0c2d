"""Certificates of an authority made for a test, by the openssl command."""

import ssl
import subprocess
from pathlib import Path

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")


class Authority:
    """An authority whose files lie in `folder`.

    Attributes:
        file: its own certificate.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "authority.pem"
        self._key = folder / "authority.key"
        _openssl("req", "-x509", *KEY, "-nodes", "-subj", "/CN=Test", "-days", "2",
                 "-keyout", self._key, "-out", self.file)  # fmt: skip

    def issue(self, name: str, host: str = "IP:127.0.0.1", password: str | None = None) -> tuple[Path, Path]:
        """The files of a certificate for `host` and its key, which may need a password."""
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        hidden = ("-passout", f"pass:{password}") if password else ("-nodes",)
        _openssl("req", "-x509", *KEY, *hidden, "-subj", f"/CN={name}", "-days", "2",
                 "-addext", f"subjectAltName={host}", "-CA", self.file, "-CAkey", self._key,
                 "-keyout", key, "-out", certificate)  # fmt: skip
        return certificate, key

    def server(self, name: str = "server", host: str = "IP:127.0.0.1") -> ssl.SSLContext:
        """What a server of this name goes by."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issue(name, host))
        return context


def _openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
