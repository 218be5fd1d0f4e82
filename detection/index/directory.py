"""The index as its users see it: opened, asked, added to, removed from, merged, rebuilt."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detection.findings import Hash
from detection.index import bands, base, files, journal, pages, searching
from detection.index.answers import IndexDamaged, IndexMissing, Match, TurnedMatch
from detection.index.hashes import Hashes, Words, to_words
from detection.pdq import DIHEDRAL

MERGE_AT = 50_000
"""Journal records beyond which a merge pays: comparing with so many costs about as much as the base itself."""

_MAGIC = b"PDQCURR1"
_WRITER, _BUILDER = "writer", "builder"
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """What a question is answered from; replaced, not changed, when the journal grows.

    ``gone`` (n,) marks rows of the base that were removed, ``added`` is what came since and still stands, ``seen`` the
    number of journal records in both.
    """

    gone: NDArray[np.bool_]
    added: Hashes
    seen: int


class _Generation:
    """One generation, mapped, and how far its journal was read."""

    def __init__(self, directory: Path, number: int) -> None:
        """FileNotFoundError when it was replaced meanwhile, IndexDamaged when a file of it is torn."""
        self.number = number
        self.base = base.open_base(files.base_path(directory, number), number)
        self.journal = journal.Journal(directory, number)
        self.view = _View(np.zeros(self.base.ids.size, bool), Hashes.of(()), 0)

    def caught_up(self) -> _View:
        """The view with everything that is in the journal by now."""
        was, count = self.view, self.journal.count()
        if count != was.seen:
            records = self.journal.read(was.seen, count)
            removed = records["id"][records["kind"] == journal.REMOVED]
            # Rows are only ever marked, so a thread that still asks the old view answers as of before or after.
            was.gone[self.base.rows_of(removed)] = True
            kept = was.added.where(~np.isin(was.added.ids, removed))
            added = Hashes.joined([kept, journal.surviving(records)])
            self.view = _View(was.gone, added, count)
        return self.view


class PdqIndex:
    """An open index. Threads may share it, and forked processes too; files close when it is dropped."""

    def __init__(self, directory: Path, *, verify: bool = True) -> None:
        """Open the index in *directory*; ``open_index`` says which errors that gives."""
        self.directory = directory
        self._lock = threading.Lock()
        self._current = _current_page(directory)
        self._generation = self._opened()
        if verify:
            self._generation.base.verify()
            self._generation.caught_up()

    def __len__(self) -> int:
        """Hashes stored now, counting an id as often as it was added."""
        with self._fresh() as (generation, view):
            return generation.base.ids.size - int(np.count_nonzero(view.gone)) + view.added.ids.size

    def search(self, value: str | bytes, radius: int = bands.MAX_RADIUS) -> tuple[Match, ...]:
        """Every id with a hash within *radius* bits of *value* (64 hex digits or 32 bytes), nearest first.

        RadiusTooLarge beyond 31; ValueError when *value* is no PDQ hash; IndexDamaged when the journal is torn.
        """
        return self.search_many([value], radius)[0]

    def search_many(
        self, values: Sequence[str | bytes], radius: int = bands.MAX_RADIUS
    ) -> list[tuple[Match, ...]]:
        """As ``search``, for each of *values* in their order, all answered as of one moment."""
        bands.tolerances(radius)
        questions = to_words(values)
        with self._fresh() as (generation, view):
            answers: list[tuple[Match, ...]] = []
            for begin in range(0, len(questions), searching.AT_ONCE):
                some = questions[begin : begin + searching.AT_ONCE]
                answers += _answers(generation.base, view, some, radius)
            return answers

    def search_turns(self, turned: Sequence[Hash], radius: int = bands.MAX_RADIUS) -> tuple[TurnedMatch, ...]:
        """Every id near a picture in any of its eight turns; *turned* is what ``pdq.dihedral_hashes`` gives.

        Nearest first, each id once with its nearest turn. Errors as of ``search``.
        """
        nearest: dict[int, TurnedMatch] = {}
        answers = self.search_many([one.value for one in turned], radius)
        for turn, matches in zip(DIHEDRAL, answers, strict=True):
            for match in matches:
                known = nearest.get(match.id)
                if known is None or match.distance < known.distance:
                    nearest[match.id] = TurnedMatch(match.distance, match.id, turn)
        return tuple(sorted(nearest.values()))

    def add(self, pairs: Iterable[tuple[int, str | bytes]]) -> None:
        """Store hashes under ids; found by every process, and on disk, when this returns.

        An id may be added again with the same or another hash; all of them stand until the id is removed.
        """
        self._append(journal.additions(Hashes.of(pairs)))

    def remove(self, ids: Iterable[int]) -> None:
        """Remove all that is stored under *ids* so far; no process finds it once this returns. Unknown ids are fine."""
        self._append(journal.removals(np.fromiter(ids, dtype=np.int64)))

    def waiting(self) -> int:
        """Journal records since the base was written; beyond ``MERGE_AT`` a merge pays."""
        with self._fresh() as (_generation, view):
            return view.seen

    def verify(self) -> None:
        """Check every byte that the index relies on; IndexDamaged says which file is not what was written."""
        with self._fresh() as (generation, view):
            generation.base.verify()
            generation.journal.read(0, view.seen)

    def merge(self) -> None:
        """Write a generation with the journal worked in. Questions, additions and removals go on meanwhile.

        IndexDamaged, and nothing changes, when the base is not what was written: damage is not carried over.
        """
        with files.locked(self.directory, _BUILDER), self._fresh() as (generation, view):
            generation.base.verify()
            stored = Hashes.joined([generation.base.hashes.where(~view.gone), view.added])
            _publish(self.directory, stored, generation.number, view.seen)

    def _append(self, records: journal.Records) -> None:
        with files.locked(self.directory, _WRITER), self._fresh() as (generation, _view):
            if len(records):
                generation.journal.append(records)

    @contextmanager
    def _fresh(self) -> Iterator[tuple[_Generation, _View]]:
        """The generation in force, with everything in its journal by now."""
        with self._lock:
            if self._current.read() != self._generation.number:
                self._generation = self._opened()
            fresh = self._generation, self._generation.caught_up()
        yield fresh

    def _opened(self) -> _Generation:
        for _attempt in range(_ATTEMPTS):
            number = self._current.read()
            try:
                return _Generation(self.directory, number)
            except FileNotFoundError as error:
                missing = error
        raise IndexDamaged(Path(str(missing.filename)), "is not there")


def build(directory: Path, hashes: Hashes | Iterable[tuple[int, str | bytes]]) -> None:
    """Make the index in *directory* anew from all hashes, also where there was none or a damaged one.

    Readers go on with what they have until it is done. What is added and removed while *hashes* are read and written
    is kept: so nothing is lost as long as each change is committed at its source before it is made here.
    ValueError for what is no hash, OSError when the disk is full: then the index stays as it was.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with files.locked(directory, _BUILDER):
        replaced, seen = _in_force(directory)
        stored = hashes if isinstance(hashes, Hashes) else Hashes.of(hashes)
        _publish(directory, stored, replaced, seen)


