"""What a report to the CyberTipline says, before it is XML.

Names follow our words; ``xml`` knows NCMEC's. Moments are aware datetimes; texts may be empty, which means "not said".
Not expressed here, because nothing in the product knows it: batched reports, vehicles, associated accounts, and the
incident kinds newsgroup, game, telephone, peer-to-peer and offline.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from enum import StrEnum

from django.utils.translation import gettext as _

#: The longest text of ours in one element; NCMEC names no cap for most.
TEXT_MOST = 20_000


class BadFacts(Exception):
    """The facts can't become a report. *field* is for programs, *sentence* for people; nothing was sent."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field
        self.sentence = sentence


class IncidentKind(StrEnum):
    """The literals that NCMEC takes for ``incidentType``. Sextortion is an annotation, not a kind."""

    ABUSE_MATERIAL = "Child Pornography (possession, manufacture, and distribution)"
    TRAFFICKING = "Child Sex Trafficking"
    TOURISM = "Child Sex Tourism"
    MOLESTATION = "Child Sexual Molestation"
    MISLEADING_DOMAIN = "Misleading Domain Name"
    MISLEADING_WORDS = "Misleading Words or Digital Images on the Internet"
    ENTICEMENT = "Online Enticement of Children for Sexual Acts"
    UNSOLICITED = "Unsolicited Obscene Material Sent to a Child"


class ReportAnnotation(StrEnum):
    SEXTORTION = "sextortion"
    SOLICITATION = "csamSolicitation"
    BETWEEN_MINORS = "minorToMinorInteraction"
    SPAM = "spam"
    SADISTIC = "sadisticOnlineExploitation"


class FileAnnotation(StrEnum):
    DRAWING = "animeDrawingVirtualHentai"
    MEME = "potentialMeme"
    VIRAL = "viral"
    SELF_PRODUCED = "possibleSelfProduction"
    PHYSICAL_HARM = "physicalHarm"
    VIOLENCE = "violenceGore"
    BESTIALITY = "bestiality"
    LIVE = "liveStreaming"
    INFANT = "infant"
    GENERATIVE_AI = "generativeAi"


class Relevance(StrEnum):
    REPORTED = "Reported"
    SUPPLEMENTAL = "Supplemental Reported"


class Event(StrEnum):
    LOGIN = "Login"
    REGISTRATION = "Registration"
    PURCHASE = "Purchase"
    UPLOAD = "Upload"
    OTHER = "Other"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Email:
    address: str
    kind: str = ""  # Home, Work, Business, Recovery
    verified: bool | None = None
    verified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Phone:
    number: str
    kind: str = ""  # Mobile, Home, Business, Work, Fax, Internet, Recovery
    country_calling_code: str = ""  # "+1"
    extension: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """*country* in two letters (ISO 3166), *state* in two letters and only in the United States."""

    street: str = ""
    city: str = ""
    zip_code: str = ""
    state: str = ""
    other_state: str = ""
    country: str = ""
    kind: str = ""  # Home, Business, Billing, Shipping, Technical


@dataclass(frozen=True, slots=True)
class Person:
    first_name: str = ""
    last_name: str = ""
    phones: tuple[Phone, ...] = ()
    emails: tuple[Email, ...] = ()
    addresses: tuple[Address, ...] = ()
    age: int | None = None  # years
    born: date | None = None


