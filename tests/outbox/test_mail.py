"""E-mail leaves by the same outbox: at least once, under one Message-ID, and what a server refuses for good is told."""

from __future__ import annotations

import email
import smtplib
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from casework.audit.models import Entry
from casework.outbox import actions
from casework.outbox.actions import Attachment, BadMail
from casework.outbox.actions.posting import OutsideTransaction
from casework.outbox.models import Attempt, Message, mask
from tests.cast import client_of, make_case, person
from tests.journal import all_verbs, verbs_of

from .local import Authority
from .sending import pause_is_over, time_is_up, work
from .smtp import SmtpServer


def write(**given: Any) -> Message:
    """A mail of ada's to nia, in a transaction of its own."""
    said: dict[str, Any] = {
        "to": "nia@ngo.example", "subject": "Something waits for you", "text": "Something waits.\n",
        "kind": "escalation.waits", "case": None, "actor": person("ada"),
    } | given  # fmt: skip
    with transaction.atomic():
        return actions.post_mail(**said)


def state_of(message: Message) -> tuple[str, int]:
    message.refresh_from_db()
    return message.state, message.attempts


@pytest.mark.django_db
def test_mail_arrives_whole_at_a_real_server_and_is_an_entry_on_its_case(settings: Any):
    case = make_case()
    with SmtpServer() as server:
        server.settings(settings)
        document = b'{"xarf_version": "4.2.0"}'
        message = write(
            case=case, subject="Für Nia – bitte", text="Zeile eins\n.Punkt\nÜber uns\n" + "x" * 2000 + "\n",
            attachments=[Attachment("xarf.json", "application/json", document)],
        )  # fmt: skip
        assert work() == 1
    (mail,) = server.received
    assert server.faults == []
    assert (mail.sender, mail.recipients) == ("casework@localhost", ["nia@ngo.example"])
    assert mail.data.isascii()
    assert mail.message["Subject"] == "Für Nia – bitte"
    assert mail.message["Message-ID"] == f"<{message.public_id}@localhost>"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    body = mail.message.get_body()
    assert body is not None
    assert body.get_content().splitlines()[:3] == ["Zeile eins", ".Punkt", "Über uns"]
    (attached,) = mail.message.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("xarf.json", "application/json")
    assert attached.get_payload(decode=True) == document
    assert state_of(message) == ("delivered", 1)
    assert verbs_of(case)[-2:] == ["outbox.posted", "outbox.delivered"]
    assert Attempt.objects.get().status == 250


@pytest.mark.django_db
def test_nothing_of_a_mail_is_stored_in_clear():
    from django.db import connection

    message = write(subject="Sea otter")
    with connection.cursor() as cursor:
        cursor.execute("SELECT mail_to, body FROM outbox_message WHERE id = %s", [message.pk])
        stored = " ".join(cursor.fetchone())
    assert "ngo.example" not in stored
    assert "otter" not in stored
    assert "nia@" not in str(Entry.objects.latest("pk").body)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"to": "nia"}, "to"),
        ({"to": "nia@ngo.example\r\nBcc: all@ngo.example"}, "to"),
        ({"to": "nia@ngo.example, all@ngo.example"}, "to"),
        ({"to": "Nia <nia@ngo.example>"}, "to"),
        ({"to": "ñia@ngo.example"}, "to"),
        ({"to": ""}, "to"),
        ({"subject": "a\r\nBcc: all@ngo.example"}, "subject"),
        ({"subject": "a\u2028b"}, "subject"),
        ({"subject": " "}, "subject"),
        ({"attachments": [Attachment("a\nb.json", "application/json", b"{}")]}, "subject"),
    ],
    ids=["no-at", "newline", "two", "named", "accent", "empty", "subject-newline", "separator", "blank", "file"],
)  # fmt: skip
def test_a_header_is_never_more_than_it_should_be(given: dict[str, Any], field: str):
    person("ada")
    before = all_verbs()
    with pytest.raises(BadMail) as refused:
        write(**given)
    assert refused.value.field == field
    assert not Message.objects.exists()
    assert all_verbs() == before


@pytest.mark.django_db
def test_a_host_in_another_script_is_reached_by_its_name_in_ascii(settings: Any):
    message = write(to="nia@bücher.example")
    assert message.mail_to == "nia@xn--bcher-kva.example"
    with SmtpServer() as server:
        server.settings(settings)
        work()
    assert server.received[0].recipients == ["nia@xn--bcher-kva.example"]
    assert all_verbs()[-1] == "outbox.delivered"


