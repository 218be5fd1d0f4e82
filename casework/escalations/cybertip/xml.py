"""Facts to NCMEC's XML: every element where the schema wants it, every text cleaned and capped.

The schema's elements are sequences: what stands in the wrong place is refused (4100). What is written here is compared
with the schema before anything is sent. Sentences that we add ourselves are English, for NCMEC reads them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from django.utils.translation import gettext as _
from lxml import etree

from .facts import (
    TEXT_MOST,
    Account,
    Address,
    BadFacts,
    Capture,
    Chat,
    Device,
    Disabled,
    Email,
    File,
    Incident,
    LawEnforcement,
    Location,
    MailIncident,
    Person,
    Phone,
    Report,
    Reporter,
    WebPage,
    check_file,
    check_report,
)  # fmt: skip
from .schema import Schema

Element = etree._Element

#: Characters that NCMEC's documentation allows (2025-06-11); where it names no cap, ours keeps one report bounded.
_TEXT: Final = TEXT_MOST
_NAME: Final = 100
_PLATFORM: Final = 256
_REASON: Final = 3000
_AGENCY: Final = 255
_URL: Final = 2083
_FILE_NAME: Final = 2056
_KIND: Final = 64
_CUT: Final = " [shortened]"
#: What XML 1.0 can't hold (its production 2, "Char").
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PARTLY_VIEWED = "The reporting company viewed a part of this file, not all of it."


def report_xml(report: Report, schema: Schema | None, *, now: datetime) -> bytes:
    """The ``<report>`` document, in UTF-8. Raises ``BadFacts`` when NCMEC would refuse it.

    Without *schema* it is only for reading: nobody compared it with what NCMEC takes.
    """
    check_report(report, now=now)
    root = etree.Element("report")
    _incident(root, report.incident)
    for place in report.places:
        _place(root, place)
    if report.law_enforcement is not None:
        _law_enforcement(root, report.law_enforcement)
    _reporter(root, report.reporter)
    if report.reported is not None:
        _account(root, report.reported, "personOrUserReported")
    for account in report.recipients:
        _account(root, account, "intendedRecipient")
    for account in report.victims:
        _account(root, account, "victim")
    _text(root, "additionalInfo", report.more)
    return _document(root, schema)


def file_xml(file: File, schema: Schema | None, *, report_id: int, file_id: str) -> bytes:
    """The ``<fileDetails>`` document of one upload, in UTF-8, as ``report_xml``."""
    check_file(file)
    root = etree.Element("fileDetails")
    _text(root, "reportId", str(report_id))
    _text(root, "fileId", file_id)
    _text(root, "fileName", file.name, _FILE_NAME)
    _text(root, "originalFileName", file.original_name, _FILE_NAME)
    _moment(root, "uploadedToEspTimestamp", file.uploaded_at)
    _url(root, "locationOfFile", file.location)
    _flag(root, "fileViewedByEsp", file.viewed)
    # NCMEC takes seen metadata to mean a seen file, so it is said only when both are true.
    _flag(root, "exifViewedByEsp", True if file.viewed and file.metadata_read_at else None)
    _flag(root, "publiclyAvailable", file.publicly_available)
    _text(root, "fileRelevance", file.relevance.value)
    _marks(root, "fileAnnotations", file.annotations)
    _text(root, "industryClassification", file.classification)
    for kind, value in file.hashes:
        _text(root, "originalFileHash", value, hashType=_clean(kind, _KIND))
    _capture(root, file.capture)
    _devices(root, file.devices)
    _metadata(root, file.metadata)
    for more in (*_too_long(file.location), _PARTLY_VIEWED if file.viewed_in_part else "", file.more):
        _text(root, "additionalInfo", more)
    return _document(root, schema)


def _document(root: Element, schema: Schema | None) -> bytes:
    """Compare with the schema and serialise. The parts that are wrong are named; what they say is not repeated."""
    if schema is None:
        etree.indent(root)
    elif complaints := schema.complaints(root):
        raise BadFacts(
            complaints[0],
            _("NCMEC's schema does not accept the report (%(where)s). Correct these facts; nothing was sent.")
            % {"where": "; ".join(complaints[:5])},
        )
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True))


# --- the report's parts, in the schema's order ----------------------------------------------------------------------


def _incident(root: Element, incident: Incident) -> None:
    part = etree.SubElement(root, "incidentSummary")
    _text(part, "incidentType", incident.kind.value)
    _text(part, "platform", incident.platform, _PLATFORM)
    _text(part, "escalateToHighPriority", incident.urgent, _REASON)
    _marks(part, "reportAnnotations", incident.annotations)
    _moment(part, "incidentDateTime", incident.at)
    _text(part, "incidentDateTimeDescription", incident.at_means, _REASON)


def _place(root: Element, place: WebPage | MailIncident | Chat) -> None:
    outer = etree.SubElement(root, "internetDetails")
    if isinstance(place, WebPage):
        part = etree.SubElement(outer, "webPageIncident")
        if place.hosted_elsewhere is not None:
            part.set("thirdPartyHostedContent", _bool(place.hosted_elsewhere))
        for url in place.urls:
            _url(part, "url", url)
        more = "\n".join([place.more, *_too_long(*place.urls)]).strip()
        _text(part, "additionalInfo", more)
        return
    if isinstance(place, MailIncident):
        part = etree.SubElement(outer, "emailIncident")
        for email in place.emails:
            _email(part, "emailAddress", email)
    else:
        part = etree.SubElement(outer, "chatImIncident")
        _text(part, "chatClient", place.client)
        _text(part, "chatRoomName", place.room)
    _text(part, "content", place.content)
    _text(part, "additionalInfo", place.more)


def _law_enforcement(root: Element, agency: LawEnforcement) -> None:
    part = etree.SubElement(root, "lawEnforcement")
    _text(part, "agencyName", agency.agency, _AGENCY)
    _text(part, "caseNumber", agency.case_number, _NAME)
    _person(part, "officerContact", agency.officer, contact=True)
    _flag(part, "reportedToLe", agency.reported)
    _flag(part, "servedLegalProcessDomestic", agency.served_domestic)
    if agency.served_abroad:
        _text(part, "servedLegalProcessInternational", "true", fleaCountry=agency.served_abroad)


def _reporter(root: Element, reporter: Reporter) -> None:
    part = etree.SubElement(root, "reporter")
    _person(part, "reportingPerson", reporter.person)
    _person(part, "contactPerson", reporter.contact, contact=True)
    _text(part, "companyTemplate", reporter.company)
    _text(part, "termsOfService", reporter.terms)
    if len(reporter.legal_url) > _URL:
        raise BadFacts("reporter.legal_url", _("The address of the legal page is too long for NCMEC."))
    _url(part, "legalURL", reporter.legal_url)


def _account(root: Element, account: Account, role: str) -> None:
    """*role* is the element's name; each of the three has a few fields that the others lack."""
    part = etree.SubElement(root, role)
    person = account.person or (Person() if role == "victim" else None)  # victimPerson must stand there
    _person(part, "victimPerson" if role == "victim" else f"{role}Person", person)
    _text(part, "espIdentifier", account.identifier)
    _text(part, "espService", account.service)
    _flag(part, "compromisedAccount", account.compromised)
    _text(part, "screenName", account.screen_name)
    for name in account.display_names:
        _text(part, "displayName", name)
    for url in account.profile_urls:
        _url(part, "profileUrl", url)
    _text(part, "profileBio", account.bio)
    for capture in account.captures:
        _capture(part, capture)
    _devices(part, account.devices)
    if role == "victim":
        _text(part, "schoolName", account.school)
    if role == "personOrUserReported":
        _flag(part, "thirdPartyUserReported", account.elsewhere)
    for prior in account.prior_reports:
        _text(part, "priorCTReports", str(prior))
    if role != "victim":
        _text(part, "groupIdentifier", account.group)
    _disabled(part, "accountTemporarilyDisabled", account.disabled_for_now)
    _disabled(part, "accountPermanentlyDisabled", account.disabled_for_good)
    _location(part, account.location)
    _flag(part, "allEmailsReported", account.all_emails_reported)
    _text(part, "additionalInfo", "\n".join([account.more, *_too_long(*account.profile_urls)]).strip())


