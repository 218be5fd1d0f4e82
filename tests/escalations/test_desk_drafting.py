"""The desk's pages on which a draft begins, is written and is looked at as it would leave."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from casework.accounts.models import User
from casework.cases.models import Case
from casework.escalations.models import Escalation
from casework.partners.models import Partner
from casework.reports.models import PassingOn
from tests.cast import client_of, make_case
from tests.escalations.making import make_draft, make_offered, make_partner
from tests.journal import all_verbs, verbs_of
from tests.worlds import make_item, make_report

pytestmark = pytest.mark.django_db


@pytest.fixture
def partner() -> Partner:
    return make_partner()


def written(draft: Escalation) -> list[str]:
    """The entries about the case that are more than somebody's reading."""
    return [verb for verb in verbs_of(draft.case) if verb != "case.read"]


def begin(user: User, case: Case, **data: str) -> Any:
    return client_of(user).post(reverse("case_escalate", args=[case.public_id]), data)


def typed(draft: Escalation, **changes: Any) -> dict[str, Any]:
    """What the form of *draft* would send, with *changes*."""
    form = client_of(draft.drafted_by).get(reverse("escalation_edit", args=[draft.public_id])).context["form"]
    values = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in (values | changes).items() if value not in (None, "")}


def send(draft: Escalation, user: User | None = None, **changes: Any) -> Any:
    address = reverse("escalation_edit", args=[draft.public_id])
    return client_of(user or draft.drafted_by).post(address, typed(draft, **changes))


# --- beginning --------------------------------------------------------------------------------------


def test_mona_begins_a_draft_with_three_answers(partner: Partner, mona: User) -> None:
    case = make_case()
    answer = begin(
        mona, case, partner=str(partner.public_id), basis="victim_request", urgency="ongoing_threat"
    )
    draft = Escalation.objects.get()
    assert answer.headers["Location"] == reverse("escalation_edit", args=[draft.public_id])
    assert (draft.partner, draft.basis, draft.urgency) == (partner, "victim_request", "ongoing_threat")
    assert "escalation.drafted" in verbs_of(case)


def test_the_partner_that_fits_best_stands_first(partner: Partner, mona: User) -> None:
    Partner.objects.filter(pk=partner.pk).update(accepts=["legal"], languages=["fr"])
    fits = make_partner("Zebra", accepts=["adult", "ai"], languages=["en"])
    case = make_case(ai_claimed=True)
    make_report(case)
    page = client_of(mona).get(reverse("case_escalate", args=[case.public_id]))
    assert [fit.partner for fit in page.context["fits"]] == [fits, partner]
    text = page.content.decode()
    assert "imagery made or altered with AI, the reporter's language" in text
    assert "nothing of what it takes on is known of this case" in text


def test_who_works_in_the_country_concerned_comes_first_and_the_draft_names_it(
    partner: Partner, mona: User
) -> None:
    french = make_partner("Zut", countries=["FR"])
    case = make_case()
    address = reverse("case_escalate", args=[case.public_id])
    assert [fit.partner for fit in client_of(mona).get(address).context["fits"]] == [partner, french]
    page = client_of(mona).get(address, {"country": "fr"})
    assert [fit.partner for fit in page.context["fits"]] == [french, partner]
    assert 'name="country" value="FR"' in page.content.decode()
    begin(mona, case, partner=str(french.public_id), basis="statutory", urgency="routine", country="FR")
    assert Escalation.objects.get().jurisdiction == "FR"


@pytest.mark.parametrize("country", ["", "France", "1x", "<b"], ids=["none", "long", "digit", "markup"])
def test_what_is_no_country_is_left_out(partner: Partner, mona: User, country: str) -> None:
    begin(
        mona,
        make_case(),
        partner=str(partner.public_id),
        basis="statutory",
        urgency="routine",
        country=country,
    )
    assert Escalation.objects.get().jurisdiction == ""


def test_a_partner_that_cant_be_sent_anything_is_named_with_the_reason_and_not_a_choice(
    partner: Partner, mona: User
) -> None:
    case = make_case()
    Partner.objects.filter(pk=partner.pk).update(state=Partner.State.SUSPENDED)
    page = client_of(mona).get(reverse("case_escalate", args=[case.public_id]))
    assert page.context["fits"] == []
    assert "This partner is suspended." in page.content.decode()
    before = all_verbs()
    assert (
        begin(mona, case, partner=str(partner.public_id), basis="statutory", urgency="routine").status_code
        == 422
    )
    assert not Escalation.objects.exists()
    assert all_verbs() == before


def test_what_may_show_a_minor_goes_only_to_who_takes_that_on(partner: Partner, sena: User) -> None:
    case = make_case(minor_indicated=True)
    Partner.objects.filter(pk=partner.pk).update(accepts=["adult"])
    page = client_of(sena).get(reverse("case_escalate", args=[case.public_id]))
    assert "It does not take on what may show a minor." in page.content.decode()
    Partner.objects.filter(pk=partner.pk).update(accepts=["minor"])
    page = client_of(sena).get(reverse("case_escalate", args=[case.public_id]))
    assert [fit.partner for fit in page.context["fits"]] == [partner]


