"""What a trace says, in words: for the page of supervisors and for the command line."""

from __future__ import annotations

import math
from copy import copy
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from casework.accounts.models import User

from .film import clock_words
from .models import Mark, Playback, Reveal, Trace

#: Verdict -> tone of the callout that says it.
TONES = {
    "named": "caution",
    "recognised": "info",
    "unknown_mark": "caution",
    "nothing": "",
    "unopened": "info",
}


def told(trace: Trace, viewer: User | None = None) -> dict[str, Any]:
    """A trace as {title, text, tone, facts, finished, compared, candidates}; facts as ``components/facts.html``.

    How many pictures were compared for somebody cleared is hidden from a *viewer* who is not: restricted ones are
    among them.
    """
    if viewer is not None and not viewer.cleared and trace.person is not None and trace.person.cleared:
        trace = copy(trace)
        trace.candidates, trace.compared, trace.unread = None, 0, 0
        trace.reason = "" if trace.verdict != Trace.Verdict.UNOPENED else trace.reason
    return {
        "title": _title(trace),
        "text": _text(trace),
        "tone": TONES.get(trace.verdict, "info"),
        "finished": trace.finished_at is not None,
        "compared": trace.compared,
        "candidates": trace.candidates,
        "progress": _progress(trace),
        "facts": facts(trace),
    }


def in_lines(trace: Trace) -> list[str]:
    """The same for a terminal."""
    said = told(trace)
    lines = [said["title"], said["text"]]
    for fact in said["facts"]:
        value = fact["value"] if "value" in fact else date_format(fact["at"], "Y-m-d H:i:s e")
        lines.append(f"{fact['label']}: {value}" + (f" ({fact['sub']})" if fact.get("sub") else ""))
    return [line for line in lines if line]


def _title(trace: Trace) -> str:
    if trace.finished_at is None:
        return _("The copy is being compared")
    if trace.mark is not None and trace.mark.purpose == Mark.Purpose.EXPORT:
        return _("This is the copy that %(recipient)s received") % {"recipient": trace.mark.recipient}
    if trace.mark is not None and trace.mark.reveal is not None:
        return _("This was shown to %(name)s") % {"name": trace.mark.reveal.person.name}
    if trace.mark is not None and trace.mark.playback is not None:
        return _("This film was made for %(name)s") % {"name": trace.mark.playback.person.name}
    return str(
        {
            Trace.Verdict.RECOGNISED: _("Our picture, but no mark can be read"),
            Trace.Verdict.UNKNOWN_MARK: _("Our picture, with a mark that no record names"),
            Trace.Verdict.NOTHING: _("No mark of ours"),
            Trace.Verdict.UNOPENED: _("The copy could not be opened"),
        }[Trace.Verdict(trace.verdict)]
    )


def _text(trace: Trace) -> str:
    """What the verdict means, and what it does not."""
    explained = {
        "": "",
        Trace.Verdict.NAMED: _(
            "The mark in it was issued once. It says where this copy was shown, not who passed it on."
        ),
        Trace.Verdict.RECOGNISED: _(
            "The copy shows a picture that was revealed here. It may come from elsewhere, or be too damaged to tell."
        ),
        Trace.Verdict.UNKNOWN_MARK: _(
            "A mark of this desk was read, and the database holds no such mark. Was a backup brought back?"
        ),
        Trace.Verdict.NOTHING: _(
            "None of the pictures that it was compared with was recognised in it. That proves nothing about others."
        ),
        Trace.Verdict.UNOPENED: _(
            "Nothing was compared. Send a JPEG, PNG, WebP, GIF, TIFF, AVIF or HEIC picture, "
            "or an MP4, QuickTime, Matroska, WebM or AVI film."
        ),
    }[trace.verdict]
    return " ".join(part for part in (explained, trace.reason) if part)


