"""Facts become XML that NCMEC's schema takes, cleaned, capped, and true about who looked at what."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from casework.escalations.cybertip import xml
from casework.escalations.cybertip.facts import (
    BadFacts,
    Capture,
    Email,
    File,
    FileAnnotation,
    Look,
    MailIncident,
    Person,
    Relevance,
    Report,
    ReportAnnotation,
    WebPage,
)  # fmt: skip
from casework.escalations.cybertip.schema import Schema, compiled
from tests.escalations.cybertip.examples import LENA, NOW, PLAIN_FILE, SMALL, WHOLE, WHOLE_FILE
from tests.escalations.cybertip.server import XSD

HERE = Path(__file__).parent


def written(report: Report, schema: Schema) -> etree._Element:
    return etree.fromstring(xml.report_xml(report, schema, now=NOW))


def file_written(file: File, schema: Schema) -> etree._Element:
    return etree.fromstring(xml.file_xml(file, schema, report_id=4000001, file_id="f1"))


def test_the_smallest_report_says_what_is_required_and_nothing_else(schema: Schema) -> None:
    said = [element.tag for element in written(SMALL, schema).iter()]
    assert said == [
        "report", "incidentSummary", "incidentType", "incidentDateTime", "reporter", "reportingPerson", "firstName",
        "lastName", "email",
    ]  # fmt: skip


def test_a_report_with_every_fact_stands_in_the_schemas_order(schema: Schema) -> None:
    assert [child.tag for child in written(WHOLE, schema)] == [
        "incidentSummary", "internetDetails", "internetDetails", "internetDetails", "lawEnforcement", "reporter",
        "personOrUserReported", "intendedRecipient", "victim", "victim", "additionalInfo",
    ]  # fmt: skip


@pytest.mark.parametrize("which", ["report", "fileDetails"])
def test_xmllint_accepts_what_is_written(which: str, schema: Schema, tmp_path: Path) -> None:
    if shutil.which("xmllint") is None:
        assert "REQUIRE_TOOLS" not in os.environ, "xmllint is required and absent"
        pytest.skip("xmllint is not installed: a second validator was not asked")
    document = tmp_path / "document.xml"
    document.write_bytes(
        xml.report_xml(WHOLE, schema, now=NOW)
        if which == "report"
        else xml.file_xml(WHOLE_FILE, schema, report_id=1, file_id="a")
    )
    command = ["xmllint", "--noout", "--nonet", "--schema", str(XSD), str(document)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    document.write_bytes(document.read_bytes().replace(b"</" + which.encode(), b"<more/></" + which.encode()))
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0


def test_every_annotation_is_one_that_the_schema_knows(schema: Schema) -> None:
    summary = written(WHOLE, schema).find("incidentSummary/reportAnnotations")
    assert {one.tag for one in summary} == {str(one) for one in ReportAnnotation}
    assert {one.tag for one in file_written(WHOLE_FILE, schema).find("fileAnnotations")} == {
        str(one) for one in FileAnnotation
    }


def test_what_a_machine_made_is_said_to_be(schema: Schema) -> None:
    file = replace(PLAIN_FILE, annotations=frozenset({FileAnnotation.GENERATIVE_AI}))
    assert file_written(file, schema).findtext("fileAnnotations/generativeAi") == "true"


LOOK = Look(NOW - timedelta(hours=1), whole=True)
GLANCE = replace(LOOK, whole=False)


@pytest.mark.parametrize(
    ("looks", "viewed", "told"), [((), "false", 0), ((GLANCE,), "false", 1), ((GLANCE, LOOK), "true", 0)]
)
def test_a_file_was_viewed_when_the_reveal_log_says_so(
    looks: tuple[Look, ...], viewed: str, told: int, schema: Schema
) -> None:
    root = file_written(replace(PLAIN_FILE, looks=looks), schema)
    assert root.findtext("fileViewedByEsp") == viewed
    assert len(root.findall("additionalInfo")) == told  # that only a part was seen


def test_read_metadata_never_makes_an_unseen_file_a_seen_one(schema: Schema) -> None:
    read = replace(PLAIN_FILE, metadata_read_at=NOW)
    assert file_written(read, schema).find("exifViewedByEsp") is None
    assert file_written(replace(read, looks=(LOOK,)), schema).findtext("exifViewedByEsp") == "true"
    assert file_written(replace(PLAIN_FILE, looks=(LOOK,)), schema).find("exifViewedByEsp") is None


def test_moments_are_written_in_utc(schema: Schema) -> None:
    paris = datetime(2026, 11, 22, 1, 30, tzinfo=timezone(timedelta(hours=1)))
    root = written(replace(SMALL, incident=replace(SMALL.incident, at=paris)), schema)
    assert root.findtext("incidentSummary/incidentDateTime") == "2026-11-22T00:30:00Z"


def test_long_texts_are_shortened_and_say_so(schema: Schema) -> None:
    urgent = replace(SMALL, incident=replace(SMALL.incident, urgent="x" * 5000))
    said = written(urgent, schema).findtext("incidentSummary/escalateToHighPriority")
    assert len(said) == 3000
    assert said.endswith("[shortened]")


def test_a_long_address_is_told_whole_elsewhere_and_never_cut(schema: Schema) -> None:
    long, short = "https://platform.example/" + "p" * 2100, "https://platform.example/p"
    page = written(replace(SMALL, places=(WebPage((long, short)),)), schema).find(
        "internetDetails/webPageIncident"
    )
    assert [url.text for url in page.findall("url")] == [short]
    assert long in page.findtext("additionalInfo")
    assert long in file_written(replace(PLAIN_FILE, location=long), schema).findtext("additionalInfo")


@settings(max_examples=60, deadline=None)
@given(text=st.text(st.characters(exclude_categories=()), max_size=300))
def test_any_text_at_all_gives_readable_xml(text: str) -> None:
    schema = compiled(XSD.read_bytes())
    root = written(replace(SMALL, more=text), schema)
    said = root.findtext("additionalInfo", "")
    assert all(ord(sign) >= 32 or sign in "\t\n\r" for sign in said)
    if text.isascii() and text.isprintable():
        assert said == text.strip()


@pytest.mark.parametrize(
    ("field", "report"),
    [
        ("incident.at", replace(SMALL, incident=replace(SMALL.incident, at=NOW + timedelta(seconds=1)))),
        ("incident.at", replace(SMALL, incident=replace(SMALL.incident, at=datetime(2026, 1, 1)))),  # noqa: DTZ001
        ("reporter.person.emails", replace(SMALL, reporter=replace(SMALL.reporter, person=Person("Lena")))),
        ("places.emails", replace(SMALL, places=(MailIncident((Email("nobody@mail.example"),)),))),
        (
            "reported.captures.port",
            replace(WHOLE, reported=replace(WHOLE.reported, captures=(Capture("192.0.2.1", port=0),))),
        ),
        (
            "reporter.person.age",
            replace(SMALL, reporter=replace(SMALL.reporter, person=replace(LENA, age=151))),
        ),
        (
            "reporter.legal_url",
            replace(SMALL, reporter=replace(SMALL.reporter, legal_url="https://" + "l" * 2083)),
        ),
    ],
)
def test_what_ncmec_would_refuse_is_refused_here_by_its_field(
    field: str, report: Report, schema: Schema
) -> None:
    with pytest.raises(BadFacts) as refused:
        xml.report_xml(report, schema, now=NOW)
    assert refused.value.field == field


@pytest.mark.parametrize(
    "file",
    [
        replace(PLAIN_FILE, relevance=Relevance.SUPPLEMENTAL, classification="A1"),
        replace(PLAIN_FILE, relevance=Relevance.SUPPLEMENTAL, annotations=frozenset({FileAnnotation.MEME})),
        replace(PLAIN_FILE, uploaded_at=datetime(2026, 1, 1)),  # noqa: DTZ001
        replace(PLAIN_FILE, classification="C1"),
    ],
)
def test_a_file_that_ncmec_would_refuse_is_refused_here(file: File, schema: Schema) -> None:
    with pytest.raises(BadFacts):
        xml.file_xml(file, schema, report_id=1, file_id="a")


def test_a_complaint_names_the_place_and_not_what_stands_there(schema: Schema) -> None:
    person = replace(LENA, addresses=(replace(WHOLE.reporter.person.addresses[0], country="Atlantis"),))
    with pytest.raises(BadFacts) as refused:
        xml.report_xml(replace(SMALL, reporter=replace(SMALL.reporter, person=person)), schema, now=NOW)
    assert "country" in refused.value.sentence
    assert "Atlantis" not in refused.value.sentence
