"""Finding everything within a radius, in a base through its buckets and in what was added since by comparing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detection.index import bands
from detection.index.answers import Match
from detection.index.base import Base, ranges
from detection.index.hashes import Hashes, Words

AT_ONCE = 32
"""Questions answered together; more gains nothing, as the time goes to memory and not to calls."""

_MET_AT_ONCE = 1 << 20
"""Hashes compared together (about 100 MB), unless a single bucket holds more."""


class Found(NamedTuple):
    """Rows within the radius, (m,) each: which question, which row, how far."""

    question: NDArray[np.int64]
    row: NDArray[np.int64]
    distance: NDArray[np.int64]


def in_base(base: Base, questions: Words, radius: int) -> Found:
    """All rows within *radius* of any of *questions* (k, 4), once each."""
    parts = [
        _near(questions, base.words, question, row, radius) for question, row in _met(base, questions, radius)
    ]
    found = _joined(parts)
    _place, first = np.unique(found.question * base.ids.size + found.row, return_index=True)
    return Found(*(values[first] for values in found))


def in_hashes(hashes: Hashes, questions: Words, radius: int) -> Found:
    """All rows within *radius* of any of *questions*, by comparing with every one."""
    parts = []
    for number, question in enumerate(questions):
        distance = _distances(hashes.words, question)
        near = np.flatnonzero(distance <= radius)
        parts.append(Found(np.full_like(near, number), near, distance[near].astype(np.int64)))
    return _joined(parts)


def nearest_per_id(
    question: NDArray[np.int64], distance: NDArray[np.int64], ids: NDArray[np.int64], questions: int
) -> list[tuple[Match, ...]]:
    """For each of so many questions its matches, nearest first, each id once."""
    order = np.lexsort((distance, ids, question))
    question, ids, distance = question[order], ids[order], distance[order]
    first = np.ones(order.size, bool)
    first[1:] = (question[1:] != question[:-1]) | (ids[1:] != ids[:-1])
    answers: list[list[Match]] = [[] for _question in range(questions)]
    for which, far, one in zip(
        question[first].tolist(), distance[first].tolist(), ids[first].tolist(), strict=True
    ):
        answers[which].append(Match(far, one))
    return [tuple(sorted(matches)) for matches in answers]


def _met(base: Base, questions: Words, radius: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Question and row of each hash in the buckets to look into; a row may be met in several bands."""
    plan = bands.plan(radius, base.width)
    keys = np.stack([bands.keys(questions, band, base.width) for band in range(bands.BANDS)], axis=1)
    buckets = ((keys.view(np.int64)[:, plan.band] ^ plan.flips) + plan.table).ravel()
    first = base.starts[buckets].astype(np.int64)
    counts = base.starts[buckets + 1] - first
    asking = np.repeat(np.arange(len(questions)), plan.band.size)
    if counts.sum() <= _MET_AT_ONCE:
        yield np.repeat(asking, counts), base.rows[ranges(first, counts)].astype(np.int64)
        return
    cuts = np.flatnonzero(np.diff(np.cumsum(counts) // _MET_AT_ONCE)) + 1
    for some in np.split(np.arange(counts.size), cuts):
        rows = base.rows[ranges(first[some], counts[some])]
        yield np.repeat(asking[some], counts[some]), rows.astype(np.int64)


def _near(
    questions: Words, words: Words, question: NDArray[np.int64], row: NDArray[np.int64], radius: int
) -> Found:
    asked = questions.take(question, axis=0) if len(questions) > 1 else questions[0]
    distance = _distances(words.take(row, axis=0), asked)
    near = np.flatnonzero(distance <= radius)
    return Found(question[near], row[near], distance[near].astype(np.int64))


def _distances(words: Words, question: Words) -> NDArray[np.uint16]:
    """Differing bits (m,) of hashes (m, 4) and as many questions, or one, (4,).

    Word by word, because numpy is slow along short rows.
    """
    total: NDArray[np.uint16] = np.bitwise_count(words[:, 0] ^ question[..., 0]).astype(np.uint16)
    for word in (1, 2, 3):
        total += np.bitwise_count(words[:, word] ^ question[..., word])
    return total


def _joined(parts: list[Found]) -> Found:
    if len(parts) == 1:
        return parts[0]
    return Found(*(np.concatenate(values) for values in zip(*parts, strict=True)))
