"""casework-verify: is this evidence package, byte for byte, what the holder of one key signed?

    python casework_verify.py PACKAGE.tar --key SIGNER

SIGNER is the signer's key, "name+id+base64", or a file that holds it. Get it from somewhere else than the package,
which says nothing about who its signer is. PACKAGE.tar is the archive after `age --decrypt`.

The signed list (MANIFEST.note; c2sp.org/signed-note) names each file with size and SHA-256. The archive is rebuilt
from it (POSIX ustar, of which one form only is valid) and compared: headers, contents, padding, end. Exit code 0: valid
against the key given. 1: not valid, and each line names the file or "archive structure". 2: could not be checked.
The log's entries and proofs in data/log/ are compared as files, like all others; casework_verify_log.py follows them.
It needs Python 3.9 or newer and `cryptography`, and nothing else of Casework. Read it before you trust it; it is short.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import os
import sys
from typing import BinaryIO, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

BLOCK, MTIME = 512, 315_532_800
END = bytes(2 * BLOCK)
NOTE, KIND = "MANIFEST.note", "casework-package/v1"
MOST_NOTE_BYTES = 64 << 20
STRUCTURE = "archive structure"


class Wrong(Exception):
    """What is wrong (a file's name or "archive structure"), and how."""

    def __str__(self) -> str:
        said = f"{self.args[0]}: {self.args[1]}"  # a forger's names don't steer the reader's terminal
        return "".join(letter if letter.isprintable() else "?" for letter in said)


class Key(NamedTuple):
    name: str
    public: bytes
    id: bytes


class File(NamedTuple):
    name: str
    size: int
    sha256: str


class Listing(NamedTuple):
    package: str
    root: str
    files: list[File]


def main(arguments: list[str] | None = None) -> int:
    """Check one package and say what was found; the exit code is 0, 1 or 2."""
    parser = argparse.ArgumentParser(prog="casework-verify")
    parser.add_argument("package", help="the archive, decrypted")
    parser.add_argument("--key", required=True, help="the signer's key (name+id+base64), or a file with it")
    given = parser.parse_args(arguments)
    wrong: list[Wrong] = []
    try:
        key = read_key(given.key)
        with open(given.package, "rb") as archive:
            listing = check(archive, key, wrong)
    except Wrong as found:
        wrong.append(found)
    except (ValueError, OSError) as error:
        return tell(2, f"NOT CHECKED  {error}")
    if wrong:
        return tell(1, *(f"NOT VALID  {found}" for found in wrong))
    size = sum(file.size for file in listing.files)
    digest = hashlib.sha256(key.public).hexdigest()
    return tell(
        0,
        f"VALID against the key given: package {listing.package}, {len(listing.files)} files, {size} bytes",
        f"Signer: {key.name}",
        "Fingerprint (SHA-256 of the key): " + " ".join(digest[at : at + 4] for at in range(0, 64, 4)),
        "Compare it with one that the signer gave you another way. Nothing was changed since the holder of this key",
        "signed; whether what the files state is true is another question. Proofs in data/log/ were not followed.",
    )


def tell(code: int, *lines: str) -> int:
    print(*lines, sep="\n", file=sys.stderr if code else sys.stdout)  # noqa: T201 - a command speaks
    return code


def read_key(given: str) -> Key:
    """The Ed25519 key in *given*, a key line or the name of a file with one; raises ``ValueError``."""
    if os.path.isfile(given):
        with open(given, "rb") as file:
            given = file.read(10_000).decode(errors="replace")
    name, key_id, encoded = (*given.strip().split("+", 2), "", "", "")[:3]
    typed = from_base64(encoded)
    if not name or typed is None or len(typed) != 33 or typed[:1] != b"\x01":
        raise ValueError("The key is neither a file nor a line name+id+base64 with an Ed25519 key.")
    key = Key(name, typed[1:], hashlib.sha256(name.encode() + b"\n" + typed).digest()[:4])
    if key.id.hex() != key_id:
        raise ValueError(f"The key of {name} does not have the id {key_id}: it was copied wrongly.")
    return key


def check(archive: BinaryIO, key: Key, wrong: list[Wrong]) -> Listing:
    """Compare the whole archive with its signed list; each file whose content differs goes into *wrong*.

    Raises ``Wrong`` where the comparison can't go on: the note, or the structure.
    """
    first, note = read_note(archive)
    listing = read_listing(signed_text(note, key))
    if first != f"{listing.root}/{NOTE}":
        raise Wrong(first, f"stands where {listing.root}/{NOTE} belongs")
    names = [first, *(f"{listing.root}/{file.name}" for file in listing.files)]
    for at, file in enumerate(listing.files, 1):
        compare_header(archive.read(BLOCK), names, at, file.size)
        if not compare_content(archive, file):
            wrong.append(Wrong(file.name, "the content is not the one that was signed"))
        compare_padding(archive, file.name, file.size)
    end = archive.read(len(END))
    extra = header_name(end[:BLOCK])
    if extra is not None:
        raise Wrong(extra, "comes twice" if extra in names else "is not in the signed list")
    if end != END:
        raise Wrong(STRUCTURE, "the end of the archive is not two blocks of zeros")
    if archive.read(1):
        raise Wrong(STRUCTURE, "there are bytes after the end of the archive")
    return listing


def read_note(archive: BinaryIO) -> tuple[str, str]:
    """Name and text of the first member, whose header says how long it is."""
    block = archive.read(BLOCK)
    name = header_name(block)
    if name is None:
        raise Wrong(STRUCTURE, "the first header is damaged, or this is no package (still encrypted?)")
    size = int(block[124:135], 8)
    if block != header(name, size) or size > MOST_NOTE_BYTES:
        raise Wrong(STRUCTURE, f"the header of {name} is not the one that belongs there")
    data = archive.read(size)
    if len(data) < size:
        raise Wrong(STRUCTURE, f"the archive ends within {name}")
    compare_padding(archive, NOTE, size)
    if data.decode(errors="replace").encode() != data:
        raise Wrong(NOTE, "is not text")
    return name, data.decode()


def signed_text(note: str, key: Key) -> str:
    """The text of *note* once its one signature was seen to be by *key* and written in its one form."""
    text, _, line = note.rpartition("\n\n")
    lead, _, encoded = line[:-1].rpartition(" ")
    blob = from_base64(encoded)
    if line.count("\n") != 1 or line[-1] != "\n" or blob is None or lead[:2] != "\u2014 ":
        raise Wrong(NOTE, "has no signature of the form that belongs there")
    if lead[2:] != key.name or blob[:4] != key.id:
        raise Wrong(NOTE, f"is signed by another key ({lead[2:]!r}), or its signature line was changed")
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(blob[4:], (text + "\n").encode())
    except InvalidSignature:
        raise Wrong(NOTE, "the signature does not fit: the list or the signature was changed") from None
    return text


def read_listing(text: str) -> Listing:
    """The signed list, which must be in its one form: known kind, plain names, in order, none twice."""
    kind, package, root, count, *lines = text.split("\n") + [""] * max(0, 3 - text.count("\n"))
    files = []
    for line in lines:
        sha256, size, name = (*line.split(" ", 2), "", "")[:3]
        plain = name.isprintable() and not {"", ".", ".."} & set(name.split("/")) and "\\" not in name
        if len(sha256) != 64 or not (size.isascii() and size.isdecimal()) or not plain:
            raise Wrong(NOTE, f"lists a file in a form that it can't have: {line!r}")
        files.append(File(name, int(size), sha256))
    names = [file.name.encode() for file in files]
    if kind != KIND or root[:5] != "root " or "/" in root or count != f"files {len(files)}":
        raise Wrong(NOTE, f"is not a list of the kind {KIND}")
    if names != sorted(set(names)) or (names and names[0] <= NOTE.encode()):
        raise Wrong(NOTE, "lists its files twice or out of order")
    return Listing(package[8:], root[5:], files)


def compare_header(found: bytes, names: list[str], at: int, size: int) -> None:
    """Raise ``Wrong`` unless *found* is the header of ``names[at]``, and say which file is missing or too many."""
    if found == header(names[at], size):
        return
    other = header_name(found)
    if other in names[at + 1 :] or found == END[:BLOCK]:
        raise Wrong(names[at], "is missing, or not in its place")
    if other is not None and other != names[at]:
        raise Wrong(other, "comes twice" if other in names else "is not in the signed list")
    raise Wrong(STRUCTURE, f"the header of {names[at]} is not the one that belongs there")


def compare_content(archive: BinaryIO, file: File) -> bool:
    """Whether the next bytes are the file's; ``Wrong`` where the archive ends within it."""
    digest, left = hashlib.sha256(), file.size
    while left and (piece := archive.read(min(1 << 20, left))):
        digest.update(piece)
        left -= len(piece)
    if left:
        raise Wrong(STRUCTURE, f"the archive ends within {file.name}")
    return digest.hexdigest() == file.sha256


def compare_padding(archive: BinaryIO, name: str, size: int) -> None:
    if archive.read(-size % BLOCK) != bytes(-size % BLOCK):
        raise Wrong(STRUCTURE, f"the padding after {name} is not zeros")


def header(name: str, size: int) -> bytes:
    """The one header that a file of this name and size has."""
    path, prefix = name.encode(errors="replace"), b""
    if len(path) > 100:
        at = path.find(b"/", len(path) - 101)
        prefix, path = path[:at], path[at + 1 :]
    fields = path.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + b"%011o\0%011o\0" % (size, MTIME)
    fields += b" " * 8 + b"0" + bytes(100) + b"ustar\x0000" + bytes(64) + b"0000000\0" * 2
    fields += prefix.ljust(155, b"\0") + bytes(12)
    return fields[:148] + b"%06o\0 " % sum(fields) + fields[156:]


def header_name(block: bytes) -> str | None:
    """The name in a header whose checksum is right; None for any other block."""
    try:
        fits = sum(block[:148]) + 8 * 32 + sum(block[156:]) == int(block[148:154], 8)
        fits = fits and len(block) == BLOCK and block[124:135].isdigit() and int(block[124:135], 8) >= 0
    except ValueError:
        return None
    path = block[345:500].rstrip(b"\0") + b"/" + block[:100].rstrip(b"\0")
    return path.decode(errors="replace").lstrip("/") if fits else None


def from_base64(text: str) -> bytes | None:
    """The bytes of *text*, None unless it is base64 in its one form."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode() == text else None


if __name__ == "__main__":
    sys.exit(main())
