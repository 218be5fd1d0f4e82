"""The models that may be run: what each is, and how one is loaded and asked. The list is ``models.toml``.

A model answers with finite numbers in the range that the list states, or the question counts as not
answered (Unscorable). Shapes are fixed: with changing ones the runtime's memory grows.
"""

from __future__ import annotations

import hashlib
import threading
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as runtime_errors

REGISTRY = Path(__file__).with_name("models.toml")
RUN_SECONDS = 10.0
_ROUNDING = 1e-4

# The runtime's errors share no base of their own; these are the ones that loading and running raise.
_RUNTIME_ERRORS = (
    runtime_errors.Fail,
    runtime_errors.RuntimeException,
    runtime_errors.InvalidArgument,
    runtime_errors.InvalidGraph,
    runtime_errors.InvalidProtobuf,
    runtime_errors.NotImplemented,
    runtime_errors.EPFail,
)


class ModelMissing(Exception):
    """The model's file is not there. The text is for a person."""


class WrongDigest(Exception):
    """The model's file is not the one that the list names; it was not loaded. The text is for a person."""


class Unscorable(Exception):
    """A model gave no usable answer; the text says why. Never to be replaced by a number."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """Name and fixed shape of a model's input or output."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One entry of the list. ``low`` and ``high`` bound every number that the model may answer."""

    name: str
    title: str
    version: str
    file: str
    sha256: str
    licences: tuple[str, ...]
    limits: str
    input: Tensor
    output: Tensor
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Model:
    """A loaded model. Not to be used across a fork: load it in the process that asks it."""

    card: ModelCard
    session: Any

    def run(self, values: NDArray[np.float32], seconds: float = RUN_SECONDS) -> NDArray[np.float32]:
        """The model's output for one input of exactly the card's shape, float32.

        Raises Unscorable for a wrong shape, values that are not finite (in or out), an answer outside the
        card's range, an error of the runtime, and when ``seconds`` of wall clock are over.
        """
        if values.shape != self.card.input.shape or values.dtype != np.float32:
            given = f"{values.shape} {values.dtype}"
            raise Unscorable(f"the model takes {self.card.input.shape} float32, not {given}")
        if not np.isfinite(values).all():
            raise Unscorable("the picture gave values that are not finite")
        return self._checked(self._answer(values, seconds))

    def _answer(self, values: NDArray[np.float32], seconds: float) -> Any:
        options = onnxruntime.RunOptions()
        stopped = threading.Event()

        def stop() -> None:
            stopped.set()
            options.terminate = True

        timer = threading.Timer(seconds, stop)
        timer.daemon = True
        timer.start()
        try:
            return self.session.run([self.card.output.name], {self.card.input.name: values}, options)[0]
        except _RUNTIME_ERRORS as error:
            if stopped.is_set():
                raise Unscorable(f"the model took longer than {seconds:g} s") from None
            raise Unscorable(f"the model failed ({type(error).__name__})") from None
        finally:
            timer.cancel()
            timer.join()

    def _checked(self, answer: Any) -> NDArray[np.float32]:
        if not isinstance(answer, np.ndarray) or answer.shape != self.card.output.shape:
            raise Unscorable("the model's answer has another shape than its card says")
        if not np.isfinite(answer).all():
            raise Unscorable("the model's answer is not a finite number")
        if answer.min() < self.card.low - _ROUNDING or answer.max() > self.card.high + _ROUNDING:
            raise Unscorable(f"the model's answer lies outside {self.card.low:g} to {self.card.high:g}")
        return np.clip(answer, self.card.low, self.card.high).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Shelf:
    """The models of one directory: those loaded, and for each other one why it is not, for a person."""

    loaded: Mapping[str, Model]
    absent: Mapping[str, str]


def read_cards(path: Path = REGISTRY) -> dict[str, ModelCard]:
    """The list by name."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return {name: _card(name, table) for name, table in tables.items()}


def _card(name: str, table: Mapping[str, Any]) -> ModelCard:
    entry, answer = table["input"], table["output"]
    return ModelCard(
        name=name,
        title=table["title"],
        version=table["version"],
        file=table["file"],
        sha256=table["sha256"],
        licences=tuple(table["licences"]),
        limits=table["limits"].strip(),
        input=Tensor(entry["name"], tuple(entry["shape"])),
        output=Tensor(answer["name"], tuple(answer["shape"])),
        low=float(answer["low"]),
        high=float(answer["high"]),
    )


def load(name: str, directory: Path) -> Model:
    """Load a listed model, on the CPU with one thread. KeyError for a name that is not listed.

    Raises ModelMissing and WrongDigest. The bytes that were checked are the bytes that are loaded.
    """
    card = read_cards()[name]
    path = directory / card.file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelMissing(
            f"{card.title} is not installed: {path} cannot be read ({error.strerror}). "
            "Fetch it with “python -m detection.artefacts”."
        ) from error
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise WrongDigest(f"{path} is not {card.title} as listed (its SHA-256 differs). It was not loaded.")
    return Model(card, _session(content))


def _session(content: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(content, sess_options=options, providers=["CPUExecutionProvider"])


def open_shelf(directory: Path | None) -> Shelf:
    """Load what is there. A missing or wrong file leaves the others usable and is named in ``absent``."""
    loaded: dict[str, Model] = {}
    absent: dict[str, str] = {}
    for name, card in read_cards().items():
        if directory is None:
            absent[name] = f"{card.title} is not installed: no directory of models was given."
            continue
        try:
            loaded[name] = load(name, directory)
        except (ModelMissing, WrongDigest) as error:
            absent[name] = str(error)
    return Shelf(loaded, absent)
