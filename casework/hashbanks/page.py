"""What the pages of banks show to one person."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from casework.accounts.models import User
from casework.accounts.permissions import Perm

from .actions.reading import NEAR_UP_TO, Looked
from .forms import HashForm
from .models import Bank, Entry, ListImport, RunState, Sweep

_NEWEST, _RUNS = 5, 5


def banks_context(user: User) -> dict[str, Any]:
    """Every bank in one line."""
    banks = list(Bank.objects.for_user(user).select_related("owner", "exchange"))
    active = Entry.objects.for_user(user).filter(status=Entry.Status.ACTIVE).order_by()
    counts = dict(active.values("bank").annotate(n=Count("pk")).values_list("bank", "n"))
    return {
        "banks": [{"bank": bank, "entries": counts.get(bank.pk, 0)} for bank in banks],
        "may_manage": user.may(Perm.MANAGE_BANKS),
        "form": HashForm(),
    }


def bank_context(bank: Bank, user: User, **more: Any) -> dict[str, Any]:
    """One bank: its facts, counts, newest entries, and what runs in the background."""
    mine = Entry.objects.for_user(user).filter(bank=bank)
    newest = mine.exclude(status=Entry.Status.DELETED).order_by("-pk")[:_NEWEST]
    return {
        "bank": bank,
        "facts": _facts(bank),
        "counts": _counts(mine),
        "newest": list(newest),
        "may_manage": user.may(Perm.MANAGE_BANKS),
        "may_import": user.may(Perm.MANAGE_BANKS) and bank.source != Bank.Source.EXCHANGE,
        "form": HashForm(),
        **progress_context(bank, user),
        **more,
    }


def progress_context(bank: Bank, user: User) -> dict[str, Any]:
    """Lists that are read and stored evidence that is compared, newest first. ``busy``: the page asks again."""
    sweeps = [_sweep(run, user) for run in Sweep.objects.filter(bank=bank)[:_RUNS]]
    imports = [
        _import(run) for run in ListImport.objects.filter(bank=bank).select_related("asked_by")[:_RUNS]
    ]
    runs = [run["run"] for run in [*sweeps, *imports]]
    return {
        "bank": bank,
        "sweeps": sweeps,
        "imports": imports,
        "busy": any(run.state in (RunState.QUEUED, RunState.RUNNING) for run in runs),
    }


def looked_context(looked: Looked, *, value: str) -> dict[str, Any]:
    """What a look-up found, and what it did not look for."""
    return {
        "value": value,
        "found": [
            {
                "entry": entry,
                "words": _("the same value")
                if distance is None
                else _("distance %(distance)d of 256") % {"distance": distance},
            }
            for entry, distance in looked.found
        ],
        "not_near": ""
        if looked.near or len(value) != 64
        else _("Near PDQ hashes were not looked for: here are more than %(most)d of them.")
        % {"most": NEAR_UP_TO},
    }


def _facts(bank: Bank) -> list[dict[str, Any]]:
    turns = _("also turned and mirrored") if bank.pdq_turns else _("upright only")
    return [
        {"label": _("Purpose"), "value": bank.purpose},
        {"label": _("Owner"), "value": bank.owner.name if bank.owner else _("this desk")},
        {"label": _("Entries come from"), "value": bank.get_source_display()},
        {"label": _("On a match"), "value": bank.get_on_match_display()},
        {
            "label": "PDQ",
            "value": _("distance up to %(radius)d of 256, quality from %(quality)d")
            % {"radius": bank.pdq_radius, "quality": bank.pdq_quality},
            "sub": turns,
        },
        {
            "label": _("pHash, second opinion"),
            "value": _("not asked")
            if bank.phash_radius is None
            else _("distance up to %(radius)d of 64") % {"radius": bank.phash_radius},
        },
        {
            "label": _("Films"),
            "value": _("%(share).0f %% of the frames of either film") % {"share": 100 * bank.video_share},
        },
        {
            "label": _("Kept"),
            "value": _("until withdrawn")
            if bank.retention_days is None
            else ngettext("%(n)d day since last seen", "%(n)d days since last seen", bank.retention_days)
            % {"n": bank.retention_days},
        },
        {"label": _("Made"), "at": bank.created_at, "sub": bank.created_by.name if bank.created_by else ""},
    ]


def _counts(entries: QuerySet[Entry]) -> list[list[dict[str, Any]]]:
    """Rows of a table: kind of hash, and how many entries in each state."""
    grouped = entries.order_by().values_list("signal", "status").annotate(n=Count("pk"))
    counts = {(signal, status): n for signal, status, n in grouped}
    signals = [signal for signal in Entry.Signal if any(key[0] == signal for key in counts)]
    return [
        [
            {"text": signal.label},
            *({"text": str(counts.get((signal, status), 0)), "num": True} for status in Entry.Status),
        ]
        for signal in signals
    ]


def _sweep(run: Sweep, user: User) -> dict[str, Any]:
    """A run as somebody may know it: how many items there are, restricted ones among them, is for the cleared."""
    hits = run.hits + (run.hits_restricted if user.cleared else 0)
    words = _("%(done)d of %(total)d items") % {"done": run.done, "total": run.total}
    done, most = run.done, max(1, run.total)
    if not user.cleared:
        done, most = (100 * run.done // most if run.total else 0), 100
        words = _("%(percent)d %% of the items") % {"percent": done}
    return {
        "run": run,
        "words": words,
        "hits": ngettext("%(n)d new match", "%(n)d new matches", hits) % {"n": hits},
        "done": done,
        "max": most,
    }


def _import(run: ListImport) -> dict[str, Any]:
    more = run.bad - len(run.faults)
    return {
        "run": run,
        "name": run.name or _("a pasted list"),
        "words": _("read to line %(lines)d: %(added)d added, %(known)d known before, %(bad)d bad")
        % {"lines": run.line, "added": run.added, "known": run.known, "bad": run.bad},
        "faults": [_("Line %(line)d: %(reason)s") % fault for fault in run.faults],
        "more": _("and %(n)d more") % {"n": more} if more > 0 else "",
    }
