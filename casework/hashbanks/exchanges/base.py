"""What every exchange speaks to the rest: pages of updates in, hashes and verdicts out.

A client knows a protocol and no database. It is made for one connection, answers in the shapes below, validates all
it reads, and raises ``outbox.errors.OutboundError``, whose sentences name no key.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.utils.translation import gettext as _

from casework.hashbanks.models import Verdict
from casework.hashbanks.values import NewEntry, NoHash, to_bytes
from casework.outbox.errors import OutboundError
from casework.outbox.http import Answer, Limits, request

ACTIVE, DELETED = "active", "deleted"
#: One page is read whole into memory; a fetch of a page and its storing stay within a job's time.
PAGE_LIMITS = Limits(seconds=45.0, size=16 * 1024 * 1024)


class BadAnswer(OutboundError):
    """A server answered something that its protocol does not know."""

    def __init__(self, what: str) -> None:
        super().__init__("schema", _("The answer can't be read: %(what)s.") % {"what": what})


@dataclass(frozen=True, slots=True)
class Connection:
    """Where and as whom: *options* are public settings of the kind, *credentials* its keys."""

    address: str
    options: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def base(self) -> str:
        return self.address.rstrip("/")


@dataclass(frozen=True, slots=True)
class Update:
    """What an exchange says of one hash now; it replaces what it said before.

    A withdrawn hash is deleted here, so *status* is ``active`` or ``deleted``. *value* None takes back what was said
    under *refs*, which are the exchange's own names. *verdicts*: who else says what of it.
    """

    status: str
    signal: str = ""
    value: bytes | None = None
    refs: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    verdicts: tuple[tuple[str, Verdict], ...] = ()
    #: All that a list said, where more is known than a value (quality, frames of a film).
    listed: NewEntry | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One step of a fetch. *checkpoint* is where to go on once this page is stored; *more*: there is a next page.

    *first* begins, and *complete* ends, a walk over everything that exists: what did not come between them is gone.
    *faults* names records that were left out, *skipped* counts those of kinds that are not matched here.
    """

    updates: Sequence[Update]
    checkpoint: dict[str, Any]
    more: bool
    first: bool = False
    complete: bool = False
    faults: Sequence[str] = ()
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Offer:
    """A hash of ours. *key* is our name for it, *ref* the exchange's once it has one."""

    key: str
    signal: str
    value: bytes
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What people here say of a hash of the exchange, which it knows under *refs*."""

    key: str
    signal: str
    value: bytes
    verdict: Verdict
    refs: tuple[str, ...] = ()


class Client(Protocol):
    """A connection with an exchange."""

    def fetch(self, checkpoint: Mapping[str, Any]) -> Iterator[Page]:
        """Pages from *checkpoint* on (empty: from the beginning), at least one."""
        ...

    def submit(self, offers: Sequence[Offer]) -> dict[str, str]:
        """Hand over hashes that it takes; the exchange's name for each key, where it gives one.
        When this returns all of them are taken; a repeat replaces."""
        ...

    def retract(self, offers: Sequence[Offer]) -> None:
        """Take back what was submitted."""
        ...

    def send_feedback(self, opinions: Sequence[Opinion]) -> None:
        """Tell what a match was worth."""
        ...


@dataclass(frozen=True, slots=True)
class Input:
    """A field of the form of a kind; *secret* ones go into the encrypted column and are never shown again."""

    name: str
    label: Any
    help: Any = ""
    secret: bool = False
    required: bool = True
    #: What it has to look like as a whole (a regular expression), where that is known.
    pattern: str = r"[ -~]*"
    choices: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class KindSpec:
    """What a kind of exchange is and can. *signals*: what it takes from us; *verdicts*: what can be said to it.

    *reads* and *sends* say for the page what comes in and what would leave.
    """

    connect: Callable[[Connection], Client]
    address: str
    inputs: tuple[Input, ...]
    reads: Any
    sends: Any
    signals: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    #: Whether a verdict can only be told by the exchange's own name for a hash.
    by_name: bool = False
    #: Answers by which this protocol says that it will never take this very thing.
    never: tuple[int, ...] = (400, 422)
    batch: int = 1
    interval_minutes: int = 60


# --- reading answers ------------------------------------------------------------------------------------------------


def read_value(signal: str, text: object) -> bytes | str:
    """The bytes of a hash, or why it is none, in words that name its beginning."""
    if not isinstance(text, str):
        return _("a value that is no text")
    try:
        return to_bytes(signal, text)
    except NoHash as error:
        shown = "".join(filter(str.isprintable, text[:12]))
        return f"“{shown}…”: {error}"


def read_rows(
    rows: Iterable[object],
    signals: Mapping[str, str],
    *,
    kind: str,
    value: str,
    read: Callable[[Mapping[str, Any], str, bytes], list[Update] | str],
) -> tuple[list[Update], list[str], int]:
    """The changes that *rows* hold, what is wrong with others, in words, and how many are of no signal we keep.

    *kind* and *value* name the members with the other side's signal (a key of *signals*) and the hash; *read* makes
    changes of one row, our signal and the hash's bytes, or says what is wrong with it.
    """
    updates: list[Update] = []
    faults: list[str] = []
    skipped = 0
    for row in rows:
        if not isinstance(row, dict):
            faults.append(_("a record that is no object"))
            continue
        signal = signals.get(str(row.get(kind)))
        if signal is None:
            skipped += 1
            continue
        hashed = read_value(signal, row.get(value))
        made = hashed if isinstance(hashed, str) else read(row, signal, hashed)
        if isinstance(made, str):
            faults.append(made)
        else:
            updates += made
    return updates, faults, skipped


def get_json(url: str, *, headers: Mapping[str, str], limits: Limits = PAGE_LIMITS) -> dict[str, Any]:
    """The JSON object at *url*. Raises OutboundError."""
    return as_object(request("GET", url, headers={"Accept": "application/json", **headers}, limits=limits))


def as_object(answer: Answer) -> dict[str, Any]:
    """The JSON object in *answer*. Raises BadAnswer."""
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError):
        raise BadAnswer(_("it is not JSON")) from None
    if not isinstance(value, dict):
        raise BadAnswer(_("it is not a JSON object"))
    return value


def member(values: Mapping[str, Any], name: str, kind: type | tuple[type, ...], default: Any = None) -> Any:
    """The member *name* of an answer, of the given *kind*; *default* where it is absent or null.

    Raises BadAnswer when it has another type, or is absent and there is no default.
    """
    value = values.get(name)
    if value is None and default is not None:
        return default
    # JSON's true is no number, whatever Python thinks.
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise BadAnswer(_("“%(name)s” is missing or of another type") % {"name": name})
    return value


def clean(text: object, most: int = 100) -> str:
    """A text of an outsider, printable and short."""
    return "".join(filter(str.isprintable, str(text)))[:most].strip()
