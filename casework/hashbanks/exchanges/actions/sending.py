"""What leaves: hashes that were confirmed here and what people said of matches, where the bank's rule says so.

A batch is marked as sent after the exchange has taken it, so a crash in between sends it once more; the protocols
replace what they have heard before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from casework.audit.log import Verb, record
from casework.hashbanks.exchanges.base import Offer, Opinion
from casework.hashbanks.exchanges.kinds import spec_of
from casework.hashbanks.exchanges.models import EntryRef, Exchange, ExchangeAttempt, SentEntry
from casework.hashbanks.models import Bank, Entry, Feedback, Verdict
from casework.jobs.actions import Start, add_job, confirm_start
from casework.outbox.errors import OutboundError

from .attempting import end_attempt
from .patience import seconds_to_wait

SEND = "hashbanks.send"
#: A sending job that was not heard of for so long is taken for lost.
_LOST = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Batch:
    """What goes out in one call: ``hashes``, ``retractions`` or ``feedback``. ``keys`` are rows of entries or, for
    feedback, of what was said."""

    what: str
    offers: tuple[Offer, ...] = ()
    opinions: tuple[Opinion, ...] = ()
    keys: tuple[int, ...] = field(default=(), repr=False)

    @property
    def entries(self) -> list[str]:
        """The public ids of the entries that it speaks of."""
        return [each.key for each in self.opinions or self.offers]

    @property
    def singly(self) -> list[Batch]:
        """The same in calls of one each."""
        said: Sequence[Offer | Opinion] = self.opinions or self.offers
        return [
            Batch(
                self.what,
                offers=(one,) if isinstance(one, Offer) else (),
                opinions=(one,) if isinstance(one, Opinion) else (),
                keys=(key,),
            )
            for one, key in zip(said, self.keys, strict=True)
        ]


def may_send_hashes(exchange: Exchange) -> bool:
    """Whether hashes of this bank may leave: the rule says so, the kind takes them, and the bank is of our own.

    Hashes from a bank that stands for minors never go to a programme of adults.
    """
    takes = bool(spec_of(exchange).signals) and exchange.bank.source == Bank.Source.OWN
    for_minors = exchange.bank.on_match == Bank.OnMatch.RESTRICT
    adults_only = exchange.kind == Exchange.Kind.STOPNCII
    on = exchange.enabled and exchange.bank.active
    return on and exchange.may_send_hashes and takes and not (for_minors and adults_only)


def may_send_feedback(exchange: Exchange) -> bool:
    """Whether what people said may leave: the rule says so, and the kind listens."""
    on = exchange.enabled and exchange.bank.active
    return on and exchange.may_send_feedback and exchange.reads and bool(_verdicts(exchange))


def has_something(exchange: Exchange) -> bool:
    """Whether anything waits that may leave."""
    return next_batch(exchange) is not None


def next_batch(exchange: Exchange) -> Batch | None:
    """What goes next; None when nothing waits, or nothing of it may leave."""
    most = spec_of(exchange).batch
    if may_send_hashes(exchange):
        if withdrawn := list(_to_retract(exchange)[:most]):
            offers = tuple(_offer(sent.entry, sent.ref) for sent in withdrawn)
            return Batch("retractions", offers=offers, keys=tuple(sent.entry_id for sent in withdrawn))
        if entries := list(_to_offer(exchange)[:most]):
            offers = tuple(_offer(entry) for entry in entries)
            return Batch("hashes", offers=offers, keys=tuple(entry.pk for entry in entries))
    if may_send_feedback(exchange) and (said := list(_to_tell(exchange)[:most])):
        return Batch("feedback", opinions=tuple(map(_opinion, said)), keys=tuple(each.pk for each in said))
    return None


def count_refused(exchange: Exchange) -> int:
    """How many hashes and verdicts the exchange said it would never take."""
    verdicts = Feedback.objects.filter(entry__bank=exchange.bank, refused_at__isnull=False)
    return exchange.sent.filter(refused=True).count() + verdicts.count()


def begin_sending(exchange: Exchange) -> None:
    """Put a sending job of a locked *exchange* into the ledger. Part of the caller's transaction."""
    Exchange.objects.filter(pk=exchange.pk).update(send_run=F("send_run") + 1, next_send_at=Now() + _LOST)
    exchange.refresh_from_db()
    _add_step(exchange, 0)


