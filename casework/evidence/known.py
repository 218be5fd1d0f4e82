"""Has this desk seen the file before? Exact copies by SHA-256, near copies by PDQ, in other cases.

What is found is stored with the item as it was at that moment. Who may read of a match is decided when it is shown
(``wording``): a match in a restricted case does not exist for people who are not cleared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from casework.cases.models import Case

from .models import BankMatch, Item, PerceptualHash, SignalRecord

KNOWN = "known"
#: PDQ distances up to here count as the same picture, from this quality on (domain.md 5.2: Meta's own advice).
MOST_DISTANCE, LEAST_QUALITY = 31, 50
_MOST_MATCHES = 50


@dataclass(frozen=True, slots=True)
class Match:
    """One other item; ``distance`` in bits of PDQ (0 to 256), None for an exact copy."""

    item: str
    distance: int | None


@dataclass(frozen=True, slots=True)
class Known:
    """What the search found, and why it could not look for near copies (empty when it could)."""

    matches: tuple[Match, ...]
    not_near: str

    def as_signal(self) -> dict[str, Any]:
        """The fields of a ``SignalRecord``."""
        exact = any(match.distance is None for match in self.matches)
        status = "found" if self.matches else "not_checked" if self.not_near else "not_found"
        sentences = {
            "found": _("The same picture is in other cases."),
            "not_found": _("No other case holds this file or a near copy of it."),
            "not_checked": _("No exact copy is known; near copies were not looked for."),
        }
        return {
            "name": KNOWN,
            "version": f"sha256, pdq<={MOST_DISTANCE}",
            "status": status,
            "strength": "definitive" if exact else "strong" if self.matches else "",
            "sentence": sentences[status],
            "reason": self.not_near,
            "data": {
                "matches": [{"item": match.item, "distance": match.distance} for match in self.matches],
                "threshold": MOST_DISTANCE,
            },
        }


def known_copies(item: Item) -> Known:
    """Look for *item* in all other cases, restricted ones included."""
    others = Item.objects.exclude(case_id=item.case_id)
    exact = [
        Match(str(public_id), None)
        for public_id in others.filter(sha256=item.sha256)
        .order_by("pk")
        .values_list("public_id", flat=True)[:_MOST_MATCHES]
    ]
    hashes = PerceptualHash.objects.filter(
        item=item, algorithm="pdq"
    )  # one of a picture, one a frame of a film
    detailed = [bytes(one.value).hex() for one in hashes if (one.quality or 0) >= LEAST_QUALITY]
    not_near = ""
    if not hashes:
        not_near = _("The file has no perceptual hash.")
    elif not detailed:
        not_near = _("The picture has too little detail for a perceptual match.")
    near = _near(item, detailed) if detailed else []
    return Known((*exact, *near), not_near)


def count_for_queue(known: Known, case: Case) -> int:
    """Matches that everybody who sees *case* may know of now: the queue's factor must not betray others."""
    return _shown(case, [match.item for match in known.matches])


def countable(case: Case) -> int:
    """How many matches, with other cases and with banks, everybody who sees *case* may know of: the queue's factor."""
    total = BankMatch.objects.for_case(case).standing().urgent().tally()
    for signal in SignalRecord.objects.filter(item__case=case, name=KNOWN):
        total += _shown(case, [match["item"] for match in signal.data.get("matches", [])])
    return total


def _shown(case: Case, names: list[str]) -> int:
    items = Item.objects.filter(public_id__in=names)
    return (items if case.restricted else items.filter(case__restricted=False)).count()


def _near(item: Item, hashes: list[str]) -> list[Match]:
    """Items of other cases within ``MOST_DISTANCE`` bits of one of *hashes*, nearest first.

    Of a film every frame is compared with every picture and every frame, and the nearest pair is its distance: one
    still out of a film is enough. Exact copies are left to SHA-256.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT public_id, min(distance) FROM (
                SELECT i.public_id,
                       bit_count(('x' || encode(h.value, 'hex'))::bit(256) # ('x' || own.value)::bit(256)) AS distance
                FROM evidence_perceptualhash h
                CROSS JOIN unnest(%s::text[]) AS own(value)
                JOIN evidence_item i ON i.id = h.item_id
                WHERE h.algorithm = 'pdq' AND h.quality >= %s AND i.case_id <> %s AND i.sha256 <> %s
            ) AS compared
            WHERE distance <= %s GROUP BY public_id ORDER BY min(distance), public_id LIMIT %s
            """,
            [hashes, LEAST_QUALITY, item.case_id, item.sha256, MOST_DISTANCE, _MOST_MATCHES],
        )
        return [Match(str(public_id), int(distance)) for public_id, distance in cursor]
