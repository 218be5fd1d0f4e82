"""Facts of an invented incident. The "pictures" are goldfish and noise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from casework.escalations.cybertip.facts import (
    Account,
    Address,
    Capture,
    Chat,
    Device,
    Disabled,
    Email,
    Event,
    File,
    FileAnnotation,
    Incident,
    IncidentKind,
    LawEnforcement,
    Location,
    Look,
    MailIncident,
    Person,
    Phone,
    Relevance,
    Report,
    ReportAnnotation,
    Reporter,
    WebPage,
)  # fmt: skip

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LENA = Person("Lena", "Example", emails=(Email("trust@platform.example", kind="Business"),))
SMALL = Report(
    Incident(IncidentKind.ABUSE_MATERIAL, NOW - timedelta(days=1)), Reporter(LENA)
)  # fmt: skip

_SEEN = Capture("2001:db8::7", Event.UPLOAD, NOW - timedelta(days=2), proxy=True, port=52001)
_DEVICE = Device("IMEI", "490154203237518", Event.LOGIN, NOW - timedelta(days=2))
_ACCOUNT = Account(
    person=Person("U.", "Nknown", emails=(Email("uploader@mail.example", "Home", True, NOW - timedelta(days=9)),)),
    identifier="user-77", service="Pictures", compromised=False, screen_name="goldfish_77",
    display_names=("Goldfish", "G."), profile_urls=("https://platform.example/goldfish",), bio="I like ponds.",
    captures=(_SEEN,), devices=(_DEVICE,), prior_reports=(3_999_999,), group="Pond People",
    disabled_for_now=Disabled(NOW - timedelta(days=5), True, NOW - timedelta(days=5), NOW - timedelta(days=4)),
    disabled_for_good=Disabled(NOW - timedelta(days=1), False), location=Location("Lyon", "ARA", "FR", True, NOW),
    all_emails_reported=True, more="Seen twice.", elsewhere=False, school="School of Fish",
)  # fmt: skip
#: Every field that a report can have.
WHOLE = Report(
    Incident(
        IncidentKind.ENTICEMENT, NOW - timedelta(days=1), "When it was sent", "Platform", "A threat for tonight",
        frozenset(ReportAnnotation),
    ),
    Reporter(
        replace(LENA, phones=(Phone("5550100", "Work", "+1", "7"),), addresses=(
            Address("1 Pond Road", "Springfield", "12345", "NY", "", "US", "Business"),
        )),
        contact=Person("Lex", "Example", emails=(Email("lex@platform.example"),), age=40),
        company="Serve legal process by post.", terms="No fish.", legal_url="https://platform.example/legal",
    ),
    places=(
        WebPage(("https://platform.example/p/1", "https://platform.example/p/2"), "Two pages", hosted_elsewhere=False),
        MailIncident((Email("uploader@mail.example"),), "Subject: ponds", "One mail"),
        Chat("Messenger", "Room 5", "hello", "A chat"),
    ),
    law_enforcement=LawEnforcement("Police of Springfield", "C-5", Person("O.", "Fficer"), True, True, "FR"),
    reported=_ACCOUNT, recipients=(_ACCOUNT,),
    victims=(replace(_ACCOUNT, person=Person(age=15, born=date(2011, 5, 5))), Account()), more="End of report.",
)  # fmt: skip

PLAIN_FILE = File("item-plain", name="goldfish.jpg")
WHOLE_FILE = File(
    "item-whole", "noise.png", "IMG 0001.png", NOW - timedelta(days=2), "https://platform.example/p/1",
    looks=(Look(NOW - timedelta(hours=3), whole=True),), metadata_read_at=NOW - timedelta(hours=2),
    publicly_available=True, relevance=Relevance.REPORTED, annotations=frozenset(FileAnnotation), classification="B2",
    hashes=(("SHA256", "0" * 64), ("MD5", "1" * 32)), capture=_SEEN, devices=(_DEVICE,),
    metadata=(("Make", "Pond"), ("Model", "")), more="A pattern.",
)  # fmt: skip
