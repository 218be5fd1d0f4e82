"""What each channel needs and carries: whom word goes to, notices for hosts, the bank whose hashes leave.

Nothing is sent here and nothing written; ``actions.sending`` does that, and the preview asks ``problems``.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import translation
from django.utils.translation import gettext as _

from casework.cases.actions.decisions import standing_decision
from casework.cases.models import Locator, Outcome, Policy
from casework.evidence.actions import open_to_offers
from casework.evidence.models import Item, PerceptualHash
from casework.hashbanks.exchanges.actions.sending import may_send_hashes
from casework.hashbanks.exchanges.models import Exchange, ExchangeAttempt, SentEntry
from casework.hashbanks.exchanges.wording import attempt_rows
from casework.hashbanks.models import LEAST_PDQ_QUALITY, Entry
from casework.outbox.mail import NOWHERE
from casework.partners.models import Channel, Contact
from casework.ui.durations import exact_time

from .models import Escalation
from .xarf import BadNotice, Notice, Origin, Party, Place, Verified, adult_notice, as_bytes

#: Fields that a channel without a package has a place for (``choosing.FIELDS``); a package holds them all.
CARRIES: dict[str, frozenset[str]] = {
    Channel.XARF_MAIL: frozenset({"locators", "facts", "item_details"}),
    Channel.XARF_API: frozenset({"locators", "facts", "item_details"}),
    Channel.STOPNCII: frozenset({"hashes"}),
}
#: How many tries to hand hashes over one page shows.
MOST_ATTEMPTS = 50
#: What a host is told of how the imagery was made, where what people decided is part of what leaves.
_ORIGINS = {Policy.NCII_AI: Origin.SYNTHETIC, Policy.NCII_AUTHENTIC: Origin.AUTHENTIC}


def problems(escalation: Escalation) -> list[str]:
    """What stands in the way of this channel beside what the partner's row says, in sentences; empty when nothing."""
    match escalation.channel:
        case Channel.PORTAL:
            return _mail_problems() + _nobody_gets_word(escalation)
        case Channel.LINK:
            return _mail_problems()
        case Channel.XARF_MAIL:
            return _mail_problems() + _notice_problems(escalation)
        case Channel.XARF_API:
            return _notice_problems(escalation)
        case Channel.STOPNCII:
            return _exchange_problems(escalation)
        case Channel.CYBERTIP:
            from .actions.tips import problems as tip_problems  # the actions import this room

            return tip_problems(escalation)
    return []


def content(escalation: Escalation) -> list[tuple[str, list[str]]]:
    """What leaves without a package, to the letter, as label and values: notices, or hashes. Else nothing.

    A notice also says when it was sent; that is not known before.
    """
    if escalation.channel == Channel.STOPNCII:
        return [(_("Hashes for StopNCII"), _hashes(escalation))] if "hashes" in escalation.fields else []
    if escalation.channel not in CARRIES or not (settings.DESK_NAME and settings.DESK_CONTACT):
        return []
    found = []
    for place in _addresses(escalation):
        try:
            said = _notice(escalation, place, place.added_at)
        except BadNotice:  # ``problems`` names it
            continue
        del said["timestamp"]
        values = [
            f"{name}: {json.dumps(value, ensure_ascii=False, sort_keys=True)}" for name, value in said.items()
        ]
        found.append((_("Notice to “%(host)s”") % {"host": _host(place.value)}, values))
    return found


def content_in_one_language(escalation: Escalation) -> list[list[object]]:
    """The same whoever looks, to be hashed."""
    with translation.override(settings.LANGUAGE_CODE):
        return [[label, values] for label, values in content(escalation)]


def mailboxes(escalation: Escalation) -> list[str]:
    """Where word goes that something waits, each once: the partner's mailbox and its people's; of a restricted case
    those of the cleared, and where it goes by link those of the people who have one that opens."""
    found: dict[str, str] = {}
    of_people = [one.mail or (one.user.email if one.user else "") for one in _people(escalation)]
    shared = [] if escalation.channel == Channel.LINK else [escalation.partner.mail]
    for address in [*shared, *of_people]:
        if address:
            found.setdefault(address.lower(), address)
    return list(found.values())


def _people(escalation: Escalation) -> QuerySet[Contact]:
    found = escalation.partner.contacts.filter(ended_at__isnull=True).select_related("user").order_by("pk")
    if escalation.channel == Channel.LINK:
        open_links = escalation.links.filter(revoked_at__isnull=True, expires_at__gt=Now())
        return found.filter(pk__in=open_links.values("contact"))
    return _cleared(found) if escalation.case.restricted else found


