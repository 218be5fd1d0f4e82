"""What may leave, field by field: what is the minimum for whom, what somebody added and why, and what it looks like.

A preview is drawn from the very facts that a package is made of (``gathering``). Its digest covers all of them, whom
they go to, how, and to which keys: whatever changes afterwards, what was approved is no longer what would leave.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import rfc8785
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from casework.accounts.models import Organisation, User
from casework.accounts.permissions import Perm
from casework.partners.reading import SEALED

from . import channels, gathering, obstacles, proving, tipping
from .gathering import Outline
from .models import Basis, Escalation
from .package.plain import plain
from .package.sheet import moment
from .tip_wording import content_for_preview

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

_Kind = Organisation.Kind


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that may be said: its name, what it means that it leaves, and whether it belongs to the minimum."""

    label: StrOrPromise
    explanation: StrOrPromise
    minimum: Callable[[Escalation], bool]


@dataclass(frozen=True, slots=True)
class PreviewField:
    """A field as it would leave: *shown* are its values in words, none where it is not included."""

    code: str
    label: str
    included: bool
    minimum: bool
    reason: str
    shown: list[str]


@dataclass(frozen=True, slots=True)
class Preview:
    """Everything that would leave, what stands in the way, and the SHA-256 (hex) of all of it."""

    fields: tuple[PreviewField, ...]
    problems: tuple[str, ...]
    digest: str


def _always(escalation: Escalation) -> bool:
    return True


def _never(escalation: Escalation) -> bool:
    return False


def _is(*kinds: str) -> Callable[[Escalation], bool]:
    return lambda escalation: escalation.partner.organisation.kind in kinds


def _for_court(escalation: Escalation) -> bool:
    """Whoever has to prove something with it."""
    return escalation.basis == Basis.LEGAL_REQUEST or _is(_Kind.LAW_ENFORCEMENT, _Kind.LEGAL)(escalation)


def _for_prosecution(escalation: Escalation) -> bool:
    by_law = (Basis.DSA_ART18, Basis.STATUTORY, Basis.LEGAL_REQUEST)
    return escalation.basis in by_law or _is(_Kind.LAW_ENFORCEMENT)(escalation)


def _finds_accounts(escalation: Escalation) -> bool:
    """Hosts need accounts to act; authorities get them on a basis in law or at the wish of the person depicted."""
    authority = _is(_Kind.LAW_ENFORCEMENT)(escalation) and escalation.basis != Basis.VOLUNTARY
    return authority or _is(_Kind.PLATFORM, _Kind.HOST)(escalation)


_AIDING = _is(_Kind.LAW_ENFORCEMENT, _Kind.HOTLINE, _Kind.NGO)
_INVESTIGATING = _is(_Kind.LAW_ENFORCEMENT, _Kind.HOTLINE)

