"""Filling in a report to NCMEC, reading it, and letting it go by the ordinary way of an escalation."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from casework.audit.models import Entry
from casework.escalations import actions, choosing
from casework.escalations.actions import tips
from casework.escalations.conflicts import NotReady, OnlyAuthor, StaleEscalation
from casework.escalations.models import Escalation, State, Tip
from tests.cast import client_of, person
from tests.escalations import tips as make
from tests.escalations.cybertip.server import Tipline, answers
from tests.journal import verbs_of

pytestmark = pytest.mark.django_db


def typed(escalation: Escalation, **changes: Any) -> dict[str, Any]:
    """What the author of a draft types into the form."""
    said = {
        "version": escalation.version, "kind": "ENTICEMENT", "at": "2026-11-20T09:30", "at_means": "First message",
        "annotations": ["SEXTORTION"], "suspect_screen_name": "koi", "child_age": "15",
    }  # fmt: skip
    for chosen in escalation.chosen_items.all():
        prefix = chosen.item.public_id
        said |= {
            f"{prefix}-relevance": "REPORTED",
            f"{prefix}-annotations": ["INFANT"],
            f"{prefix}-public": "yes",
        }
    return said | changes


def send(client: Client, escalation: Escalation, **changes: Any) -> Any:
    return client.post(
        reverse("escalation_tip_describe", args=[escalation.public_id]), typed(escalation, **changes)
    )


def test_sena_fills_in_what_only_she_knows(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1, content={})
    assert send(client_of(person("sena")), escalation).status_code == 302
    content = Tip.objects.get(escalation=escalation).content
    assert (content["kind"], content["victim"]["age"]) == ("ENTICEMENT", 15)
    (file,) = content["files"].values()
    assert (file["annotations"], file["publicly_available"]) == (["INFANT"], True)
    assert verbs_of(escalation.case)[-1] == "tip.described"


def test_the_page_asks_about_each_original_and_shows_what_would_leave(tipline: Tipline) -> None:
    escalation = make.make_draft(items=2)
    page = (
        client_of(person("sena")).get(reverse("escalation_tip", args=[escalation.public_id])).content.decode()
    )
    for chosen in escalation.chosen_items.all():
        assert f'name="{chosen.item.public_id}-annotations"' in page
    assert "https://pictures.example/p/1" in page
    assert "What stands in the way" not in page


def test_somebody_else_reads_it_without_a_form(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    page = (
        client_of(person("lena")).get(reverse("escalation_tip", args=[escalation.public_id])).content.decode()
    )
    assert "https://pictures.example/p/1" in page
    assert reverse("escalation_tip_describe", args=[escalation.public_id]) not in page


def test_filling_it_in_anew_makes_earlier_previews_void(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    Escalation.objects.filter(pk=escalation.pk).update(previewed_digest="1" * 64)
    send(client_of(person("sena")), escalation)
    was = escalation.version
    escalation.refresh_from_db()
    assert (escalation.previewed_digest, escalation.version) == ("", was + 1)


def test_what_somebody_changed_meanwhile_is_not_overwritten(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    answer = send(client_of(person("sena")), escalation, version=7)
    assert answer.status_code == 409
    assert "tip.described" not in verbs_of(escalation.case)


def test_an_incident_in_the_future_is_asked_about(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1, content={})
    answer = send(client_of(person("sena")), escalation, at="2099-01-01T00:00")
    assert answer.status_code == 422
    assert "lies in the future" in answer.content.decode()
    assert "tip.described" not in verbs_of(escalation.case)


def test_only_the_author_fills_it_in(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    with pytest.raises(OnlyAuthor):
        tips.describe_tip(escalation, actor=person("lena"), version=escalation.version, content=make.CONTENT)
    assert "tip.described" not in verbs_of(escalation.case)


def test_nothing_is_filled_in_after_approval(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    make.let_go(escalation)
    with pytest.raises(StaleEscalation):
        tips.describe_tip(escalation, actor=person("sena"), version=escalation.version, content=make.CONTENT)


def test_the_page_shows_each_call_and_what_went_wrong(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    make.let_go(escalation)
    tipline.fail("submit", answers(4100))
    make.work()
    page = (
        client_of(person("lena")).get(reverse("escalation_tip", args=[escalation.public_id])).content.decode()
    )
    assert (
        "stopped: NCMEC did not take it"
        in client_of(person("lena")).get(reverse("escalations")).content.decode()
    )
    assert "NCMEC does not accept what the report says" in page
    assert "Try again now" in page
    assert "NCMEC throws away what it gets there" in page
    assert "req-7" in page


def test_lena_has_a_failed_report_tried_again(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    make.let_go(escalation)
    tipline.fail("submit", answers(4100))
    make.work()
    client_of(person("lena")).post(reverse("escalation_tip_again", args=[escalation.public_id]))
    make.work()
    assert len(tipline.finished()) == 1
    assert "tip.retried" in verbs_of(escalation.case)


def test_the_xml_can_be_read_and_reading_is_an_entry(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    answer = client_of(person("sena")).get(reverse("escalation_tip_xml", args=[escalation.public_id]))
    assert "&lt;incidentType&gt;Child Pornography" in answer.content.decode()
    assert verbs_of(escalation.case)[-1] == "tip.xml_read"


def test_a_report_that_is_not_filled_in_has_no_xml_yet(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1, content={})
    answer = client_of(person("sena")).get(reverse("escalation_tip_xml", args=[escalation.public_id]))
    assert "does not say yet when it happened" in answer.content.decode()


def test_the_xml_asks_for_a_fresh_sign_in(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    client = client_of(person("sena"))
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 7200
    session["account_authentication_methods"] = session["account_authentication_methods"]
    session.save()
    answer = client.get(reverse("escalation_tip_xml", args=[escalation.public_id]))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(reverse("account_reauthenticate"))
    assert "tip.xml_read" not in verbs_of(escalation.case)


@pytest.mark.parametrize("name", ["escalation_tip", "escalation_tip_xml"])
@pytest.mark.parametrize("who", ["mona", "lex", "audra"])
def test_for_people_without_clearance_it_does_not_exist(name: str, who: str, tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    before = Entry.objects.count()
    assert client_of(person(who)).get(reverse(name, args=[escalation.public_id])).status_code == 404
    assert Entry.objects.count() == before


# --- the ordinary way -----------------------------------------------------------------------------------------------


def offered(escalation: Escalation) -> str:
    """sena has read what would leave and asks for a second person; the digest."""
    sena = person("sena")
    digest = choosing.preview(escalation, viewer=sena).digest
    actions.note_preview(escalation, actor=sena, digest=digest)
    actions.offer(escalation, actor=sena)
    return digest


def test_a_report_goes_to_ncmec_after_two_words_and_never_without(tipline: Tipline) -> None:
    escalation = make.make_draft(
        items=1, reasons={"imagery": "NCMEC needs them.", "uploader_accounts": "So do they."}
    )
    digest = offered(escalation)
    with pytest.raises(NotReady):
        actions.approve(escalation, actor=person("lena"), digest=digest)
    assert tipline.calls == []
    third = person("lex")
    type(third).objects.filter(pk=third.pk).update(cleared=True)
    third.refresh_from_db()
    actions.approve_imagery(escalation, actor=third, reason="A statute asks for it.", digest=digest)
    actions.approve(escalation, actor=person("lena"), digest=digest)
    make.work()
    escalation.refresh_from_db()
    assert escalation.state == State.ACKNOWLEDGED
    assert len(tipline.finished()) == 1


def test_a_report_that_is_not_filled_in_cannot_be_offered(tipline: Tipline) -> None:
    escalation = make.make_draft(items=0, content={}, reasons={"uploader_accounts": "They need them."})
    Escalation.objects.filter(pk=escalation.pk).update(fields=["facts", "locators"])
    escalation.refresh_from_db()
    with pytest.raises(NotReady) as refused:
        offered(escalation)
    assert any("when it happened" in sentence for sentence in refused.value.problems)


def test_what_a_report_has_no_place_for_is_named(tipline: Tipline) -> None:
    escalation = make.make_draft(items=0, fields=["facts", "locators", "custody"], reasons={"custody": "-"})
    found = choosing.preview(escalation, viewer=person("sena"))
    assert any("no place for" in sentence for sentence in found.problems)
    assert [field.included for field in found.fields if field.code == "custody"] == [False]
    assert any("enticed" in value or "abuse" in value for field in found.fields for value in field.shown)
