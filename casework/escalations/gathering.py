"""From rows to the facts that leave: only what was chosen, as it stood when it was approved.

Everything is read here and nowhere else, so that a preview, what was approved and the package can't differ. What may
change by itself after an approval (effects, decisions, custody, holds) is told as it was at that moment. Words are in
the partner's language.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import translation
from django.utils.translation import get_supported_language_variant
from django.utils.translation import gettext as _

from casework import __version__
from casework.accounts.models import Organisation as OrganisationRow
from casework.accounts.models import User
from casework.audit import codes, happenings
from casework.audit.happenings import Happening
from casework.audit.log import subject_code
from casework.audit.verbs import Verb
from casework.cases.models import Decision as DecisionRow
from casework.evidence.models import Blob
from casework.evidence.models import Item as ItemRow
from casework.evidence.sealing import open_blob
from casework.partners.models import Partner

from . import proving, telling_more
from .models import Escalation, EscalationItem, Package, PackagePicture
from .package.facts import (
    Actor,
    Authority,
    CustodyEvent,
    Decision,
    Facts,
    ImageryApproval,
    Item,
    Locator,
    Organisation,
    Picture,
    Score,
    Statement,
    Tlp,
)

#: What happened to an item, as custody history calls it (domain.md 6.3). What concerns other cases is not told.
CUSTODY = {
    Verb.EVIDENCE_RECEIVED: "ingested",
    Verb.EVIDENCE_EXAMINED: "examined",
    Verb.EVIDENCE_EXAMINED_AGAIN: "examined again",
    Verb.EVIDENCE_NOT_OPENED: "could not be opened",
    Verb.EVIDENCE_QUARANTINED: "set aside",
    Verb.EVIDENCE_DERIVED: "derived",
    Verb.EVIDENCE_FILM_SAMPLED: "derived",
    Verb.EVIDENCE_PLAYBACK_MADE: "derived",
    Verb.EVIDENCE_VERIFIED: "verified",
    Verb.EVIDENCE_DOUBTED: "doubted",
    Verb.EVIDENCE_REVEALED: "viewed clear",
    Verb.EVIDENCE_REVEAL_REFUSED: "access denied",
}
_HASH_NAMES = {"sha256": "SHA256", "md5": "MD5"}


@dataclass(frozen=True, slots=True)
class Outline:
    """What would leave, without what is made only for one package: ``entries`` of the log that are opened, and the
    renditions (SHA-256) of the pictures, by item."""

    facts: Facts
    entries: tuple[Happening, ...]
    renditions: dict[uuid.UUID, str]


def outline(escalation: Escalation) -> Outline:
    """What would leave with *escalation* as its rows are now. Pseudonyms are those of no package."""
    with translation.override(language_of(escalation.partner)):
        happened = _happened(escalation)
        told = _facts(escalation, escalation.public_id, escalation.drafted_at, happened)
    entries = _opened(escalation, happened) if _chose(escalation, "log_proofs") else ()
    renditions = {row.item.public_id: rendition_of(row.item).sha256 for row in with_pictures(escalation)}
    return Outline(told, entries, renditions)


def facts(escalation: Escalation, package: Package) -> Facts:
    """What *package* says. Its pictures are those that are marked and sealed already.

    Raises ``KeyMissing`` and ``NotProven`` where entries of the log can't be proven here.
    """
    with translation.override(language_of(escalation.partner)):
        happened = _happened(escalation)
        told = _facts(escalation, package.public_id, package.asked_at, happened)
    if _chose(escalation, "log_proofs"):
        chosen = {each.public_id for each in _opened(escalation, happened)}
        told = proving.with_log(told, escalation, chosen, as_of(escalation))
    rows = package.pictures.filter(blob__isnull=False).select_related("item", "mark", "blob__wrap")
    pictures = tuple(_picture(row) for row in rows)
    return replace(
        told, pictures=pictures, imagery=_approval(escalation, package.public_id) if pictures else None
    )


def with_pictures(escalation: Escalation) -> list[EscalationItem]:
    """The chosen items whose rendition goes along: picked, with the field chosen, and there is one."""
    if not _chose(escalation, "imagery"):
        return []
    picked = escalation.chosen_items.filter(with_picture=True, item__rendition__isnull=False)
    return list(picked.select_related("item__rendition__wrap").order_by("item__position"))


def rendition_of(item: ItemRow) -> Blob:
    """What a picture is made of; ``with_pictures`` gives only items that have one."""
    assert item.rendition is not None
    return item.rendition


def language_of(partner: Partner) -> str:
    """The first of the partner's languages that we speak, else ours."""
    for code in partner.languages:
        try:
            return get_supported_language_variant(str(code))
        except LookupError:
            continue
    return str(settings.LANGUAGE_CODE)


