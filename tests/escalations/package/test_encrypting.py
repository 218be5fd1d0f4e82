"""Encryption: to age keys, as a stream, for Debian's age as well as for ours; nothing clear on a disk."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pyrage
import pytest

from casework.escalations import casework_verify
from casework.escalations.package import assembling, encryption
from casework.runtime.installation import CHECKOUT

from .making import GARDEN, SIGNER, make_facts


def generated() -> tuple[str, str]:
    """An age identity and its recipient."""
    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def pieces(count: int, size: int = 1 << 16) -> Iterator[bytes]:
    for at in range(count):
        yield bytes([at % 256]) * size


def test_debians_age_decrypts_a_package_which_then_is_valid(
    require_tool: Callable[[str], str], tmp_path: Path
) -> None:
    identity, recipient = generated()
    package = assembling.prepared(make_facts(), SIGNER)
    sealed, key, clear = tmp_path / "p.tar.age", tmp_path / "key.txt", tmp_path / "p.tar"
    with sealed.open("wb") as into:
        assert encryption.encrypt(package.stream(), [recipient], into) == package.size
    key.write_text(identity + "\n")
    command = [require_tool("age"), "--decrypt", "-i", str(key), "-o", str(clear), str(sealed)]
    subprocess.run(command, check=True, capture_output=True)
    assert casework_verify.main([str(clear), "--key", SIGNER.verifier.vkey]) == 0


def test_age_refuses_the_file_once_a_byte_of_it_is_flipped(
    require_tool: Callable[[str], str], tmp_path: Path
) -> None:
    identity, recipient = generated()
    into = io.BytesIO()
    encryption.encrypt(pieces(3), [recipient], into)
    data, key = into.getvalue(), tmp_path / "key.txt"
    key.write_text(identity + "\n")
    for at in (30, 120, 200, 300, len(data) // 2, len(data) - 1):
        damaged = tmp_path / "damaged.age"
        damaged.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        command = [require_tool("age"), "--decrypt", "-i", str(key), "-o", os.devnull, str(damaged)]
        assert subprocess.run(command, check=False, capture_output=True).returncode != 0, at


def test_every_recipient_can_open_it() -> None:
    people = [generated(), generated()]
    into = io.BytesIO()
    encryption.encrypt([b"garden"], [recipient for _identity, recipient in people], into)
    for identity, _recipient in people:
        assert pyrage.decrypt(into.getvalue(), [pyrage.x25519.Identity.from_str(identity)]) == b"garden"


def test_progress_is_told_as_it_goes() -> None:
    told: list[int] = []
    encryption.encrypt(pieces(4), [generated()[1]], io.BytesIO(), told.append)
    assert told == sorted(told)
    assert told[-1] == 4 << 16
    assert len(told) > 3


@pytest.mark.parametrize("recipients", [[], ["age1garden"], ["ssh-ed25519 AAAA"], [""]])
def test_what_is_no_recipient_is_refused_before_a_byte_is_written(recipients: list[str]) -> None:
    into = io.BytesIO()
    with pytest.raises(encryption.BadRecipient):
        encryption.encrypt(pieces(1), recipients, into)
    assert into.getvalue() == b""


def test_an_error_of_the_source_comes_out_as_itself() -> None:
    def broken() -> Iterator[bytes]:
        yield b"garden"
        raise LookupError("the vault is closed")

    with pytest.raises(LookupError, match="the vault is closed"):
        encryption.encrypt(broken(), [generated()[1]], io.BytesIO())


def test_a_disk_that_is_full_is_said_to_be() -> None:
    with (
        Path("/dev/full").open("wb", buffering=0) as into,
        pytest.raises(encryption.NotEncrypted, match="No space left"),
    ):
        encryption.encrypt(pieces(64), [generated()[1]], into)


MEASURE = """
import resource, sys
from casework.escalations.package import encryption
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
piece = bytes(1 << 16)
with open("/dev/null", "wb") as into:
    encryption.encrypt((piece for _ in range(int(sys.argv[1]))), [sys.argv[2]], into)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_memory_does_not_grow_with_the_package() -> None:
    """Kilobytes that an encryption of 64 MiB adds to a fresh process: a stream, not a copy."""
    command = [sys.executable, "-c", MEASURE, "1024", generated()[1]]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    assert int(ran.stdout) < 16 * 1024


WATCHED = """
import os, sys
import django
django.setup()
from casework.escalations.package import assembling, encryption
from tests.escalations.package.making import APPROVED, SIGNER, make_facts, make_picture
facts = make_facts(pictures=(make_picture(),), imagery=APPROVED)
written = set()
def watch(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        if (flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            written.add(str(path))
sys.addaudithook(watch)
with open(sys.argv[1], "wb") as into:
    package = assembling.prepared(facts, SIGNER)
    encryption.encrypt(package.stream(), [sys.argv[2]], into)
print(sorted(written))
"""


def test_nothing_is_opened_for_writing_but_the_encrypted_file(tmp_path: Path) -> None:
    """Python reports every file that it opens; the archive and the PDF are made without one."""
    sealed = str(tmp_path / "package.age")
    command = [sys.executable, "-c", WATCHED, sealed, generated()[1]]
    ran = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == str([sealed])
    assert GARDEN not in Path(sealed).read_bytes()
