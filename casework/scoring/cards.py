"""The cards of the models as pages need them. The library's registry is read when a page asks, in plain Python."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:  # the web loads nothing of the library until somebody asks for a page about models
    from detection.cards import Card

#: Which question of an outcome the answers of a model belong to, by its task.
QUESTION_OF_TASK = {"explicit": "explicit", "synthetic": "ai_made"}


@dataclass(frozen=True, slots=True)
class Shelved:
    """The usable cards by name, why each model that is not here is not, and the cards that were refused, in words."""

    cards: dict[str, Card]
    absent: dict[str, str]
    refused: list[str] = field(default_factory=list)


def shelved() -> Shelved:
    """Every card there is, and whether its model's file lies in this machine's directory."""
    from detection.cards import read_registry

    registry = read_registry(settings.MODEL_CARDS)
    absent = {name: card.why_absent(settings.MODELS_DIR) for name, card in registry.cards.items()}
    refused = [f"{refusal.file.name}: {refusal.field} {refusal}" for refusal in registry.refused]
    return Shelved(dict(registry.cards), {name: why for name, why in absent.items() if why}, refused)
