"""Officer Oda, who has no account, opens a secure link with a code, works behind it, and is out when it ends."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from casework.accounts.models import User
from casework.cases.actions import restrict_case
from casework.escalations import actions, serving
from casework.escalations.actions import links
from casework.escalations.models import Download, Escalation, Line, Package, SecureLink
from casework.partners.models import Channel, Contact, Partner
from tests.cast import make_case, person
from tests.escalations.handing import BYTES, make_package, make_partner, make_sent
from tests.journal import all_verbs, verbs_of


@pytest.fixture(autouse=True)
def own_store(settings: Any, tmp_path: Path) -> None:
    settings.EVIDENCE_DIR = tmp_path / "evidence"


@pytest.fixture(autouse=True)
def fresh_limits(request: pytest.FixtureRequest) -> None:
    if "committed_db" not in request.fixturenames:
        request.getfixturevalue("db")
        cache.clear()


Made = tuple[Escalation, SecureLink, str, str]


def make(*, accepts: tuple[str, ...] = (), **kwargs: Any) -> Made:
    """A matter sent by link, its link, token and code."""
    partner = make_partner("Police", channel=Channel.LINK, accepts=list(accepts))
    contact = Contact.objects.create(partner=partner, name="Officer Oda", mail="oda@police.example")
    found = make_sent(partner, **kwargs)
    mona = person("sena" if found.case.restricted else "mona")
    link, token, code = links.make_link(
        found, actor=mona, contact=contact, mail_to="oda@police.example", code_by="phone", days=7
    )
    return found, link, token, code


def enter(client: Client, token: str, code: str) -> Any:
    return client.post(reverse("link_open", args=[token]), {"code": code})


def opened() -> tuple[Client, Escalation, SecureLink]:
    found, link, token, code = make()
    client = Client()
    assert enter(client, token, code).status_code == 302
    return client, found, link


def test_link_and_code_open_the_matter_and_it_is_written_down() -> None:
    found, link, token, code = make()
    client = Client()
    assert client.get(reverse("link_open", args=[token])).status_code == 200
    answer = enter(client, token, links.shown_code(code).lower())
    assert answer.headers["Location"] == reverse("link_page")
    page = client.get(reverse("link_page"))
    assert page.status_code == 200
    assert found.number in page.content.decode()
    link.refresh_from_db()
    found.refresh_from_db()
    assert link.first_opened_at is not None
    assert found.state == "delivered"
    assert {"link.opened", "escalation.delivered", "escalation.read"} <= set(verbs_of(found.case))


def test_these_pages_are_forgotten_unscripted_and_say_nothing_in_their_title() -> None:
    found, _link, token, code = make()
    client = Client()
    pages = [client.get(reverse("link_open", args=[token]))]
    cookie = enter(client, token, code).cookies["y"]
    pages.append(client.get(reverse("link_page")))
    for page in pages:
        text = page.content.decode()
        assert page.headers["Cache-Control"] == "no-store"
        assert "require-trusted-types-for 'script'" in page.headers["Content-Security-Policy"]
        assert "<script" not in text
        assert "<title>Page</title>" in text
        assert token not in text
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/link/", True, "Strict")
    assert str(found.public_id) not in pages[1].content.decode()


def test_the_page_names_nobody_of_the_desk_and_no_case() -> None:
    client, found, _link = opened()
    Line.objects.create(
        escalation=found, side="desk", kind="word", author=person("mona"), text="Good morning."
    )
    text = client.get(reverse("link_page")).content.decode()
    assert "Good morning." in text
    for word in ("Mona", "Lena", found.case.number, str(found.case.public_id)):
        assert word not in text


def test_five_wrong_codes_and_the_link_is_dead_for_the_right_one_too() -> None:
    found, link, token, code = make()
    client = Client()
    for left in (4, 3, 2, 1, 0):
        assert enter(client, token, "0000000000").status_code == 422
        link.refresh_from_db()
        assert link.attempts_left == left
    assert enter(client, token, code).status_code == 422
    assert verbs_of(found.case).count("link.code_refused") == 5
    assert "link.opened" not in all_verbs()


def test_twelve_guesses_at_once_cost_five_tries(committed_db: str) -> None:
    _found, link, token, code = make()

    def guess(n: int) -> bool:
        try:
            return links.open_link(token, f"{n:010d}") is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert not any(pool.map(guess, range(12)))
    link.refresh_from_db()
    assert link.attempts_left == 0
    assert all_verbs().count("link.code_refused") == 5
    assert links.open_link(token, code) is None


def no_token(found: Escalation, link: SecureLink) -> None:
    SecureLink.objects.filter(pk=link.pk).update(token_hash="0" * 64)


def run_out(found: Escalation, link: SecureLink) -> None:
    SecureLink.objects.filter(pk=link.pk).update(expires_at=Now() - timedelta(milliseconds=1))


def revoke(found: Escalation, link: SecureLink) -> None:
    links.revoke_link(link, actor=person("mona"))


def withdraw(found: Escalation, link: SecureLink) -> None:
    Escalation.objects.filter(pk=found.pk).update(state="withdrawn")


def expire(found: Escalation, link: SecureLink) -> None:
    Escalation.objects.filter(pk=found.pk).update(expires_at=Now())


def suspend(found: Escalation, link: SecureLink) -> None:
    Partner.objects.filter(pk=found.partner_id).update(state=Partner.State.SUSPENDED)


def end_contact(found: Escalation, link: SecureLink) -> None:
    Contact.objects.filter(pk=link.contact_id).update(ended_at=Now())


def change_channel(found: Escalation, link: SecureLink) -> None:
    Escalation.objects.filter(pk=found.pk).update(channel=Channel.PORTAL)


ENDINGS = [run_out, revoke, withdraw, expire, suspend, end_contact, change_channel]


def neutral(answer: Any, token: str) -> str:
    """A page without what differs by nature: the form's own secret."""
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", answer.content.decode()).replace(
        token, "T"
    )


