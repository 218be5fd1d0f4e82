"""Codes that entries carry, as people say them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from .legal_codes import LEGAL_CODES

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
    "partner": _("a partner received it"),
    "dsa_art18": _("threat to life or safety (DSA Article 18)"),
    "victim_request": _("the person depicted asked for it"),
    "legal_request": _("a legal request"),
    "life_threat": _("danger to life"),
    "suicide": _("somebody may take their life"),
    "violence": _("somebody may be killed or gravely hurt"),
    "child": _("a child is in danger now"),
    "link": _("secure link"),
    "cybertip": _("CyberTipline"),
    "xarf_mail": _("XARF notice by e-mail"),
    "xarf_api": _("XARF notice to an API"),
    "stopncii": _("StopNCII"),
    "tryagain": _("NCMEC could not be reached or did not answer"),
    "not_set_up": _("this worker is not set up for it"),
    "facts": _("what it says has to be corrected"),
    "stopped": _("it ended its worker too often"),
    "acknowledged": _("it was acknowledged"),
    "answered": _("it was answered"),
    "taken_on": _("taken on"),
    "investigation": _("an investigation was opened"),
    "passed_on": _("passed on to who is competent"),
    "no_action": _("no action possible"),
    "not_ours": _("not competent"),
    "word": _("a message"),
    **LEGAL_CODES,
    "effects.wanted": _("a decision for the platform"),
    "outbox.test": _("a test message"),
    "escalation.waits": _("word that something waits"),
    "escalation.reminder": _("a reminder"),
    "escalation.link": _("a secure link"),
    "escalation.sent": _("an escalation to a partner's system"),
    "escalation.xarf": _("a notice to a host"),
    "escalation.glass": _("word to a supervisor"),
    "ended": _("it has ended"),
    "smtp_keys": _("the mail server did not accept our password"),
    "smtp_busy": _("the mail server takes nothing now"),
    "smtp_tls": _("the mail server offers no encryption"),
    "interrupted": _("the worker ended while sending"),
    "replaced": _("a later decision replaced it"),
    "gone": _("the receiver is gone for good"),
    "revoked": _("ended by hand"),
    "access_ended": _("cut off: access had ended"),
    "went_away": _("it broke off"),
    "resumed_elsewhere": _("it was resumed elsewhere"),
    "file_short": _("the stored file was short"),
    "a_part_of_it": _("the part that was asked for"),
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
    "ngo": _("support organisation"),
    "agree": _("yes"),
    "ask_first": _("ask first"),
    "refuse": _("no"),
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
    "not_approved": _("it was taken back"),
    "not_ready": _("something stood in its way by then"),
    "not_as_approved": _("what would leave has changed since it was approved"),
    "no_key": _("a key is missing"),
    "not_encrypted": _("it could not be encrypted"),
    "not_proven": _("the log does not prove its entries"),
    "not_allowed": _("its pictures were not allowed"),
    "pictures_not_agreed": _("nobody has let its pictures go along"),
    "channel_refused": _("its channel can't take it"),
    "hold_ended": _("a legal hold has ended"),
    "paper_pdf": _("PDF"),
    "paper_html": _("web page"),
    "paper_text": _("plain text"),
    "truth_yes": _("yes"),
    "truth_no": _("no"),
    "truth_unclear": _("nobody can say"),
}


def code(value: Any) -> str:
    """A code in words."""
    return str(CODES.get(str(value), str(value).replace("_", " ")))


def moment(value: Any) -> str:
    """An ISO time of an entry in the reader's zone."""
    return date_format(timezone.localtime(datetime.fromisoformat(str(value))), "SHORT_DATETIME_FORMAT")
