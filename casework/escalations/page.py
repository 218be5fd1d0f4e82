"""What the list and the page of one escalation show to one person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from casework.accounts.models import User
from casework.accounts.permissions import Perm
from casework.audit.log import TimelineEntry, timeline
from casework.outbox.wording import attempts, kind_words, story
from casework.partners.reading import SEALED

from . import channels, forms, reading, tip_wording
from .actions.fetches import may_have_more
from .models import Download, Escalation, Line, Package, State, Urgency
from .way import delivered_words, name_of, way_of

#: The partner may have seen it: they can be written to, and taking it back is said differently.
OUT = (State.SENT, State.DELIVERED, State.ACKNOWLEDGED, State.ANSWERED)


def tabs(user: User, chosen: str, counts: dict[str, int]) -> list[dict[str, Any]]:
    """The tabs above the list, for ``components/tabs.html``."""
    return [
        {
            "label": tab.label,
            "url": f"?show={tab.name}",
            "current": tab.name == chosen,
            "count": counts.get(tab.name),
        }
        for tab in reading.tabs_for(user)
    ]


def first_tab(user: User, counts: dict[str, int]) -> str:
    """Where the list opens: the first tab that asks for this person's word, else their drafts, else what is out."""
    names = [tab.name for tab in reading.tabs_for(user)]
    asking = [
        name
        for name in ("glass", "stopped", "approve", "imagery", "mine", "out")
        if name in names and counts.get(name)
    ]
    return asking[0] if asking else "out"


def empty_words(chosen: str) -> str:
    """What an empty tab says."""
    return next((str(tab.empty) for tab in reading.TABS if tab.name == chosen), "")


def row_of(escalation: Escalation, viewer: User, *, tab: str = "") -> dict[str, Any]:
    """The variables of ``components/queue_row.html`` for one escalation."""
    drafter = escalation.drafted_by
    by = _("drafted by you") if drafter == viewer else _("drafted by %(name)s") % {"name": drafter.first_name}
    because = [escalation.get_basis_display()]
    if tab == "glass" and escalation.break_glass:
        because = [escalation.get_break_glass_display(), _("went without a second person")]
    return {
        "url": reverse("escalation", args=[escalation.public_id]),
        "reference": escalation.number,
        "key": str(escalation.public_id),
        "who": escalation.partner.organisation.name,
        "what": state_words(escalation),
        "because": " · ".join(str(words) for words in because),
        "badges": _badges(escalation, tab),
        "holder": by,
        "restricted": escalation.case.restricted,
        **clock_of(escalation),
    }


def _badges(escalation: Escalation, tab: str) -> list[dict[str, str]]:
    found = [{"text": escalation.case.number, "tone": "", "icon": ""}]
    if escalation.case.restricted:
        found.append({"text": _("restricted"), "tone": "caution", "icon": "lock-closed"})
    if escalation.urgency != Urgency.ROUTINE:
        found.append({"text": escalation.get_urgency_display(), "tone": "caution", "icon": ""})
    if escalation.break_glass and escalation.reviewed_at is None:
        # The one place that is red: nobody but its author has looked at it yet.
        tone = "danger" if tab == "glass" else "caution"
        found.append({"text": _("not reviewed"), "tone": tone, "icon": "exclamation-triangle"})
    return found


def state_words(escalation: Escalation) -> str:
    """Where it stands, for the desk: a draft that was offered waits for somebody."""
    if escalation.state == State.DRAFT and escalation.offered_at is not None:
        return _("waits for a second person")
    if tip_wording.is_stuck(escalation):
        return tip_wording.stuck_words(escalation)
    if reading.is_not_taken(escalation):
        return _("stopped: StopNCII has not taken it")
    if escalation.state == State.DELIVERED:
        return delivered_words(escalation)
    return str(escalation.get_state_display())


def clock_of(escalation: Escalation) -> dict[str, Any]:
    """The clock that runs now: the review of a break-glass, the acknowledgement, the answer; nothing for none."""
    face: dict[str, Any] = {"due_at": None, "started_at": None, "stopped_at": None, "clock_label": ""}
    if escalation.broken_at and escalation.reviewed_at is None:
        face |= {
            "due_at": escalation.review_due_at,
            "started_at": escalation.broken_at,
            "clock_label": _("review"),
        }
    elif reading.awaits_acknowledgement(escalation) and escalation.sent_at:
        due = escalation.sent_at + reading.ACKNOWLEDGE_WITHIN
        face |= {"due_at": due, "started_at": escalation.sent_at, "clock_label": _("acknowledgement")}
    elif escalation.state == State.ACKNOWLEDGED and escalation.answer_due_at:
        face |= {
            "due_at": escalation.answer_due_at,
            "started_at": escalation.sent_at,
            "clock_label": _("answer"),
        }
    return face


