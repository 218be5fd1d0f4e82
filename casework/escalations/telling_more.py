"""Facts that rows only imply: the state of a place, what was made of an item, and what else may be told in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from urllib.parse import urlsplit

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from casework.cases.models import Effect, LegalHold, Locator
from casework.evidence.models import Item
from casework.partners.models import Accepts
from casework.reports.models import Report, ReporterRole
from casework.reports.wording import contact_facts
from casework.scoring.models import Question, Truth
from casework.scoring.reading import newest_outcomes

from .models import Consent, Escalation, Tip
from .package.facts import Further
from .package.sheet import moment

#: Effects that say whether something is still to be seen at a place.
_VISIBLE = (Effect.Kind.TAKE_DOWN, Effect.Kind.LIMIT, Effect.Kind.RESTORE)


def host_of(address: str) -> str:
    """The host of what a reporter typed; empty where it is no address."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def state_of(place: Locator, until: datetime | None) -> str:
    """What is known of a place by the newest effect on it, in words."""
    effects = place.effects.filter(kind__in=_VISIBLE)
    if until is not None:
        effects = effects.filter(wanted_at__lte=until)
    newest = effects.order_by("-pk").first()
    if newest is None:
        return _("reported")
    return f"{newest.get_kind_display()}: {_how_far(newest, until)}"


def _how_far(effect: Effect, until: datetime | None) -> str:
    if effect.confirmed_at is not None and (until is None or effect.confirmed_at <= until):
        return _("confirmed")
    if effect.failed_at is not None and (until is None or effect.failed_at <= until):
        return _("failed")
    return _("asked for, not confirmed")


def made(item: Item) -> str:
    """ "authentic", "synthetic" or "unknown": what a person confirmed, else what the assessment says.

    Machines alone never say "authentic": that no sign was found does not mean that a camera made it.
    """
    confirmed = newest_outcomes(item.public_id).get(Question.AI_MADE)
    if confirmed is not None and confirmed.truth != Truth.UNCLEAR:
        return "synthetic" if confirmed.truth == Truth.YES else "authentic"
    try:
        word = item.assessment.answers.get(Question.AI_MADE.value, {}).get("word", "")
    except ObjectDoesNotExist:
        return "unknown"
    return "synthetic" if word in ("certain", "likely") else "unknown"


def reports_of(escalation: Escalation, until: datetime | None) -> QuerySet[Report]:
    """The reports of the case that were not withdrawn, oldest first."""
    found = Report.objects.filter(case=escalation.case, withdrawn_at__isnull=True)
    return (found if until is None else found.filter(received_at__lte=until)).order_by("pk")


def further(escalation: Escalation, until: datetime | None) -> Iterator[Further]:
    """The chosen facts that have no file of their own; one that is chosen and unknown says so."""
    for code, (label, values) in _FURTHER.items():
        if code in escalation.fields:
            told = values(escalation, until)
            yield Further(code=code, label=label(), values=told or (_("not known"),))
    if "item_details" in escalation.fields and Accepts.MINOR in escalation.partner.accepts:
        told = (_("yes") if escalation.case.minor_indicated else _("no"),)
        yield Further(code="minor_indicator", label=_("May show somebody under 18"), values=told)


def _age_band(escalation: Escalation, until: datetime | None) -> tuple[str, ...]:
    found = reports_of(escalation, until)
    return tuple(dict.fromkeys(str(report.get_age_at_the_time_display()) for report in found))


def _reporter_role(escalation: Escalation, until: datetime | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(report.get_role_display()) for report in reports_of(escalation, until)))


def _contact(escalation: Escalation, until: datetime | None) -> tuple[str, ...]:
    """How the person depicted, or who acts for them, can be reached safely; nothing without their consent."""
    if escalation.consent != Consent.GIVEN:
        return ()
    theirs = reports_of(escalation, until).exclude(role=ReporterRole.SOMEBODY_ELSE)
    return tuple(f"{said['label']}: {said['value']}" for report in theirs for said in contact_facts(report))


def _accounts(escalation: Escalation, until: datetime | None) -> tuple[str, ...]:
    rows = escalation.chosen_locators.filter(locator__kind=Locator.Kind.ACCOUNT).select_related("locator")
    return tuple(row.locator.value for row in rows.order_by("locator_id"))


def _actions_taken(escalation: Escalation, until: datetime | None) -> tuple[str, ...]:
    """Effects counted, without their places: those are told only where places are."""
    effects = Effect.objects.filter(decision__case=escalation.case, kind__in=_VISIBLE)
    if until is not None:
        effects = effects.filter(wanted_at__lte=until)
    counted = Counter(
        f"{effect.get_kind_display()}: {_how_far(effect, until)}" for effect in effects.order_by("pk")
    )
    return tuple(_("%(what)s (%(n)d)") % {"what": what, "n": n} for what, n in counted.items())


def _preservation(escalation: Escalation, until: datetime | None) -> tuple[str, ...]:
    # That an authority asked to preserve something is told to that authority alone: it may have asked for silence.
    own = getattr(escalation, "produced_for", None)
    told_of = ~Q(why=LegalHold.Why.PRESERVATION) | Q(pk=own.hold_id if own is not None else None)
    holds = LegalHold.objects.filter(told_of, case=escalation.case)
    if until is None:
        holds = holds.filter(released_at__isnull=True)
    else:
        holds = holds.filter(Q(released_at__isnull=True) | Q(released_at__gt=until), placed_at__lte=until)
    told = [
        _("kept until %(at)s") % {"at": moment(hold.until)}
        if hold.until
        else _("kept until two people lift the hold")
        for hold in holds
    ]
    return tuple(told) or (_("no hold that you are told of here"),)


def _other_reports(escalation: Escalation, until: datetime | None) -> tuple[str, ...]:
    tips = Tip.objects.filter(
        escalation__case=escalation.case, finished_at__isnull=False, report_id__isnull=False,
        environment="production",  # NCMEC has thrown away what its test server got
    )  # fmt: skip
    if until is not None:
        tips = tips.filter(finished_at__lte=until)
    return tuple(_("NCMEC CyberTipline report %(id)s") % {"id": tip.report_id} for tip in tips.order_by("pk"))


_Values = Callable[[Escalation, datetime | None], tuple[str, ...]]
_FURTHER: dict[str, tuple[Callable[[], str], _Values]] = {
    "age_band": (lambda: _("Age of the person depicted, as reported"), _age_band),
    "reporter_role": (lambda: _("Who reported"), _reporter_role),
    "depicted_contact": (lambda: _("Safe contact of the person depicted"), _contact),
    "uploader_accounts": (lambda: _("Accounts named"), _accounts),
    "actions_taken": (lambda: _("What was done"), _actions_taken),
    "preservation": (lambda: _("Preservation"), _preservation),
    "other_reports": (lambda: _("Other reports"), _other_reports),
}
