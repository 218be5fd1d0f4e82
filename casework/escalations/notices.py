"""What comes back by itself: a message was taken, a partner's system answered, an exchange has the hashes.

The outbox and the exchanges lie below and call these by their path (``OUTBOX_TELLS``, ``OUTBOX_HEARS``,
``ON_HASHES_TAKEN``), inside the transaction in which they keep what they learned.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from casework.hashbanks.exchanges.kinds import spec_of
from casework.hashbanks.exchanges.models import Exchange, SentEntry
from casework.outbox.actions import Result
from casework.outbox.models import Message
from casework.partners.models import Channel, Partner

from .channels import contributing_exchange, entries_of
from .conflicts import Conflict
from .models import Escalation, Outcome, Package, State

_NAME = "system"


def note_taken(message: Message) -> None:
    """*message* was taken: an escalation is delivered once all that was sent for it has been."""
    escalation = _locked(message.about)
    if escalation is None:
        return
    waiting = Message.objects.filter(kind=message.kind, about__contains=[str(escalation.public_id)])
    # The row of the escalation is locked: of two that are taken at once, the later one sees the earlier.
    if not waiting.exclude(pk=message.pk).exclude(state=Message.State.DELIVERED).exists():
        _delivered(escalation, how=message.form)


def hear_partner(results: Sequence[Result]) -> int:
    """What a partner's system says of escalations: it has it, its answer, or that it declines. How many concerned."""
    return sum(_hear(result) for result in sorted(results, key=lambda one: one.id))


def note_hashes_taken(exchange: Exchange, entries: Collection[int]) -> None:
    """*exchange* has taken *entries* (keys of rows): whatever waited for the last of them is delivered."""
    taken = SentEntry.objects.filter(exchange=exchange, entry__in=entries)
    items = {item for item in taken.values_list("entry__origin_item", flat=True) if item is not None}
    waiting = Escalation.objects.filter(
        channel=Channel.STOPNCII, state=State.SENT, chosen_items__item__public_id__in=items
    )
    for escalation in waiting.distinct().order_by("pk"):
        note_handed_over(escalation)


def note_handed_over(escalation: Escalation) -> None:
    """Delivered, if StopNCII has the hashes of all chosen items."""
    exchange = contributing_exchange(escalation)
    if exchange is None:
        return
    entries = entries_of(escalation, exchange, spec_of(exchange).signals)
    taken = SentEntry.objects.filter(
        exchange=exchange, entry__in=entries, refused=False, retracted_at__isnull=True
    )
    items = set(escalation.chosen_items.values_list("item__public_id", flat=True))
    if items and items <= set(taken.values_list("entry__origin_item", flat=True)):
        _delivered(escalation, how="stopncii")


def _delivered(escalation: Escalation, *, how: str) -> None:
    from .actions import note_delivered  # the actions import this room

    note_delivered(escalation, how=how)


def _hear(result: Result) -> bool:
    from .actions import acknowledge, answer, decline  # the actions import this room

    # A refusal removes the package, which is locked before its escalation everywhere.
    escalation = _locked([result.id], with_packages=True)
    if escalation is None or escalation.partner.state != Partner.State.ACTIVE:
        return False
    try:
        match result.state:
            case "acknowledged":
                acknowledge(
                    escalation, actor=None, name=_NAME, reference=result.reference, sha256=result.sha256
                )
            case "answered" if result.outcome in Outcome.values:
                answer(
                    escalation, actor=None, name=_NAME, outcome=result.outcome, reference=result.reference,
                    text=result.reason,
                )  # fmt: skip
            case "declined":
                decline(escalation, actor=None, name=_NAME, text=result.reason)
            case _:
                return False
    except Conflict:  # it has gone on since, or was heard before: what stands stays
        return False
    return True


def _locked(ids: Sequence[str], *, with_packages: bool = False) -> Escalation | None:
    if with_packages:
        packages = Package.objects.select_for_update().filter(escalation__public_id__in=ids[:1])
        list(packages.order_by("pk"))
    found = Escalation.objects.select_for_update(of=("self",)).select_related("case", "partner")
    return found.filter(public_id__in=ids[:1]).first()
