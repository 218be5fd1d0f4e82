"""What a child that reads hostile bytes may ask of the kernel: a seccomp filter and resource limits (Linux,
x86-64).

The filter is a list of what is *allowed*: memory, time, waiting, threads, reading and writing what is already
open. Files cannot be opened, not even for reading (a process forked from a worker could otherwise read its
keys), and there are no sockets, no new programs, no other processes to signal or trace. A refused call
answers EPERM, which Python raises as PermissionError: a decoder bug shows as an error and not as a killed
child. ``clone3`` answers ENOSYS, because its flags lie in memory where no filter can read them; the C library
then uses ``clone``, which may only start threads.

Sources: the kernel's Documentation/userspace-api/seccomp_filter.rst, linux/filter.h,
arch/x86/entry/syscalls/syscall_64.tbl.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal
import struct
from contextlib import suppress
from typing import Final

from detection.limits import Limits

_LOAD_WORD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_KILL, _ALLOW, _ERRNO = 0x80000000, 0x7FFF0000, 0x00050000
_AUDIT_ARCH_X86_64 = 0xC000003E
_X32_CALLS = 0x40000000
_NUMBER_AT, _ARCH_AT, _ARGUMENTS_AT = 0, 4, 16

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
_PR_SET_NAME, _PR_SET_VMA = 15, 0x53564D41
_SECCOMP_MODE_FILTER = 2
_CLONE_THREAD = 0x00010000

_CLONE, _KILL_CALL, _PRCTL, _TGKILL, _PRLIMIT, _CLONE3 = 56, 62, 157, 234, 302, 435

_ALLOWED: Final = {
    "read": 0, "write": 1, "close": 3, "stat": 4, "fstat": 5, "lstat": 6, "poll": 7, "lseek": 8,
    "mmap": 9, "mprotect": 10, "munmap": 11, "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14,
    "rt_sigreturn": 15, "pread64": 17, "readv": 19, "writev": 20, "access": 21, "select": 23,
    "sched_yield": 24, "mremap": 25, "mincore": 27, "madvise": 28, "nanosleep": 35, "getpid": 39,
    "exit": 60, "uname": 63, "getcwd": 79, "readlink": 89, "gettimeofday": 96, "getrlimit": 97,
    "getrusage": 98, "sysinfo": 99, "times": 100, "getuid": 102, "getgid": 104, "geteuid": 107,
    "getegid": 108, "getppid": 110, "sigaltstack": 131, "sched_getparam": 143, "sched_getscheduler": 145,
    "sched_get_priority_max": 146, "sched_get_priority_min": 147, "gettid": 186, "time": 201,
    "futex": 202, "sched_getaffinity": 204, "set_tid_address": 218, "restart_syscall": 219,
    "clock_gettime": 228, "clock_getres": 229, "clock_nanosleep": 230, "exit_group": 231,
    "newfstatat": 262, "ppoll": 271, "set_robust_list": 273, "getcpu": 309, "getrandom": 318,
    "membarrier": 324, "statx": 332, "rseq": 334, "faccessat2": 439,
}  # fmt: skip

_NOBODY = 65534

_libc = ctypes.CDLL(None, use_errno=True)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def confine(limits: Limits, *, filter_calls: bool) -> None:
    """Give up, in this process and for good, what the limits and the filter take away. OSError if the kernel
    refuses.
    """
    _become_nobody()
    _prctl(_PR_SET_DUMPABLE, 0)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _limit_resources(limits)
    if filter_calls:
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
        _install(_filter_for(os.getpid()))


def _become_nobody() -> None:
    """A root worker's child gives up root. Not possible in some containers; the filter stands either way."""
    if os.geteuid() == 0:
        with suppress(OSError):
            os.setgroups([])
            os.setresgid(_NOBODY, _NOBODY, _NOBODY)
            os.setresuid(_NOBODY, _NOBODY, _NOBODY)


def _limit_resources(limits: Limits) -> None:
    """Hard limits; the address space is counted from what the fork already holds. NPROC is left out: it
    counts the whole user and not the child, which the filter keeps from forking anyway.
    """
    memory = _address_space() + limits.memory_bytes
    _lower(resource.RLIMIT_AS, memory, memory)
    _lower(resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1)
    _lower(resource.RLIMIT_CORE, 0, 0)
    _lower(resource.RLIMIT_FSIZE, 0, 0)
    _lower(resource.RLIMIT_NOFILE, 16, 16)


