"""Trust lists are read once from files, named and dated, and a broken one is refused before any picture is blamed."""

from __future__ import annotations

import datetime
import os
import time
from pathlib import Path

import pytest
from cryptography import x509

from detection import provenance, trust
from detection.findings import Strength
from detection.trust import BadTrustList, Trust, from_wish, read_trust
from tests.detection.studio import TRAINED, Studio, picture, trusting


@pytest.fixture(scope="module")
def studio() -> Studio:
    return Studio()


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_a_list_is_named_after_its_file_and_dated_by_its_own_word(studio: Studio, tmp_path: Path) -> None:
    path = written(tmp_path / "c2pa-list.pem", f"# C2PA trust list\n# dated 2026-09-24\n{studio.root}")
    [found] = read_trust([path]).lists
    assert (found.name, found.dated, found.anchors) == ("c2pa-list", "2026-09-24", studio.root)
    assert found.in_words == "“c2pa-list” of 2026-09-24"


def test_a_list_without_a_date_is_dated_by_its_file_and_says_so(studio: Studio, tmp_path: Path) -> None:
    path = written(tmp_path / "ours.pem", studio.root)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    [found] = read_trust([path]).lists
    assert found.in_words == "“ours” installed on 2023-11-14"


def test_no_file_means_nobody_is_trusted() -> None:
    assert read_trust([]) == trust.NOBODY


def test_lists_travel_as_json(studio: Studio) -> None:
    assert from_wish(trusting(studio).as_wish()) == trusting(studio)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("garbage", "holds no certificates in PEM"),
        ("", "holds no certificates in PEM"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "holds no certificates in PEM"),
        ("# dated 2026-99-99\n", "is dated 2026-99-99, which is no day"),
        ("#" * (trust.LARGEST_LIST + 1), "is larger than 4 MiB"),
    ],
)
def test_a_broken_list_is_refused_in_words(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(BadTrustList, match=words):
        read_trust([written(tmp_path / "list.pem", text)])


def test_a_list_that_is_not_there_or_has_no_plain_name_is_refused(studio: Studio, tmp_path: Path) -> None:
    with pytest.raises(BadTrustList, match="cannot be read"):
        read_trust([tmp_path / "none.pem"])
    with pytest.raises(BadTrustList, match="needs a file name of"):
        read_trust([written(tmp_path / "a]b.pem", studio.root)])


def test_two_lists_of_one_name_and_too_many_lists_are_refused(studio: Studio, tmp_path: Path) -> None:
    path = written(tmp_path / "list.pem", studio.root)
    with pytest.raises(BadTrustList, match="Two trust lists are called “list”"):
        read_trust([path, path])
    with pytest.raises(BadTrustList, match="More than 16"):
        read_trust([path] * 17)


# --- what a list changes ---------------------------------------------------------------------------------


def test_the_list_on_which_a_signer_is_gets_named_among_several(studio: Studio) -> None:
    lists = trusting(Studio("Somebody Else"), studio)
    signal = provenance.check(studio.signed(picture()), "image/jpeg", lists)
    assert signal.data["trust_list"] == {"name": "Test Studio", "dated": "2026-09-24"}
    assert "is on the trust list “Test Studio” of 2026-09-24." in signal.sentence


@pytest.mark.parametrize("use", provenance.PURPOSES)
def test_a_certificate_for_each_accepted_purpose_is_valid_and_can_be_trusted(use: str) -> None:
    studio = Studio(use=x509.ObjectIdentifier(use))
    data = studio.signed(picture())
    unknown = provenance.check(data, "image/jpeg")
    assert (unknown.data["integrity"], unknown.data["trust_reason"]) == ("valid", "no_list")
    known = provenance.check(data, "image/jpeg", trusting(studio))
    assert (known.data["trust"], known.strength) == ("trusted", Strength.DEFINITIVE)


@pytest.fixture(scope="module")
def expired() -> tuple[Studio, bytes]:
    """A picture signed with a certificate that has since ended, and by whom."""
    until = datetime.timedelta(seconds=3)
    studio = Studio("Gone Studio", until=until)
    ends = time.monotonic() + until.total_seconds() + 1
    data = studio.signed(picture())
    time.sleep(max(0.0, ends - time.monotonic()))
    return studio, data


@pytest.mark.parametrize("listed", [True, False])
def test_an_expired_certificate_is_a_fact_about_the_signer_and_not_about_the_bytes(
    expired: tuple[Studio, bytes], listed: bool
) -> None:
    studio, data = expired
    signal = provenance.check(data, "image/jpeg", trusting(studio) if listed else trust.NOBODY)
    assert (signal.data["integrity"], signal.data["trust"]) == ("valid", "untrusted")
    assert signal.data["trust_reason"] == "expired"
    assert "“Gone Studio”, is not verified: its certificate has expired" in signal.sentence
    assert (signal.data["ai_trust"], signal.strength) == ("untrusted", Strength.STRONG)


def test_an_expired_certificate_does_not_cover_changed_pixels(expired: tuple[Studio, bytes]) -> None:
    data = bytearray(expired[1])
    data[-40] ^= 0x55
    signal = provenance.check(bytes(data), "image/jpeg", trusting(expired[0]))
    assert (signal.data["integrity"], signal.strength) == ("invalid", Strength.WEAK)


def test_a_trust_list_of_somebody_elses_damage_never_blames_the_picture(studio: Studio) -> None:
    broken = Trust((trust.TrustList("broken", "2026-01-01", False, "garbage"),))
    signal = provenance.check(studio.signed(picture(), TRAINED), "image/jpeg", broken)
    assert (signal.data["integrity"], signal.data["trust_reason"]) == ("valid", "not_listed")
