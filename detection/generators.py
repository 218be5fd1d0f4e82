"""What image generators write into their files. Positive only: no such mark never means "not AI-made".

One reader for each tool, over texts that ``blocks`` and ``exif`` have already bounded. What a person typed
(a prompt may name the person depicted) goes apart from the rest and is not shown by default. Sources: the
tools' own code (the places are listed with each reader), GB 45438-2025 for China's label.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from detection import exif as tags
from detection.blocks import Blocks
from detection.exif import Exif
from detection.findings import Strength
from detection.xmp import property_of

LONGEST_TEXT = 20_000
MOST_CANDIDATES = 50

_A1111_STEPS = re.compile(r"\bSteps: \d{1,5}, ")
_A1111_MORE = re.compile(r"\b(?:Sampler|CFG scale|Seed): ")
_A1111_VERSION = re.compile(r"\bVersion: ([\w.+-]{1,40})")
_A1111_MODEL = re.compile(r"\bModel: ([^,\n]{1,100})")
_COMFY_TAG = re.compile(r"(prompt|workflow):(?=\s{0,5}\{)")
_MIDJOURNEY = re.compile(r"\bJob ID: [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_AI_SOFTWARE = re.compile(r"AI generated(?:;|\Z)")
_DREAM_OPTION = re.compile(r"\s-[sSWHCA]\s?[\w.]{1,40}(?=\s|\Z)")
_INVOKE_KEYS = ("invokeai_metadata", "invokeai_graph", "invokeai_workflow", "sd-metadata", "Dream")
_LABELS = {"1": "is AI-made", "2": "may be AI-made", "3": "is suspected to be AI-made"}


@dataclass(frozen=True, slots=True)
class Mark:
    """One tool's mark: who says so, where it stands, how sure, and what is not shown by default."""

    tool: str
    where: str
    strength: Strength = Strength.STRONG
    details: tuple[tuple[str, str], ...] = ()
    sensitive: str = ""


def marks(blocks: Blocks, exif: Exif) -> tuple[Mark, ...]:
    """Every mark found, at most one for each tool and place."""
    found = [mark for reader in _READERS for mark in reader(blocks, exif)]
    return tuple({(mark.tool, mark.where): mark for mark in found}.values())


def _a1111(blocks: Blocks, exif: Exif) -> Iterator[Mark]:
    """PNG text "parameters"; in JPEG and WebP the EXIF user comment. Forge and others write the same form."""
    places = [(f"PNG text “{key}”", text) for key, text in blocks.texts if key == "parameters"]
    places.append(("EXIF user comment", exif.texts.get(tags.USER_COMMENT, "")))
    for where, text in places:
        if _has_a1111_settings(text):
            details = [("version", _A1111_VERSION.search(text)), ("model", _A1111_MODEL.search(text))]
            yield Mark(
                "Stable Diffusion web UI (A1111, Forge or alike)",
                where,
                details=tuple((name, match[1].strip()) for name, match in details if match),
                sensitive=text,
            )


def _has_a1111_settings(text: str) -> bool:
    """Whether a line "Steps: 20, Sampler: ..." is there; only the first few candidates are looked at."""
    candidates = islice(_A1111_STEPS.finditer(text), MOST_CANDIDATES)
    return any(_A1111_MORE.search(text, one.end(), one.end() + 500) for one in candidates)


def _comfyui(blocks: Blocks, exif: Exif) -> Iterator[Mark]:
    """PNG texts "prompt" and "workflow"; in WebP any EXIF text that starts with one of these and a colon."""
    places = [(f"PNG text “{key}”", key, text) for key, text in blocks.texts if key in ("prompt", "workflow")]
    for tag, text in exif.texts.items():
        match = _COMFY_TAG.match(text)
        if match:
            places.append((f"EXIF tag 0x{tag:04X}", match[1], text[match.end() :]))
    for where, kind, text in places:
        if _is_comfy_graph(kind, json_object(text)):
            yield Mark("ComfyUI", where, sensitive=text)


def _is_comfy_graph(kind: str, graph: dict[str, Any]) -> bool:
    if kind == "workflow":
        return isinstance(graph.get("nodes"), list)
    return any(isinstance(node, dict) and "class_type" in node for node in graph.values())