def test_mail_is_never_put_in_apart_from_its_cause(committed_db: str):
    given = {"to": "nia@ngo.example", "subject": "S", "text": "T", "kind": "escalation.waits", "case": None}
    before = all_verbs()
    with pytest.raises(OutsideTransaction):
        actions.post_mail(**given, actor=person("ada"))
    assert not Message.objects.exists()
    assert all_verbs() == before


@pytest.mark.django_db
def test_every_attempt_sends_the_same_text_under_the_same_message_id(settings: Any):
    with SmtpServer({"END": ["451 4.3.0 later", "drop", "250 kept"]}) as server:
        server.settings(settings)
        message = write()
        for _attempt in range(3):
            assert work() == 1
            pause_is_over()
    assert state_of(message) == ("delivered", 3)
    assert len({mail.data for mail in server.received}) == 1
    assert len(server.received) == 3, "a mail server may get it again: at least once"
    assert [one.code for one in Attempt.objects.all()] == ["smtp_451", "connection", ""]
    assert all_verbs()[-3:] == ["outbox.not_delivered", "outbox.not_delivered", "outbox.delivered"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("command", "answer", "words"),
    [
        ("RCPT", "550 5.1.1 <nia@ngo.example> unknown", "there is no such mailbox"),
        ("RCPT", "552 5.2.2 full", "the mailbox is full"),
        ("MAIL", "553 no", "kept with the attempt"),
        ("DATA", "554 5.7.1 spam", "kept with the attempt"),
        ("END", "554 5.3.4 big", "too large"),
    ],
    ids=["no-mailbox", "full", "sender", "policy", "large"],
)
def test_what_a_server_refuses_for_good_waits_for_a_person_at_once(
    command: str, answer: str, words: str, settings: Any
):
    with SmtpServer({command: [answer]}) as server:
        server.settings(settings)
        message = write()
        work()
    assert state_of(message) == ("dead", 1)
    attempt = Attempt.objects.get()
    assert attempt.code == f"smtp_{answer[:3]}"
    assert words in attempt.sentence
    assert "nia@ngo.example" not in attempt.sentence
    assert answer[4:9] in attempt.answer
    assert all_verbs()[-2:] == ["outbox.not_delivered", "outbox.given_up"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"RCPT": ["450 4.2.1 greylisted"]}, "smtp_450"),
        ({"CONNECT": ["554 5.7.1 not today"]}, "smtp_busy"),
        ({"CONNECT": ["drop"]}, "connection"),
        ({"DATA": ["hang"]}, "time"),
        ({"END": ["hang"]}, "time"),
    ],
    ids=["greylisted", "refuses-all", "hangs-up", "silent-before", "silent-after"],
)
def test_what_may_pass_is_tried_again(answers: dict[str, list[str]], code: str, settings: Any):
    with SmtpServer(answers) as server:
        server.settings(settings, EMAIL_TIMEOUT=1)
        message = write()
        work()
        assert state_of(message) == ("waiting", 1)
        assert Attempt.objects.get().code == code
        pause_is_over()
        work()
    assert state_of(message) == ("delivered", 2)
    assert all_verbs()[-2:] == ["outbox.not_delivered", "outbox.delivered"]


@pytest.mark.django_db
def test_a_server_that_is_slow_to_say_good_bye_does_not_get_it_twice(settings: Any):
    with SmtpServer({"QUIT": ["hang"]}) as server:
        server.settings(settings, EMAIL_TIMEOUT=1)
        message = write()
        work()
    assert state_of(message) == ("delivered", 1)
    assert len(server.received) == 1
    assert all_verbs()[-1] == "outbox.delivered"


@pytest.mark.django_db
def test_a_mail_server_has_to_prove_who_it_is_before_it_hears_a_password(
    settings: Any, authority: Authority, trusted: Path
):
    with SmtpServer(
        certificate=authority.vouch_for("127.0.0.1"), credentials=("desk", "sea otter")
    ) as server:
        server.settings(settings, EMAIL_USE_TLS=True, EMAIL_HOST_USER="desk", EMAIL_HOST_PASSWORD="sea otter")
        first = write()
        work()
        settings.OUTBOUND_CA_FILE = ""
        second = write()
        work()
        settings.OUTBOUND_CA_FILE, settings.EMAIL_HOST_PASSWORD = str(trusted), "sea lion"
        third = write()
        work()
    assert server.faults == []
    assert server.secured == [True]
    assert state_of(first) == ("delivered", 1)
    assert (state_of(second), state_of(third)) == (("waiting", 1), ("waiting", 1))
    codes = [one.code for one in Attempt.objects.order_by("pk")]
    assert codes == ["", "certificate", "smtp_keys"]
    assert "sea otter" not in "".join(one.answer + one.sentence for one in Attempt.objects.all())
    assert all_verbs()[-1] == "outbox.not_delivered"


