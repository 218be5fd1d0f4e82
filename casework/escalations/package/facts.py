"""What a package says, as frozen facts: gathered elsewhere, under the rights of whoever prepares it.

People are pseudonyms (a random id and a role); names of organisations are plain. Times carry a zone. Digests are
lower-case hex by method, named as UCO names them (SHA256, MD5, PDQ ...).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from casework.audit.inclusion import Inclusion


class Tlp(StrEnum):
    """Traffic Light Protocol 2.0 (FIRST), from the freest to the tightest."""

    CLEAR = "TLP:CLEAR"
    GREEN = "TLP:GREEN"
    AMBER = "TLP:AMBER"
    AMBER_STRICT = "TLP:AMBER+STRICT"
    RED = "TLP:RED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    id: uuid.UUID
    name: str
    contact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A person of the desk, or with role ``system`` the software."""

    id: uuid.UUID
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Why this may leave: the kind of basis, its reference, where it holds, from when to when."""

    id: uuid.UUID
    kind: str
    reference: str
    jurisdiction: str
    starts: datetime | None = None
    ends: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageryApproval:
    """That pictures may be in this package: what allows it, and the two different people who said so."""

    reference: str
    first: uuid.UUID
    second: uuid.UUID
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Locator:
    """A place: an address, or with ``kind`` "account" a name on a platform."""

    id: uuid.UUID
    url: str
    reported_at: datetime | None
    state: str
    kind: str = "url"
    host: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An exhibit: a file that was received, or only its hash or address. ``name`` is ours, never the sender's."""

    id: uuid.UUID
    exhibit: str
    kind: str
    name: str
    mime_type: str
    size: int | None
    received_at: datetime | None
    digests: tuple[tuple[str, str], ...]
    width: int | None = None
    height: int | None = None
    #: "authentic", "synthetic" or "unknown", as a person confirmed or machines estimate; empty where not said.
    made: str = ""
    locators: tuple[uuid.UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The rendition of an item that goes along, marked for the recipient; ``read`` begins anew each time."""

    item: uuid.UUID
    name: str
    mime_type: str
    size: int
    mark: str
    read: Callable[[], Iterable[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyEvent:
    id: uuid.UUID
    seq: int
    item: uuid.UUID
    action: str
    at: datetime
    actor: Actor
    reason: str = ""
    from_custodian: str = ""
    to_custodian: str = ""
    hash_before: str = ""
    hash_after: str = ""
    tool: str = ""
    log_index: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    id: uuid.UUID
    at: datetime
    actor: Actor
    outcome: str
    policy: str
    grounds: str
    statement: str
    overrides: uuid.UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What somebody stated: a reporter, a representative, the uploader. ``by`` is a kind of person, not a name."""

    id: uuid.UUID
    at: datetime
    by: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What one model or test said of one item. ``value`` is empty where it was not checked, and ``limits`` says why."""

    item: uuid.UUID
    signal: str
    model: str
    version: str
    value: str
    limits: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Further:
    """What else was chosen to be said: a stable code, its name, and one or more sentences."""

    code: str
    label: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """An entry of the log that is not opened: its place (from 0), the RFC 6962 hash of its leaf (hex), its proof."""

    index: int
    leaf_hash: str
    proof: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that one package says. ``files`` of pictures need an ``ImageryApproval``."""

    package: uuid.UUID
    made_at: datetime
    software: str
    software_version: str
    tlp: Tlp
    case: uuid.UUID
    case_number: str
    case_opened_at: datetime | None
    case_state: str
    sender: Organisation
    recipient: Organisation
    authority: Authority
    urgency: str
    summary: str
    offence: str = ""
    items: tuple[Item, ...] = ()
    locators: tuple[Locator, ...] = ()
    custody: tuple[CustodyEvent, ...] = ()
    decisions: tuple[Decision, ...] = ()
    statements: tuple[Statement, ...] = ()
    scores: tuple[Score, ...] = ()
    log: Inclusion | None = None
    log_key: str = ""
    withheld: tuple[Withheld, ...] = ()
    pictures: tuple[Picture, ...] = ()
    imagery: ImageryApproval | None = None
    further: tuple[Further, ...] = ()
