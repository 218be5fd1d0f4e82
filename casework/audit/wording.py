"""The log in words: one sentence a verb, a kind to filter by, and labels for what an entry carries.

Sentences name the actor and nothing else, so that they may be shown where the subject may not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from casework.ui.durations import to_the_second

from .legal_codes import LEGAL_SENTENCES
from .verbs import Verb

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: How entries keep a moment; the pages that show one are for people.
_ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")

KINDS: dict[str, StrOrPromise] = {
    "report": _("Reports"),
    "case": _("Cases"),
    "decision": _("Decisions and effects"),
    "clock": _("Clocks"),
    "evidence": _("Evidence"),
    "reading": _("Reading and looking"),
    "bank": _("Banks of known hashes"),
    "model": _("Models and outcomes"),
    "outbox": _("What leaves"),
    "legal": _("Legal requests"),
    "partner": _("Partners"),
    "job": _("Background work"),
    "person": _("People and sign-ins"),
    "log": _("The log"),
}

#: The icon of each kind in a timeline (heroicons).
ICONS = {
    "report": "inbox-arrow-down",
    "case": "folder",
    "decision": "scale",
    "clock": "clock",
    "evidence": "photo",
    "reading": "eye",
    "bank": "rectangle-stack",
    "model": "chart-bar",
    "outbox": "paper-airplane",
    "legal": "building-library",
    "partner": "building-office-2",
    "job": "cog-6-tooth",
    "person": "user",
    "log": "document-text",
}

_FAMILIES = {
    "report": "report",
    "api_key": "person",
    "case": "case",
    "note": "case",
    "clock": "clock",
    "decision": "decision",
    "effect": "decision",
    "evidence": "evidence",
    "bank": "bank",
    "exchange": "bank",
    "model": "model",
    "outbox": "outbox",
    "tip": "outbox",
    "endpoint": "outbox",
    "legal": "legal",
    "partner": "partner",
    "escalation": "outbox",
    "package": "outbox",
    "portal": "outbox",
    "link": "outbox",
    "job": "job",
    "person": "person",
    "log": "log",
}

#: Acts of seeing, whatever family their verb is of: the question "who saw what" is one filter.
READING = {
    Verb.REPORT_READ_BY_REPORTER,
    Verb.CASE_READ,
    Verb.CASE_SEARCHED,
    Verb.EVIDENCE_REVEALED,
    Verb.EVIDENCE_REVEAL_EXTENDED,
    Verb.EVIDENCE_REVEAL_COLOURED,
    Verb.EVIDENCE_REVEAL_CLOSED,
    Verb.EVIDENCE_REVEAL_REFUSED,
    Verb.EVIDENCE_TRACE_ASKED,
    Verb.EVIDENCE_TRACED,
    Verb.TIP_XML_READ,
    Verb.ESCALATION_READ,
    Verb.PACKAGE_DOWNLOADED,
    Verb.PACKAGE_DOWNLOAD_ENDED,
    Verb.LINK_OPENED,
    Verb.LOG_READ,
    Verb.LOG_EXPORTED,
}

SENTENCES: dict[str, StrOrPromise] = {
    Verb.REPORT_FILED: _("%(actor)s filed a report"),
    Verb.REPORT_WITHDRAWN: _("%(actor)s withdrew the report"),
    Verb.REPORT_PASSING_ON_CHOSEN: _("%(actor)s said to whom the report may be passed on"),
    Verb.REPORTER_PACKAGE_MADE: _("%(actor)s had a document made of the report"),
    Verb.REPORT_READ_BY_REPORTER: _("%(actor)s opened the status page"),
    Verb.REPORT_MESSAGE_SENT: _("%(actor)s wrote to the reporter"),
    Verb.REPORT_MESSAGE_RECEIVED: _("%(actor)s wrote to the desk"),
    Verb.REPORT_ELEMENT_FOUND: _("%(actor)s settled an element of the report"),
    Verb.REPORT_DRAFT_REAPED: _("%(actor)s deleted an unfinished report"),
    Verb.API_KEY_CREATED: _("%(actor)s made an API key"),
    Verb.API_KEY_REVOKED: _("%(actor)s revoked an API key"),
    Verb.CASE_OPENED: _("%(actor)s opened the case"),
    Verb.CASE_READ: _("%(actor)s read the case"),
    Verb.CASE_SEARCHED: _("%(actor)s searched the cases"),
    Verb.CASE_CLAIMED: _("%(actor)s claimed the case"),
    Verb.CASE_TAKEN_OVER: _("%(actor)s took the case over"),
    Verb.CASE_RELEASED: _("%(actor)s gave the case back"),
    Verb.CASE_HELD: _("%(actor)s put the case on hold"),
    Verb.CASE_SKIPPED: _("%(actor)s passed the case on"),
    Verb.CASE_RESTRICTED: _("%(actor)s restricted the case"),
    Verb.CASE_UNRESTRICTED: _("%(actor)s lifted the restriction"),
    Verb.CASE_FACTORS_CHANGED: _("%(actor)s changed what the priority rests on"),
    Verb.CASE_MOVED: _("%(actor)s moved the case to another state"),
    Verb.NOTE_WRITTEN: _("%(actor)s wrote a note"),
    Verb.CLOCK_STARTED: _("%(actor)s started a clock"),
    Verb.CLOCK_STOPPED: _("%(actor)s stopped a clock"),
    Verb.CLOCK_BREACHED: _("%(actor)s found a clock past its deadline"),
    Verb.DECISION_MADE: _("%(actor)s decided"),
    Verb.DECISION_APPROVED: _("%(actor)s approved a decision as second person"),
    Verb.DECISION_REFUSED: _("%(actor)s refused a decision as second person"),
    Verb.EFFECT_OPENED: _("%(actor)s opened an effect"),
    Verb.EFFECT_CONFIRMED: _("%(actor)s confirmed an effect"),
    Verb.EFFECT_FAILED: _("%(actor)s marked an effect as failed"),
    Verb.HOLD_PLACED: _("%(actor)s placed a legal hold"),
    Verb.HOLD_PROLONGED: _("%(actor)s prolonged a legal hold"),
    Verb.HOLD_RELEASE_ASKED: _("%(actor)s asked to lift a legal hold"),
    Verb.HOLD_RELEASED: _("%(actor)s lifted a legal hold"),
    Verb.EVIDENCE_RECEIVED: _("%(actor)s handed in an item"),
    Verb.EVIDENCE_EXAMINED: _("%(actor)s examined an item"),
    Verb.EVIDENCE_NOT_OPENED: _("%(actor)s could not open an item"),
    Verb.EVIDENCE_QUARANTINED: _("%(actor)s quarantined an item"),
    Verb.EVIDENCE_DERIVED: _("%(actor)s made a preview or rendition"),
    Verb.EVIDENCE_FILM_SAMPLED: _("%(actor)s sampled frames of a film"),
    Verb.EVIDENCE_VERIFIED: _("%(actor)s checked an original against its digest"),
    Verb.EVIDENCE_DOUBTED: _("%(actor)s found an original in doubt"),
    Verb.EVIDENCE_PLAYBACK_ASKED: _("%(actor)s asked to watch a part of a film"),
    Verb.EVIDENCE_PLAYBACK_MADE: _("%(actor)s made a film ready to be watched"),
    Verb.EVIDENCE_PLAYBACK_FAILED: _("%(actor)s could not make a film ready to be watched"),
    Verb.EVIDENCE_REVEALED: _("%(actor)s revealed an item"),
    Verb.EVIDENCE_REVEAL_EXTENDED: _("%(actor)s looked longer at an item"),
    Verb.EVIDENCE_REVEAL_COLOURED: _("%(actor)s asked for colour"),
    Verb.EVIDENCE_REVEAL_CLOSED: _("%(actor)s stopped looking at an item"),
    Verb.EVIDENCE_REVEAL_REFUSED: _("%(actor)s was refused a reveal"),
    Verb.EVIDENCE_TRACE_ASKED: _("%(actor)s asked where a leaked copy comes from"),
    Verb.EVIDENCE_TRACED: _("%(actor)s traced a leaked copy"),
    Verb.EVIDENCE_EXAMINED_AGAIN: _("%(actor)s had an item examined again"),
    Verb.EVIDENCE_BLOB_REAPED: _("%(actor)s deleted a file that belonged to nothing"),
    Verb.EVIDENCE_MATCHED: _("%(actor)s found an item in a bank of known hashes"),
    Verb.EVIDENCE_MATCH_ENDED: _("%(actor)s took back a match with a bank"),
    Verb.EVIDENCE_MATCH_JUDGED: _("%(actor)s judged a match with a bank"),
    Verb.EVIDENCE_OFFERED: _("%(actor)s put an item's hashes into a bank"),
    Verb.BANK_CREATED: _("%(actor)s made a bank of known hashes"),
    Verb.BANK_CHANGED: _("%(actor)s changed a bank"),
    Verb.BANK_SEARCHED: _("%(actor)s looked a hash up"),
    Verb.BANK_EXPORTED: _("%(actor)s exported a bank"),
    Verb.BANK_LIST_OFFERED: _("%(actor)s handed in a list of hashes"),
    Verb.BANK_LIST_IMPORTED: _("%(actor)s imported a list of hashes"),
    Verb.BANK_LIST_FAILED: _("%(actor)s handed in a list that could not be read to its end"),
    Verb.BANK_ENTRIES_WITHDRAWN: _("%(actor)s withdrew entries of a bank"),
    Verb.BANK_ENTRIES_DELETED: _("%(actor)s deleted entries of a bank"),
    Verb.BANK_SWEPT: _("%(actor)s compared stored evidence with new entries"),
    Verb.BANK_SWEEP_FAILED: _("%(actor)s stopped comparing stored evidence with new entries"),
    Verb.EXCHANGE_CONNECTED: _("%(actor)s connected a bank with an exchange"),
    Verb.EXCHANGE_CHANGED: _("%(actor)s changed how a bank is connected with an exchange"),
    Verb.EXCHANGE_STARTED: _("%(actor)s asked to read an exchange now"),
    Verb.EXCHANGE_FETCHED: _("%(actor)s read an exchange"),
    Verb.EXCHANGE_NOT_FETCHED: _("%(actor)s could not read an exchange"),
    Verb.EXCHANGE_SENT: _("%(actor)s sent to an exchange"),
    Verb.EXCHANGE_NOT_SENT: _("%(actor)s could not send to an exchange"),
    Verb.EVIDENCE_ASSESSED: _("%(actor)s assessed an item"),
    Verb.OUTCOME_CONFIRMED: _("%(actor)s confirmed what an item was in truth"),
    Verb.CALIBRATION_PROPOSED: _("%(actor)s proposed a calibration"),
    Verb.CALIBRATION_NOT_PROPOSED: _("%(actor)s found no better calibration to propose"),
    Verb.CALIBRATION_ACCEPTED: _("%(actor)s put a calibration in force"),
    Verb.CALIBRATION_REFUSED: _("%(actor)s refused a calibration"),
    Verb.CALIBRATION_RETIRED: _("%(actor)s ended a calibration"),
    Verb.REASSESSMENT_ASKED: _("%(actor)s asked to assess open cases again"),
    Verb.REASSESSMENT_FINISHED: _("%(actor)s finished assessing open cases again"),
    Verb.OUTBOX_POSTED: _("%(actor)s put a message into the outbox"),
    Verb.OUTBOX_DELIVERED: _("%(actor)s delivered a message"),
    Verb.OUTBOX_NOT_DELIVERED: _("%(actor)s could not deliver a message"),
    Verb.OUTBOX_GIVEN_UP: _("%(actor)s gave up on a message: a person has to look"),
    Verb.OUTBOX_CANCELLED: _("%(actor)s cancelled a message"),
    Verb.OUTBOX_REPLAYED: _("%(actor)s had a message sent again"),
    Verb.OUTBOX_HEARD: _("%(actor)s heard from a receiver"),
    Verb.TIP_DESCRIBED: _("%(actor)s filled in the report to NCMEC"),
    Verb.TIP_STARTED: _("%(actor)s let the report to NCMEC go"),
    Verb.TIP_OPENED: _("%(actor)s opened a report at NCMEC"),
    Verb.TIP_FILE_SENT: _("%(actor)s sent a file to NCMEC"),
    Verb.TIP_FINISHED: _("%(actor)s handed the report in to NCMEC"),
    Verb.TIP_RETRACTED: _("%(actor)s took an unfinished report at NCMEC back"),
    Verb.TIP_ANSWER_LOST: _(
        "%(actor)s got no answer to the report to NCMEC; one may stand open there, empty"
    ),
    Verb.TIP_FAILED: _("%(actor)s could not go on with the report to NCMEC"),
    Verb.TIP_RETRIED: _("%(actor)s had the report to NCMEC tried again"),
    Verb.TIP_CALLED_OFF: _("%(actor)s called the report to NCMEC off"),
    Verb.TIP_XML_READ: _("%(actor)s read the report to NCMEC as XML"),
    Verb.ENDPOINT_CREATED: _("%(actor)s made an endpoint"),
    Verb.ENDPOINT_CHANGED: _("%(actor)s changed an endpoint"),
    Verb.ENDPOINT_SWITCHED: _("%(actor)s switched an endpoint on or off"),
    Verb.ENDPOINT_ROTATED: _("%(actor)s gave an endpoint a new secret"),
    Verb.ENDPOINT_NET_APPROVED: _("%(actor)s allowed a private network as second person"),
    Verb.ENDPOINT_CHANGE_AGREED: _(
        "%(actor)s agreed to another address or secret of an endpoint as second person"
    ),
    Verb.PARTNER_CHANGE_PROPOSED: _("%(actor)s proposed a change of the directory of partners"),
    Verb.PARTNER_CHANGE_AGREED: _("%(actor)s agreed to a change of the directory as second person"),
    Verb.PARTNER_CHANGE_REFUSED: _("%(actor)s refused a change of the directory as second person"),
    Verb.PARTNER_CHANGE_WITHDRAWN: _("%(actor)s withdrew a change of the directory that they had proposed"),
    Verb.PARTNER_SUSPENDED: _("%(actor)s suspended a partner"),
    Verb.PARTNER_CONTACT_ENDED: _("%(actor)s ended a contact of a partner"),
    Verb.PARTNER_KEY_ADDED: _("%(actor)s entered a partner's key"),
    Verb.PARTNER_KEY_VERIFIED: _("%(actor)s verified a partner's key"),
    Verb.PARTNER_KEY_REVOKED: _("%(actor)s revoked a partner's key"),
    **LEGAL_SENTENCES,
    Verb.ESCALATION_DRAFTED: _("%(actor)s drafted an escalation"),
    Verb.ESCALATION_CHANGED: _("%(actor)s changed the draft of an escalation"),
    Verb.ESCALATION_PREVIEWED: _("%(actor)s read exactly what would leave"),
    Verb.ESCALATION_OFFERED: _("%(actor)s offered an escalation for approval"),
    Verb.ESCALATION_RETURNED: _("%(actor)s returned an escalation to its author"),
    Verb.ESCALATION_REFUSED: _("%(actor)s refused an escalation as second person"),
    Verb.ESCALATION_IMAGERY_APPROVED: _("%(actor)s let pictures go along as third person"),
    Verb.ESCALATION_APPROVED: _("%(actor)s approved an escalation as second person"),
    Verb.ESCALATION_GLASS_BROKEN: _("%(actor)s let an escalation go without a second person: danger to life"),
    Verb.ESCALATION_GLASS_REVIEWED: _("%(actor)s reviewed what had gone without a second person"),
    Verb.ESCALATION_GLASS_OVERDUE: _(
        "%(actor)s found that nobody had reviewed what went without a second person"
    ),
    Verb.ESCALATION_SENT: _("%(actor)s sent an escalation"),
    Verb.ESCALATION_DELIVERED: _("%(actor)s noted that an escalation was taken or opened"),
    Verb.ESCALATION_READ: _("%(actor)s opened an escalation"),
    Verb.ESCALATION_ACKNOWLEDGED: _("%(actor)s acknowledged an escalation"),
    Verb.ESCALATION_LINE_WRITTEN: _("%(actor)s wrote a line about an escalation"),
    Verb.ESCALATION_ANSWERED: _("%(actor)s answered an escalation"),
    Verb.ESCALATION_DECLINED: _("%(actor)s declined an escalation"),
    Verb.ESCALATION_REMINDED: _("%(actor)s reminded a partner of an escalation"),
    Verb.ESCALATION_CLOSED: _("%(actor)s closed an escalation"),
    Verb.ESCALATION_WITHDRAWN: _("%(actor)s withdrew an escalation"),
    Verb.ESCALATION_EXPIRED: _("%(actor)s ended a partner's access to an escalation: its time was over"),
    Verb.PACKAGE_ASKED: _("%(actor)s asked for a package"),
    Verb.PACKAGE_BEGUN: _("%(actor)s began to make a package"),
    Verb.PACKAGE_MADE: _("%(actor)s made a package"),
    Verb.PACKAGE_FAILED: _("%(actor)s could not make a package"),
    Verb.PACKAGE_STAMPED: _("%(actor)s had a package time-stamped"),
    Verb.PACKAGE_NOT_STAMPED: _("%(actor)s could not have a package time-stamped"),
    Verb.PACKAGE_REMOVED: _("%(actor)s removed a package"),
    Verb.PACKAGE_FETCHES_ALLOWED: _("%(actor)s let a partner fetch a package more often"),
    Verb.ESCALATION_CLAIMED: _("%(actor)s took a matter on for the partner"),
    Verb.ESCALATION_RELEASED: _("%(actor)s gave a matter back to the partner's colleagues"),
    Verb.PACKAGE_DOWNLOADED: _("%(actor)s began to fetch a package"),
    Verb.PACKAGE_DOWNLOAD_ENDED: _("%(actor)s ended the fetching of a package"),
    Verb.LINK_MADE: _("%(actor)s made a secure link"),
    Verb.LINK_REVOKED: _("%(actor)s ended a secure link"),
    Verb.LINK_OPENED: _("%(actor)s opened a secure link"),
    Verb.LINK_CODE_REFUSED: _("%(actor)s typed a wrong code for a secure link"),
    Verb.JOB_QUARANTINED: _("%(actor)s gave up on a task"),
    Verb.JOB_FAILED: _("%(actor)s ended a task that can't be done"),
    Verb.TASK_REFUSED: _("%(actor)s refused a task that nobody had asked for"),
    Verb.JOB_REQUEUED: _("%(actor)s queued a task again"),
    Verb.CLUSTER_RESTARTED: _("%(actor)s restarted the workers"),
    Verb.SIGNED_IN: _("%(actor)s signed in"),
    Verb.SIGN_IN_FAILED: _("%(actor)s failed to sign in"),
    Verb.SIGNED_OUT: _("%(actor)s signed out"),
    Verb.STEPPED_UP: _("%(actor)s signed in once more for a step that asks for it"),
    Verb.SESSION_ENDED: _("%(actor)s ended a session"),
    Verb.PASSWORD_CHANGED: _("%(actor)s changed a password"),
    Verb.MFA_ADDED: _("%(actor)s added a second factor"),
    Verb.MFA_REMOVED: _("%(actor)s removed a second factor"),
    Verb.RECOVERY_CODES_MADE: _("%(actor)s made recovery codes"),
    Verb.PERSON_CREATED: _("%(actor)s added a person"),
    Verb.PERSON_INVITED: _("%(actor)s invited a person"),
    Verb.ROLE_CHANGED: _("%(actor)s changed a role"),
    Verb.CLEARANCE_CHANGED: _("%(actor)s changed a clearance"),
    Verb.PERSON_DEACTIVATED: _("%(actor)s deactivated a person"),
    Verb.PERSON_REACTIVATED: _("%(actor)s reactivated a person"),
    Verb.LOG_READ: _("%(actor)s read the log"),
    Verb.LOG_EXPORTED: _("%(actor)s exported the log"),
    Verb.LOG_ALARM: _("%(actor)s refused to sign the log"),
}

#: Who it was when no person of the desk was signed in; otherwise the machine did it.
NOBODY: dict[str, StrOrPromise] = {
    Verb.REPORT_FILED: _("somebody without an account"),
    Verb.REPORT_WITHDRAWN: _("the reporter"),
    Verb.REPORT_PASSING_ON_CHOSEN: _("the reporter"),
    Verb.REPORTER_PACKAGE_MADE: _("the reporter"),
    Verb.REPORT_READ_BY_REPORTER: _("the reporter"),
    Verb.REPORT_MESSAGE_RECEIVED: _("the reporter"),
    Verb.EVIDENCE_RECEIVED: _("the reporter"),
    Verb.ESCALATION_READ: _("the partner"),
    Verb.ESCALATION_ACKNOWLEDGED: _("the partner"),
    Verb.ESCALATION_LINE_WRITTEN: _("the partner"),
    Verb.ESCALATION_ANSWERED: _("the partner"),
    Verb.ESCALATION_DECLINED: _("the partner"),
    Verb.PACKAGE_DOWNLOADED: _("the partner"),
    Verb.PACKAGE_DOWNLOAD_ENDED: _("the partner"),
    Verb.LINK_OPENED: _("the partner"),
    Verb.LINK_CODE_REFUSED: _("somebody"),
    Verb.SIGN_IN_FAILED: _("somebody"),
    Verb.LOG_ALARM: _("the sealer"),
}
MACHINE = _("the system")
UNKNOWN = _("%(actor)s did “%(verb)s”")

LABELS: dict[str, StrOrPromise] = {
    "was": _("before"),
    "now": _("after"),
    "why": _("why"),
    "reason": _("reason"),
    "remark": _("remark"),
    "until": _("until"),
    "due_at": _("due"),
    "profile": _("clock"),
    "outcome": _("outcome"),
    "policy": _("policy"),
    "kind": _("kind"),
    "size": _("size"),
    "code": _("code"),
    "query": _("searched for"),
    "address": _("network address"),
    "found": _("found"),
    "filters": _("filters"),
    "length": _("characters"),
    "seconds": _("seconds"),
    "restricted": _("restricted"),
    "lines": _("lines"),
    "added": _("added"),
    "known": _("known before"),
    "bad": _("bad lines"),
    "items": _("items"),
    "count": _("how many"),
}


def kind_of(verb: str) -> str:
    """The kind (a key of ``KINDS``) that *verb* is filtered under."""
    return "reading" if verb in READING else _FAMILIES.get(verb.partition(".")[0], "log")


def verbs_of(kind: str) -> list[str]:
    """The codes of all verbs of a kind."""
    return [verb.value for verb in Verb if kind_of(verb) == kind]


def actor_name(verb: str, name: str | None) -> str:
    """*name*, or who it was when no person of the desk did it."""
    return name or str(NOBODY.get(verb, MACHINE))


def sentence(verb: str, name: str | None) -> str:
    """What happened, in one sentence about who did it: "mona claimed the case".

    An entry outlives the code that wrote it: a verb that is unknown here is said by its code.
    """
    said = str(SENTENCES.get(verb, UNKNOWN)) % {"actor": actor_name(verb, name), "verb": verb}
    return said[:1].upper() + said[1:] if not name else said


def facts(values: Mapping[str, Any]) -> list[dict[str, str]]:
    """What an entry carries, as {label, value} in words; values that say nothing are left out."""
    return [
        {"label": str(LABELS.get(key, key.replace("_", " "))), "value": _said(value)}
        for key, value in values.items()
        if value not in (None, "", [], {})
    ]


def one_line(values: Mapping[str, Any]) -> str:
    """The same in one line: "before: waiting · after: held"."""
    return " · ".join(f"{fact['label']}: {fact['value']}" for fact in facts(values))


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return _now("yes") if value else _now("no")
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_said(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(_said(inner) for inner in value)
    return _time_or_text(str(value))


def _time_or_text(text: str) -> str:
    """A time that the log keeps in ISO with its zone, for a reader; every other text as it stands."""
    if not _ISO_TIME.fullmatch(text):
        return text
    try:
        return to_the_second(datetime.fromisoformat(text))
    except (ValueError, OverflowError):  # only its look is that of a time, or no zone but its own can hold it
        return text
