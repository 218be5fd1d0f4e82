"""Non-disclosure holds notices back until its date; then the person concerned is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from casework.escalations.actions import change_draft, draft_escalation, withdraw
from casework.escalations.models import Escalation
from casework.escalations.reporting import passed_on
from casework.legal import actions, reading
from casework.legal.models import LegalRequest, Type
from tests.cast import client_of, make_case, person
from tests.escalations.making import make_draft
from tests.escalations.reporters import file_one
from tests.escalations.test_desk_drafting import send
from tests.journal import all_verbs
from tests.legal.making import accepted, make_police, matter_of

pytestmark = pytest.mark.django_db


def silent(**fields: object) -> LegalRequest:
    """A warrant about which nobody may be told for 30 days."""
    return accepted(Type.WARRANT, nondisclosure_until=timezone.now() + timedelta(days=30), **fields)


def shown(name: str) -> tuple[str, str]:
    """What *name* reads under "may go out now" and under "held back"."""
    page = client_of(person(name)).get("/legal/notices/").text
    due, _between, later = page.partition("Held back")
    return due, later


def test_a_silent_request_waits_for_its_date():
    request = silent()
    assert request.notice_due_at == request.nondisclosure_until
    due, later = shown("lex")
    assert request.number not in due
    assert request.number in later
    with pytest.raises(actions.NotAllowed, match="Nobody may be told yet"):
        actions.note_notified(request, actor=person("lex"), how="by letter")


def test_a_notice_may_go_out_once_the_silence_is_over():
    request = silent()
    past = timezone.now() - timedelta(days=1)
    LegalRequest.objects.filter(pk=request.pk).update(nondisclosure_until=past, notice_due_at=past)
    assert request.number in shown("lex")[0]
    actions.note_notified(request, actor=person("lex"), how="by letter")
    assert all_verbs()[-1] == "legal.person_notified"
    assert not reading.notices(person("lex")).exists()
    before = all_verbs()
    with pytest.raises(actions.NotAllowed):
        actions.note_notified(request, actor=person("lex"), how="again")
    assert all_verbs() == before


def test_nobody_is_told_before_the_day_that_the_request_names():
    request = accepted(Type.WARRANT, notice_due_at=timezone.now() + timedelta(days=3))
    assert "/notified/" not in client_of(person("lex")).get(f"/legal/{request.public_id}/").text
    with pytest.raises(actions.NotAllowed, match="Nobody may be told yet"):
        actions.note_notified(request, actor=person("lex"), how="by letter")


def test_what_is_not_silent_may_be_told_from_its_acceptance():
    request = accepted(Type.SUBPOENA)
    assert request.number in shown("lex")[0]


@pytest.mark.parametrize("type_", ["preservation_request", "epoc_pr"])
def test_nobody_is_told_that_something_was_kept(type_: str):
    request = accepted(type_)
    assert request.notice_due_at is None


def test_lex_prolongs_the_silence_and_what_is_drafted_is_silent_as_long():
    make_case()
    request = silent(partner=make_police(), categories=["locators"])
    made = actions.produce(matter_of(request), actor=person("lex"))
    later = timezone.now() + timedelta(days=90)
    actions.prolong_silence(request, actor=person("lex"), until=later, reference="order of the court, 24-19")
    made.refresh_from_db()
    request.refresh_from_db()
    assert made.nondisclosure_until == request.nondisclosure_until == request.notice_due_at == later
    assert all_verbs()[-1] == "legal.silence_prolonged"


def test_what_was_taken_back_and_drafted_anew_stays_silent_as_long():
    make_case()
    request = silent(partner=make_police(), categories=["locators"])
    first = actions.produce(matter_of(request), actor=person("lex"))
    withdraw(first, actor=person("lex"), reason="The wrong place.")
    actions.produce(matter_of(request), actor=person("lex"))
    later = timezone.now() + timedelta(days=90)
    actions.prolong_silence(request, actor=person("lex"), until=later, reference="order of the court, 24-19")
    first.refresh_from_db()
    assert first.nondisclosure_until == later


def test_no_draft_ends_the_silence_of_its_request():
    filed = file_one()
    request = silent(
        partner=make_police(),
        categories=["reports"],
        targets=[{"kind": "case", "value": filed.report.case.number}],
    )
    made = actions.produce(matter_of(request), actor=person("lex"))
    Escalation.objects.filter(pk=made.pk).update(sent_at=timezone.now(), nondisclosure_until=None)
    assert passed_on(filed.report) == []
    past = timezone.now() - timedelta(days=1)
    LegalRequest.objects.filter(pk=request.pk).update(nondisclosure_until=past)
    assert len(passed_on(filed.report)) == 1


@pytest.mark.parametrize(("days", "reference"), [(90, " "), (10, "order"), (-1, "order")])
def test_silence_is_prolonged_on_an_order_and_to_a_later_date(days: int, reference: str):
    request, before = silent(), None
    before = all_verbs()
    with pytest.raises(actions.NotAllowed):
        actions.prolong_silence(
            request, actor=person("lex"), until=timezone.now() + timedelta(days=days), reference=reference
        )
    assert all_verbs() == before


def test_the_editor_inherits_the_silence_of_the_request_and_takes_only_a_later_one():
    case = make_case()
    request = silent(partner=make_police(), categories=["locators"])
    made = actions.produce(matter_of(request, case), actor=person("lex"))
    assert made.nondisclosure_until == request.nondisclosure_until
    assert "Until then the reporter&#x27;s page says nothing" in client_of(person("lex")).get(
        f"/escalations/{made.public_id}/edit/"
    ).text  # fmt: skip
    assert send(made).status_code == 302
    made.refresh_from_db()
    assert made.nondisclosure_until == request.nondisclosure_until
    for refused in ("", (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")):
        answer = send(made, nondisclosure_until=refused)
        assert answer.status_code == 422
        assert "forbids any word before that" in answer.text
    later = (request.nondisclosure_until + timedelta(days=3)).replace(second=0, microsecond=0)
    assert send(made, nondisclosure_until=later.strftime("%Y-%m-%dT%H:%M")).status_code == 302
    made.refresh_from_db()
    assert made.nondisclosure_until == later
    assert all_verbs()[-1] == "escalation.changed"


def test_any_draft_can_be_silent_until_a_date():
    draft = make_draft()
    assert draft.nondisclosure_until is None
    until = (timezone.now() + timedelta(days=5)).replace(second=0, microsecond=0)
    assert send(draft, nondisclosure_until=until.strftime("%Y-%m-%dT%H:%M")).status_code == 302
    draft.refresh_from_db()
    assert draft.nondisclosure_until == until
    assert all_verbs()[-1] == "escalation.changed"
    assert send(draft, nondisclosure_until="").status_code == 302
    draft.refresh_from_db()
    assert draft.nondisclosure_until is None


def test_the_form_asks_for_the_order():
    request = silent()
    until = (timezone.now() + timedelta(days=90)).strftime("%Y-%m-%dT%H:%M")
    lex, address = client_of(person("lex")), f"/legal/{request.public_id}/silence/"
    assert lex.post(address, {"until": until}).status_code == 422
    assert lex.post(address, {"until": until, "reference": "order 24-19"}).status_code == 302
    request.refresh_from_db()
    assert request.nondisclosure_reference == "order 24-19"


def by_hand(request: LegalRequest) -> Escalation:
    """What lex drafts on the case page and lets rest on *request*, without setting a date."""
    assert request.partner is not None
    return draft_escalation(
        matter_of(request).case, actor=person("lex"), partner=request.partner, basis="legal_request",
        legal_request=request.public_id, authority="the order",
    )  # fmt: skip


def test_a_draft_by_hand_is_as_silent_as_the_request_that_it_rests_on():
    filed = file_one()
    case = [{"kind": "case", "value": filed.report.case.number}]
    request = silent(partner=make_police(), categories=["reports"], targets=case)
    made = by_hand(request)
    assert made.nondisclosure_until == request.nondisclosure_until
    later = timezone.now() + timedelta(days=90)
    actions.prolong_silence(request, actor=person("lex"), until=later, reference="order of the court, 24-19")
    made.refresh_from_db()
    assert made.nondisclosure_until == later
    Escalation.objects.filter(pk=made.pk).update(sent_at=timezone.now(), nondisclosure_until=None)
    assert passed_on(filed.report) == []
    past = timezone.now() - timedelta(days=1)
    LegalRequest.objects.filter(pk=request.pk).update(nondisclosure_until=past)
    assert len(passed_on(filed.report)) == 1


def test_a_draft_that_is_changed_to_rest_on_a_silent_request_becomes_silent():
    make_case()
    request = silent(partner=make_police(), categories=["locators"])
    draft = make_draft(case=matter_of(request).case, author=person("lex"), partner=request.partner)
    assert draft.nondisclosure_until is None
    change_draft(
        draft, actor=person("lex"), version=draft.version, items={}, locators=[], basis="legal_request",
        legal_request=request.public_id,
    )  # fmt: skip
    draft.refresh_from_db()
    assert draft.nondisclosure_until == request.nondisclosure_until
    assert all_verbs()[-1] == "escalation.changed"
