"""``manage.py demo``: the cast and their work, through the doors that everybody uses. The running server is asked.

It stands in ``staff``, the highest room, because it needs people as well as reports.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from casework.accounts.models import Organisation, User
from casework.accounts.permissions import Role
from casework.cases import actions as cases
from casework.cases.models import Case, CaseTerm, Effect
from casework.privacy.blind import blind_index, normal_url
from casework.reports import actions as reports
from casework.reports.management.demo_doors import DoorClosed, Server, Upload, file_by_api, file_by_form
from casework.reports.management.demo_reports import REPORTS, DemoReport, api_fields, form_pages
from casework.runtime.supervisor import DEMO_PASSWORD
from casework.staff.actions import create_person
from casework.staff.management.demo_banks import make_banks, offer_removed
from casework.staff.management.demo_legal import make_requests
from casework.staff.management.demo_partners import describe_tip, hand_over, make_partners, propose

#: name, role, cleared for restricted cases
PEOPLE = (
    ("mona", Role.MODERATOR, False),
    ("milo", Role.MODERATOR, False),
    ("sena", Role.SENIOR, True),
    ("lena", Role.SUPERVISOR, True),
    ("lex", Role.LEGAL, False),
    ("audra", Role.AUDITOR, False),
    ("ada", Role.ADMINISTRATOR, False),
    ("nia", Role.PARTNER, False),
    ("stan", Role.NONE, False),
)


class Command(BaseCommand):
    help = "Fill a demo installation: people, an API key, reports of every kind. What is there already stays."

    def handle(self, *args: Any, **options: Any) -> None:
        _refuse_elsewhere()
        people = self._people()
        folder = settings.CASEWORK_HOME / "demo"
        keys = _keys(folder, people["ada"])
        make_banks(people["lena"], folder, _picture_of("launch"))
        make_partners(people, folder)
        waiting = [report for report in REPORTS if _case_of(report) is None]
        if waiting:
            self._file(waiting, keys)
        for report in REPORTS:
            case = _case_of(report)
            if report.then and case is not None and _untouched(case):
                WORK[report.then](case, people)
        make_requests(people)
        self.stdout.write(f"{len(REPORTS)} demo reports are in, {len(waiting)} of them new.")

    def _people(self) -> dict[str, User]:
        ngo, _ = Organisation.objects.get_or_create(
            name="Safe Harbour (demo)", defaults={"kind": Organisation.Kind.NGO}
        )
        people = {}
        for name, role, cleared in PEOPLE:
            email = f"{name}@demo.test"
            found = User.objects.filter(email=email).first()
            people[name] = found or create_person(
                actor=None, email=email, name=name.capitalize(), role=role, cleared=cleared,
                organisation=ngo if role == Role.PARTNER else None, password=DEMO_PASSWORD,
            )  # fmt: skip
        return people

    def _file(self, waiting: list[DemoReport], keys: Mapping[str, str]) -> None:
        server = Server(settings.PORT)
        folder = settings.CASEWORK_HOME / "demo"
        for number, report in enumerate(waiting, start=1):
            uploads = [draw(folder) for draw in report.pictures]
            try:
                if report.door == "form":
                    file_by_form(server, form_pages(report), uploads)
                else:
                    file_by_api(server, keys[report.door], api_fields(report), uploads, f"demo-{report.slug}")
            except DoorClosed as error:
                raise CommandError(f"“{report.slug}” was not filed. {error}") from error
            if number % 8 == 0:
                self.stdout.write(f"{number} of {len(waiting)} reports filed")


def _picture_of(slug: str) -> Callable[[Path], Upload]:
    return next(report.pictures[0] for report in REPORTS if report.slug == slug)


def _refuse_elsewhere() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
        )
        [mark] = cursor.fetchone()
    if not settings.IS_DEMO or mark != "casework:demo":
        raise CommandError(
            "Demo people and demo reports belong into a demo installation only. Nothing was done."
        )


def _keys(folder: Path, ada: User) -> dict[str, str]:
    """A key for each of the two doors of the API. Their organisations are made with them."""
    return {
        "platform": _key(folder / "api_key", ada, name="Forum", organisation="Forum (demo)"),
        "flagger": _key(
            folder / "flagger_key", ada, name="Hotline", organisation="Hotline (demo)", trusted_flagger=True
        ),
    }


def _key(kept: Path, ada: User, **about: Any) -> str:
    """The text of a living demo key, kept beside the demo's pictures so that the README's curl line can use it."""
    if kept.is_file() and reports.key_of(secret := kept.read_text("ascii").strip()):
        return secret
    _, secret = reports.create_api_key(actor=ada, **about)
    kept.parent.mkdir(mode=0o700, exist_ok=True)
    with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(secret + "\n")
    return secret


def _case_of(report: DemoReport) -> Case | None:
    blind = blind_index(CaseTerm.Kind.URL, normal_url(report.links[0]))
    return Case.objects.filter(terms__kind=CaseTerm.Kind.URL, terms__blind=blind).first()


def _untouched(case: Case) -> bool:
    return case.status == Case.Status.WAITING and case.claimed_by_id is None and not case.decisions.exists()


# --- what the desk has done already ---------------------------------------------------------------------------------

People = dict[str, User]


def _decide(case: Case, who: User, outcome: str, policy: str, grounds: str, statement: str) -> None:
    token = cases.claim_case(case, actor=who)
    cases.decide_case(
        case, actor=who, token=token, outcome=outcome, policy=policy, bases=["report", "place"],
        grounds=grounds, statement=statement,
    )  # fmt: skip


def _remove(case: Case, people: People) -> None:
    _decide(
        case, people["mona"], "remove", "ncii_authentic", "Statement and places agree.",
        "What you reported breaks our rules on intimate imagery. It is to be removed everywhere you named.",
    )  # fmt: skip
    propose(case, people)


def _remove_confirmed(case: Case, people: People) -> None:
    _decide(
        case, people["milo"], "remove", "ncii_ai", "The account says itself that it is made.",
        "What you reported was made with AI to look like you, without your agreement. It was removed.",
    )  # fmt: skip
    for effect in Effect.objects.filter(decision__case=case, confirmed_at__isnull=True):
        cases.settle_effect(effect, actor=people["milo"], confirmed=True, remark="Looked: it is gone.")


def _remove_bank(case: Case, people: People) -> None:
    _decide(
        case, people["mona"], "remove", "ncii_authentic", "The person shown has written to us before.",
        "What you reported breaks our rules on intimate imagery. Copies of it will be found.",
    )  # fmt: skip
    offer_removed(case, people["mona"])


def _keep(case: Case, people: People) -> None:
    _decide(
        case, people["mona"], "keep", "not_intimate", "A cup of coffee.",
        "What was reported is not an intimate picture, so it stays.",
    )  # fmt: skip


def _need_more(case: Case, people: People) -> None:
    _decide(
        case, people["milo"], "need_more", "not_found", "Nothing at the address.",
        "At the address you gave there is nothing any more. If you see it elsewhere, please add that place.",
    )  # fmt: skip


def _escalate(case: Case, people: People) -> None:
    _decide(
        case, people["sena"], "escalate", "ncii_threat", "The hotline speaks of a threat.",
        "People who are trained for threats have your report now.",
    )  # fmt: skip
    hand_over(case, people)


def _hold(case: Case, people: People) -> None:
    token = cases.claim_case(case, actor=people["mona"])
    report = case.reports.get()
    reports.send_message(
        report, "Which of the two accounts is it? Both are fine to name here.", actor=people["mona"]
    )
    until = timezone.now() + timedelta(days=1)
    cases.hold_case(
        case, actor=people["mona"], token=token, until=until, reason="Asked the reporter which account it is."
    )


def _claim(case: Case, people: People) -> None:
    cases.claim_case(case, actor=people["milo"])
    cases.write_note(
        case, "The prompt in the file names a lighthouse: see what we know.", actor=people["milo"]
    )


WORK: dict[str, Callable[[Case, People], None]] = {
    "remove": _remove,
    "remove_confirmed": _remove_confirmed,
    "remove_bank": _remove_bank,
    "keep": _keep,
    "need_more": _need_more,
    "escalate": _escalate,
    "tip": describe_tip,
    "hold": _hold,
    "claim": _claim,
}
