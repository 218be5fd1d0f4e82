"""What a report's own status page says of what left: by kind, when, which facts, whether pictures, what became of it.

Never a name. Nothing that nobody may be told of yet, and nothing that hints at it: neither a number nor an empty place.
Only who speaks for the person depicted is told; whoever came across it might be the one an authority looks for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models.functions import Now
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from casework.accounts.models import Organisation
from casework.reports.models import Report
from casework.reports.passing import may_choose

from . import requests
from .models import Escalation, Outcome, State, TipCall

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

_Kind = Organisation.Kind

TO_WHOM: dict[str, StrOrPromise] = {
    _Kind.LAW_ENFORCEMENT: _("The police or another authority"),
    _Kind.NGO: _("An organisation that supports people concerned"),
    _Kind.LEGAL: _("A lawyer or legal adviser"),
    _Kind.HOTLINE: _("A hotline against abuse"),
    _Kind.HOST: _("The company on whose computers it is"),
    _Kind.PLATFORM: _("The site or app where it is"),
    _Kind.TRUSTED_FLAGGER: _("An organisation that reports such things to sites"),
}
#: ``choosing.FIELDS`` as the person concerned reads them; pictures are said apart.
SAID: dict[str, StrOrPromise] = {
    "case_number": _("the number of the case"),
    "times": _("when it was reported"),
    "facts": _("what happened, in a few sentences"),
    "urgency": _("how urgent it is"),
    "offence": _("which law may have been broken"),
    "jurisdiction": _("which country it concerns"),
    "locators": _("where it is"),
    "hashes": _("digital fingerprints of files, by which copies are found"),
    "item_details": _("what kind of files they are"),
    "custody": _("who here handled the files and when, without names"),
    "decisions": _("what we decided, and why"),
    "reporter_statement": _("your own words"),
    "scores": _("what our machines estimated"),
    "log_proofs": _("entries of our log, as proof"),
    "depicted_contact": _("how you can be reached"),
    "age_band": _("whether the person shown was under 18"),
    "reporter_role": _("who reported it, without a name"),
    "uploader_accounts": _("names of accounts that showed it"),
    "actions_taken": _("what has been taken down"),
    "preservation": _("how long we keep everything"),
    "other_reports": _("numbers of reports made elsewhere"),
}
_ANSWERED: dict[str, StrOrPromise] = {
    Outcome.TAKEN_ON: _("They answered: they have taken it on."),
    Outcome.REMOVED: _("They answered: it has been removed."),
    Outcome.INVESTIGATION: _("They answered: they are looking into it."),
    Outcome.PASSED_ON: _("They answered: they passed it on to those whose task it is."),
    Outcome.NO_ACTION: _("They answered: there is nothing they can do."),
    Outcome.NOT_OURS: _("They answered: it is not their task."),
}


@dataclass(frozen=True, slots=True)
class Handed:
    """One hand-over in words; ``what`` are the kinds of facts that went along, *at* is when it left."""

    to_whom: str
    at: datetime
    what: tuple[str, ...]
    pictures: str
    state: str


def passed_on(report: Report) -> list[Handed]:
    """What left about the case of *report* and may be spoken of now, oldest first."""
    if not may_choose(report.role):
        return []
    left = Escalation.objects.filter(case=report.case_id, sent_at__isnull=False)
    # The database's clock decides, as it does wherever silence is kept.
    told = left.exclude(nondisclosure_until__gt=Now())
    # Whatever somebody made of it in the draft, what the request says holds.
    told = told.exclude(produced_for__request__nondisclosure_until__gt=Now())
    told = told.exclude(legal_request__in=requests.silent_ids())
    told = told.select_related("partner__organisation")
    return [_handed(escalation) for escalation in told.order_by("sent_at", "pk")]


def _handed(escalation: Escalation) -> Handed:
    assert escalation.sent_at is not None
    kind = escalation.partner.organisation.kind
    return Handed(
        to_whom=str(TO_WHOM[kind]),
        at=escalation.sent_at,
        what=tuple(str(SAID[code]) for code in SAID if code in escalation.fields),
        pictures=_pictures(escalation),
        state=_state(escalation),
    )


def _pictures(escalation: Escalation) -> str:
    if escalation.is_tip:  # originals, one by one; a call that was cut off may have brought its file
        went = TipCall.objects.filter(tip__escalation=escalation, what="upload").exists()
    else:
        went = "imagery" in escalation.fields and escalation.with_pictures
    if went:
        return _now("Pictures or videos went along.")
    return _now("No picture or video went along.")


def _state(escalation: Escalation) -> str:
    if escalation.state == State.WITHDRAWN:
        return _now("We have taken it back since.")
    if escalation.state == State.REFUSED:
        return _now("They answered that they can’t take it.")
    if escalation.outcome:
        return str(_ANSWERED[escalation.outcome])
    if escalation.acknowledged_at is not None:
        return _now("They confirmed that they have it.")
    if escalation.state == State.CLOSED:
        return _now("This is finished.")
    if escalation.state == State.EXPIRED:
        return _now("They did not confirm that they have it, and can’t open it any more.")
    return _now("Handed over. They have not confirmed yet that they have it.")
