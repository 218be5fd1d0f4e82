"""Grounds, tones and words of the way in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .clocks import RULES, mark_of
from .models import LegalClock, LegalRequest, State

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

NOT_AUTHENTIC = "not_authentic"

#: Code -> (what a person picks, the paragraph of the letter).
GROUNDS: dict[str, tuple[StrOrPromise, StrOrPromise]] = {
    NOT_AUTHENTIC: (
        _("its origin could not be confirmed"),
        _(
            "We could not confirm, through a contact that we found independently of the request, that it comes from "
            "the authority it names. Please have it served again through the authority's official channel."
        ),
    ),
    "no_process": (
        _("the process does not reach what is asked"),
        _(
            "The data asked for can't be disclosed under the process that was served. Please serve the process that "
            "the law requires for this kind of data."
        ),
    ),
    "too_broad": (
        _("it names no exact identifiers"),
        _(
            "The request does not name the accounts, addresses or files exactly enough to find them without looking "
            "at the data of people who are not concerned. Please name exact identifiers and a period."
        ),
    ),
    "no_jurisdiction": (
        _("the authority is not competent here"),
        _(
            "The request does not show that the issuing authority is competent for us. Please use mutual legal "
            "assistance or the instrument that applies between our countries."
        ),
    ),
    "not_held": (
        _("we hold nothing of it"),
        _("We searched for the identifiers named and hold no data under them."),
    ),
    "expired": (
        _("it has expired or was answered before"),
        _("The request had expired when it reached us, or its subject was answered before."),
    ),
    "emergency_not_shown": (
        _("no danger to life or limb is shown"),
        _(
            "The request does not describe a danger of death or serious physical injury that this disclosure would "
            "avert. A disclosure without process is voluntary, and we can't make one on what was said."
        ),
    ),
    "rights": (
        _("it conflicts with fundamental rights or immunities"),
        _(
            "To comply would conflict with obligations that protect fundamental rights, immunities or privileges. We "
            "ask the issuing authority to have this reviewed."
        ),
    ),
    "formal": (
        _("a signature, a date or a legal basis is missing"),
        _(
            "The request lacks a signature, a date or a legal basis that the law asks for. Please complete it."
        ),
    ),
}

_TONES = {
    State.RECEIVED: "info", State.CHECKING: "info", State.ACCEPTED: "good", State.PRODUCED: "good",
    State.PRESERVED: "good", State.REFUSED: "caution",
}  # fmt: skip


def tone(request: LegalRequest) -> str:
    """The tone of the badge of its state."""
    return _TONES.get(State(request.state), "")


def ground_choices() -> list[tuple[str, StrOrPromise]]:
    """(code, words) for a form."""
    return [(code, words) for code, (words, _paragraph) in GROUNDS.items()]


def clock_words(clock: LegalClock) -> dict[str, StrOrPromise]:
    """What a clock is for, on whose word, and that keeping which has run its time is no breach."""
    ended = clock.kind == LegalClock.Kind.PRESERVE and clock.due_at <= timezone.now()
    return {
        "what": clock.get_kind_display(),
        "whose": whose_words(clock.source, mark_of(clock)),
        "basis": clock.legal_basis,
        "renewed": _("renewed") if clock.renewed else "",
        "ended": _("has run its time") if ended else "",
    }


def whose_words(source: str, mark: str) -> StrOrPromise:
    """On whose word a deadline runs; law that was read in a secondary source only is called that."""
    if source == LegalClock.Source.LAW and mark == "S":
        return _("law, by a secondary source")
    return LegalClock.Source(source).label


def officer_words(officer: Mapping[str, str]) -> str:
    """The officer in one line, without the number that nobody should call."""
    parts = [officer.get(part, "") for part in ("name", "title", "badge", "mail", "supervisor")]
    return " · ".join(part for part in parts if part)


_TARGETS: dict[str, StrOrPromise] = {
    "url": _("address"), "account": _("account"), "digest": _("digest"), "case": _("case number"),
    "reference": _("report's reference"),
}  # fmt: skip


def target_words(target: Mapping[str, str]) -> dict[str, StrOrPromise]:
    """An identifier and what it is."""
    return {"value": target["value"], "kind": _TARGETS.get(target["kind"], target["kind"])}


def rule_words(type_: str) -> list[dict[str, StrOrPromise]]:
    """The deadlines of a type as {when, whose, basis}: law is called law, a promise of ours a promise."""
    return [
        {"when": rule.when, "whose": whose_words(rule.source, rule.mark), "basis": rule.basis}
        for rule in RULES[type_]
    ]
