"""Nia fetches the package: counted, resumable, and cut off the moment her access ends."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from casework.accounts.models import User
from casework.escalations import serving
from casework.escalations.models import Download, Escalation, Package
from casework.evidence.storage import evidence_store
from casework.partners.models import Contact, Partner
from tests.cast import client_of, person
from tests.escalations.handing import BYTES, make_package, make_partner, make_sent
from tests.journal import verbs_of

BEGAN, ENDED = "portal.downloaded", "portal.download_ended"


@pytest.fixture(autouse=True)
def own_store(settings: Any, tmp_path: Path) -> None:
    settings.EVIDENCE_DIR = tmp_path / "evidence"


@pytest.fixture
def ready(nia: User) -> Package:
    return make_package(make_sent(make_partner(people=(nia,))))


def address_of(package: Package) -> str:
    return reverse("portal_package", args=[package.escalation.public_id])


def fetch(client: Client, package: Package, **headers: str) -> Any:
    return client.get(address_of(package), headers=headers)


def read(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


@pytest.mark.django_db
def test_nia_fetches_the_file_whole_and_it_is_counted(nia: User, ready: Package) -> None:
    answer = fetch(client_of(nia), ready)
    assert read(answer) == BYTES
    assert answer.status_code == 200
    assert answer.headers["Content-Length"] == str(len(BYTES))
    assert answer.headers["ETag"] == f'"{ready.sha256}"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert (
        answer.headers["Content-Disposition"] == f'attachment; filename="{ready.escalation.number}.tar.age"'
    )
    found = Download.objects.get()
    assert (found.person, found.sent, found.resumed) == (nia, len(BYTES), 0)
    assert found.finished_at is not None
    assert found.address == "127.0.0.0/24"
    assert verbs_of(ready.escalation.case)[-2:] == [BEGAN, ENDED]


@pytest.mark.django_db
def test_asking_for_the_headers_alone_counts_nothing(nia: User, ready: Package) -> None:
    answer = client_of(nia).head(address_of(ready))
    assert answer.status_code == 200
    assert answer.headers["Content-Length"] == str(len(BYTES))
    assert not Download.objects.exists()
    assert BEGAN not in verbs_of(ready.escalation.case)


@pytest.mark.django_db
def test_after_as_many_fetches_as_were_agreed_the_next_is_refused_in_words(nia: User, ready: Package) -> None:
    Escalation.objects.filter(pk=ready.escalation_id).update(download_limit=2)
    client = client_of(nia)
    assert [fetch(client, ready).status_code for _ in range(3)] == [200, 200, 409]
    assert "may be fetched 2 times" in fetch(client, ready).content.decode()
    assert Download.objects.count() == 2
    assert verbs_of(ready.escalation.case).count(BEGAN) == 2


@pytest.mark.django_db
def test_the_limit_is_the_organisations_and_not_each_persons(nia: User, ready: Package) -> None:
    Escalation.objects.filter(pk=ready.escalation_id).update(download_limit=1)
    colleague = person("stan")
    User.objects.filter(pk=colleague.pk).update(role="partner", organisation=nia.organisation)
    Contact.objects.create(partner=ready.escalation.partner, name="Stan", user=colleague)
    colleague.refresh_from_db()
    assert fetch(client_of(nia), ready).status_code == 200
    assert fetch(client_of(colleague), ready).status_code == 409


def break_off(answer: Any, chunks: int) -> bytes:
    stream = iter(answer.streaming_content)
    got = b"".join(next(stream) for _ in range(chunks))
    # As the server does when the reader is gone; answer.close() would end the connection of this test.
    answer._iterator.close()
    return got


@pytest.mark.django_db
def test_a_fetch_that_broke_off_goes_on_under_the_same_count(nia: User, ready: Package) -> None:
    client = client_of(nia)
    got = break_off(fetch(client, ready), 3)
    begun = Download.objects.get()
    assert begun.finished_at is None
    assert begun.sent < len(BYTES)
    etag = f'"{ready.sha256}"'
    answer = fetch(client, ready, Range=f"bytes={len(got)}-", **{"If-Range": etag})
    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == f"bytes {len(got)}-{len(BYTES) - 1}/{len(BYTES)}"
    assert got + read(answer) == BYTES
    found = Download.objects.get()
    assert (found.pk, found.resumed, found.sent) == (begun.pk, 1, len(BYTES))
    assert found.finished_at is not None
    assert verbs_of(ready.escalation.case).count(BEGAN) == 2


@pytest.mark.django_db
def test_an_hour_later_it_is_a_new_fetch(nia: User, ready: Package) -> None:
    client = client_of(nia)
    got = break_off(fetch(client, ready), 1)
    Download.objects.update(resumable_until=Now() - timedelta(seconds=1))
    assert fetch(client, ready, Range=f"bytes={len(got)}-").status_code == 206
    assert Download.objects.count() == 2


@pytest.mark.django_db
def test_a_colleague_does_not_resume_nias_fetch(nia: User, ready: Package) -> None:
    got = break_off(fetch(client_of(nia), ready), 1)
    colleague = person("stan")
    User.objects.filter(pk=colleague.pk).update(role="partner", organisation=nia.organisation)
    Contact.objects.create(partner=ready.escalation.partner, name="Stan", user=colleague)
    colleague.refresh_from_db()
    assert fetch(client_of(colleague), ready, Range=f"bytes={len(got)}-").status_code == 206
    assert Download.objects.count() == 2


@pytest.mark.django_db
def test_resuming_far_before_the_end_of_what_was_sent_is_a_new_fetch(
    nia: User, ready: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the whole file could be fetched again and again as the rest of one fetch."""
    monkeypatch.setattr("casework.escalations.actions.portal.BUFFERED", 1000)
    client = client_of(nia)
    read(fetch(client, ready))
    read(fetch(client, ready, Range="bytes=1-"))
    assert Download.objects.count() == 2


