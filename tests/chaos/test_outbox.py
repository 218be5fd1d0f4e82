"""A worker is killed while a message is on its way: exactly one effect at the receiver, and its answer counts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from casework.runtime.installation import CHECKOUT
from tests.chaos.desk import Desk, wait_until
from tests.outbox.sending import ExampleReceiver
from tests.outbox.smtp import SmtpServer

#: Run in a process of its own, on the desk's database: a platform at PORT, and a decision that asks something of it.
DECIDE = """
import django; django.setup()
from casework.outbox.models import Endpoint
from casework.outbox import actions
from tests.cast import make_case, person
from tests.cases.test_decide import decide
from tests.outbox.sending import connect
import sys
Endpoint.objects.update(enabled=False)
endpoint = connect(f"http://127.0.0.1:{sys.argv[1]}/in")
Endpoint.objects.filter(pk=endpoint.pk).update(secrets=[{"secret": sys.argv[2], "until": None}])
print(decide(make_case()).effects.get(kind="take_down").public_id)
"""
SECRET = "whsec_" + "b2N0b3B1cyBpbiBhIGJlbGwgamFyLCAzMiBieXRlcyE="
NETS = {"OUTBOUND_ALLOWED_NETS": "127.0.0.0/8"}


def decided(desk: Desk, port: int) -> str:
    """The public id of an effect that the platform at *port* is asked for."""
    return put_in(desk, DECIDE, port)


def put_in(desk: Desk, what: str, port: int, *more: str) -> str:
    """Run *what* on the desk's database; what it prints."""
    env = (
        desk.env | NETS | {"CASEWORK_ROLE": "manage", "CASEWORK_DB_ROLE": "app", "PYTHONPATH": str(CHECKOUT)}
    )
    done = subprocess.run(
        [sys.executable, "-c", what, str(port), SECRET, *more],
        check=False,
        cwd=CHECKOUT,
        env=env,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def worker_of(desk: Desk) -> int:
    """The process that has the message in its hands."""
    rows = desk.sql("SELECT pid FROM jobs_job WHERE kind = 'outbox.deliver' AND state = 'running'")
    return int(rows[0][0])


@pytest.mark.parametrize("kills", [1, 2])
def test_a_worker_killed_between_sending_and_keeping_leaves_one_effect(
    desk: Desk, tmp_path: Path, kills: int
) -> None:
    with ExampleReceiver(tmp_path, SECRET, slow=3) as receiver:
        effect = decided(desk, receiver.port)
        desk.start_worker(**NETS)
        for number in range(1, kills + 1):
            wait_until(lambda wanted=number: len(receiver.rows("hit")) == wanted, 60, "the receiver did it")
            os.kill(worker_of(desk), signal.SIGKILL)
        desk.wait_for_rest(90)
        assert len({name for (name,) in receiver.rows("hit")}) == 1
        assert len(receiver.rows("hit")) == kills + 1
        assert receiver.rows("effect") == [(effect, "take_down", "https://pictures.example/p/1")]
    state = desk.sql(
        "SELECT m.state, m.attempts FROM outbox_message m WHERE m.about @> to_jsonb(ARRAY[%s]::text[])",
        effect,
    )
    assert state == [("delivered", 1)]
    confirmed = desk.sql(
        "SELECT how FROM cases_effect WHERE public_id = %s::uuid AND confirmed_at IS NOT NULL", effect
    )
    assert confirmed == [("platform",)]
    assert attempts_about(desk, effect) == ["interrupted"] * kills + [""]


def attempts_about(desk: Desk, public_id: str) -> list[str]:
    """How each attempt for the messages about *public_id* ended, by code, oldest first."""
    rows = desk.sql(
        "SELECT a.code FROM outbox_attempt a JOIN outbox_message m ON m.id = a.message_id"
        " WHERE m.about @> to_jsonb(ARRAY[%s]::text[]) ORDER BY a.id",
        public_id,
    )
    return [code for (code,) in rows]


#: The same for what goes to a partner: an escalation by webhook to PORT, or by mail where PORT is 0.
ESCALATE = """
import django; django.setup()
from django.db import transaction
from casework.escalations.actions import sending
from casework.outbox.models import Endpoint
from tests.escalations.handing import make_package, make_partner, make_sent
from tests.outbox.sending import connect
import sys
given = {"channel": "portal"}
if sys.argv[1] != "0":
    endpoint = connect(f"http://127.0.0.1:{sys.argv[1]}/in", purpose="partner")
    Endpoint.objects.filter(pk=endpoint.pk).update(secrets=[{"secret": sys.argv[2], "until": None}])
    given = {"channel": "webhook", "endpoint": endpoint}
one = make_sent(make_partner(f"Partner {sys.argv[3]}", **given), state="approved")
sending.send(one, make_package(one), actor=None)
print(one.public_id)
"""


def test_a_worker_killed_while_a_partner_s_system_takes_an_escalation_leaves_one_matter(
    desk: Desk, tmp_path: Path
) -> None:
    with ExampleReceiver(tmp_path, SECRET, slow=3) as receiver:
        escalation = put_in(desk, ESCALATE, receiver.port, "by webhook")
        desk.start_worker(**NETS)
        wait_until(lambda: len(receiver.rows("hit")) == 1, 60, "the receiver did it")
        os.kill(worker_of(desk), signal.SIGKILL)
        desk.wait_for_rest(90)
        assert len(receiver.rows("hit")) == 2
        assert [row[0] for row in receiver.rows("matter")] == [escalation]
    state = desk.sql("SELECT state FROM escalations_escalation WHERE public_id = %s::uuid", escalation)
    assert state == [("acknowledged",)]
    assert attempts_about(desk, escalation) == ["interrupted", ""]
    verbs = (
        "SELECT count(*) FROM audit_entry WHERE verb = %s AND case_id = (SELECT c.public_id FROM cases_case c"
    )
    which = " JOIN escalations_escalation e ON e.case_id = c.id WHERE e.public_id = %s::uuid)"
    assert desk.sql(verbs + which, "escalation.acknowledged", escalation) == [(1,)]


@pytest.mark.parametrize("moment", ["RCPT", "END"])
def test_a_worker_killed_while_it_mails_sends_the_same_mail_again(desk: Desk, moment: str) -> None:
    with SmtpServer({moment: ["hang"]}) as server:
        escalation = put_in(desk, ESCALATE, 0, f"by mail {moment}")
        mail = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(server.port), "EMAIL_TLS": "none"}
        desk.start_worker(**mail)
        wait_until(lambda: server.hung, 60, "the server has its mail and says nothing")
        os.kill(worker_of(desk), signal.SIGKILL)
        desk.wait_for_rest(90)
    assert server.faults == []
    # Killed after the server had it: it came twice, and whoever reads it can see that it is the same.
    assert len(server.received) == {"RCPT": 1, "END": 2}[moment]
    assert len({mail.data for mail in server.received}) == 1
    assert len({mail.message["Message-ID"] for mail in server.received}) == 1
    assert attempts_about(desk, escalation) == ["interrupted", ""]
    found = desk.sql(
        "SELECT state FROM outbox_message WHERE about @> to_jsonb(ARRAY[%s]::text[])", escalation
    )
    assert found == [("delivered",)]
