"""The worker's side: once a month, see whether what people confirmed asks for another calibration."""

from __future__ import annotations

from casework.jobs.actions import Start

from . import actions, fitting
from .models import Calibration, Truth
from .reading import Counted, counted, in_force, usable_samples


def propose(*, start: Start) -> None:
    """Fit each model's confirmed scores; propose what beats what is in force, and write down where nothing does."""
    waiting = set(
        Calibration.objects.filter(state=Calibration.State.PROPOSED).values_list("model", flat=True)
    )
    for each in counted():
        if each.model not in waiting and propose_for(each) is not None:
            waiting.add(each.model)


def propose_for(of: Counted) -> Calibration | None:
    """One model's turn; None where nothing is proposed, with an entry that says why."""
    samples = list(
        usable_samples().filter(model=of.model, model_version=of.model_version, outcome__question=of.question)
    )
    labelled = [fitting.Labelled(one.score, one.outcome.truth == Truth.YES) for one in samples]
    if not fitting.enough(labelled):
        actions.note_nothing_better(of.model, of.model_version, code="too_few", n=of.n, n_true=of.n_true)
        return None
    row = in_force().get(of.model)
    curve = (row.method, row.params) if row and row.model_version == of.model_version else None
    best, now = fitting.best_fit(labelled, curve)
    if best is None:
        actions.note_nothing_better(
            of.model, of.model_version, code="not_better", n=of.n, brier=now.brier, ece=now.ece
        )
        return None
    return actions.propose_calibration(
        actions.Proposal(
            model=of.model, model_version=of.model_version, question=of.question, method=best.method,
            params=best.params, n=of.n, n_true=of.n_true, brier=best.brier, ece=best.ece, bins=list(best.bins),
            was_brier=now.brier, was_ece=now.ece, was_bins=list(now.bins),
            first_confirmed_at=samples[0].outcome.confirmed_at,
            last_confirmed_at=samples[-1].outcome.confirmed_at,
        )
    )  # fmt: skip
