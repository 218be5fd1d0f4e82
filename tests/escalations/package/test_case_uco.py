"""The CASE/UCO bundle: valid for the community's own tool, and the same bytes for the same facts."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from casework.escalations.package.case_uco import bundle

from .making import APPROVED, make_facts, make_item, make_picture


def validated(data: bytes, folder: Path) -> subprocess.CompletedProcess[str]:
    path = folder / "case.jsonld"
    path.write_bytes(data)
    tool = str(Path(sys.executable).parent / "case_validate")
    command = [tool, "--built-version", "case-1.4.0", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def nodes(data: bytes) -> dict[str, dict[str, Any]]:
    return {node["@id"]: node for node in json.loads(data)["uco-core:object"]}


def test_case_validate_finds_the_bundle_conformant(tmp_path: Path) -> None:
    data = bundle(make_facts(pictures=(make_picture(),), imagery=APPROVED))
    ran = validated(data, tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Conforms: True" in ran.stdout


def test_case_validate_would_not_accept_anything(tmp_path: Path) -> None:
    """Without the hash's value, which the ontology demands, the same bundle is refused."""
    data = bundle(make_facts()).replace(b'"uco-types:hashValue"', b'"uco-core:description"')
    assert validated(data, tmp_path).returncode != 0


def test_each_exhibit_has_its_number_hashes_and_addresses() -> None:
    facts = make_facts()
    found = nodes(bundle(facts))
    item = facts.items[0]
    record = found[f"kb:provenance-{item.id}"]
    assert record["case-investigation:exhibitNumber"] == "CW-1042-1"
    content = found[f"kb:file-{item.id}"]["uco-core:hasFacet"][1]
    hashes = {
        one["uco-types:hashMethod"]: one["uco-types:hashValue"]["@value"]
        for one in content["uco-observable:hash"]
    }
    assert hashes == {method: value.upper() for method, value in item.digests if method != "PDQ"}
    assert found[f"kb:file-{item.id}"]["uco-core:tag"] == ["PDQ " + "f8" * 32]
    kinds = [node.get("uco-core:kindOfRelationship") for node in found.values()]
    assert kinds.count("Reported_At") == 1


def test_who_looked_and_who_decided_are_actions_of_pseudonyms() -> None:
    facts = make_facts()
    found = nodes(bundle(facts))
    for done in (*facts.custody, *facts.decisions):
        action = found[f"kb:action-{done.id}"]
        performer = found[action["uco-action:performer"]["@id"]]
        assert performer["uco-core:name"] == done.actor.role
        assert str(done.actor.id) in performer["uco-core:description"]


def test_a_case_with_nothing_but_a_basis_is_conformant(tmp_path: Path) -> None:
    bare = make_facts(items=(), locators=(), custody=(), decisions=(), scores=(), statements=())
    ran = validated(bundle(bare), tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_hash_without_a_picture_is_a_file_and_no_raster_picture() -> None:
    item = make_item(width=None, height=None, size=None)
    found = nodes(bundle(make_facts(items=(item,))))
    assert found[f"kb:file-{item.id}"]["@type"] == ["uco-observable:File"]


def test_an_address_that_is_none_is_kept_as_it_was_typed() -> None:
    facts = make_facts()
    odd = dataclasses.replace(facts.locators[0], url="http://[garden")
    found = nodes(bundle(dataclasses.replace(facts, locators=(odd,))))
    facet = found[f"kb:url-{odd.id}"]["uco-core:hasFacet"][0]
    assert facet["uco-observable:fullValue"] == "http://[garden"


def test_the_same_facts_give_the_same_bytes() -> None:
    assert bundle(make_facts()) == bundle(make_facts())
