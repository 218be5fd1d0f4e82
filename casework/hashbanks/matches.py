"""What is asked of the banks and what they answer: plain records, light enough for every process."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

#: Two films are compared frame by frame; everything else is the name of the entry's own signal.
VIDEO_PDQ = "video_pdq"


@dataclass(frozen=True, slots=True)
class Hashed:
    """A perceptual hash of an item: raw bytes, quality (None where the algorithm has none), and what made it."""

    value: bytes
    quality: int | None
    version: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is known of one file. Digests are raw bytes; ``turns`` are PDQ values in the order of ``pdq.DIHEDRAL``,
    the file as it is first, or empty; ``frames`` are the PDQ hashes of a film's frames by their position."""

    sha256: bytes
    md5: bytes
    pdq: Hashed | None = None
    phash: Hashed | None = None
    turns: tuple[bytes, ...] = ()
    frames: tuple[tuple[int, Hashed], ...] = ()


@dataclass(frozen=True, slots=True)
class Opinion:
    """What pHash says of a PDQ match: ``distance`` of 64 bits, and whether that is within the bank's radius."""

    distance: int
    threshold: int

    @property
    def agrees(self) -> bool:
        """Whether the second opinion sees the same picture."""
        return self.distance <= self.threshold


@dataclass(frozen=True, slots=True)
class Found:
    """One entry that matches.

    ``distance`` and ``threshold`` in bits of PDQ, None for exact matches. ``turned`` is how the picture had to be
    turned, empty for not at all. ``frame`` is the position of the frame that matched best, None for the file itself.
    ``query_share`` and ``clip_share`` (0 to 1) are the parts of the item's and of the entry's film that match.
    """

    entry: int
    bank: int
    algorithm: str
    distance: int | None = None
    threshold: int | None = None
    quality: int | None = None
    entry_quality: int | None = None
    version: str = ""
    entry_version: str = ""
    turned: str = ""
    frame: int | None = None
    query_share: float | None = None
    clip_share: float | None = None
    opinion: Opinion | None = None
    #: The evidence item that the entry was made from, where it was made here.
    origin_item: UUID | None = None


@dataclass(frozen=True, slots=True)
class Matching:
    """The answer of all banks for one file.

    ``ran`` is False when near copies should have been looked for and could not be: ``why_not`` says why, for a
    person, and ``broken`` whether something is wrong with the index. ``not_near`` says why near copies were rightly
    not looked for (no hash, too little detail). ``seq`` is the last change of entries that the answer knows of;
    ``banks`` counts the banks that were asked.
    """

    banks: int
    seq: int
    ran: bool = True
    why_not: str = ""
    broken: bool = False
    not_near: str = ""
    found: tuple[Found, ...] = ()
