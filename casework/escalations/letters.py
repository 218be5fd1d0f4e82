"""Words that reporters may use as their own: how to hand the document over, and letters to the police and to a host.

What stands in [brackets] is for them to fill in. No letter describes what is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from casework.reports.codes import shown_reference
from casework.reports.models import Report, ReporterRole

from .package.sheet import Section

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

ADVICE: tuple[StrOrPromise, ...] = (
    _("You need not. If you do, take somebody along whom you trust; you may ask for that beforehand."),
    _(
        "Hand over the document of your report, and what you noted yourself: links, names, times, messages, threats."
    ),
    _("Ask for the number of your case there, and whom to call. Write both down."),
    _("If they ask for a picture, tell them to ask the desk named in the document for what it keeps."),
    _("Where somebody is under 18, never save, print or send a picture, not to the police either."),
    _("You need not tell more than you want to on the first day. You may ask for an interpreter."),
    _("Keep your access code to yourself. The police do not need it: the reference is enough for them."),
)
POLICE: tuple[StrOrPromise, ...] = (
    _("To the police in [town]"),
    _(
        "I want to report that intimate pictures or videos of a person were shared, made or altered without that "
        "person's agreement. %(who)s"
    ),
    _("They are or were at:\n%(places)s"),
    _(
        "I noticed it on [date]. [Who may have done it, and why I think so. Whether there were threats. What it did "
        "to me.]"
    ),
    _(
        "I reported it to %(desk)s under the reference %(reference)s. What they keep, they can be asked for by the "
        "police or a court."
    ),
    _(
        "Please confirm that you received this, and tell me the number of the case. Please send no letters to [an "
        "address that is not safe]."
    ),
    _("[Name, date, signature, a safe way to reach me]"),
)
HOST: tuple[StrOrPromise, ...] = (
    _("To [the company]"),
    _("Please take down what is at these places, and every identical copy of it:\n%(places)s"),
    _(
        "It shows a person in an intimate way who did not agree to that. %(who)s I say so in good faith, and what I "
        "write here is true as far as I know."
    ),
    _(
        "Please do it at once, keep for the police what shows who put it there, and tell me when it is done. Where the "
        "TAKE IT DOWN Act of the United States applies to you, you have 48 hours from this request."
    ),
    _("I reported it to %(desk)s as well, under the reference %(reference)s."),
    _("Do not pass my name on to whoever shared it."),
    _("[Name as a signature, date, a safe way to reach me]"),
)


def advice() -> Section:
    """How to hand the document over, in plain words."""
    return Section(_now("If you go to the police"), tuple(str(words) for words in ADVICE))


def letters(report: Report, places: Sequence[str]) -> list[Section]:
    """A letter to the police and one to a company, about *places*, in the language that is active."""
    depicted = report.role == ReporterRole.DEPICTED
    told = {
        "who": _now("I am the person shown.") if depicted else _now("I act for the person shown."),
        "places": "\n".join(places) or _now("[the links]"),
        "desk": settings.DESK_NAME or _now("[the desk]"),
        "reference": shown_reference(report.reference),
    }
    return [
        Section(_now("A letter to the police, to make your own"), _filled(POLICE, told)),
        Section(_now("A letter to a company, to make your own"), _filled(HOST, told)),
    ]


def _filled(letter: Sequence[StrOrPromise], told: dict[str, str]) -> tuple[str, ...]:
    return tuple(str(words) % told for words in letter)
