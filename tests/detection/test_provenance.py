"""Content Credentials: presence, integrity and trust are three answers, and nothing is ever fetched."""

from __future__ import annotations

import io
import json
import socketserver
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import c2pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detection import provenance, sandbox, wire
from detection.findings import Signal, Status, Strength
from detection.video.drawing import pattern_film
from tests.detection.studio import TRAINED, Studio, picture, trusting

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "c2pa"
FILES = {path.stem.removeprefix("adobe-20220124-"): path for path in sorted(SHARED.glob("*.jpg"))}
BROKEN = [name for name in FILES if name.startswith(("E-", "X"))]
EMPTY = [name for name in FILES if name in ("A", "I")]
WHOLE = [name for name in FILES if name not in BROKEN + EMPTY]
needs_shared = pytest.mark.skipif(not FILES, reason="NO SHARED PICTURES: ../shared/data/c2pa is not here")


def check(name: str) -> Signal:
    return provenance.check(FILES[name].read_bytes(), "image/jpeg")


# --- Adobe's test files --------------------------------------------------------------------------------


@needs_shared
def test_the_shared_set_holds_each_kind() -> None:
    assert (len(BROKEN), len(WHOLE)) == (5, 9)
    assert EMPTY == ["A"]


@needs_shared
@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_file_is_valid_and_its_signer_unknown(name: str) -> None:
    signal = check(name)
    assert (signal.status, signal.data["integrity"], signal.data["trust"]) == ("found", "valid", "untrusted")
    assert "unchanged since they were signed" in signal.sentence
    assert "no trust list is installed" in signal.sentence
    assert signal.data["failures"] == ["signingCredential.untrusted"]


@needs_shared
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_invalid_and_proves_little(name: str) -> None:
    signal = check(name)
    assert (signal.status, signal.data["integrity"], signal.strength) == ("found", "invalid", Strength.WEAK)
    assert "do not fit this file" in signal.sentence
    assert set(signal.data["failures"]) - {"signingCredential.untrusted"}


@needs_shared
@pytest.mark.parametrize("name", EMPTY)
def test_a_file_without_credentials_says_that_this_is_usual(name: str) -> None:
    signal = check(name)
    assert (signal.status, signal.data["present"]) == ("not_found", False)
    assert "says nothing" in signal.sentence


@needs_shared
def test_signer_time_generator_and_actions_are_kept() -> None:
    data = check("CA").data
    assert (data["signer"], data["signed_at"]) == ("C2PA Test Signing Cert", "2023-01-24T14:48:56+00:00")
    assert data["generator"].startswith("make_test_images")
    assert data["actions"] == ["c2pa.opened", "c2pa.color_adjustments"]


# --- our own signatures --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def studio() -> Studio:
    return Studio()


def test_an_ai_source_by_an_unknown_signer_is_strong(studio: Studio) -> None:
    signal = provenance.check(studio.signed(picture(), TRAINED), "image/jpeg")
    assert (signal.data["ai"], signal.data["source_types"]) == (True, ["trainedAlgorithmicMedia"])
    assert (signal.data["integrity"], signal.data["trust"]) == ("valid", "untrusted")
    assert signal.strength is Strength.STRONG
    assert "a picture made by generative AI" in signal.sentence


def test_an_ai_source_by_a_trusted_signer_is_definitive(studio: Studio) -> None:
    data = studio.signed(picture(), TRAINED)
    signal = provenance.check(data, "image/jpeg", trusting(studio))
    assert (signal.data["integrity"], signal.data["trust"]) == ("valid", "trusted")
    assert signal.strength is Strength.DEFINITIVE
    assert "“Test Studio”, is on the trust list “Test Studio” of 2026-09-24." in signal.sentence
    assert signal.data["trust_list"] == {"name": "Test Studio", "dated": "2026-09-24"}


def test_another_trust_list_does_not_trust_the_signer(studio: Studio) -> None:
    signal = provenance.check(studio.signed(picture(), TRAINED), "image/jpeg", trusting(Studio()))
    assert (signal.data["integrity"], signal.data["trust"]) == ("valid", "untrusted")
    assert "is not on the trust list (“Test Studio” of 2026-09-24)" in signal.sentence
    assert signal.data["trust_reason"] == "not_listed"