def _person(root: Element, name: str, person: Person | None, *, contact: bool = False) -> None:
    """A *contact* has no age and no date of birth."""
    if person is None:
        return
    part = etree.SubElement(root, name)
    _text(part, "firstName", person.first_name, _NAME)
    _text(part, "lastName", person.last_name, _NAME)
    for phone in person.phones:
        _phone(part, phone)
    for email in person.emails:
        _email(part, "email", email)
    for address in person.addresses:
        _address(part, address)
    if not contact:
        _text(part, "age", "" if person.age is None else str(person.age))
        _text(part, "dateOfBirth", person.born.isoformat() if person.born else "")


def _phone(root: Element, phone: Phone) -> None:
    _text(
        root, "phone", phone.number, type=phone.kind, countryCallingCode=phone.country_calling_code,
        extension=phone.extension,
    )  # fmt: skip


def _email(root: Element, name: str, email: Email) -> None:
    _text(
        root, name, email.address, type=email.kind, verified=_bool(email.verified),
        verificationDate=_stamp(email.verified_at),
    )  # fmt: skip


def _address(root: Element, address: Address) -> None:
    part = etree.SubElement(root, "address")
    if address.kind:
        part.set("type", _clean(address.kind))
    _text(part, "address", address.street)
    _text(part, "city", address.city)
    _text(part, "zipCode", address.zip_code)
    _text(part, "state", address.state)
    _text(part, "nonUsaState", address.other_state)
    _text(part, "country", address.country)


