"""What a report to the CyberTipline says, out of rows: the escalation, its items and places, looks, and the tip's form.

Nothing here guesses. What the desk can't know (how an uploader named a file, when and from where it was uploaded) is
not said. That somebody viewed a file comes from ``Reveal`` rows alone; that something is AI-made from a person's word,
a decision or definitive provenance, never from a score. Texts that we add ourselves are English, for NCMEC reads them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from casework.cases.actions.decisions import standing_decision
from casework.cases.models import Locator, Policy
from casework.evidence.models import AI_SIGNALS, Item, PerceptualHash, Reveal

from .cybertip.facts import (
    TEXT_MOST,
    Account,
    BadFacts,
    Email,
    File,
    FileAnnotation,
    Incident,
    IncidentKind,
    LawEnforcement,
    Look,
    Person,
    Phone,
    Relevance,
    Report,
    ReportAnnotation,
    Reporter,
    WebPage,
    check_file,
    check_report,
)
from .gathering import as_of
from .models import Escalation, Tip, Urgency

KEEPS_ORIGINALS = "provider_preserve"
_DEFINITIVE = "definitive"
#: Codes of ``choosing.FIELDS`` that a report has a place for.
CARRIES = {
    "case_number", "facts", "urgency", "offence", "jurisdiction", "locators", "hashes", "uploader_accounts", "imagery",
}  # fmt: skip
#: How urgent it is, for whoever reads it at NCMEC.
_URGENT = {Urgency.LIFE_THREAT: "danger to life", Urgency.ONGOING: "a threat that goes on"}

Content = Mapping[str, Any]


def content_of(escalation: Escalation) -> Content:
    """What the desk filled in; empty before."""
    tip = Tip.objects.filter(escalation=escalation).first()
    return tip.content if tip is not None else {}


def originals_leave() -> bool:
    """Whether the law that this desk chose lets it keep, and so send, suspected abuse material."""
    return bool(settings.CSAM_CUSTODY == KEEPS_ORIGINALS)


# --- the report ---------------------------------------------------------------------------------------------------


def report_of(escalation: Escalation) -> Report:
    """The report without its files. Raises ``BadFacts`` while the form is not filled in."""
    content = content_of(escalation)
    if not content.get("at"):
        raise BadFacts("incident.at", _("The report to NCMEC does not say yet when it happened. Fill it in."))
    return Report(
        incident=Incident(
            kind=IncidentKind[content["kind"]],
            at=datetime.fromisoformat(content["at"]),
            at_means=content.get("at_means", ""),
            platform=content.get("platform", ""),
            urgent=content.get("urgent", ""),
            annotations=frozenset(ReportAnnotation[name] for name in content.get("annotations", ())),
        ),
        reporter=reporter(),
        places=_places(escalation),
        law_enforcement=_agency(content),
        reported=_reported(escalation, content),
        victims=_victims(content),
        more="\n\n".join(_more(escalation, content)),
    )


def reporter() -> Reporter:
    """Who reports, as the operator set it."""
    said = settings.CYBERTIP_REPORTER
    first, _space, last = said["name"].strip().partition(" ")
    person = Person(
        first_name=first,
        last_name=last.strip(),
        emails=(Email(said["mail"], kind="Business"),) if said["mail"] else (),
        phones=(Phone(said["phone"], kind="Business"),) if said["phone"] else (),
    )
    return Reporter(person, company=said["company"], legal_url=said["legal_url"])


def _places(escalation: Escalation) -> tuple[WebPage, ...]:
    urls = tuple(_located(escalation, "locators", Locator.Kind.URL))
    return (WebPage(urls),) if urls else ()


def _located(escalation: Escalation, field: str, kind: str) -> Iterator[str]:
    """The values of the chosen locators of *kind*, where *field* is among what leaves."""
    if field in escalation.fields:
        for chosen in escalation.chosen_locators.select_related("locator").filter(locator__kind=kind):
            yield chosen.locator.value


def _agency(content: Content) -> LawEnforcement | None:
    said = content.get("agency") or {}
    if not said.get("name"):
        return None
    return LawEnforcement(
        said["name"], case_number=said.get("case_number", ""), reported=said.get("reported")
    )


def _reported(escalation: Escalation, content: Content) -> Account | None:
    """The uploader: accounts that the report names, and what somebody here added."""
    said = content.get("suspect") or {}
    accounts = list(_located(escalation, "uploader_accounts", Locator.Kind.ACCOUNT))
    if not accounts and not any(said.values()):
        return None
    name = said.get("screen_name", "") or (accounts[0] if accounts else "")
    others = [account for account in accounts if account != name]
    more = [said.get("more", ""), *(f"Another account that was named: {account}" for account in others)]
    mail = said.get("mail", "")
    return Account(
        person=Person(emails=(Email(mail),)) if mail else None,
        screen_name=name,
        identifier=said.get("identifier", ""),
        profile_urls=(said["profile_url"],) if said.get("profile_url") else (),
        more="\n".join(filter(None, more)),
    )


def _victims(content: Content) -> tuple[Account, ...]:
    said = content.get("victim") or {}
    if not any(value not in (None, "") for value in said.values()):
        return ()
    born = date.fromisoformat(said["born"]) if said.get("born") else None
    person = Person(said.get("first_name", ""), said.get("last_name", ""), age=said.get("age"), born=born)
    return (Account(person=person, more=said.get("more", "")),)


def _more(escalation: Escalation, content: Content) -> Iterator[str]:
    """What has no field of its own at NCMEC."""
    chosen = set(escalation.fields)
    if "facts" in chosen and escalation.facts:
        yield escalation.facts
    if content.get("more"):
        yield str(content["more"])
    if "urgency" in chosen and escalation.urgency in _URGENT:
        yield f"Urgency as the reporting company sees it: {_URGENT[Urgency(escalation.urgency)]}"
    if "case_number" in chosen:
        yield f"Case number at the reporting company: {escalation.case.number} ({escalation.number})"
    if "jurisdiction" in chosen and escalation.jurisdiction:
        yield f"Jurisdiction: {escalation.jurisdiction}. {escalation.jurisdiction_how}".strip()
    if "offence" in chosen and escalation.offence_hint:
        yield f"Possible offence: {escalation.offence_hint}"
    if "hashes" in chosen and (unsent := list(_unsent(escalation))):
        yield "Files that are not sent with this report, by SHA-256:\n" + "\n".join(unsent)


# --- its files ---------------------------------------------------------------------------------------------------


def sent_items(escalation: Escalation) -> list[Item]:
    """The items whose originals go along, in order: those chosen with their picture, where the law lets us keep it."""
    if not originals_leave():
        return []
    chosen = escalation.chosen_items.filter(with_picture=True).select_related("item__original__wrap")
    return [one.item for one in chosen.order_by("item__position")]


def _unsent(escalation: Escalation) -> Iterator[str]:
    sent = {item.pk for item in sent_items(escalation)}
    for one in escalation.chosen_items.select_related("item"):
        if one.item_id not in sent:
            yield one.item.sha256


def files_of(escalation: Escalation) -> list[tuple[Item, File]]:
    """Each item that is sent, and what is said of it."""
    said = content_of(escalation).get("files") or {}
    by_decision = decided_ai(escalation)
    with_hashes = "hashes" in escalation.fields
    until = as_of(escalation)
    return [
        (item, _file(item, said.get(str(item.public_id)) or {}, by_decision, with_hashes, until))
        for item in sent_items(escalation)
    ]


def _file(
    item: Item, said: Content, by_decision: bool, with_hashes: bool, until: datetime | None
) -> File:  # fmt: skip
    marks = {FileAnnotation[name] for name in said.get("annotations", ())}
    if by_decision or proven_ai(item):
        marks.add(FileAnnotation.GENERATIVE_AI)
    return File(
        key=str(item.public_id),
        name=_name(item),
        looks=looks_at(item, until),
        publicly_available=said.get("publicly_available"),
        relevance=Relevance[said.get("relevance", "REPORTED")],
        annotations=frozenset(marks),
        hashes=tuple(_hashes(item)) if with_hashes else (),
        more=said.get("more", ""),
    )


def _name(item: Item) -> str:
    """A name of ours. What the reporter's own copy was called says nothing about the uploader's."""
    ending = item.format.lower()
    return f"item-{item.position}.{ending}" if ending.isalnum() else f"item-{item.position}"


def _hashes(item: Item) -> Iterator[tuple[str, str]]:
    yield "SHA256", item.sha256
    yield "MD5", item.md5
    whole = PerceptualHash.objects.filter(item=item, frame__isnull=True, algorithm="pdq").first()
    if whole is not None:
        yield "PDQ", bytes(whole.value).hex()


def looks_at(item: Item, until: datetime | None = None) -> tuple[Look, ...]:
    """Every time until then that a person here was really served a picture of *item*, out of the reveals.

    *whole* only for a still's own rendition, which is the picture from edge to edge. A frame of a film, a part that was
    played, a still of an animation: something was seen, not all of it. A preview is no look.
    """
    is_still = item.duration is None and (item.frames or 1) == 1
    served = Reveal.objects.filter(item=item, first_served_at__isnull=False).order_by("first_served_at")
    if until is not None:  # what was approved says what had been seen by then
        served = served.filter(first_served_at__lte=until)
    return tuple(
        Look(moment, whole=is_still and frame is None and film is None)
        for moment, frame, film in served.values_list("first_served_at", "frame", "film")
        if moment is not None
    )


def proven_ai(item: Item) -> bool:
    """Whether provenance says definitively that a machine made it; a model's score is no such thing."""
    signals = item.signals.filter(name__in=AI_SIGNALS, strength=_DEFINITIVE).exclude(name="synthetic")
    return any(signal.says_machine_made for signal in signals)


