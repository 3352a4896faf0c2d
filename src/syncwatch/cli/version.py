"""`syncwatch version`."""

import platform

from syncwatch import __version__


def command() -> None:
    """Print what runs."""
    print(f"syncwatch {__version__} (Python {platform.python_version()})")
