"""A small process that has imported every reader and opened nothing, and forks a confined child for each file.

A fork costs what the forking process holds: a worker with its models pays ten times as much as this one. And what is
not there cannot leak: the zygote is a fresh interpreter with an empty environment, so its children hold no key, no
password and no connection.

It is trusted and never touches a file's bytes. For each request the caller sends, over a socket pair, the name of a
function and three descriptors: input and wishes in anonymous memory; the child's pipe, on which the child answers the
caller directly; and a *leash*: when the caller lets go of that, the child is killed, and when the child ends, its end
is told there. When the caller dies, the socket says so, and the zygote ends with all its children. When the zygote
dies, its children die by the kernel's word, and the next request starts another.
"""

from __future__ import annotations

import ctypes
import fcntl
import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, NoReturn

from detection import sandbox
from detection.limits import DEFAULT, Limits
from detection.sandbox import Ending, Given, Lock, Talk

ReaderWork = Callable[[bytes, Mapping[str, Any], Limits], Given | Iterable[Given]]
"""What a child does with a file's bytes, the caller's (JSON-able) wishes and the limits. A function of a module, for it
is named and not sent."""

START_SECONDS = 60.0
_END_SECONDS = 5.0
_LONGEST_REQUEST = 64 * 1024
_PIPE_BYTES = 1024 * 1024
_AWAKE = b"awake"
_REPORT = struct.Struct(">idq")
_NOT_FORKED = -1
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3  # malloc.h
_ROOM, _OF_ITS_OWN = 32 * 1024 * 1024, 8 * 1024 * 1024
"""Bytes of fresh heap, and from which size on a piece is mapped by itself, so that it is given back when freed."""

_BOOT = "import sys; sys.path[:] = sys.argv[2:]; from detection import zygote; zygote.main(int(sys.argv[1]))"
_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",  # threads do not survive a fork
}


class ZygoteLost(OSError):
    """The process that makes readers could not be started, or made none. Nothing was read; try again."""


@dataclass(frozen=True, slots=True)
class _Fostered:
    """A zygote's child, on its leash."""

    leash: socket.socket

    def end(self) -> Ending:
        with self.leash:
            try:
                self.leash.settimeout(_END_SECONDS)
                self.leash.shutdown(socket.SHUT_WR)
                report = self.leash.recv(_REPORT.size, socket.MSG_WAITALL)
                status, cpu_seconds, rss = _REPORT.unpack(report)
            except (OSError, struct.error):  # the zygote died; the kernel kills its children
                return Ending(None)
        if status == _NOT_FORKED:
            raise ZygoteLost("no process could be made for a reader")
        return Ending(status, cpu_seconds, rss)

    def let_go(self) -> None:
        self.leash.close()


