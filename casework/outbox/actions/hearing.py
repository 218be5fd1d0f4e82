"""What a receiver tells us: results for what we asked, in its answer at once or by a signed callback later."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from casework.audit.log import Verb, record
from casework.outbox.models import Callback, Endpoint, Message, UsedRequest
from casework.outbox.signing import TOLERANCE

DONE, FAILED = "done", "failed"
#: What a callback is called; our own messages, sent back to us, are called something else.
SETTLED = "results.settled"
_MOST_RESULTS = 500
#: Texts of a result, and how many characters of each are kept.
_KEPT = {"reason": 500, "reference": 200, "outcome": 20, "sha256": 64}


class NotResults(Exception):
    """What came is no list of results."""


@dataclass(frozen=True, slots=True)
class Result:
    """The receiver did what was asked under this public id, or could not, and then why.

    A partner's system may say more: *state* as it stands in the answer, their *reference*, an *outcome* (a code), and
    the digest of the file that they have.
    """

    id: str
    done: bool
    reason: str = ""
    state: str = ""
    reference: str = ""
    outcome: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """How many results were taken over; how many were not asked for, came too late or can't be read."""

    taken: int = 0
    left: int = 0


def hear_answer(message: Message, answer: bytes) -> Told:
    """Take over the results in the answer to *message*, inside the transaction of its attempt.

    An answer without results is fine: they may come later, and a person may confirm by hand.
    """
    try:
        results = read_results(json.loads(answer))
    except (NotResults, ValueError, RecursionError):
        return Told()
    mine = [result for result in results if result.id in message.about]
    return _pass_on({message.kind: mine}, offered=len(results))


@transaction.atomic
def hear_callback(endpoint: Endpoint, webhook_id: str, body: Any) -> Told:
    """Take over the results of a verified callback, once per *webhook_id*. Raises ``NotResults``."""
    if not isinstance(body, dict) or body.get("type") != SETTLED:
        raise NotResults
    results = read_results(body.get("data"))
    callback, new = Callback.objects.get_or_create(endpoint=endpoint, webhook_id=webhook_id)
    if not new:
        return Told(callback.taken, callback.left)
    told = _pass_on(_by_kind(endpoint, results), offered=len(results))
    Callback.objects.filter(pk=callback.pk).update(taken=told.taken, left=told.left)
    record(
        Verb.OUTBOX_HEARD, actor=None, subject=callback, endpoint=endpoint.public_id, taken=told.taken,
        left=told.left,
    )  # fmt: skip
    return told


@transaction.atomic
def use_once(endpoint: Endpoint, webhook_id: str) -> bool:
    """Take note that *endpoint* made the verified request *webhook_id*; False when it was made before.

    A signature may be dated up to ``TOLERANCE`` ahead, so it is good for twice that; what is older is forgotten. The
    row is the lock: of two at once one waits for the other and is told False. No entry: what is fetched has its own.
    """
    UsedRequest.objects.filter(at__lt=Now() - 3 * timedelta(seconds=TOLERANCE)).delete()
    _row, new = UsedRequest.objects.get_or_create(endpoint=endpoint, webhook_id=webhook_id)
    return new


def read_results(data: Any) -> list[Result]:
    """``{"results": {id: {"state": "done" | "failed" | …, "reason": text, …}}}`` as results. Raises ``NotResults``."""
    found = data.get("results") if isinstance(data, dict) else None
    if not isinstance(found, dict) or len(found) > _MOST_RESULTS:
        raise NotResults
    return [_result(public_id, said) for public_id, said in found.items()]


def _result(public_id: str, said: Any) -> Result:
    if not isinstance(said, dict) or said.get("state") not in _known_states():
        raise NotResults
    texts = {name: _text(said.get(name, ""), most) for name, most in _KEPT.items()}
    return Result(public_id, said["state"] == DONE, state=said["state"], **texts)


def _text(value: Any, most: int) -> str:
    if not isinstance(value, str):
        raise NotResults
    return value.encode("utf-8", "replace").decode().replace("\x00", "")[:most]


def _known_states() -> set[str]:
    return {state for _path, states in settings.OUTBOX_HEARS.values() for state in states}


def _by_kind(endpoint: Endpoint, results: Sequence[Result]) -> dict[str, list[Result]]:
    """The results that *endpoint* was asked for, by the kind of message that asked."""
    found: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        asked = Message.objects.filter(endpoint=endpoint, about__contains=[result.id]).order_by("-pk").first()
        if asked is not None:
            found[asked.kind].append(result)
    return found


def _pass_on(by_kind: Mapping[str, Sequence[Result]], *, offered: int) -> Told:
    """Give results to whoever asked; that room lies above and is known by its path only. What it has no ear for is
    left."""
    taken = 0
    for kind, results in by_kind.items():
        path, states = settings.OUTBOX_HEARS.get(kind, ("", ()))
        heard = [result for result in results if result.state in states]
        if heard:
            taken += import_string(path)(heard)
    return Told(taken, offered - taken)
