"""A legal request of a running installation: lex enters it, lex and lena check it, and a receipt waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.running import RunningInstallation

_ASK = """
from datetime import timedelta
from django.utils import timezone
from casework.accounts.models import User
from casework.cases.models import Case
from casework.legal import actions
lex, lena = (User.objects.get(email=name + "@demo.test") for name in ("lex", "lena"))
case = Case.objects.get(public_id="{case}")
request = actions.enter_request(
    actor=lex, type="epoc", authority="Hotline", country="DE", authority_reference="24-17",
    officer={{"name": "Milo", "phone": "+49 30 901820"}}, received_at=timezone.now(),
    targets=[{{"kind": "case", "value": case.number}}], categories=["locators", "content"],
    nondisclosure_until=timezone.now() + timedelta(days=30),
)
told = {{"how": "call_back", "number": "+49 30 115", "number_source": "UTC", "words": "UTC"}}
for person in (lex, lena):
    actions.check_request(request, actor=person, authentic=True, **told)
actions.store_document(request, actor=lex, name="order.pdf", content=b"%PDF-1.7 an order")
letter = actions.write_letter(request, actor=lex, kind="receipt")
actions.enter_request(
    actor=lex, type="preservation_request", authority="Hotline", country="DE", received_at=timezone.now(),
    targets=[{{"kind": "case", "value": case.number}}], categories=["preserve"],
)
print("asked", request.public_id, letter.public_id)
"""


def ask(installation: RunningInstallation, case: str) -> dict[str, str]:
    """Public ids of the request and of its letter."""
    said = installation.manage("shell", "-c", _ASK.format(case=case)).stdout
    made = next(line.split()[1:] for line in said.splitlines() if line.startswith("asked"))
    return dict(zip(("legal", "letter"), made, strict=True))
