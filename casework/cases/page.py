"""What the case page shows, put together for one person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from django.http import Http404, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.accounts.permissions import Perm
from casework.audit.log import timeline
from casework.outbox.reading import latest_about
from casework.outbox.wording import story

from . import actions, forms, reading, wording
from .actions.decisions import needs_second, standing_decision, waiting_decision
from .models import Case, Decision, Draft, Effect, Outcome
from .priority import because, most_urgent_first, with_priority

#: What each form of the case page may keep as a draft.
DRAFT_FIELDS = {"decision": ("outcome", "policy", "bases", "grounds", "statement"), "note": ("text",)}
OUTCOME_KEYS: dict[str, str] = {
    Outcome.REMOVE: "1", Outcome.RESTRICT: "2", Outcome.KEEP: "3", Outcome.NEED_MORE: "4",
    Outcome.ESCALATE: "5", Outcome.SUSPECTED_MINOR: "m", Outcome.NOT_MINOR: "6",
}  # fmt: skip


def filter_chips(counts: dict[str, Any], chosen: str, user: User) -> list[dict[str, Any]]:
    """The filters above the queue with their counts; "suspected minor" exists for the cleared only."""
    return [
        {
            "text": entry.label,
            "url": f"?show={entry.name}",
            "count": counts[entry.name],
            "current": entry.name == chosen,
        }
        for entry in reading.FILTERS
        if entry.name != "minor" or user.cleared
    ]


def ranked(cases: Any) -> Any:
    """Search results in the order of the queue."""
    return most_urgent_first(cases).select_related("claimed_by")


def keep_typed(case: Case, form: str, typed: QueryDict, user: User) -> None:
    """Keep the typed fields of one form as this person's draft on the case."""
    if form not in DRAFT_FIELDS:
        raise Http404
    content: dict[str, Any] = {}
    for name in DRAFT_FIELDS[form]:
        content[name] = typed.getlist(name) if name == "bases" else typed.get(name, "")
    actions.keep_draft(case, form, content, actor=user)


def decision_named(case: Case, public_id: UUID | None) -> Decision | None:
    """The decision of this case that a page showed as standing."""
    return case.decisions.filter(public_id=public_id).first() if public_id else None


def decision_to_review(case: Case, public_id: UUID) -> Decision:
    """The decision of this case that a page showed to the second person; 404 for any other."""
    shown = decision_named(case, public_id)
    if shown is None:
        raise Http404
    return shown


def effect_of(case: Case, public_id: UUID) -> Effect:
    """One effect of a decision on this case; 404 for any other."""
    effect = (
        Effect.objects.filter(decision__case=case, public_id=public_id).select_related("decision").first()
    )
    if effect is None:
        raise Http404
    return effect


def asking_words(standing: Decision | None) -> str:
    """How it goes with asking the platform for the effects of a decision; empty where nobody was asked."""
    ids = [str(effect.public_id) for effect in standing.effects.all()] if standing else []
    asked = latest_about(ids)
    return story(asked) if asked else ""


def after_decision(case: Case, user: User) -> str:
    """Where to go once decided: back to the case while this person may still see it, else to the queue."""
    return (
        reverse("case", args=[case.public_id])
        if Case.objects.for_user(user).filter(pk=case.pk)
        else reverse("queue")
    )


