from __future__ import annotations

import os
import uuid
from typing import Any

import pytest
from django.conf import settings
from django.core import signing
from django_q.conf import Conf
from django_q.signing import PickleSerializer

from casework.jobs import envelope
from tests.chaos.test_forged_tasks import Trap, task


@pytest.fixture(autouse=True)
def queue_key(monkeypatch: pytest.MonkeyPatch) -> str:
    """We are the worker side."""
    key = (settings.CASEWORK_KEYS / "worker" / "queue_key").read_text().strip()
    monkeypatch.setattr(Conf, "SECRET_KEY", key)
    return key


def signed(content: Any, key: str, salt: str = "casework") -> str:
    """*content* as django-q2 would sign it."""
    return signing.dumps(content, key=key, salt=salt, serializer=PickleSerializer)


def test_what_we_pack_we_read() -> None:
    job = uuid.uuid4()
    assert envelope.read(envelope.package(job)) == job


def test_a_task_that_the_web_signed_is_refused() -> None:
    web = (settings.CASEWORK_KEYS / "web" / "secret_key").read_text().strip()
    with pytest.raises(envelope.Refused, match="signature"):
        envelope.read(signed(task(), web))


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"func": "os.system", "args": ("true",)}, "function"),
        ({"func": os.system}, "pickle"),
        ({"hook": "os.system"}, "shape"),
        ({"chain": [("os.system", ("true",))]}, "shape"),
        ({"kwargs": {"x": 1}}, "shape"),
        ({"args": ()}, "shape"),
        ({"args": ("not an id",)}, "shape"),
        ({"args": (7,)}, "shape"),
    ],
)
def test_a_task_of_another_kind_is_refused_though_signed(
    queue_key: str, changed: dict[str, Any], why: str
) -> None:
    with pytest.raises(envelope.Refused, match=why):
        envelope.read(signed(task(**changed), queue_key))


def test_a_pickle_that_would_run_code_is_refused_before_it_does(queue_key: str, tmp_path: Any) -> None:
    with pytest.raises(envelope.Refused, match="pickle"):
        envelope.read(signed(Trap(f"touch {tmp_path}/owned"), queue_key))
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("payload", ["", "x", "a:b:c", "é:1:2"])
def test_noise_is_refused(payload: str) -> None:
    with pytest.raises(envelope.Refused):
        envelope.read(payload)