def _capture(root: Element, capture: Capture | None) -> None:
    if capture is None:
        return
    part = etree.SubElement(root, "ipCaptureEvent")
    _text(part, "ipAddress", capture.address)
    _text(part, "eventName", capture.event.value if capture.event else "")
    _moment(part, "dateTime", capture.at)
    _flag(part, "possibleProxy", capture.proxy)
    _text(part, "port", "" if capture.port is None else str(capture.port))


def _devices(root: Element, devices: Iterable[Device]) -> None:
    for device in devices:
        part = etree.SubElement(root, "deviceId")
        _text(part, "idType", device.kind)
        _text(part, "idValue", device.value)
        _text(part, "eventName", device.event.value if device.event else "")
        _moment(part, "dateTime", device.at)


def _disabled(root: Element, name: str, disabled: Disabled | None) -> None:
    if disabled is None:
        return
    for_good = name == "accountPermanentlyDisabled"
    _text(
        root, name, "true", disabledDate=_stamp(disabled.at), userNotified=_bool(disabled.user_notified),
        userNotifiedDate=_stamp(disabled.user_notified_at),
        reenabledDate="" if for_good else _stamp(disabled.again_at),
    )  # fmt: skip


def _location(root: Element, location: Location | None) -> None:
    if location is None:
        return
    part = etree.SubElement(root, "estimatedLocation")
    for name, value in (("verified", _bool(location.verified)), ("timestamp", _stamp(location.at))):
        if value:
            part.set(name, value)
    _text(part, "city", location.city)
    _text(part, "region", location.region)
    _text(part, "countryCode", location.country)


def _metadata(root: Element, pairs: tuple[tuple[str, str], ...]) -> None:
    if not pairs:
        return
    part = etree.SubElement(root, "details", type="EXIF")
    for name, value in pairs:
        pair = etree.SubElement(part, "nameValuePair")
        _text(pair, "name", name, _KIND)
        etree.SubElement(pair, "value").text = _clean(value, _TEXT)


# --- values -----------------------------------------------------------------------------------------------------------


def _text(root: Element, name: str, value: str, most: int = _TEXT, **attributes: str) -> None:
    """An element, or nothing where *value* says nothing; likewise each attribute."""
    cleaned = _clean(value, most)
    if not cleaned:
        return
    element = etree.SubElement(root, name)
    element.text = cleaned
    for key, said in attributes.items():
        if said:
            element.set(key, _clean(said))


def _url(root: Element, name: str, value: str) -> None:
    """An address, unless it is too long: cut in half it would be another one (``_too_long`` tells it elsewhere)."""
    if len(_clean(value)) <= _URL:
        _text(root, name, value)


def _too_long(*urls: str) -> list[str]:
    return [f"Address too long for its field: {_clean(url)}" for url in urls if len(_clean(url)) > _URL]


def _flag(root: Element, name: str, value: bool | None) -> None:
    _text(root, name, _bool(value))


def _moment(root: Element, name: str, value: datetime | None) -> None:
    _text(root, name, _stamp(value))


def _marks(root: Element, name: str, marks: Iterable[str]) -> None:
    """*marks* as elements that say "true" (the schema fixes their value), in one order whatever came in."""
    chosen = sorted(str(mark) for mark in marks)
    if chosen:
        part = etree.SubElement(root, name)
        for mark in chosen:
            etree.SubElement(part, mark).text = "true"


def _bool(value: bool | None) -> str:
    return "" if value is None else str(value).lower()


def _stamp(value: datetime | None) -> str:
    return "" if value is None else value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _clean(value: str, most: int | None = None) -> str:
    """*value* without what XML can't hold (U+FFFD stands for it), and not longer than *most* characters."""
    cleaned = _NOT_XML.sub("\ufffd", value).strip()
    if most is not None and len(cleaned) > most:
        return cleaned[: most - len(_CUT)].rstrip() + _CUT
    return cleaned
