"""`with-database`: a throw-away home, with keys and a database of its own, around one command."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from casework.runtime import abandoned, cluster, creation
from casework.runtime.keys import ensure_keys


@contextmanager
def scratch_home(*, keep: bool = False) -> Iterator[dict[str, str]]:
    """A temporary home with keys and a running database; yields the environment that leads to it.

    The environment connects as the owner of the database, who may create databases and is not a superuser.
    """
    abandoned.remove_abandoned()
    home = Path(tempfile.mkdtemp(prefix="casework-test-"))
    made = None
    try:
        ensure_keys(home / "keys")
        (home / "logs").mkdir(mode=0o700)
        made = creation.prepare(home, scratch=True, mark="casework:test")
        with cluster.running(made, home / "logs" / "postgres.log"):
            yield {
                "CASEWORK_HOME": str(home),
                "CASEWORK_KEYS": str(home / "keys"),
                "CASEWORK_PROFILE": "test",
                "CASEWORK_DB_ROLE": "owner",
            }
    finally:
        if keep:
            sys.stderr.write(f"kept: {home}\n")
        else:
            if made is not None:
                cluster.remove(made)
            shutil.rmtree(home, ignore_errors=True)


def run_with_database(command: Sequence[str], *, keep: bool, umask: int) -> int:
    """Run ``command`` against a scratch database and give back its exit code; 128 + n after signal n."""
    with scratch_home(keep=keep) as leads:
        env = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | leads
        child = subprocess.Popen(list(command), env=env, umask=umask)  # noqa: S603 - the caller's own command

        def pass_on(number: int, frame: FrameType | None) -> None:
            child.send_signal(number)

        # Ctrl-C reaches the child from the terminal; we wait for it and clean up.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, pass_on)
        signal.signal(signal.SIGHUP, pass_on)
        code = child.wait()
    return 128 - code if code < 0 else code
