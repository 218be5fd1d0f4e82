"""The child that reads hostile bytes can compute and answer once, and nothing else; the parent always
gets an outcome.
"""

from __future__ import annotations

import ctypes
import errno
import multiprocessing
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from detection import answers, sandbox
from detection.findings import Failure
from detection.limits import Limits
from detection.opening import Unopenable

ROOT = Path(__file__).resolve().parents[2]
MIB = 1 << 20
HEADER = answers._HEADER


def tried(attempt: Callable[[], object]) -> dict[str, Any]:
    """What an attempt in the child came to: the error's number, 0 when it worked."""

    def work() -> tuple[dict[str, Any], list[bytes]]:
        try:
            attempt()
        except OSError as error:
            return {"errno": error.errno}, []
        return {"errno": 0}, []

    outcome = sandbox.run(work)
    assert isinstance(outcome, sandbox.Answer), outcome
    return outcome.document


def died(attempt: Callable[[], object], limits: Limits = Limits()) -> str:  # noqa: B008 - frozen
    def work() -> tuple[dict[str, Any], list[bytes]]:
        attempt()
        return {}, []

    outcome = sandbox.run(work, limits)
    assert isinstance(outcome, sandbox.ChildDied), outcome
    assert outcome.sentence.endswith(".")
    return outcome.cause


def no_child_is_left() -> bool:
    try:
        return os.waitpid(-1, os.WNOHANG) == (0, 0)
    except ChildProcessError:
        return True


def test_this_machine_can_confine_a_child() -> None:
    assert sandbox.probe() == ""


def test_an_answer_comes_back_whole() -> None:
    parts = [b"", b"x" * 5 * MIB, bytes(range(256))]
    outcome = sandbox.run(lambda: ({"deep": [1, 2.5, {"ä": None}]}, parts))
    assert isinstance(outcome, sandbox.Answer)
    assert outcome.document == {"deep": [1, 2.5, {"ä": None}]}
    assert list(outcome.parts) == parts
    assert outcome.usage.max_rss_bytes > MIB
    assert no_child_is_left()


def test_a_file_that_cannot_be_opened_is_refused_and_nothing_died() -> None:
    failure = Failure("damaged", "The picture is damaged.")

    def work() -> tuple[dict[str, Any], list[bytes]]:
        raise Unopenable(failure)

    outcome = sandbox.run(work)
    assert isinstance(outcome, sandbox.Refused)
    assert outcome.failure == failure


def test_an_exception_leaves_only_its_class_behind() -> None:
    def work() -> tuple[dict[str, Any], list[bytes]]:
        raise KeyError("secret text of the file")

    outcome = sandbox.run(work)
    assert isinstance(outcome, sandbox.Refused)
    assert outcome.failure.code == "unexpected"
    assert "KeyError" in outcome.failure.sentence
    assert "secret" not in outcome.failure.sentence


def test_using_too_much_memory_asks_for_quarantine() -> None:
    # The limit is on what the child adds to the memory it was born with, so the size asked for is far above
    # anything that another test may have left free in this process for the allocator to hand out again.
    outcome = sandbox.run(lambda: ({"size": len(bytearray(4096 * MIB))}, []), Limits(memory_bytes=100 * MIB))
    assert isinstance(outcome, sandbox.Refused)
    assert (outcome.failure.code, outcome.failure.quarantine) == ("memory", True)


@pytest.mark.parametrize(
    ("attempt", "cause"),
    [
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "SIGKILL"),
        (os.abort, "SIGABRT"),
        (lambda: ctypes.string_at(0), "SIGSEGV"),
        (lambda: os._exit(0), "exit"),
        (lambda: os._exit(71), "exit"),
        (lambda: sys.exit(0), "exit"),
    ],
)
def test_a_child_that_dies_says_how(attempt: Callable[[], object], cause: str) -> None:
    assert died(attempt) == cause
    assert no_child_is_left()


def test_a_child_that_computes_for_ever_is_stopped_by_its_cpu_limit() -> None:
    def spin() -> None:
        while True:
            pass

    # The clock is far off: on a busy machine a second of processor time may take many seconds.
    assert died(spin, Limits(cpu_seconds=1, wall_seconds=120)) == "cpu"


def test_a_child_that_waits_for_ever_is_stopped_by_the_clock() -> None:
    assert died(lambda: time.sleep(60), Limits(wall_seconds=0.2)) == "wall"
    assert no_child_is_left()


