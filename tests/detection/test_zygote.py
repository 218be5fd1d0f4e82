"""The small process that makes readers: it holds nothing, outlives its children, and dies with its caller."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from detection import sandbox
from detection.limits import DEFAULT, Limits
from detection.zygote import Zygote, ZygoteLost
from tests.detection import dying

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 20.0


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    made = Zygote("detection.opening:warm_up")
    yield made
    made.stop()


def asked(
    zygote: Zygote, work: Any, data: bytes = b"", limits: Limits = DEFAULT, **wishes: Any
) -> sandbox.Outcome:
    with zygote.talk(work, data, wishes, limits) as talk:
        return talk.hear()


def answer(zygote: Zygote, work: Any, data: bytes = b"", **wishes: Any) -> sandbox.Answer:
    outcome = asked(zygote, work, data, **wishes)
    assert isinstance(outcome, sandbox.Answer), outcome
    return outcome


def wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    """Whether the process has ended (a zombie that nobody collected counts)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def children_of(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_the_bytes_and_the_wishes_reach_the_child_whole(zygote: Zygote) -> None:
    data = bytes(range(256)) * 20_000
    found = answer(zygote, dying.echo, data, planes=[{"name": "ä"}])
    assert found.parts == (data,)
    assert found.document["wishes"] == {"planes": [{"name": "ä"}]}


def test_each_file_has_a_child_of_its_own_and_none_is_left(zygote: Zygote) -> None:
    pids = {answer(zygote, dying.echo).document["pid"] for _ in range(5)}
    assert len(pids) == 5
    assert zygote.pid is not None
    wait_until(lambda: not children_of(zygote.pid or 0))


def test_a_child_answers_as_often_as_it_likes(zygote: Zygote) -> None:
    with zygote.talk(dying.three_times, b"", {}) as talk:
        said = [talk.hear() for _ in range(3)]
        assert [(one.document["number"], len(one.parts[0])) for one in said if isinstance(one, sandbox.Answer)] == [
            (0, 0), (1, 1), (2, 2),
        ]  # fmt: skip
        last = talk.hear()
    assert isinstance(last, sandbox.ChildDied)
    assert last.cause == "exit"


def test_nothing_but_the_pipe_is_open_in_a_child(zygote: Zygote) -> None:
    with socket.create_server(("127.0.0.1", 0)):
        assert answer(zygote, dying.echo).document["open"] == [0, 1, 2, 3]


def test_the_zygote_inherits_no_socket_and_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://secret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        os.set_inheritable(server.fileno(), True)
        fresh = Zygote("detection.opening:warm_up")
        try:
            fresh.start()
            links = [os.readlink(one) for one in Path(f"/proc/{fresh.pid}/fd").iterdir()]
            told = answer(fresh, dying.environment).document["environment"]
        finally:
            fresh.stop()
    assert not any("secret" in value for value in told.values())
    assert sum(link.startswith("socket:") for link in links) == 1, "only its caller's"
    assert {link for link in links if not link.startswith("socket:")} <= {"/dev/null"}


def test_it_holds_no_model_and_no_web_framework(zygote: Zygote) -> None:
    zygote.start()
    mapped = Path(f"/proc/{zygote.pid}/maps").read_text()
    assert "numpy" in mapped
    for name in ("onnxruntime", "psycopg", "pyrage", "libavcodec"):
        assert name not in mapped


def test_root_does_not_stay_root_in_the_child(zygote: Zygote) -> None:
    assert answer(zygote, dying.echo).document["uid"] == (65534 if os.getuid() == 0 else os.getuid())


# --- children that misbehave ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("work", "limits", "cause"),
    [
        (dying.at_once, Limits(), "SIGSEGV"),
        (dying.sleep, Limits(wall_seconds=0.3), "wall"),
        (dying.spin, Limits(cpu_seconds=1), "cpu"),
    ],
)
def test_a_child_that_dies_says_how_and_the_next_one_answers(
    zygote: Zygote, work: Any, limits: Limits, cause: str
) -> None:
    zygote.start()
    before = zygote.pid
    outcome = asked(zygote, work, limits=limits)
    assert isinstance(outcome, sandbox.ChildDied)
    assert outcome.cause == cause
    assert outcome.sentence.endswith(".")
    assert answer(zygote, dying.echo).document["wishes"] == {}
    assert zygote.pid == before


def test_what_a_child_cost_is_known_when_it_has_ended(zygote: Zygote) -> None:
    outcome = asked(zygote, dying.spin, limits=Limits(cpu_seconds=1))
    assert outcome.usage.cpu_seconds >= 0.5
    assert outcome.usage.max_rss_bytes > 1 << 20


