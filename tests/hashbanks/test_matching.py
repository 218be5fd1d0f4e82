"""What the banks say of a file: exact digests, PDQ by each bank's own thresholds, turns, films, second opinions."""

from __future__ import annotations

import random
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import transaction

from casework.hashbanks import indexing, matching
from casework.hashbanks.actions import change_bank, drop_entries, keep_entries, withdraw_entry
from casework.hashbanks.matches import Hashed
from casework.hashbanks.models import Entry
from casework.hashbanks.values import NewEntry
from detection.pdq import DIHEDRAL
from tests.cast import person
from tests.hashbanks.making import ask, flipped, keep, make_bank, pdq

pytestmark = pytest.mark.django_db


def test_without_a_bank_nothing_is_asked_and_no_index_is_made(index: Path) -> None:
    answer = matching.match(ask(pdq(1)))
    assert (answer.banks, answer.ran, answer.found) == (0, True, ())
    assert not index.exists()


def test_the_very_file_is_found_by_either_digest() -> None:
    bank = make_bank()
    sha256, md5, film = (
        keep(bank, b"\2" * 32, "sha256"),
        keep(bank, b"\3" * 16, "md5"),
        keep(bank, b"\3" * 16, "video_md5"),
    )
    answer = matching.match(ask(sha256=b"\2" * 32, md5=b"\3" * 16))
    assert [(one.entry, one.algorithm, one.distance) for one in answer.found] == [
        (sha256.pk, "sha256", None), (md5.pk, "md5", None), (film.pk, "video_md5", None),
    ]  # fmt: skip


@pytest.mark.parametrize("distance", [0, 1, 30, 31])
def test_a_near_copy_up_to_31_bits_is_found_with_its_numbers(distance: int) -> None:
    entry = keep(make_bank(), flipped(pdq(1), distance), quality=77, version="theirs 2")
    [found] = matching.match(ask(pdq(1), quality=66)).found
    assert (found.entry, found.distance, found.threshold) == (entry.pk, distance, 31)
    assert (found.quality, found.entry_quality) == (66, 77)
    assert (found.version, found.entry_version) == ("pdq 1", "theirs 2")


def test_32_bits_away_is_another_picture() -> None:
    keep(make_bank(), flipped(pdq(1), 32))
    assert matching.match(ask(pdq(1))).found == ()


def test_each_bank_has_a_threshold_of_its_own() -> None:
    value = flipped(pdq(1), 12)
    keep(make_bank("strict", pdq_radius=11), value)
    loose = keep(make_bank("loose", pdq_radius=12), value)
    assert [one.entry for one in matching.match(ask(pdq(1))).found] == [loose.pk]


@pytest.mark.parametrize(("mine", "theirs", "hits"), [(59, None, 0), (60, None, 1), (60, 59, 0), (60, 60, 1)])
def test_each_bank_asks_for_a_quality_of_both_sides(mine: int, theirs: int | None, hits: int) -> None:
    keep(make_bank(pdq_quality=60), pdq(1), quality=theirs)
    assert len(matching.match(ask(pdq(1), quality=mine)).found) == hits


def test_a_list_that_names_one_hash_over_and_over_hides_no_match_with_another_bank() -> None:
    """The frames of any number of films may have one value: the nearest leads must not all be theirs."""
    strict, flood = make_bank("strict", on_match="restrict"), make_bank("flood", on_match="note")
    kept = keep(strict, flipped(pdq(1), 4))
    with transaction.atomic():
        keep_entries(flood, [NewEntry("pdq", pdq(1), clip=uuid4(), frame_at=0.0) for _ in range(600)])
    answer = matching.match(ask(pdq(1)))
    assert kept.pk in {one.entry for one in answer.found}
    late = keep(flood, flipped(pdq(1), 5))
    within = matching.Range(flood.pk, late.changed_seq - 1, late.changed_seq)
    assert [one.entry for one in matching.match(ask(pdq(1)), within=within).found] == [late.pk]


def test_where_more_lie_near_than_can_be_checked_silence_is_no_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bank = make_bank()
    for bits in range(1, 6):
        keep(bank, flipped(pdq(1), bits))
    monkeypatch.setattr(matching, "MOST_LEADS", 1)
    monkeypatch.setattr(matching, "MOST_CHECKED", 3)
    answer = matching.match(ask(pdq(1)))
    assert len(answer.found) == 1
    assert "3 nearest" in answer.not_near


def test_a_flat_picture_is_not_looked_for_and_the_answer_says_so() -> None:
    keep(make_bank(), pdq(1))
    answer = matching.match(ask(pdq(1), quality=49))
    assert answer.found == ()
    assert answer.ran
    assert "too little detail" in answer.not_near


def test_a_file_without_a_hash_is_asked_about_by_its_digests() -> None:
    entry = keep(make_bank(), b"\1" * 32, "sha256")
    answer = matching.match(ask())
    assert [one.entry for one in answer.found] == [entry.pk]
    assert "no perceptual hash" in answer.not_near


def test_turned_copies_are_found_where_a_bank_asks_for_turns_only() -> None:
    turns = tuple(pdq(seed) for seed in range(8))
    keep(make_bank("upright"), turns[3])
    entry = keep(make_bank("turning", pdq_turns=True), turns[3])
    [found] = matching.match(ask(turns[0], turns=turns)).found
    assert (found.entry, found.turned) == (entry.pk, DIHEDRAL[3])


def test_what_is_withdrawn_is_not_found_any_more() -> None:
    entry = keep(make_bank(), pdq(1))
    assert matching.match(ask(pdq(1))).found
    withdraw_entry(entry, actor=person("lena"), reason="an error")
    assert matching.match(ask(pdq(1))).found == ()


