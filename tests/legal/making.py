"""Legal requests of the tests: lex enters and checks them, lena checks and accepts them, lex drafts, lena lets go."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone

from casework.accounts.models import User
from casework.cases import actions as cases
from casework.cases.models import Case
from casework.legal import actions, scope
from casework.legal.clocks import DEADLINE_NEEDED
from casework.legal.models import Category, LegalClock, LegalRequest, LegalRequestCase, Type
from casework.partners.models import Partner
from tests.cast import make_case, person
from tests.escalations import making

#: An address of the tests' case, as authorities name it.
PAGE = "https://pictures.example/p/1"
OFFICER = {
    "name": "Officer Kay",
    "title": "Detective",
    "mail": "kay@police.example",
    "phone": "+1 (202) 555-0100",
}
EMERGENCY = {
    "nature": "somebody announced to take their life tonight", "person_at_risk": "the person depicted",
    "imminence": "the message is an hour old", "why_no_process": "no judge can be reached before",
    "data_needed": "the account that sent the message",
}  # fmt: skip


def make_police(**fields: Any) -> Partner:
    """An authority of the directory, in force, with a verified key and its own call-back number."""
    found = Partner.objects.filter(organisation__name="Police").first()
    number = {
        "call_back_number": "+1 202 555 0188", "call_back_source": "the printed directory of the state",
        "call_back_found_at": "2026-11-02",
    }  # fmt: skip
    return found or making.make_partner("Police", kind="law_enforcement", **(number | fields))


def case_with_account() -> Case:
    """The tests' case, at whose page an account was named too."""
    case = make_case()
    cases.add_locators(case, [("account", "@somebody")], actor=None)
    return case


def enter(type_: str = Type.WARRANT, *, actor: User | None = None, **fields: Any) -> LegalRequest:
    """A request as lex enters it: everything its type may ask for, about the page of the tests' case."""
    now = timezone.now()
    values: dict[str, Any] = {
        "authority": "State Police", "country": "US", "authority_reference": "24-17", "citation": "order of today",
        "officer": OFFICER, "received_at": now - timedelta(minutes=1),
        "targets": [{"kind": "url", "value": PAGE}],
        "categories": [code for code in Category.values if code in scope.allowed(type_)],
    }  # fmt: skip
    if type_ in DEADLINE_NEEDED:
        values["deadline_at"] = now + timedelta(days=14)
    if type_ == Type.EMERGENCY:
        values["emergency"] = EMERGENCY
    return actions.enter_request(actor=actor or person("lex"), type=type_, **(values | fields))


def check(request: LegalRequest, name: str, *, authentic: bool = True, **fields: Any) -> None:
    """*name*'s finding, by a number of the directory."""
    told = {
        "how": "call_back", "number": "+1 202 555 0188", "number_source": "the printed directory of the state",
        "words": "The desk sergeant confirmed it.",
    }  # fmt: skip
    actions.check_request(request, actor=person(name), authentic=authentic, **(told | fields))


def checked(type_: str = Type.WARRANT, **fields: Any) -> LegalRequest:
    """A request with its document and two people's checks."""
    request = enter(type_, **fields)
    actions.store_document(request, actor=person("lex"), name="order.pdf", content=b"%PDF-1.7 an order")
    check(request, "lex")
    check(request, "lena")
    request.refresh_from_db()
    return request


def accepted(type_: str = Type.WARRANT, **fields: Any) -> LegalRequest:
    """A request that lena took on."""
    request = actions.accept(checked(type_, **fields), actor=person("lena"))
    request.refresh_from_db()
    return request


def matter_of(request: LegalRequest, case: Case | None = None) -> LegalRequestCase:
    """The one case that a request concerns, or the one of *case*."""
    return request.matters.get() if case is None else request.matters.get(case=case)


def let_go(request: LegalRequest, **case: Any) -> None:
    """Lex drafts what the request is given, lena approves it, and it is sent."""
    made = actions.produce(matter_of(request, **case), actor=person("lex"))
    making.offered(made)
    making.actions.approve(made, actor=person("lena"), digest=making.seen(made, person("lena")))
    making.note_sent(made, actor=None)


def pass_time(request: LegalRequest, **parts: float) -> None:
    """As if the clocks of *request* had been started that much earlier."""
    back = timedelta(**parts)
    LegalClock.objects.filter(request=request).update(
        started_at=F("started_at") - back, due_at=F("due_at") - back
    )


def clock_of(request: LegalRequest, kind: str = LegalClock.Kind.ANSWER) -> LegalClock:
    return request.clocks.get(kind=kind)
