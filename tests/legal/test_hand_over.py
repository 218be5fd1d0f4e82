"""A released letter is handed over by a way that is no plain mail: whoever did it notes to whom, how and when."""

from __future__ import annotations

from datetime import timedelta

import pyrage
import pytest
from django.utils import timezone

from casework.legal import actions, letters
from casework.legal.models import LegalHandOver, LegalLetter, LegalRequest
from casework.partners.models import PartnerKey
from tests.cast import client_of, person
from tests.journal import all_verbs
from tests.legal.making import enter, make_police
from tests.partners.directory import body

pytestmark = pytest.mark.django_db


def refusal(request: LegalRequest, *, released: bool = True) -> LegalLetter:
    actions.refuse(request, actor=person("lex"), grounds=["formal"])
    letter = request.letters.get()
    if released:
        letter = actions.release_letter(letter, actor=person("lena"), seen=letters.digest(letter.text))
    return letter


def hand(letter: LegalLetter, *, way: str = "court", to_whom: str = "the clerk", **fields: object) -> None:
    told = {"at": timezone.now(), "reference": "F-1"} | fields
    actions.note_hand_over(letter, actor=person("lex"), way=way, to_whom=to_whom, **told)  # type: ignore[arg-type]


def test_lex_notes_whom_a_letter_was_given_to_and_how():
    request = enter()
    letter = refusal(request)
    page = f"/legal/{request.public_id}/letter/{letter.public_id}/"
    lex = client_of(person("lex"))
    assert "Not handed over yet" in lex.get(page).text
    assert "not handed over yet" in lex.get(f"/legal/{request.public_id}/").text
    sent = {
        "way": "court",
        "to_whom": "the clerk",
        "reference": "F-1",
        "at": timezone.now().strftime("%Y-%m-%dT%H:%M"),
    }
    assert lex.post(f"{page}hand/", sent).status_code == 302
    text = lex.get(page).text
    assert "Through the court&#x27;s electronic filing" in text
    assert "the clerk" in text
    assert all_verbs()[-1] == "legal.letter_handed_over"
    said = body("legal.letter_handed_over")
    assert (said["way"], said["sha256"]) == ("court", letters.digest(letter.text))
    assert "clerk" not in str(said)


def test_no_way_is_plain_mail():
    assert not {"mail", "email"} & set(LegalHandOver.Way.values)


@pytest.mark.parametrize("late", [False, True], ids=["before its release", "in the future"])
def test_a_hand_over_lies_between_release_and_now(late: bool):
    letter, hour = refusal(enter()), timedelta(hours=1)
    before = all_verbs()
    with pytest.raises(actions.NotAllowed, match="between its release and now"):
        hand(letter, at=timezone.now() + (hour if late else -hour))
    assert (all_verbs(), LegalHandOver.objects.count()) == (before, 0)


def test_what_is_not_released_is_not_handed_over():
    letter = refusal(enter(), released=False)
    before = all_verbs()
    with pytest.raises(actions.NotAllowed, match="not released"):
        hand(letter)
    assert all_verbs() == before


def test_a_letter_is_sealed_to_the_verified_key_of_the_authority_only():
    police = make_police()
    identity = pyrage.x25519.Identity.generate()
    PartnerKey.objects.filter(partner=police).update(recipient=str(identity.to_public()))
    request = enter(partner=police)
    letter = refusal(request, released=False)
    address = f"/legal/{request.public_id}/letter/{letter.public_id}/"
    lena = client_of(person("lena"))
    assert lena.get(f"{address}age/").status_code == 404
    letter = actions.release_letter(letter, actor=person("lena"), seen=letters.digest(letter.text))
    assert "sealed to their key" in lena.get(address).text
    assert pyrage.decrypt(lena.get(f"{address}age/").content, [identity]).startswith(b"%PDF-")
    hand(letter, way="sealed")
    PartnerKey.objects.filter(partner=police).update(revoked_at=timezone.now())
    assert lena.get(f"{address}age/").status_code == 404
    before = all_verbs()
    with pytest.raises(actions.NotAllowed, match="no verified key"):
        hand(letter, way="sealed")
    assert all_verbs() == before


def test_audra_reads_hand_overs_and_notes_none():
    request = enter()
    letter = refusal(request)
    audra = client_of(person("audra"))
    address = f"/legal/{request.public_id}/letter/{letter.public_id}/"
    assert "Note a hand-over" not in audra.get(address).text
    before = all_verbs()
    assert audra.post(f"{address}hand/", {"way": "post"}).status_code == 403
    assert all_verbs() == before


def test_a_mistake_keeps_what_was_typed():
    request = enter()
    letter = refusal(request)
    before = all_verbs()
    answer = client_of(person("lex")).post(
        f"/legal/{request.public_id}/letter/{letter.public_id}/hand/", {"way": "post", "reference": "R-77"}
    )
    assert answer.status_code == 422
    assert "R-77" in answer.text
    assert all_verbs() == before