@transaction.atomic
def continue_sending(exchange: Exchange, step: int, *, start: Start) -> None:
    """Leave what still waits to the next job. Raises LostLease."""
    confirm_start(start)
    Exchange.objects.filter(pk=exchange.pk).update(next_send_at=Now() + _LOST)
    _add_step(exchange, step + 1)


@transaction.atomic
def mark_sent(
    exchange: Exchange,
    batch: Batch,
    names: dict[str, str],
    *,
    start: Start,
    attempt: ExchangeAttempt,
    refused: bool = False,
) -> None:
    """Keep that the exchange has taken *batch* (or *refused* it for good) and what it calls each hash, together with
    the end of the *attempt*; a refusal has ended it already."""
    confirm_start(start)
    end_attempt(attempt)
    if batch.what == "feedback":
        _mark_feedback(batch, refused=refused)
    elif batch.what == "retractions":
        SentEntry.objects.filter(exchange=exchange, entry__in=batch.keys).update(retracted_at=Now())
    else:
        for offer, key in zip(batch.offers, batch.keys, strict=True):
            SentEntry.objects.update_or_create(
                exchange=exchange, entry_id=key,
                defaults={"ref": names.get(offer.key, "")[:200], "refused": refused, "retracted_at": None, "at": Now()},
            )  # fmt: skip
        if not refused:
            import_string(settings.ON_HASHES_TAKEN)(exchange, batch.keys)
    Exchange.objects.filter(pk=exchange.pk).update(last_sent_at=Now())
    record(
        Verb.EXCHANGE_SENT, actor=None, subject=exchange.bank, bank=exchange.bank.public_id,
        exchange=exchange.public_id, kind=exchange.kind, what=batch.what, count=len(batch.keys), refused=refused,
        entries=batch.entries,
    )  # fmt: skip


@transaction.atomic
def finish_sending(exchange: Exchange, *, start: Start) -> None:
    """Nothing waits any more. Raises LostLease."""
    confirm_start(start)
    Exchange.objects.filter(pk=exchange.pk).update(send_failures=0, send_error="", next_send_at=None)


@transaction.atomic
def fail_sending(exchange: Exchange, error: OutboundError, *, start: Start) -> None:
    """Note why sending stopped and when it goes on; what was not taken still waits. Raises LostLease."""
    confirm_start(start)
    locked = Exchange.objects.select_for_update(of=("self",)).select_related("bank").get(pk=exchange.pk)
    _note_failure(locked, error.code, error.sentence, seconds_to_wait(locked.send_failures + 1, error))


@transaction.atomic
def stop_sending(exchange: str, run: int, step: int, *, reason: str) -> None:
    """What the ledger calls when a sending job was stopped for good; *reason* is the ledger's sentence."""
    locked = Exchange.objects.select_for_update(of=("self",)).select_related("bank").get(public_id=exchange)
    if locked.send_run == run:
        sentence = _("Sending was stopped: %(reason)s") % {"reason": reason}
        _note_failure(locked, "stopped", sentence, seconds_to_wait(locked.send_failures + 1))


def _note_failure(exchange: Exchange, code: str, sentence: str, wait: float) -> None:
    Exchange.objects.filter(pk=exchange.pk).update(
        send_failures=exchange.send_failures + 1, send_error=sentence[:500],
        next_send_at=Now() + timedelta(seconds=wait),
    )  # fmt: skip
    record(
        Verb.EXCHANGE_NOT_SENT, actor=None, subject=exchange.bank, bank=exchange.bank.public_id,
        exchange=exchange.public_id, kind=exchange.kind, code=code, failures=exchange.send_failures + 1,
    )  # fmt: skip


