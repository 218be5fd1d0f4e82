"""A package's file goes for good; the row stays and says that there was one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from casework.cases.actions.holds import place_hold
from casework.cases.models import LegalHold
from casework.escalations import actions
from casework.escalations.actions.packages import left_over, remove_free
from casework.escalations.conflicts import IllegalMove
from casework.escalations.models import Package
from casework.evidence import actions as evidence
from casework.evidence.storage import FileStore
from tests.cast import person
from tests.escalations.package.rows import approved, garden, made, police
from tests.journal import all_verbs, verbs_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def package() -> Package:
    return made(approved(garden(), police()))


def lies(package: Package, store: FileStore) -> bool:
    assert package.storage_key is not None
    return store.size(package.storage_key) is not None


def test_the_file_goes_and_the_row_stays(
    package: Package, store: FileStore, django_capture_on_commit_callbacks: Any
) -> None:
    assert lies(package, store)
    with django_capture_on_commit_callbacks(execute=True):
        assert actions.remove_package(package, actor=person("lena"), why="sent to the wrong unit")
    assert not lies(package, store)
    package.refresh_from_db()
    assert (package.state, bool(package.removed_at), bool(package.sha256)) == (
        Package.State.REMOVED,
        True,
        True,
    )
    assert verbs_of(package.escalation.case)[-1] == "package.removed"


def test_removed_once_it_can_t_be_removed_again(package: Package) -> None:
    actions.remove_package(package, actor=person("lena"), why="once")
    before = all_verbs()
    with pytest.raises(IllegalMove):
        actions.remove_package(package, actor=person("lena"), why="twice")
    assert all_verbs() == before


def test_a_withdrawn_escalation_leaves_no_file(
    package: Package, store: FileStore, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        actions.withdraw(package.escalation, actor=person("mona"), reason="The wrong matter.")
    assert not lies(package, store)


def test_a_legal_hold_keeps_the_file_until_it_ends(
    package: Package, store: FileStore, django_capture_on_commit_callbacks: Any
) -> None:
    case = package.escalation.case
    hold = place_hold(case, actor=person("lex"), why="litigation", until=timezone.now() + timedelta(days=1))
    before = all_verbs()
    assert not actions.remove_package(package, actor=person("lena"), why="tidying")
    assert all_verbs() == before
    actions.withdraw(package.escalation, actor=person("mona"), reason="The wrong matter.")
    assert sum(map(remove_free, left_over())) == 0
    assert lies(package, store)
    LegalHold.objects.filter(pk=hold.pk).update(until=timezone.now() - timedelta(seconds=1))
    with django_capture_on_commit_callbacks(execute=True):
        assert sum(map(remove_free, left_over())) == 1
    assert not lies(package, store)
    assert verbs_of(case)[-1] == "package.removed"


def test_the_file_of_an_escalation_that_is_with_its_partner_is_left_alone(
    package: Package, store: FileStore
) -> None:
    assert sum(map(remove_free, left_over())) == 0
    assert lies(package, store)


def test_the_reaper_leaves_packages_alone_and_takes_files_that_no_row_keeps(
    package: Package, store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casework.evidence.actions.reaping.LEFT_ALONE", -1)
    assert evidence.reap_blobs().orphans == 0
    assert lies(package, store)
    Package.objects.filter(pk=package.pk).update(state=Package.State.REMOVED)
    assert evidence.reap_blobs().orphans == 1
    assert not lies(package, store)