@pytest.mark.django_db
def test_one_fetch_is_not_resumed_for_ever(
    nia: User, ready: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casework.escalations.actions.portal.MOST_RESUMES", 2)
    client = client_of(nia)
    read(fetch(client, ready))
    for _ in range(3):
        read(fetch(client, ready, Range=f"bytes={len(BYTES) - 10}-"))
    assert sorted(Download.objects.values_list("resumed", flat=True)) == [0, 2]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=10-19", 10, 19),
        ("bytes=-5", len(BYTES) - 5, len(BYTES) - 1),
        (f"bytes={len(BYTES) - 1}-99999999", len(BYTES) - 1, len(BYTES) - 1),
    ],
    ids=["middle", "tail", "over-the-end"],
)
def test_a_part_is_exactly_the_part_that_was_asked_for(
    nia: User, ready: Package, asked: str, first: int, last: int
) -> None:
    answer = fetch(client_of(nia), ready, Range=asked)
    assert answer.status_code == 206
    assert read(answer) == BYTES[first : last + 1]
    assert answer.headers["Content-Length"] == str(last + 1 - first)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "asked",
    ["bytes=0-1,5-6", "items=0-1", "bytes=9-1", "bytes=-", "bytes=٣-", "nonsense"],
    ids=["several", "unit", "backwards", "empty", "digits", "nonsense"],
)
def test_a_range_that_means_nothing_gets_the_whole_file(nia: User, ready: Package, asked: str) -> None:
    answer = fetch(client_of(nia), ready, Range=asked)
    assert answer.status_code == 200
    assert read(answer) == BYTES


@pytest.mark.django_db
@pytest.mark.parametrize("asked", [f"bytes={len(BYTES)}-", "bytes=-0"], ids=["behind", "no-tail"])
def test_a_part_that_does_not_exist_is_refused_and_not_counted(nia: User, ready: Package, asked: str) -> None:
    answer = fetch(client_of(nia), ready, Range=asked)
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(BYTES)}"
    assert not Download.objects.exists()


