"""What an entry adds to its sentence on a case's timeline: a few words, where the log page has every value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _now
from django.utils.translation import ngettext

from .codes import code, moment
from .legal_codes import LEGAL_SAYS_ENOUGH
from .verbs import Verb
from .wording import one_line


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


def _passing_on(data: Mapping[str, Any]) -> str:
    return " · ".join(f"{code(kind)}: {code(choice)}" for kind, choice in dict(data["now"]).items())


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
    kind, how = code(data.get("kind", "")), data.get("how")
    return f"{kind}, {code(how)}" if how in ("platform", "partner") else kind


def _version(data: Mapping[str, Any]) -> str:
    return _now("version %(n)d") % {"n": data["version"]}


def _not_delivered(data: Mapping[str, Any]) -> str:
    return _now("%(kind)s, attempt %(number)d: %(code)s") % {
        "kind": code(data["kind"]), "number": data["attempts"], "code": code(data["code"])
    }  # fmt: skip


def _legal_checked(data: Mapping[str, Any]) -> str:
    found = _now("authentic") if data["authentic"] else _now("not authentic")
    return f"{found} · {code(data['how'])}"


def _until(data: Mapping[str, Any]) -> str:
    return _now("until %(moment)s") % {"moment": moment(data["until"])}


def _fetched(data: Mapping[str, Any]) -> str:
    words = _now("%(number)d of %(of)d") % data
    return f"{words} · {_now('resumed')}" if data["resumed"] else words


def _fetching_ended(data: Mapping[str, Any]) -> str:
    how = _now("whole") if data["whole"] else code(data["why"] or "a_part_of_it")
    return f"{filesizeformat(data['sent'])} · {how}"


def _number(data: Mapping[str, Any]) -> str:
    return _now("number %(report_id)s") % data


def _tip_failed(data: Mapping[str, Any]) -> str:
    said = code(data["code"])
    return f"{said} · {_now('tried again by itself')}" if "again_in" in data else said


def _pictures(n: int) -> str:
    return ngettext("%(n)d picture", "%(n)d pictures", n) % {"n": n} if n else _now("no pictures")


def _packed(data: Mapping[str, Any]) -> str:
    return f"{filesizeformat(data['size'])}, {_pictures(data['pictures'])}"


BRIEF: dict[str, Callable[[Mapping[str, Any]], str]] = {
    Verb.REPORT_FILED: _filed,
    Verb.REPORT_MESSAGE_SENT: lambda data: "",
    Verb.REPORT_PASSING_ON_CHOSEN: _passing_on,
    Verb.REPORTER_PACKAGE_MADE: lambda data: code("paper_" + data["form"]),
    Verb.CASE_OPENED: lambda data: _now("restricted at once") if data.get("restricted") else "",
    Verb.CASE_CLAIMED: lambda data: "",
    Verb.CASE_TAKEN_OVER: lambda data: "",
    Verb.CASE_HELD: lambda data: _now("until %(moment)s") % {"moment": moment(data["until"])},
    Verb.CASE_SKIPPED: lambda data: "",
    Verb.CASE_RESTRICTED: lambda data: code(data.get("why", "")),
    Verb.CASE_UNRESTRICTED: lambda data: "",
    Verb.CASE_FACTORS_CHANGED: _changed,
    Verb.CASE_MOVED: _moved,
    Verb.NOTE_WRITTEN: lambda data: "",
    Verb.CLOCK_STARTED: lambda data: (
        _now("%(clock)s, due %(moment)s") % {"clock": code(data["profile"]), "moment": moment(data["due_at"])}
    ),
    Verb.CLOCK_STOPPED: lambda data: code(data.get("why", "")),
    Verb.CLOCK_BREACHED: lambda data: code(data.get("profile", "")),
    Verb.DECISION_MADE: _decided,
    Verb.EFFECT_OPENED: lambda data: code(data.get("kind", "")),
    Verb.EFFECT_CONFIRMED: _settled,
    Verb.EFFECT_FAILED: _settled,
    **dict.fromkeys(LEGAL_SAYS_ENOUGH, lambda data: ""),
    Verb.HOLD_PLACED: lambda data: _until(data) if data["until"] else "",
    Verb.HOLD_PROLONGED: lambda data: _until(data) if data["until"] else "",
    Verb.LEGAL_RECEIVED: lambda data: code(data["type"]),
    Verb.LEGAL_DOCUMENT_STORED: lambda data: filesizeformat(data["size"]),
    Verb.LEGAL_CHECKED: _legal_checked,
    Verb.LEGAL_REFUSED: lambda data: ", ".join(code(ground) for ground in data["grounds"]),
    Verb.LEGAL_PRODUCED: lambda data: code("legal_" + data["how"]),
    Verb.LEGAL_RENEWED: _until,
    Verb.LEGAL_SILENCE_PROLONGED: _until,
    Verb.LEGAL_LETTER_WRITTEN: lambda data: code("letter_" + data["kind"]),
    Verb.LEGAL_LETTER_RELEASED: lambda data: code("letter_" + data["kind"]),
    Verb.LEGAL_LETTER_HANDED_OVER: lambda data: code("handed_" + data["way"]),
    Verb.LEGAL_CLOCK_BREACHED: lambda data: code("by_" + data["source"]),
    Verb.OUTBOX_POSTED: lambda data: code(data["kind"]),
    Verb.OUTBOX_DELIVERED: lambda data: code(data["kind"]),
    Verb.OUTBOX_NOT_DELIVERED: _not_delivered,
    Verb.OUTBOX_GIVEN_UP: lambda data: code(data["kind"]),
    Verb.OUTBOX_CANCELLED: lambda data: code(data["why"]),
    Verb.OUTBOX_REPLAYED: lambda data: code(data["kind"]),
    Verb.ESCALATION_DRAFTED: lambda data: f"{code(data['basis'])} · {code(data['channel'])}",
    Verb.ESCALATION_CHANGED: _version,
    Verb.ESCALATION_PREVIEWED: _version,
    Verb.ESCALATION_OFFERED: _version,
    Verb.ESCALATION_APPROVED: _version,
    Verb.ESCALATION_IMAGERY_APPROVED: lambda data: _pictures(data["pictures"]),
    Verb.ESCALATION_RETURNED: lambda data: code(data.get("code", "")),
    Verb.ESCALATION_REFUSED: lambda data: "",
    Verb.ESCALATION_GLASS_BROKEN: lambda data: code(data["why"]),
    Verb.ESCALATION_GLASS_REVIEWED: lambda data: (
        _now("it was right") if data["right"] else _now("it was wrong")
    ),
    Verb.ESCALATION_GLASS_OVERDUE: lambda data: _now("due %(moment)s") % {"moment": moment(data["due_at"])},
    Verb.ESCALATION_SENT: lambda data: f"{code(data['channel'])} · {data['tlp']}",
    Verb.ESCALATION_DELIVERED: lambda data: code("taken_" + data["how"]),
    Verb.ESCALATION_READ: lambda data: "",
    Verb.ESCALATION_ACKNOWLEDGED: lambda data: "",
    Verb.ESCALATION_LINE_WRITTEN: lambda data: code(data["kind"]),
    Verb.ESCALATION_ANSWERED: lambda data: code(data["outcome"]),
    Verb.ESCALATION_DECLINED: lambda data: "",
    Verb.ESCALATION_REMINDED: lambda data: _now("%(hours)d hours after it was sent") % data,
    Verb.ESCALATION_CLOSED: lambda data: "",
    Verb.ESCALATION_WITHDRAWN: lambda data: _now("it was: %(state)s") % {"state": code(data["was"])},
    Verb.ESCALATION_EXPIRED: lambda data: _now("until %(moment)s") % {"moment": moment(data["until"])},
    Verb.ESCALATION_CLAIMED: lambda data: _now("taken over from a colleague") if data["taken_over"] else "",
    Verb.ESCALATION_RELEASED: lambda data: "",
    Verb.PACKAGE_ASKED: lambda data: "",
    Verb.PACKAGE_BEGUN: lambda data: _pictures(len(data["marks"])),
    Verb.PACKAGE_MADE: _packed,
    Verb.PACKAGE_FAILED: lambda data: code(data["code"]),
    Verb.PACKAGE_STAMPED: lambda data: moment(data["at"]),
    Verb.PACKAGE_NOT_STAMPED: lambda data: "",
    Verb.PACKAGE_REMOVED: lambda data: "",
    Verb.PACKAGE_FETCHES_ALLOWED: lambda data: _now("%(now)d times instead of %(was)d") % data,
    Verb.PACKAGE_DOWNLOADED: _fetched,
    Verb.PACKAGE_DOWNLOAD_ENDED: _fetching_ended,
    Verb.LINK_MADE: lambda data: _now("until %(moment)s") % {"moment": moment(data["until"])},
    Verb.LINK_REVOKED: lambda data: code(data["why"]),
    Verb.LINK_OPENED: lambda data: "",
    Verb.LINK_CODE_REFUSED: lambda data: (
        ngettext("%(n)d try left", "%(n)d tries left", data["left"]) % {"n": data["left"]}
    ),
    Verb.ENDPOINT_SWITCHED: lambda data: _now("switched on") if data["enabled"] else _now("switched off"),
    Verb.TIP_DESCRIBED: _version,
    Verb.TIP_STARTED: lambda data: _now("NCMEC's test server") if data["environment"] == "test" else "",
    Verb.TIP_OPENED: _number,
    Verb.TIP_FILE_SENT: _number,
    Verb.TIP_FINISHED: _number,
    Verb.TIP_RETRACTED: _number,
    Verb.TIP_ANSWER_LOST: lambda data: _now("NCMEC deletes it within a day"),
    Verb.TIP_FAILED: _tip_failed,
    Verb.TIP_RETRIED: lambda data: "",
    Verb.TIP_CALLED_OFF: lambda data: "",
    Verb.TIP_XML_READ: _version,
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
