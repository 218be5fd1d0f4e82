"""The pages of the second and the third person, and of going without them where a life is in danger."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from casework.accounts.models import User
from casework.escalations.models import Escalation
from casework.partners.models import Partner
from tests.cast import client_of, make_case
from tests.escalations.making import (
    GLASS_WORDS,
    URGENT,
    break_glass,
    make_draft,
    make_escalation,
    make_offered,
    make_partner,
    offered,
)
from tests.escalations.ordered import resting
from tests.journal import verbs_of
from tests.worlds import make_item

pytestmark = pytest.mark.django_db


def look(user: User, escalation: Escalation, name: str = "escalation_preview") -> Any:
    answer = client_of(user).get(reverse(name, args=[escalation.public_id]))
    assert answer.status_code == 200
    return answer


def digest_of(user: User, escalation: Escalation) -> str:
    digest: str = look(user, escalation).context["preview"].digest
    return digest


def post(user: User, name: str, escalation: Escalation, **data: str) -> Any:
    return client_of(user).post(reverse(f"escalation_{name}", args=[escalation.public_id]), data)


def with_picture() -> Escalation:
    """A draft of mona's that was offered, on an order, with a picture."""
    partner = make_partner(imagery_allowed=True)
    case = make_case()
    item = make_item(case)
    draft = make_draft(
        case, partner=partner, basis="statutory", authority="Order 7/26", items={item: True},
        consent="not_needed", consent_how="", reasons={"imagery": "They have to identify the room."},
    )  # fmt: skip
    resting(draft)
    draft.fields = [*draft.fields, "imagery"]
    draft.save()
    return offered(draft)


def oldest_sign_in(client: Any) -> Any:
    """*client* as somebody who proved who they are two hours ago."""
    session = client.session
    session["account_authentication_methods"] = [
        {**each, "at": each["at"] - 7200} for each in session["account_authentication_methods"]
    ]
    session.save()
    return client


def test_lena_approves_exactly_what_mona_offered(lena: User) -> None:
    draft = make_offered()
    page = look(lena, draft).content.decode()
    assert "Mona drafted it." in page
    assert draft.facts in page
    answer = post(lena, "approve", draft, digest=digest_of(lena, draft))
    assert answer.headers["Location"] == reverse("escalation", args=[draft.public_id])
    draft.refresh_from_db()
    assert (draft.state, draft.approved_by) == ("approved", lena)
    assert "escalation.approved" in verbs_of(draft.case)


def test_what_changed_since_mona_looked_is_refused_with_words(lena: User) -> None:
    draft = make_offered()
    seen = digest_of(lena, draft)
    Partner.objects.filter(pk=draft.partner_id).update(tlp_ceiling="TLP:RED")
    Escalation.objects.filter(pk=draft.pk).update(tlp="TLP:RED")
    page = look(lena, draft)
    assert "It has changed since its author looked at it" in page.content.decode()
    assert page.context["blocked"]
    before = verbs_of(draft.case)
    for digest in (seen, page.context["preview"].digest):
        answer = post(lena, "approve", draft, digest=digest)
        assert answer.status_code == 409
        assert "What would leave has changed" in answer.content.decode()
    assert verbs_of(draft.case) == before


def test_mona_sees_no_button_to_approve_her_own_and_is_refused_the_post(sena: User) -> None:
    draft = make_offered(author=sena)
    page = look(sena, draft)
    assert not page.context["may"]["judge"]
    assert "Approve: let it leave" not in page.content.decode()
    before = verbs_of(draft.case)
    answer = post(sena, "approve", draft, digest=page.context["preview"].digest)
    assert answer.status_code == 409
    assert "Somebody else has to approve it." in answer.content.decode()
    assert verbs_of(draft.case) == before


def test_milo_may_not_approve_at_all(milo: User) -> None:
    draft = make_offered()
    assert "Approve: let it leave" not in look(milo, draft).content.decode()
    assert post(milo, "approve", draft, digest=digest_of(milo, draft)).status_code == 403
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_approving_asks_lena_who_she_is_after_an_hour_and_leads_back(lena: User) -> None:
    draft = make_offered()
    back = reverse("escalation_preview", args=[draft.public_id])
    client = oldest_sign_in(client_of(lena))
    answer = client.post(
        reverse("escalation_approve", args=[draft.public_id]),
        {"digest": digest_of(lena, draft), "back": back},
    )
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(reverse("account_reauthenticate"))
    assert back.replace("/", "%2F") in answer.headers["Location"] or back in answer.headers["Location"]
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_lena_gives_it_back_with_a_reason_that_mona_reads(lena: User, mona: User) -> None:
    draft = make_offered()
    assert post(lena, "return", draft, reason="").status_code == 422
    post(lena, "return", draft, reason="Say when it was.")
    draft.refresh_from_db()
    assert draft.state == "returned"
    assert "Say when it was." in look(mona, draft, "escalation_edit").content.decode()
    assert "escalation.returned" in verbs_of(draft.case)


def test_lena_refuses_it_for_good(lena: User) -> None:
    draft = make_offered()
    post(lena, "refuse", draft, reason="Not for this partner.")
    draft.refresh_from_db()
    assert draft.state == "refused"
    assert "Not for this partner." in look(lena, draft, "escalation").content.decode()
    assert "escalation.refused" in verbs_of(draft.case)


