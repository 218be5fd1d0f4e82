"""What a report to NCMEC says comes from rows: views from reveals, AI from decisions and proof, no guesses."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from lxml import etree

from casework.cases.models import Decision, Locator, Outcome, Policy
from casework.escalations import tip_page, tipping
from casework.escalations.actions import tips
from casework.escalations.models import Escalation, EscalationLocator, Tip, Urgency
from casework.evidence.models import Blob, Frame, Item, Playback, Reveal, SignalRecord, Wrap
from casework.evidence.sealing import seal
from tests.cast import person
from tests.escalations import tips as make
from tests.escalations.cybertip.server import Tipline
from tests.worlds import picture

pytestmark = pytest.mark.django_db


def documents(escalation: Escalation) -> list[etree._Element]:
    return [etree.fromstring(text.encode()) for _title, text in tip_page.xml_context(escalation)["documents"]]


def look(item: Item, *, served: bool = True, frame: Frame | None = None) -> Reveal:
    now = timezone.now()
    return Reveal.objects.create(
        item=item, person=person("sena"), session_hash="0" * 64, reason="decide", expires_at=now, frame=frame,
        first_served_at=now if served else None,
    )  # fmt: skip


def only_item(escalation: Escalation) -> Item:
    chosen = escalation.chosen_items.get()
    return chosen.item


# --- viewed ---------------------------------------------------------------------------------------------------------


def viewed(escalation: Escalation) -> str | None:
    found: str | None = documents(escalation)[1].findtext("fileViewedByEsp")
    return found


def test_a_picture_that_was_revealed_is_viewed(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    look(only_item(escalation))
    assert viewed(escalation) == "true"


def test_a_reveal_that_never_showed_anything_is_no_look(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    look(only_item(escalation), served=False)
    assert viewed(escalation) == "false"


def test_a_decision_and_a_form_do_not_make_a_file_viewed(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    assert viewed(escalation) == "false"


def test_a_frame_of_a_film_is_a_part(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    item = only_item(escalation)
    Item.objects.filter(pk=item.pk).update(duration=12.0, frames=300)
    small, large = (
        Blob.objects.create(
            kind=kind, storage_key=sealed.storage_key, size=sealed.size, sealed_size=1, sha256=sealed.sha256
        )
        for kind in (Blob.Kind.PREVIEW, Blob.Kind.RENDITION)
        for sealed in [seal(picture((24, 18)), kind, Wrap.Recipient.VIEW)]
    )
    frame = Frame.objects.create(item=item, position=1, at_seconds=0, preview=small, rendition=large)
    look(item, frame=frame)
    details = documents(escalation)[1]
    assert details.findtext("fileViewedByEsp") == "false"
    assert "viewed a part of this file" in details.findtext("additionalInfo", "")


def test_a_part_of_a_film_that_was_played_is_a_part(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    item = only_item(escalation)
    Item.objects.filter(pk=item.pk).update(duration=12.0, frames=300)
    Playback.objects.create(
        item=item, person=person("sena"), session_hash="0" * 64, reason="decide", reveal=look(item)
    )
    assert viewed(escalation) == "false"


# --- AI -------------------------------------------------------------------------------------------------------------


def says_ai(escalation: Escalation) -> bool:
    return documents(escalation)[1].find("fileAnnotations/generativeAi") is not None


def signal(item: Item, name: str, strength: str, **data: Any) -> None:
    SignalRecord.objects.create(
        item=item, name=name, version="1", status="found", strength=strength, sentence="drawn", score=0.99,
        data=data,
    )  # fmt: skip


def test_a_score_alone_never_says_that_a_picture_is_made_by_ai(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    signal(only_item(escalation), "synthetic", "definitive")
    assert not says_ai(escalation)


@pytest.mark.parametrize(
    ("strength", "ai", "said"),
    [("definitive", True, True), ("strong", True, False), ("definitive", False, False)],
)
def test_only_definitive_provenance_of_a_machine_says_so(
    strength: str, ai: bool, said: bool, tipline: Tipline
) -> None:
    escalation = make.make_draft(items=1)
    signal(only_item(escalation), "c2pa", strength, ai=ai)
    assert says_ai(escalation) is said


@pytest.mark.parametrize(("policy", "said"), [(Policy.NCII_AI, True), (Policy.MINOR, False)])
def test_a_decision_that_it_is_ai_says_so(policy: str, said: bool, tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    Decision.objects.create(
        case=escalation.case, outcome=Outcome.REMOVE, policy=policy, grounds="-", decided_by=person("sena")
    )
    assert says_ai(escalation) is said


def test_a_person_may_say_so_of_one_file(tipline: Tipline) -> None:
    escalation = make.make_draft(items=2)
    first = escalation.chosen_items.first()
    assert first is not None
    said = {"annotations": ["GENERATIVE_AI"], "relevance": "REPORTED", "publicly_available": True, "more": ""}
    content = make.CONTENT | {"files": {str(first.item.public_id): said}}
    Tip.objects.get(escalation=escalation).delete()
    Tip.objects.create(escalation=escalation, content=content)
    _report, one, two = documents(escalation)
    assert one.find("fileAnnotations/generativeAi") is not None
    assert two.find("fileAnnotations") is None


# --- the rest -------------------------------------------------------------------------------------------------------


def test_what_nobody_knows_about_an_upload_is_not_claimed(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    Item.objects.filter(pk=only_item(escalation).pk).update(declared_name="holiday.png")
    details = documents(escalation)[1]
    for name in (
        "originalFileName",
        "uploadedToEspTimestamp",
        "locationOfFile",
        "ipCaptureEvent",
        "exifViewedByEsp",
    ):
        assert details.find(name) is None
    assert "holiday" not in etree.tostring(details).decode()


def test_only_what_was_chosen_is_said(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1, fields=["imagery"])
    report, details = documents(escalation)
    text = etree.tostring(report).decode()
    assert report.find("internetDetails") is None
    assert "Two pictures were posted" not in text
    assert escalation.case.number not in text
    assert details.find("originalFileHash") is None


def test_an_item_without_its_picture_is_named_by_its_hash(tipline: Tipline) -> None:
    escalation = make.make_draft(items=2)
    first = escalation.chosen_items.first()
    assert first is not None
    escalation.chosen_items.filter(pk=first.pk).update(with_picture=False)
    report, *files = documents(escalation)
    assert len(files) == 1
    assert first.item.sha256 in report.findtext("additionalInfo", "")


def test_accounts_are_the_person_reported(tipline: Tipline) -> None:
    escalation = make.make_draft(items=0, content=make.CONTENT | {"suspect": {}})
    for name in ("koi", "carp"):
        account = Locator.objects.create(
            case=escalation.case, kind=Locator.Kind.ACCOUNT, value=name, blind=name.encode() * 8
        )
        EscalationLocator.objects.create(escalation=escalation, locator=account)
    reported = documents(escalation)[0].find("personOrUserReported")
    assert reported is not None
    assert reported.findtext("screenName") == "koi"
    assert "carp" in reported.findtext("additionalInfo", "")


# --- what stands in the way -----------------------------------------------------------------------------------------


def test_a_report_that_is_filled_in_can_go(tipline: Tipline) -> None:
    assert tips.problems(make.make_draft()) == []


def test_what_is_missing_is_said_before_approval(tipline: Tipline, settings: Any) -> None:
    settings.CYBERTIP_USER = ""
    settings.CYBERTIP_REPORTER = dict.fromkeys(settings.CYBERTIP_REPORTER, "")
    escalation = make.make_draft(items=0, content={}, urgency=Urgency.LIFE_THREAT)
    escalation.chosen_locators.all().delete()
    found = " ".join(tips.problems(escalation))
    for words in (
        "no account at NCMEC",
        "who reports to NCMEC",
        "names no file",
        "has to hurry",
        "when it happened",
    ):
        assert words in found


def test_an_open_case_is_not_for_ncmec(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    type(escalation.case).objects.filter(pk=escalation.case_id).update(
        restricted=False, minor_indicated=False
    )
    escalation.case.refresh_from_db()
    assert any("under 18" in sentence for sentence in tips.problems(escalation))


def test_a_look_between_preview_and_approval_changes_what_was_previewed(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    before = tipping.digest(escalation)
    assert tipping.digest(escalation) == before
    look(only_item(escalation))
    assert tipping.digest(escalation) != before


def test_the_preview_in_words_and_the_xml_say_the_same(tipline: Tipline) -> None:
    escalation = make.make_draft(items=1)
    told = dict(tips.content_for_preview(escalation))
    assert told["Web pages"] == ["https://pictures.example/p/1"]
    assert "not viewed by anybody here" in told["File: the original of item 1"]
    assert (
        documents(escalation)[0].findtext("internetDetails/webPageIncident/url")
        == "https://pictures.example/p/1"
    )


def test_what_would_be_cut_short_is_said_before_it_is_sent(tipline: Tipline) -> None:
    escalation = make.make_draft(items=0, content=make.CONTENT | {"more": "x" * 19_000})
    assert tipping.problems(escalation) == []
    Escalation.objects.filter(pk=escalation.pk).update(facts="y" * 1_000)
    escalation.refresh_from_db()
    assert ["is longer than 20000 characters" in said for said in tipping.problems(escalation)] == [True]
