"""The bag: what RFC 8493 asks for, and what the Library of Congress' own tool says of it."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import bagit
import pytest

from casework.escalations.package import assembling, bag
from casework.escalations.package.archive import of_bytes

from .making import APPROVED, GARDEN, SIGNER, make_facts, make_picture


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    """A package with a picture, as a folder."""
    package = assembling.prepared(make_facts(pictures=(make_picture(),), imagery=APPROVED), SIGNER)
    with tarfile.open(fileobj=io.BytesIO(b"".join(package.stream())), mode="r:") as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / package.root


def test_the_library_of_congress_tool_finds_the_bag_valid(unpacked: Path) -> None:
    found = bagit.Bag(str(unpacked))
    found.validate()
    assert found.version_info == (1, 0)
    assert set(found.algorithms) == {"sha256", "sha512"}
    assert found.info["External-Identifier"] == str(make_facts().package)


def test_the_tool_refuses_the_bag_once_a_picture_is_changed(unpacked: Path) -> None:
    (unpacked / "data/pictures/exhibit-1.png").write_bytes(GARDEN[:-1] + b"x")
    with pytest.raises(bagit.BagValidationError):
        bagit.Bag(str(unpacked)).validate()


def test_the_declaration_is_exactly_what_the_standard_says() -> None:
    assert bag.DECLARATION == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


def test_every_payload_file_is_in_every_manifest() -> None:
    files = [of_bytes("data/b", b"2"), of_bytes("data/a", b"1")]
    tags = bag.tag_files([(one, bag.digested(one)) for one in files], {"Contact-Name": "x\ny", "Empty": ""})
    written = {tag.name: b"".join(tag.read()).decode() for tag in tags}
    for algorithm in ("sha256", "sha512"):
        lines = written[f"manifest-{algorithm}.txt"].splitlines()
        assert [line.partition("  ")[2] for line in lines] == ["data/a", "data/b"]
        tagged = [line.partition("  ")[2] for line in written[f"tagmanifest-{algorithm}.txt"].splitlines()]
        assert tagged == ["bag-info.txt", "bagit.txt", "manifest-sha256.txt", "manifest-sha512.txt"]
    assert written["bag-info.txt"] == "Contact-Name: x y\nPayload-Oxum: 2.2\n"


def test_names_are_encoded_as_the_standard_says() -> None:
    assert bag.encoded("data/50%\r\n") == "data/50%25%0D%0A"


def test_a_payload_outside_data_is_refused() -> None:
    stray = of_bytes("a", b"")
    with pytest.raises(ValueError, match="data/"):
        bag.tag_files([(stray, bag.digested(stray))], {})
