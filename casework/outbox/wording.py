"""Messages, attempts and endpoints in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from casework.accounts.models import User
from casework.accounts.permissions import Perm

from .mail import FILES, NOWHERE
from .models import Attempt, Endpoint, Message, mask

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

KINDS: dict[str, StrOrPromise] = {
    "effects.wanted": _("a decision for the platform"),
    "outbox.test": _("a test message"),
    "escalation.waits": _("word to a partner that something waits"),
    "escalation.reminder": _("a reminder to a partner"),
    "escalation.link": _("a secure link to a partner"),
    "escalation.glass": _("word to a supervisor that something went without a second person"),
    "escalation.sent": _("an escalation to a partner's system"),
    "escalation.xarf": _("a notice to a host"),
}
TONES = {Message.State.DEAD: "danger", Message.State.DELIVERED: "good", Message.State.WAITING: "caution"}


def kind_words(kind: str) -> str:
    """What a message is about, in words; its code where we have none."""
    return str(KINDS.get(kind, kind))


def lines(messages: Iterable[Message], user: User) -> list[dict[str, Any]]:
    """Messages as the pages show them. A whole mailbox is for those who set receivers up; others see its start."""
    found = list(messages)
    numbers, whole = case_numbers(found, user), user.may(Perm.MANAGE_OUTBOX)
    return [
        {
            "message": message,
            "kind": kind_words(message.kind),
            "mailbox": message.mail_to if whole or not message.mail_to else mask(message.mail_to),
            "tone": TONES.get(Message.State(message.state), ""),
            "number": numbers.get(message.case_id, ""),
            "state": _state(message),
            "story": story(message),
        }
        for message in found
    ]


def _state(message: Message) -> str:
    """Its state; of mail no more than is known: bounces that come later reach a mailbox, not us."""
    if message.state == Message.State.DELIVERED and message.form == Message.Form.MAIL:
        return _now("taken by the mail server")
    return str(message.get_state_display())


def mail_warning() -> str:
    """What people have to know about mail from this installation, where it does not go out; else nothing."""
    if settings.EMAIL_BACKEND == FILES:
        return _now("E-mail is written to files on this machine (%(place)s) and reaches nobody.") % {
            "place": settings.EMAIL_FILE_PATH
        }
    if settings.EMAIL_BACKEND == NOWHERE:
        return _now(
            "No mail server is set up (EMAIL_HOST): e-mail waits here and is given up after 72 hours."
        )
    return ""


def story(message: Message) -> str:
    """Where a message stands, in one sentence."""
    said = {"count": message.attempts}
    match message.state:
        case Message.State.DELIVERED if message.form == Message.Form.MAIL:
            return (
                _now(
                    "The mail server took it at attempt %(count)d. Whether anybody got it is not known here."
                )
                % said
            )
        case Message.State.DELIVERED:
            return _now("Taken at attempt %(count)d.") % said
        case Message.State.DEAD:
            return (
                _now("Given up after %(count)d attempts. It is kept; send it again once the cause is gone.")
                % said
            )
        case Message.State.CANCELLED:
            return _now("Not sent any more: what it was about has ended or was replaced.")
    if not message.attempts:
        return _now("A worker sends it now.")
    return _now("%(count)d attempts so far; it is tried again by itself.") % said


def attempts(tries: Iterable[Attempt]) -> list[dict[str, Any]]:
    """Each attempt in words, newest first."""
    return [
        {
            "attempt": one,
            "sentence": one.sentence or _now("On its way: no answer yet."),
            "good": one.ended_at is not None and not one.code,
        }
        for one in sorted(tries, key=lambda each: -each.pk)
    ]


def case_numbers(messages: Iterable[Message], user: User) -> dict[Any, str]:
    """Public id -> number of the cases of *messages* that exist for this person."""
    cases = apps.get_model(settings.LOG_CASE_MODEL)._default_manager
    found = cases.for_user(user).filter(public_id__in={one.case_id for one in messages if one.case_id})
    return {case.public_id: str(case) for case in found}


def net_words(endpoint: Endpoint) -> str:
    """Whether requests may enter a private network, in one sentence."""
    if not endpoint.private_net:
        return _now("None: it is reached on the public internet only.")
    if endpoint.net_approved_by is None:
        return _now("%(net)s, asked for by %(who)s. Nothing is sent there until somebody else allows it.") % {
            "net": endpoint.private_net,
            "who": endpoint.net_proposed_by.name if endpoint.net_proposed_by else "",
        }
    return _now("%(net)s, allowed by %(who)s.") % {
        "net": endpoint.private_net,
        "who": endpoint.net_approved_by.name,
    }


def change_words(endpoint: Endpoint) -> str:
    """What of a partner's system waits for a second person, by whom, and where things would go; nothing where nothing
    waits. A query, which may hold a key, is left out."""
    if not endpoint.waits:
        return ""
    said = []
    if endpoint.address_by is not None:
        said.append(
            _now("%(who)s changed the address to %(address)s.")
            % {"who": endpoint.address_by.name, "address": endpoint.url.partition("?")[0]}
        )
    if endpoint.secret_by is not None:
        said.append(_now("%(who)s made a new secret.") % {"who": endpoint.secret_by.name})
    return " ".join([
        *said,
        _now("Until somebody else agrees, nothing is sent there, and nothing that is signed there is believed."),
    ])  # fmt: skip


def facts(endpoint: Endpoint, *, whole: bool) -> list[dict[str, Any]]:
    """An endpoint as label and value, its address *whole* or as a host. Its secrets are not among them."""
    return [
        {"label": _now("Address"), "value": endpoint.url if whole else endpoint.host, "mono": True},
        {"label": _now("What it is for"), "value": endpoint.get_purpose_display()},
        {"label": _now("Secrets in force"), "value": len(endpoint.good_secrets())},
        {
            "label": _now("Key that the receiver gave us"),
            "value": _now("kept") if endpoint.key else _now("none"),
        },
        {"label": _now("Private network"), "value": net_words(endpoint)},
        {"label": _now("Address for its callbacks"), "value": callback_url(endpoint), "mono": True},
    ]


def callback_url(endpoint: Endpoint) -> str:
    """Where this endpoint reports results later."""
    return f"{settings.PUBLIC_URL}{reverse('api_callback', args=[endpoint.public_id])}"