def _lower(which: int, soft: int, hard: int) -> None:
    """Set a limit, but never above the hard one that the service manager already set."""
    ceiling = resource.getrlimit(which)[1]
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    resource.setrlimit(which, (soft, hard))


def _address_space() -> int:
    """Size of this process's address space in bytes (proc(5), statm)."""
    fd = os.open("/proc/self/statm", os.O_RDONLY)
    try:
        return int(os.read(fd, 64).split()[0]) * resource.getpagesize()
    finally:
        os.close(fd)


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _install(program: bytes) -> None:
    header = _Program(len(program) // 8, program)
    if _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(header), 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _filter_for(own_pid: int) -> bytes:
    """The filter of one process, from one made before the fork."""
    return _TEMPLATE.replace(_word(_ANY_PID), _word(own_pid))


def _word(value: int) -> bytes:
    return struct.pack("=I", value)


def _filter(own_pid: int) -> bytes:
    """The whole filter as BPF: wrong architecture dies, allowed calls pass, all else answers EPERM."""
    refuse = _ERRNO | errno.EPERM
    parts = [
        _step(_LOAD_WORD, _ARCH_AT),
        _step(_JUMP_EQUAL, _AUDIT_ARCH_X86_64, 1, 0),
        _step(_RETURN, _KILL),
        _step(_LOAD_WORD, _NUMBER_AT),
        _step(_JUMP_AT_LEAST, _X32_CALLS, 0, 1),
        _step(_RETURN, _KILL),
        *(_step(_JUMP_EQUAL, number, 0, 1) + _step(_RETURN, _ALLOW) for number in _ALLOWED.values()),
        _step(_JUMP_EQUAL, _CLONE3, 0, 1) + _step(_RETURN, _ERRNO | errno.ENOSYS),
        _when(_CLONE, _step(_LOAD_WORD, _ARGUMENTS_AT), _step(_JUMP_ANY_BIT, _CLONE_THREAD, 0, 1)),
        _when(_KILL_CALL, _step(_LOAD_WORD, _ARGUMENTS_AT), _step(_JUMP_EQUAL, own_pid, 0, 1)),
        _when(_TGKILL, _step(_LOAD_WORD, _ARGUMENTS_AT), _step(_JUMP_EQUAL, own_pid, 0, 1)),
        _when(_PRCTL, _step(_LOAD_WORD, _ARGUMENTS_AT), _step(_JUMP_EQUAL, _PR_SET_NAME, 0, 1)),
        _when(_PRCTL, _step(_LOAD_WORD, _ARGUMENTS_AT), _step(_JUMP_EQUAL, _PR_SET_VMA, 0, 1)),
        *_reading_limits(),
        _step(_RETURN, refuse),
    ]
    return b"".join(parts)


def _step(code: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, operand)


def _when(number: int, load: bytes, test: bytes) -> bytes:
    """Allow call ``number`` if the test on one argument holds; else go on, with the call's number loaded
    again.
    """
    body = load + test + _step(_RETURN, _ALLOW) + _step(_LOAD_WORD, _NUMBER_AT)
    return _step(_JUMP_EQUAL, number, 0, len(body) // 8) + body


def _reading_limits() -> list[bytes]:
    """prlimit64 may read limits (its third argument is NULL) but not set them: root could lift them again."""
    new_limit = _ARGUMENTS_AT + 2 * 8
    body = [
        _step(_LOAD_WORD, new_limit),
        _step(_JUMP_EQUAL, 0, 0, 3),
        _step(_LOAD_WORD, new_limit + 4),
        _step(_JUMP_EQUAL, 0, 0, 1),
        _step(_RETURN, _ALLOW),
        _step(_LOAD_WORD, _NUMBER_AT),
    ]
    return [_step(_JUMP_EQUAL, _PRLIMIT, 0, len(body)), *body]


_ANY_PID = 0x7EADBEA7  # above any process id, and unlike everything else in the filter
_TEMPLATE = _filter(_ANY_PID)
