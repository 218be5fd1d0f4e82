"""The page of one escalation: the way it went, its package and deliveries, the words with the partner, its end."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.escalations.models import Download, Escalation, Package
from casework.partners.models import Partner
from tests.cast import client_of, make_case
from tests.escalations.handing import make_package, make_partner, make_sent
from tests.journal import verbs_of

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture(autouse=True)
def _own_store(settings: Any, tmp_path: Path) -> None:
    settings.EVIDENCE_DIR = tmp_path / "evidence"


@pytest.fixture
def partner(nia: User) -> Partner:
    return make_partner(people=(nia,))


def page_of(user: User, escalation: Escalation) -> str:
    answer = client_of(user).get(reverse("escalation", args=[escalation.public_id]))
    assert answer.status_code == 200
    return answer.content.decode()


def post(user: User, name: str, escalation: Escalation, **data: str) -> Any:
    return client_of(user).post(reverse(name, args=[escalation.public_id]), data)


def test_the_way_it_went_names_who_and_what_comes_next(partner: Partner, mona: User) -> None:
    hour_ago = timezone.now() - timedelta(hours=1)
    page = page_of(mona, make_sent(partner, drafted_at=hour_ago - timedelta(hours=1), approved_at=hour_ago))
    order = [page.index(words) for words in ("Drafted", "Approved", "Sent", "Waits for the partner to say")]
    assert order == sorted(order)
    assert "Lena" in page


def test_a_package_in_the_making_says_how_far_it_is_and_asks_again(partner: Partner, mona: User) -> None:
    sent = make_sent(partner, state="approved")
    Package.objects.create(
        escalation=sent, version=1, state=Package.State.MAKING, done_bytes=2_097_152, total_bytes=8_388_608
    )
    address = reverse("escalation_package", args=[sent.public_id])
    card = client_of(mona).get(address, **HTMX).content.decode()
    assert f'hx-get="{address}"' in card
    assert 'value="2097152"' in card
    assert "of\xa08.0\xa0MB".replace("\xa0", " ") in card.replace("\xa0", " ")
    assert client_of(mona).get(address).headers["Location"] == reverse("escalation", args=[sent.public_id])


def test_a_package_that_is_ready_shows_what_proves_it_and_asks_no_more(partner: Partner, mona: User) -> None:
    sent = make_sent(partner)
    package = make_package(sent)
    package.recipients = [{"key": "x", "fingerprint": "1111 2222"}]
    package.save()
    page = page_of(mona, sent)
    for words in (package.sha256, "aaaa bbbb", "1111 2222", "not asked for, or not answered yet"):
        assert words in page
    assert "every 2s" not in page


def test_a_package_that_could_not_be_made_says_why(partner: Partner, mona: User) -> None:
    sent = make_sent(partner, state="approved")
    Package.objects.create(
        escalation=sent, version=1, state=Package.State.FAILED, failure="The disk is full."
    )
    assert "The disk is full." in page_of(mona, sent)


def test_a_download_that_broke_off_is_told_from_a_whole_one(partner: Partner, mona: User, nia: User) -> None:
    package = make_package(make_sent(partner))
    Download.objects.create(package=package, person=nia, resumable_until=timezone.now(), sent=2048)
    Download.objects.create(
        package=package,
        person=nia,
        resumable_until=timezone.now(),
        sent=package.size,
        finished_at=timezone.now(),
    )
    page = page_of(mona, package.escalation).replace("\xa0", " ")
    assert "the whole file" in page
    assert "2.0 KB of" in page


def test_mona_writes_to_the_partner(partner: Partner, mona: User) -> None:
    sent = make_sent(partner)
    assert post(mona, "escalation_line", sent, kind="question", text="Did you get it?").status_code == 302
    assert "Did you get it?" in page_of(mona, sent)
    assert "escalation.line_written" in verbs_of(sent.case)


def test_an_empty_line_is_refused_with_the_form_open(partner: Partner, mona: User) -> None:
    sent = make_sent(partner)
    before = verbs_of(sent.case)
    answer = post(mona, "escalation_line", sent, kind="word", text=" ")
    assert answer.status_code == 422
    assert "There is one thing to put right" in answer.content.decode()
    assert verbs_of(sent.case) == before
    assert not sent.lines.exists()


def test_mona_takes_it_back_with_a_reason(partner: Partner, mona: User) -> None:
    sent = make_sent(partner)
    assert post(mona, "escalation_withdraw", sent, reason="").status_code == 422
    post(mona, "escalation_withdraw", sent, reason="Sent to the wrong office.")
    sent.refresh_from_db()
    assert sent.state == "withdrawn"
    page = page_of(mona, sent)
    assert "Sent to the wrong office." in page
    assert "escalation.withdrawn" in verbs_of(sent.case)


def test_what_was_answered_is_closed(partner: Partner, mona: User) -> None:
    sent = make_sent(partner, state="answered")
    post(mona, "escalation_close", sent, reason="Done.")
    sent.refresh_from_db()
    assert sent.state == "closed"
    assert "escalation.closed" in verbs_of(sent.case)


def test_closing_what_was_never_answered_is_a_conflict_in_words(partner: Partner, mona: User) -> None:
    sent = make_sent(partner)
    before = verbs_of(sent.case)
    answer = post(mona, "escalation_close", sent, reason="Done.")
    assert answer.status_code == 409
    assert "can&#x27;t become" in answer.content.decode()
    assert verbs_of(sent.case) == before


def test_an_auditor_reads_everything_and_changes_nothing(partner: Partner, audra: User) -> None:
    sent = make_sent(partner)
    page = page_of(audra, sent)
    assert sent.facts in page
    assert "<form" not in page.partition("<main")[2].partition("</main")[0]
    for name in (
        "line",
        "withdraw",
        "close",
        "approve",
        "return",
        "refuse",
        "imagery",
        "glass",
        "review",
        "offer",
    ):
        assert (
            post(audra, f"escalation_{name}", sent, reason="x", text="x", kind="word").status_code == 403
        ), name
    assert client_of(audra).get(reverse("escalation_edit", args=[sent.public_id])).status_code == 403
    sent.refresh_from_db()
    assert sent.state == "sent"


def test_for_mona_an_escalation_of_a_restricted_case_does_not_exist(
    partner: Partner, mona: User, sena: User
) -> None:
    sent = make_sent(partner, case=make_case(minor_indicated=True))
    for name in ("escalation", "escalation_preview", "escalation_edit", "escalation_package"):
        assert client_of(mona).get(reverse(name, args=[sent.public_id])).status_code == 404, name
    for name in ("line", "withdraw", "close", "offer"):
        assert post(mona, f"escalation_{name}", sent, reason="x", text="x", kind="word").status_code == 404, (
            name
        )
    assert "Restricted" in page_of(sena, sent)


def test_an_overdue_acknowledgement_is_said_on_its_page(partner: Partner, mona: User) -> None:
    sent = make_sent(partner)
    assert "Nobody there has acknowledged" not in page_of(mona, sent)
    Escalation.objects.filter(pk=sent.pk).update(sent_at=Now() - timedelta(hours=30))
    assert "Nobody there has acknowledged it within 24 hours." in page_of(mona, sent)
    Escalation.objects.filter(pk=sent.pk).update(reminded_hours=24)
    assert "They were reminded after 24 hours." in page_of(mona, sent)


def test_by_a_channel_on_which_nobody_acknowledges_nothing_is_ever_late(partner: Partner, mona: User) -> None:
    sent = make_sent(partner, channel="xarf_mail")
    Escalation.objects.filter(pk=sent.pk).update(sent_at=Now() - timedelta(hours=30))
    page = page_of(mona, sent)
    assert "Nobody there has acknowledged" not in page
    assert "Waits for its channel to say that it has arrived." in page
    assert client_of(mona).get(reverse("escalations"), {"show": "out"}).context["late"] == 0


def test_whatever_was_typed_or_sent_by_the_partner_stays_text(partner: Partner, mona: User) -> None:
    shout = "<script>alert(1)</script>"
    sent = make_sent(
        partner, state="acknowledged", facts=shout, authority=shout, consent_how=shout, acknowledged_name=shout,
        recipient_reference=shout, acknowledged_at=timezone.now(), reasons={"facts": shout}, returned_why=shout,
    )  # fmt: skip
    sent.lines.create(side="partner", author_name=shout, text=shout)
    for name in ("escalation", "escalation_preview"):
        page = client_of(mona).get(reverse(name, args=[sent.public_id])).content.decode()
        assert "&lt;script&gt;alert(1)" in page
        assert shout not in page


def test_the_log_of_a_package_stands_on_the_page_too(partner: Partner, mona: User) -> None:
    package = make_package(make_sent(partner))
    with transaction.atomic():
        record(Verb.PACKAGE_MADE, actor=None, subject=package, case=package.escalation.case)
    page = client_of(mona).get(reverse("escalation", args=[package.escalation.public_id]))
    assert [entry.verb for entry in page.context["timeline"]] == ["package.made"]
