"""A lease ends with its session, however that ends; and one code of a second factor signs in one browser."""

from __future__ import annotations

import threading

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from allauth.usersessions.models import UserSession
from django.db import connections
from django.urls import reverse

from casework.cases import actions as cases
from tests.cast import client_of, make_case, person
from tests.journal import all_verbs, verbs_of

from .test_sessions import aged

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def claimed_by(browser, who="mona"):
    case = make_case()
    cases.claim_case(case, actor=person(who), session=cases.session_hash(browser.session.session_key))
    return case


@pytest.mark.django_db
@pytest.mark.parametrize("ages", [{"began": 1000, "seen": 16 * 60}, {"began": 8 * 3600 + 60, "seen": 5}])
def test_a_session_that_runs_out_frees_what_was_claimed_in_it(ages):
    browser = client_of(person("mona"))
    case, elsewhere = claimed_by(browser), claimed_by(client_of(person("mona")))
    aged(browser, **ages).get(reverse("queue"))
    case.refresh_from_db()
    elsewhere.refresh_from_db()
    assert case.claimed_by is None
    assert elsewhere.claimed_by == person("mona"), "another browser of hers still holds it"
    assert verbs_of(case)[-1] == "case.released"
    assert "person.session_ended" in all_verbs()


@pytest.mark.django_db
def test_ending_other_sessions_from_the_list_is_an_entry_and_frees_their_cases():
    here, there = client_of(person("mona")), client_of(person("mona"))
    for browser in (here, there):
        UserSession.objects.get_or_create(
            session_key=browser.session.session_key,
            defaults={"user": person("mona"), "ip": "127.0.0.1", "user_agent": "x"},
        )
    mine, theirs = claimed_by(here), claimed_by(there)
    here.post(reverse("usersessions_list"))
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert theirs.claimed_by is None
    assert mine.claimed_by == person("mona")
    assert there.get(reverse("queue")).status_code == 302
    assert here.get(reverse("queue")).status_code == 200
    assert "person.session_ended" in all_verbs()


def test_of_sixteen_parallel_uses_of_one_code_exactly_one_wins(committed_db, mona, monkeypatch):
    Authenticator.objects.filter(user=mona).delete()
    TOTP.activate(mona, SECRET)
    used, start, won = format_hotp_value(hotp_value(SECRET, 1)), threading.Barrier(16), []
    monkeypatch.setattr(auth, "yield_hotp_counters_from_time", lambda: iter([1]))

    def use():
        try:
            factor = TOTP(Authenticator.objects.get(user=mona, type="totp"))
            start.wait()
            won.append(factor.validate_code(used))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=use) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 15 + [True]