def _invokeai(blocks: Blocks, exif: Exif) -> Iterator[Mark]:
    """PNG texts of the current and of two older forms; the oldest is a command line with options."""
    for key, text in blocks.texts:
        if key in _INVOKE_KEYS and (_DREAM_OPTION.search(text) if key == "Dream" else json_object(text)):
            yield Mark("InvokeAI", f"PNG text “{key}”", sensitive=text)


def _novelai(blocks: Blocks, exif: Exif) -> Iterator[Mark]:
    """PNG text "Software" says NovelAI, or the JSON in "Comment" carries its signature."""
    texts = blocks.texts
    signed = any(key == "Comment" and "signed_hash" in json_object(text) for key, text in texts)
    named = any(key == "Software" and text.strip() == "NovelAI" for key, text in texts)
    if not named and not signed:
        return
    said = [text for key, text in texts if key in ("Description", "Comment")]
    sources = [text.strip() for key, text in texts if key == "Source" and text.strip()]
    yield Mark(
        "NovelAI",
        "PNG text “Comment”" if signed else "PNG text “Software”",
        details=(("model", sources[0]),) if sources else (),
        sensitive="\n".join(said),
    )


def _ai_software(blocks: Blocks, exif: Exif) -> Iterator[Mark]:
    """EXIF Software "AI generated;txt2img;flux" and alike, as the FLUX reference code writes it."""
    software = exif.texts.get(tags.SOFTWARE, "")
    maker = exif.texts.get(tags.MAKE, "")
    if not _AI_SOFTWARE.match(software) and maker != "Black Forest Labs":
        return
    details = [("software", software), ("maker", maker), ("model", exif.texts.get(tags.MODEL, ""))]
    yield Mark(
        "FLUX" if maker == "Black Forest Labs" or "flux" in software else "An AI generator",
        "EXIF software",
        details=tuple((name, text) for name, text in details if text and len(text) <= 100),
        sensitive=exif.texts.get(tags.IMAGE_DESCRIPTION, ""),
    )


def _china_label(blocks: Blocks, exif: Exif) -> Iterator[Mark]:
    """GB 45438-2025: the property AIGC in XMP or the PNG text "AIGC", JSON with a label from 1 to 3."""
    places = [("PNG text “AIGC”", text) for key, text in blocks.texts if key == "AIGC"]
    places.append(("XMP", property_of(blocks.xmp, "AIGC")))
    for where, text in places:
        content = json_object(text)
        label = str(content.get("Label", ""))
        if label in _LABELS:
            producer = content.get("ContentProducer")
            details = [("label", label), ("means", _LABELS[label])]
            if isinstance(producer, str) and producer:
                details.append(("producer", producer))
            yield Mark(
                "A label after GB 45438",
                where,
                strength=Strength.STRONG if label == "1" else Strength.WEAK,
                details=tuple(details),
            )


def _midjourney(blocks: Blocks, exif: Exif) -> Iterator[Mark]:
    """A description that ends with a job id. Not documented by the maker, so it counts for little."""
    places = [(f"PNG text “{key}”", text) for key, text in blocks.texts if key == "Description"]
    places.append(("EXIF description", exif.texts.get(tags.IMAGE_DESCRIPTION, "")))
    places.append(("XMP", property_of(blocks.xmp, "description")))
    for where, text in places:
        if _MIDJOURNEY.search(text):
            yield Mark("Midjourney", where, strength=Strength.WEAK, sensitive=text)


_READERS: tuple[Callable[[Blocks, Exif], Iterator[Mark]], ...] = (
    _a1111,
    _comfyui,
    _invokeai,
    _novelai,
    _ai_software,
    _china_label,
    _midjourney,
)


def json_object(text: str) -> dict[str, Any]:
    """The JSON object that a text is; an empty one for anything else."""
    if not text.lstrip().startswith("{"):
        return {}
    try:
        value: dict[str, Any] = json.loads(text)  # nothing else begins with a brace
    except (ValueError, RecursionError):
        return {}
    return value
