"""An invented queue and an invented case, for the styleguide."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.templatetags.static import static


def signals() -> list[dict[str, Any]]:
    """One signal in each state."""
    return [
        {
            "question": "Is it explicit?",
            "state": "found",
            "estimate": "likely",
            "number": "0.94",
            "strength": 3,
            "sentence": "One model sees nudity with high probability.",
            "points_for": ["OpenNSFW 0.94"],
            "version": "opennsfw 1.0 · 224 × 224",
            "caveat": "for triage only; a score never decides",
        },
        {
            "question": "Was it made or altered by AI?",
            "state": "found",
            "estimate": "can’t tell",
            "number": "0.52",
            "strength": 2,
            "points_for": ["prompt text in a PNG chunk"],
            "points_against": ["camera make in EXIF"],
            "not_checked": ["watermark: the picture is too small"],
            "disagreement": "Metadata says AI, the camera block says photo.",
        },
        {
            "question": "Is it known?",
            "state": "not_found",
            "strength": 0,
            "sentence": "No near match in 3 banks.",
        },
        {
            "question": "Where does it come from?",
            "state": "failed",
            "not_checked": ["C2PA: the manifest could not be read"],
        },
        {
            "question": "Noise",
            "state": "found",
            "strength": 1,
            "folded": True,
            "sentence": "One part is smoother than the rest.",
            "version": "noise 1",
            "map": {
                "url": static("img/sample-preview.png"),
                "width": 24,
                "height": 16,
                "words": "strongest: upper left",
            },
        },
        {"question": "Is there speech?", "state": "not_applicable", "sentence": "This is a still picture."},
        {
            "question": "How many faces?",
            "state": "not_checked",
            "not_checked": ["no face model is installed"],
        },
    ]


def queue(now: datetime) -> list[dict[str, Any]]:
    """Rows of a queue: late, soon, restricted, free, held."""

    def row(number: int, start: float, due: float, **more: Any) -> dict[str, Any]:
        hours = {"started_at": now + timedelta(hours=start), "due_at": now + timedelta(hours=due)}
        base = {
            "url": "#case",
            "reference": f"CW-{number}",
            "select_name": "case",
            "select_value": number,
            "claim_url": "#claim",
        }
        return base | hours | more

    return [
        row(
            1038,
            -50,
            -2,
            who="Depicted person",
            what="2 links",
            badges=[{"text": "not scored: no file"}],
            because="clock 48 h is over by 2 h",
        ),
        row(
            1042,
            -44.8,
            3.2,
            who="Depicted person",
            what="2 links, 1 image",
            holder="milo is looking",
            badges=[
                {"text": "explicit"},
                {"text": "AI-made likely"},
                {"text": "known ×1", "icon": "square-2-stack"},
            ],
            because="clock 48 h at 93 % · near match in “Own removals”, distance 6",
        ),
        row(
            1047,
            -2,
            46,
            who="Parent or guardian",
            what="1 image",
            restricted=True,
            badges=[{"text": "Restricted", "tone": "caution", "icon": "lock-closed"}],
            because="the report says “under 18”: restricted at once",
        ),
        row(
            1039,
            -27,
            21,
            who="Trusted flagger",
            what="4 links",
            badges=[{"text": "not scored: no file"}],
            because="trusted flagger · 4 places",
        ),
        row(
            1051,
            -0.2,
            47.8,
            who="Representative",
            what="3 images",
            badges=[{"text": "explicit: can’t tell"}],
            because="in order of arrival; nothing else stands out",
        ),
        row(
            1044,
            -6,
            42,
            who="Somebody else",
            what="1 link",
            holder="held until Tuesday",
            badges=[],
            because="held by you: waiting for the reporter’s answer",
        ),
    ]


def timeline(now: datetime) -> list[dict[str, Any]]:
    """What happened to a case, newest first."""
    return [
        {
            "when": now - timedelta(minutes=4),
            "who": "mona",
            "what": "Looked for 6 s",
            "detail": "reason: signals disagree",
            "icon": "eye",
            "seq": "#4 211",
        },
        {
            "when": now - timedelta(minutes=9),
            "who": "mona",
            "what": "Claimed the case",
            "icon": "hand-raised",
            "tone": "accent",
        },
        {
            "when": now - timedelta(hours=3),
            "who": "worker",
            "what": "Scored 3 items",
            "detail": "1 could not be opened: cut short",
            "icon": "beaker",
        },
        {
            "when": now - timedelta(hours=44),
            "who": "reporter",
            "what": "Reported by the person depicted",
            "icon": "inbox-arrow-down",
        },
    ]


def case(now: datetime) -> dict[str, Any]:
    """Everything the sample case page shows."""
    return {
        "case": {
            "reference": "CW-1042",
            "state_words": "Under review by you",
            "lease_words": "lease 9 min",
            "clock_label": "US 48 h",
            "started_at": now - timedelta(hours=44.8),
            "due_at": now + timedelta(hours=3.2),
        },
        "actions": [
            {"text": "Hold", "key": "h", "dialog": "sample-dialog", "icon": "pause"},
            {"text": "Skip", "key": "s", "dialog": "sample-dialog", "icon": "forward"},
            {"text": "Escalate", "key": "e", "dialog": "sample-dialog", "icon": "arrow-up-right"},
        ],
        "case_tabs": [
            {"label": "Evidence", "url": "#evidence", "current": True, "count": 3},
            {"label": "What we know", "url": "#known"},
            {"label": "Decide", "url": "#decide"},
        ],
        "report_facts": [
            {"label": "Reported", "at": now - timedelta(hours=44.8), "sub": "by the person depicted"},
            {"label": "Statement", "value": "no consent, signed"},
            {"label": "Places", "value": "2 links", "url": "#links"},
            {"label": "Uploader", "value": "2 earlier removals"},
            {"label": "SHA-256", "value": "9f2c…41aa", "mono": True},
        ],
        "outcomes": [
            ("1", "Remove", "second person"),
            ("2", "Restrict", ""),
            ("3", "Keep", ""),
            ("4", "Need more", ""),
            ("m", "Suspected minor", "restricts at once"),
        ],
        "reasons": [
            ("", "Why do you need to look?"),
            ("1", "1 · signals disagree"),
            ("2", "2 · to tell two items apart"),
        ],
        "stage": {
            "preview_url": static("img/sample-preview.png"),
            "width": 24,
            "height": 16,
            "words": "Item 1: preview of at most 24 pixels, grey. No detail can be seen.",
            "caption": "Item 1 of 3 · grey, 24 × 16 of detail",
            "looked": "you looked 6 s",
            "boxes": [
                {"label": "face", "x": 22, "y": 18, "w": 18, "h": 30},
                {"label": "region", "x": 55, "y": 40, "w": 25, "h": 35},
            ],
        },
        "blank_stage": {
            "caption": "Item 3 of 3",
            "none_words": "Stored, could not be opened: the file is cut short.",
        },
        "items": [
            {
                "url": "#1",
                "number": 1,
                "label": "Item 1, image",
                "current": True,
                "width": 24,
                "height": 16,
                "preview_url": static("img/sample-preview.png"),
            },
            {"url": "#2", "number": 2, "label": "Item 2, link"},
            {
                "url": "#3",
                "number": 3,
                "label": "Item 3, could not be opened",
                "icon": "exclamation-triangle",
            },
        ],
    }
