"""Escalations as rows, drafted by mona and approved by lena, and the packages that the worker's room makes of them."""

from __future__ import annotations

import io
import tarfile
from functools import lru_cache
from typing import Any

import pyrage

from casework.cases.models import Case
from casework.escalations import actions, choosing, packing
from casework.escalations.models import Escalation, Package
from casework.evidence.storage import evidence_store
from casework.jobs.actions import Start, claim
from casework.jobs.models import Job
from casework.partners.models import Partner
from casework.reports.actions import file_report
from casework.reports.facts import ReportFacts
from tests.cast import make_case, person
from tests.escalations.ordered import resting
from tests.evidence.making import explicit, make_examined
from tests.partners.directory import make_key, make_partner

FACTS = "A picture of a garden was posted against the will of its owner."
REASON = "They asked for it on the phone."


@lru_cache(maxsize=1)
def identity() -> Any:
    """What the police hold and this desk does not: the key to their packages."""
    return pyrage.x25519.Identity.generate()


def police(name: str = "Police of Exampleton", **fields: Any) -> Partner:
    """An authority in force that takes pictures, with a verified key."""
    told = {
        "kind": "law_enforcement",
        "imagery_allowed": True,
        "languages": ["en"],
        "mail": "unit@police.example",
    } | fields
    partner = make_partner(name, **told)
    make_key(partner, text=str(identity().to_public()))
    return partner


def garden(count: int = 1) -> Case:
    """A case with a link and *count* examined pictures."""
    case = make_case()
    for seed in range(1, count + 1):
        make_examined(case, seed, signals=[explicit(0.25)], pdq="f0" * 32)
    return case


def reported(role: str = "depicted", **said: Any) -> Case:
    """A case as a report on the public form opened it, by the person depicted unless told otherwise."""
    told: dict[str, Any] = {
        "role": role, "age_at_the_time": "adult", "links": ("https://pictures.example/p/1",),
        "statement": "I never agreed to it.", "no_consent": True, "accurate": True, "signature": "Kim",
    } | said  # fmt: skip
    return file_report(channel="form", facts=ReportFacts(**told), uploads=()).report.case


def drafted(
    case: Case,
    partner: Partner,
    *,
    more: tuple[str, ...] = (),
    pictures: bool = False,
    drafter: str = "mona",
    **fields: Any,
) -> Escalation:
    """Mona's draft about everything of *case*, with what *more* names beyond the minimum."""
    more = (*more, "imagery") if pictures else more
    told: dict[str, Any] = {
        "basis": "legal_request", "authority": "order 7 of the court of Exampleton", "facts": FACTS,
        "jurisdiction": "DE", "jurisdiction_how": "where she lives", "offence_hint": "StGB 201a",
        "reasons": dict.fromkeys(more, REASON),
    } | fields  # fmt: skip
    items = dict.fromkeys(case.items.all(), pictures)
    ordered = told["basis"] == "legal_request"
    told["basis"] = "statutory" if ordered else told["basis"]
    made = actions.draft_escalation(case, actor=person(drafter), partner=partner, items=items, **told)
    if ordered:
        resting(made, least="fields" not in told)
    Escalation.objects.filter(pk=made.pk).update(fields=[*made.fields, *more])
    return Escalation.objects.get(pk=made.pk)


def approved(case: Case, partner: Partner, **kwargs: Any) -> Package:
    """The package that lena's approval asks for (after lex let the pictures go along): still to be made."""
    escalation = drafted(case, partner, **kwargs)
    seen = choosing.preview(escalation, viewer=person("mona"))
    assert not seen.problems
    actions.note_preview(escalation, actor=person("mona"), digest=seen.digest)
    actions.offer(escalation, actor=person("mona"))
    if escalation.with_pictures:
        actions.approve_imagery(
            escalation, actor=person("lex"), reason="The order names them.", digest=seen.digest
        )
    actions.approve(escalation, actor=person("lena"), digest=seen.digest)
    return escalation.packages.get()


def begun(package: Package) -> Start:
    """The worker's claim on the newest job that makes *package*."""
    job = Job.objects.filter(kind="escalations.package", args__package=str(package.public_id)).latest("pk")
    start = claim(job.public_id)
    assert start is not None
    return start


def made(package: Package) -> Package:
    """*package* after a worker had it once."""
    packing.make(Package.objects.get(pk=package.pk), start=begun(package))
    package.refresh_from_db()
    return package


def archive(package: Package) -> bytes:
    """What the police read: the tar inside of the age file."""
    assert package.storage_key is not None
    plain: bytes = pyrage.decrypt(evidence_store().read(package.storage_key).read(), [identity()])
    return plain


def files(package: Package) -> dict[str, bytes]:
    """The archive's files by their names within its folder."""
    with tarfile.open(fileobj=io.BytesIO(archive(package))) as tar:
        return {
            member.name.partition("/")[2]: tar.extractfile(member).read()  # type: ignore[union-attr]
            for member in tar
        }