def _mark_feedback(batch: Batch, *, refused: bool) -> None:
    for key in batch.keys:
        said = Feedback.objects.get(pk=key)
        earlier = Feedback.objects.filter(
            entry=said.entry_id, by__isnull=False, pk__lte=key, sent_at__isnull=True, refused_at__isnull=True
        )
        earlier.update(**{"refused_at" if refused else "sent_at": Now()})


def _to_offer(exchange: Exchange) -> QuerySet[Entry]:
    """Entries that came of evidence reviewed here and that the exchange has not. Frames of films stay here."""
    taken = SentEntry.objects.filter(exchange=exchange, entry=OuterRef("pk"), retracted_at__isnull=True)
    mine = Entry.objects.filter(
        bank=exchange.bank, status=Entry.Status.ACTIVE, signal__in=spec_of(exchange).signals,
        origin_item__isnull=False, clip__isnull=True,
    )  # fmt: skip
    return mine.exclude(_held_back(exchange, "")).filter(~Exists(taken)).order_by("pk")


def _to_retract(exchange: Exchange) -> QuerySet[SentEntry]:
    """What the exchange has and we no longer stand by or hold back since, as long as we can still name it."""
    sent = SentEntry.objects.filter(exchange=exchange, refused=False, retracted_at__isnull=True)
    over = ~Q(entry__status=Entry.Status.ACTIVE) | _held_back(exchange, "entry__")
    nameable = Q(entry__value__isnull=False) | ~Q(ref="")
    return sent.filter(over, nameable).select_related("entry").order_by("pk")


def _held_back(exchange: Exchange, entry: str) -> Q:
    """Of evidence that may show somebody under 18: made from it, or resembling it, whichever open case had it decided.

    The room above says which evidence that is, known by its path only. *entry* is the way from a row to its entry.
    """
    if exchange.bank.on_match == Bank.OnMatch.RESTRICT:
        return Q(pk__in=[])
    near = Q(matches__distance__isnull=True) | Q(matches__distance__lte=F("bank__pdq_radius"))
    seen = Entry.objects.filter(near, bank=exchange.bank, matches__item__case__restricted=True).order_by()
    items = import_string(settings.ITEMS_HELD_BACK)()
    return Q(**{f"{entry}origin_item__in": items}) | Q(**{f"{entry}pk__in": seen.values("pk")})


def _to_tell(exchange: Exchange) -> QuerySet[Feedback]:
    """The latest word on each entry, where it was not told yet and the exchange has a word for it."""
    words = Feedback.objects.filter(entry=OuterRef("entry"), by__isnull=False).order_by("-pk")
    waiting = Feedback.objects.filter(
        entry__bank=exchange.bank, entry__value__isnull=False, by__isnull=False,
        sent_at__isnull=True, refused_at__isnull=True, verdict__in=_verdicts(exchange),
    )  # fmt: skip
    if spec_of(exchange).by_name:
        waiting = waiting.filter(Exists(EntryRef.objects.filter(exchange=exchange, entry=OuterRef("entry"))))
    latest = waiting.filter(pk=Subquery(words.values("pk")[:1]))
    return latest.select_related("entry").prefetch_related("entry__refs").order_by("pk")


def _verdicts(exchange: Exchange) -> list[str]:
    known = spec_of(exchange).verdicts
    if exchange.kind == Exchange.Kind.NCMEC and not exchange.options.get("reason"):
        return [verdict for verdict in known if verdict != Verdict.WRONG]
    return list(known)


def _offer(entry: Entry, ref: str = "") -> Offer:
    return Offer(str(entry.public_id), entry.signal, bytes(entry.value or b""), ref)


def _opinion(said: Feedback) -> Opinion:
    entry = said.entry
    refs = tuple(sorted(each.ref for each in entry.refs.all()))
    return Opinion(str(entry.public_id), entry.signal, bytes(entry.value or b""), Verdict(said.verdict), refs)


def _add_step(exchange: Exchange, step: int) -> None:
    args: dict[str, Any] = {"exchange": str(exchange.public_id), "run": exchange.send_run, "step": step}
    add_job(SEND, key=f"{SEND}:{exchange.public_id}:{exchange.send_run}:{step}", args=args)