def _cleared(found: QuerySet[Contact]) -> QuerySet[Contact]:
    return found.filter(user__is_active=True, user__cleared=True)


# --- notices to hosts -----------------------------------------------------------------------------------------------


def notices(escalation: Escalation, *, at: datetime | None = None) -> list[tuple[Locator, bytes]]:
    """One XARF notice for each chosen address, as it would leave. Raises ``BadNotice``.

    A notice about the same address of the same escalation always has the same id.
    """
    now = at or datetime.now(UTC)
    return [(place, as_bytes(_notice(escalation, place, now))) for place in _addresses(escalation)]


def _notice(escalation: Escalation, place: Locator, now: datetime) -> dict[str, Any]:
    us = Party(settings.DESK_NAME, settings.DESK_CONTACT, _our_domain())
    return adult_notice(
        Notice(
            id=uuid.uuid5(escalation.public_id, str(place.public_id)), at=now, reporter=us, sender=us,
            place=Place(
                url=place.value, source=_host(place.value), seen_at=place.added_at, verified=Verified.BY_A_REPORT
            ),
            origin=_origin(escalation),
            more=escalation.facts if "facts" in escalation.fields else "",
        )
    )  # fmt: skip


def _addresses(escalation: Escalation) -> list[Locator]:
    if "locators" not in escalation.fields:
        return []
    chosen = escalation.chosen_locators.filter(locator__kind=Locator.Kind.URL).select_related("locator")
    return [one.locator for one in chosen]


def _origin(escalation: Escalation) -> Origin:
    decision = standing_decision(escalation.case)
    if decision is None or "item_details" not in escalation.fields:
        return Origin.UNKNOWN
    return _ORIGINS.get(Policy(decision.policy), Origin.UNKNOWN)


def _host(url: str) -> str:
    try:
        return urlsplit(url.strip()).hostname or ""
    except ValueError:
        return ""


def _our_domain() -> str:
    """The domain that proves who we are: of our address, where there is one."""
    return str(settings.DESK_CONTACT).rpartition("@")[2]


def _notice_problems(escalation: Escalation) -> list[str]:
    if escalation.case.restricted:
        return [
            _("The case may show somebody under 18: no notice about it goes to a host from here. Use the CyberTipline, "
              "a hotline or the police.")
        ]  # fmt: skip
    if not (settings.DESK_NAME and settings.DESK_CONTACT):
        return [
            _(
                "A host has to know who writes: the operator sets CASEWORK_DESK_NAME and CASEWORK_DESK_CONTACT."
            )
        ]
    if not _addresses(escalation):
        return [
            _("A notice names an address: choose at least one, and let addresses be part of what leaves.")
        ]
    found: list[str] = []
    for place in _addresses(escalation):
        try:
            _notice(escalation, place, datetime.now(UTC))
        except BadNotice as bad:
            found.append(_("“%(host)s”: %(why)s") % {"host": _host(place.value) or "?", "why": bad.sentence})
    return found


# --- StopNCII -------------------------------------------------------------------------------------------------------


def contributing_exchange(escalation: Escalation) -> Exchange | None:
    """The exchange with StopNCII that hashes of this case may be handed to; None where there is none."""
    open_banks = open_to_offers(escalation.case)
    found = Exchange.objects.filter(kind=Exchange.Kind.STOPNCII, bank__in=open_banks).select_related("bank")
    return next((one for one in found.order_by("pk") if may_send_hashes(one)), None)


def entries_of(escalation: Escalation, exchange: Exchange, signals: Sequence[str]) -> list[Entry]:
    """What stands in the bank of *exchange* for the chosen items and is of a kind that it takes."""
    items = escalation.chosen_items.values("item__public_id")
    found = Entry.objects.filter(
        bank=exchange.bank, origin_item__in=items, signal__in=signals, clip__isnull=True, status=Entry.Status.ACTIVE
    )  # fmt: skip
    return list(found.order_by("pk"))


def exchange_words(escalation: Escalation) -> list[str]:
    """How far the hashes of each chosen item are, and what the exchange said last; empty for another channel."""
    if escalation.channel != Channel.STOPNCII or escalation.sent_at is None:
        return []
    exchange = contributing_exchange(escalation)
    if exchange is None:
        return [_("No bank here is connected with StopNCII any more: nothing goes on until one is.")]
    known = {
        sent.entry.origin_item: sent
        for sent in exchange.sent.filter(
            entry__origin_item__in=escalation.chosen_items.values("item__public_id"),
            retracted_at__isnull=True,
        ).select_related("entry")
    }
    chosen = escalation.chosen_items.select_related("item")
    found = [_item_words(one.item.position, known.get(one.item.public_id)) for one in chosen]
    if exchange.send_error:
        found.append(
            _("The last try failed: %(why)s It is tried again by itself.") % {"why": exchange.send_error}
        )
    return found