def test_an_answer_that_is_missing_is_asked_for_and_the_others_stay(partner: Partner, mona: User) -> None:
    answer = begin(mona, make_case(), partner=str(partner.public_id), urgency="ongoing_threat")
    assert answer.status_code == 422
    text = answer.content.decode()
    assert f'value="{partner.public_id}" checked' in text
    assert 'value="ongoing_threat" class="tick" id' in text or 'value="ongoing_threat"' in text
    assert not Escalation.objects.exists()


def test_auditors_and_the_uncleared_begin_nothing(partner: Partner, mona: User, audra: User) -> None:
    answers = {"partner": str(partner.public_id), "basis": "statutory", "urgency": "routine"}
    assert begin(audra, make_case(), **answers).status_code == 403
    assert begin(mona, make_case(minor_indicated=True), **answers).status_code == 404
    assert not Escalation.objects.exists()


# --- writing ----------------------------------------------------------------------------------------


def test_mona_writes_her_draft_and_looks_at_what_would_leave(mona: User) -> None:
    case = make_case(links=["https://one.example/1", "https://two.example/2"])
    item = make_item(case)
    draft = make_draft(case)
    one = case.locators.get(pk=case.locators.order_by("pk")[0].pk)
    answer = send(
        draft, facts="It was published on Monday.", jurisdiction="de", items=[str(item.public_id)],
        locators=[str(one.public_id)], look="yes",
    )  # fmt: skip
    assert answer.headers["Location"] == reverse("escalation_preview", args=[draft.public_id])
    draft.refresh_from_db()
    assert (draft.facts, draft.jurisdiction, draft.version) == ("It was published on Monday.", "DE", 2)
    assert [each.locator for each in draft.chosen_locators.all()] == [one]
    assert "escalation.changed" in verbs_of(case)


def test_a_field_beyond_the_minimum_carries_its_reason(mona: User) -> None:
    draft = make_draft()
    chosen = [*draft.fields, "reporter_statement"]
    send(draft, fields_chosen=chosen, why_reporter_statement="The partner asked for the exact words.")
    draft.refresh_from_db()
    assert draft.reasons == {"reporter_statement": "The partner asked for the exact words."}
    page = client_of(mona).get(reverse("escalation_preview", args=[draft.public_id])).content.decode()
    assert "beyond the minimum" in page
    assert "The partner asked for the exact words." in page


def test_a_mistake_keeps_what_was_typed_and_changes_nothing(mona: User) -> None:
    draft = make_draft()
    before = written(draft)
    answer = send(draft, facts="Kept all the same.", jurisdiction="D9")
    assert answer.status_code == 422
    assert "Kept all the same." in answer.content.decode()
    assert "Two letters, as in DE or US." in answer.content.decode()
    assert written(draft) == before


def test_what_is_typed_is_kept_without_a_button_and_is_there_again(mona: User) -> None:
    draft = make_draft()
    keep = reverse("escalation_draft", args=[draft.public_id, "edit"])
    before = written(draft)
    assert client_of(mona).post(keep, typed(draft, facts="Half a sen")).status_code == 204
    edit = reverse("escalation_edit", args=[draft.public_id])
    assert "Half a sen" in client_of(mona).get(edit).content.decode()
    draft.refresh_from_db()
    assert draft.facts != "Half a sen"
    assert written(draft) == before
    send(draft, facts="A whole sentence.")
    assert "Half a sen" not in client_of(mona).get(edit).content.decode()


def test_words_for_an_older_version_are_not_put_over_a_newer_one(mona: User) -> None:
    draft = make_draft()
    old = typed(draft, facts="From the old tab.")
    send(draft, facts="From the new tab.")
    client_of(mona).post(reverse("escalation_draft", args=[draft.public_id, "edit"]), old)
    edit = reverse("escalation_edit", args=[draft.public_id])
    assert "From the new tab." in client_of(mona).get(edit).content.decode()
    answer = client_of(mona).post(edit, old)
    assert answer.status_code == 409
    draft.refresh_from_db()
    assert draft.facts == "From the new tab."


def test_no_form_of_another_name_is_kept(mona: User) -> None:
    draft = make_draft()
    assert (
        client_of(mona).post(reverse("escalation_draft", args=[draft.public_id, "other"])).status_code == 404
    )


def test_milo_reads_monas_draft_and_does_not_write_in_it(milo: User) -> None:
    draft = make_draft()
    edit = reverse("escalation_edit", args=[draft.public_id])
    assert client_of(milo).get(edit).headers["Location"] == reverse("escalation", args=[draft.public_id])
    before = written(draft)
    assert client_of(milo).post(edit, typed(draft, facts="Mine.")).status_code == 409
    assert written(draft) == before


def test_a_picture_goes_along_only_with_a_chosen_item_of_an_agreement_that_allows_it(mona: User) -> None:
    case = make_case()
    item = make_item(case)
    draft = make_draft(case)
    edit = reverse("escalation_edit", args=[draft.public_id])
    assert "the picture itself goes along" not in client_of(mona).get(edit).content.decode()
    Partner.objects.filter(pk=draft.partner_id).update(imagery_allowed=True)
    assert "the picture itself goes along" in client_of(mona).get(edit).content.decode()
    assert send(draft, items=[], pictures=[str(item.public_id)]).status_code == 422
    assert send(draft, items=[str(item.public_id)], pictures=[str(item.public_id)]).status_code == 302
    assert draft.with_pictures