def _progress(trace: Trace) -> str:
    if trace.candidates is None:
        return _("A worker opens the copy first. This takes seconds once it has begun.")
    return ngettext(
        "%(compared)d of %(n)d picture compared", "%(compared)d of %(n)d pictures compared", trace.candidates
    ) % {"compared": trace.compared, "n": trace.candidates}


def facts(trace: Trace) -> list[dict[str, Any]]:
    """What is known of a trace, as rows."""
    found: list[dict[str, Any]] = []
    if trace.item is not None:
        number = trace.item.case.number
        found.append(
            {
                "label": _("Picture"),
                "value": _("%(case)s, item %(n)d") % {"case": number, "n": trace.item.position},
                "url": reverse("evidence_item", args=[trace.item.public_id]),
            }
        )
    if trace.mark is not None:
        found += _of_mark(trace.mark)
    if trace.chance is not None:
        found.append({"label": _("Confidence"), "value": _at_most(trace.chance), "sub": _bound(trace)})
    if trace.finished_at is not None and trace.candidates is not None:
        found.append({"label": _("Compared"), "value": _progress(trace), "sub": _unread(trace)})
    asked = trace.person.name if trace.person is not None else _("the command line")
    found.append({"label": _("Asked"), "at": trace.asked_at, "sub": _("by %(name)s") % {"name": asked}})
    found.append({"label": _("SHA-256 of the copy"), "value": trace.sha256, "mono": True})
    return found


def _of_mark(mark: Mark) -> list[dict[str, Any]]:
    reveal = mark.reveal
    if mark.playback is not None and reveal is None:
        return [{"label": _("Made"), "at": mark.issued_at, "sub": _("no look at it is written down")}]
    if reveal is None:
        return [{"label": _("Handed over"), "at": mark.issued_at}]
    looked = _("%(n).0f s") % {"n": reveal.seconds} if reveal.seconds is not None else _("not closed yet")
    return [
        {"label": _("Shown"), "at": reveal.opened_at, "sub": _("looked %(time)s") % {"time": looked}},
        {"label": _("Reason given"), "value": reveal.get_reason_display()},
        *_drawn(reveal, mark.playback),
    ]  # fmt: skip


def _drawn(reveal: Reveal, playback: Playback | None) -> list[dict[str, Any]]:
    """The digits that stand in what was shown, and for a film which part of it was."""
    digits = _("these digits also stand in the picture")
    if playback is None:
        return [{"label": _("Reveal"), "value": str(reveal.public_id)[:8], "mono": True, "sub": digits}]
    length = _("%(n).0f s were made to watch") % {"n": playback.seconds or 0}
    return [
        {"label": _("Film from"), "value": clock_words(playback.start_seconds), "sub": length},
        {"label": _("Playback"), "value": str(playback.public_id)[:8], "mono": True, "sub": digits},
    ]


def _at_most(chance: float) -> str:
    """How often such an answer may be wrong, as people say it."""
    power = max(0, math.floor(-math.log10(max(chance, 1e-300)) + 1e-9))
    often = f"{10 ** min(power, 9):,}"
    return _("a wrong name at most once in %(n)s such traces") % {"n": often}


def _bound(trace: Trace) -> str:
    if trace.score is None:
        return _("read bit by bit, error correction and check bits agree")
    return _("the mark stands out by %(n).1f standard deviations") % {"n": trace.score}


def _unread(trace: Trace) -> str:
    if not trace.unread:
        return ""
    return ngettext(
        "%(n)d of them could not be opened", "%(n)d of them could not be opened", trace.unread
    ) % {"n": trace.unread}


def row(trace: Trace) -> list[dict[str, Any]]:
    """A trace in the list of them all, for ``components/table.html``."""
    return [
        {"text": _title(trace), "url": reverse("evidence_trace", args=[trace.public_id])},
        {"text": trace.item.case.number if trace.item is not None else "–"},
        {"text": trace.person.name if trace.person is not None else _("the command line")},
        {"at": timezone.localtime(trace.asked_at)},
    ]
