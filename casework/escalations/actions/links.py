"""Secure links: a way in for one contact without an account. The link goes one way, the code another."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Least, Now
from django.urls import reverse
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.escalations.conflicts import Conflict, NotThere
from casework.escalations.models import Escalation, SecureLink
from casework.escalations.models.access import LINK_LASTS
from casework.outbox import actions as outbox
from casework.partners.models import Accepts, Channel, Contact, Partner, agreed_until_today
from casework.reports.codes import ALPHABET, code_matches, hash_access_code, normal

from .moving import lock_packages

CODE_LENGTH = 10  # Crockford characters, 50 bits, of which five may be tried
TOKEN_BYTES = 32
MOST_DAYS = LINK_LASTS.days
#: After this long without a click the code is asked for again.
OPEN_SECONDS = 30 * 60
_SALT = "casework.escalations.link"


class LinkRefused(Conflict):
    """A link can't be made here."""


def token_hash(token: str) -> str:
    """What is kept of a link's secret half: SHA-256, hex. The token has 256 random bits, so no salt is needed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def shown_code(code: str) -> str:
    """A code in two groups, as people read it out."""
    return f"{code[:5]}-{code[5:]}"


def address_of(token: str) -> str:
    """The link itself."""
    return settings.PUBLIC_URL + reverse("link_open", args=[token])


@transaction.atomic
def make_link(
    escalation: Escalation,
    *,
    actor: User,
    contact: Contact,
    mail_to: str,
    code_by: str,
    code_to: str = "",
    days: int,
) -> tuple[SecureLink, str, str]:
    """A link for one contact: (row, token, code), of which only hashes are kept; earlier links of theirs end.

    The link is mailed to *mail_to*; the code goes by *code_by*, to *code_to* where that is another mailbox.
    Raises ``LinkRefused`` when nothing was sent by link, ``ValidationError`` when both would reach one mailbox and for
    a mailbox that is not on record: whoever makes the link sees the code, and must not get both.
    """
    row = Escalation.objects.select_for_update().select_related("case", "partner").get(pk=escalation.pk)
    if not Escalation.objects.for_user(actor).filter(pk=row.pk).exists() or not _is_out(row):
        raise LinkRefused(
            _("A link can be made once this is sent by secure link, and as long as it is open.")
        )
    if row.partner.ran_out:
        raise LinkRefused(
            _(
                "The agreement with this partner has ended: a link would open nothing. Two people can prolong it."
            )
        )
    if contact.partner_id != row.partner_id or contact.ended_at is not None:
        raise LinkRefused(_("This person is no contact of the partner any more. No link was made."))
    if _mailbox(mail_to) not in {_mailbox(contact.mail), _mailbox(row.partner.mail)} - {""}:
        raise ValidationError(
            {
                "mail_to": _(
                    "A link goes only to a mailbox of this contact or partner that two people agreed to."
                )
            }
        )
    if code_by == SecureLink.CodeBy.OTHER_MAIL and _mailbox(code_to) in ("", _mailbox(mail_to)):
        raise ValidationError({"code_to": _("Link and code must not reach the same mailbox.")})
    for earlier in row.links.filter(contact=contact, revoked_at__isnull=True):
        _revoke(earlier, actor=actor, why="replaced")
    token, code = secrets.token_urlsafe(TOKEN_BYTES), _new_code()
    link = SecureLink.objects.create(
        escalation=row, contact=contact, token_hash=token_hash(token), code_hash=hash_access_code(code),
        code_by=code_by, made_by=actor,
        expires_at=Least(Now() + timedelta(days=min(days, MOST_DAYS)), row.expires_at),
    )  # fmt: skip
    link.refresh_from_db()
    record(
        Verb.LINK_MADE, actor=actor, subject=link, case=row.case,
        personal={"contact": contact.name, "address": mail_to}, escalation=row.public_id, link=link.public_id,
        code_by=code_by, until=link.expires_at,
    )  # fmt: skip
    _mail(link, token, mail_to, actor)
    return link, token, code


def _is_out(row: Escalation) -> bool:
    return row.channel == Channel.LINK and row.state in Escalation.WITH_PARTNER


def _mail(link: SecureLink, token: str, to: str, actor: User) -> None:
    outbox.post_mail(
        to=to,
        subject=_("Something waits for you"),
        text=_(
            "Something waits for you at the address below. It asks for a code, which you get by another way.\n\n"
            "%(address)s\n\nIf you do not expect this, delete this message."
        )
        % {"address": address_of(token)},
        kind="escalation.link",
        case=link.escalation.case,
        actor=actor,
        about=[str(link.escalation.public_id), str(link.public_id)],
    )


def _new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _each in range(CODE_LENGTH))


def _mailbox(address: str) -> str:
    """The mailbox behind an address: what stands after a plus sign and capitals do not make another."""
    name, _at, host = address.strip().casefold().rpartition("@")
    return f"{name.partition('+')[0]}@{host}" if name else ""


@transaction.atomic
def revoke_link(link: SecureLink, *, actor: User) -> None:
    """End a link; whoever has it open is out with their next click."""
    _revoke(link, actor=actor, why="revoked")


@transaction.atomic
def revoke_links(escalation: Escalation, *, actor: User | None, why: str) -> None:
    """End every link of an escalation (*why*: a code, such as ``withdrawn``)."""
    for link in escalation.links.filter(revoked_at__isnull=True):
        _revoke(link, actor=actor, why=why)


def _revoke(link: SecureLink, *, actor: User | None, why: str) -> None:
    if SecureLink.objects.filter(pk=link.pk, revoked_at__isnull=True).update(revoked_at=Now()):
        record(
            Verb.LINK_REVOKED, actor=actor, subject=link, case=link.escalation.case,
            escalation=link.escalation.public_id, link=link.public_id, why=why,
        )  # fmt: skip
        # A mail that has not left yet, or was given up, would lead nowhere.
        outbox.cancel_about(str(link.public_id), case=link.escalation.case, actor=actor, why="ended")


def _living() -> QuerySet[SecureLink]:
    """Links that open something now, by the database's clock; everything is asked anew each time."""
    return (
        SecureLink.objects.filter(
            agreed_until_today("escalation__partner__"),
            revoked_at__isnull=True,
            expires_at__gt=Now(),
            contact__ended_at__isnull=True,
            escalation__channel=Channel.LINK,
            escalation__state__in=Escalation.WITH_PARTNER,
            escalation__expires_at__gt=Now(),
            escalation__partner__state=Partner.State.ACTIVE,
        )
        .filter(
            # There is nobody here to be cleared: what turned out to may show a minor is for partners that take that on.
            Q(escalation__case__restricted=False) | Q(escalation__partner__accepts__contains=[Accepts.MINOR])
        )
        .select_related("escalation__case", "escalation__partner__organisation", "contact")
    )


