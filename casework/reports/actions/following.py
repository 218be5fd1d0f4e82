"""After filing: what the reporter and the desk say to each other, what is added, and withdrawal."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.cases.actions import add_locators, hear_reporter, withdraw_case
from casework.cases.models import Case, Locator
from casework.reports.codes import code_matches, is_access_code, is_reference, normal
from casework.reports.models import ApiKey, Element, Message, PassingOn, Report
from casework.reports.passing import choices_of


@transaction.atomic
def open_status(reference: str, code: str) -> Report | None:
    """The report that *reference* and *code* lead to, with the entry that its reporter looked; or None.

    Whatever is wrong, the work is the same: one look-up and one Argon2 check.
    """
    reference, code = normal(reference), normal(code)
    shaped = is_reference(reference) and is_access_code(code)
    report = Report.objects.select_related("case").filter(reference=reference).first() if shaped else None
    if not code_matches(report.access_code_hash if report else None, code) or report is None:
        return None
    record(Verb.REPORT_READ_BY_REPORTER, actor=None, subject=report, case=report.case)
    return report


def report_of_reporter(public_id: uuid.UUID) -> Report | None:
    """The report of somebody who has shown reference and code a moment ago (the caller has checked their cookie)."""
    return Report.objects.select_related("case").filter(public_id=public_id).first()


def report_of_key(key: ApiKey, public_id: uuid.UUID) -> Report | None:
    """A report that this API key filed, or None: one of another key does not exist for it."""
    return Report.objects.select_related("case").filter(api_key=key, public_id=public_id).first()


@transaction.atomic
def receive_message(report: Report, text: str) -> Message:
    """A line from the reporter."""
    message = Message.objects.create(report=report, sender=Message.Sender.REPORTER, text=text)
    record(Verb.REPORT_MESSAGE_RECEIVED, actor=None, subject=message, case=report.case, length=len(text))
    hear_reporter(report.case)
    return message


@transaction.atomic
def send_message(report: Report, text: str, *, actor: User) -> Message:
    """A line from the desk; the reporter reads it on the status page."""
    message = Message.objects.create(report=report, sender=Message.Sender.DESK, author=actor, text=text)
    record(
        Verb.REPORT_MESSAGE_SENT,
        actor=actor,
        subject=message,
        case=report.case,
        sender="desk",
        length=len(text),
    )
    return message


@transaction.atomic
def add_missing(
    report: Report,
    *,
    links: tuple[str, ...] = (),
    accounts: tuple[str, ...] = (),
    signature: str = "",
    no_consent: bool = False,
    statement: str = "",
    contact: Mapping[str, Any] | None = None,
) -> list[str]:
    """What the reporter adds on the status page. Returns the elements that are present now and were missing.

    Nothing that was said before is overwritten, except a contact: it may have become unsafe.
    """
    report = Report.objects.select_for_update(of=("self",)).select_related("case").get(pk=report.pk)
    places = [(Locator.Kind.URL, link) for link in links] + [
        (Locator.Kind.ACCOUNT, name) for name in accounts
    ]
    if places:
        add_locators(report.case, places, actor=None)
    changed = _amend(report, signature=signature, no_consent=no_consent, statement=statement, contact=contact)
    if changed:
        report.save(update_fields=changed)
    given = {
        Element.Kind.IDENTIFICATION: bool(places),
        Element.Kind.SIGNATURE: bool(signature),
        Element.Kind.STATEMENT: no_consent,
        Element.Kind.CONTACT: bool(contact),
    }
    found: list[str] = [
        kind for kind, is_given in given.items() if is_given and _find(report, kind, actor=None)
    ]
    hear_reporter(report.case)
    return found


def _amend(report: Report, **given: Any) -> list[str]:
    changed = []
    for name, value in given.items():
        if value and (name == "contact" or not getattr(report, name)):
            setattr(report, name, value)
            changed.append(name)
    return changed


@transaction.atomic
def find_element(report: Report, kind: str, *, actor: User) -> bool:
    """Somebody at the desk found an element that was missing (in a message, say). False: it was there already."""
    report = Report.objects.select_for_update(of=("self",)).select_related("case").get(pk=report.pk)
    return _find(report, kind, actor=actor)


def _find(report: Report, kind: str, *, actor: User | None) -> bool:
    if report.has_element(kind):
        return False
    element = Element.objects.create(report=report, kind=kind, present=True, found_by=actor)
    complete = all(present for present in report.element_states().values())
    if complete and report.valid_at is None:
        Report.objects.filter(pk=report.pk, valid_at__isnull=True).update(valid_at=Now())
        report.refresh_from_db(fields=["valid_at"])
    record(
        Verb.REPORT_ELEMENT_FOUND,
        actor=actor,
        subject=element,
        case=report.case,
        element=kind,
        complete=complete,
    )
    return True


@transaction.atomic
def choose_passing_on(report: Report, choices: Mapping[str, str]) -> list[str]:
    """What the reporter says now about handing the report on: new rows for the kinds that change, which it returns.

    What has left already is not called back. A case that is held (for this answer, it may be) is looked at again.
    """
    report = Report.objects.select_for_update(of=("self",)).select_related("case").get(pk=report.pk)
    was = choices_of(report)
    changed = {kind: choice for kind, choice in choices.items() if was.get(kind) != choice}
    if not changed:
        return []
    PassingOn.objects.bulk_create(
        PassingOn(report=report, kind=kind, choice=choice) for kind, choice in changed.items()
    )
    record(
        Verb.REPORT_PASSING_ON_CHOSEN, actor=None, subject=report, case=report.case,
        was={kind: was[kind] for kind in changed if kind in was}, now=changed,
    )  # fmt: skip
    if report.case.status == Case.Status.HELD:
        hear_reporter(report.case)
    return list(changed)


@transaction.atomic
def withdraw_report(report: Report) -> bool:
    """The reporter takes the report back. An open case leaves the queue; what was decided stays decided.

    False: it was withdrawn already.
    """
    if not Report.objects.filter(pk=report.pk, withdrawn_at__isnull=True).update(withdrawn_at=Now()):
        return False
    report.refresh_from_db()
    record(Verb.REPORT_WITHDRAWN, actor=None, subject=report, case=report.case, status=report.case.status)
    withdraw_case(report.case, actor=None)
    return True
