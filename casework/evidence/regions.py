"""What a region model saw and where, as boxes over the preview, or over plain grey so that no pixel need be seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from .models import Item, SignalRecord

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

REGIONS = "regions"
FACE = "face"
MOST_BOXES = 50
#: What a card may call a region, in the reader's language (``detection.modelcard.REGIONS``).
WORDS: dict[str, StrOrPromise] = {
    "face": _("face"),
    "genital area, covered": _("genital area, covered"),
    "genital area, uncovered": _("genital area, uncovered"),
    "anal area, covered": _("anal area, covered"),
    "anal area, uncovered": _("anal area, uncovered"),
    "buttocks, covered": _("buttocks, covered"),
    "buttocks, uncovered": _("buttocks, uncovered"),
    "breast, covered": _("breast, covered"),
    "breast, uncovered": _("breast, uncovered"),
    "chest, uncovered": _("chest, uncovered"),
    "belly, covered": _("belly, covered"),
    "belly, uncovered": _("belly, uncovered"),
    "feet, covered": _("feet, covered"),
    "feet, uncovered": _("feet, uncovered"),
    "armpit, covered": _("armpit, covered"),
    "armpit, uncovered": _("armpit, uncovered"),
}


def what_and_where(item: Item) -> dict[str, Any]:
    """{boxes, ran, words} of an item: boxes as ``components/stage.html`` draws them, and why there may be none.

    A box is {label, number, x, y, w, h, text_x, text_y}, places in percent of the picture. A film has no boxes here:
    they belong to one of its frames.
    """
    signal = next((each for each in item.signals.all() if each.name == REGIONS), None)
    boxes = [] if signal is None or item.duration is not None else _boxes(signal)
    return {"boxes": boxes, "ran": _ran(signal), "words": _words(signal, boxes)}


def _ran(signal: SignalRecord | None) -> bool:
    return signal is not None and signal.status in ("found", "not_found")


def _words(signal: SignalRecord | None, boxes: list[dict[str, Any]]) -> str:
    """The caption: how many faces and regions, or why nobody can say."""
    if signal is None or not _ran(signal):
        why = signal.reason if signal is not None else ""
        return _now("Regions: not looked for. %(why)s") % {"why": why}
    if not boxes:
        return _now("no face and no region recognised")
    faces = sum(1 for box in boxes if box["is_face"])
    others = len(boxes) - faces
    parts = []
    if faces:
        parts.append(ngettext("%(n)d face", "%(n)d faces", faces) % {"n": faces})
    if others:
        parts.append(ngettext("%(n)d region", "%(n)d regions", others) % {"n": others})
    return " · ".join(parts)


def _boxes(signal: SignalRecord) -> list[dict[str, Any]]:
    stored = signal.data.get("boxes")
    if not isinstance(stored, list):
        return []
    drawn = [box for box in map(_box, stored[:MOST_BOXES]) if box is not None]
    return [box | {"number": number} for number, box in enumerate(drawn, start=1)]


def _box(stored: Any) -> dict[str, Any] | None:
    """One box in percent; None for what a region model cannot have said."""
    if not isinstance(stored, Mapping):
        return None
    try:
        x, y, w, h, score = (float(stored[name]) for name in ("x", "y", "w", "h", "score"))
    except (KeyError, TypeError, ValueError):
        return None
    if not all(0 <= value <= 1 for value in (x, y, w, h, score)):
        return None
    label = str(stored.get("label", ""))
    said = str(WORDS.get(label, label[:40]))
    return {
        "label": said,
        "score": f"{score:.2f}",
        "is_face": label == FACE,
        "x": 100 * x, "y": 100 * y, "w": 100 * min(w, 1 - x), "h": 100 * min(h, 1 - y),
    }  # fmt: skip


def summed(boxes: Iterable[Mapping[str, Any]]) -> str:
    """The boxes for somebody who cannot see them: "2 × face, 1 × chest, uncovered"."""
    counted = Counter(str(box["label"]) for box in boxes)
    return ", ".join(f"{count} × {label}" for label, count in counted.most_common())
