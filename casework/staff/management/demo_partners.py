"""The partners of the demo, agreed to by two people, and what has been handed to them, by everybody's own actions."""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyrage

from casework.accounts.models import User
from casework.cases.models import Case
from casework.escalations import actions as escalations
from casework.escalations import choosing
from casework.escalations.actions import tips
from casework.escalations.cybertip.facts import IncidentKind
from casework.escalations.models import Basis, Consent, Escalation, Urgency
from casework.partners import actions as partners
from casework.partners.models import Accepts, Channel, Partner, PartnerKey, Tlp

People = dict[str, User]

NGO, POLICE, HOST = "Safe Harbour (demo)", "City police, cybercrime (demo)", "Pixel Host (demo)"
NCMEC = "NCMEC, test environment (demo)"
#: Where the demo leaves the private key that opens what is sent to the NGO, for trying out ``age --decrypt``.
KEY_FILE = "nia_age_key"


def make_partners(people: People, folder: Path) -> None:
    """An NGO with the portal, a police force with a secure link, a host that takes notices, NCMEC; each once."""
    agreed = {"agreement_from": date.today() - timedelta(days=30), "agreement_reference": "Demo agreement"}
    found = {"call_back_found_at": date.today() - timedelta(days=20)}
    _partner(
        people, name=NGO, kind="ngo", countries=["US", "GB"], languages=["en"],
        accepts=[Accepts.ADULT, Accepts.AI, Accepts.THREAT, Accepts.SUPPORT], channel=Channel.PORTAL,
        mail="inbox@harbour.example", response_hours=72, tlp_ceiling=Tlp.AMBER_STRICT, imagery_allowed=True,
        call_back_number="+1 202 555 0143", call_back_source="the register of charities, looked up by Lex",
        **agreed, **found,
    )  # fmt: skip
    _partner(
        people, name=POLICE, kind="law_enforcement", countries=["US"], languages=["en", "es"],
        accepts=[Accepts.ADULT, Accepts.AI, Accepts.THREAT, Accepts.MINOR], channel=Channel.LINK,
        mail="cyber@police.example", response_hours=24, tlp_ceiling=Tlp.RED, imagery_allowed=True,
        call_back_number="+1 202 555 0199", call_back_source="the city's printed directory, 2026 edition",
        **agreed, **found,
    )  # fmt: skip
    _partner(
        people, name=HOST, kind="host", countries=["NL"], languages=["en", "nl"], accepts=[Accepts.HOSTING],
        channel=Channel.XARF_MAIL, mail="abuse@host.example", response_hours=24, tlp_ceiling=Tlp.GREEN, **agreed,
    )  # fmt: skip
    _partner(
        people, name=NCMEC, kind="hotline", countries=["US"], languages=["en"], accepts=[Accepts.MINOR],
        channel=Channel.CYBERTIP, response_hours=72, tlp_ceiling=Tlp.RED, imagery_allowed=True, **agreed,
    )  # fmt: skip
    ngo = Partner.objects.get(organisation__name=NGO)
    if not ngo.contacts.exists():
        change = partners.propose_contact(
            ngo, actor=people["ada"], name="Nia", position="Case worker", mail="nia@demo.test",
            phone="+1 202 555 0144", phone_source="the register of charities, looked up by Lex", languages=["en"],
            user=people["nia"],
        )  # fmt: skip
        partners.agree_change(change, actor=people["lex"])
    if not ngo.keys.exists():
        key = partners.add_key(ngo, _recipient(folder / KEY_FILE), actor=people["ada"])
        partners.verify_key(
            key, actor=people["lex"], how=PartnerKey.How.CALL_BACK, with_whom="Nia, +1 202 555 0143"
        )


def _partner(people: People, **fields: Any) -> None:
    if not Partner.objects.filter(organisation__name=fields["name"]).exists():
        change = partners.propose_partner(actor=people["ada"], why="For the demo.", **fields)
        partners.agree_change(change, actor=people["lex"])


def _recipient(kept: Path) -> str:
    """The public half of the demo NGO's key; the private half is kept in *kept*, which only its owner can read."""
    identity = pyrage.x25519.Identity.generate()
    kept.parent.mkdir(mode=0o700, exist_ok=True)
    with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(f"# public key: {identity.to_public()}\n{identity}\n")
    return str(identity.to_public())


def hand_over(case: Case, people: People) -> None:
    """What the hotline speaks of goes to the NGO: Sena drafts, Lena approves; the worker makes the package."""
    draft = _draft(case, people["sena"], basis=Basis.DSA_ART18, urgency=Urgency.ONGOING)
    _offer(draft, people["sena"])
    escalations.approve(draft, actor=people["lena"], digest=_seen(draft, people["lena"]))


def propose(case: Case, people: People) -> None:
    """Mona's draft, which waits for somebody else's word."""
    _offer(
        _draft(
            case, people["mona"], basis=Basis.VICTIM_REQUEST, consent=Consent.GIVEN,
            consent_how="They asked for it on their status page.",
        ),
        people["mona"],
    )  # fmt: skip


def describe_tip(case: Case, people: People) -> None:
    """Sena's report to NCMEC, filled in and not offered: without an account nothing can leave, and its page says so."""
    ncmec = Partner.objects.get(organisation__name=NCMEC)
    if Escalation.objects.filter(case=case, partner=ncmec).exists():
        return
    draft = escalations.draft_escalation(
        case, actor=people["sena"], partner=ncmec, basis=Basis.STATUTORY, authority="18 USC 2258A",
        jurisdiction="US", jurisdiction_how="Where the service is run (demo).",
        facts="A parent reports a page that is said to show their child. Nobody here has seen a picture of it.",
    )  # fmt: skip
    report = case.reports.get()
    tips.describe_tip(
        draft, actor=people["sena"], version=draft.version,
        content={
            "kind": IncidentKind.ABUSE_MATERIAL.name, "at": report.received_at.isoformat(),
            "at_means": "When it was first reported to us.", "platform": "Pictures (demo)", "urgent": "",
            "annotations": [],
            "suspect": {"screen_name": "", "identifier": "", "profile_url": "", "mail": "", "more": ""},
            "victim": {"first_name": "", "last_name": "", "more": "", "age": None, "born": ""},
            "agency": {"name": "", "case_number": "", "reported": None}, "files": {}, "more": "",
        },
    )  # fmt: skip


def _draft(case: Case, author: User, **fields: Any) -> Escalation:
    return escalations.draft_escalation(
        case, actor=author, partner=Partner.objects.get(organisation__name=NGO), jurisdiction="US",
        jurisdiction_how="The person depicted lives there, the report says.",
        facts="The report names the places below. Whoever published it threatens to send it to an employer.",
        **fields,
    )  # fmt: skip


def _offer(draft: Escalation, author: User) -> None:
    escalations.note_preview(draft, actor=author, digest=_seen(draft, author))
    escalations.offer(draft, actor=author)


def _seen(draft: Escalation, viewer: User) -> str:
    return choosing.preview(draft, viewer=viewer).digest
