"""What the database may not read: columns under the newest key, and indexes that tell nothing without theirs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings as configured

from casework.privacy import keyring
from casework.privacy.blind import blind_index, normal_account, normal_url
from casework.privacy.fields import Undecipherable
from casework.reports.models import Report

SIGNATURE = Report._meta.get_field("signature")


@pytest.fixture
def ring(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """A copy of the keys that a test may change; its folder."""
    shutil.copytree(configured.CASEWORK_KEYS, tmp_path / "keys")
    settings.CASEWORK_KEYS = tmp_path / "keys"
    keyring._read.cache_clear()
    yield keyring.key_directory()
    keyring._read.cache_clear()


def change(ring: Path, name: str, text: str) -> None:
    (ring / name).write_text(text)
    keyring._read.cache_clear()


def test_a_new_key_writes_and_the_old_one_still_reads(ring: Path) -> None:
    old = (ring / "fields.keys").read_text().strip()
    before = SIGNATURE.get_prep_value("Noor Example")
    new = Fernet.generate_key().decode()
    change(ring, "fields.keys", f"{new}\n{old}\n")
    after = SIGNATURE.get_prep_value("Noor Example")
    assert [SIGNATURE.from_db_value(value, None, None) for value in (before, after)] == ["Noor Example"] * 2
    assert Fernet(new).decrypt(after.encode()) == b"Noor Example"
    with pytest.raises(InvalidToken):
        Fernet(old).decrypt(after.encode())


def test_a_value_whose_key_is_lost_is_an_error_and_not_empty(ring: Path) -> None:
    stored = SIGNATURE.get_prep_value("Noor Example")
    change(ring, "fields.keys", Fernet.generate_key().decode())
    with pytest.raises(Undecipherable, match=r"Report\.signature"):
        SIGNATURE.from_db_value(stored, None, None)


def test_equal_texts_of_different_kinds_have_different_indexes() -> None:
    kinds = ("reference", "digest", "url", "host", "account")
    assert len({blind_index(kind, "same.example") for kind in kinds}) == len(kinds)


def test_another_key_gives_another_index(ring: Path) -> None:
    before = blind_index("host", "pictures.example")
    change(ring, "index.key", "00" * 32)
    assert blind_index("host", "pictures.example") != before


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ("HTTPS://Pictures.Example:443/p/1#top", "https://pictures.example/p/1"),
        ("http://pictures.example.:80", "http://pictures.example/"),
        (" https://pictures.example/p?x=1 ", "https://pictures.example/p?x=1"),
    ],
)
def test_two_spellings_of_one_address_are_one(one: str, same: str) -> None:
    assert normal_url(one) == normal_url(same) == same


@pytest.mark.parametrize(
    "other",
    ["https://pictures.example/P/1", "http://pictures.example/p/1", "https://pictures.example/p/1?x=2"],
)
def test_other_addresses_stay_others(other: str) -> None:
    assert normal_url(other) != normal_url("https://pictures.example/p/1")


def test_an_account_is_one_with_and_without_its_sign() -> None:
    assert normal_account("@Some.Body") == normal_account(" some.body ") == "some.body"