def exchange_attempts(escalation: Escalation) -> list[dict[str, Any]]:
    """The newest tries to hand over, or take back, a hash of the chosen items, newest first; empty for another
    channel. An exchange is asked for ever, so there may be more than a page can hold."""
    if escalation.channel != Channel.STOPNCII:
        return []
    items = escalation.chosen_items.values("item__public_id")
    entries = Entry.objects.filter(origin_item__in=items, bank__exchange__kind=Exchange.Kind.STOPNCII)
    named = [str(one) for one in entries.values_list("public_id", flat=True)]
    found = ExchangeAttempt.objects.filter(exchange__kind=Exchange.Kind.STOPNCII, about__has_any_keys=named)
    return attempt_rows(found[:MOST_ATTEMPTS], set(named))


def _item_words(number: int, sent: SentEntry | None) -> str:
    said = {
        "n": number,
        "at": exact_time(sent.at) if sent else "",
    }
    if sent is None:
        return _("Item %(n)d: its hash waits to be handed over.") % said
    if sent.refused:
        return _("Item %(n)d: StopNCII refused its hash for good on %(at)s.") % said
    return _("Item %(n)d: StopNCII took its hash on %(at)s.") % said


def _exchange_problems(escalation: Escalation) -> list[str]:
    found = []
    if escalation.case.restricted:
        return [
            _(
                "StopNCII is for pictures of adults. Where somebody may be under 18, use the CyberTipline or a hotline."
            )
        ]
    decision = standing_decision(escalation.case)
    if decision is None or decision.outcome != Outcome.REMOVE:
        found.append(_("Only hashes of what was decided to be removed are handed to StopNCII. Decide first."))
    if contributing_exchange(escalation) is None:
        found.append(
            _("No bank of confirmed hashes here is connected with StopNCII and may offer them. A supervisor or an "
              "administrator sets that up under Banks.")
        )  # fmt: skip
    if not escalation.chosen_items.exists():
        found.append(_("Choose at least one picture or film: its hash is what is handed over."))
    found += [
        _(
            "Item %(n)d has no hash that StopNCII takes: too little detail, or it could not be opened. Leave it out."
        )
        % {"n": chosen.item.position}
        for chosen in escalation.chosen_items.select_related("item")
        if not _hashes_of(chosen.item, _least_quality(escalation))
    ]
    return found


def _hashes(escalation: Escalation) -> list[str]:
    least = _least_quality(escalation)
    chosen = escalation.chosen_items.select_related("item")
    return [said for one in chosen for said in _hashes_of(one.item, least)]


def _hashes_of(item: Item, least: int) -> list[str]:
    """What StopNCII takes of *item*: the PDQ hash of a picture of at least this quality, of a film its MD5."""
    hashes = PerceptualHash.objects.filter(item=item, algorithm=Entry.Signal.PDQ)
    said = {"n": item.position}
    if hashes.filter(frame__isnull=False).exists():
        return [_("Item %(n)d: MD5 of a film %(value)s") % {**said, "value": item.md5}]
    good = Q(quality__isnull=True) | Q(quality__gte=least)
    whole = hashes.filter(good, frame__isnull=True)
    return [_("Item %(n)d: PDQ %(value)s") % {**said, "value": bytes(one.value).hex()} for one in whole]


def _least_quality(escalation: Escalation) -> int:
    exchange = contributing_exchange(escalation)
    return exchange.bank.pdq_quality if exchange is not None else LEAST_PDQ_QUALITY


# --- mail -----------------------------------------------------------------------------------------------------------


def _mail_problems() -> list[str]:
    if settings.EMAIL_BACKEND == NOWHERE:
        return [
            _("No mail server is set up, so the partner would get no word. The operator sets EMAIL_HOST.")
        ]
    return []


def _nobody_gets_word(escalation: Escalation) -> list[str]:
    if escalation.case.restricted and not _people(escalation).exists():
        return [
            _("The case is restricted, and nobody who signs in for this partner is cleared: it would reach nobody. A "
              "supervisor can clear one of them under People.")
        ]  # fmt: skip
    if mailboxes(escalation):
        return []
    return [_("Neither the partner nor any of its people has an e-mail address: nobody would get word.")]
