"""A reporter's own report as a document to keep or to hand to the police: from rows alone, without any picture.

Made with the document builder of packages, so that its fonts and scripts behave alike. In the language that is active.
Whoever came across something gets places and times alone: nothing that says anything about the person shown.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from casework.audit import happenings
from casework.audit.reading import newest_checkpoint
from casework.audit.verbs import Verb
from casework.cases.actions.decisions import standing_decision
from casework.cases.models import Case, Effect, Locator
from casework.reports.codes import shown_reference
from casework.reports.models import Message, Report
from casework.reports.passing import may_choose
from casework.reports.wording import standing_of

from . import letters, reporting
from .package.sheet import Section, Sheet, moment

Rows = tuple[tuple[str, ...], ...]
_GOING = (Effect.Kind.TAKE_DOWN, Effect.Kind.LIMIT)


def paper(report: Report) -> Sheet:
    """The whole document. Times are UTC; nothing in it stands under silence, and nothing names anybody of the desk."""
    whole = may_choose(report.role)
    drawn: list[Section | None] = [_about(report), _report(report, whole=whole), _places(report)]
    if whole:
        drawn += [_files(report), _standing(report), _messages(report), _handed(report)]
    drawn.append(_proof(report))
    reference = shown_reference(report.reference)
    title = _("Report %(reference)s") % {"reference": reference}
    return Sheet(title, reference, tuple(section for section in drawn if section is not None))


def words(report: Report) -> Sheet:
    """What is for the reporter alone: how to hand the document over, and letters to make their own."""
    places = [place.value for place in _locators(report)]
    return Sheet(_("For you"), "", (letters.advice(), *letters.letters(report, places)))


def text(sheet: Sheet) -> str:
    """The same as plain text: headings, paragraphs, and each row of a table as lines of its own."""
    lines = [sheet.title, "=" * len(sheet.title)]
    for section in sheet.sections:
        lines += ["", section.heading, "-" * len(section.heading), *section.paragraphs]
        for row in section.rows:
            named = zip(section.head, row, strict=True) if section.head else [row]
            lines += ["", *(": ".join(part for part in pair if part) for pair in named)]
    return "\n".join(lines) + "\n"


def _about(report: Report) -> Section:
    words = (
        _(
            "This document was made from what is stored about one report, at the wish of whoever made the report."
        ),
        _("It holds no picture and no video. The desk named below can be asked for what it keeps."),
        _(
            "Times are in UTC. Name and address of whoever reported are left out on purpose: they say them themselves."
        ),
    )
    rows = (
        (_("Reference"), shown_reference(report.reference)),
        (_("Kept by"), " · ".join(part for part in (settings.DESK_NAME, settings.DESK_CONTACT) if part)),
        (_("Pages of the desk"), f"{settings.PUBLIC_URL}{reverse('status')}"),
    )
    return Section(_("What this is"), words, (), rows)


def _report(report: Report, *, whole: bool) -> Section:
    rows: list[tuple[str, str]] = [(_("Reported"), moment(report.received_at))]
    if report.withdrawn_at:
        rows.append((_("Taken back"), moment(report.withdrawn_at)))
    if whole:
        rows += [(label, value) for label, value in _said(report) if value]
    return Section(_("What was reported"), (), (), tuple(rows))


def _said(report: Report) -> Iterator[tuple[str, str]]:
    yield _("By"), str(report.get_role_display())
    yield _("Age at that time, of the person shown"), str(report.get_age_at_the_time_display())
    yield _("Real, or made with AI"), str(report.get_made_how_display())
    yield _("The person shown did not agree to this"), _("stated in good faith") if report.no_consent else ""
    yield _("Signed"), _("yes, with a typed name") if report.signature else _("no")
    yield _("Where exactly"), report.description
    yield _("In the reporter's words"), report.statement


def _locators(report: Report) -> list[Locator]:
    return list(report.case.locators.all())


def _places(report: Report) -> Section:
    """Each place; what became of it only by a decision that stands."""
    decision = standing_decision(report.case)
    effects = (
        {}
        if decision is None
        else {each.locator_id: each for each in decision.effects.filter(kind__in=_GOING)}
    )
    rows = tuple(
        (place.value, moment(place.added_at), _became(effects.get(place.pk))) for place in _locators(report)
    )
    head = (_("Place"), _("First told to us"), _("What became of it"))
    return Section(_("Where it is"), () if rows else (_("None was named."),), head if rows else (), rows)


def _became(effect: Effect | None) -> str:
    if effect is None:
        return _("reported")
    asked = _("asked to be taken down on %(at)s") % {"at": moment(effect.wanted_at)}
    if effect.confirmed_at is not None:
        return "\n".join((asked, _("confirmed as gone on %(at)s") % {"at": moment(effect.confirmed_at)}))
    if effect.failed_at is not None:
        return "\n".join((asked, _("this did not work, noted on %(at)s") % {"at": moment(effect.failed_at)}))
    return "\n".join((asked, _("not confirmed yet")))


def _files(report: Report) -> Section | None:
    rows = tuple(
        (str(number), moment(item.received_at), f"SHA256 {item.sha256}\nMD5 {item.md5}")
        for number, item in enumerate(report.case.items.order_by("position"), start=1)
    )
    if not rows:
        return None
    words = _(
        "Digital fingerprints of the files that were sent with the report. They show whether a file is the same one; "
        "no picture can be made from them."
    )
    return Section(_("Files that were sent"), (words,), (_("No."), _("Received"), _("Fingerprints")), rows)


def _standing(report: Report) -> Section:
    standing, decision = standing_of(report), standing_decision(report.case)
    rows: Rows = ((_("Where it stands"), standing.title), (_("In words"), standing.text))
    if decision is not None and report.case.status in (Case.Status.DECIDED, Case.Status.CLOSED):
        rows += ((_("Decided"), moment(decision.decided_at)),)
    if standing.reasons:
        rows += ((_("The reasons, as written to the reporter"), standing.reasons),)
    return Section(_("What the desk did"), (), (), rows)


def _messages(report: Report) -> Section | None:
    ours = report.messages.exclude(sender=Message.Sender.REPORTER)
    rows = tuple((moment(line.sent_at), line.text) for line in ours)
    return (
        Section(_("What the desk wrote to the reporter"), (), (_("When"), _("Text")), rows) if rows else None
    )


def _handed(report: Report) -> Section | None:
    rows = tuple(
        (moment(each.at), each.to_whom, "; ".join(each.what), f"{each.pictures} {each.state}")
        for each in reporting.passed_on(report)
    )
    head = (_("When"), _("To whom"), _("What"), _("Pictures, and what came of it"))
    return Section(_("What the desk passed on"), (), head, rows) if rows else None


def _proof(report: Report) -> Section:
    """The entry that the report was filed with, and the log's newest signed state. Nothing is counted: a number of
    entries could tell of what nobody may speak of."""
    filed = happenings.of_case(report.case.public_id, [Verb.REPORT_FILED])
    rows = [(_("Entry of the log"), f"{entry.public_id}, {moment(entry.at)}") for entry in filed[:1]]
    checkpoint = newest_checkpoint()
    rows.append((_("Signed state of the log"), checkpoint.strip() if checkpoint else _("not signed yet")))
    words = _(
        "Every step is an entry in a log that can’t be changed afterwards without it showing. With the reference above "
        "the police or a court can ask the desk for the entries and for their proof."
    )
    return Section(_("How this can be proven"), (words,), (), tuple(rows))


#: Form of the document -> name of the file, which says nothing, and its type.
FORMS: dict[str, tuple[str, str]] = {
    "pdf": ("document.pdf", "application/pdf"),
    "html": ("document.html", "text/html; charset=utf-8"),
    "text": ("document.txt", "text/plain; charset=utf-8"),
    "words": ("notes.txt", "text/plain; charset=utf-8"),
}
