"""``manage.py seal`` as a process: it seals, stops when asked, survives ``kill -9`` and says why it can't work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import override_settings

from casework.audit.journal import Journal
from casework.audit.log import Verb
from casework.audit.models import Entry, Seal
from casework.runtime.children import manage
from casework.runtime.installation import CHECKOUT
from tests.audit.conftest import verify, write_entries

SECONDS = 30


class Process:
    """A sealer of its own on the test's database."""

    def __init__(self, journal: Journal) -> None:
        home = journal.path.parent
        known = json.loads((settings.CASEWORK_HOME / "postgres.json").read_text())
        known["database"] = connection.settings_dict["NAME"]
        (home / "postgres.json").write_text(json.dumps(known))
        env = os.environ | {
            "CASEWORK_HOME": str(home),
            "CASEWORK_KEYS": str(settings.CASEWORK_KEYS),
            "CASEWORK_DB_ROLE": "app",
            "CASEWORK_ROLE": "worker",
            "CASEWORK_LOG_ORIGIN": settings.LOG_ORIGIN,
        }
        self.popen = subprocess.Popen(manage("seal"), env=env, cwd=CHECKOUT)

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *error: object) -> None:
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait()

    def end(self, how: signal.Signals) -> int:
        self.popen.send_signal(how)
        return self.popen.wait(SECONDS)


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def sealed(count: int) -> Callable[[], bool]:
    return lambda: Seal.objects.count() == count


@pytest.mark.slow
def test_it_seals_what_arrives_and_stops_on_sigterm(real_log: Journal, capsys: Any) -> None:
    write_entries(2)
    with Process(real_log) as process:
        wait_until(sealed(2))
        write_entries(3)
        wait_until(sealed(5))
        assert process.end(signal.SIGTERM) == 0
    assert verify(capsys=capsys)[0] == 0


@pytest.mark.slow
def test_a_stand_by_takes_over_when_the_active_one_is_killed(real_log: Journal, capsys: Any) -> None:
    with Process(real_log) as first:
        write_entries(1)
        wait_until(sealed(1))
        with Process(real_log) as second:
            write_entries(1)
            wait_until(sealed(2))
            assert first.end(signal.SIGKILL) == -signal.SIGKILL
            write_entries(1)
            wait_until(sealed(3))
            assert second.end(signal.SIGTERM) == 0
    assert verify(capsys=capsys)[0] == 0


@pytest.mark.slow
def test_killed_again_and_again_it_never_forks_the_log(real_log: Journal, capsys: Any) -> None:
    for round_, pause in enumerate((0.0, 0.03, 0.11, 0.2)):
        with Process(real_log) as process:
            write_entries(1)
            wait_until(sealed(round_ * 41 + 1))
            write_entries(40)
            time.sleep(pause)
            process.end(signal.SIGKILL)
        assert verify(capsys=capsys)[0] == 0  # also with a seal that was cut short
        call_command("seal", "--once")
        assert sealed((round_ + 1) * 41)()
    code, said = verify(capsys=capsys)
    assert (code, "\n164 entries, " in said) == (0, True)


def test_once_seals_what_waits_and_ends(real_log: Journal, capsys: Any) -> None:
    write_entries(3)
    call_command("seal", "--once")
    assert capsys.readouterr().out == "Sealed 3 entries; the log holds 3.\n"


def test_the_public_key_that_it_shows_verifies_the_log(sealed_log: Journal, capsys: Any) -> None:
    call_command("seal", "--show-key")
    vkey = capsys.readouterr().out.strip()
    assert vkey.startswith("desk.test/log+")
    assert verify("--vkey", vkey, capsys=capsys)[0] == 0


def test_a_refusal_is_an_error_with_a_reason(sealed_log: Journal) -> None:
    sealed_log.leaves_path.unlink()
    with pytest.raises(
        CommandError, match="Nothing was signed. The database holds a checkpoint over 12 entries"
    ):
        call_command("seal", "--once")
    assert Entry.objects.filter(verb=Verb.LOG_ALARM.value).count() == 1


def test_without_the_key_it_does_not_start(real_log: Journal, tmp_path: Path) -> None:
    with (
        override_settings(CASEWORK_KEYS=tmp_path),
        pytest.raises(CommandError, match="holds no key “seal.key”"),
    ):
        call_command("seal")
