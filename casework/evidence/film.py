"""What the evidence panel shows of a film: its frames in a strip, and one of them on the stage."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from casework.accounts.models import User

from .models import Frame, Item, Playback, Reveal


def film_context(
    item: Item | None, chosen: Frame | None = None, *, user: User, session: str
) -> dict[str, Any] | None:
    """What ``_film.html`` asks for: *item*'s frames in a strip, the *chosen* one current; None for what is no film."""
    frames = [] if item is None else list(item.film_frames.all())
    if item is None or not frames:
        return None
    return {
        "frames": [_strip_frame(frame, chosen) for frame in frames],
        "words": _summary(item, frames),
        "chosen": chosen,
        "whole_url": f"{reverse('case_evidence', args=[item.case.public_id])}?item={item.public_id}",
        "reveal_url": reverse("frame_reveal", args=[chosen.public_id]) if chosen else None,
        "play_url": reverse("evidence_play", args=[item.public_id]),
        "play_at": f"{chosen.at_seconds:.3f}" if chosen else "0",
        "play_words": clock_words(chosen.at_seconds if chosen else 0),
        "playback": playback_context(_newest(item, user, session)),
    }


def _newest(item: Item, user: User, session: str) -> Playback | None:
    """What this person last asked for in this session, until it is watched or gone."""
    mine = Playback.objects.for_user(user).filter(item=item, session_hash=session, reveal=None)
    newest: Playback | None = mine.order_by("-pk").first()
    if newest is None or (newest.finished_at is not None and newest.blob_id is None and not newest.failure):
        return None
    return newest


def playback_context(playback: Playback | None) -> dict[str, Any] | None:
    """What ``_playback.html`` asks for: how far it is, ready to watch, or why there is nothing."""
    if playback is None:
        return None
    ready = playback.blob_id is not None and playback.reveal_id is None
    return {
        "url": reverse("playback", args=[playback.public_id]),
        "open_url": reverse("playback_open", args=[playback.public_id]),
        "making": playback.finished_at is None,
        "ready": ready,
        "failure": playback.failure,
        "share": f"{playback.progress:.2f}",
        "percent": int(playback.progress * 100),
        "length": clock_words(playback.seconds or 0),
        "at": clock_words(playback.start_seconds),
    }


def opened_film(reveal: Reveal) -> dict[str, Any]:
    """What the open stage needs more where a film is watched; nothing for a picture."""
    if reveal.playback_id is None:
        return {}
    film = Playback.objects.get(reveal=reveal)
    once = (reveal.expires_at - reveal.opened_at).total_seconds()
    return {
        "film_url": reverse("reveal_film", args=[reveal.public_id]), "width": film.width, "height": film.height,
        "whole": f"{once:.1f}",
    }  # fmt: skip


def frame_stage(frame: Frame, stage: dict[str, Any]) -> dict[str, Any]:
    """The stage of an item with one frame of it in place of the item's preview."""
    at = clock_words(frame.at_seconds)
    return stage | {
        "preview_url": reverse("frame_preview", args=[frame.public_id]),
        "words": _("Preview of the frame at %(at)s, grey, at most 24 by 24 of detail") % {"at": at},
        "caption": _("Frame at %(at)s") % {"at": at},
    }


def clock_words(seconds: float) -> str:
    """A place in a film as "1:07.5": minutes, seconds, tenths where there are any; hours in front of long ones."""
    tenths = int(max(0.0, seconds) * 10 + 1e-6)  # the place lies at or after what is said
    minutes, rest = divmod(tenths, 600)
    words = f"{rest // 10:02d}" + (f".{rest % 10}" if rest % 10 else "")
    return f"{minutes // 60}:{minutes % 60:02d}:{words}" if minutes >= 60 else f"{minutes}:{words}"


def _strip_frame(frame: Frame, chosen: Frame | None) -> dict[str, Any]:
    return {
        "url": reverse("film_frame", args=[frame.public_id]),
        "preview_url": reverse("frame_preview", args=[frame.public_id]),
        "at": clock_words(frame.at_seconds),
        "scene": frame.scene_start,
        "score": None if frame.explicit_score is None else f"{frame.explicit_score:.2f}",
        "current": chosen is not None and frame.pk == chosen.pk,
    }


def _summary(item: Item, frames: list[Frame]) -> str:
    scenes = sum(frame.scene_start for frame in frames)
    length = _("of unknown length") if item.duration is None else clock_words(item.duration)
    words = [
        _("Film, %(length)s") % {"length": length},
        ngettext("%(n)d frame sampled", "%(n)d frames sampled", len(frames)) % {"n": len(frames)},
        ngettext("%(n)d scene", "%(n)d scenes", scenes) % {"n": scenes},
    ]
    most = max(frames, key=lambda frame: -1.0 if frame.explicit_score is None else frame.explicit_score)
    if most.explicit_score is None:
        words.append(_("frames not scored"))
    else:
        where = {"score": most.explicit_score, "at": clock_words(most.at_seconds)}
        words.append(_("most explicit %(score).2f at %(at)s") % where)
    return " · ".join(words)