def open_index(directory: Path, *, verify: bool = True) -> PdqIndex:
    """Open the index in *directory*: reads everything once and compares digests, unless told not to.

    IndexMissing when none was built, IndexDamaged when a file is torn or was changed.
    """
    return PdqIndex(directory, verify=verify)


def _answers(of: base.Base, view: _View, questions: Words, radius: int) -> list[tuple[Match, ...]]:
    stored = searching.in_base(of, questions, radius)
    stands = ~view.gone[stored.row]
    question, distance, ids = stored.question[stands], stored.distance[stands], of.ids[stored.row[stands]]
    if view.added.ids.size:
        since = searching.in_hashes(view.added, questions, radius)
        question = np.concatenate([question, since.question])
        distance = np.concatenate([distance, since.distance])
        ids = np.concatenate([ids, view.added.ids[since.row]])
    return searching.nearest_per_id(question, distance, ids, len(questions))


def _current_page(directory: Path) -> pages.Page:
    try:
        return pages.Page(directory / "current", _MAGIC, salt=0)
    except FileNotFoundError as error:
        raise IndexMissing(directory) from error


def _in_force(directory: Path) -> tuple[int | None, int]:
    """The generation in force and how many journal records it has; none when there is none to rely on."""
    try:
        number = _current_page(directory).read()
        return number, journal.Journal(directory, number).count()
    except (IndexMissing, IndexDamaged, FileNotFoundError):
        return None, 0


def _publish(directory: Path, stored: Hashes, replaced: int | None, seen: int) -> None:
    """Write *stored* as a new generation and put it in force, with what the journal it replaces gained since *seen*."""
    number = max(files.generations(directory) | {replaced or 0}) + 1
    base.write(files.base_path(directory, number), stored, number)
    with files.locked(directory, _WRITER):
        journal.create(directory, number, _gained(directory, replaced, seen))
        _put_in_force(directory, number)
    files.delete_others(directory, number)


def _gained(directory: Path, number: int | None, seen: int) -> journal.Records:
    if number is None:
        return journal.additions(Hashes.of(()))
    was = journal.Journal(directory, number)
    return was.read(seen, was.count())


def _put_in_force(directory: Path, number: int) -> None:
    """The one moment at which every process changes over."""
    try:
        page = _current_page(directory)
    except (IndexMissing, IndexDamaged):
        with files.written_whole(directory / "current") as file:
            files.write_at(file, pages.first_page(_MAGIC, number, salt=0), 0)
    else:
        page.write(number)