def test_a_bank_that_is_switched_off_is_not_asked() -> None:
    bank = make_bank()
    keep(bank, pdq(1))
    change_bank(bank, actor=person("lena"), active=False)
    assert matching.match(ask(pdq(1))).banks == 0


@pytest.mark.parametrize(("bits", "agrees"), [(4, True), (5, False)])
def test_phash_is_a_second_opinion_and_never_a_match_alone(bits: int, agrees: bool) -> None:
    bank = make_bank(phash_radius=4)
    mine = b"\xaa" * 8
    keep(bank, flipped(mine, bits), "phash", origin_ref="a picture")
    hashed = Hashed(mine, None, "phash 1")
    assert matching.match(ask(pdq(1), phash=hashed)).found == ()
    keep(bank, pdq(1), origin_ref="a picture")
    [found] = matching.match(ask(pdq(1), phash=hashed)).found
    assert found.opinion is not None
    assert (found.opinion.distance, found.opinion.agrees) == (bits, agrees)


def film(*seeds: int, quality: int = 100) -> tuple[tuple[int, Hashed], ...]:
    return tuple((at, Hashed(pdq(seed), quality, "pdq 1")) for at, seed in enumerate(seeds))


def keep_film(bank: object, *seeds: int) -> None:
    clip = uuid4()
    for at, seed in enumerate(seeds):
        keep(bank, pdq(seed), clip=clip, frame_at=float(at), quality=100)  # type: ignore[arg-type]


def test_an_excerpt_of_a_known_film_is_found_by_its_own_share() -> None:
    keep_film(make_bank(), *range(10))
    [found] = matching.match(ask(frames=film(3, 4))).found
    assert (found.algorithm, found.query_share, found.clip_share) == ("video_pdq", 1.0, 0.2)


def test_a_film_that_contains_a_known_one_is_found_by_the_other_share() -> None:
    keep_film(make_bank(), 1, 2)
    [found] = matching.match(ask(frames=film(*range(1, 11)))).found
    assert (found.query_share, found.clip_share, found.frame) == (0.2, 1.0, 0)


def test_films_that_share_too_little_either_way_do_not_match() -> None:
    keep_film(make_bank(), *range(10))
    assert matching.match(ask(frames=film(7, 8, 9, 20, 21, 22))).found == ()


def test_flat_frames_do_not_thin_out_a_film() -> None:
    keep_film(make_bank(), 1, 2)
    frames = (*film(1, 2), *((at + 2, hashed) for at, hashed in film(30, 31, 32, quality=3)))
    [found] = matching.match(ask(frames=frames)).found
    assert found.query_share == 1.0


def test_a_still_is_found_in_a_film_and_says_in_which_frame() -> None:
    entry = keep(make_bank(), flipped(pdq(5), 3))
    [found] = matching.match(ask(frames=film(1, 5, 9))).found
    assert (found.entry, found.frame, found.distance) == (entry.pk, 1, 3)


def test_a_picture_out_of_a_known_film_is_found() -> None:
    keep_film(make_bank(), 1, 2, 3)
    [found] = matching.match(ask(pdq(2))).found
    assert Entry.objects.get(pk=found.entry).frame_at == 1.0


def test_a_run_over_old_items_asks_for_its_own_entries_only() -> None:
    bank, other = make_bank(), make_bank("another")
    old = keep(bank, pdq(1))
    new = keep(bank, flipped(pdq(1), 1))
    keep(other, flipped(pdq(1), 2))
    old.refresh_from_db()
    new.refresh_from_db()
    within = matching.Range(bank.pk, old.changed_seq, new.changed_seq)
    assert [one.entry for one in matching.match(ask(pdq(1)), within=within).found] == [new.pk]


def test_a_broken_index_is_said_and_what_needs_none_is_found_all_the_same(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = make_bank()
    exact = keep(bank, b"\1" * 32, "sha256")
    keep(bank, pdq(1))

    def full(*_args: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(indexing, "build", full)
    answer = matching.match(ask(pdq(1)))
    assert (answer.ran, answer.broken) == (False, True)
    assert "index" in answer.why_not
    assert [one.entry for one in answer.found] == [exact.pk]


def test_the_banks_answer_as_comparing_with_every_entry_does() -> None:
    """Three banks with thresholds of their own, copies at 0 to 35 bits, some withdrawn: by Python integers."""
    chance = random.Random(5)
    banks = [make_bank(f"bank {radius}", pdq_radius=radius) for radius in (31, 20, 0)]
    originals = [chance.randbytes(32) for _ in range(20)]
    values = [flipped(value, bits, seed=bits) for value in originals for bits in range(36)]
    for bank in banks:
        with transaction.atomic():
            keep_entries(bank, [NewEntry("pdq", value) for value in values])
    gone = set(chance.sample(list(Entry.objects.values_list("pk", flat=True)), 200))
    with transaction.atomic():
        drop_entries(gone, to=Entry.Status.WITHDRAWN)
    rows = [
        (row.pk, bytes(row.value or b""), row.bank.pdq_radius) for row in Entry.objects.select_related("bank")
    ]
    for asked in originals:
        question = int.from_bytes(asked)
        distances = {pk: (int.from_bytes(value) ^ question).bit_count() for pk, value, _radius in rows}
        expected = {
            pk: distances[pk] for pk, _value, radius in rows if pk not in gone and distances[pk] <= radius
        }
        assert {one.entry: one.distance for one in matching.match(ask(asked)).found} == expected
