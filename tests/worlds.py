"""One open and one restricted case with everything that hangs on them, and their addresses."""

from __future__ import annotations

import io
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyrage
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.utils import timezone
from PIL import Image

from casework.accounts.models import Organisation
from casework.cases import actions as cases
from casework.cases.actions.decisions import standing_decision
from casework.cases.models import Basis, Case, Effect, Outcome, Policy
from casework.escalations.models import Package, SecureLink
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
from casework.legal import actions as legal
from casework.outbox import actions as outbox
from casework.outbox.models import Endpoint, Message
from casework.partners import actions as partners
from casework.partners.models import Channel, Contact, Partner
from casework.reports.models import ApiKey, Report
from casework.scoring.models import Calibration
from tests.cast import make_case, person
from tests.escalations import handing


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
    return objects | _outbox(case) | _escalation(case) | _legal(case) | _handed_over(case)


def _handed_over(case: Case) -> dict[str, Any]:
    """What nia's organisation was sent of the case, with a file, and a secure link to it."""
    partner = Partner.objects.filter(contacts__user=person("nia")).first() or handing.make_partner(
        people=(person("nia"),)
    )
    sent = handing.make_sent(partner, case=case)
    Package.objects.filter(pk=handing.make_package(sent).pk).update(stamp=b"0", stamped_at=timezone.now())
    link = SecureLink.objects.create(
        escalation=sent, contact=partner.contacts.get(), token_hash=uuid.uuid4().hex, code_hash="-", code_by="phone",
        made_by=person("mona"), expires_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    of_matter = {"public_id": sent.public_id}
    names = ("escalation", "claim", "release", "package", "stamp", "acknowledge", "line", "answer", "decline")
    objects: dict[str, Any] = {f"portal_{name}": of_matter for name in names}
    objects["escalation_link_revoke"] = {"public_id": link.public_id}
    return objects | {"escalation_link_new": of_matter}


def _escalation(case: Case) -> dict[str, Any]:
    """What the desk does with a draft of mona's that waits for a second person."""
    partner = Partner.objects.filter(organisation__name="A partner").first() or handing.make_partner(
        "A partner"
    )
    draft = handing.make_sent(partner, case=case, state="draft", offered_at=timezone.now())
    of_draft = {"public_id": draft.public_id}
    names = (
        "edit", "preview", "offer", "approve", "return", "refuse", "imagery", "glass", "review", "package", "line",
        "fetches",
        "withdraw", "close",
    )  # fmt: skip
    objects: dict[str, Any] = {f"escalation_{name}": of_draft for name in names}
    objects |= {
        "escalation": of_draft,
        "escalation_draft": of_draft | {"form": "edit"},
        "api_package": of_draft,
        "api_package_stamp": of_draft,
    }
    objects |= {name: {"public_id": case.public_id} for name in ("case_escalate", "case_escalations")}
    return objects | _tip(case)


def _tip(case: Case) -> dict[str, Any]:
    """A draft of a report to NCMEC that somebody who does not walk began."""
    ncmec = Partner.objects.filter(organisation__name="NCMEC").first() or handing.make_partner(
        "NCMEC", channel=Channel.CYBERTIP
    )
    draft = handing.make_sent(ncmec, case=case, state="draft", drafted_by=person("stan"))
    names = ("escalation_tip", "escalation_tip_describe", "escalation_tip_xml", "escalation_tip_again")
    return {name: {"public_id": draft.public_id} for name in names}


def _legal(case: Case) -> dict[str, Any]:
    """A legal request that somebody who does not walk entered about *case*, its letter, and a hold of the case.

    A request is no object of the case; what belongs to a case that it concerns is.
    """
    stan = person("stan")
    made = legal.enter_request(
        actor=stan, type="search_warrant", authority="A court", country="US", received_at=timezone.now(),
        deadline_at=timezone.now() + timedelta(days=7), targets=[{"kind": "case", "value": case.number}],
        categories=["locators"],
    )  # fmt: skip
    letter = legal.write_letter(made, actor=stan, kind="receipt")
    hold = cases.place_hold(case, actor=stan, why="litigation", until=None, reference="2026/1")
    of_case, of_request = {"public_id": case.public_id}, {"public_id": made.public_id}
    of_letter = of_request | {"letter_id": letter.public_id}
    of_hold = of_case | {"hold_id": hold.public_id}
    of_matter = of_request | {"case_id": case.public_id}
    objects: dict[str, Any] = {
        "legal_holds": of_case, "legal_hold_place": of_case, "legal_hold_ask": of_hold, "legal_hold_release": of_hold,
        "legal_produce": of_matter, "legal_leave_out": of_matter,
    }  # fmt: skip
    if case.restricted:
        return objects
    names = (
        "document", "store", "check", "accept", "refuse", "reopen", "withdraw", "renew", "process", "silence",
        "notified", "partner", "answer", "settle", "close", "request",
    )  # fmt: skip
    objects |= {f"legal_{name}": of_request for name in names}
    objects |= {"legal_letter": of_letter, "legal_letter_release": of_letter, "legal_letter_hand": of_letter}
    objects["legal_letter_file"] = of_letter | {"form": "pdf"}
    objects["legal_letter_write"] = of_request | {"kind": "receipt"}
    return objects | {"legal_enter": {"type": "subpoena"}, "legal_statistics_file": {"form": "csv"}}


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
    names = ("change", "switch", "rotate", "allow_net", "agree", "test")
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


def _partners() -> dict[str, Any]:
    """A partner that waits for a second person, with a contact, a key and a change that somebody who does not walk
    entered; no case holds them."""
    change = partners.propose_partner(actor=person("stan"), name="A proposed partner", kind="ngo")
    partner = change.partner
    contact = Contact.objects.create(partner=partner, name="Somebody")
    recipient = str(pyrage.x25519.Identity.generate().to_public())
    key = partners.add_key(partner, recipient, actor=person("stan"))
    of_partner = {"public_id": partner.public_id}
    names = ("change", "suspend", "resume", "contact_add", "key_add")
    objects: dict[str, Any] = {f"partner_{name}": of_partner for name in names} | {"partner": of_partner}
    for name, row in (("contact_change", contact), ("contact_end", contact), ("proposal", change)):
        objects[f"partner_{name}"] = {"public_id": row.public_id}
    for name in ("proposal_agree", "proposal_refuse", "proposal_withdraw"):
        objects[f"partner_{name}"] = {"public_id": change.public_id}
    return objects | {
        name: {"public_id": key.public_id}
        for name in ("partner_key", "partner_key_verify", "partner_key_revoke")
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
        | _endpoints()
        | _partners(),
        restricted={"form": "decision", "kind": "contact"}
        | _objects(restricted, revealer="sena", decider="sena"),
        restricted_case=restricted,
        restricted_host=host,
        revealer="sena",
    )
