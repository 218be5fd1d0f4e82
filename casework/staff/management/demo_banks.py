"""The banks of the demo: a hotline's list, handed in as everybody would, and what this desk itself has removed."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable
from pathlib import Path

from casework.accounts.models import Organisation, User
from casework.cases.models import Case
from casework.evidence import actions as evidence
from casework.evidence.models import Item
from casework.hashbanks import actions as banks
from casework.hashbanks.models import Bank
from casework.reports.management.demo_doors import Upload

OWN, LIST = "Own removals", "Hotline list (demo)"
#: PDQ and pHash of a picture like ``demo_pictures.pattern(11)``: 7 bits of 256 and 2 of 64 away from it.
NEAR_PDQ = "ba19f9c3ccb919f927461c11d332bbee0eb940e1a749bb105ba764bfa47e1878"
NEAR_PHASH = "a887be7af204c9c0"
#: Seconds that a file gets to be examined before its hashes are offered.
_PATIENCE = 60


def make_banks(lena: User, folder: Path, exact: Callable[[Path], Upload]) -> None:
    """Both banks, once. *exact* draws a picture of the demo that the list names by its digest."""
    if not Bank.objects.filter(name=OWN).exists():
        banks.create_bank(
            actor=lena, name=OWN, source=Bank.Source.OWN.value, pdq_turns=True,
            purpose="What two people here looked at and decided to remove. A near copy is worth a quick look.",
        )  # fmt: skip
    if Bank.objects.filter(name=LIST).exists():
        return
    hotline = Organisation.objects.filter(name="Hotline (demo)").first()
    bank = banks.create_bank(
        actor=lena, name=LIST, source=Bank.Source.LIST.value, owner=hotline, phash_radius=10, retention_days=730,
        purpose="What a hotline was told of by the people shown. Nobody there has seen the pictures.",
    )  # fmt: skip
    evidence.hand_in_list(bank, evidence.stage_text(_list(exact(folder))), actor=lena)


def offer_removed(case: Case, who: User) -> None:
    """Put the hashes of a decided case into the own bank, once its files are examined."""
    end = time.monotonic() + _PATIENCE
    while Item.objects.filter(case=case, state=Item.State.STORED).exists() and time.monotonic() < end:
        time.sleep(0.5)
    evidence.offer_hashes(case, Bank.objects.get(name=OWN), actor=who)


def _list(known: Upload) -> str:
    """A list with one near and one exact hash of demo pictures, strangers, and a line that is none."""
    drawn = random.Random(1042)  # noqa: S311 - hashes of nothing
    lines = [
        "signal,value,quality,version,origin,ref",
        f"pdq,{NEAR_PDQ},96,pdq-c++ 1.0,hotline,HL-2207",
        f"phash,{NEAR_PHASH},,,hotline,HL-2207",
        f"sha256,{hashlib.sha256(known.data).hexdigest()},,,hotline,HL-2208",
        *(
            f"pdq,{drawn.randbytes(32).hex()},{drawn.randint(60, 100)},,hotline,HL-{n}"
            for n in range(2300, 2330)
        ),
        "pdq,not a hash at all,80,,hotline,HL-2400",
    ]
    return "\n".join(lines) + "\n"
