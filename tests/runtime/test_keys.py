"""Keys are made once, together, for their owner's eyes only, and never overwritten."""

from __future__ import annotations

import stat
from pathlib import Path

import pyrage
import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from casework.runtime.keys import SHARED, WEB, WORKER, check_rings, ensure_keys
from casework.runtime.problem import Problem


def contents(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


def test_the_first_start_makes_both_rings_for_the_owner_only(tmp_path: Path) -> None:
    assert ensure_keys(tmp_path / "keys")
    made = contents(tmp_path / "keys")
    assert set(made) == {f"web/{name}" for name in WEB} | {f"worker/{name}" for name in WORKER}
    for path in (tmp_path / "keys").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_the_web_ring_holds_neither_the_vault_nor_the_seal_nor_the_queue(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    secret = [
        (tmp_path / "worker" / name).read_text().strip()
        for name in ("vault.key", "seal.key", "package.key", "queue_key")
    ]
    web = "".join(path.read_text() for path in (tmp_path / "web").iterdir())
    assert [key for key in secret if key in web] == []


def test_what_the_web_seals_only_the_worker_opens(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    recipient = pyrage.x25519.Recipient.from_str((tmp_path / "web/vault.pub").read_text().strip())
    sealed = pyrage.encrypt(b"a lighthouse", [recipient])
    vault = pyrage.x25519.Identity.from_str((tmp_path / "worker/vault.key").read_text().strip())
    view = pyrage.x25519.Identity.from_str((tmp_path / "web/view.key").read_text().strip())
    assert pyrage.decrypt(sealed, [vault]) == b"a lighthouse"
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(sealed, [view])


def test_every_key_has_the_form_its_user_expects(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    Fernet((tmp_path / "web/fields.keys").read_text().strip())
    Ed25519PrivateKey.from_private_bytes(bytes.fromhex((tmp_path / "worker/seal.key").read_text()))
    for name in ("index.key", "mark.key"):
        assert len(bytes.fromhex((tmp_path / "web" / name).read_text())) == 32


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    before = contents(tmp_path)
    assert not ensure_keys(tmp_path)
    assert contents(tmp_path) == before


def test_rings_of_a_version_that_knew_no_marks_get_one_key_in_both(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    for ring in ("web", "worker"):
        (tmp_path / ring / "mark.key").unlink()
    before = contents(tmp_path)
    assert not ensure_keys(tmp_path)
    after = contents(tmp_path)
    assert after["web/mark.key"] == after["worker/mark.key"] != b""
    assert {name: text for name, text in after.items() if name in before} == before
    assert stat.S_IMODE((tmp_path / "web/mark.key").stat().st_mode) == 0o600


def test_rings_of_a_version_that_knew_no_packages_get_a_pair_that_fits(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    for name in ("web/package.pub", "worker/package.pub", "worker/package.key"):
        (tmp_path / name).unlink()
    before = contents(tmp_path)
    assert not ensure_keys(tmp_path)
    after = contents(tmp_path)
    assert {name: text for name, text in after.items() if name in before} == before
    assert "web/package.key" not in after
    signing = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(after["worker/package.key"].decode()))
    public = signing.public_key().public_bytes_raw().hex()
    assert after["web/package.pub"].decode().strip() == after["worker/package.pub"].decode().strip() == public


@pytest.mark.parametrize("left", ["web/package.pub", "worker/package.pub", "worker/package.key"])
def test_half_of_the_package_key_is_not_replaced_by_another(tmp_path: Path, left: str) -> None:
    ensure_keys(tmp_path)
    for name in {"web/package.pub", "worker/package.pub", "worker/package.key"} - {left}:
        (tmp_path / name).unlink()
    before = contents(tmp_path)
    with pytest.raises(Problem, match="package"):
        ensure_keys(tmp_path)
    assert contents(tmp_path) == before


def test_a_mark_key_that_one_ring_alone_has_lost_is_not_made_anew(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    (tmp_path / "web/mark.key").unlink()
    with pytest.raises(Problem, match=r"web/mark\.key"):
        ensure_keys(tmp_path)
    assert not (tmp_path / "web/mark.key").exists()


@pytest.mark.parametrize("lost", ["web/secret_key", "worker/vault.key", "worker/seal.key", "web/fields.keys"])
def test_a_lost_key_is_named_and_nothing_is_made_anew(tmp_path: Path, lost: str) -> None:
    ensure_keys(tmp_path)
    (tmp_path / lost).unlink()
    before = contents(tmp_path)
    with pytest.raises(Problem, match=lost):
        ensure_keys(tmp_path)
    assert contents(tmp_path) == before


def test_a_ring_without_the_other_is_an_error_and_nothing_is_made(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    with pytest.raises(Problem, match="worker/vault.key"):
        ensure_keys(tmp_path)
    assert contents(tmp_path) == {}


def test_an_empty_key_file_counts_as_lost(tmp_path: Path) -> None:
    ensure_keys(tmp_path)
    (tmp_path / "worker/vault.key").write_text("")
    with pytest.raises(Problem, match="worker/vault.key"):
        check_rings(tmp_path)


@pytest.mark.parametrize("name", SHARED)
def test_rings_from_different_backups_are_told_apart(tmp_path: Path, name: str) -> None:
    ensure_keys(tmp_path / "a")
    ensure_keys(tmp_path / "b")
    (tmp_path / "a/web" / name).write_bytes((tmp_path / "b/web" / name).read_bytes())
    with pytest.raises(Problem, match=name):
        check_rings(tmp_path / "a")
