"""Invented content for the styleguide: every component in every state, a queue, a case."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.utils import timezone

from . import sample_case

SWATCHES = [
    "ground",
    "surface",
    "sunken",
    "raised",
    "hover",
    "pressed",
    "ink",
    "ink-soft",
    "line",
    "line-strong",
    "edge",
    "accent",
    "accent-wash",
    "accent-solid",
    "info",
    "info-wash",
    "good",
    "good-wash",
    "caution",
    "caution-wash",
    "danger",
    "danger-wash",
]


class Notice(str):
    """A message as Django's messages framework gives it to a template."""

    level_tag: str

    def __new__(cls, text: str, level_tag: str) -> Notice:
        notice = super().__new__(cls, text)
        notice.level_tag = level_tag
        return notice


class SampleForm(forms.Form):
    """One field of every kind, with help, and in error when bound to nothing."""

    reference = forms.CharField(label="Case number", help_text="Like CW-1042.")
    reason = forms.CharField(label="Reason", widget=forms.Textarea(attrs={"rows": 3}), required=False)
    policy = forms.ChoiceField(
        label="Policy", choices=[("", "Choose one"), ("ncii", "NCII, AI-made"), ("voyeur", "Hidden camera")]
    )
    role = forms.ChoiceField(
        label="Who is writing?",
        widget=forms.RadioSelect,
        choices=[("self", "The person depicted"), ("rep", "Somebody they asked"), ("other", "Somebody else")],
    )
    places = forms.MultipleChoiceField(
        label="Where was it seen?",
        widget=forms.CheckboxSelectMultiple,
        choices=[("post", "A post"), ("account", "An account"), ("message", "A message")],
        required=False,
    )
    sure = forms.BooleanField(
        label="I have read this twice", help_text="Nothing happens before the last page."
    )


def frame() -> dict[str, Any]:
    """A frame as a senior moderator sees it, for the sample pages."""
    rail = [
        ("Queue", "queue-list", "g q", 128),
        ("Mine", "user", "g m", 3),
        ("Held", "pause-circle", "g h", 4),
        ("To approve", "users", "g a", 1),
        ("Search", "magnifying-glass", "g s", None),
        ("Log", "document-text", "g l", None),
    ]
    return {
        "person": {
            "name": "Mona Moreau",
            "first_name": "Mona",
            "role_label": "senior moderator",
            "cleared": True,
        },
        "nav": [
            {
                "label": label,
                "url": f"#{label}",
                "icon": icon,
                "key": key,
                "count": count,
                "current": label == "Queue",
            }
            for label, icon, key, count in rail
        ],
        "own": [
            {"label": "What I looked at", "url": "#", "icon": "eye"},
            {"label": "Password", "url": "#", "icon": "lock-closed"},
        ],
        "due": {"words": "2 due in 1 h", "state": "soon", "url": "#due"},
        "meter": {"words": "4 min", "value": 4, "max": 12, "url": "#meter"},
        "search_url": "#search",
        "next_url": "#next",
        "demo": True,
    }


def styleguide() -> dict[str, Any]:
    """The whole context of ``ui/styleguide.html``."""
    now = timezone.now()
    bound = SampleForm({"reference": "", "reason": "They wrote again."})
    clocks = {"due_at": None}, {"due_at": now + timedelta(hours=40), "started_at": now - timedelta(hours=8)}
    return sample_case.case(now) | {
        "frame": frame(),
        "step": 3,
        "steps": 7,
        "form": SampleForm(),
        "bound": bound,
        "tones": ["", "info", "good", "caution", "danger"],
        "signals": sample_case.signals(),
        "rows": sample_case.queue(now),
        "entries": sample_case.timeline(now),
        "clocks": [
            *clocks,
            {
                "due_at": now + timedelta(hours=3, minutes=10),
                "started_at": now - timedelta(hours=45),
                "label": "US 48 h",
            },
            {"due_at": now - timedelta(hours=2), "started_at": now - timedelta(hours=50)},
            {"due_at": now, "started_at": now - timedelta(hours=48), "stopped_at": now - timedelta(hours=4)},
            {
                "due_at": now - timedelta(hours=5),
                "started_at": now - timedelta(hours=53),
                "stopped_at": now - timedelta(hours=1),
            },
        ],
        "filters": [
            {"text": "All", "count": 128, "current": True},
            {"text": "Due soon", "count": 9},
            {"text": "Suspected minor", "count": 2},
            {"text": "Trusted flaggers", "count": 6},
            {"text": "Held", "count": 4},
        ],
        "sorts": [("urgency", "urgency"), ("age", "oldest first")],
        "tabs": [
            {"label": "Open", "url": "#open", "current": True, "count": 12},
            {"label": "Decided", "url": "#decided"},
        ],
        "page": Paginator(range(128), 25).page(2),
        "table_head": ["When", "Who", "What", {"text": "Seconds", "num": True}],
        "table_rows": [
            [
                {"at": now - timedelta(minutes=5)},
                "mona",
                {"text": "Revealed item 1", "url": "#", "sub": "signals disagree"},
                {"text": "6", "num": True},
            ],
            [
                {"at": now - timedelta(days=2)},
                "sena",
                {"badge": "decided", "tone": "good"},
                {"text": "0", "num": True},
            ],
        ],
        "notices": [
            Notice("Decided. Two effects are open; you are told when they are confirmed.", "success"),
            Notice("3 cases were handed to milo.", "info"),
            Notice("Your lease ends in one minute.", "warning"),
            Notice("milo decided this case first. What you typed is kept below.", "error"),
        ],
        "swatches": SWATCHES,
        "icons": [
            "queue-list",
            "user",
            "pause-circle",
            "clock",
            "eye",
            "lock-closed",
            "shield-check",
            "flag",
        ],
        "sizes": ["12", "14", "16", "20", "24", "32"],
    }