def as_of(escalation: Escalation) -> datetime | None:
    """The moment whose facts are told: of the approval, or None for now."""
    return escalation.approved_at or escalation.broken_at


def pseudonym(package: uuid.UUID, person: User | None) -> uuid.UUID:
    """The random id of a person of the desk in one package; another in each, and of no use for finding them."""
    return uuid.uuid5(package, "system" if person is None else str(person.public_id))


def _chose(escalation: Escalation, code: str) -> bool:
    return code in escalation.fields


def _facts(escalation: Escalation, package: uuid.UUID, made_at: datetime, happened: list[Happening]) -> Facts:
    case, chosen = escalation.case, set(escalation.fields)
    items = [row.item for row in _items(escalation)]
    decisions = list(_decisions(escalation)) if "decisions" in chosen else []
    return Facts(
        package=package,
        made_at=made_at,
        software="Casework",
        software_version=__version__,
        tlp=Tlp(escalation.tlp),
        case=uuid.uuid5(package, str(case.public_id)),
        case_number=case.number if "case_number" in chosen else escalation.number,
        case_opened_at=case.created_at if "times" in chosen else None,
        case_state=_("decided") if decisions else _("not stated"),
        sender=_sender(),
        recipient=_organisation(escalation.partner.organisation),
        authority=_authority(escalation, package),
        urgency=escalation.get_urgency_display() if "urgency" in chosen else _("not stated"),
        summary=escalation.facts if "facts" in chosen else "",
        offence=escalation.offence_hint if "offence" in chosen else "",
        items=tuple(_item(escalation, item) for item in items),
        locators=tuple(_locators(escalation)) if "locators" in chosen else (),
        custody=tuple(_custody(escalation, package, items, happened)) if "custody" in chosen else (),
        decisions=tuple(_decision(row, package) for row in decisions),
        statements=tuple(_statements(escalation)) if "reporter_statement" in chosen else (),
        scores=tuple(_scores(items)) if "scores" in chosen else (),
        further=tuple(telling_more.further(escalation, as_of(escalation))),
    )


def _sender() -> Organisation:
    known = uuid.uuid5(uuid.NAMESPACE_URL, settings.PUBLIC_URL)
    name = settings.DESK_NAME or urlsplit(settings.PUBLIC_URL).netloc
    return Organisation(id=known, name=name, contact=settings.DESK_CONTACT)


def _organisation(row: OrganisationRow) -> Organisation:
    return Organisation(id=row.public_id, name=row.name)


def _authority(escalation: Escalation, package: uuid.UUID) -> Authority:
    where = (
        [escalation.jurisdiction, escalation.jurisdiction_how] if _chose(escalation, "jurisdiction") else []
    )
    return Authority(
        id=uuid.uuid5(package, "authority"),
        kind=escalation.get_basis_display(),
        reference=escalation.authority,
        jurisdiction=": ".join(part for part in where if part),
    )


# --- items and places ----------------------------------------------------------------------------------------------


def _items(escalation: Escalation) -> QuerySet[EscalationItem]:
    rows = escalation.chosen_items.select_related("item__case", "item__original", "item__assessment")
    return rows.prefetch_related("item__signals", "item__perceptual_hashes").order_by("item__position")


def _item(escalation: Escalation, item: ItemRow) -> Item:
    told = _chose(escalation, "item_details")
    number = item.case.number if _chose(escalation, "case_number") else escalation.number
    return Item(
        id=item.public_id,
        exhibit=f"{number}-{item.position}",
        kind="file",
        name=f"exhibit-{item.position}",
        mime_type=_media_type(item) if told else "",
        size=item.original.size if told else None,
        received_at=item.received_at if _chose(escalation, "times") else None,
        digests=tuple(_digests(item)) if _chose(escalation, "hashes") else (),
        width=item.width if told else None,
        height=item.height if told else None,
        made=telling_more.made(item) if told else "",
    )


def _media_type(item: ItemRow) -> str:
    """By what it was opened as, never by what the sender called it."""
    family = "image" if item.duration is None else "video"
    return f"{family}/{item.format.lower()}" if item.format else ""


def _digests(item: ItemRow) -> Iterator[tuple[str, str]]:
    yield "SHA256", item.sha256
    yield "MD5", item.md5
    for found in sorted(item.perceptual_hashes.all(), key=lambda one: one.algorithm):
        if found.frame_id is not None or found.algorithm == "pdq_turns":
            continue
        yield found.algorithm.upper(), bytes(found.value).hex()


