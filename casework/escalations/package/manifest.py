"""The signed list of everything in a package: a C2SP signed note (c2sp.org/signed-note), Ed25519.

Its text fixes every byte of the archive but its own, for the archive has one form only. It is the first member, so that
a reader has it before anything else. ``casework_verify.py`` reads it without this code.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from casework.audit.notes import Signer

from .archive import BadName, Member, checked_name, in_order

#: Upper case sorts before the lower-case names of a bag.
NAME = "MANIFEST.note"
KIND = "casework-package/v1"


def text(package: uuid.UUID, root: str, files: Sequence[tuple[Member, str]]) -> str:
    """What is signed: kind, package id, top folder, number of files, then ``sha256 size name`` for each, in order.

    *files* are members, named without the top folder, with their SHA-256 in hex. Raises ``BadName`` for a name that is
    given twice, is no plain path, or would come before the list itself.
    """
    digests = {member.name: digest for member, digest in files}
    ordered = in_order(member for member, _digest in files)
    if ordered and ordered[0].name.encode() <= NAME.encode():
        raise BadName(f"{ordered[0].name} would stand before {NAME}, which is the first file of a package.")
    head = [KIND, f"package {package}", f"root {checked_name(root)}", f"files {len(ordered)}"]
    lines = [f"{digests[member.name]} {member.size} {checked_name(member.name)}" for member in ordered]
    return "\n".join([*head, *lines]) + "\n"


def signed(package: uuid.UUID, root: str, files: Sequence[tuple[Member, str]], signer: Signer) -> bytes:
    """The whole note with one signature."""
    return signer.sign(text(package, root, files)).encode()
