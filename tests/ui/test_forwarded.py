"""Who says where a request comes from, and whether it came by TLS: a proxy that we named, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse

from casework.accounts.requests import client_address
from casework.ui.middleware import ResponseHeadersMiddleware

PROXY, FAR_PROXY = "10.0.0.1", "10.0.0.2"


@pytest.mark.parametrize(
    ("peer", "said", "address"),
    [
        ("203.0.113.9", "192.0.2.1", "203.0.113.9"),
        (PROXY, "192.0.2.1", "192.0.2.1"),
        (PROXY, "6.6.6.6, 192.0.2.1", "192.0.2.1"),
        (PROXY, f"6.6.6.6, 192.0.2.1, {FAR_PROXY}", "192.0.2.1"),
        (PROXY, "not an address", PROXY),
        (PROXY, "", PROXY),
        ("", "192.0.2.1", ""),
    ],
)
def test_only_named_proxies_are_believed_about_the_address(
    rf: Any, settings: Any, peer: str, said: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = (PROXY, FAR_PROXY)
    request = rf.get("/", REMOTE_ADDR=peer, headers={"X-Forwarded-For": said} if said else {})
    assert client_address(request) == address


@pytest.mark.parametrize(("peer", "secure"), [(PROXY, True), ("203.0.113.9", False)])
def test_only_named_proxies_are_believed_about_tls(rf: Any, settings: Any, peer: str, secure: bool) -> None:
    settings.TRUSTED_PROXIES = (PROXY,)
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    seen = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request.is_secure())
        return HttpResponse()

    ResponseHeadersMiddleware(view)(rf.get("/", REMOTE_ADDR=peer, headers={"X-Forwarded-Proto": "https"}))
    assert seen == [secure]
