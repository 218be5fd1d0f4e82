"""One open and one restricted case with everything that hangs on them, and their addresses."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.utils import timezone
from PIL import Image

from casework.accounts.models import Organisation
from casework.cases import actions as cases
from casework.cases.actions.decisions import standing_decision
from casework.cases.models import Basis, Case, Effect, Outcome, Policy
from casework.evidence import actions as evidence
from casework.evidence.models import (
    BankMatch,
    Blob,
    Frame,
    Item,
    Playback,
    Reveal,
    RevealReason,
    SignalRecord,
    Trace,
    Wrap,
)
from casework.evidence.sealing import seal
from casework.hashbanks.exchanges.models import Exchange
from casework.hashbanks.models import Bank, Entry
from casework.outbox import actions as outbox
from casework.outbox.models import Endpoint, Message
from casework.reports.models import ApiKey, Report
from casework.scoring.models import Calibration
from tests.cast import make_case, person


@dataclass(frozen=True)
class World:
    open: dict[str, Any]
    restricted: dict[str, Any]
    restricted_case: Case
    restricted_host: str
    revealer: str


def picture(size: tuple[int, int] = (64, 48), colour: str = "teal") -> bytes:
    """A plain drawn PNG."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def make_item(case: Case, *, position: int = 0) -> Item:
    """An examined item with preview and rendition, without running a worker."""
    original = evidence.stage_blob(seal(picture(), Blob.Kind.ORIGINAL, Wrap.Recipient.VAULT))
    preview = evidence.stage_blob(seal(picture((24, 18), "grey"), Blob.Kind.PREVIEW, Wrap.Recipient.VIEW))
    rendition = evidence.stage_blob(seal(picture(), Blob.Kind.RENDITION, Wrap.Recipient.VIEW))
    Blob.objects.filter(pk__in=[original.pk, preview.pk, rendition.pk]).update(staged_until=None)
    item = Item.objects.create(
        case=case, position=position, original=original, preview=preview, rendition=rendition,
        state=Item.State.EXAMINED, sha256=original.sha256, md5="0" * 32, format="PNG", width=64, height=48, frames=1,
        examined_at=timezone.now(),
    )  # fmt: skip
    SignalRecord.objects.create(
        item=item, name="ela", version="1", status="found", sentence="made by a test",
        sensitive={"map": {"width": 1, "height": 1, "cells": "ff"}},
    )  # fmt: skip
    cases.note_items(case, actor=None, added=1)
    return item


def make_report(case: Case) -> Report:
    """A report as the public form stores one."""
    count = Report.objects.count()
    return Report.objects.create(
        case=case, reference=f"TEST{count:05d}", access_code_hash="-", channel="form", role="depicted",
        age_at_the_time="minor" if case.restricted else "adult",
    )  # fmt: skip


def _objects(case: Case, *, revealer: str, decider: str) -> dict[str, Any]:
    item, report = make_item(case), make_report(case)
    actor = person(decider)
    token = cases.claim_case(case, actor=actor)
    decision = cases.decide_case(
        case, actor=actor, token=token, outcome=Outcome.REMOVE, policy=Policy.NCII_AI, bases=[Basis.REPORT],
        grounds="made by a test", statement="made by a test", overrides=standing_decision(case),
    )  # fmt: skip
    effect = decision.effects.get(kind=Effect.Kind.TAKE_DOWN)
    reveal = Reveal.objects.create(
        item=item, person=person(revealer), session_hash="0" * 64, reason=RevealReason.DECIDE,
        expires_at=timezone.now(),
    )  # fmt: skip
    trace = Trace.objects.create(
        sha256="0" * 64, item=item, verdict=Trace.Verdict.RECOGNISED, finished_at=timezone.now()
    )
    bank = Bank.objects.get_or_create(name="A bank", defaults={"purpose": "made by a test"})[0]
    entry = Entry.objects.create(bank=bank, signal="md5", value=item.public_id.bytes)
    match = BankMatch.objects.create(item=item, entry=entry, algorithm="md5")
    of_case, of_item = {"public_id": case.public_id}, {"public_id": item.public_id}
    names = (
        "claim",
        "heartbeat",
        "release",
        "take_over",
        "hold",
        "skip",
        "decide",
        "review",
        "settle",
        "note",
        "draft",
    )
    objects: dict[str, Any] = {"case": of_case, "case_evidence": of_case, "case_reports": of_case}
    objects |= {f"case_{name}": of_case for name in names}
    objects["case_settle"] = of_case | {"effect_id": effect.public_id}
    objects |= {
        name: of_item
        for name in ("evidence_item", "evidence_preview", "evidence_verify", "evidence_again", "reveal")
    }
    objects["evidence_play"] = of_item
    objects["evidence_map"] = of_item | {"signal": "ela"}
    objects |= _film(item, reveal)
    objects["evidence_outcome"] = of_item
    for name in ("reveal_stage", "reveal_image", "reveal_extend", "reveal_colour", "reveal_close"):
        objects[name] = {"public_id": reveal.public_id}
    objects |= {"case_offer": of_case, "match_judge": {"public_id": match.public_id}}
    objects["evidence_trace"] = {"public_id": trace.public_id}
    objects |= {name: {"public_id": report.public_id} for name in ("report_message", "report_element")}
    return objects | _outbox(case)