def test_a_trusted_file_with_changed_pixels_is_invalid_and_weak(studio: Studio) -> None:
    data = bytearray(studio.signed(picture(), TRAINED))
    data[-40] ^= 0x55
    signal = provenance.check(bytes(data), "image/jpeg", trusting(studio))
    assert (signal.data["integrity"], signal.strength) == ("invalid", Strength.WEAK)
    assert "assertion.dataHash.mismatch" in signal.data["failures"]


@pytest.mark.parametrize(
    ("source", "ai"),
    [
        (TRAINED.replace("http:", "https:"), True),
        (TRAINED.replace("trained", "compositeWithTrained"), True),
        (TRAINED.replace("trainedAlgorithmicMedia", "compositeSynthetic"), True),
        (TRAINED.replace("trainedAlgorithmicMedia", "digitalCapture"), False),
        (TRAINED.replace("trainedAlgorithmicMedia", "algorithmicMedia"), False),
    ],
)
def test_ai_made_means_the_three_terms_in_http_and_https(studio: Studio, source: str, ai: bool) -> None:
    signal = provenance.check(studio.signed(picture(), source), "image/jpeg")
    assert (signal.data["ai"], signal.data["source_types"]) == (ai, [source.rpartition("/")[2]])


@pytest.mark.parametrize(
    ("format", "mime"), [("PNG", "image/png"), ("WEBP", "image/webp"), ("TIFF", "image/tiff")]
)
def test_credentials_of_other_formats_are_read(studio: Studio, format: str, mime: str) -> None:
    signal = provenance.check(studio.signed(picture(format), TRAINED, mime=mime), mime)
    assert (signal.data["integrity"], signal.data["ai"]) == ("valid", True)


def test_credentials_of_a_film_are_read(studio: Studio) -> None:
    data = bytearray(studio.signed(pattern_film(), mime="video/mp4"))
    signal = provenance.check(bytes(data), "video/mp4", trusting(studio))
    assert (signal.data["integrity"], signal.data["trust"], signal.data["ai"]) == ("valid", "trusted", True)
    data[data.rindex(b"mdat") + 200] ^= 0x55
    assert provenance.check(bytes(data), "video/mp4").data["integrity"] == "invalid"


# --- nothing is fetched --------------------------------------------------------------------------------


