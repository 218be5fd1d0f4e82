"""Mona makes a secure link: mailed one way, the code shown once for another, of both only hashes kept."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from casework.accounts.models import User
from casework.audit.models import Entry, EntryDetail
from casework.escalations.actions import links
from casework.escalations.models import Escalation, SecureLink
from casework.outbox.models import Message
from casework.partners.models import Channel, Contact, Partner
from tests.cast import client_of, make_case, person
from tests.escalations.handing import make_partner, make_sent
from tests.journal import all_verbs, verbs_of

pytestmark = pytest.mark.django_db

MAILBOX = "officer@police.example"


@pytest.fixture
def police(db: None) -> Partner:
    partner = make_partner("Police", channel=Channel.LINK)
    Contact.objects.create(partner=partner, name="Officer Oda", position="inspector", mail=MAILBOX)
    return partner


def post(who: str, escalation: Escalation, **typed: Any) -> Any:
    contact = escalation.partner.contacts.first()
    given = {
        "contact": contact.public_id if contact else "",
        "mail_to": MAILBOX,
        "code_by": "phone",
        "days": 7,
    }
    return client_of(person(who)).post(
        reverse("escalation_link_new", args=[escalation.public_id]), {**given, **typed}
    )


def shown(answer: Any) -> tuple[str, str]:
    """The link and the code that the page shows."""
    text = answer.content.decode()
    found = re.search(r'id="link-address">([^<]+)<.*id="link-code">([^<]+)<', text, re.DOTALL)
    assert found
    return found[1], found[2]


def test_mona_is_shown_link_and_code_once_and_the_link_is_mailed(police: Partner) -> None:
    found = make_sent(police)
    answer = post("mona", found)
    assert answer.status_code == 200
    address, code = shown(answer)
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}", code)
    message = Message.objects.get()
    assert message.mail_to == MAILBOX
    assert verbs_of(found.case)[-2:] == ["link.made", "outbox.posted"]
    for page in (
        client_of(person("mona")).get(reverse("escalation_link_new", args=[found.public_id])),
        client_of(person("mona")).get(reverse("escalation", args=[found.public_id])),
    ):
        assert page.status_code == 200
        assert address.rsplit("/", 2)[1] not in page.content.decode()
        assert code not in page.content.decode()


def test_neither_token_nor_code_is_kept_in_any_row_or_entry(police: Partner) -> None:
    answer = post("mona", make_sent(police))
    address, code = shown(answer)
    token = address.rstrip("/").rsplit("/", 1)[1]
    link = SecureLink.objects.get()
    assert len(token) >= 43  # 256 random bits
    assert link.token_hash == links.token_hash(token)
    assert link.code_hash.startswith("$argon2id$")
    kept = [str(vars(link)), *(bytes(each.body).decode() for each in Entry.objects.all())]
    kept += [str(each.personal) for each in EntryDetail.objects.all()]
    assert not [text for text in kept if token in text or code in text or code.replace("-", "") in text]


def test_the_mail_says_nothing_but_that_something_waits(police: Partner) -> None:
    found = make_sent(police)
    post("mona", found)
    body = (
        bytes(Message.objects.get().body).decode()
        if not isinstance(Message.objects.get().body, str)
        else Message.objects.get().body
    )
    for word in (found.number, found.case.number, "Oda", "picture", "Casework:"):
        assert word not in body


@pytest.mark.parametrize("other", [MAILBOX, "OFFICER@police.example", "officer+code@police.example", ""])
def test_the_code_never_goes_to_the_mailbox_of_the_link(police: Partner, other: str) -> None:
    answer = post("mona", make_sent(police), code_by="other_mail", code_to=other)
    assert answer.status_code == 422
    assert "must not reach the same mailbox" in answer.content.decode()
    assert not SecureLink.objects.exists()
    assert "link.made" not in all_verbs()


@pytest.mark.parametrize("own", ["mona@demo.test", "officer@police.example.evil.example"])
def test_whoever_makes_the_link_cannot_mail_it_to_a_mailbox_that_nobody_agreed_to(
    police: Partner, own: str
) -> None:
    answer = post("mona", make_sent(police), mail_to=own)
    assert answer.status_code == 422
    assert "that two people agreed to" in answer.content.decode()
    assert not SecureLink.objects.exists()
    assert "link.made" not in all_verbs()


def test_the_code_may_go_to_another_mailbox(police: Partner) -> None:
    assert (
        post("mona", make_sent(police), code_by="other_mail", code_to="duty@police.example").status_code
        == 200
    )


def test_a_link_lasts_two_weeks_at_most_and_never_longer_than_the_access(police: Partner) -> None:
    found = make_sent(police)
    assert post("mona", found, days=15).status_code == 422
    Escalation.objects.filter(pk=found.pk).update(expires_at=Now() + timedelta(days=3))
    assert post("mona", found, days=14).status_code == 200
    found.refresh_from_db()
    assert SecureLink.objects.get().expires_at == found.expires_at


@pytest.mark.parametrize(
    "state", ["draft", "returned", "approved", "refused", "withdrawn", "expired", "closed"]
)
def test_no_link_before_it_was_sent_nor_after_it_ended(police: Partner, state: str) -> None:
    answer = post("mona", make_sent(police, state=state))
    assert answer.status_code == 409
    assert not SecureLink.objects.exists()
    assert "link.made" not in all_verbs()


def test_no_link_to_what_goes_by_the_portal() -> None:
    partner = make_partner("Harbour")
    Contact.objects.create(partner=partner, name="Nia")
    assert post("mona", make_sent(partner)).status_code == 409


def test_a_contact_of_another_partner_is_no_choice(police: Partner) -> None:
    stranger = Contact.objects.create(partner=make_partner("Another"), name="Stranger")
    assert post("mona", make_sent(police), contact=stranger.public_id).status_code == 422
    assert not SecureLink.objects.exists()


def test_a_new_link_ends_the_earlier_one_of_the_same_contact(police: Partner) -> None:
    found = make_sent(police)
    post("mona", found)
    post("mona", found)
    newer, older = SecureLink.objects.all()
    assert older.revoked_at is not None
    assert newer.revoked_at is None
    assert verbs_of(found.case).count("link.revoked") == 1


def test_mona_ends_a_link(police: Partner) -> None:
    found = make_sent(police)
    post("mona", found)
    link = SecureLink.objects.get()
    answer = client_of(person("mona")).post(reverse("escalation_link_revoke", args=[link.public_id]))
    assert answer.headers["Location"] == reverse("escalation", args=[found.public_id])
    link.refresh_from_db()
    assert link.revoked_at is not None
    assert verbs_of(found.case)[-2:] == ["link.revoked", "outbox.cancelled"]
    assert Message.objects.get().state == Message.State.CANCELLED


@pytest.mark.parametrize(("who", "status"), [("audra", 403), ("ada", 403), ("stan", 403), ("nia", 404)])
def test_others_make_no_link(police: Partner, who: str, status: int) -> None:
    assert post(who, make_sent(police)).status_code == status
    assert not SecureLink.objects.exists()


def test_a_restricted_matter_gets_a_link_from_cleared_people_only(police: Partner) -> None:
    found = make_sent(police, case=make_case(minor_indicated=True))
    assert post("mona", found).status_code == 404
    assert post("sena", found).status_code == 200


def test_nothing_is_left_when_the_mail_can_not_be_posted(
    police: Partner, monkeypatch: pytest.MonkeyPatch, mona: User
) -> None:
    """Link and mail are one transaction."""

    def broken(**_kwargs: Any) -> None:
        raise RuntimeError("no outbox")

    monkeypatch.setattr("casework.outbox.actions.post_mail", broken)
    found, contact = make_sent(police), police.contacts.get()
    with pytest.raises(RuntimeError):
        links.make_link(found, actor=mona, contact=contact, mail_to=MAILBOX, code_by="phone", days=7)
    assert not SecureLink.objects.exists()
    assert "link.made" not in all_verbs()
