"""E-mail: one text made when it is posted and sent unchanged on every attempt, through the operator's mail server.

The server is a setting and may be inside the operator's own network; what receivers say about one another never leads
there. A mail server promises nothing about doing a thing once: whoever reads mail may get the same Message-ID twice.
"""

from __future__ import annotations

import re
import smtplib
import ssl
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from functools import cached_property
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage as Envelope
from django.core.mail import get_connection
from django.core.mail.backends.smtp import EmailBackend
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from .http import trust

#: Where mail goes that has no server: into files (demo, tests), or nowhere (a desk whose operator named none).
FILES: Final = "django.core.mail.backends.filebased.EmailBackend"
NOWHERE: Final = "django.core.mail.backends.dummy.EmailBackend"
_POLICY = SMTP.clone(cte_type="7bit")
_SUBJECT: Final = 200
#: RFC 3463: what a server says of why, beside its three digits.
_ENHANCED = re.compile(rb"([245]\.\d{1,3}\.\d{1,3})\b")


class BadMail(Exception):
    """This can't become an e-mail. *field* is for programs, *sentence* for people; nothing was put into the outbox."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes along: its *name*, its type (``application/json``) and its bytes."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Said:
    """What the mail server said: its status, None where there was none, and a code that is empty when it took it."""

    status: int | None = None
    code: str = ""
    sentence: str = ""
    answer: bytes = b""
    hopeless: bool = False


def compose(
    public_id: uuid.UUID, *, to: str, subject: str, text: str, attachments: Sequence[Attachment] = ()
) -> str:
    """A whole e-mail in ASCII (RFC 5322, MIME), with a Message-ID made from *public_id*. Raises ``BadMail``."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = settings.DEFAULT_FROM_EMAIL
    message["To"] = Address(addr_spec=checked(to))
    message["Subject"] = _one_line(subject)
    message["Date"] = datetime.now(UTC)
    message["Message-ID"] = f"<{public_id}@{urlsplit(settings.PUBLIC_URL).hostname or 'localhost'}>"
    # RFC 3834: nobody's holiday notice should answer a machine.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text.replace("\x00", ""))
    for one in attachments:
        kind, _slash, subtype = one.media_type.partition("/")
        message.add_attachment(one.content, maintype=kind, subtype=subtype, filename=_one_line(one.name))
    return message.as_bytes().decode("ascii")


def checked(address: str) -> str:
    """*address* as one mailbox that any mail server can reach, its host in ASCII. Raises ``BadMail``."""
    found = address.strip()
    name, _at, host = found.rpartition("@")
    try:
        validate_email(found)
        plain = f"{name}@{host.encode('idna').decode('ascii')}"
        Address(addr_spec=plain)
    except (ValidationError, ValueError, IndexError):  # what IDNA refuses is a ValueError, too
        raise BadMail("to", _("This is no e-mail address that a mail server can reach.")) from None
    return plain


def goes_to_files() -> bool:
    """Whether mail is written into files and reaches nobody."""
    return settings.EMAIL_BACKEND == FILES


def send_mail(to: str, text: str) -> Said:
    """Hand the e-mail *text* to the mail server for *to*, once. Never raises for what the server does."""
    if settings.EMAIL_BACKEND == NOWHERE:
        return Said(
            code="off", sentence=_("The operator named no mail server (EMAIL_HOST). Nothing was sent.")
        )
    try:
        _hand_over(_Prepared(to, text))
    except smtplib.SMTPRecipientsRefused as error:
        return _refused(*next(iter(error.recipients.values())))
    except smtplib.SMTPAuthenticationError as error:
        return Said(
            error.smtp_code,
            "smtp_keys",
            _("The mail server did not accept our name and password."),
            _raw(error),
        )
    except (smtplib.SMTPConnectError, smtplib.SMTPHeloError) as error:
        return Said(
            error.smtp_code, "smtp_busy", _("The mail server takes no mail from us now."), _raw(error)
        )
    except smtplib.SMTPResponseException as error:
        return _refused(error.smtp_code, _raw(error))
    except smtplib.SMTPNotSupportedError:
        return Said(code="smtp_tls", sentence=_("The mail server does not offer what EMAIL_TLS asks for."))
    except ssl.SSLError:
        return Said(code="certificate", sentence=_("The mail server could not prove who it is."))
    except (smtplib.SMTPException, OSError) as error:
        # smtplib says "disconnected" for a server that fell silent; what it caught stands behind it.
        if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
            return Said(code="time", sentence=_("The mail server took too long to answer."))
        return Said(
            code="connection",
            sentence=_("The connection with the mail server broke, or nobody answered there."),
        )
    if goes_to_files():
        return Said(sentence=_("Written to a file on this machine, as in every demo: it reached nobody."))
    return Said(250, sentence=_("The mail server took it. Whether it is read, nobody tells us."))


class SmtpBackend(EmailBackend):
    """Django's, which also trusts the authorities that the operator named for the private network."""

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        return trust()


class _Prepared(Envelope):
    """An e-mail that was made before: Django hands it over as it stands."""

    def __init__(self, to: str, text: str) -> None:
        super().__init__(to=[to], from_email=settings.DEFAULT_FROM_EMAIL)
        self.text = text

    def message(self, **_options: object) -> _Text:  # type: ignore[override]
        return _Text(self.text)


@dataclass(frozen=True, slots=True)
class _Text:
    """What Django's backends ask of a message."""

    text: str

    def as_bytes(self, unixfrom: bool = False, linesep: str = "\n") -> bytes:
        """The e-mail; it was made with the line ends that SMTP wants."""
        return self.text.encode("ascii")


def _hand_over(prepared: _Prepared) -> None:
    if goes_to_files():  # it may hold a secure link, so it is for nobody else on this machine
        Path(settings.EMAIL_FILE_PATH).mkdir(mode=0o700, parents=True, exist_ok=True)
    connection = get_connection()
    try:
        connection.open()
    except smtplib.SMTPAuthenticationError:
        raise
    except (
        smtplib.SMTPResponseException
    ) as error:  # before our mail was spoken of, so nothing is refused for good
        raise smtplib.SMTPConnectError(error.smtp_code, error.smtp_error) from error
    try:
        connection.send_messages([prepared])
    finally:
        # It was taken by now or has failed; a server that is slow to say good-bye must not make it go out again.
        with suppress(smtplib.SMTPException, OSError):
            connection.close()


def _refused(status: int, answer: bytes) -> Said:
    """Four hundreds may pass, five hundreds do not (RFC 5321, 4.2.1)."""
    found = _ENHANCED.search(answer)
    why = {
        b"5.1.1": _("there is no such mailbox"),
        b"5.1.2": _("there is no such mail domain"),
        b"5.2.2": _("the mailbox is full"),
        b"5.3.4": _("it is too large"),
    }.get(found[1] if found else b"")
    said = {"status": status, "why": why or _("its answer is kept with the attempt")}
    if status >= 500:
        sentence = _("The mail server refused it for good (%(status)d): %(why)s.") % said
        return Said(status, f"smtp_{status}", sentence, answer, hopeless=True)
    sentence = _("The mail server does not take it now (%(status)d); it is tried again.") % said
    return Said(status, f"smtp_{status}", sentence, answer)


def _raw(error: smtplib.SMTPResponseException) -> bytes:
    said = error.smtp_error
    return said if isinstance(said, bytes) else str(said).encode()


def _one_line(text: str) -> str:
    if not text.strip() or len(text) > _SUBJECT or not text.isprintable():
        raise BadMail("subject", _("A subject or file name is one line of at most 200 characters."))
    return text.strip()