class _Knock(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.server.knocks.append(self.client_address)  # type: ignore[attr-defined]


@contextmanager
def canary() -> Iterator[tuple[str, list[Any]]]:
    """A port on this machine that hangs up on everybody: its address, and who came."""
    with socketserver.TCPServer(("127.0.0.1", 0), _Knock) as server:
        knocks: list[Any] = []
        server.knocks = knocks  # type: ignore[attr-defined]
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/manifest.c2pa", knocks
        server.shutdown()


def test_a_remote_manifest_is_named_and_not_fetched(studio: Studio) -> None:
    with canary() as (address, knocks):
        data = studio.signed(picture(), TRAINED, remote=address)
        signal = provenance.check(data, "image/jpeg")
    assert knocks == []
    assert (signal.status, signal.data["remote"]) == (Status.NOT_CHECKED, True)
    assert "not fetched" in signal.sentence


def test_the_canary_hears_a_reader_that_may_fetch(studio: Studio) -> None:
    with canary() as (address, knocks):
        data = studio.signed(picture(), TRAINED, remote=address)
        with pytest.raises(c2pa.C2paError):
            _read_and_fetch(data)
    assert knocks


def _read_and_fetch(data: bytes) -> None:
    context = c2pa.Context.from_dict({"version": 1, "verify": {"remote_manifest_fetch": True}})
    c2pa.Reader("image/jpeg", io.BytesIO(data), context=context)


# --- damage --------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_property_damaged_credentials_are_answered_and_never_raise(
    studio: Studio, data: st.DataObject
) -> None:
    content = bytearray(SIGNED.setdefault("one", studio.signed(picture(), TRAINED)))
    start = content.find(b"jumb")
    for _ in range(data.draw(st.integers(1, 20))):
        content[data.draw(st.integers(start, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(start + 8, len(content)))
    signal = provenance.check(bytes(content[:cut]), "image/jpeg")
    assert signal.data.get("trust") != "trusted"
    wire.signal_from_wire(json.loads(json.dumps(wire.signal_to_wire(signal))))


SIGNED: dict[str, bytes] = {}


def test_a_manifest_of_twenty_megabytes_of_noise_is_answered_within_the_limits() -> None:
    described = b"jumd" + bytes.fromhex("6332706100110010800000aa00389b71") + b"\3c2pa\0"
    content = (len(described) + 4).to_bytes(4, "big") + described + bytes(range(256)) * (20 << 12)
    box = (len(content) + 8).to_bytes(4, "big") + b"jumb" + content
    parts = []
    for number, at in enumerate(range(0, len(box), 65000)):
        again = box[:8] if number else b""
        body = b"JP\0\1" + (number + 1).to_bytes(4, "big") + again + box[at : at + 65000]
        parts.append(b"\xff\xeb" + (len(body) + 2).to_bytes(2, "big") + body)
    plain = picture()
    data = plain[:2] + b"".join(parts) + plain[2:]
    outcome = sandbox.run(partial(_work, data))
    assert isinstance(outcome, sandbox.Answer)
    signal = wire.signal_from_wire(outcome.document)
    assert (signal.status, signal.data["integrity"]) == ("found", "invalid")


def with_segment(box: bytes) -> bytes:
    """A JPEG with one APP11 segment that holds these bytes of a box."""
    body = b"JP\0\1\0\0\0\1" + box
    plain = picture()
    return plain[:2] + b"\xff\xeb" + (len(body) + 2).to_bytes(2, "big") + body + plain[2:]


@pytest.mark.parametrize("box", [b"\xff\xff\xff\xffjumb", b"\0\0\0\x10jumbnonsense"])
def test_what_is_left_of_a_manifest_is_invalid_and_not_absent(box: bytes) -> None:
    signal = provenance.check(with_segment(box), "image/jpeg")
    assert (signal.status, signal.data["integrity"]) == ("found", "invalid")
    assert "damaged" in signal.sentence


def test_a_wrecked_manifest_in_a_png_is_invalid() -> None:
    plain, body = picture("PNG"), b"jumb, once"
    chunk = len(body).to_bytes(4, "big") + b"caBX" + body + zlib.crc32(b"caBX" + body).to_bytes(4, "big")
    signal = provenance.check(plain[:33] + chunk + plain[33:], "image/png")
    assert (signal.status, signal.data["integrity"]) == ("found", "invalid")


def test_a_box_of_another_kind_is_no_wreck() -> None:
    described = b"\0\0\0\x20jumd" + bytes.fromhex("785f00110010800000aa00389b71aabb") + b"\3360\0"
    box = (8 + len(described)).to_bytes(4, "big") + b"jumb" + described
    assert provenance.check(with_segment(box), "image/jpeg").status is Status.NOT_FOUND


def _work(data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    return wire.signal_to_wire(provenance.check(data, "image/jpeg")), []


@pytest.mark.parametrize("error", provenance.UNREADABLE)
def test_a_report_of_another_shape_is_damage_and_never_raises(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    data = studio.signed(picture())
    monkeypatch.setattr(provenance, "signal_of", refuse)
    signal = provenance.check(data, "image/jpeg")
    assert (signal.status, signal.data["integrity"]) == ("found", "invalid")


def test_no_more_parts_are_searched_for_a_wreck_than_allowed() -> None:
    wreck = with_segment(b"\xff\xff\xff\xffjumb")
    assert provenance.holds_wreck(wreck)
    assert not provenance.holds_wreck(wreck[:2] + b"\xff\xe5\0\2" * provenance.MOST_PARTS + wreck[2:])


def test_a_report_larger_than_any_honest_one_is_not_read_and_says_so(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provenance, "LARGEST_REPORT", 100)
    signal = provenance.check(studio.signed(picture()), "image/jpeg")
    assert (signal.status, signal.data["integrity"]) == (Status.NOT_CHECKED, "not_checked")


def test_a_file_that_can_hold_no_credentials_is_never_given_to_their_reader(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(c2pa, "Reader", refuse)
    assert provenance.check(picture(), "image/jpeg").status is Status.NOT_FOUND


def test_a_kind_of_file_without_credentials_is_not_applicable() -> None:
    assert provenance.check(b"jumb", "image/bmp").status is Status.NOT_APPLICABLE
