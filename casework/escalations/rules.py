"""What an escalation has to be so that it may leave: its basis, consent, marking, pictures. Sentences for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from django.utils.translation import gettext as _

from casework.accounts.models import Organisation
from casework.escalations import requests
from casework.escalations.models import Basis, Consent, Escalation, Urgency
from casework.partners.models import Channel, Tlp
from casework.reports.models import PassingOn

#: Bases on which a picture may go along at all; the person depicted has to have agreed where they are the basis.
IMAGERY_BASES = {Basis.STATUTORY, Basis.LEGAL_REQUEST, Basis.DSA_ART18, Basis.VICTIM_REQUEST}
#: Notices of places and exchanges of hashes: there is nothing a picture could be part of.
NO_IMAGERY = {Channel.STOPNCII, Channel.XARF_MAIL, Channel.XARF_API}
#: A law or an order stands behind these; a reporter's choice can't forbid them, and is shown all the same.
COMPELLED = {Basis.STATUTORY, Basis.LEGAL_REQUEST, Basis.DSA_ART18}
#: Under which question of the status page an organisation falls.
ASKED_ABOUT: dict[str, str] = {
    Organisation.Kind.LAW_ENFORCEMENT: PassingOn.Kind.POLICE,
    Organisation.Kind.NGO: PassingOn.Kind.NGO,
    Organisation.Kind.LEGAL: PassingOn.Kind.NGO,
    Organisation.Kind.HOTLINE: PassingOn.Kind.HOTLINE,
    Organisation.Kind.HOST: PassingOn.Kind.HOST,
    Organisation.Kind.PLATFORM: PassingOn.Kind.HOST,
    Organisation.Kind.TRUSTED_FLAGGER: PassingOn.Kind.NGO,
}


def problems(escalation: Escalation) -> list[str]:
    """What stands in the way, in sentences; empty when nothing does."""
    return [sentence for rule in _RULES for sentence in rule(escalation)]


def warnings(escalation: Escalation) -> list[str]:
    """What does not stand in the way and must not be overlooked."""
    if escalation.basis not in COMPELLED:
        return []
    choices = said_by_reporters(escalation)
    if PassingOn.Choice.REFUSE in choices:
        return [
            _(
                "A reporter said no to passing this on to such an organisation. The basis allows it all the same."
            )
        ]
    if PassingOn.Choice.ASK_FIRST in choices:
        return [_("A reporter wants to be asked before this is passed on to such an organisation.")]
    return []


def said_by_reporters(escalation: Escalation) -> set[str]:
    """What the reporters of the case say today about this kind of organisation: codes of ``PassingOn.Choice``."""
    kind = ASKED_ABOUT.get(escalation.partner.organisation.kind)
    rows = PassingOn.objects.filter(report__case=escalation.case_id, kind=kind or "")
    newest = rows.order_by("report_id", "-pk").distinct("report_id")
    return set(newest.values_list("choice", flat=True))


def tlps_within(ceiling: str) -> list[str]:
    """The markings that a partner with this ceiling may be sent, from the freest."""
    order = list(Tlp.values)
    return order[: order.index(ceiling) + 1]


def _consent(escalation: Escalation) -> Iterator[str]:
    if escalation.consent == Consent.GIVEN and not escalation.consent_how.strip():
        yield _("Say when and how the person depicted agreed.")
    if escalation.consent == Consent.GIVEN or escalation.basis in COMPELLED:
        return
    if escalation.consent == Consent.REFUSED:
        yield _("The person depicted said no, and nothing compels this hand-over.")
    elif escalation.basis == Basis.VICTIM_REQUEST:
        yield _("The person depicted has to have asked for it: write down when and how they did.")
    elif not escalation.consent_how.strip():
        yield _(
            "Ask the person depicted, or write down, where it asks how they said so, why it is right to go without."
        )


def _reporters(escalation: Escalation) -> Iterator[str]:
    if escalation.basis in COMPELLED:
        return
    choices = said_by_reporters(escalation)
    if PassingOn.Choice.REFUSE in choices:
        yield _("A reporter said no to passing this on to such an organisation.")
    elif PassingOn.Choice.ASK_FIRST in choices and escalation.consent != Consent.GIVEN:
        yield _("A reporter wants to be asked first: ask them, and write down what they say.")


def _grounds(escalation: Escalation) -> Iterator[str]:
    if escalation.basis in {Basis.STATUTORY, Basis.LEGAL_REQUEST} and not escalation.authority.strip():
        yield _("Name the law or the order that this rests on.")
    if escalation.basis == Basis.LEGAL_REQUEST and not requests.is_answered(escalation):
        yield _(
            "No legal request of this partner that two people checked is on record and open for this case. Choose the "
            "one that this answers, or another basis."
        )
    if escalation.basis == Basis.DSA_ART18 and escalation.urgency == Urgency.ROUTINE:
        yield _(
            "DSA Article 18 is about a threat to life or safety: set the urgency, or choose another basis."
        )


def _marking(escalation: Escalation) -> Iterator[str]:
    ceiling = escalation.partner.tlp_ceiling
    if escalation.tlp not in tlps_within(ceiling):
        yield _("%(tlp)s is tighter than this partner has agreed to keep (%(ceiling)s at most).") % {
            "tlp": escalation.tlp, "ceiling": ceiling
        }  # fmt: skip


def _pictures(escalation: Escalation) -> Iterator[str]:
    if not escalation.with_pictures:
        return
    if escalation.basis not in IMAGERY_BASES:
        yield _("On this basis no picture goes along: leave the pictures out.")
    elif escalation.basis == Basis.VICTIM_REQUEST and escalation.consent != Consent.GIVEN:
        yield _("A picture goes along only if the person depicted agreed: leave the pictures out.")
    if escalation.channel in NO_IMAGERY:
        yield _("By this channel no picture ever goes: leave the pictures out.")
    elif not escalation.partner.imagery_allowed:
        yield _("This partner is not sent pictures: leave the pictures out.")


_RULES: tuple[Callable[[Escalation], Iterable[str]], ...] = (
    _grounds,
    _consent,
    _reporters,
    _marking,
    _pictures,
)
