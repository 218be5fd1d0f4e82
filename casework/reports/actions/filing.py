"""Filing: one report with everything that belongs to it, in one transaction, once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from casework.audit.log import Verb, record
from casework.cases.actions import add_locators, index_terms, open_case
from casework.cases.models import Case, CaseTerm, Locator
from casework.evidence.actions import add_items, discard_staged
from casework.evidence.uploads import SealedUpload
from casework.reports.codes import hash_access_code, new_access_code, new_reference
from casework.reports.facts import ReportFacts, missing_sentence
from casework.reports.models import (
    AgeAtTheTime,
    ApiKey,
    Element,
    IdempotentAnswer,
    Message,
    PassingOn,
    Report,
    ReportDraft,
    ReporterRole,
)

#: Who may send files through the public form. Nobody ever asks the person depicted, or a parent, for a picture.
UPLOAD_ROLES = frozenset({ReporterRole.SOMEBODY_ELSE, ReporterRole.REPRESENTATIVE})
#: How long the done page may still be asked for after filing.
RECEIPT_FOR = timedelta(minutes=15)
#: A repeat with the same ``Idempotency-Key`` is recognised for at least this long.
ANSWERS_KEPT = timedelta(days=1)


class FilesNotAllowed(Exception):
    """Files came with a report that may not have any; ``sentence`` says why. Nothing was kept."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class KeyReused(Exception):
    """An ``Idempotency-Key`` came again with another report under it."""


class DraftGone(Exception):
    """The draft ran out, was left behind, or has been filed and shown."""


@dataclass(frozen=True)
class Filed:
    """What the sender gets back. ``repeated``: nothing new was filed; ``answer`` is then what the API said before."""

    report: Report
    access_code: str
    repeated: bool = False
    answer: dict[str, Any] | None = None


@transaction.atomic
def file_report(
    *,
    channel: str,
    facts: ReportFacts,
    uploads: Sequence[SealedUpload],
    api_key: ApiKey | None = None,
    draft: ReportDraft | None = None,
    idempotency_key: str = "",
    answer_of: Callable[[Filed], dict[str, Any]] | None = None,
) -> Filed:
    """Store a report, its case, clock, locators, elements, evidence items and jobs: all of it or nothing.

    A second call with the same *draft* or the same *idempotency_key* of an *api_key* answers with the first report;
    *answer_of* makes the API's answer, which is kept (encrypted) beside the idempotency key.
    Raises ``FilesNotAllowed``, ``KeyReused``, ``DraftGone``.
    """
    earlier = _filed_before(facts, uploads, api_key, draft, idempotency_key)
    if earlier is not None:
        discard_staged(uploads)
        return earlier
    _refuse_files(channel, facts, uploads)
    received_at = _database_now()
    case = _open_case(facts, api_key, received_at)
    code = new_access_code()
    report = _make_report(case, channel, facts, api_key, code, received_at)
    index_terms(case, CaseTerm.Kind.REFERENCE, [report.reference])
    places = [(Locator.Kind.URL, link) for link in facts.links]
    places += [(Locator.Kind.ACCOUNT, name) for name in facts.accounts]
    add_locators(case, places, actor=None)
    _note_passing_on(report, facts)
    _record_filed(report, facts, places=len(places), files=len(uploads))
    add_items(case, uploads, actor=None)
    _note_elements(report, facts)
    filed = Filed(report, code)
    filed = replace(filed, answer=answer_of(filed) if answer_of else None)
    _remember(filed, facts, uploads, draft, idempotency_key)
    return filed


def _open_case(facts: ReportFacts, api_key: ApiKey | None, received_at: datetime) -> Case:
    return open_case(
        actor=None,
        received_at=received_at,
        minor_indicated=facts.minor_indicated,
        danger_indicated=facts.in_danger,
        trusted_flagger=bool(api_key and api_key.trusted_flagger),
        from_depicted_person=facts.from_depicted_person,
        ai_claimed=facts.ai_claimed,
    )


def _record_filed(report: Report, facts: ReportFacts, *, places: int, files: int) -> None:
    record(
        Verb.REPORT_FILED,
        actor=None,
        subject=report,
        case=report.case,
        channel=report.channel,
        role=report.role,
        age=report.age_at_the_time,
        danger=report.in_danger,
        trusted_flagger=report.trusted_flagger,
        api_key=report.api_key.public_id if report.api_key else None,
        locators=places,
        files=files,
        elements=facts.elements(),
        passing_on=facts.passing_on,
    )


