"""The time stamp: asked for, answered by a local authority (openssl ts), checked by us and by openssl."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from casework.escalations.package import assembling, timestamp

from .making import SIGNER, make_facts

CONFIG = """
[req]
distinguished_name = name
prompt = no
[name]
CN = {name}
[root]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[stamper]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
ess_cert_id_alg = sha256
"""


class Authority:
    """A time-stamping authority in a folder: a root, a certificate under it, and openssl."""

    def __init__(self, openssl: str, folder: Path) -> None:
        self.openssl, self.folder = openssl, folder
        folder.mkdir()
        (folder / "serial").write_text("01\n")
        for name in ("root", "tsa"):
            (folder / f"{name}.cnf").write_text(CONFIG.format(name=f"{folder.name} {name}", folder=folder))
        new = ["req", "-newkey", "rsa:2048", "-nodes", "-sha256"]
        at = str(folder)
        self.run(
            *new,
            *["-x509", "-days", "30", "-config", f"{at}/root.cnf", "-extensions", "root"],
            *["-keyout", f"{at}/root.key", "-out", f"{at}/root.pem"],
        )
        self.run(*new, "-config", f"{at}/tsa.cnf", "-keyout", f"{at}/tsa.key", "-out", f"{at}/tsa.csr")
        self.run(
            *["x509", "-req", "-days", "30", "-in", f"{at}/tsa.csr", "-CA", f"{at}/root.pem"],
            *["-CAkey", f"{at}/root.key", "-CAcreateserial", "-extfile", f"{at}/tsa.cnf"],
            *["-extensions", "stamper", "-out", f"{at}/tsa.pem"],
        )

    @property
    def root(self) -> bytes:
        return (self.folder / "root.pem").read_bytes()

    def answer(self, query: bytes) -> bytes:
        (self.folder / "query").write_bytes(query)
        at = str(self.folder)
        self.run(
            "ts", "-reply", "-config", f"{at}/tsa.cnf", "-queryfile", f"{at}/query", "-out", f"{at}/answer"
        )
        return (self.folder / "answer").read_bytes()

    def run(self, *arguments: str) -> str:
        ran = subprocess.run([self.openssl, *arguments], check=True, capture_output=True, text=True)
        return ran.stdout


@pytest.fixture(scope="module")
def authority(require_tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(require_tool("openssl"), tmp_path_factory.mktemp("stamping") / "ours")


@pytest.fixture(scope="module")
def note() -> bytes:
    return assembling.prepared(make_facts(), SIGNER).note


def test_an_answer_is_checked_and_openssl_reads_the_same_time(
    authority: Authority, note: bytes, tmp_path: Path
) -> None:
    asked = timestamp.request(note)
    stamp = timestamp.checked(authority.answer(asked.as_bytes()), asked, note, [authority.root])
    assert abs(datetime.now(UTC) - stamp.at) < timedelta(hours=1)
    answer, signed, root = tmp_path / "package.tsr", tmp_path / "MANIFEST.note", tmp_path / "root.pem"
    answer.write_bytes(stamp.answer)
    signed.write_bytes(note)
    root.write_bytes(authority.root)
    authority.run("ts", "-verify", "-data", str(signed), "-in", str(answer), "-CAfile", str(root))
    told = authority.run("ts", "-reply", "-in", str(answer), "-text")
    assert stamp.at.strftime("%H:%M:%S %Y GMT") in told
    assert f"Serial number: 0x{stamp.serial:02X}" in told


def test_openssl_reads_the_query(authority: Authority, note: bytes, tmp_path: Path) -> None:
    query = tmp_path / "query"
    query.write_bytes(timestamp.request(note).as_bytes())
    told = authority.run("ts", "-query", "-in", str(query), "-text")
    assert "Hash Algorithm: sha256" in told
    assert "Certificate required: yes" in told
    assert "Nonce: 0x" in told


def test_a_stamp_of_another_list_is_refused(authority: Authority, note: bytes) -> None:
    asked = timestamp.request(note)
    answer = authority.answer(asked.as_bytes())
    with pytest.raises(timestamp.NotStamped):
        timestamp.checked(answer, asked, note + b"\n", [authority.root])


def test_an_answer_to_an_earlier_question_is_refused(authority: Authority, note: bytes) -> None:
    answer = authority.answer(timestamp.request(note).as_bytes())
    with pytest.raises(timestamp.NotStamped, match="Nonce"):
        timestamp.checked(answer, timestamp.request(note), note, [authority.root])


def test_an_authority_that_we_were_not_told_to_believe_is_refused(
    authority: Authority, note: bytes, require_tool: Callable[[str], str], tmp_path: Path
) -> None:
    stranger = Authority(require_tool("openssl"), tmp_path / "stranger")
    asked = timestamp.request(note)
    with pytest.raises(timestamp.NotStamped):
        timestamp.checked(stranger.answer(asked.as_bytes()), asked, note, [authority.root])


@pytest.mark.parametrize("answer", [b"", b"garden", b"\x30\x03\x02\x01\x02"])
def test_what_is_no_answer_is_refused(answer: bytes, authority: Authority, note: bytes) -> None:
    with pytest.raises(timestamp.NotStamped):
        timestamp.checked(answer, timestamp.request(note), note, [authority.root])


def test_an_answer_with_a_flipped_byte_in_its_signature_is_refused(authority: Authority, note: bytes) -> None:
    asked = timestamp.request(note)
    answer = authority.answer(asked.as_bytes())
    with pytest.raises(timestamp.NotStamped):
        timestamp.checked(answer[:-1] + bytes([answer[-1] ^ 1]), asked, note, [authority.root])