def test_a_child_that_gives_up_says_why(zygote: Zygote) -> None:
    outcome = asked(zygote, dying.gives_up)
    assert isinstance(outcome, sandbox.Refused)
    assert outcome.failure.code == "damaged"


def test_a_child_cannot_harm_the_zygote(zygote: Zygote) -> None:
    zygote.start()
    before = zygote.pid
    assert answer(zygote, dying.kill_the_parent).document["errno"] == errno.EPERM
    assert answer(zygote, dying.echo).document["wishes"] == {}
    assert zygote.pid == before


def test_a_caller_that_stops_listening_ends_the_child(zygote: Zygote) -> None:
    zygote.start()
    with zygote.talk(dying.sleep, b"", {}):
        wait_until(lambda: bool(children_of(zygote.pid or 0)))
    wait_until(lambda: not children_of(zygote.pid or 0))


def test_a_function_without_a_name_is_refused_before_anything_runs(zygote: Zygote) -> None:
    with pytest.raises(ValueError, match="not a function of a module"):
        zygote.talk(lambda *_: ({}, ()), b"", {})


def test_many_threads_may_ask_at_once(zygote: Zygote) -> None:
    found: list[bytes] = []

    def several(number: int) -> None:
        for _ in range(5):
            data = bytes([number]) * 300_000
            found.append(b"right" if answer(zygote, dying.echo, data).parts == (data,) else b"wrong")

    threads = [threading.Thread(target=several, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [b"right"] * 20


# --- the zygote's own end ------------------------------------------------------------------------------


def test_a_killed_zygote_is_replaced_for_the_next_file(zygote: Zygote) -> None:
    zygote.start()
    first = zygote.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: is_gone(first))
    assert answer(zygote, dying.echo).document["wishes"] == {}
    assert zygote.pid not in (None, first)


def test_a_zygote_killed_in_the_middle_takes_its_children_along_and_the_next_file_is_read(
    zygote: Zygote,
) -> None:
    zygote.start()
    first = zygote.pid
    assert first is not None
    with zygote.talk(dying.sleep, b"", {}) as talk:
        wait_until(lambda: bool(children_of(first)))
        [child] = children_of(first)
        os.kill(first, signal.SIGKILL)
        outcome = talk.hear()
    assert isinstance(outcome, sandbox.ChildDied)
    wait_until(lambda: is_gone(child))
    assert answer(zygote, dying.echo).document["wishes"] == {}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stop_sent_to_a_whole_group_does_not_end_it(zygote: Zygote, number: signal.Signals) -> None:
    zygote.start()
    before = zygote.pid
    assert before is not None
    os.kill(before, number)
    assert answer(zygote, dying.echo).document["wishes"] == {}
    assert zygote.pid == before


CALLER = """
import os, sys, threading, time
from detection.zygote import Zygote
from tests.detection import dying
zygote = Zygote("detection.opening:warm_up")
with zygote.talk(dying.sleep, b"", {}) as talk:
    path = f"/proc/{zygote.pid}/task/{zygote.pid}/children"
    while not (children := open(path).read().split()):
        time.sleep(0.02)
    print(zygote.pid, *children, flush=True)
    os.kill(os.getpid(), 9) if sys.argv[1] == "killed" else os._exit(0)
"""


@pytest.mark.parametrize("how", ["killed", "left"])
def test_zygote_and_children_end_with_their_caller(how: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CALLER, how], cwd=ROOT, capture_output=True, text=True, check=False
    )
    pids = [int(one) for one in done.stdout.split()]
    assert len(pids) == 2, done.stderr
    wait_until(lambda: all(is_gone(pid) for pid in pids))


def _in_a_fork(zygote: Zygote, queue: Any) -> None:
    queue.put((answer(zygote, dying.echo).document["wishes"], zygote.pid))
    zygote.stop()


def test_a_fork_of_the_caller_has_a_zygote_of_its_own(zygote: Zygote) -> None:
    zygote.start()
    queue = (context := multiprocessing.get_context("fork")).Queue()
    worker = context.Process(target=_in_a_fork, args=(zygote, queue), daemon=True)
    worker.start()
    wishes, pid = queue.get(timeout=SECONDS)
    worker.join()
    assert wishes == {}
    assert pid not in (None, zygote.pid)
    assert answer(zygote, dying.echo).document["wishes"] == {}


def test_one_that_cannot_start_says_why() -> None:
    with pytest.raises(ZygoteLost, match="No module named 'nowhere'"):
        Zygote("nowhere:nothing").start()
