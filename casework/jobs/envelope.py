"""What hangs at a bell: the id of a job, wrapped the way django-q2 wants its tasks, and nothing else.

django-q2's tasks are pickles signed with SECRET_KEY, which on the worker side is a queue key that the web
cannot read. Before one is unpickled its signature is checked, and then only the few types that our own
wrapping needs may appear in it: a signed task for another function, or one that would run code while it is
being unpickled, is refused.
"""

from __future__ import annotations

import io
import pickle
import uuid
import zlib
from datetime import UTC, datetime
from typing import Any

from django_q import core_signing
from django_q.conf import Conf
from django_q.signing import SignedPackage

#: The only function that a cluster of ours ever runs.
FUNCTION = "casework.jobs.tasks.run"
_KEYS = {"id", "name", "func", "args", "kwargs", "ack_failure", "started"}
_TYPES = {("datetime", "datetime"), ("datetime", "timezone"), ("datetime", "timedelta")}


class Refused(Exception):
    """This is not one of our announcements. The text is a code: signature, pickle, shape or function."""


def package(job: uuid.UUID) -> str:
    """The signed announcement of *job*."""
    task = {
        "id": uuid.uuid4().hex,
        "name": str(job),
        "func": FUNCTION,
        "args": (str(job),),
        "kwargs": {},
        "ack_failure": True,
        "started": datetime.now(UTC),
    }
    return str(SignedPackage.dumps(task))


def read(payload: str) -> uuid.UUID:
    """The job that *payload* announces. Raises ``Refused``; nothing in *payload* is executed in any case."""
    try:
        task = core_signing.loads(payload, key=Conf.SECRET_KEY, salt=Conf.PREFIX, serializer=_Harmless)
    except core_signing.BadSignature:
        raise Refused("signature") from None
    except (pickle.UnpicklingError, EOFError, LookupError, TypeError, ValueError, AttributeError, zlib.error):
        raise Refused("pickle") from None
    if not isinstance(task, dict) or set(task) != _KEYS or task["kwargs"]:
        raise Refused("shape")
    if task["func"] != FUNCTION:
        raise Refused("function")
    match task["args"]:
        case (str(text),):
            return _job_id(text)
    raise Refused("shape")


def _job_id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Refused("shape") from None


class _Harmless:
    """django-q2's serializer with an unpickler that knows three types."""

    def loads(self, data: bytes) -> Any:
        return _FewTypes(io.BytesIO(data)).load()


class _FewTypes(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _TYPES:
            raise pickle.UnpicklingError(f"{module}.{name} is not part of an announcement")
        return super().find_class(module, name)
