"""Each test has an index directory of its own, and nothing open from another test."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from casework.hashbanks import indexing


@pytest.fixture(autouse=True)
def index(tmp_path: Path, settings: Any) -> Iterator[Path]:
    """Where the index of this test is made."""
    settings.HASH_INDEX_DIR = tmp_path / "index"
    indexing._open.clear()
    yield settings.HASH_INDEX_DIR
    indexing._open.clear()


@pytest.fixture
def loopback_allowed(settings: Any) -> None:
    """The operator has listed loopback, where the servers of the tests are."""
    settings.OUTBOUND_ALLOWED_NETS = (ipaddress.ip_network("127.0.0.0/8"),)
