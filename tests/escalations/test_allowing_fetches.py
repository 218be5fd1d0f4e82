"""Mona lets a partner fetch the file more often, once the fetches that were agreed are used up."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import F
from django.urls import reverse

from casework.accounts.models import User
from casework.audit.models import Entry, EntryDetail
from casework.escalations import actions
from casework.escalations.actions.fetches import MOST_AT_ONCE, MOST_FETCHES
from casework.escalations.models import Escalation, Package
from tests.cast import client_of
from tests.escalations.handing import make_package, make_partner, make_sent
from tests.journal import verbs_of

pytestmark = pytest.mark.django_db
ALLOWED = "package.fetches_allowed"


@pytest.fixture
def sent(mona: User, nia: User) -> Escalation:
    """What nia has, with a limit of one fetch that she has used."""
    one = make_sent(make_partner(people=(nia,)), download_limit=1)
    package = make_package(one)
    actions.begin_download(package, person=nia, link=None)
    with pytest.raises(actions.DownloadsUsedUp):
        actions.begin_download(package, person=nia, link=None)
    return one


def allow(escalation: Escalation, actor: User, *, was: int = 1, more: int = 2) -> None:
    actions.allow_fetches(escalation, actor=actor, was=was, more=more, reason="Their disk broke.")


def refused(escalation: Escalation, actor: User, error: type[Exception], **kwargs: int) -> None:
    """*actor* can't, and neither the limit nor the log says that somebody tried."""
    before = Escalation.objects.get(pk=escalation.pk).download_limit
    with pytest.raises(error):
        allow(escalation, actor, **kwargs)
    assert Escalation.objects.get(pk=escalation.pk).download_limit == before
    assert ALLOWED not in verbs_of(escalation.case)


def test_mona_allows_two_more_and_nia_fetches_again(sent: Escalation, mona: User, nia: User) -> None:
    allow(sent, mona)
    assert sent.download_limit == 3
    for _time in range(2):
        actions.begin_download(sent.packages.get(), person=nia, link=None)
    with pytest.raises(actions.DownloadsUsedUp):
        actions.begin_download(sent.packages.get(), person=nia, link=None)


def test_the_log_says_who_allowed_how_many_and_keeps_the_reason_apart(sent: Escalation, mona: User) -> None:
    allow(sent, mona)
    entry = Entry.objects.get(verb=ALLOWED)
    body = bytes(entry.body).decode()
    assert entry.actor == mona
    assert '"was":1' in body
    assert '"now":3' in body
    assert "disk" not in body
    assert EntryDetail.objects.get(entry=entry).personal["reason"] == "Their disk broke."


def test_nia_allows_herself_nothing(sent: Escalation, nia: User) -> None:
    refused(sent, nia, actions.NotThere)


def test_audra_who_only_reads_allows_nothing(sent: Escalation, audra: User) -> None:
    refused(sent, audra, actions.NotThere)


def test_milo_who_is_not_cleared_allows_nothing_of_a_restricted_case(sent: Escalation, milo: User) -> None:
    type(sent.case).objects.filter(pk=sent.case.pk).update(restricted=True)
    refused(sent, milo, actions.NotThere)


def test_two_who_press_at_once_raise_it_once(sent: Escalation, mona: User, lena: User) -> None:
    allow(sent, mona)
    with pytest.raises(actions.StaleEscalation):
        allow(sent, lena)
    assert sent.download_limit == 3
    assert verbs_of(sent.case).count(ALLOWED) == 1


@pytest.mark.parametrize("more", [0, MOST_AT_ONCE + 1])
def test_not_as_many_as_somebody_likes(sent: Escalation, mona: User, more: int) -> None:
    refused(sent, mona, actions.IllegalMove, more=more)


def test_there_is_an_end_to_it(sent: Escalation, mona: User) -> None:
    Escalation.objects.filter(pk=sent.pk).update(download_limit=MOST_FETCHES - 1)
    refused(sent, mona, actions.IllegalMove, was=MOST_FETCHES - 1, more=2)


@pytest.mark.parametrize("gone", ["withdrawn", "over", "no file"])
def test_nothing_is_allowed_where_nothing_can_be_fetched(sent: Escalation, mona: User, gone: str) -> None:
    if gone == "withdrawn":
        Escalation.objects.filter(pk=sent.pk).update(state="withdrawn")
    elif gone == "over":
        Escalation.objects.filter(pk=sent.pk).update(expires_at=F("sent_at"))
    else:
        Package.objects.update(state=Package.State.REMOVED)
    refused(sent, mona, actions.IllegalMove)


def post(who: User, escalation: Escalation, **said: Any) -> Any:
    told = {"was": "1", "more": "2", "reason": "Their disk broke."} | said
    return client_of(who).post(reverse("escalation_fetches", args=[escalation.public_id]), told)


def test_the_page_says_how_many_have_begun_and_takes_more(sent: Escalation, mona: User) -> None:
    page = client_of(mona).get(reverse("escalation", args=[sent.public_id])).content.decode()
    assert "1 of 1 fetch has begun." in page
    assert reverse("escalation_fetches", args=[sent.public_id]) in page
    assert post(mona, sent).status_code == 302
    page = client_of(mona).get(reverse("escalation", args=[sent.public_id])).content.decode()
    assert "1 of 3 fetches have begun." in page
    assert "3 times instead of 1" in page


def test_without_a_reason_the_page_comes_back_with_it_open(sent: Escalation, mona: User) -> None:
    answer = post(mona, sent, reason="")
    assert answer.status_code == 422
    assert "<details open><summary>Let them fetch it more often" in answer.content.decode()
    assert ALLOWED not in verbs_of(sent.case)


def test_a_limit_that_was_raised_meanwhile_is_a_conflict_in_words(sent: Escalation, mona: User) -> None:
    Escalation.objects.filter(pk=sent.pk).update(download_limit=4)
    answer = post(mona, sent)
    assert answer.status_code == 409
    assert "Somebody else changed this escalation" in answer.content.decode()


def test_whoever_only_reads_has_no_such_control_and_is_refused(sent: Escalation, audra: User) -> None:
    page = client_of(audra).get(reverse("escalation", args=[sent.public_id]))
    assert "Let them fetch it more often" not in page.content.decode()
    assert post(audra, sent).status_code == 403


def test_nia_s_own_request_is_refused(sent: Escalation, nia: User) -> None:
    assert post(nia, sent).status_code in (403, 404)
    assert Escalation.objects.get(pk=sent.pk).download_limit == 1
