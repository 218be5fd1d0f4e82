"""The legal requests of the demo: entered, checked, accepted, refused and answered by two people's own actions.

Nothing of them is handed to anybody: what a request is given stays a draft, and a letter is released, not sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from casework.accounts.models import User
from casework.legal import actions as legal
from casework.legal import letters
from casework.legal.models import Category, LegalCheck, LegalLetter, LegalRequest, Type
from casework.partners.models import Partner

from .demo_partners import POLICE

People = dict[str, User]
_NUMBER, _FOUND = "+1 202 555 0199", "the city's printed directory, 2026 edition"


@dataclass(frozen=True)
class DemoRequest:
    """One request, told from the others by *reference*: how long ago it was received, and what happened since."""

    reference: str
    type: str
    authority: str
    country: str
    ago: timedelta
    names: str
    then: Callable[[LegalRequest, People], None]
    more: Callable[[], dict[str, Any]] = dict
    categories: tuple[str, ...] = (Category.PRESERVE,)


def make_requests(people: People) -> None:
    """Each request of the demo once; what was entered before stays as it is."""
    known = set(LegalRequest.objects.values_list("authority_reference", flat=True))
    for each in REQUESTS:
        if each.reference in known:
            continue
        now = timezone.now()
        request = legal.enter_request(
            actor=people["lex"], type=each.type, authority=each.authority, country=each.country,
            authority_reference=each.reference, received_at=now - each.ago, targets=_target(each.names),
            officer={"name": "Officer Kay (demo)", "phone": "+1 202 555 0100"},
            served_by="by the authority's portal (demo)", categories=list(each.categories), **each.more(),
        )  # fmt: skip
        each.then(request, people)


def _target(name: str) -> list[dict[str, str]]:
    return [{"kind": "account" if name.startswith("@") else "url", "value": name}]


def _store(request: LegalRequest, people: People) -> None:
    words = f"Demo document of {request.authority}, {request.authority_reference}. No authority wrote it.\n"
    legal.store_document(request, actor=people["lex"], name="served-demo.txt", content=words.encode())


def _check(request: LegalRequest, who: User, *, authentic: bool = True, words: str) -> None:
    legal.check_request(
        request, actor=who, how=LegalCheck.How.CALL_BACK, authentic=authentic, number=_NUMBER,
        number_source=_FOUND, words=words,
    )  # fmt: skip


def _check_twice(request: LegalRequest, people: People) -> None:
    _check(request, people["lex"], words="The desk sergeant knows the request and its number.")
    _check(request, people["lena"], words="The officer's supervisor confirmed it.")


def _release(letter: LegalLetter, people: People) -> None:
    legal.release_letter(letter, actor=people["lena"], seen=letters.digest(letter.text))


def _preserve(request: LegalRequest, people: People) -> None:
    _store(request, people)
    _check_twice(request, people)
    request = legal.accept(request, actor=people["lena"])
    kind = LegalLetter.Kind.PRESERVED
    _release(legal.write_letter(request, actor=people["lex"], kind=kind), people)


def _check_once(request: LegalRequest, people: People) -> None:
    _store(request, people)
    _check(request, people["lex"], words="The clerk of the court read its number back to me.")


def _answer_at_once(request: LegalRequest, people: People) -> None:
    _check_twice(request, people)
    legal.accept(request, actor=people["lena"])
    legal.answer_in_words(
        request,
        actor=people["lena"],
        words="Told their desk by telephone that we hold nothing under this name.",
    )


def _refuse(request: LegalRequest, people: People) -> None:
    _store(request, people)
    words = "They know neither the officer nor the number."
    _check(request, people["lena"], authentic=False, words=words)
    legal.refuse(request, actor=people["lex"], grounds=["not_authentic", "too_broad"])
    _release(request.letters.get(), people)


def _draft_production(request: LegalRequest, people: People) -> None:
    _store(request, people)
    _check_twice(request, people)
    legal.accept(request, actor=people["lena"])
    for matter in request.matters_for(people["lex"]):
        legal.produce(matter, actor=people["lex"])


def _emergency() -> dict[str, Any]:
    words = {
        "nature": "Somebody wrote that they will take their life tonight.",
        "person_at_risk": "The person depicted.",
        "imminence": "The message is an hour old.",
        "why_no_process": "No judge can be reached before the morning.",
        "data_needed": "The account that sent it, to find where they are.",
    }
    return {"emergency": words}


def _order() -> dict[str, Any]:
    """An order that names its deadline, that forbids any word, and that leaves through the directory."""
    now = timezone.now()
    return {
        "partner": Partner.objects.get(organisation__name=POLICE), "citation": "18 USC 2703(d) (demo)",
        "deadline_at": now + timedelta(days=9), "nondisclosure_until": now + timedelta(days=60),
    }  # fmt: skip


def _in_six_days() -> dict[str, Any]:
    return {"deadline_at": timezone.now() + timedelta(days=6)}


REQUESTS = (
    DemoRequest(
        "DEMO-P-11", Type.PRESERVATION, "County prosecutor (demo)", "US", timedelta(hours=3),
        "https://pictures.example/demo/harbour", _preserve,
    ),
    DemoRequest(
        "DEMO-S-24", Type.SUBPOENA, "District court (demo)", "US", timedelta(days=1),
        "https://pictures.example/demo/bridge", _check_once, _in_six_days, (Category.SUBSCRIBER,),
    ),
    DemoRequest(
        "DEMO-E-07", Type.EMERGENCY, "State police (demo)", "US", timedelta(minutes=25), "@nobody.we.know",
        _answer_at_once, _emergency, (Category.SUBSCRIBER, Category.SESSIONS),
    ),
    DemoRequest(
        "DEMO-W-31", Type.WARRANT, "Office of somebody else (demo)", "US", timedelta(hours=20),
        "https://pictures.example/demo/garden", _refuse, _in_six_days, (Category.CONTENT, Category.SUBSCRIBER),
    ),
    DemoRequest(
        "DEMO-N-02", Type.ESAFETY, "eSafety desk (demo)", "AU", timedelta(hours=22, minutes=30),
        "https://pictures.example/demo/station", _check_once, categories=(Category.LOCATORS,),
    ),
    DemoRequest(
        "DEMO-O-40", Type.ORDER_2703D, "City court (demo)", "US", timedelta(hours=6),
        "https://pictures.example/demo/bridge", _draft_production, _order,
        (Category.SUBSCRIBER, Category.LOCATORS, Category.DECISIONS),
    ),
)  # fmt: skip