@pytest.mark.django_db
def test_a_range_of_another_file_gets_this_one_whole(nia: User, ready: Package) -> None:
    answer = fetch(client_of(nia), ready, Range="bytes=5-", **{"If-Range": '"another"'})
    assert answer.status_code == 200
    assert read(answer) == BYTES


def withdraw(package: Package, nia: User) -> None:
    Escalation.objects.filter(pk=package.escalation_id).update(state="withdrawn")


def suspend(package: Package, nia: User) -> None:
    Partner.objects.filter(pk=package.escalation.partner_id).update(state=Partner.State.SUSPENDED)


def end_contact(package: Package, nia: User) -> None:
    Contact.objects.filter(user=nia).update(ended_at=Now())


def deactivate(package: Package, nia: User) -> None:
    User.objects.filter(pk=nia.pk).update(is_active=False)


def expire(package: Package, nia: User) -> None:
    Escalation.objects.filter(pk=package.escalation_id).update(expires_at=Now())


def end_session(package: Package, nia: User) -> None:
    Session.objects.all().delete()


def change_password(package: Package, nia: User) -> None:
    User.objects.filter(pk=nia.pk).update(password="another")


def remove(package: Package, nia: User) -> None:
    Package.objects.filter(pk=package.pk).update(state=Package.State.REMOVED)


ENDINGS = [withdraw, suspend, end_contact, deactivate, expire, end_session, change_password, remove]


@pytest.mark.django_db
@pytest.mark.parametrize("end", ENDINGS, ids=lambda end: end.__name__)
def test_a_running_fetch_stops_when(
    nia: User, ready: Package, monkeypatch: pytest.MonkeyPatch, end: Callable[[Package, User], None]
) -> None:
    monkeypatch.setattr(serving, "CHECK_EVERY", 0)  # every chunk is "half a second later"
    answer = fetch(client_of(nia), ready)
    stream = iter(answer.streaming_content)
    got = next(stream) + next(stream)
    end(ready, nia)
    with pytest.raises(ConnectionResetError):
        got += b"".join(stream)
    assert len(got) < len(BYTES)
    found = Download.objects.get()
    assert found.finished_at is None
    assert found.sent == len(got)
    assert verbs_of(ready.escalation.case)[-1] == ENDED


@pytest.mark.django_db
def test_a_fetch_that_is_resumed_elsewhere_ends_here(
    nia: User, ready: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "CHECK_EVERY", 0)
    client = client_of(nia)
    first = iter(fetch(client, ready).streaming_content)
    next(first)
    assert fetch(client, ready, Range="bytes=65536-").status_code == 206
    with pytest.raises(ConnectionResetError):
        list(first)


@pytest.mark.django_db
def test_a_file_that_is_not_in_the_store_is_said_and_not_counted(nia: User, ready: Package) -> None:
    assert ready.storage_key is not None
    evidence_store().delete(ready.storage_key)
    answer = fetch(client_of(nia), ready)
    assert answer.status_code == 409
    assert "could not be found here" in answer.content.decode()
    assert not Download.objects.exists()


@pytest.mark.django_db
def test_without_a_package_there_is_nothing_to_fetch(nia: User) -> None:
    found = make_sent(make_partner(people=(nia,)))
    assert client_of(nia).get(reverse("portal_package", args=[found.public_id])).status_code == 404


def test_of_twelve_fetches_at_once_five_begin(committed_db: str, nia: User) -> None:
    package = make_package(make_sent(make_partner(people=(nia,))))

    def once(client: Client) -> int:
        try:
            return int(fetch(client, package).status_code)
        finally:
            connection.close()

    clients = [client_of(nia) for _ in range(12)]
    with ThreadPoolExecutor(12) as pool:
        answers = sorted(pool.map(once, clients))
    assert answers == [200] * 5 + [409] * 7
    assert Download.objects.count() == 5