FIELDS: dict[str, Field] = {
    "case_number": Field(_("Case number"), _("The number that both sides quote."), _always),
    "times": Field(_("Times"), _("When the case, its items and its places came in."), _always),
    "facts": Field(_("Facts"), _("What happened, as written for this partner."), _always),
    "urgency": Field(_("Urgency"), _("How fast somebody has to act."), _always),
    "offence": Field(_("Possible offence"), _("A hint, not a charge."), _for_prosecution),
    "jurisdiction": Field(_("Jurisdiction"), _("Which country, and how that was found."), _for_prosecution),
    "locators": Field(_("Places"), _("Addresses, when they were reported, what became of them."), _always),
    "hashes": Field(_("Hashes"), _("SHA-256, MD5 and perceptual hashes, by which copies are found."), _always),
    "item_details": Field(
        _("Details of items"),
        _("Type, size, authentic or synthetic; whether somebody may be under 18, where they may receive that."),
        _is(_Kind.LAW_ENFORCEMENT, _Kind.HOTLINE, _Kind.PLATFORM),
    ),
    "custody": Field(_("Custody history"), _("Who did what with each item, people as roles."), _for_court),
    "decisions": Field(_("Decisions"), _("What was decided here, with grounds and statements."), _for_court),
    "reporter_statement": Field(
        _("The reporter's own words"), _("Free text: it may name people. Read it before it goes."), _never
    ),
    "scores": Field(_("Scores"), _("What models said, with versions and limits. They prove nothing."), _for_court),
    "log_proofs": Field(
        _("Entries of the log"),
        _(
            "Entries about what else leaves, to the letter, provable without us; all others of the case as hashes. "
            "They hold ids of our people, no names."
        ),
        _for_court,
    ),
    "depicted_contact": Field(
        _("Safe contact of the person depicted"), _("Only with their consent, given for this."), _never
    ),
    "age_band": Field(_("Age band"), _("Adult or under 18, as reported."), _INVESTIGATING),
    "reporter_role": Field(_("Who reported"), _("Their role, never their name."), _AIDING),
    "uploader_accounts": Field(_("Accounts"), _("Names of accounts that were reported."), _finds_accounts),
    "actions_taken": Field(_("What was done"), _("Removals and limits, asked for and confirmed."), _AIDING),
    "preservation": Field(_("Preservation"), _("Until when everything is kept."), _for_court),
    "other_reports": Field(_("Other reports"), _("Numbers of reports made elsewhere."), _INVESTIGATING),
    "imagery": Field(
        _("Pictures"),
        _(
            "Marked copies of the items picked for it; originals only in a report to NCMEC. A third person has to "
            "agree."
        ),
        _never,
    ),
}  # fmt: skip


def minimum(escalation: Escalation) -> list[str]:
    """The codes that leave unless somebody chooses otherwise, for its basis and its partner."""
    return [
        code for code, field in FIELDS.items() if field.minimum(escalation) and _has_place(escalation, code)
    ]


def _has_place(escalation: Escalation, code: str) -> bool:
    """Whether what is made of it can hold this field: a package holds them all, a report or a notice some."""
    return code in (
        tipping.CARRIES if escalation.is_tip else channels.CARRIES.get(escalation.channel, FIELDS)
    )


def preview(escalation: Escalation, *, viewer: User) -> Preview:
    """What would leave as things are now. A contact is shown to those who draft and judge, not to who only reads; its
    digest covers it for everybody."""
    found = gathering.outline(escalation)
    least = set(minimum(escalation))
    leaving = {code for code in escalation.fields if _has_place(escalation, code)}
    fields = tuple(
        PreviewField(
            code=code,
            label=str(field.label),
            included=code in leaving,
            minimum=code in least,
            reason=obstacles.reason_for(escalation, code),
            shown=_shown(code, found, viewer) if code in leaving else [],
        )
        for code, field in FIELDS.items()
    )
    problems = [*obstacles.problems(escalation, least, FIELDS)]
    problems += _without_place(escalation)
    fields += tuple(_channel_fields(escalation))
    if escalation.is_tip:
        fields += tuple(_report_fields(escalation))
        problems += tipping.problems(escalation)
    return Preview(fields, tuple(problems), _digest(escalation, found))


def _report_fields(escalation: Escalation) -> Iterator[PreviewField]:
    """The whole report to NCMEC in words."""
    for number, (label, values) in enumerate(content_for_preview(escalation), start=1):
        title = _now("Report to NCMEC: %(part)s") % {"part": label}
        yield PreviewField(f"tip_{number}", title, True, True, "", values)


def _channel_fields(escalation: Escalation) -> Iterator[PreviewField]:
    """Notices and hashes, which go without a package, to the letter."""
    for number, (label, values) in enumerate(channels.content(escalation), start=1):
        yield PreviewField(f"sent_{number}", label, True, True, "", values)


def _without_place(escalation: Escalation) -> Iterator[str]:
    said = (
        _now("A report to NCMEC has no place for “%(field)s”: leave it out.")
        if escalation.is_tip
        else _now("What goes by this channel has no place for “%(field)s”: leave it out.")
    )
    for code in escalation.fields:
        if code in FIELDS and not _has_place(escalation, code):
            yield said % {"field": FIELDS[code].label}


