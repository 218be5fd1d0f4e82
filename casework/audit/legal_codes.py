"""What entries about legal requests carry, as people say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from .verbs import Verb

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

LEGAL_CODES: dict[str, StrOrPromise] = {
    "preservation_request": _("preservation request"),
    "court_order_2703d": _("court order, 18 USC 2703(d)"),
    "pen_trap": _("pen register or trap and trace order"),
    "nsl": _("national security letter"),
    "mlat": _("mutual legal assistance"),
    "cloud_act_agreement": _("CLOUD Act agreement"),
    "epoc": _("European Production Order"),
    "epoc_pr": _("European Preservation Order"),
    "uk_ipa_ripa": _("UK notice or warrant"),
    "dsa_art9_order_remove": _("order to act, DSA Article 9"),
    "dsa_art10_order_info": _("order to inform, DSA Article 10"),
    "esafety_notice": _("eSafety notice"),
    "dsar_gdpr": _("request by the person concerned"),
    "call_back": _("called back"),
    "court": _("asked the court"),
    "not_authentic": _("its origin could not be confirmed"),
    "no_process": _("the process does not reach what is asked"),
    "too_broad": _("it names no exact identifiers"),
    "no_jurisdiction": _("the authority is not competent here"),
    "not_held": _("we hold nothing of it"),
    "emergency_not_shown": _("no danger to life or limb is shown"),
    "legal_production": _("by what was handed over"),
    "legal_words": _("in words"),
    "letter_receipt": _("receipt"),
    "letter_refusal": _("refusal"),
    "letter_cover": _("cover letter"),
    "letter_preserved": _("confirmation that it is preserved"),
    "handed_system": _("through their own secure system"),
    "handed_court": _("through the court's electronic filing"),
    "handed_sealed": _("sealed to their verified key"),
    "handed_person": _("in person"),
    "handed_post": _("by registered post"),
    "by_law": _("by law"),
    "by_document": _("by its own words"),
    "by_target": _("our own target, not law"),
}

#: Entries whose sentence says it all, to a desk that is not to learn of the request behind a hold.
LEGAL_SAYS_ENOUGH = (
    Verb.HOLD_RELEASE_ASKED,
    Verb.HOLD_RELEASED,
    Verb.LEGAL_MATCHED,
    Verb.LEGAL_LEFT_OUT,
    Verb.LEGAL_PRODUCTION_DRAFTED,
    Verb.LEGAL_DOCUMENT_OPENED,
    Verb.LEGAL_REOPENED,
    Verb.LEGAL_ACCEPTED,
    Verb.LEGAL_WITHDRAWN,
    Verb.LEGAL_PARTNER_CHOSEN,
    Verb.LEGAL_PRESERVED,
    Verb.LEGAL_KEEPING_ENDED,
    Verb.LEGAL_CLOSED,
)

LEGAL_SENTENCES: dict[str, StrOrPromise] = {
    Verb.LEGAL_RECEIVED: _("%(actor)s entered a legal request"),
    Verb.LEGAL_DOCUMENT_STORED: _("%(actor)s stored the document of a legal request"),
    Verb.LEGAL_DOCUMENT_OPENED: _("%(actor)s opened the document of a legal request"),
    Verb.LEGAL_MATCHED: _("%(actor)s found a case that a legal request concerns"),
    Verb.LEGAL_LEFT_OUT: _("%(actor)s left a case out of a legal request"),
    Verb.LEGAL_CHECKED: _("%(actor)s checked whether a legal request is authentic"),
    Verb.LEGAL_REOPENED: _("%(actor)s had a legal request checked anew"),
    Verb.LEGAL_ACCEPTED: _("%(actor)s accepted a legal request"),
    Verb.LEGAL_REFUSED: _("%(actor)s refused a legal request"),
    Verb.LEGAL_WITHDRAWN: _("%(actor)s noted that a legal request was withdrawn"),
    Verb.LEGAL_PARTNER_CHOSEN: _("%(actor)s chose the authority's entry for a legal request"),
    Verb.LEGAL_PRODUCTION_DRAFTED: _("%(actor)s drafted what a legal request is given"),
    Verb.LEGAL_PRODUCED: _("%(actor)s answered a legal request"),
    Verb.LEGAL_PRESERVED: _("%(actor)s preserved what a legal request names"),
    Verb.LEGAL_RENEWED: _("%(actor)s renewed a preservation"),
    Verb.LEGAL_PROCESS_RECEIVED: _("%(actor)s noted the process that followed an emergency"),
    Verb.LEGAL_SILENCE_PROLONGED: _("%(actor)s prolonged the silence about a legal request"),
    Verb.LEGAL_PERSON_NOTIFIED: _("%(actor)s noted that the person concerned was told of a legal request"),
    Verb.LEGAL_LETTER_WRITTEN: _("%(actor)s wrote a letter about a legal request"),
    Verb.LEGAL_LETTER_RELEASED: _("%(actor)s released a letter about a legal request"),
    Verb.LEGAL_LETTER_HANDED_OVER: _("%(actor)s noted that a letter was handed to an authority"),
    Verb.LEGAL_CLOCK_BREACHED: _("%(actor)s found a legal request past its deadline"),
    Verb.LEGAL_KEEPING_ENDED: _("%(actor)s found that a preservation has run its time"),
    Verb.LEGAL_CLOSED: _("%(actor)s closed a legal request"),
}