@pytest.mark.django_db
def test_a_server_without_tls_gets_nothing_where_tls_is_asked_for(settings: Any):
    with SmtpServer() as server:
        server.settings(settings, EMAIL_USE_TLS=True)
        message = write()
        work()
    assert server.received == []
    assert state_of(message) == ("waiting", 1)
    assert Attempt.objects.get().code == "smtp_tls"
    assert all_verbs()[-1] == "outbox.not_delivered"


@pytest.mark.django_db
def test_a_demo_writes_mail_to_files_and_says_that_it_reaches_nobody(settings: Any, tmp_path: Path):
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    message = write(text="Grüße\n")
    work()
    assert state_of(message) == ("delivered", 1)
    assert "reached nobody" in Attempt.objects.get().sentence
    assert (tmp_path / "mail").stat().st_mode & 0o777 == 0o700
    (file,) = (tmp_path / "mail").iterdir()
    written = email.message_from_bytes(file.read_bytes(), policy=default)
    assert written["To"] == "nia@ngo.example"
    page = client_of(person("lena")).get("/outbox/").content.decode()
    assert "reaches nobody" in page
    assert all_verbs()[-1] == "outbox.delivered"


@pytest.mark.django_db
def test_a_desk_without_a_mail_server_keeps_its_mail_and_says_so(settings: Any):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    message = write()
    work()
    assert state_of(message) == ("waiting", 1)
    assert "EMAIL_HOST" in Attempt.objects.get().sentence
    assert "EMAIL_HOST" in client_of(person("lena")).get("/outbox/").content.decode()
    assert all_verbs()[-1] == "outbox.not_delivered"


@pytest.mark.django_db
def test_given_up_mail_is_sent_again_under_its_old_message_id(settings: Any):
    with SmtpServer({"RCPT": ["550 5.1.1 no"]}) as server:
        server.settings(settings)
        message = write()
        work()
        assert actions.replay_message(message, actor=person("lena"), reason="They made the mailbox.")
        work()
    assert server.received[0].message["Message-ID"] == f"<{message.public_id}@localhost>"
    assert state_of(message) == ("delivered", 2)
    assert "outbox.replayed" in all_verbs()


@pytest.mark.django_db
def test_mail_that_nobody_takes_for_72_hours_is_given_up(settings: Any):
    settings.EMAIL_BACKEND = "casework.outbox.mail.SmtpBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", 9, False
    message = write()
    time_is_up(message)
    work()
    assert state_of(message) == ("dead", 1)
    assert Attempt.objects.get().code == "connection"
    assert all_verbs()[-1] == "outbox.given_up"


@pytest.mark.django_db
def test_lena_sees_the_start_of_a_mailbox_and_ada_the_whole(settings: Any):
    message = write()
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    work()
    pages = {}
    for who in ("lena", "ada"):
        client = client_of(person(who))
        at = f"/outbox/messages/{message.public_id}/"
        pages[who] = client.get("/outbox/").content.decode() + client.get(at).content.decode()
    assert "nia@ngo.example" in pages["ada"]
    assert "nia@ngo.example" not in pages["lena"]
    assert "n…@ngo.example" in pages["lena"]


@pytest.mark.django_db
def test_mail_of_a_restricted_case_does_not_exist_for_who_is_not_cleared():
    message = write(case=make_case(minor_indicated=True))
    at = f"/outbox/messages/{message.public_id}/"
    seen = [client_of(person(who)).get(at).status_code for who in ("ada", "lena")]
    assert seen == [404, 200]


@pytest.mark.django_db
def test_mail_that_speaks_of_something_that_ended_is_taken_back(settings: Any):
    case = make_case()
    message, other = write(case=case, about=["this"]), write(case=case, about=["that"])
    assert actions.cancel_about("this", case=case, actor=person("mona"), why="ended") == 1
    with SmtpServer() as server:
        server.settings(settings)
        work()
    assert (state_of(message)[0], state_of(other)[0]) == ("cancelled", "delivered")
    assert verbs_of(case).count("outbox.cancelled") == 1


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", [{"mail_to": ""}, {"form": "webhook"}, {"form": "plain"}], ids=str)
def test_a_message_goes_to_one_mailbox_or_to_one_endpoint(wrong: dict[str, str]):
    message = write()
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.filter(pk=message.pk).update(**wrong)


def test_only_the_start_of_a_mailbox_is_shown():
    assert mask("nia@ngo.example") == "n…@ngo.example"


def test_our_server_is_strict_enough_to_notice_what_is_wrong():
    with SmtpServer() as server, smtplib.SMTP("127.0.0.1", server.port, timeout=5) as client:
        client.ehlo()
        client.rcpt("nia@ngo.example")
    assert server.faults == ["RCPT before MAIL"]