def case_context(case: Case, user: User, **sent: Any) -> dict[str, Any]:
    """Everything ``cases/detail.html`` needs. *sent* holds bound forms that were refused, by name."""
    ranked_case = (
        with_priority(Case.objects.for_user(user).filter(pk=case.pk)).select_related("claimed_by").get()
    )
    holder = reading.holder_of(ranked_case)
    is_mine = holder == user
    standing = standing_decision(case)
    waiting = waiting_decision(case)
    token = ranked_case.claim_token if is_mine else None
    clock = case.clocks.order_by("due_at").first()
    return {
        "case": ranked_case,
        "header": _header(ranked_case, clock, user),
        "clock": clock,
        "because": because(ranked_case, most=9),
        "holder": holder,
        "is_mine": is_mine,
        "token": token,
        "locators": case.locators.all(),
        "decisions": _decisions(case),
        "standing": standing,
        "asking": asking_words(standing),
        "waiting": waiting,
        "may_review": waiting is not None
        and user.may(Perm.APPROVE_DECISION)
        and waiting.decided_by_id != user.pk,
        "may_decide": user.may(Perm.DECIDE_CASE),
        "may_note": user.may(Perm.WRITE_NOTE),
        "sees_evidence": user.may(Perm.SEE_PREVIEWS),
        "decision_form": sent.get("decision") or _decision_form(case, user, token, standing),
        "outcomes": _outcomes(case),
        "review_form": sent.get("review")
        or forms.ReviewForm(initial={"decision": waiting.public_id if waiting else None}),
        "hold_form": sent.get("hold") or forms.HoldForm(initial={"token": token}),
        "take_over_form": sent.get("take_over") or forms.ReasonForm(),
        "effect_form": forms.EffectForm(),
        "note_form": sent.get("note") or forms.NoteForm(initial=_draft(case, user, "note")),
        "notes": case.notes.select_related("author"),
        "timeline": timeline(case, viewer=user),
        "first_tab": "decide" if "decision" in sent or "review" in sent else _first_tab(case, user),
    }


def _first_tab(case: Case, user: User) -> str:
    """The part that a narrow screen opens with: what was decided, else what there is to judge by."""
    if case.status in (Case.Status.DECIDED, Case.Status.CLOSED, Case.Status.WITHDRAWN):
        return "decide"
    return "evidence" if case.item_count and user.may(Perm.SEE_PREVIEWS) else "known"


def _header(case: Case, clock: Any, user: User) -> dict[str, Any]:
    return {
        "reference": case.number,
        "restricted": case.restricted,
        "state_words": wording.state_words(case, user),
        "due_at": clock.due_at if clock else None,
        "started_at": clock.started_at if clock else None,
        "stopped_at": clock.stopped_at if clock else None,
        "clock_label": _("US 48 h"),
    }


def _draft(case: Case, user: User, form: str) -> dict[str, Any]:
    kept = Draft.objects.filter(person=user, case=case, form=form).first()
    return dict(kept.content) if kept else {}


def _decision_form(
    case: Case, user: User, token: UUID | None, standing: Decision | None
) -> forms.DecisionForm:
    initial = {"token": token, "overrides": standing.public_id if standing else None}
    return forms.DecisionForm(initial=initial | _draft(case, user, "decision"), case=case)


def _outcomes(case: Case) -> list[dict[str, Any]]:
    """Each outcome with its key, the rules that fit it and what it will do, said before the click."""
    places = case.locator_count
    will: dict[str, str] = {
        Outcome.REMOVE: _(
            "take down %(n)d place(s), tell the reporter; the clock stops when all are confirmed gone"
        ),
        Outcome.RESTRICT: _(
            "limit %(n)d place(s), tell the reporter; the clock stops when all are confirmed"
        ),
        Outcome.KEEP: _("change nothing at the %(n)d place(s), tell the reporter why; the clock stops"),
        Outcome.NEED_MORE: _("ask the reporter; the case comes back in 24 hours; the clock runs on"),
        Outcome.ESCALATE: _("mark the case for a partner; the clock runs on"),
        Outcome.SUSPECTED_MINOR: _(
            "hide the case at once from everybody who is not cleared; the clock runs on"
        ),
        Outcome.NOT_MINOR: _("show the case to all moderators again"),
    }
    return [
        {
            "value": value,
            "label": label,
            "key": OUTCOME_KEYS[value],
            "policies": " ".join(forms.POLICIES[value]),
            "will": will[value] % {"n": places} if "%(n)" in will[value] else will[value],
            "second": needs_second(case, value),
        }
        for value, label in forms.outcomes_for(case)
    ]


def _decisions(case: Case) -> list[Decision]:
    effects = Prefetch("effects", Effect.objects.select_related("locator", "settled_by"))
    return list(
        case.decisions.select_related(
            "decided_by", "review", "review__reviewer", "override_of"
        ).prefetch_related(effects)
    )
