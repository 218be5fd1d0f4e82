"""Opening a case, what is learned about it, who may see it, and that somebody read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.cases.conflicts import IllegalMove, StaleCase
from casework.cases.models import Case, CaseTerm, Clock, Locator
from casework.cases.search import terms_of
from casework.privacy.blind import blind_index, normal_account, normal_url, url_host

from .clocks import WITHDRAWN, restart_clocks, start_clock, stop_clocks
from .turns import take_turn


@transaction.atomic
def open_case(
    *,
    actor: User | None,
    minor_indicated: bool,
    danger_indicated: bool,
    trusted_flagger: bool,
    from_depicted_person: bool,
    ai_claimed: bool | None,
    received_at: datetime | None = None,
) -> Case:
    """Open a case and start its removal clock at receipt. An indicated minor restricts it at once."""
    case = Case.objects.create(
        minor_indicated=minor_indicated,
        restricted=minor_indicated,
        restricted_why="minor_indicated" if minor_indicated else "",
        danger_indicated=danger_indicated,
        trusted_flagger=trusted_flagger,
        from_depicted_person=from_depicted_person,
        ai_claimed=ai_claimed,
    )
    record(Verb.CASE_OPENED, actor=actor, subject=case, case=case, restricted=case.restricted)
    if case.restricted:
        record(
            Verb.CASE_RESTRICTED,
            actor=actor,
            subject=case,
            case=case,
            was=False,
            now=True,
            why=case.restricted_why,
        )
    index_terms(case, CaseTerm.Kind.REFERENCE, [case.number])
    start_clock(case, Clock.Profile.US_TIDA, started_at=received_at or timezone.now(), actor=actor)
    return case


def index_terms(case: Case, kind: CaseTerm.Kind | str, values: Iterable[str]) -> None:
    """Make *case* findable under *values* (already normalised), by keyed hash only."""
    rows = [
        CaseTerm(case=case, kind=kind, blind=blind_index(CaseTerm.Kind(kind), value))
        for value in values
        if value
    ]
    CaseTerm.objects.bulk_create(rows, ignore_conflicts=True)


@transaction.atomic
def add_locators(case: Case, values: Iterable[tuple[str, str]], *, actor: User | None) -> list[Locator]:
    """Add where the imagery is: ``(Locator.Kind, text)`` pairs. One that the case has already is not added twice.

    A case that was decided waits again: its decision has no effect at a place that nobody had named.
    """
    made = []
    for kind, value in values:
        normal = normal_url(value) if kind == Locator.Kind.URL else normal_account(value)
        term = CaseTerm.Kind.URL if kind == Locator.Kind.URL else CaseTerm.Kind.ACCOUNT
        blind = blind_index(term, normal)
        locator, is_new = Locator.objects.get_or_create(
            case=case, blind=blind, defaults={"kind": kind, "value": value.strip()}
        )
        if is_new:
            index_terms(case, term, [normal])
            if kind == Locator.Kind.URL:
                index_terms(case, CaseTerm.Kind.HOST, [url_host(value)])
            made.append(locator)
    if made:
        Case.objects.filter(pk=case.pk).update(locator_count=F("locator_count") + len(made))
        record(Verb.CASE_FACTORS_CHANGED, actor=actor, subject=case, case=case, locators_added=len(made))
        _wait_again(case, actor=actor)
    return made


def _wait_again(case: Case, *, actor: User | None) -> None:
    # The update of the case has waited for a decision that was being made, so this status is the newest.
    case.refresh_from_db()
    if case.status in (Case.Status.DECIDED, Case.Status.CLOSED):
        move_case(case, Case.Status.WAITING, actor=actor, why="places_added")
        restart_clocks(case, actor=actor, anew=True)


@transaction.atomic
def note_items(case: Case, *, actor: User | None, added: int) -> None:
    """Note that *added* evidence items arrived and wait for examination."""
    Case.objects.filter(pk=case.pk).update(
        item_count=F("item_count") + added, items_unexamined=F("items_unexamined") + added
    )
    record(Verb.CASE_FACTORS_CHANGED, actor=actor, subject=case, case=case, items_added=added)


def note_waiting_again(case: Case) -> None:
    """Note that one item of *case* is about to be examined once more; part of the transaction that does it."""
    Case.objects.filter(pk=case.pk).update(items_unexamined=F("items_unexamined") + 1)


@transaction.atomic
def note_examined(
    case: Case, *, actor: User | None, explicit_score: float | None, synthetic_found: bool, known_matches: int
) -> None:
    """Note what the examination of one item said. Scores only raise a case's urgency; they never decide."""
    changes: dict[str, Any] = {
        "items_unexamined": Greatest(F("items_unexamined") - 1, 0),
        "known_matches": F("known_matches") + known_matches,
    }
    if explicit_score is not None:
        # GREATEST ignores NULL in PostgreSQL, so the first score counts as the highest so far.
        changes["explicit_score"] = Greatest(F("explicit_score"), explicit_score)
    if synthetic_found:
        changes["synthetic_found"] = True
    Case.objects.filter(pk=case.pk).update(**changes)
    record(
        Verb.CASE_FACTORS_CHANGED, actor=actor, subject=case, case=case,
        explicit_score=explicit_score, synthetic_found=synthetic_found, known_matches=known_matches,
    )  # fmt: skip


