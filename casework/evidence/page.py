"""What the evidence panel and the page of one item show to one person."""

from __future__ import annotations

import math
from typing import Any

from django.conf import settings
from django.db.models import Sum
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.accounts.permissions import Perm
from casework.audit.log import timeline
from casework.cases.models import Case
from casework.ui.durations import duration_words
from casework.wellbeing import meter

from . import wording_traces
from .actions.again import AGAIN
from .film import film_context, opened_film
from .heatmaps import heat_map
from .knowing import what_we_know
from .models import Item, Reveal, RevealReason, Trace
from .outcomes import outcome_context
from .regions import summed, what_and_where

TRACES_SHOWN = 50


def panel_context(
    case: Case, user: User, *, session: str, chosen: str = "", plain: bool = False, **more: Any
) -> dict[str, Any]:
    """The panel of *case* with one item on the stage: the one whose public id is *chosen*, else the first.

    *plain*: boxes on a grey plane instead of the preview.
    """
    items = list(Item.objects.for_user(user).filter(case=case).prefetch_related("signals"))
    item = next((each for each in items if str(each.public_id) == chosen), items[0] if items else None)
    context: dict[str, Any] = {
        "case": case,
        "item": item,
        "strip": [_strip_item(each, item) for each in items],
    }
    context["back_url"] = reverse("case", args=[case.public_id])
    if item is None:
        return context | more
    living = Reveal.objects.for_user(user).filter(
        item=item, session_hash=session, closed_at__isnull=True, expires_at__gt=Now()
    )
    return (
        context
        | {
            "panel_url": f"{reverse('case_evidence', args=[case.public_id])}?item={item.public_id}",
            "stage": stage(item, user, len(items), plain=plain),
            "views": _views(item, plain=plain),
            "film": film_context(item, user=user, session=session),
            "opened": opened_context(living.last()),
            "may_reveal": user.may(Perm.REVEAL_EVIDENCE) and item.rendition_id is not None,
            "reasons": list(enumerate(RevealReason.choices, start=1)),
            "reveal_seconds": settings.REVEAL_SECONDS,
            "facts": facts(item),
            "meter": meter.for_person(user),
        }
        | what_we_know(item, user)
        | more
    )


def stage(item: Item, user: User, count: int, *, plain: bool = False) -> dict[str, Any]:
    """What ``components/stage.html`` asks for; *plain* leaves the preview out and shows what a region model saw."""
    width, height = item.width or 4, item.height or 3
    seen = what_and_where(item)
    position = {"n": item.position, "count": count}
    is_film = item.duration is not None
    caption = _("Item %(n)d of %(count)d") % position
    words = _("Preview of item %(n)d, grey, at most 24 by 24 of detail") % position
    if plain:
        words = _("Item %(n)d as boxes on a grey plane") % position
    if seen["boxes"]:
        words += f": {summed(seen['boxes'])}"
    return {
        "preview_url": reverse("evidence_preview", args=[item.public_id]) if item.preview_id else None,
        "width": width,
        "height": height,
        "words": words,
        "caption": caption if is_film or not seen["ran"] else f"{caption} · {seen['words']}",
        "looked": _("you looked %(time)s") % {"time": duration_words(math.ceil(looked(item, user)))},
        "none_words": _none_words(item),
        "none_icon": "clock" if item.state == Item.State.STORED else "eye-slash",
        "boxes": seen["boxes"],
        "text_size": max(width, height) // 24 or 1,
        "plain": plain,
        "plain_words": seen["words"] if plain and not seen["boxes"] else "",
    }


def _views(item: Item, *, plain: bool) -> list[dict[str, Any]]:
    """The two ways to see an item before a reveal; none where there is nothing to see, or a film's frames do it."""
    if item.preview_id is None or item.duration is not None:
        return []
    address = f"{reverse('case_evidence', args=[item.case.public_id])}?item={item.public_id}"
    return [
        {"text": _("Preview"), "url": address, "current": not plain, "key": "v"},
        {"text": _("What and where"), "url": f"{address}&show=regions", "current": plain, "key": "w"},
    ]


