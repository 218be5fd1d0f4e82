"""What we know of an item, in the order in which somebody decides: the questions, the matches, then every trace.

The questions carry the assessment. What each single signal said stands below them in groups that open on demand; how
many found something, and how many were not checked, can be read without opening any.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from casework.accounts.models import User

from .actions.matching import BANKS
from .heatmaps import heat_map
from .known import KNOWN
from .models import Item, SignalRecord
from .wording import known_row, plain_row, question_rows, waiting_rows
from .wording_assessment import SIGNALS, assessment_rows
from .wording_matches import bank_row

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

_SHADOW = "shadow."

#: Group -> its title, what it is worth, and the signals in it.
GROUPS: tuple[tuple[StrOrPromise, StrOrPromise, tuple[str, ...]], ...] = (
    (
        _("What the file says of itself"),
        _("Whoever can write a file can write most of these, or take them out."),
        (
            "c2pa", "source_type", "ai_fields", "generator_metadata", "stealth_metadata", "watermark",
            "camera_metadata", "embedded_thumbnail",
        ),
    ),
    (
        _("Traces in the pixels: leads, not proof"),
        _("Saving a picture again makes such traces and removes them. They say where to look, never what happened."),
        ("ela", "jpeg_history", "noise", "spectrum", "cfa", "grid"),
    ),
    (
        _("Models"),
        _("What each model said by itself. Shadow models are only written down; nothing here counts them."),
        ("explicit", "regions", "synthetic"),
    ),
)  # fmt: skip


def what_we_know(item: Item, viewer: User) -> dict[str, Any]:
    """{signals, signal_groups}: rows of ``components/signal_row.html``, and groups {title, note, told, open, rows}."""
    if item.state == Item.State.STORED:
        return {"signals": waiting_rows(), "signal_groups": []}
    signals = {signal.name: signal for signal in item.signals.all()}
    rows = [_with_reason(row) for row in assessment_rows(item, viewer)] or question_rows(item, viewer)
    groups = [_matches(item, signals, viewer)]
    for title, note, names in GROUPS:
        found = [signals.pop(name) for name in names if name in signals]
        groups.append(_group(title, note, [_row(item, signal) for signal in found]))
    groups[-1] = _with_shadows(groups[-1], item, signals.values())
    return {"signals": rows, "signal_groups": [group for group in groups if group["rows"]]}


def _with_reason(row: dict[str, Any]) -> dict[str, Any]:
    """A question that nothing spoke to says so, instead of standing there without a word."""
    silent = not any(row.get(part) for part in ("points_for", "points_against", "not_checked", "sentence"))
    return (
        row | {"sentence": _now("Nothing that was looked at speaks for it or against it.")} if silent else row
    )


def _matches(item: Item, signals: dict[str, SignalRecord], viewer: User) -> dict[str, Any]:
    """Banks of known hashes, and copies in other cases of this desk."""
    signals.pop(BANKS, None)
    rows = [bank_row(item, viewer), known_row(signals.pop(KNOWN, None), viewer)]
    note = _(
        "A near copy resembles; only an exact copy is the same file. What was decided there is not decided here."
    )
    return _group(_("Known pictures"), note, [row | {"folded": True} for row in rows])


def _with_shadows(group: dict[str, Any], item: Item, left: Iterable[SignalRecord]) -> dict[str, Any]:
    """The models, with those that run in shadow and whatever has no place elsewhere."""
    rows = [_row(item, signal) for signal in left]
    return _group(group["title"], group["note"], [*group["rows"], *rows])


def _group(title: StrOrPromise, note: StrOrPromise, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"title": title, "note": note, "told": _told(rows), "rows": list(rows)}


def _told(rows: Sequence[dict[str, Any]]) -> str:
    """How many of a group found something, and how many could not say: what stays in sight while it is folded."""
    states = [row["state"] for row in rows]
    found = sum(state == "found" for state in states)
    open_still = sum(state in ("not_checked", "failed") for state in states)
    parts = []
    if found:
        parts.append(ngettext("%(n)d found", "%(n)d found", found) % {"n": found})
    elif "not_found" in states:  # silence of what did not run is no answer
        parts.append(_now("nothing found"))
    if open_still:
        parts.append(ngettext("%(n)d not checked", "%(n)d not checked", open_still) % {"n": open_still})
    return " · ".join(parts)


def _row(item: Item, signal: SignalRecord) -> dict[str, Any]:
    row = plain_row(signal) | {"question": _name(signal.name), "folded": True}
    if signal.score is not None:
        row["number"] = f"{signal.score:.2f}"
    # Where nothing was found the map's strongest cell is chance, and would be read as a place to look at.
    drawn = heat_map(signal) if signal.status == "found" else None
    if drawn is not None:
        row["map"] = {
            "url": reverse("evidence_map", args=[item.public_id, signal.name]),
            "width": drawn.width,
            "height": drawn.height,
            "words": drawn.words,
        }
    return row


def _name(name: str) -> str:
    if name.startswith(_SHADOW):
        return _now("Shadow: %(model)s") % {"model": name.removeprefix(_SHADOW)}
    return str(capfirst(str(SIGNALS.get(name, name.replace("_", " ")))))
