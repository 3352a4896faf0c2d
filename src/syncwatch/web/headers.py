"""Headers of every answer: nothing is stored, framed, sniffed or run.

What the web configuration file says goes over it. No version is told.
"""

from collections.abc import Mapping
from types import MappingProxyType

YEAR = 31_536_000  # seconds

ALWAYS: Mapping[str, str] = MappingProxyType(
    {
        "Cache-Control": "no-store",
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "Server": "syncwatch",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "deny",
    }
)
WITH_TLS: Mapping[str, str] = MappingProxyType({**ALWAYS, "Strict-Transport-Security": f"max-age={YEAR}"})
