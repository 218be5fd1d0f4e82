"""Notes for colleagues, and drafts of what somebody is typing."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.cases.models import Case, Draft, Note


@transaction.atomic
def write_note(case: Case, text: str, *, actor: User) -> Note:
    """Leave a note on a case; its draft is dropped."""
    note = Note.objects.create(case=case, author=actor, text=text)
    drop_draft(case, "note", actor=actor)
    record(Verb.NOTE_WRITTEN, actor=actor, subject=note, case=case, length=len(text))
    return note


def keep_draft(case: Case, form: str, content: dict[str, Any], *, actor: User) -> Draft:
    """Keep what somebody has typed so far, encrypted; private to them and no event in the life of the case."""
    draft, _made = Draft.objects.update_or_create(
        person=actor, case=case, form=form, defaults={"content": content}
    )
    return draft


def drop_draft(case: Case, form: str, *, actor: User) -> None:
    """Forget a draft once its text has been sent."""
    Draft.objects.filter(person=actor, case=case, form=form).delete()
