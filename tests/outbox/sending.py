"""Plain functions: endpoints, the example receiver as a real process, and the ledger's work on what is ready."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from casework.jobs import tasks
from casework.jobs.models import Job
from casework.outbox import actions
from casework.outbox.models import Endpoint, Message
from casework.runtime.installation import CHECKOUT
from tests.cast import person

LOOPBACK = "127.0.0.0/8"


class ExampleReceiver:
    """``docs/example_receiver.py`` as a platform or a partner would start it; *secrets* are those it knows."""

    def __init__(self, directory: Path, secrets: str, *, slow: float = 0, refuse: int = 0) -> None:
        self.store = directory / "receiver.db"
        command = [sys.executable, "docs/example_receiver.py", "--port", "0", "--store", str(self.store)]
        command += ["--slow", str(slow), "--refuse", str(refuse)]
        env = {"CASEWORK_SECRET": secrets, "PATH": os.environ["PATH"]}
        self.process = subprocess.Popen(command, cwd=CHECKOUT, env=env, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def __enter__(self) -> ExampleReceiver:
        return self

    def __exit__(self, *_error: object) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/casework"

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """What it keeps: ``hit`` (every request it accepted), ``message``, ``effect``, ``matter``."""
        link = sqlite3.connect(self.store, timeout=30)
        try:
            return link.execute(f"SELECT * FROM {table}").fetchall()
        finally:
            link.close()


def allow(endpoint: Endpoint, name: str) -> bool:
    """The second person's word for the network that stands there now."""
    return actions.approve_net(endpoint, actor=person(name), net=endpoint.private_net, host=endpoint.host)


def connect(url: str, *, purpose: str = "platform", on: bool = True, net: str = LOOPBACK) -> Endpoint:
    """An endpoint at *url* that ada made and lena let into the loopback network."""
    endpoint, _secret = actions.create_endpoint(
        actor=person("ada"), name="The platform", url=url, purpose=purpose, private_net=net
    )
    if net:
        assert allow(endpoint, "lena")
    if on:
        assert actions.switch_endpoint(endpoint, actor=person("ada"), on=True)
    endpoint.refresh_from_db()
    return endpoint


def point(endpoint: Endpoint, url: str) -> None:
    """The endpoint is at *url* now; what two people allowed stays."""
    Endpoint.objects.filter(pk=endpoint.pk).update(url=url)


def post(endpoint: Endpoint, kind: str = "outbox.test", **given: Any) -> Message:
    """A message of ada's in a transaction of its own."""
    with transaction.atomic():
        return actions.post(
            endpoint,
            kind,
            given.pop("payload", {}),
            case=given.pop("case", None),
            actor=person("ada"),
            **given,
        )


def work() -> int:
    """Do every job of the outbox that is ready; how many there were."""
    done = 0
    while job := _queued().filter(not_before__lte=Now()).order_by("pk").first():
        tasks.run(str(job.public_id))
        done += 1
    return done


def pause_is_over() -> None:
    """Whatever waits for its next attempt is ready now."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE jobs_job SET not_before = clock_timestamp() WHERE state = 'queued'")


def time_is_up(message: Message) -> None:
    """The 72 hours of *message* are over."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE outbox_message SET give_up_at = clock_timestamp() WHERE id = %s", [message.pk])


def _queued() -> Any:
    return Job.objects.filter(kind="outbox.deliver", state=Job.State.QUEUED)
