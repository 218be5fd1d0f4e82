"""casework-verify-log: did the log's entries in this package stand in the log that the holder of one key signed?

    python casework_verify_log.py PACKAGE --key LOGKEY [--checkpoint KEPT]

PACKAGE is the archive after `age --decrypt`, or the folder that it was unpacked to. Run casework_verify.py on the
archive first: this program follows the proofs in data/log/, and compares with nothing that is signed beside them.
LOGKEY is the key of the log, "name+id+base64", or a file that holds it: not the key of packages. Get it from somewhere
else than the package. KEPT is a checkpoint of the same log that you or a witness kept: one of the same size must have
the same root, or the desk has shown different logs to different people.

Each .leaf is hashed as RFC 6962 says and led by its .tlog-proof (c2sp.org/tlog-proof@v1) to the root of the signed
checkpoint (c2sp.org/tlog-checkpoint); so is each hash in withheld.json. Then each row of custody.json that names its
place in the log is compared with the entry there, and each entry about an item must have its row. Exit code 0: all of
it holds. 1: each line names the file that does not. 2: could not be checked, or there was nothing to check.
It needs Python 3.9 or newer and `cryptography`, and nothing else of Casework. Read it before you trust it; it is short.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import os
import sys
import tarfile
from datetime import datetime
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PROOF, SALT_BYTES = "c2sp.org/tlog-proof@v1", 16
MOST_BYTES = 64 << 20
#: What reading a file of another form than it should have ends in.
BROKEN = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


class Wrong(Exception):
    """What is wrong (a file's name), and how."""


class Key(NamedTuple):
    name: str
    public: bytes
    id: bytes


class Head(NamedTuple):
    """What a checkpoint says: how many entries the log had, and the root over them."""

    size: int
    root: bytes


def main(arguments: list[str] | None = None) -> int:
    """Follow all proofs of one package and say what was found; the exit code is 0, 1 or 2."""
    parser = argparse.ArgumentParser(prog="casework-verify-log")
    parser.add_argument("package", help="the archive, decrypted, or the folder it was unpacked to")
    parser.add_argument("--key", required=True, help="the log's key (name+id+base64), or a file with it")
    parser.add_argument("--checkpoint", help="a file with a checkpoint that was kept elsewhere")
    given = parser.parse_args(arguments)
    try:
        key = read_key(given.key)
        files = read_files(given.package)
        kept = read_text(given.checkpoint) if given.checkpoint else None
    except (ValueError, OSError, tarfile.TarError) as error:
        return tell(2, f"NOT CHECKED  {error}")
    if "log/checkpoint.txt" not in files:
        return tell(2, "NOT CHECKED  This package holds nothing of the log.")
    count, proven, wrong = 0, list[str](), list[Wrong]()
    try:
        head = checkpoint(
            files["log/checkpoint.txt"].decode(errors="replace"), key, "data/log/checkpoint.txt"
        )
        said = compare_kept(kept, head, key)
        count = follow(files, head, proven, wrong)
    except Wrong as found:
        wrong.append(found)
    if wrong:
        return tell(1, *(f"NOT PROVEN  {each.args[0]}: {each.args[1]}" for each in wrong))
    if not count:
        return tell(2, "NOT CHECKED  This package holds a checkpoint of the log, and no entry.")
    return tell(
        0, *proven, f"ALL PROVEN against the key given: the log of {key.name}, {head.size} entries.", said
    )


def tell(code: int, *lines: str) -> int:
    for line in lines:  # words of a forger don't steer the reader's terminal
        shown = "".join(letter if letter.isprintable() else "?" for letter in line)
        print(shown, file=sys.stderr if code else sys.stdout)  # noqa: T201 - a command speaks
    return code


def read_key(given: str) -> Key:
    """The Ed25519 key in *given*, a key line or the name of a file with one; raises ``ValueError``."""
    if os.path.isfile(given):
        given = read_text(given)
    name, key_id, encoded = (*given.strip().split("+", 2), "", "", "")[:3]
    typed = from_base64(encoded)
    if not name or len(typed) != 33 or typed[:1] != b"\x01":
        raise ValueError("The key is neither a file nor a line name+id+base64 with an Ed25519 key.")
    key = Key(name, typed[1:], hashlib.sha256(name.encode() + b"\n" + typed).digest()[:4])
    if key.id.hex() != key_id:
        raise ValueError(f"The key of {name} does not have the id {key_id}: it was copied wrongly.")
    return key


def read_text(path: str) -> str:
    with open(path, "rb") as file:
        return file.read(100_000).decode(errors="replace")


def read_files(path: str) -> dict[str, bytes]:
    """What the package has in ``data/log/``, and its custody history, by their names within ``data``."""
    found: dict[str, bytes] = {}
    if os.path.isdir(path):
        data = os.path.join(path, "data")
        names = [os.path.join("log", name) for name in sorted(os.listdir(os.path.join(data, "log")))]
        for name in [*names, "custody.json"]:
            if os.path.isfile(os.path.join(data, name)):
                with open(os.path.join(data, name), "rb") as file:
                    found[name.replace(os.sep, "/")] = file.read(MOST_BYTES)
        return found
    with tarfile.open(path, "r:") as archive:
        for member in archive:
            name = member.name.partition("/data/")[2]
            if member.isreg() and (name.startswith("log/") or name == "custody.json"):
                content = archive.extractfile(member)
                found[name] = content.read(MOST_BYTES) if content else b""
    return found


def checkpoint(note: str, key: Key, name: str) -> Head:
    """The head that *key* signed in *note*, which names that key's log; raises ``Wrong``."""
    text, blank, signatures = note.rpartition("\n\n")
    signed = False
    for line in signatures.split("\n")[:-1] if blank else ():
        dash, signer, encoded = (*line.split(" ", 2), "", "")[:3]
        blob = from_base64(encoded)
        if dash != "\u2014" or (signer, blob[:4]) != (key.name, key.id):
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(blob[4:], (text + "\n").encode())
        except InvalidSignature:
            raise Wrong(name, "the signature does not fit: it or the checkpoint was changed") from None
        signed = True
    if not signed:
        raise Wrong(name, f"{key.name} with the key given has not signed it")
    origin, size, root, *_ = [*text.split("\n"), "", "", ""]
    if origin != key.name or not (size.isascii() and size.isdecimal()) or len(from_base64(root)) != 32:
        raise Wrong(name, "is no checkpoint of this log")
    return Head(int(size), from_base64(root))


def compare_kept(kept: str | None, head: Head, key: Key) -> str:
    """What the checkpoint that the reader has kept says of this one; raises ``Wrong`` where they can't both be true."""
    if kept is None:
        return "Compare the checkpoint with one that you or a witness kept: two people may be shown two logs."
    other = checkpoint(kept, key, "the checkpoint you kept")
    if other.size != head.size:
        return f"The checkpoint you kept is of {other.size} entries, so that it says nothing of this one."
    if other.root != head.root:
        raise Wrong("data/log/checkpoint.txt", "has another root than the one you kept: there are two logs")
    return "The checkpoint is the one you kept."


def follow(files: dict[str, bytes], head: Head, proven: list[str], wrong: list[Wrong]) -> int:
    """Lead every entry and every withheld hash to the root; put what was read into *proven*, what fails in *wrong*.

    Returns how many leaves led there.
    """
    hashes: dict[int, bytes] = {}
    entries: dict[int, dict[str, Any]] = {}
    for name in sorted(files):
        try:
            if name.endswith(".leaf"):
                index, body = entry(name, files, head, hashes)
                entries[index] = body
                proven.append(f"PROVEN  entry {index}: {body['at']} {body['verb']} ({body['id']})")
            elif name.endswith(".tlog-proof") and f"{name[:-11]}.leaf" not in files:
                raise Wrong(f"data/{name}", "proves an entry that is not here")
            elif name == "log/withheld.json":
                count = withheld(files[name], head, hashes)
                proven.append(f"PROVEN  {count} entries of which only the hash is here")
        except Wrong as found:
            wrong.append(found)
        except BROKEN:
            wrong.append(Wrong(f"data/{name}", "is not of the form that it should have"))
    try:
        count, without = custody(files.get("custody.json", b"[]"), entries)
    except Wrong as found:
        wrong.append(found)
    except BROKEN:
        wrong.append(Wrong("data/custody.json", "is not of the form that it should have"))
    else:
        proven.append(
            f"Custody history: {count} rows are as the log has them, {without} name no entry that is here."
        )
    return len(hashes)


def entry(
    name: str, files: dict[str, bytes], head: Head, hashes: dict[int, bytes]
) -> tuple[int, dict[str, Any]]:
    """Place and content of one entry, once its proof was followed; its name must say the same."""
    leaf = files[name]
    proof = files.get(f"{name[:-5]}.tlog-proof")
    if proof is None:
        raise Wrong(f"data/{name}", "has no proof")
    index = place(hashlib.sha256(b"\0" + leaf).digest(), proof.decode(), head, f"data/{name}", hashes)
    body = json.loads(leaf[SALT_BYTES:])
    if name != f"log/{index:010d}-{body['id']}.leaf":
        raise Wrong(f"data/{name}", f"is named otherwise than the entry, number {index}, id {body['id']}")
    return index, body


def withheld(text: bytes, head: Head, hashes: dict[int, bytes]) -> int:
    """How many hashes of entries that are not here lead to the root; raises ``Wrong`` for one that does not."""
    rows = json.loads(text)
    for row in rows:
        name = f"data/log/withheld.json, number {row['index']}"
        if place(bytes.fromhex(row["leaf_hash"]), row["proof"], head, name, hashes) != row["index"]:
            raise Wrong(name, "its proof is one of another number")
    return len(rows)


def place(leaf: bytes, proof: str, head: Head, name: str, hashes: dict[int, bytes]) -> int:
    """The number that *proof* gives the leaf hash *leaf* in the tree of *head*; raises ``Wrong``."""
    lines = proof.partition("\n\n")[0].split("\n")
    if lines[0] != PROOF:
        raise Wrong(name, f"its proof does not begin with {PROOF}")
    rest = lines[2:] if lines[1:2] and lines[1].startswith("extra ") else lines[1:]
    number = rest[0][6:] if rest and rest[0].startswith("index ") else ""
    if not (number.isascii() and number.isdecimal()):
        raise Wrong(name, "its proof does not say which entry it is about")
    index = int(number)
    if not is_in_tree(leaf, index, head, [from_base64(line) for line in rest[1:]]):
        raise Wrong(name, "its proof does not lead to the root of the checkpoint: one of them was changed")
    if hashes.setdefault(index, leaf) != leaf:
        raise Wrong(name, f"another entry has the number {index}, too")
    return index


def is_in_tree(leaf: bytes, index: int, head: Head, path: list[bytes]) -> bool:
    """Whether *path* leads from *leaf* to the root (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < head.size or any(len(sibling) != 32 for sibling in path):
        return False
    at, last, found = index, head.size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = hashlib.sha256(b"\1" + sibling + found).digest()
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\1" + found + sibling).digest()
        at, last = at >> 1, last >> 1
    return last == 0 and found == head.root


def custody(text: bytes, entries: dict[int, dict[str, Any]]) -> tuple[int, int]:
    """How many rows say what their entry of the log says, and how many name none; raises ``Wrong`` for a difference,
    and for an entry about an item that no row names, or more than one."""
    without, told = 0, set[int]()
    for row in json.loads(text):
        index = row["log_index"]
        if index is None:
            without += 1
            continue
        body = entries.get(index)
        if body is None:
            raise Wrong(
                "data/custody.json", f"row {row['id']} names entry {index}, which is not here or not proven"
            )
        data = body["data"]
        said = (row["id"], moment(row["at"]), row["item"], row["hash_before"], row["hash_after"])
        hashes = (str(data.get("derived_from", "")), str(data.get("sha256", "")))
        if said != (body["id"], moment(body["at"]), data["item"], *hashes):
            raise Wrong("data/custody.json", f"row {row['id']} says otherwise than entry {index} of the log")
        if index in told:
            raise Wrong("data/custody.json", f"row {row['id']} stands in it twice")
        told.add(index)
    # What happened to an item must not be left out of its history.
    for index, body in sorted(entries.items()):
        if body["verb"].startswith("evidence.") and index not in told:
            raise Wrong("data/custody.json", f"no row names entry {index}, {body['verb']} ({body['id']})")
    return len(told), without


def moment(text: str) -> datetime:
    """A time to the millisecond, as the custody history has it."""
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found.replace(microsecond=found.microsecond // 1000 * 1000)


def from_base64(text: str) -> bytes:
    """The bytes of *text*, none where it is not base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


if __name__ == "__main__":
    sys.exit(main())