def upload_refusal(*, channel: str, role: str, minor_indicated: bool) -> str:
    """Why files may not come with such a report, in words, or an empty string where they may."""
    if minor_indicated and (channel == Report.Channel.FORM or settings.CSAM_CUSTODY != "provider_preserve"):
        return _(
            "We may not take pictures or videos when the person shown was, or may have been, under 18. "
            "Please send the report without files: where it is, is enough."
        )
    if channel == Report.Channel.FORM and role not in UPLOAD_ROLES:
        return _("We never need a picture or video from you: where it is, is enough.")
    return ""


def _refuse_files(channel: str, facts: ReportFacts, uploads: Sequence[SealedUpload]) -> None:
    refusal = upload_refusal(channel=channel, role=facts.role, minor_indicated=facts.minor_indicated)
    if uploads and refusal:
        raise FilesNotAllowed(refusal)


def _database_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        now: datetime = cursor.fetchone()[0]
    return now


def _filed_before(
    facts: ReportFacts,
    uploads: Sequence[SealedUpload],
    api_key: ApiKey | None,
    draft: ReportDraft | None,
    idempotency_key: str,
) -> Filed | None:
    if draft is not None:
        return _filed_draft(draft)
    if api_key is None or not idempotency_key:
        return None
    # Two first requests at once: the second waits here until the first has committed, and then finds its answer.
    lock = hashlib.sha256(f"{api_key.public_id}\x00{idempotency_key}".encode()).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [lock])
    answer = (
        IdempotentAnswer.objects.select_related("report__case")
        .filter(api_key=api_key, key=idempotency_key)
        .first()
    )
    if answer is None:
        return None
    if answer.fingerprint != facts.fingerprint(_digests(uploads)):
        raise KeyReused
    return Filed(answer.report, "", repeated=True, answer=answer.answer)


def _filed_draft(draft: ReportDraft) -> Filed | None:
    # The row lock makes two clicks one after the other.
    kept = ReportDraft.objects.select_for_update().filter(pk=draft.pk).first()
    if kept is None:
        raise DraftGone
    if kept.filed_as is None:
        return None
    return Filed(kept.filed_as, kept.answers["access_code"], repeated=True)


def _digests(uploads: Sequence[SealedUpload]) -> list[tuple[str, str]]:
    return [(upload.name, upload.sha256) for upload in uploads]


def _make_report(
    case: Case, channel: str, facts: ReportFacts, api_key: ApiKey | None, code: str, received_at: datetime
) -> Report:
    return Report.objects.create(
        reference=new_reference(),
        access_code_hash=hash_access_code(code),
        case=case,
        channel=channel,
        api_key=api_key,
        trusted_flagger=bool(api_key and api_key.trusted_flagger),
        role=ReporterRole(facts.role),
        age_at_the_time=AgeAtTheTime(facts.age_at_the_time),
        made_how=facts.made_how,
        in_danger=facts.in_danger,
        received_at=received_at,
        valid_at=received_at if all(facts.elements().values()) else None,
        language=facts.language,
        signature=facts.signature,
        contact=dict(facts.contact) if facts.contact else None,
        statement=facts.statement,
        description=facts.description,
        authorisation=facts.authorisation,
        no_consent=facts.no_consent,
        accurate=facts.accurate,
    )


def _note_passing_on(report: Report, facts: ReportFacts) -> None:
    PassingOn.objects.bulk_create(
        PassingOn(report=report, kind=kind, choice=choice) for kind, choice in facts.passing_on.items()
    )


def _note_elements(report: Report, facts: ReportFacts) -> None:
    present = facts.elements()
    Element.objects.bulk_create(
        Element(report=report, kind=kind, present=is_present) for kind, is_present in present.items()
    )
    missing = [kind for kind, is_present in present.items() if not is_present]
    if not missing:
        return
    with translation.override(report.language):
        text = missing_sentence(missing)
    message = Message.objects.create(report=report, sender=Message.Sender.SYSTEM, text=text)
    record(
        Verb.REPORT_MESSAGE_SENT,
        actor=None,
        subject=message,
        case=report.case,
        sender="system",
        missing=missing,
    )


def _remember(
    filed: Filed,
    facts: ReportFacts,
    uploads: Sequence[SealedUpload],
    draft: ReportDraft | None,
    idempotency_key: str,
) -> None:
    report = filed.report
    if draft is not None:
        # The answers go; what stays for minutes is what the done page shows once.
        ReportDraft.objects.filter(pk=draft.pk).update(
            filed_as=report,
            answers={"access_code": filed.access_code},
            expires_at=report.received_at + RECEIPT_FOR,
        )
    elif report.api_key is not None and idempotency_key:
        IdempotentAnswer.objects.create(
            api_key=report.api_key,
            key=idempotency_key,
            fingerprint=facts.fingerprint(_digests(uploads)),
            report=report,
            answer=filed.answer or {},
        )
