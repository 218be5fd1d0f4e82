"""The report to NCMEC in plain words: what would leave, how far it came, and what each call came to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .cybertip.facts import (
    Account,
    BadFacts,
    File,
    FileAnnotation,
    IncidentKind,
    Person,
    Relevance,
    Report,
    ReportAnnotation,
    WebPage,
)
from .cybertip.progress import Stage
from .cybertip.progress import State as Progress
from .models import Escalation, State, Tip, TipCall
from .tipping import files_of, originals_leave, report_of

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

KINDS: dict[IncidentKind, StrOrPromise] = {
    IncidentKind.ABUSE_MATERIAL: gettext_lazy("sexual abuse material of a child"),
    IncidentKind.ENTICEMENT: gettext_lazy("a child is enticed to sexual acts online"),
    IncidentKind.TRAFFICKING: gettext_lazy("a child is trafficked for sex"),
    IncidentKind.MOLESTATION: gettext_lazy("a child is sexually molested"),
    IncidentKind.UNSOLICITED: gettext_lazy("obscene material was sent to a child unasked"),
    IncidentKind.TOURISM: gettext_lazy("sex tourism with children"),
    IncidentKind.MISLEADING_WORDS: gettext_lazy("misleading words or pictures online"),
    IncidentKind.MISLEADING_DOMAIN: gettext_lazy("a misleading domain name"),
}
REPORT_MARKS: dict[ReportAnnotation, StrOrPromise] = {
    ReportAnnotation.SEXTORTION: gettext_lazy("sextortion"),
    ReportAnnotation.SOLICITATION: gettext_lazy("somebody asks for such material"),
    ReportAnnotation.BETWEEN_MINORS: gettext_lazy("between minors"),
    ReportAnnotation.SPAM: gettext_lazy("spam"),
    ReportAnnotation.SADISTIC: gettext_lazy("sadistic online exploitation"),
}
FILE_MARKS: dict[FileAnnotation, StrOrPromise] = {
    FileAnnotation.GENERATIVE_AI: gettext_lazy("made or changed with AI"),
    FileAnnotation.DRAWING: gettext_lazy("a drawing or animation"),
    FileAnnotation.MEME: gettext_lazy("possibly a meme"),
    FileAnnotation.VIRAL: gettext_lazy("spreads widely"),
    FileAnnotation.SELF_PRODUCED: gettext_lazy("possibly made by the child"),
    FileAnnotation.PHYSICAL_HARM: gettext_lazy("physical harm"),
    FileAnnotation.VIOLENCE: gettext_lazy("violence"),
    FileAnnotation.BESTIALITY: gettext_lazy("bestiality"),
    FileAnnotation.LIVE: gettext_lazy("live streaming"),
    FileAnnotation.INFANT: gettext_lazy("an infant"),
}
RELEVANCES: dict[Relevance, StrOrPromise] = {
    Relevance.REPORTED: gettext_lazy("what is reported"),
    Relevance.SUPPLEMENTAL: gettext_lazy("supplemental, for context"),
}
CALLS: dict[str, StrOrPromise] = {
    "xsd": gettext_lazy("ask for the schema in force"),
    "submit": gettext_lazy("open a report"),
    "upload": gettext_lazy("send a file"),
    "fileinfo": gettext_lazy("say what the file is"),
    "finish": gettext_lazy("hand the report in"),
    "retract": gettext_lazy("take the report back"),
}
_STAGES: dict[Stage, StrOrPromise] = {
    Stage.READY: gettext_lazy("waits for a worker"),
    Stage.SUBMITTING: gettext_lazy("being opened at NCMEC"),
    Stage.OPEN: gettext_lazy("open at NCMEC, files are on their way"),
    Stage.FINISHING: gettext_lazy("being handed in"),
    Stage.FINISHED: gettext_lazy("handed in"),
    Stage.RETRACTING: gettext_lazy("being taken back"),
    Stage.WITHDRAWN: gettext_lazy("taken back"),
}

Line = tuple[str, list[str]]


def content_for_preview(escalation: Escalation) -> list[Line]:
    """The whole report in words, as (label, values); what is missing stands there as a sentence.

    Built from the same facts as the XML, so a preview of it is a preview of what leaves.
    """
    try:
        report = report_of(escalation)
    except BadFacts as bad:
        return [(_("Report to NCMEC"), [bad.sentence])]
    lines = [*_report_lines(report), *_file_lines(escalation)]
    return [(label, [value for value in values if value]) for label, values in lines if any(values)]


def _report_lines(report: Report) -> Iterator[Line]:
    incident = report.incident
    yield _("Incident"), [str(KINDS[incident.kind])]
    yield _("When"), [_moment(incident.at), incident.at_means]
    yield _("Where, in a word"), [incident.platform]
    yield _("Why it has to hurry"), [incident.urgent]
    yield _("Annotations"), sorted(str(REPORT_MARKS[mark]) for mark in incident.annotations)
    for place in report.places:
        if isinstance(place, WebPage):
            yield _("Web pages"), list(place.urls)
    if report.law_enforcement is not None:
        agency = report.law_enforcement
        told = _("already told") if agency.reported else ""
        yield _("Law enforcement"), [agency.agency, agency.case_number, told]
    yield (
        _("Reporting person"),
        [*_person(report.reporter.person), report.reporter.company, report.reporter.legal_url],
    )
    if report.reported is not None:
        yield _("User or person reported"), _account(report.reported)
    for victim in report.victims:
        yield _("Child"), _account(victim)
    yield _("Additional information"), [report.more]


def _account(account: Account) -> list[str]:
    return [
        *(_person(account.person) if account.person else ()), account.screen_name, account.identifier,
        *account.profile_urls, account.more,
    ]  # fmt: skip


def _person(person: Person) -> list[str]:
    age = _("%(n)d years old") % {"n": person.age} if person.age is not None else ""
    return [
        f"{person.first_name} {person.last_name}".strip(), *(mail.address for mail in person.emails),
        *(phone.number for phone in person.phones), age, person.born.isoformat() if person.born else "",
    ]  # fmt: skip


def _file_lines(escalation: Escalation) -> Iterator[Line]:
    for item, file in files_of(escalation):
        yield (_("File: the original of item %(n)d") % {"n": item.position}), [*_file(file)]
    if not originals_leave() and escalation.chosen_items.exists():
        yield (
            _("Files"),
            [
                _(
                    "None: this desk is set up not to keep or send originals (CSAM_CUSTODY). Hashes may stand above."
                )
            ],
        )


def _file(file: File) -> Iterator[str]:
    yield file.name
    yield _viewed(file)
    yield str(RELEVANCES[file.relevance])
    yield from sorted(str(FILE_MARKS[mark]) for mark in file.annotations)
    if file.publicly_available is not None:
        yield _("publicly available") if file.publicly_available else _("not publicly available")
    for kind, value in file.hashes:
        yield f"{kind}: {value}"
    yield file.more


def _viewed(file: File) -> str:
    """What the reveal log says; nothing else can make a file "viewed"."""
    if file.viewed:
        last = max(look.opened_at for look in file.looks if look.whole)
        return _("viewed here in full, last on %(moment)s") % {"moment": _moment(last)}
    if file.viewed_in_part:
        return _("viewed here in part, never in full")
    return _("not viewed by anybody here")


def _moment(moment: datetime) -> str:
    """In UTC for everybody: what two people compare must not depend on where they sit."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


