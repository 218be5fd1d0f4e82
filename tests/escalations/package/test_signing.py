"""The key of packages: only workers sign with it, and everybody can learn its public half."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.test import override_settings

from casework.escalations.package import assembling, identity
from casework.privacy.keyring import KeyMissing, key_directory

from .making import make_facts


@pytest.fixture
def web_keys(tmp_path: Path) -> Path:
    """The ring of a web process, without the workers' beside it."""
    shutil.copytree(Path(settings.CASEWORK_KEYS) / "web", tmp_path / "web")
    return tmp_path


def test_the_web_knows_the_key_to_expect_and_can_not_sign(web_keys: Path) -> None:
    expected = identity.signer().verifier
    with override_settings(CASEWORK_KEYS=web_keys, CASEWORK_ROLE="web"):
        assert identity.verifier() == expected
        with pytest.raises(KeyMissing, match=r"package\.key"):
            identity.signer()


def test_packages_and_the_log_are_signed_with_different_keys() -> None:
    keys = key_directory()
    assert (keys / "package.key").read_text() != (keys / "seal.key").read_text()


def test_a_package_of_this_desk_carries_its_name() -> None:
    note = assembling.prepared(make_facts(), identity.signer()).note.decode()
    assert f"\n\u2014 {settings.PACKAGE_SIGNER} " in note
