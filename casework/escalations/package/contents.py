"""The files of a package that are written from its facts; each is a pure function of them."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from . import html, pdf
from .archive import Member, of_bytes
from .case_uco import bundle
from .facts import CustodyEvent, Facts
from .manifest import NAME
from .plain import plain
from .sheet import sharing_words, sheet

if TYPE_CHECKING:
    from casework.audit.inclusion import Inclusion

CUSTODY_COLUMNS = tuple(field.name for field in dataclasses.fields(CustodyEvent) if field.name != "actor")
#: A spreadsheet takes a cell that begins with one of these for a formula; an apostrophe before it makes it a text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def payload(facts: Facts) -> list[Member]:
    """Everything in ``data/`` but the pictures."""
    drawn = sheet(facts)
    files: dict[str, bytes] = {
        "README.txt": readme(facts).encode(),
        "TLP.txt": f"{facts.tlp.value}\n{sharing_words(facts.tlp)}\n".encode(),
        "facts.html": html.page(drawn, get_language() or "en"),
        "facts.pdf": pdf.document(drawn),
        "case-uco.jsonld": bundle(facts),
        "items.json": _json(items(facts)),
        "custody.json": _json([plain(event) for event in facts.custody]),
        "custody.csv": custody_csv(facts.custody),
        "decisions.json": _json([plain(decision) for decision in facts.decisions]),
        "statements.json": _json([plain(statement) for statement in facts.statements]),
        "scores.json": _json([_score(plain(score)) for score in facts.scores]),
    }
    if facts.further:
        files["further.json"] = _json({said.code: list(said.values) for said in facts.further})
    if facts.log is not None and (facts.log.entries or facts.withheld):
        files |= log_files(facts.log, facts.log_key)
    if facts.withheld:
        files["log/withheld.json"] = _json([plain(entry) for entry in facts.withheld])
    return [of_bytes(f"data/{name}", data) for name, data in files.items()]


def items(facts: Facts) -> dict[str, Any]:
    """The manifest of items: what each is, all its digests, its addresses, and the picture of it that is included."""
    pictures = {
        picture.item: {"file": f"data/pictures/{picture.name}", "mark": picture.mark, "size": picture.size}
        for picture in facts.pictures
    }
    return {
        "case": facts.case_number,
        "items": [
            plain(item) | {"digests": dict(item.digests), "included": pictures.get(item.id)}
            for item in facts.items
        ],
        "locators": [plain(locator) for locator in facts.locators],
        "imagery": None if facts.imagery is None else plain(facts.imagery),
    }


def custody_csv(events: Iterable[CustodyEvent]) -> bytes:
    """RFC 4180, a row an event, every cell quoted, none a formula."""
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_ALL)
    writer.writerow([*CUSTODY_COLUMNS, "actor", "actor_role"])
    for event in events:
        known = plain(event)
        cells = [known[name] for name in CUSTODY_COLUMNS] + [str(event.actor.id), event.actor.role]
        writer.writerow([_harmless("" if cell is None else str(cell)) for cell in cells])
    return written.getvalue().encode()


def log_files(log: Inclusion, key: str) -> dict[str, bytes]:
    """Each entry of the log as the bytes of its leaf, and its proof; the checkpoint; the line of the log's key."""
    files = {"log/checkpoint.txt": log.checkpoint.encode(), "log/key.txt": f"{key}\n".encode()}
    for entry in log.entries:
        name = f"log/{entry.index:010d}-{entry.public_id}"
        files[f"{name}.leaf"] = entry.data
        files[f"{name}.tlog-proof"] = entry.proof.encode()
    return files


def readme(facts: Facts) -> str:
    """How to read and check the package, for somebody who has never seen one."""
    paragraphs = [
        _("Evidence package %(package)s, case %(case)s")
        % {"package": facts.package, "case": facts.case_number},
        f"{facts.tlp.value}: {sharing_words(facts.tlp)}",
        _("Begin with data/facts.pdf or data/facts.html. They say the same."),
        _(
            "data/items.json lists the items with all digests; data/custody.csv and .json who did what with them; "
            "data/decisions.json, statements.json and scores.json what was decided, stated and measured; "
            "data/further.json, where there is one, what else was told. "
            "data/case-uco.jsonld is the same for forensic tools (CASE/UCO 1.4)."
        ),
        _(
            "To check that nothing was changed since it was signed, run casework_verify.py on the tar file, with the "
            "signer's key. Get both the program and the key from the signer another way than this package: what "
            "comes inside a package can't prove it. %(note)s is the signed list of all files."
        )
        % {"note": NAME},
        _(
            "Without that program: the folder is a BagIt 1.0 bag (RFC 8493), so any BagIt tool checks its sums; that "
            "shows damage, not forgery."
        ),
        _log_words(facts),
        _(
            "Times are UTC. People of the desk are given by role and a random id; the sender can name them to a court."
        ),
    ]
    return "\n\n".join(text for text in paragraphs if text) + "\n"


def _log_words(facts: Facts) -> str:
    if facts.log is None or not (facts.log.entries or facts.withheld):
        return ""
    return _(
        "data/log/ holds entries of the desk's log about what this package tells. The first 16 bytes of a .leaf "
        "file are random, the rest is the "
        "entry as JSON. Its .tlog-proof (c2sp.org/tlog-proof@v1) shows that it stood in the log when the "
        "checkpoint was signed. withheld.json, where there is one, holds only the leaf hashes of the case's other "
        "entries, with their proofs: what they say is not in this package, but it can't be changed any more. "
        "casework_verify.py compares these files like all others; casework_verify_log.py follows the proofs, with the "
        "key of the log, which is another one. Get that from the signer, too."
    )


def _score(score: dict[str, Any]) -> dict[str, Any]:
    """A score that is absent is null and said to be unchecked, never an empty string."""
    return score | {"value": score["value"] or None, "checked": bool(score["value"])}


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