@transaction.atomic
def open_link(token: str, code: str) -> SecureLink | None:
    """The link that *token* and *code* open, or None. A wrong code costs one of five tries, and then the link is dead.

    Whatever is wrong, the work is one look-up and one Argon2 check, and the answer is the same.
    """
    found = _living().select_for_update(of=("self",)).filter(
        token_hash=token_hash(token), attempts_left__gt=0
    ).first()  # fmt: skip
    if code_matches(found.code_hash if found else None, normal(code)) and found is not None:
        now = {"last_opened_at": Now()}
        if found.first_opened_at is None:
            now["first_opened_at"] = Now()
        SecureLink.objects.filter(pk=found.pk).update(**now)
        _note(Verb.LINK_OPENED, found)
        return found
    if found is not None:
        SecureLink.objects.filter(pk=found.pk).update(attempts_left=F("attempts_left") - 1)
        _note(Verb.LINK_CODE_REFUSED, found, left=found.attempts_left - 1)
    return None


def _note(verb: Verb, link: SecureLink, **data: int) -> None:
    record(
        verb, actor=None, subject=link, case=link.escalation.case, personal={"contact": link.contact.name},
        escalation=link.escalation.public_id, link=link.public_id, **data,
    )  # fmt: skip


def ticket(link: SecureLink) -> str:
    """What the browser keeps after the right code: it names the link and says when, signed."""
    return signing.dumps(str(link.public_id), salt=_SALT)


def current(held: str) -> SecureLink | None:
    """The link of a browser that shows a *held* ticket, if both still count at this moment."""
    try:
        public_id = uuid.UUID(signing.loads(held, salt=_SALT, max_age=OPEN_SECONDS))
    except signing.BadSignature:
        return None
    # A link that died of wrong codes stays open for whoever had the right one: guessing must not lock them out.
    return _living().filter(public_id=public_id).first()


@contextmanager
def held(link: SecureLink) -> Iterator[Escalation]:
    """One transaction in which the link can't end: what is written inside was allowed. Raises ``NotThere``."""
    with transaction.atomic():
        lock_packages(link.escalation)
        row = Escalation.objects.select_for_update().get(pk=link.escalation_id)
        if not SecureLink.objects.select_for_update().filter(pk=link.pk).exists() or not is_living(link):
            raise NotThere
        yield row


def is_living(link: SecureLink) -> bool:
    """Whether the link still opens something."""
    return _living().filter(pk=link.pk).exists()
