"""An exchange in words: how it goes, when it is next asked, what comes in and what leaves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from casework.accounts.models import User
from casework.accounts.permissions import Perm
from casework.hashbanks.exchanges.models import Exchange, ExchangeAttempt
from casework.hashbanks.models import Bank, Entry
from casework.ui.durations import exact_time

from .actions.attempting import KEEP_READING
from .actions.sending import count_refused, has_something, may_send_feedback, may_send_hashes
from .forms import kinds_for
from .kinds import KINDS, spec_of

What = ExchangeAttempt.What


def section(bank: Bank, exchange: Exchange | None, user: User, *, most: int = 10) -> dict[str, Any]:
    """What the part of the bank's page shows to one person; keys by name only, the newest *most* attempts."""
    may_manage = user.may(Perm.MANAGE_BANKS)
    if exchange is None:
        kinds = [
            {"kind": kind, "label": Exchange.Kind(kind).label, "reads": KINDS[kind].reads}
            for kind in kinds_for(bank)
        ]
        return {"bank": bank, "exchange": None, "may_manage": may_manage, "kinds": kinds}
    return {
        "bank": bank,
        "exchange": exchange,
        "may_manage": may_manage,
        "state": _state(exchange),
        "tone": _tone(exchange),
        "facts": _facts(exchange),
        "named": exchange.last_counts.get("named", []),
        "busy": exchange.running,
        "attempts": attempts_of(exchange, user, most=most),
        "keeps_days": KEEP_READING.days,
    }


def attempts_of(exchange: Exchange, user: User, *, most: int) -> list[dict[str, Any]]:
    """The newest attempts in words, newest first. One that speaks only of entries which do not exist for this person
    does not exist for them either, and others count what does."""
    found = list(exchange.attempts.all()[:most])
    named = {one for attempt in found for one in attempt.about}
    seen = {
        str(one)
        for one in Entry.objects.for_user(user)
        .filter(public_id__in=named)
        .values_list("public_id", flat=True)
    }
    shown = [one for one in found if not one.about or seen.intersection(one.about)]
    return attempt_rows(shown, seen)


def attempt_rows(found: Iterable[ExchangeAttempt], seen: set[str] | None = None) -> list[dict[str, Any]]:
    """Each attempt in words; *seen* are the entries that may be counted, all when None."""
    return [
        {
            "attempt": one,
            "what": _what(one, len(one.about if seen is None else seen.intersection(one.about))),
            "sentence": _came(one),
            "good": one.ended_at is not None and not one.code,
            "tone": "caution" if one.code else "",
        }
        for one in found
    ]


def _what(attempt: ExchangeAttempt, count: int) -> str:
    if attempt.what == What.READING:
        return str(attempt.get_what_display())
    words = ngettext("%(what)s (%(n)d)", "%(what)s (%(n)d)", count)
    return words % {"what": attempt.get_what_display(), "n": count}


def _came(attempt: ExchangeAttempt) -> str:
    """What came of it, in a sentence."""
    if attempt.ended_at is None:
        return _("No answer yet, or its worker ended; the next try says which.")
    if attempt.code:
        return attempt.sentence
    if attempt.what != What.READING:
        return _("It was taken.")
    words = ngettext("%(n)d record came.", "%(n)d records came.", attempt.records)
    return words % {"n": attempt.records}


def _state(exchange: Exchange) -> str:
    if not exchange.enabled:
        return _("paused")
    if exchange.running:
        return _("reading now")
    if exchange.failures or exchange.send_failures:
        return _("failing")
    return _("working") if exchange.last_ok_at or exchange.last_sent_at else _("not tried yet")


def _tone(exchange: Exchange) -> str:
    if not exchange.enabled:
        return ""
    return "caution" if exchange.failures or exchange.send_failures else "good"


def _facts(exchange: Exchange) -> list[dict[str, Any]]:
    spec = spec_of(exchange)
    facts: list[dict[str, Any]] = [
        {"label": _("Exchange"), "value": exchange.get_kind_display(), "sub": _host(exchange)}
    ]
    if exchange.reads:
        facts += [
            {"label": _("Comes in"), "value": spec.reads},
            {"label": _("Asked"), "value": _every(exchange.interval_minutes)},
        ]
        if exchange.last_ok_at:
            facts.append(
                {"label": _("Last read to its end"), "at": exchange.last_ok_at, "sub": _counts(exchange)}
            )
        if exchange.enabled and exchange.next_run_at and not exchange.running:
            facts.append({"label": _("Asked next"), "value": exact_time(exchange.next_run_at)})
    facts.append(
        {"label": _("Leaves"), "value": _leaves(exchange), "sub": spec.sends if _sends(exchange) else ""}
    )
    if exchange.last_sent_at:
        facts.append({"label": _("Last sent"), "at": exchange.last_sent_at})
    if _sends(exchange) and has_something(exchange):
        facts.append({"label": _("Waits to be sent"), "value": _("yes")})
    if refused := count_refused(exchange):
        facts.append({"label": _("Refused there for good"), "value": str(refused)})
    facts.append({"label": _("Keys"), "value": _keys(exchange)})
    return facts


def _sends(exchange: Exchange) -> bool:
    return may_send_hashes(exchange) or may_send_feedback(exchange)


def _leaves(exchange: Exchange) -> str:
    if may_send_hashes(exchange):
        return _("hashes of this bank that were confirmed here")
    if may_send_feedback(exchange):
        return _("what people here say of matches")
    return _("nothing")


def _counts(exchange: Exchange) -> str:
    counts = exchange.last_counts
    words = [
        ngettext("%(n)d new", "%(n)d new", counts.get("added", 0)) % {"n": counts.get("added", 0)},
        ngettext("%(n)d deleted", "%(n)d deleted", counts.get("deleted", 0))
        % {"n": counts.get("deleted", 0)},
    ]
    if faults := counts.get("faults", 0):
        words.append(ngettext("%(n)d left out", "%(n)d left out", faults) % {"n": faults})
    return ", ".join(words)


def _every(minutes: int) -> str:
    if minutes % 60 == 0:
        return ngettext("every hour", "every %(n)d hours", minutes // 60) % {"n": minutes // 60}
    return ngettext("every minute", "every %(n)d minutes", minutes) % {"n": minutes}


def _keys(exchange: Exchange) -> str:
    held = exchange.credentials or {}
    labels = [str(one.label) for one in spec_of(exchange).inputs if one.secret and held.get(one.name)]
    return _("%(keys)s: set") % {"keys": ", ".join(labels)} if labels else _("none")


def _host(exchange: Exchange) -> str:
    return urlsplit(exchange.address).hostname or exchange.address
