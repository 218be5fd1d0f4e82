"""Which partners fit a case, and which can't be sent anything, each in words."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.cases.models import Case, Policy
from casework.partners.models import Accepts, Partner
from casework.partners.reading import why_not_as_read

from . import reading


@dataclass(frozen=True)
class Fit:
    """A partner beside a case: what speaks for it, and why it can't be chosen (nothing: it can)."""

    partner: Partner
    matches: tuple[str, ...]
    #: Codes of the reporter's languages that it works in.
    languages: tuple[str, ...]
    #: Whether it works in the country concerned.
    in_country: bool
    obstacles: tuple[str, ...]

    @property
    def weight(self) -> int:
        """How much speaks for it: what it takes on, where it works, that it understands the reporter."""
        return len(self.matches) + bool(self.languages) + self.in_country

    @property
    def choosable(self) -> bool:
        """Whether a draft to it may begin."""
        return not self.obstacles


def needs_of(case: Case) -> set[str]:
    """What a partner has to take on for this case, as codes of ``Accepts``."""
    needs: set[str] = {Accepts.MINOR} if case.minor_indicated or case.restricted else {Accepts.ADULT}
    if case.ai_claimed or case.synthetic_found:
        needs.add(Accepts.AI)
    if case.decisions.filter(policy=Policy.NCII_THREAT).exists():
        needs.add(Accepts.THREAT)
    if case.danger_indicated:
        needs.add(Accepts.SUPPORT)
    return needs


def fitting(case: Case, user: User, country: str = "") -> list[Fit]:
    """The whole directory for one case and *country* (two letters, empty for unknown): what fits best first, what
    can't be chosen last."""
    needs = needs_of(case)
    languages = {each.split("-")[0] for each in case.reports.values_list("language", flat=True)}
    fits = [_fit(partner, needs, languages, country) for partner in reading.all_partners(user)]
    return sorted(fits, key=lambda fit: (not fit.choosable, -fit.weight, fit.partner.organisation.name))


def _fit(partner: Partner, needs: set[str], languages: set[str], country: str) -> Fit:
    matches = [
        str(Accepts(code).label) for code in Accepts.values if code in needs and code in partner.accepts
    ]
    shared = sorted(languages & {each.split("-")[0] for each in partner.languages})
    obstacles = why_not_as_read(partner, tlp=partner.tlp_ceiling, imagery=False)
    if Accepts.MINOR in needs and Accepts.MINOR not in partner.accepts:
        obstacles = [*obstacles, _("It does not take on what may show a minor.")]
    return Fit(partner, tuple(matches), tuple(shared), country in partner.countries, tuple(obstacles))