@pytest.mark.parametrize("end", [no_token, *ENDINGS], ids=lambda end: end.__name__)
def test_whatever_is_wrong_the_answer_is_the_one_of_a_wrong_code(
    end: Callable[[Escalation, SecureLink], None],
) -> None:
    found, link, token, code = make()
    wrong = enter(Client(), token, "0000000000")
    end(found, link)
    answer = enter(Client(), token, code)
    assert answer.status_code == wrong.status_code == 422
    expected = neutral(wrong, token).replace("0000000000", "C")
    assert neutral(answer, token).replace(code, "C") == expected
    assert neutral(Client().get(reverse("link_open", args=[token])), token) == neutral(
        Client().get(reverse("link_open", args=["nothing"])), "nothing"
    )


def test_an_unknown_link_costs_the_same_argon2_check(monkeypatch: pytest.MonkeyPatch) -> None:
    _found, _link, token, _code = make()
    checked: list[bool] = []
    real = links.code_matches
    monkeypatch.setattr(
        links, "code_matches", lambda stored, code: (checked.append(bool(stored)), real(stored, code))[1]
    )
    enter(Client(), token, "0000000000")
    enter(Client(), "unknown", "0000000000")
    assert checked == [True, False]


@pytest.mark.parametrize("end", ENDINGS, ids=lambda end: end.__name__)
def test_an_open_page_is_closed_with_the_next_click_after(
    end: Callable[[Escalation, SecureLink], None],
) -> None:
    client, found, link = opened()
    assert client.get(reverse("link_page")).status_code == 200
    end(found, link)
    before = all_verbs()
    assert client.get(reverse("link_page")).status_code == 404
    assert client.get(reverse("link_package")).status_code == 404
    for name in ("link_acknowledge", "link_line", "link_answer", "link_decline"):
        typed = {"name": "Oda", "kind": "word", "text": "x", "outcome": "removed"}
        assert client.post(reverse(name), typed).status_code == 404
    assert all_verbs() == before


@pytest.mark.parametrize("end", ENDINGS, ids=lambda end: end.__name__)
def test_a_running_fetch_ends_with_the_link(
    monkeypatch: pytest.MonkeyPatch, end: Callable[[Escalation, SecureLink], None]
) -> None:
    monkeypatch.setattr(serving, "CHECK_EVERY", 0)
    client, found, link = opened()
    make_package(found)
    stream = iter(client.get(reverse("link_package")).streaming_content)
    got = next(stream) + next(stream)
    end(found, link)
    with pytest.raises(ConnectionResetError):
        got += b"".join(stream)
    assert len(got) < len(BYTES)
    assert verbs_of(found.case)[-1] == "portal.download_ended"


def test_half_an_hour_after_the_last_click_the_code_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    client, _found, _link = opened()
    monkeypatch.setattr(links, "OPEN_SECONDS", -1)
    assert client.get(reverse("link_page")).status_code == 404


@pytest.mark.parametrize("held", ["", "x", "bnVsbA:1abc:sig", "a" * 5000])
def test_a_ticket_that_we_did_not_give_out_opens_nothing(held: str) -> None:
    make()
    client = Client()
    client.cookies["y"] = held
    assert client.get(reverse("link_page")).status_code == 404


def test_a_ticket_opens_its_own_matter_and_no_other() -> None:
    client, found, _link = opened()
    other = make_sent(make_partner("Another", channel=Channel.LINK))
    text = client.get(reverse("link_page")).content.decode()
    assert found.number in text
    assert other.number not in text


def test_a_ticket_is_no_account() -> None:
    client, found, _link = opened()
    for name in ("portal", "queue"):
        assert client.get(reverse(name)).headers["Location"].startswith(reverse("account_login"))


