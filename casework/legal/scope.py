"""Minimum production: what each type of request may be given at all, and what leaves for each category asked for."""

from __future__ import annotations

from collections.abc import Iterable

from .models import Category, LegalRequest, Type

_RECORDS = frozenset({
    Category.SUBSCRIBER, Category.SESSIONS, Category.LOCATORS, Category.HASHES, Category.REPORTS, Category.DECISIONS,
})  # fmt: skip
_ALL = _RECORDS | {Category.CONTENT}
_KEEP = frozenset({Category.PRESERVE})
_ACT = frozenset({Category.LOCATORS, Category.DECISIONS})

#: What may be asked for under which process. Content only where a court or the law for emergencies says so.
ALLOWED: dict[str, frozenset[Category]] = {
    Type.PRESERVATION: _KEEP,
    Type.SUBPOENA: frozenset({Category.SUBSCRIBER, Category.SESSIONS}),
    Type.ORDER_2703D: _RECORDS,
    Type.WARRANT: _ALL,
    Type.PEN_TRAP: frozenset({Category.SESSIONS}),
    Type.NSL: frozenset({Category.SUBSCRIBER, Category.SESSIONS}),
    Type.EMERGENCY: _ALL,
    Type.MLAT: _ALL,
    Type.CLOUD_ACT: _ALL,
    Type.EPOC: _ALL,
    Type.EPOC_PR: _KEEP,
    Type.UK_IPA: _ALL,
    Type.UK_OPO: _ALL,
    Type.DSA_9: _ACT,
    Type.DSA_10: _RECORDS,
    Type.ESAFETY: _ACT,
    Type.CIVIL: _RECORDS,
    Type.DSAR: _RECORDS,
}

#: Category -> codes of ``escalations.choosing.FIELDS``. Of sign-ins nothing is held here, so nothing stands for them.
FIELDS: dict[str, tuple[str, ...]] = {
    Category.SUBSCRIBER: ("uploader_accounts",),
    Category.SESSIONS: (),
    Category.LOCATORS: ("locators",),
    Category.HASHES: ("hashes", "item_details"),
    Category.CONTENT: ("imagery",),
    Category.REPORTS: ("times", "reporter_role"),
    Category.DECISIONS: ("decisions", "actions_taken"),
    Category.PRESERVE: (),
}
#: What people wrote is content: it goes along with reports only where content may go.
_WRITTEN = "reporter_statement"
#: So that a production can be told apart and checked.
ALWAYS = ("case_number",)

#: Types that are answered by an act or to the person themselves, not by a package through a partner's channel.
ANSWERED_BY_HAND = frozenset({Type.DSA_9, Type.ESAFETY, Type.DSAR})


def allowed(type_: str) -> frozenset[Category]:
    """The categories that a request of this type may be given."""
    return ALLOWED[type_]


def beyond(type_: str, categories: Iterable[str]) -> list[str]:
    """Those of *categories* that this type of request can't reach, in the order of the enum."""
    asked = set(categories)
    return [one for one in Category.values if one in asked and one not in ALLOWED[type_]]


def fields(request: LegalRequest) -> list[str]:
    """The codes of what a production holds: only what was asked for, and only what its type can reach."""
    granted = [one for one in Category.values if one in request.categories and one in ALLOWED[request.type]]
    codes = [code for one in granted for code in FIELDS[one]]
    if {Category.REPORTS, Category.CONTENT} <= set(granted):
        codes.append(_WRITTEN)
    return [*ALWAYS, *codes] if codes else []
