"""Reports to NCMEC for tests: a desk that is set up, a restricted case with drawn pictures, and the ledger's work."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from casework.accounts.models import Organisation
from casework.cases.models import Case
from casework.escalations import choosing
from casework.escalations.actions import tips
from casework.escalations.models import Basis, Escalation, EscalationItem, EscalationLocator, State, Tip
from casework.evidence import actions as evidence
from casework.evidence.models import Blob, Item, Wrap
from casework.evidence.sealing import seal
from casework.jobs import tasks
from casework.jobs.models import Job
from casework.partners.models import Accepts, Channel, Partner
from tests.cast import make_case, person
from tests.escalations.cybertip.server import PASSWORD, USER
from tests.worlds import picture

#: What a person filled in.
CONTENT: dict[str, Any] = {
    "kind": "ABUSE_MATERIAL",
    "at": datetime(2026, 11, 20, 9, 30, tzinfo=UTC).isoformat(),
    "at_means": "When it was first reported to us.",
    "platform": "Pictures",
    "urgent": "",
    "annotations": ["SEXTORTION"],
    "suspect": {"screen_name": "goldfish_77", "identifier": "", "profile_url": "", "mail": "", "more": ""},
    "victim": {"first_name": "", "last_name": "", "more": "", "age": 15, "born": ""},
    "agency": {"name": "", "case_number": "", "reported": None},
    "files": {},
    "more": "",
}
#: Why what goes beyond the minimum goes along.
REASONS = {"uploader_accounts": "NCMEC finds them by it.", "imagery": "A report holds what is reported."}
FIELDS = ["case_number", "facts", "urgency", "locators", "hashes", "uploader_accounts", "imagery"]


def set_up(settings: Any, base: str, directory: Path) -> None:
    """The operator has an account at the server at *base* and keeps originals, as a provider in the US must."""
    secret = directory / "ncmec-password"
    secret.write_text(PASSWORD)
    settings.OUTBOUND_ALLOWED_NETS = (ipaddress.ip_network("127.0.0.0/8"),)
    settings.CYBERTIP_URL, settings.CYBERTIP_USER = base, USER
    settings.CYBERTIP_PASSWORD_FILE = str(secret)
    settings.CYBERTIP_SCHEMA_DIR = directory / "schema"
    settings.CYBERTIP_REPORTER = {
        "name": "Lena Example", "mail": "trust@platform.example", "phone": "", "company": "", "legal_url": "",
    }  # fmt: skip
    settings.CSAM_CUSTODY = "provider_preserve"


def ncmec() -> Partner:
    """NCMEC in the directory, in force."""
    organisation, _made = Organisation.objects.get_or_create(
        name="NCMEC", defaults={"kind": Organisation.Kind.HOTLINE}
    )
    partner, _made = Partner.objects.get_or_create(
        organisation=organisation,
        defaults={
            "state": Partner.State.ACTIVE, "channel": Channel.CYBERTIP, "accepts": [Accepts.MINOR],
            "countries": ["US"], "imagery_allowed": True,
        },
    )  # fmt: skip
    return partner


def make_draft(*, items: int = 2, content: dict[str, Any] | None = None, **fields: Any) -> Escalation:
    """A draft of sena's about a restricted case, with *items* pictures and one place; filled in unless told."""
    case = make_case(minor_indicated=True, links=["https://pictures.example/p/1"])
    escalation = Escalation.objects.create(
        case=case, partner=ncmec(), channel=Channel.CYBERTIP, drafted_by=person("sena"),
        facts="Two pictures were posted.", authority="18 USC 2258A",
        **{"basis": Basis.STATUTORY, "fields": FIELDS, "reasons": REASONS, **fields},
    )  # fmt: skip
    for position in range(1, items + 1):
        EscalationItem.objects.create(
            escalation=escalation, item=make_original(case, position=position), with_picture=True
        )
    for locator in case.locators.all():
        EscalationLocator.objects.create(escalation=escalation, locator=locator)
    if content is None:
        content = CONTENT
    if content:
        Tip.objects.create(escalation=escalation, content=content)
    return escalation


def make_original(case: Case, *, position: int, more: bytes = b"") -> Item:
    """A drawn picture that no other item has, sealed; *more* bytes stand behind its end."""
    colour = "#" + case.public_id.hex[:6]
    data = picture((40 + position, 30), colour) + more
    sealed = seal(data, Blob.Kind.ORIGINAL, Wrap.Recipient.VAULT)
    original = evidence.stage_blob(sealed)
    Blob.objects.filter(pk=original.pk).update(staged_until=None)
    return Item.objects.create(
        case=case, position=position, original=original, state=Item.State.EXAMINED, sha256=sealed.sha256,
        md5=sealed.md5, format="PNG", width=40 + position, height=30, frames=1, examined_at=timezone.now(),
    )  # fmt: skip


def let_go(escalation: Escalation, *, by: str = "lena") -> Tip:
    """As an approval by another person does it: the state and the start of the report in one transaction."""
    with transaction.atomic():
        Escalation.objects.filter(pk=escalation.pk).update(
            state=State.APPROVED,
            approved_by=person(by),
            approved_at=timezone.now(),
            previewed_digest=choosing.digest(escalation),
            imagery_approved_by=person("lex"),
        )
        escalation.refresh_from_db()
        return tips.start_tip(escalation, actor=person(by))


def work() -> int:
    """Do every job of reports that is ready; how many there were."""
    done = 0
    queued = Job.objects.filter(kind=tips.JOB, state=Job.State.QUEUED)
    while job := queued.filter(not_before__lte=Now()).order_by("pk").first():
        tasks.run(str(job.public_id))
        done += 1
    return done


def pause_is_over() -> None:
    """Whatever waits for its next try is ready now."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE jobs_job SET not_before = clock_timestamp() WHERE state = 'queued'")


def originals(escalation: Escalation) -> list[str]:
    """The SHA-256 of each original that goes along, sorted."""
    return sorted(Item.objects.filter(case=escalation.case).values_list("sha256", flat=True))
