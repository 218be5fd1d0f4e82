"""What the evidence tests share: an empty store of their own, benign pictures, and addresses that take files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from casework.evidence.models import Blob, Wrap
from casework.evidence.sealing import Sealed, seal
from casework.evidence.storage import FileStore
from casework.privacy import keyring


@pytest.fixture(autouse=True)
def vault(tmp_path: Path, settings: Any) -> FileStore:
    """An empty evidence store."""
    settings.EVIDENCE_DIR = tmp_path / "evidence"
    return FileStore()


@pytest.fixture
def as_web(settings: Any) -> Iterator[None]:
    """This process holds what a web process holds, and no more."""
    settings.CASEWORK_ROLE = "web"
    keyring._read.cache_clear()
    yield
    keyring._read.cache_clear()


@pytest.fixture
def sealed(vault: FileStore) -> Callable[..., Sealed]:
    """Bytes sealed as an original (or as *kind*) would be."""

    def make(data: bytes, kind: str = Blob.Kind.ORIGINAL) -> Sealed:
        to = Wrap.Recipient.VAULT if kind == Blob.Kind.ORIGINAL else Wrap.Recipient.VIEW
        return seal(data, kind, to)

    return make
