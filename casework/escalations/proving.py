"""Entries of the log that go along: which are opened, which stay hashes, and what an opened one says to the letter.

An entry is opened only where a chosen field says the same: its exact bytes can't be cut. All others of the case go as
the hash of their leaf with its proof. That commits us to them, so that a court that orders one later can tell that it
is the one of that day; it says neither what happened nor who did it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from casework.audit import happenings, identity, inclusion, merkle
from casework.audit.happenings import Happening
from casework.audit.reading import newest_checkpoint
from casework.audit.verbs import Verb
from casework.cases.models import Basis, Effect
from casework.partners.models import Accepts

from .models import Escalation
from .package.facts import Facts, Withheld
from .package.sheet import moment

#: Signals that speak of other cases and of banks.
OF_OTHERS = ("known", "banks")
#: Entries of the case itself, and the field that says the same.
_OF_CASE = {
    Verb.CASE_OPENED: "times",
    Verb.DECISION_MADE: "decisions",
    Verb.DECISION_APPROVED: "decisions",
    Verb.EFFECT_OPENED: "actions_taken",
    Verb.EFFECT_CONFIRMED: "actions_taken",
    Verb.EFFECT_FAILED: "actions_taken",
}
#: What entries of items say beyond the custody history, and the fields that say it.
_BEYOND_CUSTODY = {
    Verb.EVIDENCE_RECEIVED: {"hashes", "item_details"},
    Verb.EVIDENCE_EXAMINED: {"item_details"},
    Verb.EVIDENCE_EXAMINED_AGAIN: {"item_details"},
    Verb.EVIDENCE_NOT_OPENED: {"item_details"},
    Verb.EVIDENCE_QUARANTINED: {"item_details"},
    Verb.EVIDENCE_DERIVED: {"item_details"},
    Verb.EVIDENCE_FILM_SAMPLED: {"hashes", "item_details"},
    Verb.EVIDENCE_PLAYBACK_MADE: {"item_details"},
}
#: The effects that "what was done" tells of; others speak of partners, reporters and banks.
_VISIBLE = (Effect.Kind.TAKE_DOWN, Effect.Kind.LIMIT, Effect.Kind.RESTORE)


def opened(
    escalation: Escalation, of_items: Iterable[Happening], decided: Collection[str], until: datetime | None
) -> list[Happening]:
    """The entries that are opened, oldest first: of the chosen items (*of_items*) and of the case; none later than
    *until*. *decided*: the decisions that are told (``subject_code``), for not every one that was made has held."""
    of_case = happenings.of_case(escalation.case.public_id, _OF_CASE, until=until)
    found = [each for each in of_case if not each.verb.startswith("decision.") or each.subject in decided]
    return [each for each in (*of_items, *found) if _may_open(escalation, each)]


def _may_open(escalation: Escalation, each: Happening) -> bool:
    fields, verb = escalation.fields, Verb(each.verb)
    if verb == Verb.CASE_OPENED and not _may_know_of_minors(escalation):
        return False
    measured = "scores" in fields
    if verb in _OF_CASE:
        seen = not verb.startswith("effect.") or each.data.get("kind") in _VISIBLE
        bases = set(each.data.get("bases", ()))  # the decision that is told doesn't say what it rests on
        told = Basis.MATCH not in bases and (measured or Basis.SCORE not in bases)
        return _OF_CASE[verb] in fields and seen and told
    # What was found now, and before it was examined again.
    signals = {*each.data.get("signals", ()), *each.data.get("was", ())}
    told = not signals or (measured and not signals & set(OF_OTHERS))
    return "custody" in fields and told and _BEYOND_CUSTODY.get(verb, set()) <= set(fields)


def _may_know_of_minors(escalation: Escalation) -> bool:
    """Where the case's opening, which says whether it was restricted, may be read. Elsewhere it stays a hash for every
    case: were it missing only for restricted ones, that would say it."""
    return Accepts.MINOR in escalation.partner.accepts and "item_details" in escalation.fields


def words(found: Iterable[Happening]) -> list[str]:
    """What would leave of the log, for whoever reads the preview: every opened entry to the letter."""
    shown = [
        f"{moment(each.at)} · {each.verb} · {json.dumps(each.data, ensure_ascii=False, sort_keys=True)}"
        for each in found
    ]
    if shown:
        said = ngettext(
            "%(n)d entry is opened. It also holds its own id, the ids of the person who acted and of the case, the row "
            "it is about, and a hash of words that stay sealed here:",
            "%(n)d entries are opened. Each also holds its own id, the ids of the person who acted and of the case, "
            "the row it is about, and a hash of words that stay sealed here:",
            len(shown),
        )
        shown.insert(0, said % {"n": len(shown)})
    return [
        *shown,
        _(
            "All other entries of the case up to the approval go as hashes with their proofs: their number and their "
            "places in the log, not what they say."
        ),
    ]


def with_log(told: Facts, escalation: Escalation, chosen: set[uuid.UUID], until: datetime | None) -> Facts:
    """*told* with the *chosen* entries and the hashes of the others, under the newest checkpoint.

    Raises ``KeyMissing`` and ``NotProven``.
    """
    verifier = identity.verifier(newest_checkpoint())
    proven = inclusion.of_case(escalation.case.public_id, verifier)
    entries = tuple(each for each in proven.entries if each.public_id in chosen)
    withheld = tuple(
        Withheld(index=each.index, leaf_hash=merkle.leaf_hash(each.data).hex(), proof=each.proof)
        for each in proven.entries
        if each.public_id not in chosen and (until is None or _at(each.data) <= until)
    )
    index = {each.public_id: each.index for each in entries}
    custody = tuple(replace(event, log_index=index.get(event.id)) for event in told.custody)
    log = replace(proven, entries=entries, waiting=len(chosen) - len(entries))
    return replace(told, custody=custody, log=log, withheld=withheld, log_key=verifier.vkey)


def _at(data: bytes) -> datetime:
    """When an entry was written; *data* is 16 random bytes and its JSON."""
    return datetime.fromisoformat(json.loads(data[16:])["at"])