@dataclass(frozen=True, slots=True)
class Capture:
    """An IP address in use. *port* matters where many people share an address."""

    address: str
    event: Event | None = None
    at: datetime | None = None
    proxy: bool | None = None
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Device:
    kind: str
    value: str
    event: Event | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Disabled:
    """That an account was closed, for a while or for good. *again_at* exists only for a while."""

    at: datetime | None = None
    user_notified: bool | None = None
    user_notified_at: datetime | None = None
    again_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Location:
    city: str = ""
    region: str = ""
    country: str = ""
    verified: bool | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody with or without an account: the user reported, a recipient, or a victim.

    *group* is not said of victims, *school* of nobody else, *elsewhere* (another company's user) only of the reported.
    """

    person: Person | None = None
    identifier: str = ""
    service: str = ""
    compromised: bool | None = None
    screen_name: str = ""
    display_names: tuple[str, ...] = ()
    profile_urls: tuple[str, ...] = ()
    bio: str = ""
    captures: tuple[Capture, ...] = ()
    devices: tuple[Device, ...] = ()
    school: str = ""
    elsewhere: bool | None = None
    prior_reports: tuple[int, ...] = ()
    group: str = ""
    disabled_for_now: Disabled | None = None
    disabled_for_good: Disabled | None = None
    location: Location | None = None
    all_emails_reported: bool | None = None
    more: str = ""


@dataclass(frozen=True, slots=True)
class WebPage:
    """*hosted_elsewhere*: on another company's server, of which the reporting company knows nothing more."""

    urls: tuple[str, ...]
    more: str = ""
    hosted_elsewhere: bool | None = None


@dataclass(frozen=True, slots=True)
class MailIncident:
    """Each address must also stand under a person, so that it is said whose it is."""

    emails: tuple[Email, ...] = ()
    content: str = ""
    more: str = ""


@dataclass(frozen=True, slots=True)
class Chat:
    client: str = ""
    room: str = ""
    content: str = ""
    more: str = ""


@dataclass(frozen=True, slots=True)
class LawEnforcement:
    agency: str
    case_number: str = ""
    officer: Person | None = None
    reported: bool | None = None
    served_domestic: bool | None = None
    served_abroad: str = ""  # country whose authority served legal process, two letters


@dataclass(frozen=True, slots=True)
class Reporter:
    """*person* reports and needs an e-mail address; *contact* is whom the police may ask."""

    person: Person
    contact: Person | None = None
    company: str = ""
    terms: str = ""
    legal_url: str = ""


@dataclass(frozen=True, slots=True)
class Incident:
    """*urgent*: the reason for urgency in words; saying anything here asks NCMEC to hurry."""

    kind: IncidentKind
    at: datetime
    at_means: str = ""
    platform: str = ""
    urgent: str = ""
    annotations: frozenset[ReportAnnotation] = frozenset()


@dataclass(frozen=True, slots=True)
class Report:
    incident: Incident
    reporter: Reporter
    places: tuple[WebPage | MailIncident | Chat, ...] = ()
    law_enforcement: LawEnforcement | None = None
    reported: Account | None = None
    recipients: tuple[Account, ...] = ()
    victims: tuple[Account, ...] = ()
    more: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """One reveal out of the log: a person of the reporting company had this file on the screen.

    *whole*: all of it, recognisable: the picture without blur, or every second of the film. A preview is no look.
    """

    opened_at: datetime
    whole: bool


@dataclass(frozen=True, slots=True)
class File:
    """One original. *key* is the evidence item's public id and names the file in our progress.

    *looks* come from the reveal log and nothing else says that a file was viewed; *metadata_read_at* is when a person
    opened the metadata. *classification* (A1, A2, B1, B2) needs an agreement with NCMEC. *hashes*: (type, value).
    """

    key: str
    name: str = ""
    original_name: str = ""
    uploaded_at: datetime | None = None
    location: str = ""
    looks: tuple[Look, ...] = ()
    metadata_read_at: datetime | None = None
    publicly_available: bool | None = None
    relevance: Relevance = Relevance.REPORTED
    annotations: frozenset[FileAnnotation] = frozenset()
    classification: str = ""
    hashes: tuple[tuple[str, str], ...] = ()
    capture: Capture | None = None
    devices: tuple[Device, ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()
    more: str = ""

    @property
    def viewed(self) -> bool:
        """Whether somebody here has seen all of it: courts weigh who looked before a warrant existed."""
        return any(look.whole for look in self.looks)

    @property
    def viewed_in_part(self) -> bool:
        return bool(self.looks) and not self.viewed


def check_report(report: Report, *, now: datetime) -> None:
    """Raise ``BadFacts`` for what NCMEC refuses and its XSD does not say."""
    _check_values(report)
    if report.incident.at > now:
        raise BadFacts("incident.at", _("The incident lies in the future. Check its date and time."))
    if not any(email.address.strip() for email in report.reporter.person.emails):
        raise BadFacts(
            "reporter.person.emails", _("NCMEC needs an e-mail address of the person who reports.")
        )
    if report.law_enforcement is not None and not report.law_enforcement.agency.strip():
        raise BadFacts("law_enforcement.agency", _("The law enforcement agency has no name."))
    known = {email.address.strip().lower() for person in _people(report) for email in person.emails}
    for place in report.places:
        if isinstance(place, MailIncident):
            for email in place.emails:
                if email.address.strip().lower() not in known:
                    raise BadFacts(
                        "places.emails",
                        _(
                            "An e-mail address of the incident must also stand under the person it belongs to."
                        ),
                    )


def check_file(file: File) -> None:
    """Raise ``BadFacts`` for what NCMEC refuses and its XSD does not say."""
    _check_values(file)
    if file.relevance is Relevance.SUPPLEMENTAL:
        if file.classification:
            raise BadFacts("classification", _("A supplemental file can't be classified."))
        if FileAnnotation.MEME in file.annotations:
            raise BadFacts("annotations", _("A supplemental file can't be marked as a possible meme."))


def _people(report: Report) -> Iterator[Person]:
    yield report.reporter.person
    if report.reporter.contact is not None:
        yield report.reporter.contact
    for account in (report.reported, *report.recipients, *report.victims):
        if account is not None and account.person is not None:
            yield account.person


def _check_values(value: object, path: str = "") -> None:
    """Every moment has a zone, every port and age lies in its range, however deep it stands."""
    if isinstance(value, datetime) and value.utcoffset() is None:
        raise BadFacts(path, _("A date and time has no time zone."))
    if isinstance(value, Capture) and value.port is not None and not 1 <= value.port <= 65535:
        raise BadFacts(f"{path}.port", _("A port must lie between 1 and 65535."))
    if isinstance(value, Person) and value.age is not None and not 0 <= value.age <= 150:
        raise BadFacts(f"{path}.age", _("An age must lie between 0 and 150 years."))
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            _check_values(getattr(value, field.name), f"{path}.{field.name}".lstrip("."))
    elif isinstance(value, tuple):
        for one in value:
            _check_values(one, path)
