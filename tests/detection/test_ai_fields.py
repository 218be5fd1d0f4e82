"""The AI properties of IPTC 2025.1: which system is shown, what was typed and by whom is kept apart."""

from __future__ import annotations

import json

import pytest

from detection.findings import Status, Strength
from tests.detection.test_metadata import NAME, said, with_xmp

FIELDS = {
    "AISystemUsed": "Painter",
    "AISystemVersionUsed": "3.1",
    "AIPromptInformation": NAME,
    "AIPromptWriterName": "Wanda Writer",
}


def with_fields(shape: str, **fields: str) -> bytes:
    prefix = "Iptc4xmpExt"
    if shape == "attributes":
        told = " ".join(f'{prefix}:{key}="{text}"' for key, text in fields.items())
        return with_xmp(f"<rdf:Description {told}/>")
    item = '<rdf:Alt><rdf:li xml:lang="x-default">{}</rdf:li></rdf:Alt>' if shape == "languages" else "{}"
    inner = "".join(f"<{prefix}:{key}>{item.format(text)}</{prefix}:{key}>" for key, text in fields.items())
    return with_xmp(f"<rdf:Description>{inner}</rdf:Description>", "PNG")


@pytest.mark.parametrize("shape", ["attributes", "elements", "languages"])
def test_the_ai_fields_name_a_system_and_keep_what_was_typed_apart(shape: str) -> None:
    signal = said(with_fields(shape, **FIELDS))["ai_fields"]
    assert (signal.status, signal.strength) == (Status.FOUND, Strength.STRONG)
    assert signal.data == {
        "ai": True, "system": "Painter", "version": "3.1", "has_prompt": True, "has_writer": True,
    }  # fmt: skip
    assert signal.sensitive == {"prompt": NAME, "writer": "Wanda Writer"}
    assert "filled in: Painter 3.1." in signal.sentence
    assert NAME not in json.dumps([signal.sentence, dict(signal.data)])


def test_another_spelling_of_the_fields_is_read_too() -> None:
    assert said(with_fields("elements", aiSystemUsed="Painter"))["ai_fields"].data["system"] == "Painter"


def test_a_prompt_in_the_field_of_the_system_is_not_shown() -> None:
    signal = said(with_fields("elements", AISystemUsed=f"{NAME} {'x' * 200}"))["ai_fields"]
    assert "system" not in signal.data
    assert NAME in signal.sensitive["system"]
    assert NAME not in signal.sentence


def test_the_name_of_a_writer_alone_is_a_weak_sign() -> None:
    assert said(with_fields("elements", AIPromptWriterName="W"))["ai_fields"].strength is Strength.WEAK


def test_empty_fields_are_no_sign() -> None:
    signal = said(with_fields("attributes", AISystemUsed="", AIPromptInformation=" "))["ai_fields"]
    assert (signal.status, signal.strength) == (Status.NOT_FOUND, None)
    assert "no sign" in signal.sentence
