"""Notices to hosts are what XARF's own schemas accept, and hold nothing that a host should not have."""

from __future__ import annotations

import json
import uuid
from dataclasses import fields, replace
from datetime import UTC, datetime
from importlib import resources
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

from casework.escalations.xarf import (
    AbuseMaterial,
    BadNotice,
    Found,
    Notice,
    Origin,
    Party,
    Place,
    Verified,
    abuse_notice,
    adult_notice,
    as_bytes,
)  # fmt: skip

SEEN = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
US = Party("Desk of a platform", "desk@platform.example", "platform.example")
PLACE = Place("https://host.example/p/1?x=y", "192.0.2.7", SEEN, Verified.BY_A_PERSON, True, "Host", "fr")
NOTICE = Notice(uuid.UUID("550e8400-e29b-41d4-a716-446655440000"), SEEN, US, US, PLACE, Origin.SYNTHETIC)
MATERIAL = AbuseMaterial("B2", Found.HASH, (("sha256", "a" * 64), ("md5", "b" * 32)), 4000001)


@pytest.fixture(scope="module")
def official() -> Draft202012Validator:
    """The schemas as the makers of XARF publish them in their package, put together without the package's code."""
    directory = resources.files("xarf") / "schemas"
    documents = [json.loads(path.read_text()) for path in [*directory.iterdir(), *(directory / "types").iterdir()]
                 if path.name.endswith(".json")]  # fmt: skip
    registry: Registry[Any] = Registry().with_resources(
        (document["$id"], Resource.from_contents(document)) for document in documents
    )
    master = next(document for document in documents if document["$id"].endswith("xarf-v4-master.json"))
    return Draft202012Validator(master, registry=registry, format_checker=FormatChecker())


def test_a_notice_about_an_adult_is_accepted(official: Draft202012Validator) -> None:
    said = adult_notice(NOTICE)
    official.validate(said)
    assert (said["type"], said["data_types"], said["exposure_method"], said["tags"]) == (
        "exposed_data", ["personal_information"], "intentional_leak", ["ncii:synthetic"],
    )  # fmt: skip
    assert "XARF 4 has no type for this" in said["description"]


def test_a_notice_about_a_child_is_accepted(official: Draft202012Validator) -> None:
    said = abuse_notice(NOTICE, MATERIAL, basis="18 USC 2258A")
    official.validate(said)
    assert said["hash_values"] == {"sha256": "a" * 64, "md5": "b" * 32}
    assert said["ncmec_report_id"] == "4000001"
    assert "2258A" not in json.dumps(said)


def test_the_official_schemas_do_refuse(official: Draft202012Validator) -> None:
    said = adult_notice(NOTICE)
    for wrong in ({"type": "ncii"}, {"exposure_method": "revenge"}, {"tags": ["NCII"]}, {"report_id": "7"}):
        assert not official.is_valid(said | wrong)
    assert not official.is_valid({name: value for name, value in said.items() if name != "sender"})


def test_without_a_legal_basis_no_word_about_child_abuse_leaves() -> None:
    with pytest.raises(BadNotice) as refused:
        abuse_notice(NOTICE, MATERIAL, basis=" ")
    assert refused.value.field == "basis"


@pytest.mark.parametrize("said", [adult_notice(NOTICE), abuse_notice(NOTICE, MATERIAL, basis="law")])
def test_no_picture_can_leave_this_way(said: dict[str, Any]) -> None:
    assert "evidence" not in said
    assert "sample_records" not in said
    assert "_internal" not in said
    assert not any(
        field.type in ("bytes", bytes) for kind in (Notice, Place, AbuseMaterial) for field in fields(kind)
    )


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://host.example/ä?q=ü#part", "https://host.example/%C3%A4?q=%C3%BC"),
        ("https://bücher.example/a%20b", "https://xn--bcher-kva.example/a%20b"),
        ("http://[2001:db8::1]:8080/x", "http://[2001:db8::1]:8080/x"),
    ],
)
def test_addresses_are_sent_in_plain_characters(url: str, sent: str, official: Draft202012Validator) -> None:
    said = adult_notice(replace(NOTICE, place=replace(PLACE, url=url)))
    official.validate(said)
    assert said["url"] == sent


@pytest.mark.parametrize(
    "change",
    [
        {"place": replace(PLACE, url="ftp://host.example/x")},
        {"place": replace(PLACE, url="https://mona:secret@host.example/")},
        {"place": replace(PLACE, url="https://[1/")},
        {"place": replace(PLACE, source="not a host")},
        {"at": datetime(2026, 1, 1)},  # noqa: DTZ001
        {"sender": replace(US, contact="nobody")},
    ],
)
def test_facts_that_no_host_could_use_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadNotice):
        adult_notice(replace(NOTICE, **change))


@settings(max_examples=40, deadline=None)
@given(more=st.text(max_size=2000), origin=st.sampled_from(Origin), name=st.text(min_size=1, max_size=300))
def test_whatever_a_person_writes_the_schema_accepts_it(
    official: Draft202012Validator, more: str, origin: Origin, name: str
) -> None:
    notice = replace(NOTICE, more=more, origin=origin, reporter=replace(US, name=f"Desk {name}"))
    said = adult_notice(notice)
    official.validate(said)
    assert len(said["description"]) <= 1000
    assert len(said["reporter"]["org"]) <= 200
    assert said["tags"] == [f"ncii:{origin.value}"]


def test_the_same_notice_is_the_same_bytes() -> None:
    assert as_bytes(adult_notice(NOTICE)) == as_bytes(adult_notice(replace(NOTICE)))
    assert json.loads(as_bytes(adult_notice(NOTICE))) == adult_notice(NOTICE)
