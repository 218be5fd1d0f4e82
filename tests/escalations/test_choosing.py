"""What may leave: the minimum for each partner and basis, what goes beyond it, and a digest that notices any change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import translation

from casework.accounts.models import Organisation
from casework.cases.models import Case, Decision
from casework.escalations import choosing
from casework.escalations.models import Basis, Escalation
from casework.evidence.models import Item, PerceptualHash, SignalRecord
from casework.partners.models import Partner
from tests.cast import make_case, person
from tests.escalations.package.rows import drafted, garden, police, reported
from tests.evidence.making import open_reveal
from tests.partners.directory import make_key, make_partner

pytestmark = pytest.mark.django_db


def preview(escalation: Escalation, viewer: str = "mona") -> choosing.Preview:
    return choosing.preview(Escalation.objects.get(pk=escalation.pk), viewer=person(viewer))


def shown(escalation: Escalation, code: str, viewer: str = "mona") -> list[str]:
    """What a preview shows of one field."""
    [found] = [each for each in preview(escalation, viewer).fields if each.code == code]
    return found.shown


@pytest.mark.parametrize("kind", [kind for kind in Organisation.Kind.values if kind != "own"])
@pytest.mark.parametrize("basis", Basis.values)
def test_the_minimum_never_holds_contact_free_words_or_pictures(kind: str, basis: str) -> None:
    escalation = Escalation(partner=Partner(organisation=Organisation(kind=kind)), basis=basis)
    least = choosing.minimum(escalation)
    assert not {"depicted_contact", "reporter_statement", "imagery"} & set(least)
    assert {"case_number", "facts", "locators", "hashes"} <= set(least)


def test_an_authority_gets_what_a_court_needs_and_an_ngo_does_not() -> None:
    authority = Escalation(
        partner=Partner(organisation=Organisation(kind="law_enforcement")), basis="statutory"
    )
    ngo = Escalation(partner=Partner(organisation=Organisation(kind="ngo")), basis="victim_request")
    beyond = set(choosing.minimum(authority)) - set(choosing.minimum(ngo))
    assert {"custody", "log_proofs", "decisions", "scores", "offence", "uploader_accounts"} <= beyond


def test_without_a_basis_in_law_an_authority_gets_no_accounts() -> None:
    escalation = Escalation(
        partner=Partner(organisation=Organisation(kind="law_enforcement")), basis="voluntary"
    )
    assert "uploader_accounts" not in choosing.minimum(escalation)


def test_a_preview_shows_the_very_values_and_nothing_of_what_was_not_chosen() -> None:
    case = garden()
    escalation = drafted(case, make_partner())
    assert any(case.items.get().sha256 in value for value in shown(escalation, "hashes"))
    assert shown(escalation, "locators") == ["https://pictures.example/p/1 (reported)"]
    assert shown(escalation, "facts") == [escalation.facts]
    assert all(not each.shown for each in preview(escalation).fields if not each.included)


def test_a_field_beyond_the_minimum_needs_a_reason() -> None:
    escalation = drafted(garden(), make_partner(), more=("scores",), basis="victim_request")
    assert not [words for words in preview(escalation).problems if "Scores" in words]
    Escalation.objects.filter(pk=escalation.pk).update(reasons={"scores": "  "})
    assert "“Scores” goes beyond the minimum: say why." in preview(escalation).problems


def test_a_code_that_is_no_field_is_a_problem() -> None:
    escalation = drafted(garden(), make_partner(), more=("diary",))
    assert "“diary” is nothing that can be chosen." in preview(escalation).problems


def test_a_contact_leaves_only_with_consent() -> None:
    case = reported(contact={"channel": "email", "address": "kim@example.org", "name": "Kim"})
    escalation = drafted(case, police(), more=("depicted_contact",))
    assert "A contact leaves only with the consent of the person it reaches." in preview(escalation).problems
    assert "kim@example.org" not in str(preview(escalation))
    Escalation.objects.filter(pk=escalation.pk).update(consent="given", consent_how="on the phone")
    assert (
        "A contact leaves only with the consent of the person it reaches." not in preview(escalation).problems
    )
    assert "Address or number: kim@example.org" in shown(escalation, "depicted_contact")


def test_who_only_reads_is_not_shown_a_contact_and_the_digest_is_the_same() -> None:
    case = reported(contact={"channel": "email", "address": "kim@example.org", "name": "Kim"})
    escalation = drafted(case, police(), more=("depicted_contact",), consent="given", consent_how="by letter")
    assert "kim@example.org" in str(preview(escalation, "lena"))
    assert "kim@example.org" not in str(preview(escalation, "audra"))
    assert preview(escalation, "audra").digest == preview(escalation, "lena").digest


def test_the_contact_of_somebody_else_who_reported_is_not_that_of_the_person_depicted() -> None:
    case = reported(role="somebody_else", contact={"channel": "email", "address": "jo@example.org"})
    escalation = drafted(case, police(), more=("depicted_contact",), consent="given", consent_how="by letter")
    assert "jo@example.org" not in str(preview(escalation))


def test_what_may_show_a_minor_goes_only_to_who_takes_that_on() -> None:
    case = make_case(minor_indicated=True)
    escalation = drafted(case, make_partner(), drafter="sena")
    assert any("does not take that on" in words for words in preview(escalation, "sena").problems)
    other = drafted(case, make_partner("Hotline", kind="hotline", accepts=["minor"]), drafter="sena")
    assert not any("does not take that on" in words for words in preview(other, "sena").problems)
    assert shown(other, "item_details", "sena") == ["May show somebody under 18: yes"]


def test_pictures_of_who_may_be_a_minor_go_only_to_law_enforcement() -> None:
    case = make_case(minor_indicated=True)
    words = "Pictures of somebody who may be under 18 go to nobody but law enforcement."
    hotline = make_partner("Hotline", kind="hotline", accepts=["minor"])
    assert words in preview(drafted(case, hotline, drafter="sena", pictures=True), "sena").problems
    authority = police(accepts=["minor"])
    assert words not in preview(drafted(case, authority, drafter="sena", pictures=True), "sena").problems


def test_picked_pictures_and_the_field_of_pictures_belong_together() -> None:
    escalation = drafted(garden(), police(), more=("imagery",))
    assert "Pictures are chosen, and no item is picked for it." in preview(escalation).problems
    escalation.chosen_items.update(with_picture=True)
    assert preview(escalation).problems == ()
    Escalation.objects.filter(pk=escalation.pk).update(fields=choosing.minimum(escalation))
    assert any("pictures are not among the fields" in words for words in preview(escalation).problems)


# --- the digest ----------------------------------------------------------------------------------------------------


def test_everybody_sees_the_same_digest_in_every_language() -> None:
    escalation = drafted(garden(), police())
    first = preview(escalation).digest
    with translation.override("ar-XB"):
        assert preview(escalation, "lena").digest == first
    assert choosing.digest(escalation) == first


CHANGES: dict[str, Callable[[Escalation, Case], Any]] = {
    "facts": lambda escalation, case: change(escalation, facts="Another story."),
    "tlp": lambda escalation, case: change(escalation, tlp="TLP:GREEN"),
    "basis": lambda escalation, case: change(escalation, basis="statutory"),
    "authority": lambda escalation, case: change(escalation, authority="order 8"),
    "channel": lambda escalation, case: change(escalation, channel="link"),
    "urgency": lambda escalation, case: change(escalation, urgency="life_threat"),
    "offence": lambda escalation, case: change(escalation, offence_hint="another"),
    "jurisdiction": lambda escalation, case: change(escalation, jurisdiction_how="guessed"),
    "a field less": lambda escalation, case: change(escalation, fields=escalation.fields[:-1]),
    "an item less": lambda escalation, case: escalation.chosen_items.all().delete(),
    "a place less": lambda escalation, case: escalation.chosen_locators.all().delete(),
    "a picture more": lambda escalation, case: (
        escalation.chosen_items.update(with_picture=True),
        change(escalation, fields=[*escalation.fields, "imagery"]),
    ),
    "another key": lambda escalation, case: make_key(escalation.partner),
    "an unverified key": lambda escalation, case: make_key(escalation.partner, verified=False),
    "another hash": lambda escalation, case: PerceptualHash.objects.update(value=b"\x01" * 32),
    "another digest": lambda escalation, case: Item.objects.update(sha256="0" * 64),
    "a score": lambda escalation, case: SignalRecord.objects.update(score=0.5),
    "an address": lambda escalation, case: change_place(case),
    "a look": lambda escalation, case: open_reveal(case.items.get(), person("milo")),
    "a decision": lambda escalation, case: Decision.objects.create(
        case=case, outcome="keep", policy="not_intimate", grounds="A garden.", decided_by=person("mona")
    ),
}


def change(escalation: Escalation, **values: Any) -> None:
    assert Escalation.objects.filter(pk=escalation.pk).update(**values)


def change_place(case: Case) -> None:
    place = case.locators.get()
    place.value = "https://pictures.example/p/2"
    place.save()


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_would_leave_differently_changes_the_digest(name: str) -> None:
    case = garden()
    escalation = drafted(case, police())
    before = preview(escalation).digest
    CHANGES[name](escalation, case)
    assert preview(escalation).digest != before


def test_what_does_not_leave_does_not_change_it() -> None:
    case = garden()
    escalation = drafted(case, make_partner(mail="word@haven.example"), basis="victim_request")
    make_key(escalation.partner)
    before = preview(escalation).digest
    SignalRecord.objects.update(score=0.5)
    open_reveal(case.items.get(), person("milo"))
    make_case()
    change(escalation, returned_why="a typing error", reasons={"scores": "unused"})
    assert preview(escalation).digest == before
