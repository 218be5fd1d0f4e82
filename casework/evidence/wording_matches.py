"""What the banks of known hashes say of an item, in words: one row, and every match with all its numbers."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from casework.accounts.models import User
from casework.accounts.permissions import Perm
from casework.hashbanks.matches import VIDEO_PDQ
from casework.hashbanks.models import Entry, Feedback, Verdict

from .actions.matching import BANKS
from .models import BankMatch, Item, SignalRecord

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

ALGORITHMS: dict[str, StrOrPromise] = {
    **{signal.value: signal.label for signal in Entry.Signal},
    VIDEO_PDQ: _("PDQ of a film's frames"),
}
TURNS: dict[str, StrOrPromise] = {
    "rotated_90": _("turned by a quarter"),
    "rotated_180": _("upside down"),
    "rotated_270": _("turned by three quarters"),
    "mirrored": _("mirrored"),
    "flipped": _("mirrored upside down"),
    "transposed": _("mirrored and turned by a quarter"),
    "transversed": _("mirrored and turned by three quarters"),
}


def bank_row(item: Item, viewer: User) -> dict[str, Any]:
    """The row for ``components/signal_row.html``; ``template`` draws the matches below it, each with its feedback.

    "Matching did not run" is a state of its own. A match that comes from a case that does not exist for *viewer* does
    not exist for them either, and neither does the state that it would give the row.
    """
    question = {"question": _now("Banks of known hashes")}
    signal = SignalRecord.objects.filter(item=item, name=BANKS).first()
    if signal is None:
        return question | {
            "state": "not_checked",
            "sentence": _now("Matching did not run: the file was examined before there were banks."),
        }
    matches = match_context(item, viewer)["matches"]
    standing = [match for match in matches if not match["ended"]]
    row: dict[str, Any] = question | {
        "state": "found" if standing else signal.status,
        "sentence": signal.sentence,
        "not_checked": [signal.reason] if signal.reason else [],
        "version": f"{signal.name} {signal.version}",
        "caveat": _now("A match is a lead: it says that somebody put this hash into the bank, not why."),
    }
    if matches:
        row |= {"template": "evidence/_bank_matches.html", "matches": matches, "item": item}
    if not standing:
        return row
    exact = any(match["exact"] for match in standing)
    agreed = any(match["agreed"] for match in standing)
    banks = len({match["bank"] for match in standing})
    return row | {
        "estimate": _now("the same file") if exact else _now("near copy"),
        "strength": 3 if exact else 2 if agreed else 1,
        "sentence": ngettext("%(n)d bank holds it.", "%(n)d banks hold it.", banks) % {"n": banks},
        "points_for": [match["brief"] for match in standing],
        "disagreement": "" if agreed else _now("PDQ sees the same picture and pHash does not."),
    }


def match_context(item: Item, viewer: User) -> dict[str, Any]:
    """{item, matches}: every match of *item* that exists for *viewer*, those that stand first."""
    rows = BankMatch.objects.for_user(viewer).filter(item=item)
    standing = set(rows.standing().values_list("pk", flat=True))
    found = list(rows.select_related("entry__bank", "frame").order_by("distance", "pk"))
    found.sort(key=lambda match: (match.pk not in standing, match.distance is not None, match.distance or 0))
    origins = _origins(found, viewer)
    said = _said(item, [match.entry_id for match in found])
    judges = viewer.may(Perm.DECIDE_CASE)
    matches = [
        _match(first, others, first.pk in standing, origins)
        | {"said": said[first.entry_id], "judge_url": _judge_url(first) if judges else ""}
        for first, *others in _together(found, standing)
    ]
    return {"item": item, "matches": matches, "verdicts": Verdict.choices}


def _together(found: list[BankMatch], standing: set[int]) -> list[list[BankMatch]]:
    """Matches with hashes of one picture, side by side: a bank may know it by digest and by PDQ."""
    pictures: dict[tuple[Any, ...], list[BankMatch]] = {}
    for match in found:
        entry = match.entry
        key = (entry.bank_id, match.pk in standing, entry.origin_ref or entry.pk)
        pictures.setdefault(key, []).append(match)
    return list(pictures.values())


def _match(
    match: BankMatch, others: list[BankMatch], stands: bool, origins: dict[UUID | None, dict[str, str]]
) -> dict[str, Any]:
    algorithm = str(ALGORITHMS.get(match.algorithm, match.algorithm))
    return {
        "id": str(match.public_id),
        "bank": match.entry.bank.name,
        "bank_url": reverse("bank", args=[match.entry.bank.public_id]),
        "exact": match.is_exact,
        "agreed": match.is_agreed,
        "brief": _brief(match),
        "ended": "" if stands else _ended(match),
        "facts": [
            {"label": _now("How"), "value": algorithm, "sub": _how(match, others)},
            *_numbers(match),
            {"label": _now("Origin"), "value": match.entry.origin or _now("not said"),
             **origins.get(match.entry.origin_item, {})},
            {"label": _now("Found"), "at": match.found_at,
             "sub": _now("when the entry was added later") if match.retroactive else ""},
        ],
    }  # fmt: skip


def _numbers(match: BankMatch) -> list[dict[str, Any]]:
    if match.is_exact:
        return []
    facts = [
        {"label": _now("Distance"), "value": _now("%(distance)d of 256") % {"distance": match.distance},
         "sub": _now("a match up to %(threshold)d") % {"threshold": match.threshold}},
        {"label": _now("Quality"), "value": _quality(match.quality),
         "sub": _now("the entry: %(quality)s") % {"quality": _quality(match.entry_quality)}},
    ]  # fmt: skip
    facts.append(
        {"label": _now("Made by"), "value": match.version or _now("not said"),
         "sub": _now("the entry: %(version)s") % {"version": match.entry_version or _now("not said")}}
    )  # fmt: skip
    if match.query_share is not None and match.clip_share is not None:
        shares = {"mine": round(100 * match.query_share), "theirs": round(100 * match.clip_share)}
        facts.append(
            {"label": _now("Frames"), "value": _now("%(mine)d %% of this film") % shares,
             "sub": _now("%(theirs)d %% of the known one") % shares}
        )  # fmt: skip
    if match.opinion_distance is not None:
        words = _now("agrees") if match.is_agreed else _now("does not agree")
        facts.append(
            {"label": _now("pHash, second opinion"), "value": words,
             "sub": _now("distance %(distance)d of 64, agrees up to %(threshold)d")
             % {"distance": match.opinion_distance, "threshold": match.opinion_threshold}}
        )  # fmt: skip
    return facts


def _quality(value: int | None) -> str:
    return _now("not said") if value is None else str(value)


def _how(match: BankMatch, others: list[BankMatch]) -> str:
    parts = []
    if others:
        names = [str(ALGORITHMS.get(other.algorithm, other.algorithm)) for other in others]
        parts.append(_now("also by %(algorithms)s") % {"algorithms": ", ".join(dict.fromkeys(names))})
    if match.turned:
        parts.append(str(TURNS.get(match.turned, match.turned)))
    if match.frame is not None:
        parts.append(_now("the frame at %(at).1f s") % {"at": match.frame.at_seconds})
    if match.entry.frame_at is not None:
        parts.append(_now("a known film at %(at).1f s") % {"at": match.entry.frame_at})
    return " · ".join(parts)


def _brief(match: BankMatch) -> str:
    if match.is_exact:
        return _now("“%(bank)s”, the same file") % {"bank": match.entry.bank.name}
    words = {"bank": match.entry.bank.name, "distance": match.distance}
    return _now("“%(bank)s”, distance %(distance)d of 256") % words


def _ended(match: BankMatch) -> str:
    """Why a match counts no longer."""
    entry, since = match.entry, match.entry.status_changed_at
    day = {"day": date_format(localtime(since), "SHORT_DATE_FORMAT") if since else ""}
    if entry.status == Entry.Status.WITHDRAWN:
        return _now("withdrawn since %(day)s") % day
    if entry.status == Entry.Status.DELETED:
        return _now("deleted at its source since %(day)s") % day
    if not entry.bank.active:
        return _now("the bank is switched off")
    return _now("outside the bank's thresholds as they are now")


def _origins(matches: list[BankMatch], viewer: User) -> dict[UUID | None, dict[str, str]]:
    """Where the case that an own entry came from can be opened, if it exists for *viewer*."""
    wanted = {match.entry.origin_item for match in matches if match.entry.origin_item is not None}
    items = Item.objects.for_user(viewer).filter(public_id__in=wanted).select_related("case")
    return {
        item.public_id: {
            "url": reverse("case", args=[item.case.public_id]),
            "sub": _now("from %(case)s") % {"case": item.case.number},
        }
        for item in items
    }


def _said(item: Item, entries: list[int]) -> defaultdict[int, list[str]]:
    """What people last said of the matches of *item*: entry -> "Mona: It is the same"."""
    newest: dict[tuple[int, int | None], Feedback] = {}
    rows = Feedback.objects.filter(item=item.public_id, entry__in=entries, by__isnull=False)
    for row in rows.select_related("by").order_by("pk"):
        newest[row.entry_id, row.by_id] = row
    said: defaultdict[int, list[str]] = defaultdict(list)
    for row in newest.values():
        name = row.by.name if row.by else ""
        said[row.entry_id].append(
            _now("%(name)s: %(verdict)s") % {"name": name, "verdict": row.get_verdict_display()}
        )
    return said


def _judge_url(match: BankMatch) -> str:
    return reverse("match_judge", args=[match.public_id])