def test_pictures_need_lex_first_and_then_lena(lex: User, lena: User) -> None:
    draft = with_picture()
    page = look(lena, draft)
    assert "A third person has to let its pictures go along first." in page.content.decode()
    assert post(lena, "approve", draft, digest=page.context["preview"].digest).status_code == 409
    item = draft.chosen_items.get().item
    asked = look(lex, draft).content.decode()
    assert reverse("evidence_preview", args=[item.public_id]) in asked
    assert "They have to identify the room." in asked
    seen = digest_of(lex, draft)
    assert post(lex, "imagery", draft, reason="", digest=seen).status_code == 422
    post(lex, "imagery", draft, reason="The court asks for them.", digest=seen)
    draft.refresh_from_db()
    assert draft.imagery_approved_by == lex
    assert "escalation.imagery_approved" in verbs_of(draft.case)
    assert "a third person approves the whole" in look(lex, draft).content.decode()
    assert post(lex, "approve", draft, digest=digest_of(lex, draft)).status_code == 409
    post(lena, "approve", draft, digest=digest_of(lena, draft))
    draft.refresh_from_db()
    assert draft.state == "approved"


def test_sena_may_approve_and_not_let_pictures_go(sena: User) -> None:
    draft = with_picture()
    assert "Approve the pictures" not in look(sena, draft).content.decode()
    assert post(sena, "imagery", draft, reason="x").status_code == 403


def test_sena_sends_without_a_second_person_where_a_life_is_in_danger(sena: User, lena: User) -> None:
    draft = make_draft(author=sena, **URGENT)
    page = look(sena, draft, "escalation_glass")
    assert "Somebody else judges within 24 hours" in page.content.decode()
    answer = post(
        sena, "glass", draft, why="suicide", words=GLASS_WORDS, digest=page.context["preview"].digest
    )
    assert answer.headers["Location"] == reverse("escalation", args=[draft.public_id])
    draft.refresh_from_db()
    assert draft.break_glass == "suicide"
    assert "escalation.glass_broken" in verbs_of(draft.case)
    assert "It went without a second person" in look(lena, draft, "escalation").content.decode()


def test_words_too_short_for_a_life_are_kept_and_asked_for_again(sena: User) -> None:
    draft = make_draft(author=sena, **URGENT)
    digest = digest_of(sena, draft)
    before = verbs_of(draft.case)
    assert before[-1] == "case.read"  # whoever looks at what would leave reads the case
    answer = post(sena, "glass", draft, why="suicide", words="Hurry please", digest=digest)
    assert answer.status_code == 422
    assert "Hurry please" in answer.content.decode()
    assert verbs_of(draft.case) == before
    assert "Hurry please" in look(sena, draft, "escalation_glass").content.decode(), (
        "there again after a new sign-in"
    )


def test_glass_stays_whole_where_no_life_is_in_danger(sena: User) -> None:
    draft = make_draft(author=sena)
    address = reverse("escalation_glass", args=[draft.public_id])
    assert client_of(sena).get(address).headers["Location"] == reverse("escalation", args=[draft.public_id])
    digest = digest_of(sena, draft)
    before = verbs_of(draft.case)
    answer = post(sena, "glass", draft, why="suicide", words=GLASS_WORDS, digest=digest)
    assert answer.status_code == 409
    assert verbs_of(draft.case) == before


def test_the_next_glass_waits_for_the_review_of_the_last_and_says_so(sena: User) -> None:
    first = make_draft(author=sena, **URGENT)
    break_glass(first)
    second = make_draft(author=sena, partner=first.partner, **URGENT)
    page = look(sena, second, "escalation_glass")
    assert page.context["glass_blocked"]
    assert f"{first.number} went without a second person and has not been reviewed" in page.content.decode()


def test_mona_has_no_glass_to_break(mona: User) -> None:
    draft = make_draft(**URGENT)
    assert "send without a second person" not in look(mona, draft).content.decode()
    assert post(mona, "glass", draft, why="suicide", words=GLASS_WORDS, digest="0" * 64).status_code == 403


def test_lena_reviews_what_sena_sent_alone(sena: User, lena: User) -> None:
    sent = make_draft(author=sena, **URGENT)
    break_glass(sent)
    page = look(lena, sent, "escalation_review").content.decode()
    assert GLASS_WORDS in page
    assert post(lena, "review", sent, right="yes", words="").status_code == 422
    post(lena, "review", sent, right="no", words="Ring me the next time.")
    sent.refresh_from_db()
    assert (sent.reviewed_by, sent.review_right) == (lena, False)
    assert "Ring me the next time." in look(sena, sent, "escalation").content.decode()
    assert "escalation.glass_reviewed" in verbs_of(sent.case)


def test_lena_does_not_review_herself(lena: User) -> None:
    sent = make_draft(author=lena, **URGENT)
    break_glass(sent)
    assert (
        "Somebody other than its author reviews it." in look(lena, sent, "escalation_review").content.decode()
    )
    before = verbs_of(sent.case)
    assert post(lena, "review", sent, right="yes", words="It was right.").status_code == 409
    assert verbs_of(sent.case) == before


def test_of_what_went_the_normal_way_there_is_nothing_to_review(lena: User) -> None:
    sent = make_escalation(state="sent")
    assert "there is nothing to review" in look(lena, sent, "escalation_review").content.decode()


def test_after_it_left_the_preview_says_what_was_chosen_and_offers_nothing(lena: User) -> None:
    sent = make_escalation(state="sent")
    page = look(lena, sent).content.decode()
    assert "What was chosen for Haven" in page
    assert "It can&#x27;t leave like this" not in page
    assert "Approve: let it leave" not in page
