"""What a partner types, names or refers to is text: in the portal, behind a link, and on the desk's page."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from casework.accounts.models import User
from casework.escalations.actions import links
from casework.partners.models import Channel, Contact
from tests.browser.test_hostile_text import PAYLOADS
from tests.cast import client_of, person
from tests.escalations.handing import make_partner, make_sent

pytestmark = pytest.mark.django_db

ALL = "\n".join(PAYLOADS)
#: A name or number is one line of limited length.
SHORT = [payload for payload in PAYLOADS if len(payload) <= 100 and "\u2028" not in payload]


class Elements(HTMLParser):
    """Collects whatever on a page could run or load: our own pages have no inline script and no handlers."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        ours = tag == "script" and (given.get("src") or "").startswith("/static/")
        if tag in {"script", "iframe", "base", "marquee", "math", "video", "style", "animate"} and not ours:
            self.found.append(tag)
        self.found += [
            f"{tag} {name}"
            for name, value in attrs
            if name.startswith(("on", "hx-on", "srcdoc")) or "javascript:" in (value or "").lower()[:11]
        ]
        if tag == "meta" and "refresh" in (given.get("http-equiv") or ""):
            self.found.append("refresh")


def foreign(page: Any) -> list[str]:
    parser = Elements()
    parser.feed(page.content.decode())
    return parser.found


def test_the_collector_finds_every_payload_that_is_not_escaped() -> None:
    class Raw:
        content = "\n".join(f"<p>{payload}</p>" for payload in PAYLOADS if payload.startswith("<s")).encode()

    assert len(foreign(Raw)) >= 5


@pytest.fixture(autouse=True)
def own_store(settings: Any, tmp_path: Path) -> None:
    settings.EVIDENCE_DIR = tmp_path / "evidence"


def test_in_lines_reference_and_outcome_of_the_portal(nia: User) -> None:
    found = make_sent(make_partner(people=(nia,)))
    client = client_of(nia)
    of = {"args": [found.public_id]}
    for payload in SHORT[:3]:
        assert client.post(reverse("portal_acknowledge", **of), {"sha256": payload}).status_code == 422
        assert (
            foreign(
                client.post(reverse("portal_acknowledge", **of), {"sha256": payload, "reference": payload})
            )
            == []
        )
    client.post(reverse("portal_acknowledge", **of), {"reference": SHORT[2]})
    client.post(reverse("portal_line", **of), {"kind": "question", "text": ALL})
    client.post(reverse("portal_answer", **of), {"outcome": "removed", "reference": SHORT[0], "text": ALL})
    assert found.lines.count() == 2
    own = client.get(reverse("portal_escalation", **of))
    assert "&lt;script&gt;" in own.content.decode()
    assert foreign(own) == []
    desk = client_of(person("mona")).get(reverse("escalation", **of))
    assert "&lt;script&gt;" in desk.content.decode()
    assert foreign(desk) == []


def test_in_names_and_lines_behind_a_link() -> None:
    partner = make_partner("Police", channel=Channel.LINK)
    contact = Contact.objects.create(
        partner=partner, name=SHORT[2], position=SHORT[1], mail="oda@police.example"
    )
    found = make_sent(partner)
    mona = person("mona")
    _link, token, code = links.make_link(
        found, actor=mona, contact=contact, mail_to="oda@police.example", code_by="phone", days=1
    )
    visitor = Client()
    assert foreign(visitor.post(reverse("link_open", args=[token]), {"code": SHORT[2][:40]})) == []
    visitor.post(reverse("link_open", args=[token]), {"code": code})
    for number, payload in enumerate(SHORT):
        visitor.post(reverse("link_line"), {"name": payload, "kind": "word", "text": ALL})
        assert found.lines.count() == number + 1
    for page in (
        visitor.get(reverse("link_page")),
        client_of(mona).get(reverse("escalation", args=[found.public_id])),
        client_of(mona).get(reverse("escalation_link_new", args=[found.public_id])),
    ):
        assert page.status_code == 200
        assert foreign(page) == []
