"""The desk in a browser: what mona, sena and the others see and what they are refused."""

from __future__ import annotations

import pytest
from django.urls import reverse

from casework.cases import actions
from casework.cases.models import Basis, Case, Outcome, Policy
from tests.cast import client_of, make_case, person, refusal
from tests.journal import all_verbs, verbs_of

pytestmark = pytest.mark.django_db


def address(name: str, case: Case) -> str:
    return reverse(name, args=[case.public_id])


def claimed(case: Case, who: str = "mona") -> dict[str, str]:
    return {"token": str(actions.claim_case(case, actor=person(who)))}


DECISION = {
    "outcome": Outcome.REMOVE,
    "policy": Policy.NCII_AI,
    "bases": [Basis.REPORT],
    "grounds": "As the report says.",
    "statement": "We agree with you.",
}


def test_mona_sees_the_queue_in_words():
    case = make_case(danger_indicated=True)
    page = client_of(person("mona")).get(reverse("queue"))
    assert page.status_code == 200
    assert case.number in page.text
    assert "the reporter is in danger" in page.text


def test_a_list_of_cases_holds_no_picture():
    make_case()
    page = client_of(person("mona")).get(reverse("queue"))
    assert "<img" not in page.text


def test_opening_a_case_is_an_entry():
    case = make_case()
    page = client_of(person("mona")).get(address("case", case))
    assert page.status_code == 200
    assert verbs_of(case)[-1] == "case.read"


def test_a_restricted_case_is_404_for_mona_on_every_address():
    case = make_case(minor_indicated=True)
    mona = client_of(person("mona"))
    before = verbs_of(case)
    assert mona.get(address("case", case)).status_code == 404
    for name in (
        "case_claim",
        "case_heartbeat",
        "case_release",
        "case_hold",
        "case_skip",
        "case_decide",
        "case_note",
    ):
        assert mona.post(address(name, case)).status_code == 404, name
    assert case.number not in mona.get(reverse("queue")).text
    assert verbs_of(case) == before


def test_sena_works_a_restricted_case():
    case = make_case(minor_indicated=True)
    sena = client_of(person("sena"))
    assert case.number in sena.get(reverse("queue")).text
    assert sena.post(address("case_claim", case), follow=True).status_code == 200


def test_the_next_case_is_the_most_urgent_free_one():
    make_case()
    urgent = make_case(danger_indicated=True)
    answer = client_of(person("mona")).post(reverse("next_case"))
    assert answer.headers["Location"] == address("case", urgent)
    assert verbs_of(urgent)[-1] == "case.claimed"


def test_mona_decides_and_sees_what_is_still_to_be_confirmed():
    case = make_case()
    answer = client_of(person("mona")).post(
        address("case_decide", case), DECISION | claimed(case), follow=True
    )
    assert "wanted, not confirmed" in answer.text
    assert "decision.made" in verbs_of(case)


def test_a_decision_with_a_lost_claim_answers_409_and_keeps_what_was_typed():
    case, mona = make_case(), person("mona")
    sent = DECISION | claimed(case)
    actions.take_over_case(case, actor=person("sena"), reason="urgent")
    answer = client_of(mona).post(address("case_decide", case), sent)
    assert answer.status_code == 409
    assert "What you typed is kept" in answer.text
    assert case.drafts.get(person=mona).content["grounds"] == "As the report says."
    assert "decision.made" not in verbs_of(case)


@pytest.mark.parametrize("missing", ["outcome", "policy", "bases", "grounds", "statement"])
def test_an_incomplete_decision_comes_back_with_what_was_typed(missing):
    case = make_case()
    sent = {name: value for name, value in DECISION.items() if name != missing}
    answer = client_of(person("mona")).post(address("case_decide", case), sent | claimed(case))
    assert answer.status_code == 422
    if missing != "grounds":
        assert "As the report says." in answer.text
    assert "decision.made" not in verbs_of(case)


def test_a_rule_that_does_not_fit_the_outcome_is_refused():
    case = make_case()
    sent = DECISION | {"policy": Policy.CONSENT_SHOWN} | claimed(case)
    assert client_of(person("mona")).post(address("case_decide", case), sent).status_code == 422


def test_the_heartbeat_says_when_the_claim_is_lost():
    case = make_case()
    token = claimed(case)
    mona = client_of(person("mona"))
    assert mona.post(address("case_heartbeat", case), token).status_code == 200
    actions.take_over_case(case, actor=person("sena"), reason="urgent")
    lost = mona.post(address("case_heartbeat", case), token)
    assert lost.status_code == 409
    assert "claim" in lost.json()["detail"]


def test_a_draft_is_kept_for_its_author_alone():
    case = make_case()
    mona = client_of(person("mona"))
    kept = mona.post(
        reverse("case_draft", args=[case.public_id, "decision"]), {"grounds": "unfinished"} | claimed(case)
    )
    assert kept.status_code == 204
    assert "unfinished" in mona.get(address("case", case)).text
    assert "unfinished" not in client_of(person("sena")).get(address("case", case)).text


def test_a_note_is_read_by_colleagues():
    case = make_case()
    client_of(person("mona")).post(address("case_note", case), {"text": "seen before <b>elsewhere</b>"})
    assert (
        "seen before &lt;b&gt;elsewhere&lt;/b&gt;"
        in client_of(person("milo")).get(address("case", case)).text
    )
    assert "note.written" in verbs_of(case)


def test_confirming_the_last_place_closes_the_case():
    case = make_case()
    mona = client_of(person("mona"))
    mona.post(address("case_decide", case), DECISION | claimed(case))
    effect = case.decisions.get().effects.get(kind="take_down")
    mona.post(reverse("case_settle", args=[case.public_id, effect.public_id]), {"happened": "yes"})
    case.refresh_from_db()
    assert case.status == Case.Status.CLOSED


def test_the_author_of_a_decision_cannot_approve_it():
    case = make_case(minor_indicated=True)
    sena = client_of(person("sena"))
    sena.post(
        address("case_decide", case),
        DECISION | {"outcome": Outcome.NOT_MINOR, "policy": Policy.MINOR} | claimed(case, "sena"),
    )
    word = {"approved": "yes", "decision": case.decisions.get().public_id}
    refused = sena.post(address("case_review", case), word)
    assert refused.status_code == 403
    assert "decision.approved" not in verbs_of(case)
    client_of(person("lena")).post(address("case_review", case), word)
    assert "decision.approved" in verbs_of(case)


def test_audra_reads_and_changes_nothing():
    case = make_case()
    audra = client_of(person("audra"))
    assert audra.get(address("case", case)).status_code == 200
    before = verbs_of(case)
    for name in ("case_claim", "case_decide", "case_note", "case_review"):
        assert audra.post(address(name, case)).status_code == 403, name
    assert verbs_of(case) == before


@pytest.mark.parametrize("who", ["ada", "nia", "stan"])
def test_people_without_the_right_are_refused(who):
    case = make_case()
    visitor = client_of(person(who))
    assert visitor.get(reverse("queue")).status_code == refusal(who)
    assert visitor.get(address("case", case)).status_code == refusal(who)
    assert "case.read" not in all_verbs()


def test_a_stranger_is_sent_to_sign_in():
    answer = client_of(None).get(reverse("queue"))
    assert answer.status_code == 302
    assert reverse("account_login") in answer.headers["Location"]


def test_a_search_by_a_host_finds_the_case():
    case = make_case()
    page = client_of(person("mona")).get(reverse("search"), {"q": "pictures.example"})
    assert case.number in page.text
    assert all_verbs()[-1] == "case.searched"
