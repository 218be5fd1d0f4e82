"""PDQ agrees with Meta's implementation on Meta's pictures, and with itself on turned ones."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detection import opening, pdq
from tests.corpus.pictures import picture

MEASURED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "pdq"
ODD = ("mode-", "shrink-a-lot", "square-128x128")

TURNS = {
    "rotated_90": Image.Transpose.ROTATE_90,
    "rotated_180": Image.Transpose.ROTATE_180,
    "rotated_270": Image.Transpose.ROTATE_270,
    "mirrored": Image.Transpose.FLIP_LEFT_RIGHT,
    "flipped": Image.Transpose.FLIP_TOP_BOTTOM,
    "transposed": Image.Transpose.TRANSPOSE,
    "transversed": Image.Transpose.TRANSVERSE,
}


def clouds(side: int = 640) -> Image.Image:
    """Smooth seeded noise: without the symmetries of a gradient, so that each way of turning it is
    another picture.
    """
    noise = np.random.default_rng(11).integers(0, 256, (16, 16, 3)).astype(np.uint8)
    return Image.fromarray(noise).resize((side, side), Image.Resampling.BICUBIC)


def expected() -> list[dict[str, str]]:
    table = MEASURED / "expected-pdq.csv"
    return list(csv.DictReader(table.open())) if table.exists() else []


@pytest.mark.skipif(
    not MEASURED.exists(), reason="SKIPPED LOUDLY: Meta's PDQ pictures are not beside this checkout"
)
def test_all_of_metas_pictures_are_compared() -> None:
    assert len(expected()) == 23


@pytest.mark.parametrize("row", expected(), ids=lambda row: row["file"])
def test_a_picture_hashes_as_metas_implementation_says(row: dict[str, str]) -> None:
    found = pdq.hash_image(opening.open_media((MEASURED / row["file"]).read_bytes()).frames[0])
    assert pdq.hamming(found.value, row["pdq_hex"]) <= (10 if row["file"].startswith(ODD) else 2)
    assert found.quality is not None
    assert abs(found.quality - int(row["quality"])) <= 5


@pytest.mark.parametrize("turn", TURNS)
def test_the_dihedral_hashes_are_those_of_the_turned_pictures(turn: str) -> None:
    image = clouds()
    found = pdq.dihedral_hashes(image)[pdq.DIHEDRAL.index(turn)]
    assert pdq.hamming(found.value, pdq.hash_image(image.transpose(TURNS[turn])).value) <= 31
    assert pdq.hamming(found.value, pdq.hash_image(image).value) > 60


def test_the_first_dihedral_hash_is_the_hash() -> None:
    assert pdq.dihedral_hashes(picture())[0] == pdq.hash_image(picture())


def test_averaging_a_large_picture_down_first_hardly_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    large = clouds(4200)
    averaged = pdq.hash_image(large)
    monkeypatch.setattr(pdq, "_ENOUGH", 100_000)
    assert pdq.hamming(averaged.value, pdq.hash_image(large).value) <= 10


def test_filter_and_sampling_equal_the_published_loops() -> None:
    """The same numbers as box filters run pixel by pixel, twice each way, then sampled at the cell
    centres.
    """
    luminance = np.asarray(picture(200, 131).convert("L"), dtype=np.float32)
    plain = luminance.astype(np.float64)
    for _ in range(2):
        plain = np.stack([_boxed(line) for line in plain])
        plain = np.stack([_boxed(line) for line in plain.T]).T
    rows, columns = ([int((n + 0.5) * size / 64) for n in range(64)] for size in luminance.shape)
    assert np.allclose(pdq._samples(luminance), plain[np.ix_(rows, columns)], atol=1e-3)


def _boxed(line: np.ndarray) -> np.ndarray:
    window = (len(line) + 127) // 128
    half = (window + 2) // 2
    return np.array([line[max(0, n + half - window) : n + half].mean() for n in range(len(line))])


@pytest.mark.parametrize("size", [(1, 1), (4, 4), (4, 4000), (1, 30_000)])
def test_a_picture_too_small_to_hash_gets_quality_0(size: tuple[int, int]) -> None:
    found = pdq.hash_image(Image.new("RGB", size, "teal"))
    assert (found.value, found.quality) == ("0" * 64, 0)


def test_a_blank_picture_gets_quality_0() -> None:
    assert pdq.hash_image(Image.new("RGB", (300, 200), "teal")).quality == 0


def test_hamming_counts_bits_and_refuses_other_lengths() -> None:
    assert pdq.hamming("00ff", "0ff0") == 8
    with pytest.raises(ValueError, match="lengths"):
        pdq.hamming("00", "000")
