"""After a decision to remove, one step puts the hashes of a case into a bank of our own; people judge matches."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from casework.cases import actions as cases
from casework.cases.actions.decisions import standing_decision
from casework.cases.models import Basis, Case, Outcome, Policy
from casework.evidence import actions
from casework.evidence.models import BankMatch
from casework.hashbanks.models import Bank, Entry, Feedback, Sweep, Verdict
from tests.cast import client_of, make_case, person
from tests.evidence.making import entries
from tests.evidence.matching import add_frames, hashed_item
from tests.hashbanks.making import flipped, keep, make_bank, pdq

pytestmark = pytest.mark.django_db


def decided(case: Case, outcome: Outcome = Outcome.REMOVE, who: str = "mona") -> Case:
    token = cases.claim_case(case, actor=person(who))
    cases.decide_case(
        case, actor=person(who), token=token, outcome=outcome, policy=Policy.NCII_AI, bases=[Basis.REPORT],
        grounds="made by a test", statement="made by a test", overrides=standing_decision(case),
    )  # fmt: skip
    case.refresh_from_db()
    return case


def post(case: Case, bank: Bank, who: str = "mona", **headers: Any) -> Any:
    return client_of(person(who)).post(
        reverse("case_offer", args=[case.public_id]), {"bank": bank.public_id}, **headers
    )


def test_mona_offers_the_hashes_of_what_she_removed() -> None:
    bank, case = make_bank(), make_case()
    item = hashed_item(case, 1)
    assert post(decided(case), bank).status_code == 302
    found = {entry.signal: entry for entry in Entry.objects.filter(bank=bank)}
    assert set(found) == {"sha256", "md5", "pdq"}
    assert (found["sha256"].hex, found["pdq"].hex) == (item.sha256, pdq(1).hex())
    assert {entry.origin_item for entry in found.values()} == {item.public_id}
    assert case.number not in found["pdq"].origin
    assert entries("evidence.offered") == 1
    assert Sweep.objects.filter(bank=bank).count() == 1


def test_offered_twice_it_says_so_and_adds_nothing() -> None:
    bank, case = make_bank(), make_case()
    hashed_item(case, 1)
    decided(case)
    post(case, bank)
    again = post(case, bank, headers={"HX-Request": "true"})
    assert "held every hash before" in again.content.decode()
    assert (Entry.objects.count(), Sweep.objects.count()) == (3, 1)


def test_a_flat_picture_goes_in_by_its_digests_only_and_it_is_said() -> None:
    bank, case = make_bank(), make_case()
    hashed_item(case, 1, quality=49)
    offered = actions.offer_hashes(decided(case), bank, actor=person("mona"))
    assert (offered.added, offered.flat) == (2, 1)
    assert not Entry.objects.filter(signal="pdq").exists()


def test_the_quality_that_the_bank_asks_for_counts() -> None:
    bank, case = make_bank(pdq_quality=80), make_case()
    hashed_item(case, 1, quality=79)
    assert actions.offer_hashes(decided(case), bank, actor=person("mona")).flat == 1


def test_the_frames_of_a_film_go_in_as_one_clip() -> None:
    bank, case = make_bank(), make_case()
    item = hashed_item(case, 1)
    item.perceptual_hashes.all().delete()
    add_frames(item, 10, 11)
    actions.offer_hashes(decided(case), bank, actor=person("mona"))
    frames = list(Entry.objects.filter(signal="pdq").order_by("frame_at"))
    assert [(frame.clip, frame.frame_at) for frame in frames] == [
        (item.public_id, 0.0),
        (item.public_id, 1.0),
    ]
    assert Entry.objects.filter(signal="video_md5").count() == 1
    assert actions.offer_hashes(case, bank, actor=person("mona")).added == 0


@pytest.mark.parametrize("outcome", [None, Outcome.KEEP, Outcome.RESTRICT])
def test_without_a_decision_to_remove_nothing_goes_in(outcome: Outcome | None) -> None:
    bank, case = make_bank(), make_case()
    hashed_item(case, 1)
    answer = post(decided(case, outcome) if outcome else case, bank)
    assert answer.status_code == 409
    assert "decided to be removed" in answer.content.decode()
    assert not Entry.objects.exists()
    assert entries("evidence.offered") == 0


@pytest.mark.parametrize(
    "kwargs", [{"source": Bank.Source.LIST}, {"source": Bank.Source.EXCHANGE}, {"active": False}]
)
def test_only_own_banks_in_use_take_hashes(kwargs: dict[str, Any]) -> None:
    bank, case = make_bank(**kwargs), make_case()
    hashed_item(case, 1)
    assert post(decided(case), bank).status_code == 409
    assert entries("evidence.offered") == 0


def test_a_restricted_case_goes_into_a_bank_that_restricts_and_no_other() -> None:
    case = make_case(minor_indicated=True)
    hashed_item(case, 1)
    decided(case, who="sena")
    plain, strict = make_bank("plain"), make_bank("strict", on_match=Bank.OnMatch.RESTRICT)
    assert post(case, plain, who="sena").status_code == 409
    assert post(case, strict, who="sena").status_code == 302
    assert set(Entry.objects.values_list("bank__name", flat=True)) == {"strict"}
    assert post(case, strict, who="mona").status_code == 404


def test_hashes_of_a_restricted_case_are_in_no_bank_for_who_is_not_cleared() -> None:
    case = make_case(minor_indicated=True)
    item = hashed_item(case, 1)
    bank = make_bank("strict", on_match=Bank.OnMatch.RESTRICT)
    post(decided(case, who="sena"), bank, who="sena")
    entry = Entry.objects.get(signal="sha256")
    for value in (item.sha256, pdq(1).hex(), flipped(pdq(1), 3).hex()):
        assert "No bank holds this hash" in looked_up(value, "mona")
        assert "No bank holds this hash" not in looked_up(value, "sena")
    hidden, seen = (
        client_of(person(who)).get(reverse("bank", args=[bank.public_id])) for who in ("mona", "sena")
    )
    assert item.sha256 not in hidden.content.decode()
    assert item.sha256 in seen.content.decode()
    assert hidden.context["counts"] == []
    ada = client_of(person("ada"))
    assert ada.get(reverse("bank_withdraw", args=[entry.public_id])).status_code == 404
    exported = ada.post(reverse("bank_export", args=[bank.public_id, "csv"]))
    assert item.sha256 not in b"".join(exported.streaming_content).decode()
    assert client_of(person("mona")).get(reverse("banks")).context["banks"][0]["entries"] == 0
    assert client_of(person("sena")).get(reverse("banks")).context["banks"][0]["entries"] == 3


def looked_up(value: str, who: str) -> str:
    answer = client_of(person(who)).post(reverse("banks_search"), {"value": value})
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.mark.parametrize("who", ["lex", "audra", "ada", "stan"])
def test_others_offer_nothing(who: str) -> None:
    bank, case = make_bank(), make_case()
    hashed_item(case, 1)
    assert post(decided(case), bank, who=who).status_code == 403
    assert entries("evidence.offered") == 0


def test_the_page_of_the_case_offers_it_and_shows_what_is_there() -> None:
    bank, case = make_bank(), make_case()
    hashed_item(case, 1)
    mona = client_of(person("mona"))
    address = reverse("case_offer", args=[case.public_id])
    assert "Offer hashes to bank" not in mona.get(address).content.decode()
    decided(case)
    assert address in mona.get(reverse("case", args=[case.public_id])).content.decode()
    assert "Offer hashes to bank" in mona.get(address).content.decode()
    post(case, bank)
    assert "holds 3 hashes of this case" in mona.get(address).content.decode()


def match_of(case: Case) -> BankMatch:
    item = hashed_item(case, 1)
    entry = keep(make_bank(), pdq(1))
    return BankMatch.objects.create(
        item=item, entry=entry, algorithm="pdq", distance=0, threshold=31, quality=100
    )


def judge(match: BankMatch, verdict: str, who: str = "mona", **headers: Any) -> Any:
    return client_of(person(who)).post(
        reverse("match_judge", args=[match.public_id]), {"verdict": verdict}, **headers
    )


def test_mona_says_that_it_is_the_same() -> None:
    match = match_of(make_case())
    assert judge(match, "confirmed").status_code == 302
    said = Feedback.objects.get()
    assert (said.entry, said.verdict, said.by, said.item) == (
        match.entry, Verdict.CONFIRMED, person("mona"), match.item.public_id,
    )  # fmt: skip
    assert entries("evidence.match_judged") == 1


def test_saying_the_same_twice_is_one_word_and_another_word_is_a_second() -> None:
    match = match_of(make_case())
    for verdict in ("confirmed", "confirmed", "different"):
        judge(match, verdict)
    assert [said.verdict for said in Feedback.objects.all()] == ["different", "confirmed"]
    assert entries("evidence.match_judged") == 2


def test_the_answer_shows_who_said_what() -> None:
    match = match_of(make_case())
    judge(match, "confirmed", who="milo")
    answer = judge(match, "different", headers={"HX-Request": "true"}).content.decode()
    assert "Milo: It is the same" in answer
    assert "Mona: It is something else" in answer


def test_no_answer_is_no_verdict() -> None:
    assert judge(match_of(make_case()), "perhaps").status_code == 422
    assert entries("evidence.match_judged") == 0


def test_a_match_of_a_restricted_case_is_judged_by_the_cleared_only() -> None:
    match = match_of(make_case(minor_indicated=True))
    assert judge(match, "confirmed").status_code == 404
    assert judge(match, "confirmed", who="sena").status_code == 302
    assert entries("evidence.match_judged") == 1


@pytest.mark.parametrize("who", ["lex", "audra", "ada"])
def test_others_judge_nothing(who: str) -> None:
    assert judge(match_of(make_case()), "confirmed", who=who).status_code == 403
    assert not Feedback.objects.exists()
