"""A draft on the basis of a legal request rests on one that is on record for its case, checked and open."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from casework.accounts.models import User
from casework.escalations import actions
from casework.escalations.models import Basis, Escalation
from casework.escalations.readiness import in_the_way
from casework.legal.models import LegalRequest, LegalRequestCase
from tests.cast import client_of, make_case, person
from tests.escalations.making import make_draft, make_partner, offered, seen
from tests.escalations.ordered import on_record, resting
from tests.journal import verbs_of

pytestmark = pytest.mark.usefixtures("db", "mona")
ORDER: dict[str, Any] = {"basis": Basis.LEGAL_REQUEST, "authority": "Order 7/26", "consent": "not_needed"}


def test_lex_drafts_on_a_request_of_the_partner_about_the_case(lex: User) -> None:
    case, partner = make_case(), make_partner()
    wanted = on_record(case, partner)
    draft = make_draft(case, partner=partner, author=lex, legal_request=wanted, **ORDER)
    assert draft.legal_request == wanted
    assert not in_the_way(draft)


@pytest.mark.parametrize(
    "which", ["none", "unknown", "of another case", "of another partner", "received", "closed"]
)
def test_lex_drafts_on_no_other(which: str, lex: User) -> None:
    case, partner = make_case(), make_partner()
    ways: dict[str, Callable[[], uuid.UUID | None]] = {
        "none": lambda: None,
        "unknown": uuid.uuid4,
        "of another case": lambda: on_record(make_case(), partner),
        "of another partner": lambda: on_record(case, make_partner("Others")),
        "received": lambda: on_record(case, partner, state="received"),
        "closed": lambda: on_record(case, partner, state="closed"),
    }
    wanted = ways[which]()
    before = verbs_of(case)
    with pytest.raises(actions.NotReady, match="on record"):
        make_draft(case, partner=partner, author=lex, legal_request=wanted, **ORDER)
    assert not Escalation.objects.exists()
    assert verbs_of(case) == before


def test_mona_who_may_not_read_legal_requests_can_t_choose_one(mona: User) -> None:
    case, partner = make_case(), make_partner()
    with pytest.raises(actions.NotReady, match="on record"):
        make_draft(case, partner=partner, legal_request=on_record(case, partner), **ORDER)
    page = client_of(mona).get(reverse("case_escalate", args=[case.public_id])).content.decode()
    assert "The court of Exampleton" not in page


@pytest.mark.parametrize("how", ["withdrawn", "left out"])
def test_lena_approves_nothing_once_the_request_is_no_longer_open(how: str, lena: User) -> None:
    draft = resting(make_draft(basis=Basis.STATUTORY, authority="Order 7/26"))
    offered(draft)
    if how == "withdrawn":
        LegalRequest.objects.update(state="withdrawn")
    else:
        LegalRequestCase.objects.update(left_out_by=person("lex"))
    before = verbs_of(draft.case)
    with pytest.raises(actions.NotReady, match="on record and open"):
        actions.approve(draft, actor=lena, digest=seen(draft, lena))
    assert verbs_of(draft.case) == before


def test_the_table_itself_lets_nothing_leave_on_a_request_that_is_not_named() -> None:
    draft = resting(make_draft(basis=Basis.STATUTORY, authority="Order 7/26"))
    offered(draft)
    with pytest.raises(IntegrityError, match="escalation_answers_a_request"), transaction.atomic():
        Escalation.objects.filter(pk=draft.pk).update(state="approved", legal_request=None)


def test_the_form_offers_lex_what_is_on_record(lex: User) -> None:
    case, partner = make_case(), make_partner()
    wanted = on_record(case, partner)
    start = reverse("case_escalate", args=[case.public_id])
    assert "The court of Exampleton" in client_of(lex).get(start).content.decode()
    sent = {"partner": str(partner.public_id), "basis": "legal_request", "urgency": "routine"}
    assert client_of(lex).post(start, sent).status_code == 422
    assert client_of(lex).post(start, sent | {"legal_request": str(wanted)}).status_code == 302
    assert Escalation.objects.get().legal_request == wanted


def test_the_first_page_asks_no_more_for_more_partners(lex: User, django_assert_max_num_queries: Any) -> None:
    case = make_case()
    start = reverse("case_escalate", args=[case.public_id])
    client = client_of(lex)
    for number in range(25):
        make_partner(f"Partner {number}")
    client.get(start)
    with django_assert_max_num_queries(45):
        page = client.get(start).content.decode()
    assert "Partner 24" in page
