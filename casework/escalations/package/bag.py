"""A BagIt bag (RFC 8493, version 1.0) around files that need not lie on a disk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .archive import Member, exactly, in_order, of_bytes

PAYLOAD = "data/"
DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
ALGORITHMS = ("sha256", "sha512")


@dataclass(frozen=True, slots=True)
class Digests:
    """Of one file: SHA-256 and SHA-512 in lower-case hex, as manifests write them."""

    sha256: str
    sha512: str


def digested(member: Member) -> Digests:
    """Read *member* once; ``WrongSize`` as ``archive.exactly``."""
    sha256, sha512 = hashlib.sha256(), hashlib.sha512()
    for piece in exactly(member):
        sha256.update(piece)
        sha512.update(piece)
    return Digests(sha256.hexdigest(), sha512.hexdigest())


def tag_files(payload: Sequence[tuple[Member, Digests]], info: Mapping[str, str]) -> list[Member]:
    """The tag files of a bag with *payload*, whose names begin with ``data/``.

    *info* goes into ``bag-info.txt`` in its own order, then the Payload-Oxum (section 2.2.2). A value loses its line
    breaks: the next line would be a new field to readers that don't unfold. A field without a value is left out.
    """
    stray = [member.name for member, _digests in payload if not member.name.startswith(PAYLOAD)]
    if stray:
        raise ValueError(f"The payload of a bag lies in data/, not in {stray[0]}.")
    octets = sum(member.size for member, _digests in payload)
    fields = {**info, "Payload-Oxum": f"{octets}.{len(payload)}"}
    lines = [f"{label}: {' '.join(value.split())}\n" for label, value in fields.items() if value]
    tags = [of_bytes("bagit.txt", DECLARATION), of_bytes("bag-info.txt", "".join(lines).encode())]
    tags += [manifest("manifest", algorithm, payload) for algorithm in ALGORITHMS]
    known = [(tag, digested(tag)) for tag in tags]
    return tags + [manifest("tagmanifest", algorithm, known) for algorithm in ALGORITHMS]


def manifest(kind: str, algorithm: str, files: Iterable[tuple[Member, Digests]]) -> Member:
    """``manifest-sha256.txt`` or one of its three siblings: digest, two spaces, name, in the order of the names."""
    digests = {member.name: getattr(found, algorithm) for member, found in files}
    names = [member.name for member in in_order(member for member, _found in files)]
    lines = [f"{digests[name]}  {encoded(name)}\n" for name in names]
    return of_bytes(f"{kind}-{algorithm}.txt", "".join(lines).encode())


def encoded(name: str) -> str:
    """*name* as a manifest writes it: only %, CR and LF are percent-encoded (section 2.1.3)."""
    return name.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
