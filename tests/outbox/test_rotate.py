"""A secret is changed without losing a message, shown once, and never lies anywhere in clear."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from casework.outbox import actions
from casework.outbox.delivery import hand_over
from casework.outbox.models import Endpoint
from tests.cases.test_decide import decide
from tests.cast import client_of, make_case, person
from tests.journal import all_verbs

from .conftest import Platform
from .sending import ExampleReceiver, connect, point, post, work


def test_both_secrets_sign_while_the_receiver_changes_over(platform: Platform, tmp_path: Path):
    fresh = actions.rotate_secret(platform.endpoint, actor=person("ada"), keep_hours=24)
    message = post(platform.endpoint)
    assert hand_over(message).status == 200, "who knows the old secret still accepts"
    (tmp_path / "new").mkdir()
    with ExampleReceiver(tmp_path / "new", fresh) as changed:
        point(platform.endpoint, changed.url)
        assert hand_over(message).status == 200, "who knows the new one does too"
    assert all_verbs().count("endpoint.rotated") == 1


def test_an_old_secret_ends_with_its_date(platform: Platform):
    actions.rotate_secret(platform.endpoint, actor=person("ada"), keep_hours=1)
    found = Endpoint.objects.get()
    assert len(found.good_secrets()) == 2
    found.secrets[1]["until"] = (timezone.now() - timedelta(seconds=1)).isoformat()
    found.save()
    assert len(Endpoint.objects.get().good_secrets()) == 1
    assert hand_over(post(platform.endpoint)).status == 401


def test_after_a_leak_the_old_secret_ends_at_once(platform: Platform):
    actions.rotate_secret(platform.endpoint, actor=person("ada"), keep_hours=0)
    assert len(Endpoint.objects.get().good_secrets()) == 1


def test_a_secret_is_shown_when_it_is_made_and_never_again(db: None, settings):
    ada = client_of(person("ada"))
    given = {"name": "The platform", "url": "https://platform.example/in", "purpose": "platform"}
    made = ada.post("/outbox/endpoints/new/", given).content.decode()
    endpoint = Endpoint.objects.get()
    (secret,) = endpoint.good_secrets()
    assert secret in made
    for page in ("", "change/"):
        assert "whsec_" not in ada.get(f"/outbox/endpoints/{endpoint.public_id}/{page}").content.decode()
    again = ada.post(f"/outbox/endpoints/{endpoint.public_id}/secret/", {"keep_hours": "24"}).content.decode()
    endpoint.refresh_from_db()
    assert endpoint.good_secrets()[0] in again
    assert secret not in again


def test_no_secret_address_or_place_lies_in_clear_in_the_database_or_the_log(
    platform: Platform, caplog: pytest.LogCaptureFixture
):
    case = make_case(links=["https://pictures.example/hidden-place"])
    decide(case)
    point(platform.endpoint, platform.receiver.url + "?key=hidden-query")
    work()
    with connection.cursor() as cursor:
        found = ""
        for table in ("endpoint", "message", "attempt", "callback"):
            cursor.execute(f"SELECT t::text FROM outbox_{table} t")
            found += str(cursor.fetchall())
        cursor.execute("SELECT args::text, error FROM jobs_job")
        found += str(cursor.fetchall())
        cursor.execute("SELECT convert_from(body, 'UTF8') FROM audit_entry")
        found += str(cursor.fetchall())
    found += caplog.text
    for hidden in ("whsec_", platform.endpoint.good_secrets()[0][6:], "hidden-place", "hidden-query"):
        assert hidden not in found


def test_only_an_administrator_makes_secrets(db: None, loopback_allowed: None):
    endpoint = connect("http://127.0.0.1:9/")
    before = all_verbs()
    for who, refusal in (("lena", 403), ("mona", 403), ("audra", 403), ("nia", 404)):
        answer = client_of(person(who)).post(
            f"/outbox/endpoints/{endpoint.public_id}/secret/", {"keep_hours": "1"}
        )
        assert answer.status_code == refusal
    assert [verb for verb in all_verbs()[len(before) :] if verb.startswith("endpoint")] == []
