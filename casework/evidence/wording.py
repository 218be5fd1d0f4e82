"""What the signals of an item say, in words for a person: one row per question, nothing averaged away."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from casework.accounts.models import User

from .known import KNOWN, Known
from .models import AI_SIGNALS, Item, SignalRecord

STRENGTHS = {"definitive": 3, "strong": 2, "weak": 1}
LIKELY, UNLIKELY = 0.8, 0.2


def waiting_rows() -> list[dict[str, Any]]:
    """The questions of an item that nobody has examined yet."""
    return [_waiting(_("Explicit content")), _waiting(_("AI-made")), _waiting(_("Known copies"))]


def question_rows(item: Item, viewer: User) -> list[dict[str, Any]]:
    """The questions of an item without an assessment: of an earlier version, or while it is made."""
    signals = {signal.name: signal for signal in item.signals.all()}
    return [
        _explicit(signals.get("explicit")),
        _ai_made([signals[name] for name in AI_SIGNALS if name in signals]),
        known_row(signals.get(KNOWN), viewer),
    ]


def _waiting(question: str) -> dict[str, Any]:
    return {
        "question": question,
        "state": "not_checked",
        "sentence": _("The file is stored and waits for its examination. Most take seconds."),
    }


def _explicit(signal: SignalRecord | None) -> dict[str, Any]:
    row = plain_row(signal) if signal else {"state": "not_checked"}
    row["question"] = _("Explicit content")
    if signal is not None and signal.score is not None:
        row["number"] = f"{signal.score:.2f}"
        row["estimate"] = _likelihood(signal.score)
    elif row["state"] in ("not_checked", "failed"):
        row["estimate"] = _("not scored")
    row["caveat"] = _("Triage only: a score never decides.")
    return row


def _likelihood(score: float) -> str:
    if score >= LIKELY:
        return _("likely")
    return _("unlikely") if score < UNLIKELY else _("unclear")


def _ai_made(signals: list[SignalRecord]) -> dict[str, Any]:
    """Positive signs only: that none was found proves nothing, and the row says so."""
    found = [signal for signal in signals if signal.says_machine_made]
    looked = [signal for signal in signals if signal.status in ("found", "not_found", "not_applicable")]
    missing = [signal for signal in signals if signal.status in ("not_checked", "failed")]
    strength = max((STRENGTHS.get(signal.strength, 1) for signal in found), default=0)
    return {
        "question": _("AI-made"),
        "state": "found" if found else "not_checked",
        "estimate": _("signs found") if found else _("can't tell"),
        "strength": strength,
        "sentence": "" if found or not looked else _("No sign was found where we could look."),
        "points_for": [signal.sentence for signal in found],
        "points_against": [
            signal.sentence for signal in looked if signal.status == "found" and signal not in found
        ],
        "not_checked": [signal.reason or signal.sentence for signal in missing],
        "version": _versions(signals),
        "caveat": _("No sign found does not mean that a camera made it."),
    }


def known_row(signal: SignalRecord | None, viewer: User) -> dict[str, Any]:
    """Copies in other cases of this desk, as far as those exist for *viewer*."""
    if signal is None:
        return {"question": _("Known copies"), "state": "not_checked"}
    matches = visible_matches(signal, viewer)
    if signal.status == "found" and not matches:
        # Every match lies in a case that does not exist for this person: the row is the one without any match.
        signal = SignalRecord(item=signal.item, **Known((), signal.reason).as_signal())
    row = plain_row(signal) | {"question": _("Known copies")}
    if not matches:
        return row
    exact = sum(1 for match in matches if match["distance"] is None)
    row["estimate"] = _("exact copy") if exact else _("near copy")
    row["strength"] = 3 if exact else 2
    row["sentence"] = ngettext(
        "%(n)d other case holds it.", "%(n)d other cases hold it.", _cases(matches)
    ) % {"n": _cases(matches)}
    row["points_for"] = [match["words"] for match in matches]
    return row


def visible_matches(signal: SignalRecord, viewer: User) -> list[dict[str, Any]]:
    """The matches of a ``known`` signal that exist for *viewer*: {distance, number, words}."""
    stored = {match["item"]: match["distance"] for match in signal.data.get("matches", [])}
    items = (
        Item.objects.for_user(viewer).filter(public_id__in=stored).select_related("case").order_by("case_id")
    )
    return [
        {
            "distance": stored[str(item.public_id)],
            "number": item.case.number,
            "words": _match_words(item.case.number, stored[str(item.public_id)]),
        }
        for item in items
    ]


def _match_words(number: str, distance: int | None) -> str:
    if distance is None:
        return _("%(case)s, the same file") % {"case": number}
    return _("%(case)s, distance %(distance)d of 256") % {"case": number, "distance": distance}


def _cases(matches: Iterable[dict[str, Any]]) -> int:
    return len({match["number"] for match in matches})


def plain_row(signal: SignalRecord) -> dict[str, Any]:
    """One signal by itself."""
    questions = {
        "camera_metadata": _("Camera data"),
        "embedded_thumbnail": _("Thumbnail inside"),
    }
    missing = signal.status in ("not_checked", "failed")
    return {
        "question": questions.get(signal.name, signal.name.replace("_", " ").capitalize()),
        "state": signal.status,
        "strength": STRENGTHS.get(signal.strength) if signal.status == "found" else None,
        "sentence": signal.sentence,
        "not_checked": [signal.reason] if missing and signal.reason else [],
        "version": f"{signal.name} {signal.version}".strip(),
    }


def _versions(signals: Iterable[SignalRecord]) -> str:
    return " · ".join(f"{signal.name} {signal.version}".strip() for signal in signals)
