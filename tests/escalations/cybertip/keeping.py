"""Two places for progress: in memory, and a file that survives kill -9."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

from casework.escalations.cybertip.progress import State, Superseded


class Memory:
    """Every state that was ever saved, for looking back."""

    def __init__(self) -> None:
        self.states = [State()]

    def load(self) -> State:
        return self.states[-1]

    def save(self, was: State, now: State) -> None:
        if self.load().version != was.version:
            raise Superseded
        self.states.append(State.from_json(json.loads(json.dumps(now.to_json()))))


class InFile:
    """Compare-and-set under a lock, written aside and renamed, as durable as a commit."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> State:
        return State.from_json(json.loads(self.path.read_text())) if self.path.exists() else State()

    def save(self, was: State, now: State) -> None:
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self.load().version != was.version:
                raise Superseded
            aside = self.path.with_suffix(".aside")
            with aside.open("w") as file:
                json.dump(now.to_json(), file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(aside, self.path)
