"""From facts to a package: a bag, its signed list, and the archive around both, as a stream."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from casework.audit.notes import Signer

from . import archive, bag, contents, manifest
from .archive import Member
from .facts import Facts, Picture


class NotAllowed(Exception):
    """The package would hold what nobody, or only one person, has allowed."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package that is ready to be written; ``note`` is its signed list, ``size`` the archive's bytes."""

    id: uuid.UUID
    root: str
    note: bytes
    members: tuple[Member, ...]

    @property
    def size(self) -> int:
        """Of the archive, in bytes, before encryption."""
        return archive.length(self.members)

    def stream(self, start: int = 0) -> Iterator[bytes]:
        """The archive from byte *start* on; the same bytes each time. Raises ``archive.WrongSize``."""
        return archive.stream(self.members, start)


def prepared(facts: Facts, signer: Signer) -> Package:
    """Write the files, read every picture once for its digests, and sign the list.

    Raises ``NotAllowed`` for pictures without the approval of two people or without a mark, ``archive.WrongSize`` for a
    picture that is not as long as was said.
    """
    check_pictures(facts)
    files = [*contents.payload(facts), *(_picture(picture) for picture in facts.pictures)]
    payload = [(member, bag.digested(member)) for member in files]
    tags = bag.tag_files(payload, _info(facts))
    listed = [(member, found.sha256) for member, found in payload]
    listed += [(member, bag.digested(member).sha256) for member in tags]
    root = f"casework-{facts.package}"
    note = manifest.signed(facts.package, root, listed, signer)
    members = [archive.of_bytes(manifest.NAME, note), *(member for member, _digest in listed)]
    within = tuple(Member(f"{root}/{member.name}", member.size, member.read) for member in members)
    return Package(facts.package, root, note, within)


def check_pictures(facts: Facts) -> None:
    """Raise ``NotAllowed`` unless the pictures may be in the package, are of its items, and bear a mark."""
    if not facts.pictures:
        return
    if facts.imagery is None or facts.imagery.first == facts.imagery.second or not facts.imagery.reference:
        raise NotAllowed("Pictures leave only on a basis that two different people have approved.")
    known = {item.id for item in facts.items}
    for picture in facts.pictures:
        if picture.item not in known:
            raise NotAllowed(f"The picture {picture.name} belongs to none of the items of this package.")
        if not picture.mark:
            raise NotAllowed(f"The picture {picture.name} does not bear the recipient's mark.")


def fingerprint(public_key: bytes) -> str:
    """What two people compare by voice: SHA-256 of the key (32 bytes), in groups of four hex digits."""
    digest = hashlib.sha256(public_key).hexdigest()
    return " ".join(digest[at : at + 4] for at in range(0, 64, 4))


def _picture(picture: Picture) -> Member:
    return Member(f"data/pictures/{picture.name}", picture.size, picture.read)


def _info(facts: Facts) -> dict[str, str]:
    return {
        "Source-Organization": facts.sender.name,
        "Contact-Email": facts.sender.contact,
        "External-Description": f"{facts.tlp.value} {facts.summary}",
        "External-Identifier": str(facts.package),
        "Internal-Sender-Identifier": facts.case_number,
        "Bagging-Date": facts.made_at.date().isoformat(),
        "Bag-Software-Agent": f"{facts.software} {facts.software_version}",
    }
