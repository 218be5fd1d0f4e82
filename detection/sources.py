"""Where a picture says it comes from: the IPTC digital source types, as C2PA and XMP both name them.

Source: the IPTC NewsCodes scheme ``digitalsourcetype`` and the two terms that C2PA adds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_URI = re.compile(
    r"https?://(?:cv\.iptc\.org/newscodes|c2pa\.org)/digitalsourcetype/([A-Za-z]{1,60})/?\Z", re.IGNORECASE
)

WORDS = {
    "digitalCapture": "a photograph from a digital camera",
    "computationalCapture": "a photograph computed from several captures",
    "negativeFilm": "a scan of a negative",
    "positiveFilm": "a scan of a slide",
    "print": "a scan of a print",
    "humanEdits": "a picture edited by a person",
    "minorHumanEdits": "a picture with minor edits by a person",
    "compositeWithTrainedAlgorithmicMedia": "a composite or edit made with generative AI",
    "algorithmicallyEnhanced": "a picture enhanced by an algorithm",
    "softwareImage": "a picture made with software",
    "digitalArt": "digital art",
    "digitalCreation": "a digital work made by a person",
    "dataDrivenMedia": "a picture drawn from data",
    "trainedAlgorithmicMedia": "a picture made by generative AI",
    "algorithmicMedia": "a picture made by an algorithm without training data",
    "screenCapture": "a screenshot",
    "virtualRecording": "a recording of a virtual event",
    "composite": "a composite of several elements",
    "compositeCapture": "a composite of captured elements",
    "compositeSynthetic": "a composite that includes AI-made elements",
    "empty": "an empty canvas",
    "trainedAlgorithmicData": "data made by a trained model",
}

AI_MADE = frozenset({"trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "compositeSynthetic"})

_BY_LOWER = {term.lower(): term for term in WORDS}


def source_term(value: str) -> str | None:
    """The term of a source type URI (http or https); None for anything else, unknown terms included."""
    match = _URI.match(value.strip())
    return _BY_LOWER.get(match[1].lower()) if match else None


def is_ai_made(terms: Iterable[str]) -> bool:
    """Whether one of the terms says that generative AI took part."""
    return not AI_MADE.isdisjoint(terms)


def in_words(terms: Iterable[str]) -> str:
    """The terms for a person: "a screenshot; a composite of several elements"."""
    return "; ".join(WORDS[term] for term in terms)
