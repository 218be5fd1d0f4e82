"""What time does is done row by row: one that can't be done stops nobody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from casework.accounts.models import User
from casework.escalations.actions import keep_time, note_expired, reminding
from casework.escalations.actions.links import is_living
from casework.escalations.models import Escalation, SecureLink
from casework.jobs.rows import NotAllDone
from casework.partners.models import Contact, Partner
from tests.cast import client_of, person
from tests.journal import verbs_of

from .handing import make_partner, make_sent

pytestmark = pytest.mark.django_db
YESTERDAY = timedelta(days=1)


def test_one_that_fails_stops_none_behind_it_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    partner = make_partner()
    past = timezone.now() - timedelta(hours=1)
    bad, good = (make_sent(partner, expires_at=past) for _each in range(2))
    real = note_expired

    def note(escalation: Escalation) -> None:
        if escalation.pk == bad.pk:
            raise KeyError("a text that may hold a name")
        real(escalation)

    monkeypatch.setattr(reminding, "note_expired", note)
    with pytest.raises(NotAllDone, match=f"{bad.public_id}: KeyError") as failed:
        keep_time()
    assert "a name" not in str(failed.value)
    good.refresh_from_db()
    bad.refresh_from_db()
    assert (good.state, bad.state) == ("expired", "sent")
    assert verbs_of(good.case)[-1] == "escalation.expired"
    monkeypatch.undo()
    keep_time()
    bad.refresh_from_db()
    assert bad.state == "expired"


def test_a_partner_whose_agreement_ended_opens_nothing_and_reads_why(nia: User) -> None:
    partner = make_partner(people=(nia,))
    sent = make_sent(partner)
    assert Escalation.objects.for_user(nia).filter(pk=sent.pk).exists()
    Partner.objects.update(agreement_until=timezone.now().date() - YESTERDAY)
    assert client_of(nia).get(f"/portal/{sent.public_id}/").status_code == 404
    page = client_of(nia).get("/portal/").content.decode()
    assert "The agreement with your organisation has ended" in page
    Partner.objects.update(agreement_until=timezone.now().date())
    assert Escalation.objects.for_user(nia).filter(pk=sent.pk).exists()
    assert "has ended" not in client_of(nia).get("/portal/").content.decode()


def test_links_end_with_the_agreement_and_after_two_weeks_by_the_table_itself() -> None:
    partner = make_partner(channel="link")
    contact = Contact.objects.create(partner=partner, name="Kim", mail="kim@harbour.example")
    link = SecureLink.objects.create(
        escalation=make_sent(partner), contact=contact, token_hash="0" * 64, code_hash="x", code_by="phone",
        made_by=person("mona"), expires_at=timezone.now() + timedelta(days=2),
    )  # fmt: skip
    assert is_living(link)
    Partner.objects.update(agreement_until=timezone.now().date() - YESTERDAY)
    assert not is_living(link)
    with pytest.raises(IntegrityError, match="link_lasts_two_weeks"), transaction.atomic():
        SecureLink.objects.update(expires_at=F("made_at") + timedelta(days=15))


def test_the_table_itself_counts_no_fetch_beyond_the_limit() -> None:
    sent = make_sent(make_partner(), download_limit=2, fetched=2)
    with pytest.raises(IntegrityError, match="escalation_fetched_within_limit"), transaction.atomic():
        Escalation.objects.filter(pk=sent.pk).update(fetched=3)
