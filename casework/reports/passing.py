"""What reporters say about handing their report on. Asked of those who speak for the person depicted alone.

Somebody who came across it cannot agree in that person's place, and is not asked.
"""

from __future__ import annotations

from casework.cases.models import Case

from .models import PassingOn, Report, ReporterRole


def may_choose(role: str) -> bool:
    """Whether a reporter in this role is asked: the person depicted, or somebody who acts for them."""
    return role in ReporterRole.values and role != ReporterRole.SOMEBODY_ELSE


def choices_of(report: Report) -> dict[str, str]:
    """What holds for one report today: kind -> choice; a kind that nobody answered (by API, say) is missing."""
    newest: dict[str, str] = {}
    for row in report.passing_on.all():  # newest first
        newest.setdefault(row.kind, row.choice)
    return newest


def passing_on(case: Case) -> dict[str, str]:
    """What was said last about each kind in the reports of *case* by those who speak for the person depicted."""
    newest: dict[str, str] = {}
    rows = PassingOn.objects.filter(report__case=case).exclude(report__role=ReporterRole.SOMEBODY_ELSE)
    for kind, choice in rows.values_list("kind", "choice"):  # newest first
        newest.setdefault(kind, choice)
    return newest
