"""What a report says, whichever door it came through, and which of the four elements it holds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.privacy.blind import blind_index

from .models import AgeAtTheTime, Element, MadeHow, ReporterRole

#: What each element is called in a sentence to the reporter.
ELEMENT_WORDS = {
    Element.Kind.SIGNATURE: gettext_lazy("your typed signature"),
    Element.Kind.IDENTIFICATION: gettext_lazy("where it is (a link or an account name)"),
    Element.Kind.STATEMENT: gettext_lazy("the statement that the person shown did not agree to it"),
    Element.Kind.CONTACT: gettext_lazy("a way to reach you"),
}


def missing_sentence(missing: Iterable[str]) -> str:
    """What is missing for a complete request, and that nobody waits for it."""
    names = "; ".join(str(ELEMENT_WORDS[Element.Kind(kind)]) for kind in missing)
    return _(
        "Something that the law asks for is missing: %(names)s. We work on your report all the same and its deadline "
        "stays as it is. You can add what is missing on your status page."
    ) % {"names": names}


@dataclass(frozen=True, kw_only=True)
class ReportFacts:
    """Everything a report says in words. Links are absolute http(s) addresses, *contact* has at least ``address``."""

    role: str
    age_at_the_time: str = AgeAtTheTime.NOT_SAID
    made_how: str = MadeHow.UNKNOWN
    in_danger: bool = False
    links: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    description: str = ""
    statement: str = ""
    no_consent: bool = False
    accurate: bool = False
    signature: str = ""
    authorisation: str = ""
    contact: Mapping[str, str | bool] | None = None
    #: ``PassingOn.Kind`` -> ``PassingOn.Choice``; empty where nobody was asked.
    passing_on: Mapping[str, str] = field(default_factory=dict)
    language: str = "en"

    @property
    def minor_indicated(self) -> bool:
        """Whether the case is restricted from its first moment: "under 18" or "don't know"."""
        return self.age_at_the_time in (AgeAtTheTime.MINOR, AgeAtTheTime.UNKNOWN)

    @property
    def from_depicted_person(self) -> bool:
        """Whether the person depicted speaks, or somebody who acts for them."""
        return self.role != ReporterRole.SOMEBODY_ELSE

    @property
    def ai_claimed(self) -> bool | None:
        """True for "made with AI", False for "real", None for "don't know"."""
        return {MadeHow.AI: True, MadeHow.REAL: False}.get(MadeHow(self.made_how))

    def elements(self) -> dict[str, bool]:
        """Which elements of 47 USC 223a(a)(1)(B) are present; formal presence only, people judge the rest."""
        return {
            Element.Kind.SIGNATURE: bool(self.signature.strip()),
            Element.Kind.IDENTIFICATION: bool(self.links or self.accounts),
            Element.Kind.STATEMENT: self.no_consent,
            Element.Kind.CONTACT: bool(self.contact and self.contact.get("address")),
        }

    def fingerprint(self, files: list[tuple[str, str]]) -> str:
        """64 hex digits that equal facts and files ((name, SHA-256) in order) share. Keyed: the row tells nothing."""
        said = json.dumps([asdict(self), files], sort_keys=True, ensure_ascii=False)
        return blind_index("report-fingerprint", said).hex()