def _endpoint() -> Endpoint:
    """An endpoint, switched off, for whose private network somebody who does not walk asked."""
    found = Endpoint.objects.first()
    if found is None:
        found, _secret = outbox.create_endpoint(
            actor=person("stan"), name="An endpoint", url="https://platform.example/", purpose="partner",
            private_net="10.1.0.0/16",
        )  # fmt: skip
    return found


def _outbox(case: Case) -> dict[str, Any]:
    """A dead letter about the case."""
    with transaction.atomic():
        message = outbox.post(_endpoint(), "outbox.test", {}, case=case, actor=None)
    Message.objects.filter(pk=message.pk).update(state=Message.State.DEAD)
    return {name: {"public_id": message.public_id} for name in ("outbox_message", "outbox_replay")}


def _endpoints() -> dict[str, Any]:
    """The doors of an endpoint, which no case holds."""
    of_endpoint = {"public_id": _endpoint().public_id}
    names = ("change", "switch", "rotate", "allow_net", "test")
    objects: dict[str, Any] = {f"endpoint_{name}": of_endpoint for name in names}
    return objects | {"endpoint": of_endpoint, "api_callback": of_endpoint}


def _small(kind: Blob.Kind) -> Blob:
    blob = evidence.stage_blob(seal(picture((24, 18), "grey"), kind, Wrap.Recipient.VIEW))
    Blob.objects.filter(pk=blob.pk).update(staged_until=None)
    return blob


def _film(item: Item, reveal: Reveal) -> dict[str, Any]:
    """A frame of the item, and a part of its film that is being made for whoever looks at it."""
    frame = Frame.objects.create(
        item=item,
        position=1,
        at_seconds=0,
        preview=_small(Blob.Kind.PREVIEW),
        rendition=_small(Blob.Kind.RENDITION),
    )
    playback = Playback.objects.create(
        item=item, person=reveal.person, session_hash=reveal.session_hash, reason=reveal.reason
    )
    of_frame, of_playback = {"public_id": frame.public_id}, {"public_id": playback.public_id}
    objects: dict[str, Any] = {name: of_frame for name in ("film_frame", "frame_preview", "frame_reveal")}
    objects |= {"playback": of_playback, "playback_open": of_playback}
    return objects | {"reveal_film": {"public_id": reveal.public_id}}


def _banks() -> dict[str, Any]:
    """A bank and an entry of it, which no case holds."""
    entry = Entry.objects.select_related("bank").filter(bank__name="A bank").earliest("pk")
    of_bank = {"public_id": entry.bank.public_id}
    objects: dict[str, Any] = {
        name: of_bank for name in ("bank", "bank_change", "bank_progress", "bank_import")
    }
    Exchange.objects.get_or_create(bank=entry.bank, kind="stopncii", address="https://hashes.example/v1")
    objects |= {f"bank_exchange_{name}": of_bank for name in ("connect", "change", "switch", "run")}
    objects["bank_exchange"] = of_bank
    return objects | {
        "bank_export": of_bank | {"form": "csv"},
        "bank_withdraw": {"public_id": entry.public_id},
    }


def _models() -> dict[str, Any]:
    """A model and a calibration of it that waits, which no case holds."""
    waiting = Calibration.objects.create(
        model="open-nsfw", model_version="1", question="explicit", number=1, method="none", n=400, n_true=100,
        brier=0.1, ece=0.1, was_brier=0.1, was_ece=0.1, first_confirmed_at=timezone.now(),
        last_confirmed_at=timezone.now(),
    )  # fmt: skip
    names = ("calibration_accept", "calibration_refuse", "calibration_retire")
    return {name: {"public_id": waiting.public_id} for name in names} | {
        "model_card": {"name": waiting.model}
    }


def make_world() -> World:
    """Two cases alike but for one being restricted; what no case holds (people, keys) stands in both."""
    mona = person("mona")
    organisation = Organisation.objects.create(
        name="A trusted flagger", kind=Organisation.Kind.TRUSTED_FLAGGER
    )
    key = ApiKey.objects.create(
        name="key", organisation=organisation, prefix="test", key_hash="0" * 64, scopes=[]
    )
    shared: dict[str, Any] = {
        "public_id": mona.public_id, "token": default_token_generator.make_token(mona), "pk": 1, "form": "decision",
        "kind": "contact", "step": "who", "format": "json", "api_key_revoke": {"public_id": key.public_id},
    }  # fmt: skip
    host = "hidden-place.example"
    restricted = make_case(minor_indicated=True, links=[f"https://{host}/1"])
    return World(
        open=shared
        | _objects(make_case(), revealer="mona", decider="mona")
        | _banks()
        | _models()
        | _endpoints(),
        restricted={"form": "decision", "kind": "contact"}
        | _objects(restricted, revealer="sena", decider="sena"),
        restricted_case=restricted,
        restricted_host=host,
        revealer="sena",
    )
