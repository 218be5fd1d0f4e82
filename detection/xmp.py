"""Single properties out of XMP, by bounded patterns: no XML parser sees hostile bytes, so no entity expands.

Sources: XMP specification part 1 (a simple property is an attribute or an element), IPTC Photo Metadata
Standard 2025.1.
"""

from __future__ import annotations

import html
import re
from itertools import islice

MOST_CANDIDATES = 8
LONGEST_VALUE = 65_536

_NAME = re.compile(r"[A-Za-z]{1,40}\Z")
_PREFIX = re.compile(r"(</|<|\s)[\w.-]{1,40}\Z")
_ATTRIBUTE = re.compile(r"\s{0,20}=\s{0,20}(?:\"([^\"]*)\"|'([^']*)')")
_ELEMENT = re.compile(r"([^<>]{0,500})>")
_RESOURCE = re.compile(r"resource\s{0,20}=\s{0,20}[\"']([^\"']{1,500})")
_LIST = re.compile(
    r"\s{0,200}<[\w.-]{1,40}:(?:Alt|Bag|Seq)\b[^<>]{0,200}>\s{0,200}<[\w.-]{1,40}:li\b[^<>]{0,200}>"
)


def property_of(xmp: str, name: str) -> str:
    """The first value of the property with this local name, whatever its prefix; empty where there is none.

    Reads the attribute form, the element form, ``rdf:resource`` and the first item of a list. Only the first
    few places where the name stands are looked at.
    """
    if not _NAME.match(name):
        raise ValueError(f"not a property name: {name}")
    places = islice(re.finditer(rf":{name}(?=[\s=>/])", xmp), MOST_CANDIDATES)
    for place in places:
        prefix = _PREFIX.search(xmp[max(0, place.start() - 42) : place.start()])
        if prefix is None or prefix[1] == "</":
            continue
        value = _value(xmp[place.end() : place.end() + LONGEST_VALUE])
        if value:
            return value
    return ""


def _value(window: str) -> str:
    attribute = _ATTRIBUTE.match(window)
    if attribute:
        return html.unescape(attribute[1] or attribute[2] or "").strip()
    opening = _ELEMENT.match(window)
    if opening is None:
        return ""
    resource = _RESOURCE.search(opening[1])
    if resource:
        return html.unescape(resource[1]).strip()
    if opening[1].rstrip().endswith("/"):
        return ""
    listed = _LIST.match(window, opening.end())
    start = listed.end() if listed else opening.end()
    return html.unescape(window[start:].partition("<")[0]).strip()
