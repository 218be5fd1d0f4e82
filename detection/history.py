"""How a picture came about, as its Content Credentials tell it: the manifests from the newest down to the first.

Works on what c2pa-rs writes as JSON about a manifest store. The tree of ingredients was written by strangers: it can
be deep, wide or go round in circles, so each manifest is visited once and no more than so many, and only the newest
are shown. Titles of ingredients are file names that may name somebody; they are not read. Source: C2PA Technical
Specification 2.x, "Ingredients", "Actions", "Validation".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from detection.sources import in_words, is_ai_made, source_term

MOST_STEPS, MOST_SHOWN, MOST_LISTED = 2000, 24, 20
MOST_VALUES, DEEPEST_VALUE = 20_000, 32
MOST_IN_WORDS, LONGEST_NAME, LONGEST_VALUE = 6, 60, 200

SELF, PARENT, COMPONENT, INPUT = "self", "parentOf", "componentOf", "inputTo"
TRUSTED = "signingCredential.trusted"
_CREATED, _EDITED = "c2pa.created", frozenset(
    f"c2pa.{name}"
    for name in ("edited", "placed", "removed", "resized", "cropped", "filtered", "color_adjustments", "drawing",
                 "orientation", "redacted", "translated", "unknown")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One manifest of the tree, or an ingredient that has none (``signed`` is false).

    ``relation`` is that to the step above; ``straight`` whether the picture itself came from here, by nothing but
    opening. ``tool`` is the program it names, ``trusted`` whether its own signer is.
    """

    relation: str
    depth: int
    signed: bool
    straight: bool = False
    tool: str = ""
    actions: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    trusted: bool = False

    @property
    def is_ai(self) -> bool:
        """Whether this manifest itself says that generative AI took part."""
        return is_ai_made(self.terms)

    def as_data(self) -> dict[str, Any]:
        """The step as JSON."""
        return {
            "relation": self.relation, "depth": self.depth, "signed": self.signed, "tool": self.tool,
            "actions": list(self.actions), "source_types": list(self.terms), "trusted": self.trusted,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class History:
    """The steps, the newest first. ``cut`` says that there are more than were looked at."""

    steps: tuple[Step, ...]
    cut: bool

    @property
    def terms(self) -> tuple[str, ...]:
        """The source types that any step names, each once."""
        return tuple(dict.fromkeys(term for step in self.steps for term in step.terms))

    @property
    def ai_steps(self) -> tuple[Step, ...]:
        """The steps that say AI."""
        return tuple(step for step in self.steps if step.is_ai)


def read_history(document: Mapping[str, Any]) -> History:
    """The tree below the active manifest of what ``c2pa.Reader.json`` wrote. Raises KeyError, TypeError and the like
    for a document of another shape.
    """
    manifests = document["manifests"]
    trusted = _trusted_labels(document)
    steps: list[Step] = []
    seen: set[str] = set()
    waiting = deque([(SELF, 0, True, str(document["active_manifest"]))])
    cut = False
    while waiting:
        relation, depth, straight, label = waiting.popleft()
        if label in seen:
            continue
        if len(steps) >= MOST_STEPS:
            cut = True
            break
        if label:
            seen.add(label)
        manifest = manifests.get(label)
        steps.append(_step(relation, depth, straight, manifest, label in trusted))
        ingredients = (manifest or {}).get("ingredients") or []
        for one in ingredients:
            kind = _relation(one)
            below = str(one.get("active_manifest") or "")
            waiting.append((kind, depth + 1, straight and kind == PARENT, below))
    return History(tuple(steps), cut)


def _relation(ingredient: Mapping[str, Any]) -> str:
    relation = ingredient.get("relationship")
    return relation if relation in (PARENT, INPUT) else COMPONENT


def _step(
    relation: str, depth: int, straight: bool, manifest: Mapping[str, Any] | None, trusted: bool
) -> Step:
    if manifest is None:
        return Step(relation, depth, signed=False, straight=straight)
    assertions = manifest.get("assertions") or []
    terms = (source_term(value) for value in texts_under(assertions, "digitalSourceType"))
    return Step(
        relation,
        depth,
        signed=True,
        straight=straight,
        tool=tool_of(manifest),
        actions=tuple(dict.fromkeys(map(short, texts_under(assertions, "action"))))[:MOST_LISTED],
        terms=tuple(dict.fromkeys(term for term in terms if term))[:MOST_LISTED],
        trusted=trusted,
    )


def _trusted_labels(document: Mapping[str, Any]) -> frozenset[str]:
    """The manifests whose own signer is trusted here.

    c2pa-rs checks every ingredient anew but tells only what differs from what was written down when it was taken in.
    So what the active manifest wrote of its own ingredients holds unless a difference is told; what older manifests
    wrote of theirs is not taken on their word.
    """
    results = document.get("validation_results") or {}
    active = document["manifests"].get(document["active_manifest"]) or {}
    written = [
        (one.get("validation_results") or {}).get("activeManifest") or {}
        for one in (active.get("ingredients") or [])
    ]
    checks = [results.get("activeManifest") or {}]
    checks += [delta.get("validationDeltas") or {} for delta in results.get("ingredientDeltas") or []]
    good = {
        _label(one)
        for check in (*checks, *written)
        for one in check.get("success", [])
        if one["code"] == TRUSTED
    }
    bad = {_label(one) for check in checks for one in check.get("failure", [])}
    return frozenset(good - bad - {""})


def _label(status: Mapping[str, Any]) -> str:
    """The manifest that a status is about, from its address "self#jumbf=/c2pa/LABEL/c2pa.signature"."""
    parts = str(status.get("url") or "").split("/")
    return parts[2] if len(parts) > 3 else ""


def tool_of(manifest: Mapping[str, Any]) -> str:
    """The program that a manifest names: of the action that created the picture, else the one that wrote the claim.

    ``claim_generator`` is of version 1, the first of ``claim_generator_info`` of version 2.
    """
    for assertion in manifest.get("assertions") or []:
        actions = (
            (assertion.get("data") or {}).get("actions") if "actions" in str(assertion.get("label")) else None
        )
        for action in actions or []:
            agent = action.get("softwareAgent")
            if action.get("action") == _CREATED and agent:
                return _named(agent)
    if manifest.get("claim_generator"):
        return short(manifest["claim_generator"])
    info = manifest.get("claim_generator_info") or [{}]
    return _named(info[0])


def _named(agent: Any) -> str:
    if isinstance(agent, Mapping):
        agent = f"{short(agent.get('name'))} {short(agent.get('version'))}".strip()
    return short(agent)


def texts_under(value: Any, key: str) -> Iterator[str]:
    """Every text under *key*, at any depth, in a bounded part of a document."""
    waiting, looked_at = [(value, 0)], 0
    while waiting and looked_at < MOST_VALUES:
        current, depth = waiting.pop()
        looked_at += 1
        if depth > DEEPEST_VALUE:
            continue
        if isinstance(current, Mapping):
            found = current.get(key)
            if isinstance(found, str):
                yield found
            waiting += [(inner, depth + 1) for inner in reversed(list(current.values()))]
        elif isinstance(current, list):
            waiting += [(inner, depth + 1) for inner in reversed(current)]


def sentence(history: History) -> str:
    """The tree in words, the oldest first: "Made with “X”, which says: …; then edited with “Y”." Empty without one.

    Only what the picture itself was made from is told in order; what was placed in it is counted.
    """
    line = tuple(step for step in reversed(history.steps) if step.straight)
    if len(history.steps) == 1 and not line[0].terms:
        return ""
    shown = line if len(line) <= MOST_IN_WORDS else (*line[: MOST_IN_WORDS - 1], line[-1])
    told = [_told(step) for step in shown]
    if len(shown) < len(line):
        told.insert(-1, f"{len(line) - len(shown)} more steps")
    parts = [f"Their history: {'; then '.join(told)}."]
    placed = [step for step in history.steps if not step.straight]
    if placed:
        ai = sum(step.is_ai for step in placed)
        also = f"; {ai} of them say: made with generative AI" if ai else ""
        parts.append(f"Other pictures taken in: {len(placed)}{also}.")
    if history.cut:
        parts.append("The history is longer than what was read.")
    return " ".join(parts)


def _told(step: Step) -> str:
    if not step.signed:
        return "a picture without credentials"
    edited = "edited" if _EDITED & set(step.actions) else "signed"
    verb = "made" if _CREATED in step.actions else edited
    tool = f" with “{step.tool[:LONGEST_NAME]}”" if step.tool else ""
    says = f", which says: {in_words(step.terms[:3])}" if step.terms else ""
    return f"{verb}{tool}{says}"


def short(value: Any) -> str:
    """A text from the manifest as it may be stored: bounded, printable, empty where it is not a text."""
    if not isinstance(value, str):
        return ""
    return "".join(one for one in value[:LONGEST_VALUE] if one.isprintable())