def _locators(escalation: Escalation) -> Iterator[Locator]:
    for row in escalation.chosen_locators.select_related("locator").order_by("locator_id"):
        place = row.locator
        if place.kind != place.Kind.URL:
            continue
        yield Locator(
            id=place.public_id,
            url=place.value,
            reported_at=place.added_at if _chose(escalation, "times") else None,
            state=telling_more.state_of(place, as_of(escalation)),
            host=telling_more.host_of(place.value),
        )


# --- what was done and said ----------------------------------------------------------------------------------------


def _happened(escalation: Escalation) -> list[Happening]:
    """Entries of the log about the chosen items."""
    chosen = {str(row.item.public_id) for row in _items(escalation)}
    found = happenings.of_case(escalation.case.public_id, CUSTODY, until=as_of(escalation))
    return [each for each in found if each.data.get("item") in chosen]


def _opened(escalation: Escalation, happened: list[Happening]) -> tuple[Happening, ...]:
    decided = (
        {subject_code(row) for row in _decisions(escalation)} if _chose(escalation, "decisions") else set()
    )
    return tuple(proving.opened(escalation, happened, decided, as_of(escalation)))


def _custody(
    escalation: Escalation, package: uuid.UUID, items: list[ItemRow], happened: list[Happening]
) -> Iterator[CustodyEvent]:
    known = {str(item.public_id): item for item in items}
    for number, each in enumerate(happened, 1):
        item = known[each.data["item"]]
        reason = each.data.get("reason")
        yield CustodyEvent(
            id=each.public_id,
            seq=number,
            item=item.public_id,
            action=CUSTODY[Verb(each.verb)],
            at=each.at,
            actor=_actor(package, each.actor),
            reason=codes.code(reason) if reason else "",
            hash_before=str(each.data.get("derived_from", "")),
            hash_after=str(each.data.get("sha256", "")),
            tool="casework",
        )


def _actor(package: uuid.UUID, person: User | None) -> Actor:
    role = "system" if person is None else str(person.get_role_display())
    return Actor(id=pseudonym(package, person), role=role)


def _decisions(escalation: Escalation) -> QuerySet[DecisionRow]:
    """Decisions that hold or held: made, and approved where that was needed."""
    moment = as_of(escalation)
    holds = Q(needs_second=False) | Q(review__approved=True)
    if moment is not None:
        holds &= Q(decided_at__lte=moment) & (Q(review__isnull=True) | Q(review__at__lte=moment))
    found = escalation.case.decisions.filter(holds)
    return found.select_related("decided_by", "override_of").order_by("pk")


def _decision(row: DecisionRow, package: uuid.UUID) -> Decision:
    return Decision(
        id=row.public_id,
        at=row.decided_at,
        actor=_actor(package, row.decided_by),
        outcome=str(row.get_outcome_display()),
        policy=str(row.get_policy_display()),
        grounds=row.grounds,
        statement=row.statement,
        overrides=row.override_of.public_id if row.override_of else None,
    )


def _statements(escalation: Escalation) -> Iterator[Statement]:
    for report in telling_more.reports_of(escalation, as_of(escalation)):
        text = "\n\n".join(part for part in (report.statement, report.description) if part)
        if text:
            said_by = str(report.get_role_display())
            yield Statement(id=report.public_id, at=report.received_at, by=said_by, text=text)


def _scores(items: list[ItemRow]) -> Iterator[Score]:
    for item in items:
        for signal in item.signals.all():
            if signal.name in proving.OF_OTHERS:
                continue
            checked = signal.status in ("found", "not_found")
            value = signal.status.replace("_", " ") if signal.score is None else f"{signal.score:.2f}"
            yield Score(
                item=item.public_id,
                signal=signal.name,
                model=str(signal.data.get("model", signal.name)),
                version=signal.version,
                value=value if checked else "",
                limits=" ".join(part for part in (signal.sentence, signal.reason) if part),
                at=signal.recorded_at,
            )


# --- what is made for one package ----------------------------------------------------------------------------------


def _picture(row: PackagePicture) -> Picture:
    blob = row.blob
    assert blob is not None  # asked for in the query
    return Picture(
        item=row.item.public_id,
        name=f"exhibit-{row.item.position}.jpg",
        mime_type="image/jpeg",
        size=blob.size,
        mark=str(row.mark.public_id),
        read=lambda: (open_blob(blob),),
    )


def _approval(escalation: Escalation, package: uuid.UUID) -> ImageryApproval | None:
    second, at = escalation.imagery_approved_by, escalation.imagery_approved_at
    if second is None or at is None:
        return None
    return ImageryApproval(
        reference=escalation.authority or str(escalation.get_basis_display()),
        first=pseudonym(package, escalation.approved_by or escalation.drafted_by),
        second=pseudonym(package, second),
        at=at,
    )
