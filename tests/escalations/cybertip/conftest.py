"""A CyberTipline on loopback, an account there, and reports on their way."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from casework.escalations.cybertip.client import Client, Server
from casework.escalations.cybertip.facts import File, Report
from casework.escalations.cybertip.flow import Item, Job
from casework.escalations.cybertip.schema import Schema, compiled
from tests.escalations.cybertip.examples import NOW, PLAIN_FILE, SMALL
from tests.escalations.cybertip.keeping import Memory
from tests.escalations.cybertip.server import PASSWORD, USER, XSD, Tipline


@pytest.fixture(scope="session")
def schema() -> Schema:
    return compiled(XSD.read_bytes())


@pytest.fixture
def tipline(settings: Any) -> Iterator[Tipline]:
    """NCMEC's server, on a network that the operator has listed."""
    settings.OUTBOUND_ALLOWED_NETS = (ipaddress.ip_network("127.0.0.0/8"),)
    with Tipline() as server:
        yield server


@pytest.fixture
def client(tipline: Tipline) -> Client:
    return Client(Server("test", USER, PASSWORD, tipline.base))


MakeJob = Callable[..., Job]


@pytest.fixture
def make_job(client: Client, schema: Schema) -> MakeJob:
    """A report with the files given (default one), each of bytes that say which it is."""

    def make(*files: File, report: Report = SMALL, progress: Memory | None = None) -> Job:
        def item(file: File) -> Item:
            picture = f"picture of a goldfish, {file.key}".encode()
            return Item(file, len(picture), lambda: [picture])

        items = tuple(item(file) for file in files or (PLAIN_FILE,))
        return Job(progress or Memory(), client, schema, report, items, lambda: NOW)

    return make