def test_items_are_shown_as_previews_of_24_pixels_and_nothing_larger(mona: User) -> None:
    case = make_case()
    item = make_item(case)
    page = client_of(mona).get(reverse("escalation_edit", args=[make_draft(case).public_id])).content.decode()
    assert page.count("<img") == 1
    assert f'src="{reverse("evidence_preview", args=[item.public_id])}"' in page


def test_what_the_reporter_chose_stands_beside_the_consent(mona: User) -> None:
    case = make_case()
    report = make_report(case)
    PassingOn.objects.create(report=report, kind="ngo", choice="refuse")
    PassingOn.objects.create(report=report, kind="ngo", choice="agree")
    page = client_of(mona).get(reverse("case_escalate", args=[case.public_id]))
    said = {each["label"]: each["value"] for each in page.context["consents"]}
    assert said["an organisation that supports people concerned"] == "yes"
    assert said["the police or another authority"] == "not said"


def test_no_tighter_marking_than_the_partner_agreed_to_is_offered(mona: User) -> None:
    draft = make_draft()
    Partner.objects.filter(pk=draft.partner_id).update(tlp_ceiling="TLP:GREEN")
    form = client_of(mona).get(reverse("escalation_edit", args=[draft.public_id])).context["form"]
    assert [value for value, _words in form.fields["tlp"].choices] == ["TLP:CLEAR", "TLP:GREEN"]
    assert send(draft, tlp="TLP:RED").status_code == 422


# --- what would leave -------------------------------------------------------------------------------


def test_the_preview_holds_the_very_values_and_names_what_stays(mona: User) -> None:
    case = make_case(links=["https://one.example/1"])
    draft = make_draft(case)
    page = client_of(mona).get(reverse("escalation_preview", args=[draft.public_id])).content.decode()
    leaves, _, stays = page.partition("This stays here")
    assert "https://one.example/1" in leaves
    assert draft.facts in leaves
    assert case.number in leaves
    for label in ("Pictures", "Safe contact of the person depicted", "The reporter&#x27;s own words"):
        assert label in stays
        assert label not in leaves.partition("This leaves for")[2]


def test_what_stands_in_the_way_is_said_and_nothing_can_be_offered(mona: User) -> None:
    draft = make_draft(facts="")
    page = client_of(mona).get(reverse("escalation_preview", args=[draft.public_id]))
    assert "The facts are empty." in page.content.decode()
    before = verbs_of(draft.case)
    address = reverse("escalation_offer", args=[draft.public_id])
    answer = client_of(mona).post(address, {"digest": page.context["preview"].digest})
    assert answer.status_code == 409
    assert "The facts are empty." in answer.content.decode()
    assert "escalation.offered" not in verbs_of(draft.case)
    assert "escalation.offered" not in before


def test_mona_offers_exactly_what_she_saw(mona: User) -> None:
    draft = make_draft()
    page = client_of(mona).get(reverse("escalation_preview", args=[draft.public_id]))
    address = reverse("escalation_offer", args=[draft.public_id])
    client_of(mona).post(address, {"digest": page.context["preview"].digest})
    draft.refresh_from_db()
    assert draft.offered_at is not None
    assert draft.previewed_digest == page.context["preview"].digest
    assert verbs_of(draft.case)[-2:] == ["escalation.previewed", "escalation.offered"]
    assert (
        "You have offered this."
        in client_of(mona).get(reverse("escalation_preview", args=[draft.public_id])).content.decode()
    )


def test_what_changed_while_she_read_is_not_offered(mona: User) -> None:
    draft = make_draft()
    page = client_of(mona).get(reverse("escalation_preview", args=[draft.public_id]))
    send(draft, facts="Something else altogether.")
    before = verbs_of(draft.case)
    answer = client_of(mona).post(
        reverse("escalation_offer", args=[draft.public_id]), {"digest": page.context["preview"].digest}
    )
    assert answer.status_code == 409
    assert verbs_of(draft.case) == before


@pytest.mark.parametrize("digest", ["", "abc", "g" * 64], ids=["none", "short", "no hex"])
def test_without_a_digest_nothing_is_offered(mona: User, digest: str) -> None:
    draft = make_draft()
    before = verbs_of(draft.case)
    answer = client_of(mona).post(reverse("escalation_offer", args=[draft.public_id]), {"digest": digest})
    assert answer.headers["Location"] == reverse("escalation_preview", args=[draft.public_id])
    assert verbs_of(draft.case) == before


def test_a_changed_draft_has_to_be_offered_again(mona: User) -> None:
    draft = make_offered()
    edit = reverse("escalation_edit", args=[draft.public_id])
    assert "it has to be looked at and offered again" in client_of(mona).get(edit).content.decode()
    send(draft, facts="It was on Tuesday.")
    draft.refresh_from_db()
    assert draft.offered_at is None