def late_words(escalation: Escalation) -> str:
    """What is overdue on the other side, in a sentence; nothing when all is in time."""
    if not reading.awaits_acknowledgement(escalation) or escalation.sent_at is None:
        return ""
    if escalation.sent_at + reading.ACKNOWLEDGE_WITHIN > timezone.now():
        return ""
    if escalation.reminded_hours:
        words = ngettext(
            "Nobody there has acknowledged it. They were reminded after %(n)d hour.",
            "Nobody there has acknowledged it. They were reminded after %(n)d hours.",
            escalation.reminded_hours,
        )
        return words % {"n": escalation.reminded_hours}
    return _("Nobody there has acknowledged it within 24 hours. They are reminded by themselves.")


def header_of(escalation: Escalation) -> dict[str, Any]:
    """The sticky header of an escalation's page."""
    return {
        "reference": escalation.number,
        "state_words": state_words(escalation),
        "restricted": escalation.case.restricted,
        **clock_of(escalation),
    }


def detail_context(escalation: Escalation, user: User, **sent: Any) -> dict[str, Any]:
    """Everything ``escalations/detail.html`` needs. *sent* holds bound forms that were refused, by name."""
    may = allowed(escalation, user)
    package, tip = reading.package_of(escalation), reading.tip_of(escalation)
    return {
        "escalation": escalation,
        "case": escalation.case,
        "header": header_of(escalation),
        "late": late_words(escalation),
        "facts": facts_of(escalation),
        "way": way_of(escalation),
        "package": package_card(package),
        "packaged": package is not None or escalation.channel in SEALED,
        "downloads": [download_words(each) for each in reading.downloads_of(escalation)],
        "messages_about": [
            {
                "message": each,
                "kind": kind_words(each.kind),
                "story": story(each),
                "attempts": attempts(each.tries.all()),
            }
            for each in reading.messages_about(escalation)
        ],
        "exchange": channels.exchange_words(escalation),
        "handed_over": channels.exchange_attempts(escalation),
        "tip": tip,
        "stuck": tip_wording.what_to_do(escalation) if tip_wording.is_stuck(escalation) else "",
        "may_retry": tip is not None and bool(tip.failure_code) and user.may(Perm.DRAFT_ESCALATION),
        "story": tip_wording.story(tip) if tip else None,
        "calls": tip_wording.calls(tip) if tip else [],
        "lines": [line_words(each) for each in escalation.lines.select_related("author")],
        "may": may,
        "line_form": sent.get("line") or forms.LineForm(auto_id="line_%s"),
        "fetched": fetched_words(escalation),
        "fetches_form": sent.get("fetches")
        or forms.FetchesForm(auto_id="fetches_%s", initial={"was": escalation.download_limit}),
        "withdraw_form": sent.get("withdraw") or forms.ReasonForm(auto_id="withdraw_%s"),
        "close_form": sent.get("close") or forms.ReasonForm(auto_id="close_%s"),
        "opened": next(iter(sent), ""),
        "timeline": entries_of(escalation, user),
    }


def entries_of(escalation: Escalation, user: User) -> list[TimelineEntry]:
    """What the log says of it and of everything that hangs on it, newest first."""
    tip = reading.tip_of(escalation)
    subjects = [escalation, *escalation.packages.all(), *escalation.links.all(), *([tip] if tip else [])]
    found = [entry for each in subjects for entry in timeline(escalation.case, viewer=user, subject=each)]
    return sorted(found, key=lambda entry: entry.at, reverse=True)


def allowed(escalation: Escalation, user: User) -> dict[str, bool]:
    """What this person may do with it now, as the page's buttons need it; the actions decide it again."""
    drafts = user.may(Perm.DRAFT_ESCALATION)
    own = escalation.drafted_by_id == user.pk
    draft = escalation.state == State.DRAFT
    offered = draft and escalation.offered_at is not None
    return {
        "edit": drafts and own and (draft or escalation.state == State.RETURNED),
        "preview": user.may(Perm.READ_ESCALATIONS),
        "judge": offered and not own and user.may(Perm.APPROVE_ESCALATION),
        "imagery": offered
        and not own
        and user.may(Perm.APPROVE_IMAGERY)
        and escalation.approved_by_id != user.pk
        and escalation.imagery_approved_by_id is None
        and escalation.with_pictures,
        "glass": draft and own and user.may(Perm.BREAK_GLASS) and escalation.urgency == Urgency.LIFE_THREAT,
        "review": bool(escalation.break_glass)
        and escalation.reviewed_at is None
        and not own
        and user.may(Perm.REVIEW_BREAK_GLASS),
        "write": drafts and escalation.state in OUT and escalation.channel in Escalation.READ_THERE,
        "fetches": drafts and may_have_more(escalation),
        "withdraw": drafts and State.WITHDRAWN in Escalation.MOVES[escalation.state],
        "close": drafts and State.CLOSED in Escalation.MOVES[escalation.state],
    }


