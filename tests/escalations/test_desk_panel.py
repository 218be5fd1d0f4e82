"""What the case page says of its escalations, and the way from it to a new one."""

from __future__ import annotations

import pytest
from django.urls import reverse

from casework.accounts.models import User
from tests.cast import client_of, make_case
from tests.escalations.handing import make_partner, make_sent
from tests.journal import verbs_of

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


def test_the_case_page_asks_for_the_panel_and_offers_the_key(mona: User) -> None:
    case = make_case()
    page = client_of(mona).get(reverse("case", args=[case.public_id])).content.decode()
    assert f'hx-get="{reverse("case_escalations", args=[case.public_id])}"' in page
    assert 'data-key="e"' in page


def test_the_panel_names_partner_state_and_clock(mona: User) -> None:
    sent = make_sent(make_partner())
    panel = (
        client_of(mona).get(reverse("case_escalations", args=[sent.case.public_id]), **HTMX).content.decode()
    )
    assert "<h1" not in panel
    for words in (sent.number, "Safe Harbour", "sent", "acknowledgement", "drafted by you"):
        assert words in panel


def test_without_script_the_panel_is_a_page_and_opening_it_is_an_entry(mona: User) -> None:
    case = make_case()
    address = reverse("case_escalations", args=[case.public_id])
    before = verbs_of(case)
    client_of(mona).get(address, **HTMX)
    assert verbs_of(case) == before, "the case page has its own entry"
    assert "Nothing of this case was passed on." in client_of(mona).get(address).content.decode()
    assert verbs_of(case) == [*before, "case.read"]


def test_an_auditor_reads_the_panel_without_the_button(audra: User) -> None:
    sent = make_sent(make_partner())
    panel = client_of(audra).get(reverse("case_escalations", args=[sent.case.public_id])).content.decode()
    assert sent.number in panel
    assert "Escalate to a partner" not in panel


def test_for_mona_a_restricted_case_has_no_panel(mona: User, sena: User) -> None:
    case = make_case(minor_indicated=True)
    address = reverse("case_escalations", args=[case.public_id])
    assert client_of(mona).get(address).status_code == 404
    assert client_of(sena).get(address).status_code == 200


def test_a_partner_has_no_business_with_the_panel(nia: User) -> None:
    partner = make_partner(people=(nia,))
    sent = make_sent(partner)
    assert client_of(nia).get(reverse("case_escalations", args=[sent.case.public_id])).status_code == 404
    assert client_of(nia).get(reverse("escalation", args=[sent.public_id])).status_code == 404
