"""Nia and her colleagues work on what they were sent: they take it, acknowledge, ask, answer, decline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from casework.accounts.models import User
from casework.escalations.models import Escalation, Line
from casework.partners.models import Contact, Partner
from tests.cast import client_of, person
from tests.escalations.handing import make_package, make_partner, make_sent
from tests.journal import all_verbs, verbs_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_store(settings: Any, tmp_path: Path) -> None:
    settings.EVIDENCE_DIR = tmp_path / "evidence"


@pytest.fixture
def found(nia: User) -> Escalation:
    return make_sent(make_partner(people=(nia,)), state="delivered")


@pytest.fixture
def noor(found: Escalation) -> User:
    """A colleague of nia's."""
    noor = User.objects.create_user(
        "noor@demo.test", name="Noor", role="partner", organisation=found.partner.organisation
    )
    Contact.objects.create(partner=found.partner, name="Noor", user=noor)
    return noor


def post(who: User, name: str, escalation: Escalation, **typed: str) -> Any:
    return client_of(who).post(reverse(name, args=[escalation.public_id]), typed)


def again(escalation: Escalation) -> Escalation:
    return Escalation.objects.get(pk=escalation.pk)


def test_nia_says_that_she_has_it_and_her_colleague_sees_who(
    nia: User, noor: User, found: Escalation
) -> None:
    assert post(nia, "portal_claim", found).status_code == 302
    assert again(found).claimed_by == nia
    assert "portal.claimed" in verbs_of(found.case)
    text = client_of(noor).get(reverse("portal_escalation", args=[found.public_id])).content.decode()
    assert "Nia has it" in text


def test_what_nia_has_noor_takes_over_only_aloud(nia: User, noor: User, found: Escalation) -> None:
    post(nia, "portal_claim", found)
    refused = post(noor, "portal_claim", found)
    assert refused.status_code == 409
    assert "A colleague of yours has it already" in refused.content.decode()
    assert again(found).claimed_by == nia
    assert verbs_of(found.case).count("portal.claimed") == 1
    assert post(noor, "portal_claim", found, take_over="yes").status_code == 302
    assert again(found).claimed_by == noor
    assert verbs_of(found.case).count("portal.claimed") == 2


def test_nia_gives_back_what_is_hers_and_nothing_else(nia: User, noor: User, found: Escalation) -> None:
    post(nia, "portal_claim", found)
    assert post(noor, "portal_release", found).status_code == 409
    assert "portal.released" not in all_verbs()
    assert post(nia, "portal_release", found).status_code == 302
    assert again(found).claimed_by is None
    assert verbs_of(found.case)[-1] == "portal.released"


@pytest.mark.parametrize(("typed", "words"), [("ours", "Same as ours"), ("another", "Different from ours")])
def test_the_digest_that_nia_computed_is_compared_with_ours(
    nia: User, found: Escalation, typed: str, words: str
) -> None:
    package = make_package(found)
    digest = package.sha256.upper() if typed == "ours" else "f" * 64
    answer = post(nia, "portal_acknowledge", found, reference="AZ 7/26", sha256=f" {digest} ")
    assert answer.status_code == 302
    row = again(found)
    assert (row.state, row.acknowledged_by, row.recipient_reference) == ("acknowledged", nia, "AZ 7/26")
    assert row.acknowledged_sha256 == digest.lower()
    assert verbs_of(found.case)[-1] == "escalation.acknowledged"
    text = client_of(nia).get(reverse("portal_escalation", args=[found.public_id])).content.decode()
    assert words in text


def test_what_is_no_digest_is_said_beside_the_field_and_nothing_is_stored(
    nia: User, found: Escalation
) -> None:
    answer = post(nia, "portal_acknowledge", found, reference="AZ 7/26", sha256="abc")
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "A SHA-256 has 64 characters" in text
    assert "AZ 7/26" in text
    assert again(found).state == "delivered"
    assert "escalation.acknowledged" not in all_verbs()


def test_nia_asks_and_reads_the_desks_answer_without_a_name(nia: User, found: Escalation) -> None:
    assert post(nia, "portal_line", found, kind="question", text="Which account is it?").status_code == 302
    line = Line.objects.get()
    assert (line.side, line.kind, line.author, line.text) == (
        "partner",
        "question",
        nia,
        "Which account is it?",
    )
    assert verbs_of(found.case)[-1] == "escalation.line_written"
    Line.objects.create(
        escalation=found, side="desk", kind="answer", author=person("mona"), text="The second one."
    )
    text = client_of(nia).get(reverse("portal_escalation", args=[found.public_id])).content.decode()
    assert "The second one." in text
    assert "Mona" not in text
    assert "The desk" in text


def test_nia_reports_the_outcome_with_her_number(nia: User, found: Escalation) -> None:
    post(nia, "portal_acknowledge", found)
    answer = post(nia, "portal_answer", found, outcome="investigation", reference="AZ 8", text="We began.")
    assert answer.status_code == 302
    row = again(found)
    assert (row.state, row.outcome, row.recipient_reference) == ("answered", "investigation", "AZ 8")
    assert "escalation.answered" in verbs_of(found.case)


def test_an_outcome_that_does_not_exist_is_refused(nia: User, found: Escalation) -> None:
    assert post(nia, "portal_answer", found, outcome="closed", text="x").status_code == 422
    assert again(found).state == "delivered"
    assert "escalation.answered" not in all_verbs()


def test_what_nia_declines_leaves_her_inbox(nia: User, found: Escalation) -> None:
    answer = post(nia, "portal_decline", found, text="Not our country.")
    assert answer.headers["Location"] == reverse("portal")
    assert again(found).state == "refused"
    client = client_of(nia)
    assert client.get(reverse("portal_escalation", args=[found.public_id])).status_code == 404
    assert (
        client.post(reverse("portal_line", args=[found.public_id]), {"kind": "word", "text": "x"}).status_code
        == 404
    )


def test_declining_needs_a_reason(nia: User, found: Escalation) -> None:
    assert post(nia, "portal_decline", found, text=" ").status_code == 422
    assert again(found).state == "delivered"


def test_an_answer_to_what_was_answered_is_a_conflict_in_words(nia: User, found: Escalation) -> None:
    post(nia, "portal_answer", found, outcome="no_action", text="Nothing.")
    assert post(nia, "portal_answer", found, outcome="removed", text="Gone.").status_code == 409
    assert again(found).outcome == "no_action"
    assert verbs_of(found.case).count("escalation.answered") == 1


def test_suspended_between_reading_and_writing_nothing_is_written(nia: User, found: Escalation) -> None:
    Partner.objects.filter(pk=found.partner_id).update(state=Partner.State.SUSPENDED)
    before = all_verbs()
    for name, typed in [
        ("portal_claim", {}), ("portal_acknowledge", {}), ("portal_line", {"kind": "word", "text": "x"}),
        ("portal_answer", {"outcome": "removed"}), ("portal_decline", {"text": "x"}),
    ]:  # fmt: skip
        assert post(nia, name, found, **typed).status_code == 404
    assert all_verbs() == before
