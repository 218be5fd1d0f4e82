"""Template tags that every door shares: times in words, icons, clocks, query strings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.forms import BoundField, Form
from django.template import Context
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from heroicons.templatetags.heroicons import heroicon_micro, heroicon_mini, heroicon_outline

from casework.ui import durations
from casework.ui.durations import exact_time

register = template.Library()

_ICON_SIZES = {16: heroicon_micro, 20: heroicon_mini, 24: heroicon_outline}


@register.simple_tag
def relative_time(moment: datetime | None, *, focusable: bool = True) -> str:
    """``<time>`` that reads "3 h ago"; the exact time shows on hover and on keyboard focus. Nothing for None.

    Pass ``focusable=False`` inside rows and links, where another tab stop would be in the way.
    """
    if not moment:
        return ""
    exact = exact_time(moment)
    return format_html(
        '<time class="time" datetime="{}" title="{}" data-exact="{}" data-relative{}>{}</time>',
        moment.isoformat(timespec="seconds"),
        exact,
        exact,
        SafeString(' tabindex="0"') if focusable else "",
        durations.ago_words(moment, timezone.now()),
    )


@register.filter
def duration_words(length: timedelta | float | None) -> str:
    """Seconds or a timedelta as "3 h 10 min"; an empty string for None."""
    return "" if length is None or length == "" else durations.duration_words(length)


@register.filter
def exact(moment: datetime | None) -> str:
    """The exact time in the person's zone; an empty string for None."""
    return exact_time(moment) if moment else ""


@register.filter
def to_the_second(moment: datetime | None) -> str:
    """The exact time with its seconds, as the log tells it; an empty string for None."""
    return durations.to_the_second(moment) if moment else ""


@register.simple_tag
def icon(name: str, *, size: int = 16) -> str:
    """A heroicon as inline SVG, hidden from screen readers; *size* is 16, 20 or 24 px."""
    return _ICON_SIZES[size](name, size=size, **{"class": "icon", "aria_hidden": "true"})


@register.inclusion_tag("components/clock.html")
def clock(
    *,
    due_at: datetime | None,
    started_at: datetime | None = None,
    stopped_at: datetime | None = None,
    label: str = "",
    focusable: bool = False,
) -> dict[str, Any]:
    """A ring with words: what is left of a legal clock, or how it ended. *label*: "US 48 h"."""
    # A name that a template does not know arrives as "".
    face = durations.clock_face(
        due_at=due_at or None, started_at=started_at or None, stopped_at=stopped_at or None
    )
    return {"face": face, "label": label, "started_at": started_at, "focusable": focusable}


@register.simple_tag(takes_context=True)
def query_with(context: Context, **changes: object) -> str:
    """The current query string with *changes* applied, as "?a=1&b=2"; None or "" removes a key."""
    query = context["request"].GET.copy()
    for key, value in changes.items():
        if value in (None, ""):
            query.pop(key, None)
        else:
            query[key] = str(value)
    return f"?{query.urlencode()}" if query else "?"


@register.filter
def widget_kind(field: BoundField) -> str:
    """How a bound field is laid out: text, textarea, select, checkbox, choices, file or hidden."""
    widget = field.field.widget
    if widget.is_hidden:
        return "hidden"
    kinds = {"radio": "choices", "checkbox": "checkbox", "select": "select", "file": "file"}
    if getattr(widget, "allow_multiple_selected", False) and getattr(widget, "input_type", "") == "checkbox":
        return "choices"
    if type(widget).__name__ == "Textarea":
        return "textarea"
    return kinds.get(str(getattr(widget, "input_type", "")), "text")


@register.filter
def described_control(field: BoundField) -> SafeString:
    """The field's control with its class; help and error are tied to it by id."""
    kind = widget_kind(field)
    attrs: dict[str, Any] = {"class": {"select": "select-control", "checkbox": "tick"}.get(kind, "input")}
    described = [f"{field.auto_id}_error"] if field.errors else []
    described += [f"{field.auto_id}_helptext"] if field.help_text else []
    if described:
        attrs["aria-describedby"] = " ".join(described)
    if field.errors:
        attrs["aria-invalid"] = "true"
    return field.as_widget(attrs=attrs)


@register.filter
def errors_in(form: Form) -> list[dict[str, str]]:
    """Every error of *form* in reading order, as {"text", "href"}; errors of the whole form have no href."""
    found = [{"text": str(text), "href": ""} for text in form.non_field_errors()]
    for field in form:
        target = f"#{field.id_for_label or field.auto_id}"
        found += [{"text": f"{field.label}: {text}", "href": target} for text in field.errors]
    return found


@register.simple_tag
def ui_words() -> str:
    """The words that scripts put on the page, as JSON: they speak the language of the page, not their own."""
    words: Mapping[str, str] = {
        "now": _("just now"),
        "min": _("%(n)d min ago"),
        "h": _("%(n)d h ago"),
        "d": _("%(n)d d ago"),
        "left": _("%(left)s left"),
        "late": _("%(late)s late"),
        "len_s": _("%(s)d s"),
        "len_m": _("%(m)d min"),
        "len_hm": _("%(h)d h %(m)d min"),
        "len_h": _("%(h)d h"),
        "len_dh": _("%(d)d d %(h)d h"),
        "kept": _("kept"),
        "keeping": _("keeping…"),
        "not_kept": _("not kept: no connection. Your words stay on this page; it tries again."),
        "signed_out": _("You are signed out. What you typed is still here."),
        "sign_in": _("Sign in in a new tab"),
        "broken": _("That did not work, and nothing was changed. Try again."),
        "offline": _("No connection: nothing was changed. Try again when you are online."),
        "login": reverse("account_login"),
        "refused": _(
            "not kept: you no longer hold this, or you are signed out. Your words stay on this page."
        ),
    }
    return json.dumps(words, ensure_ascii=False)
