"""``{% if request.user|may:"decide_case" %}``: a template asks the same table as a door."""

from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def may(user: object, permission: str) -> bool:
    """Whether *user* holds *permission*; nobody signed in holds none."""
    return bool(getattr(user, "is_authenticated", False) and user.may(permission))  # type: ignore[attr-defined]
