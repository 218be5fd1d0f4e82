"""What the tests of the doors share: a key, a browser, pictures, and answers that file a report."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from PIL import Image

from casework.reports.actions import Filed, create_api_key, file_report
from casework.reports.facts import ReportFacts
from casework.reports.models import ApiKey, Report


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, settings: Any) -> None:
    """Sealed files of this test only, and no counts left over from another."""
    settings.EVIDENCE_DIR = tmp_path / "evidence"


@pytest.fixture(autouse=True)
def no_counts(request: pytest.FixtureRequest) -> None:
    """No count of an earlier test is left in the shared cache."""
    if request.node.get_closest_marker("django_db"):
        request.getfixturevalue("db")
        cache.clear()


def picture(seed: int = 0, size: int = 16) -> bytes:
    """A drawn PNG; every *seed* gives other bytes."""
    image = Image.new("RGB", (size, size), (seed % 256, seed // 256 % 256, 120))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def key(db: None) -> tuple[ApiKey, str]:
    """A platform's key, and its text."""
    return create_api_key(actor=None, name="Pictures", organisation="Pictures Ltd")


@pytest.fixture
def api(key: tuple[ApiKey, str]) -> Client:
    """A program of that platform."""
    return Client(headers={"Authorization": f"Bearer {key[1]}"})


def facts(**said: Any) -> ReportFacts:
    """A complete report of the person depicted, unless told otherwise."""
    complete: dict[str, Any] = {
        "role": "depicted",
        "age_at_the_time": "adult",
        "links": ("https://pictures.example/p/1",),
        "signature": "Noor Example",
        "no_consent": True,
        "accurate": True,
        "contact": {"channel": "email", "address": "noor@mail.example", "name": "Noor", "message_ok": True},
    }
    return ReportFacts(**{**complete, **said})


@pytest.fixture
def file_one(db: None) -> Callable[..., Filed]:
    """File a report through the form's action: ``file_one(age_at_the_time="minor")``."""

    def file_it(**said: Any) -> Filed:
        return file_report(channel=Report.Channel.FORM, facts=facts(**said), uploads=[])

    return file_it


def entries(verb: str, case: Any = None) -> list[Any]:
    """The audit entries of *verb* as (subject, body), oldest first."""
    import json

    from casework.audit.models import Entry

    found = Entry.objects.filter(verb=verb).order_by("pk")
    if case is not None:
        found = found.filter(case_id=uuid.UUID(str(case.public_id)))
    return [(entry.subject, json.loads(bytes(entry.body))["data"]) for entry in found]
