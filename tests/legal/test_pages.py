"""Pages of legal requests: what is due first stands on top, auditors read, moderators do not see them at all."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from casework.legal import actions, tasks
from casework.legal.forms import EntryForm
from casework.legal.models import Category, LegalClock, State, Type
from casework.partners.models import Partner
from tests.cast import client_of, make_case, person
from tests.journal import all_verbs
from tests.legal.making import accepted, check, checked, enter, let_go, make_police, pass_time
from tests.partners.directory import body

pytestmark = pytest.mark.django_db


def test_the_list_begins_with_what_is_due_first():
    later, sooner = enter(Type.WARRANT), enter(Type.EMERGENCY)
    page = client_of(person("lex")).get("/legal/").text
    assert page.index(sooner.number) < page.index(later.number)


def test_a_breach_is_on_the_list_and_under_late():
    request, other = enter(Type.ESAFETY), enter(Type.WARRANT)
    pass_time(request, days=2)
    tasks.keep_time(start=None)
    lex = client_of(person("lex"))
    assert "breached" in lex.get("/legal/").text
    late = lex.get("/legal/?show=late").text
    assert request.number in late
    assert other.number not in late


def test_a_target_of_ours_is_never_called_law():
    request = enter(Type.EMERGENCY)
    for address in ("/legal/", f"/legal/{request.public_id}/", "/legal/new/emergency_disclosure_request/"):
        assert "our own target, not law" in client_of(person("lex")).get(address).text


@pytest.mark.parametrize(
    ("shown", "types"),
    [
        ("emergency", {Type.EMERGENCY}),
        ("kept", {Type.PRESERVATION}),
        ("all", {Type.EMERGENCY, Type.PRESERVATION}),
    ],
    ids=["emergency", "kept", "all"],
)
def test_a_chip_narrows_the_list(shown: str, types: set[str]):
    numbers = {
        Type.EMERGENCY: enter(Type.EMERGENCY).number,
        Type.PRESERVATION: accepted(Type.PRESERVATION).number,
    }
    page = client_of(person("lex")).get(f"/legal/?show={shown}").text
    assert {type_ for type_, number in numbers.items() if number in page} == types


@pytest.mark.parametrize("name", ["mona", "milo", "sena", "ada", "stan"])
def test_the_desk_does_not_see_legal_requests_at_all(name: str):
    make_case()
    request = enter()
    client = client_of(person(name))
    assert client.get("/legal/").status_code == 403
    assert client.get(f"/legal/{request.public_id}/").status_code == 403
    assert "/legal/" not in client.get("/account/").text


def test_audra_reads_everything_and_is_offered_nothing():
    request = checked()
    audra = client_of(person("audra"))
    page = audra.get(f"/legal/{request.public_id}/").text
    assert "Your role reads what was done." in page
    assert "Accept it" not in page
    assert "The desk sergeant confirmed it." in page
    assert audra.post(f"/legal/{request.public_id}/accept/").status_code == 403
    assert audra.get("/legal/statistics/").status_code == 200


def test_lena_accepts_on_the_page_and_lex_is_not_offered_it():
    request = checked()
    assert "Accept it" not in client_of(person("lex")).get(f"/legal/{request.public_id}/").text
    assert client_of(person("lex")).post(f"/legal/{request.public_id}/accept/").status_code == 409
    lena = client_of(person("lena"))
    assert "Accept it" in lena.get(f"/legal/{request.public_id}/").text
    assert lena.post(f"/legal/{request.public_id}/accept/").status_code == 302
    request.refresh_from_db()
    assert request.state == State.ACCEPTED
    assert "Lena accepted a legal request" in lena.get(f"/legal/{request.public_id}/").text


def test_accepting_asks_who_it_is_once_more_when_that_was_long_ago():
    request = checked()
    lena = client_of(person("lena"))
    session = lena.session
    session["account_authentication_methods"] = [
        {**method, "at": method["at"] - 7200} for method in session["account_authentication_methods"]
    ]
    session.save()
    answer = lena.post(f"/legal/{request.public_id}/accept/", {"back": f"/legal/{request.public_id}/"})
    assert answer.status_code == 302
    assert "/account/again/" in answer["Location"]
    request.refresh_from_db()
    assert request.state == State.CHECKING


def test_what_was_typed_stays_with_its_mistake():
    request = enter()
    answer = client_of(person("lex")).post(f"/legal/{request.public_id}/withdraw/", {"reason": ""})
    assert answer.status_code == 422
    assert "<details open><summary>The authority withdrew it" in answer.text


def test_an_entry_in_the_directory_is_chosen_later():
    request, police = accepted(), make_police()
    lex = client_of(person("lex"))
    assert lex.post(f"/legal/{request.public_id}/partner/", {"partner": "0"}).status_code == 422
    assert lex.post(f"/legal/{request.public_id}/partner/", {"partner": police.pk}).status_code == 302
    request.refresh_from_db()
    assert request.partner == police
    assert all_verbs()[-1] == "legal.partner_chosen"
    assert body("legal.partner_chosen") == {"was": None, "now": str(police.public_id)}


def test_the_entry_stays_once_something_is_drafted():
    make_case()
    police = make_police()
    request = accepted(partner=police, categories=[Category.LOCATORS])
    actions.produce(request.matters.get(), actor=person("lex"))
    before = all_verbs()
    with pytest.raises(actions.NotAllowed):
        actions.choose_partner(request, actor=person("lena"), partner=police)
    assert all_verbs() == before


def test_lex_answers_and_closes_on_the_page():
    request = accepted(Type.DSAR)
    lex = client_of(person("lex"))
    lex.post(f"/legal/{request.public_id}/answer/", {"words": "Sent to them by registered letter."})
    request.refresh_from_db()
    assert request.state == State.PRODUCED
    assert lex.post(f"/legal/{request.public_id}/close/").status_code == 302
    request.refresh_from_db()
    assert request.state == State.CLOSED
    assert all_verbs()[-2:] == ["legal.produced", "legal.closed"]


def test_drafting_leads_to_the_escalation():
    case = make_case()
    request = accepted(partner=make_police(), categories=[Category.LOCATORS])
    answer = client_of(person("lex")).post(f"/legal/{request.public_id}/cases/{case.public_id}/produce/")
    production = request.matters.get().production
    assert production is not None
    assert answer["Location"] == f"/escalations/{production.public_id}/"


def test_every_state_has_a_page_for_everybody_who_reads():
    make_case()
    made = [
        enter(), checked(), accepted(), accepted(Type.PRESERVATION),
        actions.refuse(enter(), actor=person("lex"), grounds=["formal"]),
        actions.withdraw(enter(), actor=person("lex"), reason="settled"),
    ]  # fmt: skip
    produced = accepted(partner=make_police(), categories=[Category.LOCATORS])
    let_go(produced)
    actions.settle(produced)
    doubted = enter(Type.EMERGENCY)
    check(doubted, "lena", authentic=False)
    for request in [*made, produced, doubted]:
        for name in ("lex", "lena", "audra"):
            answer = client_of(person(name)).get(f"/legal/{request.public_id}/")
            assert answer.status_code == 200
            assert "legal." not in answer.text.split('id="timeline-title"')[1].split("</section>")[0]


def test_the_panel_of_a_case_leads_to_its_requests():
    case = make_case()
    request, other = enter(), enter(targets=[{"kind": "url", "value": "https://elsewhere.example/p/1"}])
    panel = client_of(person("lex")).get(f"/legal/holds/{case.public_id}/").text
    assert f'href="/legal/{request.public_id}/"' in panel
    assert other.number not in panel


def test_kinds_say_their_deadline_and_whose_word_it_is():
    page = client_of(person("lex")).get("/legal/new/").text
    for words in (
        "10 days; 8 hours in an emergency",
        "by the deadline that the document names",
        "law, by a secondary source",
    ):
        assert words in page


def test_an_unknown_kind_is_no_page():
    assert client_of(person("lex")).get("/legal/new/anything/").status_code == 404


def test_a_clock_of_the_future_is_not_late():
    request = enter(deadline_at=timezone.now() + timedelta(hours=1))
    tasks.keep_time(start=None)
    assert LegalClock.objects.get(request=request).breached_at is None


@pytest.mark.parametrize("type_", list(Type))
def test_the_entry_page_shows_every_field_of_its_kind_once_under_a_heading(type_: str):
    form = EntryForm(type=type_, partners=Partner.objects.none())
    shown = [field.name for _, fields in form.parts() for field in fields]
    assert sorted(shown) == sorted(form.fields)


def test_the_officer_is_one_group_with_a_name_on_the_entry_page():
    page = client_of(person("lex")).get("/legal/new/search_warrant/").text
    group = page.split("<legend>The officer it names</legend>")[1].split("</fieldset>")[0]
    assert group.count('name="officer_') == 6
