"""What tests of escalations share: an empty evidence store of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from casework.evidence.storage import FileStore
from tests.escalations import tips
from tests.escalations.cybertip.server import Tipline


@pytest.fixture(autouse=True)
def store(tmp_path: Path, settings: Any) -> FileStore:
    """An empty evidence store."""
    settings.EVIDENCE_DIR = tmp_path / "evidence"
    return FileStore()


@pytest.fixture
def tipline(settings: Any, tmp_path: Path) -> Iterator[Tipline]:
    """NCMEC's server, and a desk with an account there."""
    with Tipline() as server:
        tips.set_up(settings, server.base, tmp_path)
        yield server