def test_a_child_that_ignores_termination_is_still_stopped() -> None:
    def stubborn() -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)
        time.sleep(60)

    assert died(stubborn, Limits(wall_seconds=0.2)) == "wall"


@pytest.mark.parametrize(
    "raw",
    [
        b"junk that is long enough to be a header",
        HEADER.pack(b"CWa1", 4, 0) + b"null",
        HEADER.pack(b"CWa1", 2, 0) + b"{}",
        HEADER.pack(b"CWa1", 100_000, 0) + b"[" * 100_000,
        HEADER.pack(b"CWa1", 0xFFFFFFFF, 1 << 62),
        HEADER.pack(b"CWa1", 52, 0) + b'{"kind":"answer","document":{"a":NaN},"parts":[]}   ',
        HEADER.pack(b"CWa1", 52, 0) + b'{"kind":"answer","document":{},"parts":[-1, 1]}     ',
        HEADER.pack(b"CWa1", 52, 5) + b'{"kind":"answer","document":{},"parts":[2]}         ' + b"12345",
        HEADER.pack(b"CWa1", 52, 0) + b'{"kind":"refused","document":{"code":5},"parts":[]} ',
    ],
)
def test_a_child_that_answers_nonsense_counts_as_dead(raw: bytes) -> None:
    assert died(lambda: (os.write(3, raw), os._exit(0))) == "answer"


def test_half_an_answer_is_none() -> None:
    assert died(lambda: (os.write(3, HEADER.pack(b"CWa1", 100, 0)), os._exit(0))) == "exit"


def test_an_answer_over_the_limit_is_not_read() -> None:
    outcome = sandbox.run(lambda: ({}, [bytes(2 * MIB)]), Limits(max_answer_bytes=MIB))
    assert isinstance(outcome, sandbox.ChildDied)
    assert outcome.cause == "answer"


def test_numbers_that_are_none_do_not_leave_the_child() -> None:
    outcome = sandbox.run(lambda: ({"score": float("nan")}, []))
    assert isinstance(outcome, sandbox.ChildDied)


def test_no_connection_reaches_a_listening_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.settimeout(0.2)
        address = canary.getsockname()
        assert tried(lambda: socket.socket(socket.AF_INET).connect(address))["errno"] == errno.EPERM
        with pytest.raises(TimeoutError):
            canary.accept()


@pytest.mark.parametrize(
    "attempt",
    [
        socket.socketpair,
        lambda: socket.socket(socket.AF_UNIX),
        lambda: os.open("/etc/hostname", os.O_RDONLY),
        lambda: os.open("/proc/self/mem", os.O_RDWR),
        lambda: Path("/tmp/casework-escaped").write_text("x"),
        lambda: os.mkdir("/tmp/casework-escaped"),
        lambda: os.unlink("/tmp/casework-escaped"),
        lambda: os.listdir("/"),
        lambda: os.execv("/bin/true", ["true"]),
        os.fork,
        lambda: os.posix_spawn("/bin/true", ["true"], {}),
        lambda: os.kill(os.getppid(), signal.SIGTERM),
        lambda: os.kill(1, 0),
        lambda: os.memfd_create("escape"),
        os.pipe,
        lambda: os.setuid(0),
    ],
)
def test_the_child_is_refused_everything_but_computing(attempt: Callable[[], object]) -> None:
    assert tried(attempt)["errno"] == errno.EPERM
    assert not Path("/tmp/casework-escaped").exists()


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("ptrace", 101),
        ("process_vm_writev", 311),
        ("io_uring_setup", 425),
        ("bpf", 321),
        ("openat2", 437),
        ("keyctl", 250),
    ],
)
def test_calls_around_the_c_library_are_refused_too(name: str, number: int) -> None:
    def call() -> None:
        if ctypes.CDLL(None, use_errno=True).syscall(number, 0, 0, 0, 0, 0) < 0:
            raise OSError(ctypes.get_errno(), name)

    ctypes.CDLL(None)
    assert tried(call)["errno"] == errno.EPERM


def test_limits_cannot_be_lifted_again() -> None:
    def lift() -> None:
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        try:
            resource.setrlimit(resource.RLIMIT_AS, unlimited)
        except ValueError:
            raise PermissionError(errno.EPERM, "not allowed to raise maximum limit") from None

    assert tried(lift)["errno"] == errno.EPERM