def looked(item: Item, user: User) -> float:
    """Seconds that *user* has looked at *item* so far."""
    total = Reveal.objects.for_user(user).filter(item=item).aggregate(total=Sum("seconds"))["total"]
    return float(total or 0)


def opened_context(reveal: Reveal | None) -> dict[str, Any] | None:
    """What the open stage needs of a living reveal; None for none."""
    if reveal is None:
        return None
    left = max(0.0, (reveal.expires_at - timezone.now()).total_seconds())
    return {
        "reveal": reveal,
        # another address once coloured: a browser may reuse a picture it still holds under the old one
        "image_url": reverse("reveal_image", args=[reveal.public_id])
        + ("?c=1" if reveal.coloured_at else ""),
        "left": f"{left:.1f}",
        "refresh_after": math.ceil(left),
        "whole": settings.REVEAL_SECONDS * (2 if reveal.extended_at else 1),
        **opened_film(reveal),
    }


def map_of(item: Item, name: str) -> bytes | None:
    """The heat map of one signal of an item as a PNG; None where it has none."""
    signal = item.signals.filter(name=name).first()
    drawn = heat_map(signal) if signal is not None else None
    return drawn.drawn() if drawn is not None else None


def facts(item: Item) -> list[dict[str, Any]]:
    """What is known of the file itself."""
    found: list[dict[str, Any]] = [
        {"label": _("State"), "value": item.get_state_display(), "sub": item.reason},
        {"label": _("Received"), "at": item.received_at},
    ]
    if item.width and item.height:
        size = _("%(format)s, %(width)d × %(height)d pixels") % {
            "format": item.format, "width": item.width, "height": item.height,
        }  # fmt: skip
        found.append({"label": _("Film") if item.duration is not None else _("Picture"), "value": size})
    found.append({"label": "SHA-256", "value": item.sha256, "mono": True})
    return found


def item_context(item: Item, user: User) -> dict[str, Any]:
    """The page of one item: its facts and every entry of its custody, oldest first."""
    custody = list(reversed(timeline(item.case, viewer=user, subject=item)))
    return {
        "item": item,
        "case": item.case,
        "facts": [
            *facts(item),
            {"label": "MD5", "value": item.md5, "mono": True},
            {"label": _("Last checked"), "at": item.verified_at} if item.verified_at else
            {"label": _("Last checked"), "value": _("not since it was received")},
        ],
        "custody": custody,
        "may_verify": user.may(Perm.VERIFY_EVIDENCE),
        "may_examine_again": user.may(Perm.EXAMINE_AGAIN) and item.state in AGAIN,
        **what_we_know(item, user),
        **outcome_context(item, user),
    }  # fmt: skip


def traces_context(user: User) -> dict[str, Any]:
    """The page on which copies are handed in: the newest traces that this person may know of."""
    found = Trace.objects.for_user(user).select_related("person", "item__case", "mark__reveal__person")
    return {
        "head": [_("Answer"), _("Case"), _("Asked by"), _("When")],
        "rows": [wording_traces.row(trace) for trace in found[:TRACES_SHOWN]],
        "largest": settings.UPLOAD_MAX_FILE_BYTES,
    }


def _strip_item(item: Item, current: Item | None) -> dict[str, Any]:
    return {
        "url": f"{reverse('case_evidence', args=[item.case.public_id])}?item={item.public_id}",
        "number": item.position,
        "label": _("Item %(n)d, %(state)s") % {"n": item.position, "state": item.get_state_display()},
        "current": item == current,
        # No picture: drawn small, 24 pixels are easier to recognise than drawn large.
        "icon": "photo",
    }


def _none_words(item: Item) -> str:
    if item.state == Item.State.STORED:
        return _("The file is stored and waits for its examination.")
    return (
        _("There is no preview: %(reason)s") % {"reason": item.reason}
        if item.reason
        else _("There is no preview.")
    )
