"""One open and one restricted case with everything that hangs on them, and their addresses."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.tokens import default_token_generator
from django.utils import timezone
from PIL import Image

from casework.accounts.models import Organisation
from casework.cases import actions as cases
from casework.cases.actions.decisions import standing_decision
from casework.cases.models import Basis, Case, Effect, Outcome, Policy
from casework.evidence import actions as evidence
from casework.evidence.models import Blob, Item, Reveal, RevealReason, Wrap
from casework.evidence.sealing import seal
from casework.reports.models import ApiKey, Report
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
    objects |= {name: of_item for name in ("evidence_item", "evidence_preview", "evidence_verify", "reveal")}
    for name in ("reveal_stage", "reveal_image", "reveal_extend", "reveal_colour", "reveal_close"):
        objects[name] = {"public_id": reveal.public_id}
    objects |= {name: {"public_id": report.public_id} for name in ("report_message", "report_element")}
    return objects


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
        open=shared | _objects(make_case(), revealer="mona", decider="mona"),
        restricted={"form": "decision", "kind": "contact"}
        | _objects(restricted, revealer="sena", decider="sena"),
        restricted_case=restricted,
        restricted_host=host,
        revealer="sena",
    )
