"""Handing an escalation to its channel, saying once more that it waits, and taking back what has not left yet.

Everything goes through the outbox or a bank's exchange: rows in the caller's transaction, attempts by workers.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.escalations.channels import contributing_exchange, mailboxes, notices, problems
from casework.escalations.conflicts import NotReady
from casework.escalations.models import Escalation, Package
from casework.escalations.notices import note_handed_over
from casework.escalations.xarf import BadNotice
from casework.evidence.actions import offer_hashes
from casework.outbox.actions import Attachment, BadMail, cancel_about, post, post_mail, post_plain
from casework.outbox.models import Endpoint
from casework.partners.models import Channel, Partner

from .moving import note_sent

#: Kinds of messages; ``OUTBOX_TELLS`` and ``OUTBOX_HEARS`` say who hears of them, ``outbox.wording`` what they are.
WAITS, REMINDER, SENT, XARF = (
    "escalation.waits", "escalation.reminder", "escalation.sent", "escalation.xarf",
)  # fmt: skip


@transaction.atomic
def send(escalation: Escalation, package: Package | None, *, actor: User | None) -> None:
    """Hand *escalation* to its channel, in the caller's transaction: the state, the entry and what leaves, or nothing.

    Raises ``NotReady`` when the channel can't take it (any more), ``IllegalMove``.
    """
    if found := problems(escalation):
        raise NotReady(found)
    note_sent(escalation, actor=actor)
    ways: dict[str, Callable[[], object]] = {
        Channel.PORTAL: lambda: _tell_people(escalation, WAITS, actor),
        Channel.LINK: lambda: None,  # the desk makes a link for one person and chooses the way of the code
        Channel.WEBHOOK: lambda: _post_to_system(escalation, package, SENT, actor),
        Channel.XARF_MAIL: lambda: _mail_notices(escalation, actor),
        Channel.XARF_API: lambda: _post_notices(escalation, actor),
        Channel.STOPNCII: lambda: _hand_hashes_over(escalation, actor),
    }
    ways[escalation.channel]()


@transaction.atomic
def remind(escalation: Escalation) -> bool:
    """Say once more, by the same channel, that it waits; whether anybody is told by that.

    Hosts and exchanges are not reminded: they took it or not."""
    if escalation.channel in Escalation.READ_THERE:
        return _tell_people(escalation, REMINDER, None)
    if escalation.channel == Channel.WEBHOOK:
        _post_to_system(escalation, _ready_package(escalation), REMINDER, None)
        return True
    return False


def cancel(escalation: Escalation, *, actor: User | None) -> int:
    """What of *escalation* still waits in the outbox is not sent any more; how many messages that were."""
    return cancel_about(str(escalation.public_id), case=escalation.case, actor=actor, why="ended")


def cancel_all(partner: Partner, *, actor: User | None) -> None:
    """The same for everything that waits for a suspended *partner*; one may be on its way in this very moment."""
    for escalation in Escalation.objects.filter(partner=partner).select_related("case").order_by("pk"):
        cancel_about(str(escalation.public_id), case=escalation.case, actor=actor, why="partner_suspended")


def portal_address() -> str:
    """Where partners sign in."""
    return f"{settings.PUBLIC_URL}/portal/"


def _tell_people(escalation: Escalation, kind: str, actor: User | None) -> bool:
    """Mail that says that something waits and nothing else: not what, not about whom, not even a number. False where
    there is nobody to tell."""
    where = portal_address() if escalation.channel == Channel.PORTAL else ""
    found = mailboxes(escalation)
    for address in found:
        _mail(escalation, kind, actor, to=address, subject=_("Something waits for you"), text=_word(where))
    return bool(found)


def _word(where: str) -> str:
    if where:
        return _(
            "Something waits for you:\n\n%(address)s\n\nThis message says no more on purpose. Please sign in there; "
            "an answer to this address is not read.\n"
        ) % {"address": where}
    return _(
        "Something waits for you under the link that you were sent.\n\nThis message says no more on purpose. An answer "
        "to this address is not read.\n"
    )


def _post_to_system(escalation: Escalation, package: Package | None, kind: str, actor: User | None) -> None:
    payload: dict[str, Any] = {
        "escalation": str(escalation.public_id),
        "number": escalation.number,
        "tlp": str(escalation.tlp),
        "urgency": str(escalation.urgency),
        "due": _time(escalation.answer_due_at),
        "expires": _time(escalation.expires_at),
        "package": None,
    }
    if package is not None:
        payload["package"] = {
            "sha256": package.sha256,
            "size": package.size,
            "address": f"{settings.PUBLIC_URL}/api/v1/escalations/{escalation.public_id}/package/",
        }
    post(
        _endpoint(escalation), kind, payload, case=escalation.case, actor=actor, about=[str(escalation.public_id)]
    )  # fmt: skip


def _mail_notices(escalation: Escalation, actor: User | None) -> None:
    for name, document in _documents(escalation):
        _mail(
            escalation, XARF, actor, to=escalation.partner.mail, subject=_("Abuse report (XARF), please act"),
            text=_(
                "The attached report in XARF 4 (xarf.org) names an address on your service, what is there, and how to "
                "reach us. No picture is attached, and please do not send us any.\n"
            ),
            attachments=[Attachment(f"xarf-{name}.json", "application/json", document)],
        )  # fmt: skip


def _post_notices(escalation: Escalation, actor: User | None) -> None:
    for _name, document in _documents(escalation):
        post_plain(
            _endpoint(escalation), XARF, document, case=escalation.case, actor=actor,
            about=[str(escalation.public_id)],
        )  # fmt: skip


def _documents(escalation: Escalation) -> list[tuple[uuid.UUID, bytes]]:
    try:
        return [(place.public_id, document) for place, document in notices(escalation)]
    except BadNotice as bad:
        raise NotReady([bad.sentence]) from None


def _hand_hashes_over(escalation: Escalation, actor: User | None) -> None:
    exchange = contributing_exchange(escalation)
    author = actor or escalation.approved_by or escalation.drafted_by
    if exchange is None:
        raise NotReady(problems(escalation))
    items = list(escalation.chosen_items.values_list("item_id", flat=True))
    offer_hashes(escalation.case, exchange.bank, actor=author, items=items)
    note_handed_over(escalation)


def _mail(
    escalation: Escalation,
    kind: str,
    actor: User | None,
    *,
    to: str,
    subject: str,
    text: str,
    attachments: list[Attachment] | None = None,
) -> None:
    try:
        post_mail(
            to=to, subject=subject, text=text, kind=kind, case=escalation.case, actor=actor,
            attachments=attachments or (), about=[str(escalation.public_id)],
        )  # fmt: skip
    except BadMail as bad:
        raise NotReady([bad.sentence]) from None


def _endpoint(escalation: Escalation) -> Endpoint:
    endpoint = escalation.partner.endpoint
    if endpoint is None:
        raise NotReady([_("No endpoint of the partner's system is on record.")])
    return endpoint


def _ready_package(escalation: Escalation) -> Package | None:
    return escalation.packages.filter(state=Package.State.READY).first()


def _time(moment: Any) -> str | None:
    return moment.isoformat(timespec="seconds") if moment is not None else None
