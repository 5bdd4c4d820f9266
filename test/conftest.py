"""Fixtures of all tests."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parents[2] / "shared"
# Domains 0..101 leave the ports of the operating system alone on every platform; 0 is the users' own.
_domains = (1 + number % 101 for number in itertools.count(os.getpid()))


@pytest.fixture
def shared() -> Path:
    """The folder of recordings, photographs and test sets beside the checkout."""
    if not _SHARED.is_dir():
        pytest.skip("needs ../shared beside the checkout: recordings and test sets that do not ship with it")
    return _SHARED


@pytest.fixture
def ros_domain(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A ROS domain of the test's own, also set in the environment."""
    domain = next(_domains)
    monkeypatch.setenv("ROS_DOMAIN_ID", str(domain))
    yield domain
