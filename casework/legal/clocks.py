"""Which deadlines a request has: by its law, by its own document, or by a promise of ours. Data, with where it is from.

Marks as in the project's collection of facts: P was read in the official text, S in a secondary source only, which
pages say. What nobody has read stands here as our own target or asks for the document's own deadline.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from .models import LegalClock, LegalRequest, Type

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Kind, Source = LegalClock.Kind, LegalClock.Source
#: Our own word to authorities and to ourselves.
ANSWER_TARGET, EMERGENCY_TARGET, PROCESS_TARGET = timedelta(hours=24), timedelta(hours=1), timedelta(days=14)


class Named(StrEnum):
    """What a deadline that the document names does to the rule's own."""

    NEEDED = "needed"  # there is no other
    SHORTENS = "shortens"  # the earlier of the two holds
    REPLACES = "replaces"  # the law lets the authority allow longer


def months_after(moment: datetime, months: int) -> datetime:
    """The same day *months* later, or the last day of that month."""
    years, month = divmod(moment.month - 1 + months, 12)
    year, month = moment.year + years, month + 1
    return moment.replace(year=year, month=month, day=min(moment.day, calendar.monthrange(year, month)[1]))


def _after(**parts: float) -> Callable[[datetime], datetime]:
    return lambda moment: moment + timedelta(**parts)


@dataclass(frozen=True, slots=True)
class Rule:
    """One deadline of a type; *due* is None where only the document can say. *renew* is allowed once."""

    kind: str
    source: str
    basis: str
    when: StrOrPromise
    mark: str = ""
    due: Callable[[datetime], datetime] | None = None
    urgent: Callable[[datetime], datetime] | None = None
    named: Named = Named.SHORTENS
    renew: timedelta | None = None


def _by_document(basis: str) -> tuple[Rule, ...]:
    return (
        Rule(
            Kind.ANSWER,
            Source.DOCUMENT,
            basis,
            _("by the deadline that the document names"),
            named=Named.NEEDED,
        ),
    )


def _confirming(basis: str) -> Rule:
    return Rule(
        Kind.ANSWER,
        Source.TARGET,
        basis,
        _("confirmed or answered within 24 hours"),
        due=lambda moment: moment + ANSWER_TARGET,
    )


RULES: dict[str, tuple[Rule, ...]] = {
    Type.PRESERVATION: (
        _confirming("18 USC 2703(f)"),
        Rule(
            Kind.PRESERVE,
            Source.LAW,
            "18 USC 2703(f)(2)",
            _("keep for 90 days, renewable once by 90"),
            "P",
            due=_after(days=90),
            renew=timedelta(days=90),
        ),
    ),
    Type.SUBPOENA: _by_document("18 USC 2703(c)(2)"),
    Type.ORDER_2703D: _by_document("18 USC 2703(d)"),
    Type.WARRANT: _by_document("18 USC 2703"),
    Type.PEN_TRAP: _by_document("18 USC 3123"),
    Type.NSL: _by_document("18 USC 2709"),
    Type.EMERGENCY: (
        Rule(
            Kind.ANSWER,
            Source.TARGET,
            "18 USC 2702(b)(8), (c)(4)",
            _("as soon as possible, within 1 hour"),
            due=lambda moment: moment + EMERGENCY_TARGET,
        ),
    ),
    Type.MLAT: _by_document("mutual legal assistance"),
    Type.CLOUD_ACT: _by_document("CLOUD Act agreement"),
    Type.EPOC: (
        Rule(
            Kind.ANSWER,
            Source.LAW,
            "Regulation (EU) 2023/1543",
            _("10 days; 8 hours in an emergency"),
            "S",
            due=_after(days=10),
            urgent=_after(hours=8),
        ),
    ),
    Type.EPOC_PR: (
        _confirming("Regulation (EU) 2023/1543"),
        Rule(
            Kind.PRESERVE,
            Source.LAW,
            "Regulation (EU) 2023/1543",
            _("keep for 60 days, renewable once by 30"),
            "P",
            due=_after(days=60),
            renew=timedelta(days=30),
        ),
    ),
    Type.UK_IPA: _by_document("IPA 2016, RIPA 2000"),
    Type.UK_OPO: _by_document("Crime (Overseas Production Orders) Act 2019"),
    Type.DSA_9: (_confirming("Regulation (EU) 2022/2065, Article 9"),),
    Type.DSA_10: (_confirming("Regulation (EU) 2022/2065, Article 10"),),
    Type.ESAFETY: (
        Rule(
            Kind.ANSWER,
            Source.LAW,
            "Online Safety Act 2021, s. 77",
            _("24 hours, or longer if the notice allows it"),
            "P",
            due=_after(hours=24),
            named=Named.REPLACES,
        ),
    ),
    Type.CIVIL: _by_document("court order"),
    Type.DSAR: (
        # Which period the law sets was not read anywhere; this one is ours until somebody has.
        Rule(
            Kind.ANSWER,
            Source.TARGET,
            "request of the person concerned",
            _("one month"),
            due=lambda moment: months_after(moment, 1),
        ),
    ),
}

#: After an emergency: the process that a court would have been asked for.
PROCESS = Rule(
    Kind.PROCESS,
    Source.TARGET,
    "18 USC 2702(b)(8), (c)(4)",
    _("within 14 days"),
    due=lambda moment: moment + PROCESS_TARGET,
)
#: Types whose document has to name its deadline.
DEADLINE_NEEDED = {
    type_ for type_, rules in RULES.items() if any(rule.named == Named.NEEDED for rule in rules)
}


@dataclass(frozen=True, slots=True)
class Due:
    """One deadline of one request: until when, and whose word that is."""

    kind: str
    source: str
    basis: str
    due_at: datetime


def deadlines(request: LegalRequest) -> list[Due]:
    """The deadlines that run from receipt. Raises ValueError where the document's own is needed and missing."""
    return [_due(rule, request) for rule in RULES[request.type]]


def _due(rule: Rule, request: LegalRequest) -> Due:
    moves = rule.urgent if request.urgent and rule.urgent else rule.due
    own = moves(request.received_at) if moves else None
    named = request.deadline_at if rule.kind == Kind.ANSWER else None
    if named is None and own is None:
        raise ValueError("The document's own deadline is needed.")
    if own is None or (named is not None and (rule.named == Named.REPLACES or named < own)):
        assert named is not None
        return Due(rule.kind, Source.DOCUMENT, rule.basis, named)
    return Due(rule.kind, rule.source, rule.basis, own)


def mark_of(clock: LegalClock) -> str:
    """How well the period of a clock is known: the mark of its rule where it runs by law, else empty."""
    if clock.source != Source.LAW:
        return ""
    return next((rule.mark for rule in RULES[clock.request.type] if rule.kind == clock.kind), "")


def renewal(request: LegalRequest) -> timedelta | None:
    """By how much keeping may be renewed, once; None where nothing is kept."""
    return next((rule.renew for rule in RULES[request.type] if rule.renew), None)