def test_threads_are_allowed() -> None:
    def count() -> tuple[dict[str, Any], list[bytes]]:
        seen: list[int] = []
        threads = [threading.Thread(target=seen.append, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return {"seen": sorted(seen)}, []

    outcome = sandbox.run(count)
    assert isinstance(outcome, sandbox.Answer)
    assert outcome.document == {"seen": [0, 1, 2, 3]}


def test_what_the_parent_had_open_is_closed_in_the_child() -> None:
    mine, other = socket.socketpair()
    with mine, other:
        assert tried(lambda: os.fstat(mine.fileno()))["errno"] == errno.EBADF
        mine.sendall(b"still open here")
        assert other.recv(100) == b"still open here"


def test_what_the_parent_would_do_at_the_end_is_not_done_in_the_child(tmp_path: Path) -> None:
    script = (
        "import atexit, sys; from detection import sandbox\n"
        "atexit.register(print, 'the end'); print('begin')\n"
        "for work in (lambda: ({}, [])), (lambda: sys.exit(1)): print(type(sandbox.run(work)).__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n") == ["begin", "Answer", "ChildDied", "the end", ""]


def test_many_threads_may_run_children_at_once() -> None:
    outcomes: list[sandbox.Outcome] = []

    def several() -> None:
        outcomes.extend(sandbox.run(lambda: ({}, [b"x" * 100_000])) for _ in range(5))

    threads = [threading.Thread(target=several) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(outcome) for outcome in outcomes] == [sandbox.Answer] * 20
    assert no_child_is_left()


def _in_a_daemon(queue: Any) -> None:
    outcome = sandbox.run(lambda: ({"pid": os.getpid()}, []))
    queue.put(type(outcome).__name__)


def test_a_daemonic_worker_process_may_run_children() -> None:
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    worker = context.Process(target=_in_a_daemon, args=(queue,), daemon=True)
    worker.start()
    assert queue.get(timeout=20) == "Answer"
    worker.join()


def test_a_worker_without_standard_streams_may_run_children() -> None:
    pid = os.fork()
    if pid == 0:
        os.closerange(0, 3)
        outcome = sandbox.run(lambda: ({"whole": True}, [b"x" * MIB]))
        os._exit(0 if isinstance(outcome, sandbox.Answer) and len(outcome.parts[0]) == MIB else 1)
    assert os.waitpid(pid, 0) == (pid, 0)


def test_root_does_not_stay_root_in_the_child() -> None:
    outcome = sandbox.run(lambda: ({"uid": os.getuid(), "gid": os.getgid()}, []))
    assert isinstance(outcome, sandbox.Answer)
    expected = {"uid": 65534, "gid": 65534} if os.getuid() == 0 else {"uid": os.getuid(), "gid": os.getgid()}
    assert outcome.document == expected


@pytest.mark.skipif(os.getuid() != 0, reason="the tests already run as an ordinary user")
def test_an_ordinary_user_can_run_children_too() -> None:
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        os._exit(0 if sandbox.probe() == "" else 1)
    assert os.waitpid(pid, 0) == (pid, 0)


def test_a_weak_lock_keeps_the_limits_but_lets_calls_through() -> None:
    outcome = sandbox.run(lambda: ({"uid": os.open("/", os.O_RDONLY)}, []), lock=sandbox.Lock.WEAK)
    assert isinstance(outcome, sandbox.Answer)
    big = sandbox.run(
        # more than the process may already hold and have free: the limit counts what is mapped anew
        lambda: ({"size": len(bytearray(4096 * MIB))}, []),
        Limits(memory_bytes=100 * MIB),
        lock=sandbox.Lock.WEAK,
    )
    assert isinstance(big, sandbox.Refused)


def test_a_kernel_that_refuses_the_filter_is_an_error_and_nothing_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise OSError(errno.EINVAL, "no filters here")

    monkeypatch.setattr(sandbox, "confine", refuses)
    with pytest.raises(sandbox.Unconfined):
        sandbox.run(lambda: ({"ran": (tmp_path / "ran").write_text("x")}, []))
    assert not (tmp_path / "ran").exists()
    assert sandbox.probe().startswith("the kernel refuses")
    assert no_child_is_left()


def test_a_filter_with_a_hole_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "confine", lambda *_, **__: None)
    monkeypatch.setattr(
        sandbox.os, "execv", lambda *_: (_ for _ in ()).throw(PermissionError(errno.EPERM, ""))
    )
    monkeypatch.setattr(sandbox.os, "fork", _fork_once())
    assert "sockets" in sandbox.probe()


def _fork_once() -> Callable[[], int]:
    """The real fork for the parent; inside the child, the probe's own attempt to fork must not make a
    grandchild.
    """
    real, parent = os.fork, os.getpid()
    return lambda: real() if os.getpid() == parent else 0
