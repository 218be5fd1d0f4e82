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
    env = (
        desk.env | NETS | {"CASEWORK_ROLE": "manage", "CASEWORK_DB_ROLE": "app", "PYTHONPATH": str(CHECKOUT)}
    )
    done = subprocess.run(
        [sys.executable, "-c", DECIDE, str(port), SECRET],
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
    codes = desk.sql(
        "SELECT a.code FROM outbox_attempt a JOIN outbox_message m ON m.id = a.message_id"
        " WHERE m.about @> to_jsonb(ARRAY[%s]::text[]) ORDER BY a.id",
        effect,
    )
    assert codes == [("interrupted",)] * kills + [("",)]
