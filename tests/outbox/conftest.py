"""Settings under which requests may go to loopback, and names that lead there."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from casework.outbox import addresses
from casework.outbox.models import Endpoint
from tests.outbox.local import Authority
from tests.outbox.sending import ExampleReceiver, connect, point


@pytest.fixture
def loopback_allowed(settings: Any) -> None:
    """The operator has listed loopback."""
    settings.OUTBOUND_ALLOWED_NETS = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def trusted(settings: Any, authority: Authority) -> Path:
    """The operator trusts the tests' authority."""
    settings.OUTBOUND_CA_FILE = str(authority.file)
    return authority.file


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """Names and what the resolver answers, one answer after the other, the last for ever."""
    known: dict[str, list[list[str]]] = {}
    real: Callable[..., Any] = socket.getaddrinfo

    def look_up(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        if host not in known:
            return real(host, port, *args, **kwargs)
        answers = known[host]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(family[":" in text], socket.SOCK_STREAM, 6, "", (text, port)) for text in answer]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", look_up)
    return known


@pytest.fixture
def platform(loopback_allowed: None, db: None, tmp_path: Path) -> Iterator[Platform]:
    """A platform that runs the example receiver, connected and switched on."""
    endpoint = connect("http://127.0.0.1:9/casework")
    with ExampleReceiver(tmp_path, " ".join(endpoint.good_secrets())) as receiver:
        point(endpoint, receiver.url)
        yield Platform(endpoint, receiver)


@dataclass(frozen=True)
class Platform:
    endpoint: Endpoint
    receiver: ExampleReceiver