def test_oda_fetches_acknowledges_asks_and_answers_under_her_name() -> None:
    client, found, link = opened()
    package = make_package(found)
    assert b"".join(client.get(reverse("link_package")).streaming_content) == BYTES
    assert (Download.objects.get().link, Download.objects.get().person) == (link, None)
    typed = {"name": "Oda, inspector", "reference": "P-1", "sha256": package.sha256}
    assert client.post(reverse("link_acknowledge"), typed).status_code == 302
    assert (
        client.post(
            reverse("link_line"), {"name": "Oda", "kind": "question", "text": "Since when?"}
        ).status_code
        == 302
    )
    assert (
        client.post(
            reverse("link_answer"), {"name": "Oda", "outcome": "investigation", "text": "Begun."}
        ).status_code
        == 302
    )
    found.refresh_from_db()
    assert (found.state, found.outcome, found.recipient_reference) == ("answered", "investigation", "P-1")
    assert (found.acknowledged_name, found.acknowledged_by) == ("Oda, inspector", None)
    assert [line.author_name for line in found.lines.all()] == ["Oda", "Oda"]
    expected = {
        "portal.downloaded",
        "escalation.acknowledged",
        "escalation.line_written",
        "escalation.answered",
    }
    assert expected <= set(verbs_of(found.case))
    assert "Same as ours" in client.get(reverse("link_page")).content.decode()


def test_the_timestamp_is_there_for_oda_once_there_is_one() -> None:
    client, found, _link = opened()
    package = make_package(found)
    assert client.get(reverse("link_stamp")).status_code == 404
    Package.objects.filter(pk=package.pk).update(stamp=b"stamped", stamped_at=Now())
    assert client.get(reverse("link_stamp")).content == b"stamped"
    assert reverse("link_stamp") in client.get(reverse("link_page")).content.decode()


def test_whoever_writes_says_who_they_are() -> None:
    client, found, _link = opened()
    answer = client.post(reverse("link_acknowledge"), {"reference": "P-1"})
    assert answer.status_code == 422
    assert "Say who you are." in answer.content.decode()
    found.refresh_from_db()
    assert found.state == "sent"
    assert "escalation.acknowledged" not in all_verbs()


def test_what_oda_declines_closes_the_page() -> None:
    client, found, _link = opened()
    assert client.post(reverse("link_decline"), {"name": "Oda", "text": "Not our region."}).status_code == 200
    found.refresh_from_db()
    assert found.state == "refused"
    assert client.get(reverse("link_page")).status_code == 404


def test_oda_closes_the_page_and_may_come_back() -> None:
    found, _link, token, code = make()
    client = Client()
    enter(client, token, code)
    client.post(reverse("link_close"))
    assert client.get(reverse("link_page")).status_code == 404
    assert enter(client, token, code).status_code == 302


def test_the_fetches_by_link_are_limited_too() -> None:
    client, found, _link = opened()
    make_package(found)
    Escalation.objects.filter(pk=found.pk).update(download_limit=1)
    assert [client.get(reverse("link_package")).status_code for _ in range(2)] == [200, 409]


def test_many_tries_from_one_address_wait_whatever_link_they_name() -> None:
    client = Client()
    answers = [enter(client, f"guess{n}", "0000000000").status_code for n in range(31)]
    assert answers == [422] * 30 + [429]
    assert enter(client, "another", "0000000000").headers["Retry-After"]


def test_a_link_to_a_restricted_matter_is_made_by_the_cleared() -> None:
    found, _link, token, code = make(accepts=("minor",), case=make_case(minor_indicated=True))
    client = Client()
    assert enter(client, token, code).status_code == 302
    assert found.number in client.get(reverse("link_page")).content.decode()


def test_what_turns_out_to_may_show_a_minor_is_gone_for_a_partner_that_takes_no_minors() -> None:
    client, found, _link = opened()
    restrict_case(found.case, actor=None, why="minor_suspected")
    assert client.get(reverse("link_page")).status_code == 404


def test_the_secret_half_of_a_link_stands_in_no_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    _found, _link, token, _code = make()
    assert enter(Client(), token, "0000000000").status_code == 422
    lines = [line.getMessage() for line in caplog.records if line.name == "django.request"]
    assert lines == ["Unprocessable Entity: /link/…/"]
    assert not [line for line in caplog.messages if token in line]


def test_a_refusal_and_a_withdrawal_at_once_do_not_wait_for_each_other(committed_db: str) -> None:
    """Both take the package before its escalation: while somebody holds the package, nobody holds the other."""
    found, link, _token, _code = make()
    package = make_package(found)

    def refuse() -> None:
        try:
            with links.held(link) as held:
                actions.decline(held, actor=None, name="Oda", text="Not ours.")
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Package.objects.select_for_update().get(pk=package.pk)
            refusing = pool.submit(refuse)
            until_somebody_waits()
            Escalation.objects.select_for_update(nowait=True).get(pk=found.pk)
        refusing.result(timeout=20)
    found.refresh_from_db()
    assert found.state == "refused"
    assert "escalation.declined" in verbs_of(found.case)


def until_somebody_waits() -> None:
    """Return once a session of ours waits for a lock."""
    for _try in range(200):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # or a transaction sees the same for ever
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.05)
    raise AssertionError("nobody waits")


def test_a_signed_in_moderator_opens_a_link_only_with_the_code(mona: User) -> None:
    from tests.cast import client_of

    _found, _link, token, _code = make()
    client = client_of(mona)
    assert client.get(reverse("link_page")).status_code == 404
    assert enter(client, token, "0000000000").status_code == 422
