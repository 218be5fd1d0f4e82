"""What is missing in what was chosen, in sentences. What basis, consent and partner allow is said in ``rules`` and
``casework.partners.reading``; all of them have to be silent before something may be approved."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

from django.utils.translation import gettext as _

from casework.accounts.models import Organisation
from casework.partners.models import Accepts

from .models import Consent, Escalation

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class _Named(Protocol):
    @property
    def label(self) -> StrOrPromise: ...


def problems(escalation: Escalation, least: Collection[str], fields: Mapping[str, _Named]) -> Iterator[str]:
    """Sentences, none when the choice is complete. *least* are the codes that need no reason."""
    if not escalation.facts.strip():
        yield _("The facts are empty. Say in a few sentences what happened.")
    if not escalation.chosen_items.exists() and not escalation.chosen_locators.exists():
        yield _("No item and no place is picked.")
    for code in escalation.fields:
        if code not in fields:
            yield _("“%(code)s” is nothing that can be chosen.") % {"code": code}
        elif code not in least and not reason_for(escalation, code):
            yield _("“%(field)s” goes beyond the minimum: say why.") % {"field": fields[code].label}
    if "depicted_contact" in escalation.fields and escalation.consent != Consent.GIVEN:
        yield _("A contact leaves only with the consent of the person it reaches.")
    yield from _minors(escalation)
    yield from _pictures(escalation)


def reason_for(escalation: Escalation, code: str) -> str:
    """Why a field was added to the minimum, as its author wrote it."""
    said = str(escalation.reasons.get(code, "")).strip()
    return said or (escalation.imagery_why.strip() if code == "imagery" else "")


def _minors(escalation: Escalation) -> Iterator[str]:
    if not escalation.case.minor_indicated:
        return
    if Accepts.MINOR not in escalation.partner.accepts:
        yield _("This may show somebody under 18, and %(partner)s does not take that on.") % {
            "partner": escalation.partner
        }
    authority = escalation.partner.organisation.kind == Organisation.Kind.LAW_ENFORCEMENT
    if "imagery" in escalation.fields and not escalation.is_tip and not authority:
        yield _("Pictures of somebody who may be under 18 go to nobody but law enforcement.")


def _pictures(escalation: Escalation) -> Iterator[str]:
    flagged = list(escalation.chosen_items.filter(with_picture=True).select_related("item"))
    chosen = "imagery" in escalation.fields
    if chosen and not flagged:
        yield _("Pictures are chosen, and no item is picked for it.")
    if flagged and not chosen:
        yield _("Items are picked with their picture, and pictures are not among the fields.")
    if not escalation.is_tip:  # which sends originals
        for row in flagged:
            if row.item.rendition_id is None:
                yield _("There is no picture of item %(n)d that could go along.") % {"n": row.item.position}
