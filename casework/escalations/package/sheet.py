"""The facts sheet as sections of paragraphs and tables, which a page and a PDF draw alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.translation import gettext as _

from .facts import Actor, Facts, Item, Tlp


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, paragraphs, and a table (``head`` and ``rows``), each of which may be empty."""

    heading: str
    paragraphs: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    title: str
    label: str
    sections: tuple[Section, ...]


def sheet(facts: Facts) -> Sheet:
    """Everything a reader needs first, in the language that is active."""
    drawn = (
        _overview(facts),
        _sharing(facts.tlp),
        _items(facts),
        _locators(facts),
        _decisions(facts),
        _statements(facts),
        _further(facts),
        _scores(facts),
        _custody(facts),
        _log(facts),
    )
    title = _("Case %(number)s: facts") % {"number": facts.case_number}
    return Sheet(title, facts.tlp.value, tuple(section for section in drawn if section is not None))


def sharing_words(tlp: Tlp) -> str:
    """What TLP 2.0 lets a recipient do, in a sentence."""
    return {
        Tlp.CLEAR: _("There is no limit on whom you share this with."),
        Tlp.GREEN: _("Share this within your community, not in public."),
        Tlp.AMBER: _("Share this only within your organisation and with its clients who need to know."),
        Tlp.AMBER_STRICT: _("Share this only within your organisation, with those who need to know."),
        Tlp.RED: _("For the eyes of the persons it was addressed to; share it with nobody else."),
    }[tlp]


def moment(at: datetime | None) -> str:
    """A time for people, in UTC, to the second; "not stated" for one that was not told."""
    if at is None:
        return _("not stated")
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _overview(facts: Facts) -> Section:
    basis = [facts.authority.kind, facts.authority.reference, facts.authority.jurisdiction]
    rows = (
        (_("Case"), facts.case_number),
        (_("State of the case"), facts.case_state),
        (_("Opened"), moment(facts.case_opened_at)),
        (_("From"), " · ".join(part for part in (facts.sender.name, facts.sender.contact) if part)),
        (_("For"), facts.recipient.name),
        (_("Basis"), " · ".join(part for part in basis if part)),
        (_("Urgency"), facts.urgency),
        (_("Possible offence"), facts.offence or _("not stated")),
        (_("Package"), str(facts.package)),
        (_("Made"), moment(facts.made_at)),
        (_("Made with"), f"{facts.software} {facts.software_version}"),
        (_("Pictures"), _pictures(facts)),
    )
    return Section(_("Overview"), (facts.summary,), (), rows)


def _pictures(facts: Facts) -> str:
    if not facts.pictures:
        return _("none in this package; items are given by digests and addresses")
    return _("%(count)s, each marked for the recipient") % {"count": len(facts.pictures)}


def _sharing(tlp: Tlp) -> Section:
    return Section(_("Sharing"), (f"{tlp.value}. {sharing_words(tlp)}",))


def _items(facts: Facts) -> Section:
    rows = tuple((item.exhibit, _item_words(item), _digest_words(item)) for item in facts.items)
    return Section(_("Items"), _none(rows), (_("Exhibit"), _("What"), _("Digests")), rows)


def _item_words(item: Item) -> str:
    size = "" if item.size is None else _("%(size)s bytes") % {"size": item.size}
    extent = f"{item.width} x {item.height}" if item.width and item.height else ""
    received = "" if item.received_at is None else _("received %(at)s") % {"at": moment(item.received_at)}
    made = {"authentic": _("authentic"), "synthetic": _("synthetic"), "unknown": _("origin unknown")}
    parts = (item.kind, item.mime_type, size, extent, made.get(item.made, ""), received, str(item.id))
    return ", ".join(part for part in parts if part)


def _digest_words(item: Item) -> str:
    return "\n".join(f"{method} {value}" for method, value in item.digests)


def _locators(facts: Facts) -> Section:
    rows = tuple((found.url, moment(found.reported_at), found.state) for found in facts.locators)
    return Section(_("Addresses"), _none(rows), (_("Address"), _("Reported"), _("State")), rows)


def _decisions(facts: Facts) -> Section:
    rows = tuple(
        (moment(made.at), f"{made.outcome} ({made.policy}, {made.grounds})", made.statement, who(made.actor))
        for made in facts.decisions
    )
    return Section(_("Decisions"), _none(rows), (_("When"), _("What"), _("Reasons"), _("Who")), rows)


def _statements(facts: Facts) -> Section:
    rows = tuple((moment(said.at), said.by, said.text) for said in facts.statements)
    return Section(_("Statements"), _none(rows), (_("When"), _("By"), _("Text")), rows)


def _further(facts: Facts) -> Section | None:
    if not facts.further:
        return None
    rows = tuple((said.label, "\n".join(said.values)) for said in facts.further)
    return Section(_("Further facts"), (), (), rows)


def _scores(facts: Facts) -> Section:
    exhibits = {item.id: item.exhibit for item in facts.items}
    rows = tuple(
        (
            exhibits.get(score.item, str(score.item)),
            score.signal,
            score.value or _("not checked"),
            f"{score.model} {score.version}",
            score.limits,
        )
        for score in facts.scores
    )
    words = _("Scores of machines helped to sort the work. None of them proves anything by itself.")
    head = (_("Exhibit"), _("Signal"), _("Value"), _("Model and version"), _("Limits"))
    return Section(_("Scores"), (words,) if rows else _none(rows), head, rows)


def _custody(facts: Facts) -> Section:
    exhibits = {item.id: item.exhibit for item in facts.items}
    rows = tuple(
        (
            str(event.seq),
            moment(event.at),
            exhibits.get(event.item, str(event.item)),
            f"{event.action} ({event.reason})" if event.reason else event.action,
            who(event.actor),
        )
        for event in facts.custody
    )
    head = (_("No."), _("When"), _("Exhibit"), _("What"), _("Who"))
    return Section(_("Custody"), _none(rows), head, rows)


def _log(facts: Facts) -> Section | None:
    if facts.log is None:
        return None
    words = [
        _(
            "%(count)s entries of the desk's log about what this package tells are in data/log/, with their proofs."
        )
        % {"count": len(facts.log.entries)},
        _("%(count)s other entries about this case are there as hashes only: what they say is not told here.")
        % {"count": len(facts.withheld)},
        _("Key of the log: %(key)s") % {"key": facts.log_key},
    ]
    if facts.log.waiting:
        words.append(
            _("%(count)s newer entries were not sealed yet and are not in this package.")
            % {"count": facts.log.waiting}
        )
    return Section(_("Log"), tuple(words))


def who(actor: Actor) -> str:
    """A pseudonym for people: the role and the beginning of the random id."""
    return f"{actor.role} {str(actor.id)[:8]}"


def _none(rows: Iterable[object]) -> tuple[str, ...]:
    return () if rows else (_("None."),)