def digest(escalation: Escalation) -> str:
    """The digest of a preview, for whoever only compares."""
    return _digest(escalation, gathering.outline(escalation))


def _digest(escalation: Escalation, found: Outline) -> str:
    told = plain(found.facts)
    del told["software_version"]  # another version of this program says the same
    del told["withheld"]  # what is read and clicked here every minute; its content does not leave
    keys = escalation.partner.sealing_keys() if escalation.channel in SEALED else []
    said: dict[str, Any] = {
        "version": escalation.version,  # consent and reasons stand beside it and were read, too
        "restricted": escalation.case.restricted,  # whoever agreed may not have been cleared
        "facts": told,
        "fields": sorted(escalation.fields),
        "entries": [str(entry.public_id) for entry in found.entries],
        "pictures": {str(item): sha256 for item, sha256 in found.renditions.items()},
        "recipient": str(escalation.partner.public_id),
        "channel": escalation.channel,
        "endpoint": endpoint.url if (endpoint := escalation.partner.endpoint) else "",
        "basis": escalation.basis,
        "tlp": escalation.tlp,
        "keys": sorted(key.fingerprint for key in keys),
    }
    if escalation.channel in channels.CARRIES:
        said["sent"] = channels.content_in_one_language(escalation)
    if escalation.is_tip:
        said["tip"] = tipping.digest(escalation)
    return hashlib.sha256(rfc8785.dumps(said)).hexdigest()


def _shown(code: str, found: Outline, viewer: User) -> list[str]:
    if code == "depicted_contact" and not viewer.may(Perm.DRAFT_ESCALATION):
        return [_now("hidden from you")]
    drawn = _SHOWN.get(code)
    if drawn is not None:
        return drawn(found) or [_now("nothing is known")]
    return [value for said in found.facts.further if said.code == code for value in said.values]


def _times(found: Outline) -> list[str]:
    told = found.facts
    words = [_now("case opened %(at)s") % {"at": moment(told.case_opened_at)}]
    words += [f"{item.exhibit}: {moment(item.received_at)}" for item in told.items]
    return words + [f"{place.url}: {moment(place.reported_at)}" for place in told.locators]


def _details(found: Outline) -> list[str]:
    return [
        " · ".join(
            part
            for part in (
                item.exhibit,
                item.mime_type,
                f"{item.width} x {item.height}" if item.width else "",
                item.made,
            )
            if part
        )
        for item in found.facts.items
    ] + [f"{said.label}: {said.values[0]}" for said in found.facts.further if said.code == "minor_indicator"]


_SHOWN: dict[str, Callable[[Outline], list[str]]] = {
    "case_number": lambda found: [found.facts.case_number],
    "times": _times,
    "facts": lambda found: [found.facts.summary] if found.facts.summary else [],
    "urgency": lambda found: [found.facts.urgency],
    "offence": lambda found: [found.facts.offence] if found.facts.offence else [],
    "jurisdiction": lambda found: (
        [found.facts.authority.jurisdiction] if found.facts.authority.jurisdiction else []
    ),
    "locators": lambda found: [f"{place.url} ({place.state})" for place in found.facts.locators],
    "hashes": lambda found: [
        f"{item.exhibit}: {method} {value}" for item in found.facts.items for method, value in item.digests
    ],
    "item_details": _details,
    "custody": lambda found: [
        " · ".join((moment(event.at), event.action, event.actor.role)) for event in found.facts.custody
    ],
    "decisions": lambda found: [
        " · ".join(part for part in (made.outcome, made.policy, made.grounds, made.statement) if part)
        for made in found.facts.decisions
    ],
    "reporter_statement": lambda found: [f"{said.by}: {said.text}" for said in found.facts.statements],
    "scores": lambda found: [
        f"{score.signal} ({score.model} {score.version}): {score.value or _now('not checked')}"
        for score in found.facts.scores
    ],
    "log_proofs": lambda found: proving.words(found.entries),
    "imagery": lambda found: [item.exhibit for item in found.facts.items if item.id in found.renditions],
}
