"""Benign facts for packages: a reported picture of a garden, two people of the desk, one partner."""

from __future__ import annotations

import dataclasses
import hashlib
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from casework.audit import merkle
from casework.audit.inclusion import Included, Inclusion
from casework.audit.notes import Signer, TreeHead, proof_file
from casework.escalations.package.facts import (
    Actor,
    Authority,
    CustodyEvent,
    Decision,
    Facts,
    ImageryApproval,
    Item,
    Locator,
    Organisation,
    Picture,
    Score,
    Statement,
    Tlp,
)

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SIGNER = Signer("desk.test/packages", b"\x05" * 32)
STRANGER = Signer("desk.test/packages", b"\x06" * 32)
LOG = Signer("desk.test/log", b"\x01" * 32)
GARDEN = bytes(range(256)) * 3


def number(value: int) -> uuid.UUID:
    """A random-looking id that is the same in every run."""
    return uuid.UUID(bytes=hashlib.sha256(str(value).encode()).digest()[:16], version=4)


MONA = Actor(id=number(1), role="moderator")
SYSTEM = Actor(id=number(2), role="system")


def make_log(count: int = 3) -> Inclusion:
    """A log of *count* entries about the case, sealed under one checkpoint."""
    data = [bytes([at]) * 16 + b'{"v":1,"verb":"case.opened","seq":%d}' % at for at in range(count)]
    leaves = [merkle.leaf_hash(one) for one in data]
    note = LOG.sign(TreeHead(LOG.name, count, merkle.root(leaves)).text)
    ranges = merkle.ranges_of(leaves)
    entries = tuple(
        Included(
            number(100 + at),
            "case.opened",
            at,
            one,
            proof_file(at, merkle.inclusion_proof(ranges, at, count), note),
        )
        for at, one in enumerate(data)
    )
    return Inclusion(note, entries, 0)


def make_item(at: int = 1, **changes: Any) -> Item:
    """A received picture, as facts."""
    item = Item(
        id=number(10 + at),
        exhibit=f"CW-1042-{at}",
        kind="file",
        name=f"exhibit-{at}.png",
        mime_type="image/png",
        size=len(GARDEN),
        width=64,
        height=48,
        received_at=NOON,
        digests=(
            ("SHA256", hashlib.sha256(GARDEN).hexdigest()),
            ("MD5", hashlib.md5(GARDEN).hexdigest()),
            ("PDQ", "f8" * 32),
        ),
        locators=(number(20),),
    )
    return dataclasses.replace(item, **changes)


def make_facts(**changes: Any) -> Facts:
    """A case with one item, one address, two custody events, a decision, a statement, two scores and a log."""
    event = CustodyEvent(
        id=number(30),
        seq=1,
        item=number(11),
        action="ingested",
        at=NOON,
        actor=SYSTEM,
        reason="received through the public form",
        hash_after=hashlib.sha256(GARDEN).hexdigest(),
        tool="casework",
        log_index=0,
    )
    looked = dataclasses.replace(
        event,
        id=number(31),
        seq=2,
        action="viewed_clear",
        at=NOON + timedelta(hours=1),
        actor=MONA,
        reason="to decide",
        hash_before=event.hash_after,
        log_index=1,
    )
    facts = Facts(
        package=number(3),
        made_at=NOON + timedelta(days=1),
        software="Casework",
        software_version="0.1.0",
        tlp=Tlp.AMBER_STRICT,
        case=number(4),
        case_number="CW-1042",
        case_opened_at=NOON,
        case_state="closed",
        sender=Organisation(id=number(5), name="Garden Pictures Ltd", contact="desk@garden.test"),
        recipient=Organisation(id=number(6), name="Hotline Północ"),
        authority=Authority(
            id=number(7), kind="dsa_18", reference="Art. 18 DSA", jurisdiction="DE", starts=NOON
        ),
        urgency="urgent",
        summary="A picture of a garden was posted against the will of its owner.",
        items=(make_item(),),
        locators=(
            Locator(
                id=number(20), url="https://pictures.test/a?b=1#c", reported_at=NOON, state="confirmed gone"
            ),
        ),
        custody=(event, looked),
        decisions=(
            Decision(
                id=number(40),
                at=NOON + timedelta(hours=2),
                actor=MONA,
                outcome="remove",
                policy="ncii-1",
                grounds="policy",
                statement="It shows what its owner did not agree to.",
            ),
        ),
        statements=(
            Statement(id=number(50), at=NOON, by="reporter", text="=HYPERLINK(1) That is <my> garden."),
        ),
        scores=(
            Score(
                item=number(11),
                signal="synthesis",
                model="forensics",
                version="2",
                value="0.12",
                limits="not calibrated",
            ),
            Score(
                item=number(11),
                signal="watermark",
                model="dwt",
                version="1",
                value="",
                limits="not checked: too small",
            ),
        ),
        log=make_log(),
        log_key=LOG.verifier.vkey,
    )
    return dataclasses.replace(facts, **changes)


def make_picture(**changes: Any) -> Picture:
    """The rendition of the first item, marked for the partner."""
    picture = Picture(
        item=number(11),
        name="exhibit-1.png",
        mime_type="image/png",
        size=len(GARDEN),
        mark="77",
        read=lambda: (GARDEN[:100], GARDEN[100:]),
    )
    return dataclasses.replace(picture, **changes)


APPROVED = ImageryApproval(reference="order 7", first=number(1), second=number(8), at=NOON)