class Zygote:
    """The caller's side: starts the process when it is first needed, and again when it has died.

    *preload* names the function ("module:name") that imports and warms up what the children need. One object serves
    all threads of a process; a fork of the caller gets a process of its own.
    """

    def __init__(self, preload: str) -> None:
        self.preload = preload
        self._lock = threading.Lock()
        self._owner = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    @property
    def pid(self) -> int | None:
        """The process id, None before the first start."""
        return self._process.pid if self._process is not None and self._owner == os.getpid() else None

    def start(self) -> None:
        """Start it now, if it is not there: the first file then waits less. Raises ZygoteLost."""
        with self._lock:
            self._living()

    def stop(self) -> None:
        """End it and its children. The next request starts another."""
        with self._lock:
            self._let_go()

    def talk(
        self,
        work: ReaderWork,
        data: bytes,
        wishes: Mapping[str, Any],
        limits: Limits = DEFAULT,
        *,
        lock: Lock = Lock.FULL,
    ) -> Talk:
        """A confined child that runs ``work(data, wishes, limits)``; use it as a context manager.

        Raises ZygoteLost when no process can be had. ``Talk.hear`` raises sandbox.Unconfined.
        """
        wanted = {"work": _name(work), "limits": asdict(limits), "lock": lock.value, "size": len(data)}
        request = json.dumps(wanted).encode()
        reading, writing = os.pipe()
        with suppress(OSError):  # a smaller pipe only means more waiting for each other
            fcntl.fcntl(reading, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        leash, far_leash = socket.socketpair()
        memory = os.memfd_create("file", os.MFD_CLOEXEC)
        try:
            _write(memory, data)
            _write(memory, json.dumps(wishes).encode())
            self._ask(request, [memory, writing, far_leash.fileno()])
        except BaseException:
            os.close(reading)
            leash.close()
            raise
        finally:
            os.close(memory)
            os.close(writing)
            far_leash.close()
        return Talk(reading, _Fostered(leash), limits)

    def _ask(self, request: bytes, descriptors: list[int]) -> None:
        with self._lock:
            for last in (False, True):
                try:
                    socket.send_fds(self._living(), [request], descriptors)
                    return
                except (BrokenPipeError, ConnectionResetError) as error:
                    self._let_go()
                    if last:
                        raise ZygoteLost("the process that makes readers ended") from error

    def _living(self) -> socket.socket:
        if self._owner != os.getpid() or self._process is None or self._process.poll() is not None:
            self._let_go()
            self._process, self._control = _start(self.preload)
            self._owner = os.getpid()
        assert self._control is not None
        return self._control

    def _let_go(self) -> None:
        process, control, owner = self._process, self._control, self._owner
        self._process = self._control = None
        if control is not None:
            control.close()
        if process is not None and owner == os.getpid():
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _name(work: ReaderWork) -> str:
    """The name under which the zygote finds the function. ValueError for what is no module's function."""
    name = getattr(work, "__name__", "")
    if getattr(sys.modules.get(work.__module__), name, None) is not work:
        raise ValueError(f"{work!r} is not a function of a module")
    return f"{work.__module__}:{name}"


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _start(preload: str) -> tuple[subprocess.Popen[bytes], socket.socket]:
    mine, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with other:
        path = [os.path.abspath(entry) for entry in sys.path]
        process = subprocess.Popen(  # noqa: S603 - this interpreter, our own module
            [sys.executable, "-I", "-c", _BOOT, str(other.fileno()), *path],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd="/", env=_ENVIRONMENT, pass_fds=(other.fileno(),),
        )  # fmt: skip
    try:
        mine.settimeout(START_SECONDS)
        mine.send(preload.encode())
        said = mine.recv(_LONGEST_REQUEST)
    except OSError as error:
        said = str(error).encode()
    if said != _AWAKE:
        mine.close()
        process.kill()
        process.wait()
        reason = said.decode(errors="replace") or "it ended at once"
        raise ZygoteLost(f"the process that makes readers did not start: {reason}")
    mine.settimeout(None)
    return process, mine


# --- in the zygote ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Ward:
    """One child in the zygote's care."""

    pid: int
    handle: int
    leash: socket.socket


def main(control: int) -> NoReturn:
    """The zygote's life: wake up, then fork a child for each request until the caller is gone."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the caller decides; a stop is also sent to whole groups
    with socket.socket(fileno=control) as caller:
        try:
            _wake(caller.recv(_LONGEST_REQUEST).decode())
        except Exception as error:  # noqa: BLE001 - whatever it was, the caller must hear it: there is no other door
            caller.send(f"{type(error).__name__}: {error}".encode()[:_LONGEST_REQUEST])
            os._exit(1)
        caller.send(_AWAKE)
        _Nursery(caller).run()
    os._exit(0)


def _wake(preload: str) -> None:
    _found(preload)()
    gc.collect()
    gc.freeze()  # a collection in a child would touch, and so copy, every page
    gc.disable()
    _make_room()


def _make_room() -> None:
    """Give back what the warm-up used, and leave a fresh stretch of heap for what children need.

    A child pays for each page it touches: most for those that this process touched before (they are copied), least for
    fresh ones in huge pages, which ``GLIBC_TUNABLES`` asks for. Measured: a twentieth of a child's time.
    """
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    libc.malloc_trim(0)
    libc.mallopt(_M_TRIM_THRESHOLD, 1 << 30)
    libc.mallopt(_M_TOP_PAD, _ROOM)
    libc.mallopt(_M_MMAP_THRESHOLD, _OF_ITS_OWN)
    libc.free(libc.malloc(ctypes.c_size_t(_ROOM)))


def _found(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found


class _Nursery:
    """The zygote's loop. Descriptors: the caller's socket, and for each child its process and its leash."""

    def __init__(self, caller: socket.socket) -> None:
        self._caller = caller
        self._poll = select.poll()
        self._poll.register(caller, select.POLLIN)
        self._by_handle: dict[int, _Ward] = {}
        self._by_leash: dict[int, _Ward] = {}

    def run(self) -> None:
        """Serve until the caller closes its end; then no child is left."""
        while True:
            for ready, _event in self._poll.poll():
                if ready == self._caller.fileno():
                    if not self._serve():
                        return
                elif ready in self._by_handle:
                    self._bury(self._by_handle[ready])
                elif ready in self._by_leash:
                    self._release(self._by_leash[ready])

    def _serve(self) -> bool:
        """Fork for one request; False when the caller is gone (its children then die with this process)."""
        try:
            request, descriptors, _flags, _address = socket.recv_fds(self._caller, _LONGEST_REQUEST, 3)
        except ConnectionResetError:
            return False
        if not request:
            return False
        memory, pipe, leash_number = descriptors
        leash = socket.socket(fileno=leash_number)
        own = os.getpid()
        try:
            pid = os.fork()
        except OSError:
            with suppress(OSError), leash:
                leash.send(_REPORT.pack(_NOT_FORKED, 0.0, 0))
            pid = 0
        else:
            if pid == 0:
                _live(request, memory, pipe, own)
        os.close(memory)
        os.close(pipe)
        if pid:
            self._adopt(_Ward(pid, os.pidfd_open(pid), leash))
        return True

    def _adopt(self, ward: _Ward) -> None:
        self._by_handle[ward.handle] = self._by_leash[ward.leash.fileno()] = ward
        self._poll.register(ward.handle, select.POLLIN)
        self._poll.register(ward.leash, select.POLLIN)

    def _release(self, ward: _Ward) -> None:
        """The caller let go: nothing that the child could still say is wanted."""
        self._poll.unregister(ward.leash)
        del self._by_leash[ward.leash.fileno()]
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(ward.handle, signal.SIGKILL)

    def _bury(self, ward: _Ward) -> None:
        """The child ended: tell what it cost."""
        _, status, usage = os.wait4(ward.pid, 0)
        self._poll.unregister(ward.handle)
        del self._by_handle[ward.handle]
        os.close(ward.handle)
        if self._by_leash.pop(ward.leash.fileno(), None):
            self._poll.unregister(ward.leash)
        with suppress(OSError), ward.leash:
            ward.leash.send(_REPORT.pack(status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024))


def _live(request: bytes, memory: int, pipe: int, zygote: int) -> NoReturn:
    """Everything after the fork, in the child: take the input, give up everything else, work."""
    try:
        wanted = json.loads(request)
        limits, lock = Limits(**wanted["limits"]), Lock(wanted["lock"])
        data, wishes = _content(memory, wanted["size"])
        work = partial(_found(wanted["work"]), data, wishes, limits)
        sandbox.be_a_child(work, limits, lock, pipe, zygote)
    finally:
        os._exit(0)


def _content(memory: int, size: int) -> tuple[bytes, Any]:
    """The input, copied and not looked at, and the caller's wishes behind it."""
    whole = os.fstat(memory).st_size
    return os.pread(memory, size, 0), json.loads(os.pread(memory, whole - size, size))