def facts_of(escalation: Escalation) -> list[dict[str, Any]]:
    """What holds of it, as label and value."""
    partner = escalation.partner
    rows: list[dict[str, Any]] = [
        {
            "label": _("To"),
            "value": partner.organisation.name,
            "sub": partner.organisation.get_kind_display(),
        },
        {"label": _("By"), "value": escalation.get_channel_display()},
        {
            "label": _("Basis"),
            "value": escalation.get_basis_display(),
            "sub": escalation.authority,
            "stored": True,
        },
        {"label": _("Urgency"), "value": escalation.get_urgency_display()},
        {"label": _("May be shared"), "value": escalation.tlp, "mono": True},
        {
            "label": _("Consent"),
            "value": escalation.get_consent_display(),
            "sub": escalation.consent_how,
            "stored": True,
        },
    ]
    if escalation.jurisdiction:
        rows.append(
            {
                "label": _("Country"),
                "value": escalation.jurisdiction,
                "mono": True,
                "sub": escalation.jurisdiction_how,
                "stored": True,
            }
        )
    if escalation.recipient_reference:
        rows.append({"label": _("Their reference"), "value": escalation.recipient_reference})
    if escalation.outcome:
        rows.append({"label": _("Their outcome"), "value": escalation.get_outcome_display()})
    if escalation.expires_at:
        rows.append({"label": _("Their access ends"), "at": escalation.expires_at})
    if escalation.nondisclosure_until:
        rows.append({"label": _("No word to the reporter before"), "at": escalation.nondisclosure_until})
    return rows


def package_card(package: Package | None) -> dict[str, Any] | None:
    """The package in words and figures; ``running`` while the page should ask again."""
    if package is None:
        return None
    total = package.total_bytes or 0
    return {
        "package": package,
        "running": package.state in (Package.State.WAITING, Package.State.MAKING),
        "done": package.done_bytes,
        "total": total,
        "progress": _progress_words(package),
        "facts": _package_facts(package),
        "tone": {"ready": "good", "failed": "caution"}.get(package.state, ""),
    }


def _progress_words(package: Package) -> str:
    if package.state == Package.State.WAITING:
        return _("A worker begins with it soon.")
    if not package.total_bytes:
        return _marked_words(package) or _("A worker is making it.")
    said = {"done": filesizeformat(package.done_bytes), "total": filesizeformat(package.total_bytes)}
    return _("%(done)s of %(total)s") % said


def _marked_words(package: Package) -> str:
    """How many of the pictures bear their mark; nothing where there are none. Marking is what takes long."""
    total = package.pictures.count()
    if not total:
        return ""
    marked = package.pictures.filter(blob__isnull=False).count()
    said = ngettext(
        "%(marked)d of %(total)d picture is marked.", "%(marked)d of %(total)d pictures are marked.", total
    )
    return said % {"marked": marked, "total": total}


def _package_facts(package: Package) -> list[dict[str, Any]]:
    if package.state not in (Package.State.READY, Package.State.REMOVED):
        return []
    rows: list[dict[str, Any]] = [
        {"label": _("Size"), "value": filesizeformat(package.size or 0)},
        {"label": _("SHA-256 of the file"), "value": package.sha256, "mono": True},
        {"label": _("Signed with"), "value": package.signer_fingerprint, "mono": True},
    ]
    rows += [
        {"label": _("Encrypted to"), "value": str(each["fingerprint"]), "mono": True}
        for each in package.recipients
    ]
    if package.stamped_at:
        rows.append({"label": _("Timestamp by a third party"), "at": package.stamped_at})
    else:
        said = package.stamp_failure or _("none: not asked for, or not answered yet")
        rows.append({"label": _("Timestamp by a third party"), "value": said})
    return rows


def fetched_words(escalation: Escalation) -> str:
    """How many of the fetches that were agreed have begun."""
    begun, limit = reading.downloads_of(escalation).count(), escalation.download_limit
    said = ngettext(
        "%(begun)d of %(limit)d fetch has begun.", "%(begun)d of %(limit)d fetches have begun.", limit
    )
    return said % {"begun": begun, "limit": limit}


def download_words(download: Download) -> dict[str, Any]:
    """One fetch of a package: who, when, how much of it came through."""
    contact = download.link.contact.name if download.link else ""
    size = download.package.size or 0
    whole = download.finished_at is not None
    return {
        "who": name_of(download.person) or contact or _("their own system"),
        "by": _("secure link") if download.link_id else _("portal") if download.person_id else _("API"),
        "at": download.began_at,
        "said": _("the whole file")
        if whole
        else _("%(sent)s of %(size)s")
        % {"sent": filesizeformat(download.sent), "size": filesizeformat(size)},
    }


def line_words(line: Line) -> dict[str, Any]:
    """One line between desk and partner."""
    return {
        "line": line,
        "who": name_of(line.author) or line.author_name or str(line.get_side_display()),
        "kind": line.get_kind_display(),
    }


def rows_of(found: Iterable[Escalation], viewer: User, tab: str) -> list[dict[str, Any]]:
    """The rows of one page of the list."""
    return [row_of(each, viewer, tab=tab) for each in found]
