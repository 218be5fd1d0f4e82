"""Fill a running installation with waiting cases, each with a clock, a place, search terms and log entries.

    python -m tests.bench.many COUNT      (in the environment of the installation)

Rows go in by the hundred, not by the product's actions, which would take a minute and a half for 10,000.
"""

from __future__ import annotations

import os
import random
import sys
from datetime import timedelta
from typing import Any

import django

#: Hours since receipt are spread over this long, so that the keeper of deadlines finds none missed.
HOURS = 47
AT_ONCE = 500


def main() -> None:
    """So many cases with one link each; a third has scores, some are urgent or restricted."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "casework.settings"
    django.setup()
    from django.db import transaction

    chance = random.Random(1042)
    count = int(sys.argv[1])
    for begin in range(0, count, AT_ONCE):
        with transaction.atomic():
            _insert(range(begin, min(begin + AT_ONCE, count)), chance)


def _insert(numbers: range, chance: random.Random) -> None:
    from django.utils import timezone

    from casework.audit.log import Verb, record
    from casework.cases.models import Case, CaseTerm, Clock, Locator
    from casework.privacy.blind import blind_index

    now = timezone.now()
    cases = Case.objects.bulk_create(_case(chance) for _number in numbers)
    clocks, terms, locators = [], [], []
    for number, case in zip(numbers, cases, strict=True):
        received = now - timedelta(hours=chance.uniform(0, HOURS))
        clocks.append(
            Clock(
                case=case,
                profile=Clock.Profile.US_TIDA,
                started_at=received,
                due_at=received + timedelta(hours=48),
            )
        )
        link = f"https://many.example/{number}"
        blind = blind_index(CaseTerm.Kind.URL, link)
        locators.append(Locator(case=case, kind=Locator.Kind.URL, value=link, blind=blind))
        terms.append(CaseTerm(case=case, kind=CaseTerm.Kind.URL, blind=blind))
        number_of_case = blind_index(CaseTerm.Kind.REFERENCE, case.number)
        terms.append(CaseTerm(case=case, kind=CaseTerm.Kind.REFERENCE, blind=number_of_case))
        for verb in (Verb.CASE_OPENED, Verb.CASE_FACTORS_CHANGED):
            record(verb, actor=None, subject=case, case=case, locators_added=1)
    for model, rows in ((Clock, clocks), (CaseTerm, terms), (Locator, locators)):
        model.objects.bulk_create(rows)


def _case(chance: random.Random) -> Any:
    from casework.cases.models import Case

    minor, scored = chance.random() < 0.05, chance.random() < 0.33
    return Case(
        minor_indicated=minor,
        restricted=minor,
        restricted_why="minor_indicated" if minor else "",
        danger_indicated=chance.random() < 0.03,
        trusted_flagger=chance.random() < 0.2,
        from_depicted_person=chance.random() < 0.6,
        locator_count=1,
        item_count=int(scored),
        explicit_score=chance.random() if scored else None,
    )


if __name__ == "__main__":
    main()
