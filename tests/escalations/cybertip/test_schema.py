"""The schema that counts is the server's: fetched, kept under its digest, asked for again after a day."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from casework.escalations.cybertip.client import Client
from casework.escalations.cybertip.errors import CyberTipError, NotAllowed, Rejected, TryAgain
from casework.escalations.cybertip.schema import FRESH, USABLE, compiled, current
from tests.escalations.cybertip.server import XSD, Tipline, answers, answers_status

DIGEST = hashlib.sha256(XSD.read_bytes()).hexdigest()


def grow_old(directory: Path, seconds: float) -> None:
    for path in directory.iterdir():
        os.utime(path, (time.time() - seconds,) * 2)


def test_the_servers_schema_is_kept_under_its_digest(
    client: Client, tipline: Tipline, tmp_path: Path
) -> None:
    assert current(client, tmp_path).digest == DIGEST
    assert [path.name for path in tmp_path.iterdir()] == [f"test-{DIGEST}.xsd"]
    current(client, tmp_path)
    assert tipline.calls == ["xsd"]


def test_after_a_day_the_server_is_asked_again(client: Client, tipline: Tipline, tmp_path: Path) -> None:
    current(client, tmp_path)
    grow_old(tmp_path, FRESH + 60)
    current(client, tmp_path)
    current(client, tmp_path)
    assert tipline.calls == ["xsd", "xsd"]


def test_a_copy_that_was_changed_is_not_used(client: Client, tipline: Tipline, tmp_path: Path) -> None:
    current(client, tmp_path)
    path = next(tmp_path.iterdir())
    path.write_bytes(path.read_bytes().replace(b"generativeAi", b"generatedByAi"))
    assert current(client, tmp_path).digest == DIGEST
    assert tipline.calls == ["xsd", "xsd"]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == DIGEST


def test_while_the_server_is_silent_an_older_copy_serves(
    client: Client, tipline: Tipline, tmp_path: Path
) -> None:
    current(client, tmp_path)
    tipline.fail("xsd", *[answers_status(503)] * 2)
    grow_old(tmp_path, FRESH + 60)
    assert current(client, tmp_path).digest == DIGEST
    grow_old(tmp_path, USABLE + 60)
    with pytest.raises(TryAgain):
        current(client, tmp_path)


def test_a_refused_account_is_not_hidden_by_an_older_copy(
    client: Client, tipline: Tipline, tmp_path: Path
) -> None:
    current(client, tmp_path)
    grow_old(tmp_path, FRESH + 60)
    tipline.fail("xsd", answers_status(401))
    with pytest.raises(NotAllowed):
        current(client, tmp_path)


def test_an_error_in_place_of_a_schema_is_no_schema(client: Client, tipline: Tipline, tmp_path: Path) -> None:
    tipline.fail("xsd", answers(1000))
    with pytest.raises(CyberTipError):
        current(client, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "xsd",
    [
        b"no xml",
        b"<schema/>",
        b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:include schemaLocation="file:///etc/x"/></xs:schema>',
        b'<!DOCTYPE s [<!ENTITY a "b">]><xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"/>',
        b" " * (4 * 1024 * 1024 + 1),
    ],
)
def test_a_schema_that_is_none_or_reaches_out_is_refused(xsd: bytes) -> None:
    with pytest.raises(Rejected):
        compiled(xsd)
