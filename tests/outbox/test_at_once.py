"""Several at once: one attempt at a time, one callback heard, one replay."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from casework.audit.models import Entry
from casework.cases.models import Effect
from casework.jobs import tasks
from casework.jobs.models import Job
from casework.outbox import actions
from casework.outbox.models import Attempt, Callback, Message
from tests.cases.test_decide import decide
from tests.cast import make_case, person

from .sending import ExampleReceiver, connect, point, post

TOGETHER = 6


def at_once(act: Callable[[], Any]) -> list[Any]:
    """What *act* gives to each of several threads that begin together."""
    gate, given = threading.Barrier(TOGETHER), []

    def run() -> None:
        try:
            gate.wait(10)
            given.append(act())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(TOGETHER)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return given


def test_workers_that_take_the_same_message_make_one_attempt(
    committed_db: str, loopback_allowed: None, tmp_path: Path, monkeypatch: Any
):
    # A worker's limit on the database is an alarm signal, which threads of a test do not have.
    from contextlib import nullcontext

    monkeypatch.setattr(tasks, "deadline", lambda seconds: nullcontext())
    endpoint = connect("http://127.0.0.1:9/")
    with ExampleReceiver(tmp_path, endpoint.good_secrets()[0], slow=0.3) as receiver:
        point(endpoint, receiver.url)
        message = post(endpoint)
        job = str(Job.objects.get().public_id)
        assert len(at_once(lambda: tasks.run(job))) == TOGETHER
        assert receiver.rows("hit") == [(str(message.public_id),)]
    assert (Attempt.objects.count(), Message.objects.get().state) == (1, "delivered")


def test_a_callback_that_arrives_several_times_at_once_is_heard_once(
    committed_db: str, loopback_allowed: None
):
    endpoint = connect("http://127.0.0.1:9/")
    effect = decide(make_case()).effects.get(kind="take_down")
    body = {"type": "results.settled", "data": {"results": {str(effect.public_id): {"state": "done"}}}}
    told = at_once(lambda: actions.hear_callback(endpoint, "msg_1", json.loads(json.dumps(body))))
    assert {(one.taken, one.left) for one in told} == {(1, 0)}
    assert len(told) == TOGETHER
    assert Callback.objects.count() == 1
    assert Entry.objects.filter(verb="effect.confirmed").count() == 1
    assert Effect.objects.get(pk=effect.pk).confirmed_at is not None


def test_a_dead_letter_is_replayed_once(committed_db: str, loopback_allowed: None):
    message = post(connect("http://127.0.0.1:9/"))
    with transaction.atomic():
        Message.objects.update(state="dead", attempts=3)
    lena = person("lena")
    again = at_once(lambda: actions.replay_message(message, actor=lena, reason="again"))
    assert sorted(again) == [False] * (TOGETHER - 1) + [True]
    assert Job.objects.filter(key=f"outbox:{message.public_id}:4").count() == 1
    assert Entry.objects.filter(verb="outbox.replayed").count() == 1
