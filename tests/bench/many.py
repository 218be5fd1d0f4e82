"""Fill a running installation with waiting cases, by the product's own actions: each has its clock and entries.

python -m tests.bench.many COUNT      (in the environment of the installation)
"""

from __future__ import annotations

import os
import random
import sys
from datetime import timedelta

import django

#: Hours since receipt are spread over this long, so that the keeper of deadlines finds none missed.
HOURS = 47
AT_ONCE = 500


def main() -> None:
    """Open so many cases with one link each; a third has scores, some are urgent or restricted."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "casework.settings"
    django.setup()
    from django.db import transaction

    chance = random.Random(1042)
    count = int(sys.argv[1])
    for begin in range(0, count, AT_ONCE):
        with transaction.atomic():
            for number in range(begin, min(begin + AT_ONCE, count)):
                _open_one(number, chance)


def _open_one(number: int, chance: random.Random) -> None:
    from django.utils import timezone

    from casework.cases import actions
    from casework.cases.models import Case

    case = actions.open_case(
        actor=None,
        received_at=timezone.now() - timedelta(hours=chance.uniform(0, HOURS)),
        minor_indicated=chance.random() < 0.05,
        danger_indicated=chance.random() < 0.03,
        trusted_flagger=chance.random() < 0.2,
        from_depicted_person=chance.random() < 0.6,
        ai_claimed=chance.choice((True, False, None)),
    )
    actions.add_locators(case, [("url", f"https://many.example/{number}")], actor=None)
    if chance.random() < 0.33:
        Case.objects.filter(pk=case.pk).update(item_count=1, explicit_score=chance.random())


if __name__ == "__main__":
    main()
