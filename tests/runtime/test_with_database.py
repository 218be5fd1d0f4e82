"""`with-database` runs one command against a throw-away home and leaves nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from casework.runtime.installation import CHECKOUT

RUN = [sys.executable, "-m", "casework.runtime", "with-database", "--"]
SHOW = (
    "import json, os; from pathlib import Path; home = Path(os.environ['CASEWORK_HOME']);"
    "print(json.dumps({'home': str(home), 'record': json.loads((home / 'postgres.json').read_text()),"
    " 'profile': os.environ['CASEWORK_PROFILE'], 'url': os.environ.get('DATABASE_URL')}), flush=True)"
)


def test_the_command_finds_its_own_home_and_everything_goes_afterwards() -> None:
    env = os.environ | {"DATABASE_URL": "postgres://elsewhere/production"}
    done = subprocess.run(
        [*RUN, sys.executable, "-c", SHOW], capture_output=True, text=True, cwd=CHECKOUT, env=env, check=True
    )
    said = json.loads(done.stdout)
    assert said["home"] != os.environ["CASEWORK_HOME"]
    assert (said["profile"], said["url"]) == ("test", None)
    for path in (said["home"], said["record"]["directory"], said["record"]["socket"]):
        assert not Path(path).exists()


@pytest.mark.parametrize(("command", "code"), [("exit 7", 7), ("kill -KILL $$", 137)])
def test_the_exit_code_is_the_commands(command: str, code: int) -> None:
    assert subprocess.run([*RUN, "sh", "-c", command], cwd=CHECKOUT, check=False).returncode == code


def test_stopping_it_stops_the_command_and_removes_everything() -> None:
    running = subprocess.Popen(
        [*RUN, sys.executable, "-c", SHOW + "; import time; time.sleep(60)"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
    )
    assert running.stdout is not None
    said = json.loads(running.stdout.readline())
    running.send_signal(signal.SIGTERM)
    assert running.wait(30) == 128 + signal.SIGTERM
    assert not Path(said["home"]).exists()
    assert not Path(said["record"]["directory"]).exists()


def test_without_a_command_it_says_what_it_wants() -> None:
    done = subprocess.run(RUN[:-1], capture_output=True, text=True, cwd=CHECKOUT, check=False)
    assert done.returncode == 1
    assert "with-database -- CMD" in done.stderr