def decided_ai(escalation: Escalation) -> bool:
    """Whether the decision it rests on says that AI made or changed the imagery."""
    decision = escalation.decision or standing_decision(escalation.case)
    return decision is not None and decision.policy == Policy.NCII_AI


def digest(escalation: Escalation) -> str:
    """SHA-256 (hex) of everything that the report and its files would say, in no language; of what is wrong without.

    A look at an item between preview and approval changes it: then the report says something else.
    """
    try:
        said: Any = [asdict(report_of(escalation)), [asdict(file) for _item, file in files_of(escalation)]]
    except BadFacts as bad:
        said = bad.field
    return hashlib.sha256(json.dumps(said, default=_plain, sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else value.isoformat()


# --- what is wrong with it -------------------------------------------------------------------------------------------


def problems(escalation: Escalation) -> list[str]:
    """Why it can't be sent as it stands, one sentence each; empty when it can."""
    found = [*_not_set_up(), *_not_fit(escalation)]
    try:
        report = report_of(escalation)
        found += _too_long(report)
        check_report(report, now=timezone.now())
        for _item, file in files_of(escalation):
            check_file(file)
    except BadFacts as bad:
        if bad.field != "reporter.person.emails":  # said above, in the operator's words
            found.append(bad.sentence)
    return found


def _too_long(report: Report) -> Iterator[str]:
    """What would be cut short on its way, so that less would leave than was read in the preview."""
    said = [report.more, report.reported.more if report.reported is not None else ""]
    if any(len(text) > TEXT_MOST for text in said):
        yield _(
            "What has no field of its own at NCMEC is longer than %(most)d characters. Choose fewer items or places."
        ) % {"most": TEXT_MOST}


def _not_set_up() -> Iterator[str]:
    if not settings.CYBERTIP_USER or not settings.CYBERTIP_PASSWORD_FILE:
        yield _("This desk has no account at NCMEC set up (CYBERTIP_USER). Ask whoever runs it.")
    said = settings.CYBERTIP_REPORTER
    if not said["name"].strip() or not said["mail"].strip():
        yield _(
            "It is not set up who reports to NCMEC (CYBERTIP_REPORTER_NAME and _MAIL). Ask whoever runs it."
        )


def _not_fit(escalation: Escalation) -> Iterator[str]:
    if not escalation.case.restricted:
        yield _("Only what may show somebody under 18 is reported to NCMEC. This case does not say so.")
    if not escalation.chosen_items.exists() and not escalation.chosen_locators.exists():
        yield _("The report names no file and no place. Choose at least one.")
    if escalation.urgency == Urgency.LIFE_THREAT and not content_of(escalation).get("urgent"):
        yield _("A life is in danger: say in the report to NCMEC why it has to hurry.")
