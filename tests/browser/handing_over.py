"""Partners of a running installation, and what was handed to them, by the actions of its people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.running import RunningInstallation

NGO = "Safe Harbour (demo)"
_BEGIN = """
from pathlib import Path
from casework.accounts.models import User
from casework.cases.models import Case
from casework.escalations import actions
from casework.escalations.models import Escalation
from casework.partners.models import Partner
from casework.staff.management import demo_partners
people = {{user.email.partition("@")[0]: user for user in User.objects.all()}}
demo_partners.make_partners(people, Path("{home}"))
"""
_HAND_OVER = """
case = Case.objects.get(public_id="{case}")
ngo = Partner.objects.get(organisation__name=demo_partners.NGO)
demo_partners.propose(case, people)
demo_partners.hand_over(case, people)
draft, handed = case.escalations.order_by("pk")[:2]
life = actions.draft_escalation(
    case, actor=people["sena"], partner=ngo, basis="dsa_art18", urgency="life_threat", facts="They wrote so."
)
print("made", draft.public_id, handed.public_id, life.public_id)
"""


def make_partners(installation: RunningInstallation) -> None:
    """The partners of the demo, unless they are there."""
    installation.manage("shell", "-c", _BEGIN.format(home=installation.home / "demo"))


def hand_over(installation: RunningInstallation, case: str) -> dict[str, str]:
    """Public ids of a draft of mona's that was offered, of what lena approved, of sena's draft about a life."""
    script = _BEGIN.format(home=installation.home / "demo") + _HAND_OVER.format(case=case)
    said = installation.manage("shell", "-c", script).stdout
    made = next(line.split()[1:] for line in said.splitlines() if line.startswith("made"))
    return dict(zip(("draft", "handed", "life"), made, strict=True))