@transaction.atomic
def note_assessed(
    case: Case, *, explicit_score: float | None, synthetic_found: bool, because_of: Case | None = None
) -> None:
    """Set what the assessments of all items of *case* say together, after one was made anew. Both may fall.

    The entry belongs to *because_of* where that is given, as in ``note_known_matches``.
    """
    stored = Case.objects.select_for_update().get(pk=case.pk)
    if (stored.explicit_score, stored.synthetic_found) == (explicit_score, synthetic_found):
        return
    Case.objects.filter(pk=case.pk).update(explicit_score=explicit_score, synthetic_found=synthetic_found)
    record(
        Verb.CASE_FACTORS_CHANGED, actor=None, subject=case, case=because_of or case,
        explicit_score=explicit_score, synthetic_found=synthetic_found,
    )  # fmt: skip


@transaction.atomic
def note_known_matches(because_of: Case, counts: Mapping[Case, int]) -> None:
    """Set how many known copies each case has, since *because_of* was restricted or freed.

    The entry belongs to *because_of*: on the timeline of another case it would betray a restricted one.
    """
    changed = [
        case.public_id
        for case, count in counts.items()
        if Case.objects.filter(pk=case.pk).exclude(known_matches=count).update(known_matches=count)
    ]
    if changed:
        record(Verb.CASE_FACTORS_CHANGED, actor=None, subject=because_of, case=because_of, recounted=changed)


@transaction.atomic
def restrict_case(case: Case, *, actor: User | None, why: str) -> None:
    """Hide a case from everybody who is not cleared, at once. Doing it twice changes nothing.

    Whoever has locked a case before has taken their turn before that.
    """
    take_turn()
    changed = Case.objects.filter(pk=case.pk, restricted=False).update(
        restricted=True, restricted_why=why, minor_indicated=True
    )
    case.refresh_from_db()
    if changed:
        record(Verb.CASE_RESTRICTED, actor=actor, subject=case, case=case, was=False, now=True, why=why)
        _tell_of_restriction(case)


@transaction.atomic
def unrestrict_case(case: Case, *, actor: User) -> None:
    """Lift a restriction; only a decision that a second cleared person approved does this.

    Whoever has locked a case before has taken their turn before that.
    """
    take_turn()
    if not Case.objects.filter(pk=case.pk, restricted=True).update(
        restricted=False, restricted_why="", minor_indicated=False
    ):
        raise StaleCase(_("This case is not restricted any more."))
    case.refresh_from_db()
    record(Verb.CASE_UNRESTRICTED, actor=actor, subject=case, case=case, was=True, now=False)
    _tell_of_restriction(case)


def _tell_of_restriction(case: Case) -> None:
    # The room that knows which cases share a picture lies above this one: it is known by its path only.
    import_string(settings.ON_RESTRICTION)(case)
    case.refresh_from_db()


@transaction.atomic
def move_case(case: Case, to: str, *, actor: User | None, why: str = "", **changes: Any) -> Case:
    """Move a case by compare-and-set. Raises ``IllegalMove`` or ``StaleCase``."""
    was = case.status
    if to not in Case.MOVES[was]:
        raise IllegalMove(
            _("A case that is “%(was)s” cannot become “%(to)s”.")
            % {"was": Case.Status(was).label, "to": Case.Status(to).label}
        )
    if not Case.objects.filter(pk=case.pk, status=was).update(status=to, **changes):
        raise StaleCase(
            _("Somebody else changed this case a moment ago. Nothing was changed by you; look again.")
        )
    case.refresh_from_db()
    record(Verb.CASE_MOVED, actor=actor, subject=case, case=case, was=was, now=to, why=why)
    return case


@transaction.atomic
def withdraw_case(case: Case, *, actor: User | None) -> None:
    """The reporter withdrew: an open case leaves the queue and its clocks stop; a decided one stays as it is."""
    case.refresh_from_db(
        from_queryset=Case.objects.select_for_update()
    )  # after a decision that is being made
    if case.status in Case.OPEN - {Case.Status.APPROVAL}:
        move_case(case, Case.Status.WITHDRAWN, actor=actor, why=WITHDRAWN, wake_at=None)
        stop_clocks(case, actor=actor, why=WITHDRAWN)


@transaction.atomic
def read_case(case: Case, *, actor: User) -> None:
    """Write down that somebody opened the page of a case: reads count."""
    record(Verb.CASE_READ, actor=actor, subject=case, case=case)


@transaction.atomic
def search_cases(query: str, *, actor: User) -> QuerySet[Case]:
    """The cases visible to *actor* that match *query* exactly, and the entry that says so (not what was found).

    How many were found stands beside the query: to whom a restricted case does not exist, neither does the count.
    """
    blinds = terms_of(query)
    found = Case.objects.for_user(actor).filter(terms__blind__in=blinds).distinct()
    record(
        Verb.CASE_SEARCHED,
        actor=actor,
        subject=actor,
        personal={"query": query[:500], "found": found.count()},
    )
    return found
