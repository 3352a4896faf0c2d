"""Authorities whose certificates nobody trusts who is not told to."""

import pytest

from unit.transport.certificates import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory) -> Authority:
    """One of them."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def stranger(tmp_path_factory) -> Authority:
    """Another one, of the same name."""
    return Authority(tmp_path_factory.mktemp("stranger"))