# --- how far it came -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Story:
    """A tip's state for its page: words, a tone for the badge, and what a person can do."""

    words: str
    tone: str
    sentence: str
    may_retry: bool
    is_test: bool
    #: Reports at NCMEC whose id we never learned: empty, unfinished, deleted there by themselves.
    unanswered: int
    retracted: tuple[int, ...]


def story(tip: Tip) -> Story:
    """Where the report stands, in words."""
    progress = Progress.from_json(tip.progress) if tip.progress else Progress()
    words, tone = str(_STAGES[progress.stage]), "good" if progress.stage is Stage.FINISHED else "info"
    if tip.failure_code and tip.next_try_at is None:
        words, tone = _("waits for a person"), "danger"
    elif tip.failure_code:
        words, tone = _("is tried again by itself"), "caution"
    elif tip.started_at is None:
        words, tone = _("not let go yet"), ""
    return Story(
        words, tone, tip.failure, bool(tip.failure_code), tip.environment == "test", progress.unanswered,
        progress.retracted,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """One call for the page."""

    what: str
    began_at: datetime
    good: bool
    sentence: str
    request_id: str


def calls(tip: Tip) -> list[Call]:
    """Every call to NCMEC in words, the newest first."""
    return [_call(row) for row in tip.calls.order_by("-pk")]


def _call(row: TipCall) -> Call:
    good = row.code == "0"
    if good and row.what == "xsd":
        sentence = _("It came; SHA-256 %(digest)s.") % {"digest": row.answer}
    elif good:
        sentence = row.answer
    elif row.ended_at is None:
        sentence = _("no answer yet")
    else:
        sentence = row.sentence
    return Call(str(CALLS.get(row.what, row.what)), row.began_at, good, sentence, row.request_id)


def is_stuck(escalation: Escalation) -> bool:
    """Whether a report waits for a person: it could not be sent, or not be taken back."""
    if not escalation.is_tip:
        return False
    try:
        tip = escalation.tip
    except Tip.DoesNotExist:
        return False
    return bool(tip.failure_code) and tip.next_try_at is None


def stuck_words(escalation: Escalation) -> str:
    """Where a report stands that waits for a person, in a few words."""
    if escalation.state == State.APPROVED:
        return _("stopped: NCMEC did not take it")
    return _("%(state)s; NCMEC may still have the open report") % {"state": escalation.get_state_display()}


def what_to_do(escalation: Escalation) -> str:
    """What a person can do for a report that waits for them, in a sentence or two."""
    if escalation.state == State.APPROVED:
        return _("Somebody here reads why NCMEC did not take the report, and tries it again or withdraws it.")
    return _(
        "Taking the report back at NCMEC failed. Somebody here reads why and tries it again. A report that was not "
        "handed in is deleted there by itself, 24 hours after it was opened or an hour after its last change, "
        "whichever is later."
    )
