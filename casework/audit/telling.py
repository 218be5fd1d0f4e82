"""What an entry adds to its sentence on a case's timeline: a few words, where the log page has every value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from .verbs import Verb
from .wording import one_line

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: Codes that entries carry, as people say them. A code that is missing here is shown with spaces for underscores.
CODES: dict[str, StrOrPromise] = {
    "us_tida_48h": _("TAKE IT DOWN Act, 48 hours"),
    "minor_indicated": _("the report says under 18, or does not know"),
    "bank_match": _("it matches a bank of what may show somebody under 18"),
    "confirmed": _("it is the same"),
    "different": _("it is something else"),
    "wrong": _("it should not be in the bank"),
    "minor_suspected": _("somebody here suspects a minor"),
    "withdrawn_by_reporter": _("the reporter withdrew"),
    "confirmed_gone": _("every place is confirmed gone"),
    "decided_keep": _("decided to keep"),
    "refused_by_second_person": _("the second person refused"),
    "effects_confirmed": _("every effect is confirmed"),
    "reporter_wrote": _("the reporter wrote"),
    "places_added": _("the reporter named another place"),
    "session_ended": _("the browser session ended"),
    "approval": _("waits for a second person"),
    "decided": _("decided"),
    "need_more": _("not enough information"),
    "not_minor": _("not a minor"),
    "take_down": _("take down"),
    "limit": _("limit visibility"),
    "inform_reporter": _("tell the reporter"),
    "refer": _("pass on to a partner"),
    "restore": _("put back"),
    "platform": _("by the platform's answer"),
    "effects.wanted": _("a decision for the platform"),
    "outbox.test": _("a test message"),
    "interrupted": _("the worker ended while sending"),
    "replaced": _("a later decision replaced it"),
    "gone": _("the receiver is gone for good"),
    "ncii_ai": _("intimate imagery made or altered with AI"),
    "ncii_authentic": _("intimate imagery shared without consent"),
    "ncii_threat": _("threat to share intimate imagery"),
    "explicit": _("explicitness"),
    "c2pa": _("content credentials"),
    "generator_metadata": _("generator traces"),
    "source_type": _("declared source"),
    "ai_fields": _("AI fields"),
    "stealth_metadata": _("hidden settings"),
    "camera_metadata": _("camera data"),
    "embedded_thumbnail": _("thumbnail"),
    "known": _("known matches"),
    "form": _("public form"),
    "api": _("API"),
    "depicted": _("the person depicted"),
    "somebody_else": _("somebody else"),
    "decide": _("to decide"),
    "identify": _("to see who is shown"),
    "compare": _("to compare"),
    "second": _("to approve a decision"),
    "ai_made": _("AI-made"),
    "certain": _("certain"),
    "likely": _("likely"),
    "unclear": _("unclear"),
    "unlikely": _("unlikely"),
    "cant_tell": _("can't tell"),
    "not_checked": _("not checked"),
    "truth_yes": _("yes"),
    "truth_no": _("no"),
    "truth_unclear": _("nobody can say"),
}


def code(value: Any) -> str:
    """A code in words."""
    return str(CODES.get(str(value), str(value).replace("_", " ")))


def _moment(value: Any) -> str:
    return date_format(timezone.localtime(datetime.fromisoformat(str(value))), "SHORT_DATETIME_FORMAT")


def _changed(data: Mapping[str, Any]) -> str:
    parts = []
    if places := data.get("locators_added"):
        parts.append(ngettext("%(n)d place named", "%(n)d places named", places) % {"n": places})
    if items := data.get("items_added"):
        parts.append(ngettext("%(n)d file added", "%(n)d files added", items) % {"n": items})
    if data.get("explicit_score") is not None:
        parts.append(_now("explicit score %(score).2f") % {"score": float(data["explicit_score"])})
    if data.get("synthetic_found"):
        parts.append(_now("AI-made, likely"))
    # Not the known copies: one of them may lie in a case that was restricted since.
    return " · ".join(parts)


def _moved(data: Mapping[str, Any]) -> str:
    words = f"{code(data['was'])} → {code(data['now'])}"
    return f"{words} · {code(data['why'])}" if data.get("why") else words


def _decided(data: Mapping[str, Any]) -> str:
    parts = [code(data["outcome"]), code(data.get("policy", ""))]
    if data.get("needs_second"):
        parts.append(_now("waits for a second person"))
    return " · ".join(part for part in parts if part)


def _examined(data: Mapping[str, Any]) -> str:
    found = [
        code(name) for name, said in dict(data.get("signals", {})).items() if said.get("status") == "found"
    ]
    return _now("found: %(signals)s") % {"signals": ", ".join(found)} if found else _now("nothing was found")


def _examined_again(data: Mapping[str, Any]) -> str:
    return "" if data["opened"] else _now("could not be opened: %(why)s") % {"why": code(data["code"])}


def _filed(data: Mapping[str, Any]) -> str:
    parts = [code(data.get("channel", "")), code(data.get("role", ""))]
    missing = [code(name) for name, present in dict(data.get("elements", {})).items() if not present]
    if missing:
        parts.append(_now("missing: %(elements)s") % {"elements": ", ".join(missing)})
    return " · ".join(parts)


def _closed(data: Mapping[str, Any]) -> str:
    seconds = _now("%(n).0f s") % {"n": float(data.get("seconds") or 0)}
    return f"{seconds}, {_now('estimated')}" if data.get("estimated") else seconds


def _derived(data: Mapping[str, Any]) -> str:
    return f"{code(data.get('kind', ''))}, {data.get('width')} × {data.get('height')}"


def _sampled(data: Mapping[str, Any]) -> str:
    n = len(data["frames"])
    return ngettext("%(n)d frame", "%(n)d frames", n) % {"n": n}


def _seconds(data: Mapping[str, Any]) -> str:
    return _now("%(n).0f s") % {"n": float(data["seconds"])}


def _assessed(data: Mapping[str, Any]) -> str:
    answers = dict(data["answers"])
    parts = [
        f"{code(question)} {code(answers[question])}"
        for question in ("explicit", "ai_made")
        if question in answers
    ]
    return " · ".join(parts)


def _confirmed(data: Mapping[str, Any]) -> str:
    return f"{code(data['question'])}: {code('truth_' + data['now'])}"


def _matched(data: Mapping[str, Any]) -> str:
    """Numbers and no names: what the bank is called stands on the erasable side of the entry."""
    n = int(data["count"])
    parts = [ngettext("%(n)d match", "%(n)d matches", n) % {"n": n}]
    for match in data["matches"][:3]:
        near = match["distance"] is not None
        parts.append(_now("distance %(distance)d") % match if near else _now("the same file"))
    if data.get("retroactive"):
        parts.append(_now("by an entry that was added later"))
    if data.get("again"):
        parts.append(_now("it counts again"))
    return " · ".join(parts)


def _offered(data: Mapping[str, Any]) -> str:
    return _now("%(added)d added, %(known)d known before") % data


def _settled(data: Mapping[str, Any]) -> str:
    kind = code(data.get("kind", ""))
    return f"{kind}, {code('platform')}" if data.get("how") == "platform" else kind


def _not_delivered(data: Mapping[str, Any]) -> str:
    return _now("%(kind)s, attempt %(number)d: %(code)s") % {
        "kind": code(data["kind"]), "number": data["attempts"], "code": code(data["code"])
    }  # fmt: skip


BRIEF: dict[str, Callable[[Mapping[str, Any]], str]] = {
    Verb.REPORT_FILED: _filed,
    Verb.REPORT_MESSAGE_SENT: lambda data: "",
    Verb.CASE_OPENED: lambda data: _now("restricted at once") if data.get("restricted") else "",
    Verb.CASE_CLAIMED: lambda data: "",
    Verb.CASE_TAKEN_OVER: lambda data: "",
    Verb.CASE_HELD: lambda data: _now("until %(moment)s") % {"moment": _moment(data["until"])},
    Verb.CASE_SKIPPED: lambda data: "",
    Verb.CASE_RESTRICTED: lambda data: code(data.get("why", "")),
    Verb.CASE_UNRESTRICTED: lambda data: "",
    Verb.CASE_FACTORS_CHANGED: _changed,
    Verb.CASE_MOVED: _moved,
    Verb.NOTE_WRITTEN: lambda data: "",
    Verb.CLOCK_STARTED: lambda data: (
        _now("%(clock)s, due %(moment)s")
        % {"clock": code(data["profile"]), "moment": _moment(data["due_at"])}
    ),
    Verb.CLOCK_STOPPED: lambda data: code(data.get("why", "")),
    Verb.CLOCK_BREACHED: lambda data: code(data.get("profile", "")),
    Verb.DECISION_MADE: _decided,
    Verb.EFFECT_OPENED: lambda data: code(data.get("kind", "")),
    Verb.EFFECT_CONFIRMED: _settled,
    Verb.EFFECT_FAILED: _settled,
    Verb.OUTBOX_POSTED: lambda data: code(data["kind"]),
    Verb.OUTBOX_DELIVERED: lambda data: code(data["kind"]),
    Verb.OUTBOX_NOT_DELIVERED: _not_delivered,
    Verb.OUTBOX_GIVEN_UP: lambda data: code(data["kind"]),
    Verb.OUTBOX_CANCELLED: lambda data: code(data["why"]),
    Verb.OUTBOX_REPLAYED: lambda data: code(data["kind"]),
    Verb.ENDPOINT_SWITCHED: lambda data: _now("switched on") if data["enabled"] else _now("switched off"),
    Verb.EVIDENCE_RECEIVED: lambda data: filesizeformat(data.get("size", 0)),
    Verb.EVIDENCE_EXAMINED: _examined,
    Verb.EVIDENCE_EXAMINED_AGAIN: _examined_again,
    Verb.EVIDENCE_DERIVED: _derived,
    Verb.EVIDENCE_FILM_SAMPLED: _sampled,
    Verb.EVIDENCE_PLAYBACK_ASKED: lambda data: code(data["reason"]),
    Verb.EVIDENCE_PLAYBACK_MADE: _seconds,
    Verb.EVIDENCE_PLAYBACK_FAILED: lambda data: "",
    Verb.EVIDENCE_VERIFIED: lambda data: _now("it is unchanged"),
    Verb.EVIDENCE_MATCHED: _matched,
    Verb.EVIDENCE_MATCH_ENDED: _matched,
    Verb.EVIDENCE_MATCH_JUDGED: lambda data: code(data.get("verdict", "")),
    Verb.EVIDENCE_OFFERED: _offered,
    Verb.EVIDENCE_ASSESSED: _assessed,
    Verb.OUTCOME_CONFIRMED: _confirmed,
    Verb.EVIDENCE_REVEALED: lambda data: code(data.get("reason", "")),
    Verb.EVIDENCE_REVEAL_CLOSED: _closed,
    Verb.EVIDENCE_REVEAL_COLOURED: lambda data: "",
    Verb.EVIDENCE_REVEAL_EXTENDED: lambda data: "",
}


def brief(verb: str, data: Mapping[str, Any]) -> str:
    """The few words of one entry; for a verb without words of its own, every value it carries.

    An entry outlives the code that wrote it: where its values are not what today's words expect, all are shown.
    """
    tell = BRIEF.get(verb, one_line)
    try:
        return tell(data)
    except (KeyError, ValueError, TypeError, AttributeError):
        return one_line(data)
