"""Loading the models of the cards and asking them: planes in, checked numbers out.

A model answers with finite numbers in the range that its card states, or the question counts as not answered
(Unscorable). Shapes are fixed, one picture a run: with changing ones the runtime's memory grows.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as runtime_errors

from detection import providers as running
from detection.cards import Card, Kind, Refusal, read_cards, read_registry
from detection.planes import Fit, PlaneSpec, Resample

RUN_SECONDS = 10.0
_ROUNDING = 1e-4

# The runtime's errors share no base of their own; these are the ones that loading and running raise.
_RUNTIME_ERRORS = (
    runtime_errors.Fail,
    runtime_errors.RuntimeException,
    runtime_errors.InvalidArgument,
    runtime_errors.InvalidGraph,
    runtime_errors.InvalidProtobuf,
    runtime_errors.NoModel,
    runtime_errors.NoSuchFile,
    runtime_errors.NotImplemented,
    runtime_errors.EPFail,
    ValueError,
)


class ModelMissing(Exception):
    """The model's file is not there. The text is for a person."""


class WrongDigest(Exception):
    """The model's file is not the one that its card names; it was not loaded. The text is for a person."""


class WrongModel(Exception):
    """The runtime cannot run the file, or it is not what its card describes. The text is for a person."""


class Unscorable(Exception):
    """A model gave no usable answer; the text says why. Never to be replaced by a number."""


@dataclass(frozen=True, slots=True)
class Model:
    """A loaded model. Not to be used across a fork: load it in the process that asks it."""

    card: Card
    session: Any
    providers: tuple[str, ...] = (running.CPU,)

    def answer(self, plane: NDArray[np.uint8], seconds: float = RUN_SECONDS) -> NDArray[np.float32]:
        """The model's output for one plane (height, width, 3; uint8 RGB), float32 of the card's shape.

        Raises Unscorable as ``run`` does.
        """
        return self.run(values_of(plane, self.card), seconds)

    def score(self, plane: NDArray[np.uint8], seconds: float = RUN_SECONDS) -> float:
        """The share from 0 to 1 that the card's positive labels have for one plane. Raises Unscorable."""
        return score_of(self.answer(plane, seconds), self.card)

    def run(self, values: NDArray[Any], seconds: float = RUN_SECONDS) -> NDArray[np.float32]:
        """The model's output for one input of exactly the card's shape and kind of number.

        Raises Unscorable for a wrong shape, values that are not finite (in or out), an answer outside the
        card's range, an error of the runtime, and when ``seconds`` of wall clock are over.
        """
        wanted = self.card.input
        if values.shape != wanted.shape or values.dtype != np.dtype(wanted.dtype):
            given = f"{values.shape} {values.dtype}"
            raise Unscorable(f"the model takes {wanted.shape} {wanted.dtype}, not {given}")
        if not np.isfinite(values).all():
            raise Unscorable("the picture gave values that are not finite")
        return self._checked(self._answer(values, seconds))

    def _answer(self, values: NDArray[Any], seconds: float) -> Any:
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
                raise Unscorable(f"the model took longer than {seconds:.2g} s") from None
            raise Unscorable(f"the model failed ({type(error).__name__})") from None
        finally:
            timer.cancel()
            timer.join()

    def _checked(self, answer: Any) -> NDArray[np.float32]:
        given = self.card.output
        if not isinstance(answer, np.ndarray) or answer.shape != given.shape:
            raise Unscorable("the model's answer has another shape than its card says")
        if not np.isfinite(answer).all():
            raise Unscorable("the model's answer is not a finite number")
        if given.kind is not Kind.YOLOV8 and (
            answer.min() < given.low - _ROUNDING or answer.max() > given.high + _ROUNDING
        ):
            raise Unscorable(f"the model's answer lies outside {given.low:g} to {given.high:g}")
        if given.kind is Kind.YOLOV8:
            return answer.astype(np.float32)
        return np.clip(answer, given.low, given.high).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Shelf:
    """The models of an installation: those loaded, and for each other card one reason why not, for a person."""

    loaded: Mapping[str, Model]
    absent: Mapping[str, str]
    cards: Mapping[str, Card] = field(default_factory=read_cards)
    refused: tuple[Refusal, ...] = ()

    @property
    def plane_specs(self) -> tuple[PlaneSpec, ...]:
        """What the loaded models want to be given, each under the name of its card."""
        return tuple(plane_spec(model.card) for model in self.loaded.values())


def plane_spec(card: Card) -> PlaneSpec:
    """The planes for the model of this card."""
    wanted = card.input
    return PlaneSpec(
        name=card.name,
        width=wanted.width,
        height=wanted.height,
        fit=Fit(wanted.fit),
        resized=wanted.resized,
        jpeg=wanted.jpeg,
        resample=Resample(wanted.resample),
    )


def values_of(plane: NDArray[np.uint8], card: Card) -> NDArray[Any]:
    """One plane (height, width, 3; uint8 RGB) as the card's model takes it, with the 1 of its batch.

    Raises Unscorable for a plane of another shape.
    """
    wanted = card.input
    if plane.shape != (wanted.height, wanted.width, 3) or plane.dtype != np.uint8:
        raise Unscorable(f"the plane is {plane.shape} {plane.dtype}, not what the model's card asks for")
    ordered = plane[:, :, ::-1] if wanted.channels == "BGR" else plane
    if wanted.dtype == "uint8":
        values: NDArray[Any] = ordered
    else:
        values = ordered.astype(np.float32)
        if wanted.scale != 1:
            values *= np.float32(wanted.scale)
        values -= np.array(wanted.means, dtype=np.float32)
        if set(wanted.stds) != {1.0}:
            values /= np.array(wanted.stds, dtype=np.float32)
    if wanted.layout == "NCHW":
        values = values.transpose(2, 0, 1)
    return np.ascontiguousarray(values[np.newaxis], dtype=np.dtype(wanted.dtype))


def score_of(answer: NDArray[np.float32], card: Card) -> float:
    """The score from 0 to 1 in an answer of the card's shape: what its positive labels have together."""
    numbers, kind = answer.reshape(-1), card.output.kind
    if kind is Kind.SOFTMAX:
        raised = np.exp(numbers - numbers.max(), dtype=np.float64)
        numbers = raised / raised.sum()
    found = sum(float(numbers[place]) for place in card.output.positive)
    if kind is Kind.SIGMOID:
        return float(np.exp(-np.logaddexp(0.0, -found)))
    return min(found, 1.0)


def load(card: Card, directory: Path, providers: Sequence[str] = (running.CPU,)) -> Model:
    """Load the model of a card, with one thread. The bytes that were checked are the bytes that are loaded.

    Raises ModelMissing, WrongDigest and WrongModel.
    """
    path = card.path_in(directory)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelMissing(card.unreadable(error)) from error
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise WrongDigest(
            f"{path} is not {card.title} as its card says (its SHA-256 differs). It was not loaded."
        )
    session = _session(content, card, providers)
    _check_session(session, card)
    return Model(card, session, tuple(str(name) for name in session.get_providers()))


def _session(content: bytes, card: Card, providers: Sequence[str]) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 4
    if running.CPU not in providers:
        options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    try:
        session = onnxruntime.InferenceSession(content, sess_options=options, providers=list(providers))
    except _RUNTIME_ERRORS as error:
        raise WrongModel(
            f"{card.title} cannot be run by onnxruntime {onnxruntime.__version__} on "
            f"{', '.join(providers)} ({type(error).__name__}). It was not loaded."
        ) from error
    if providers[0] not in session.get_providers():
        raise WrongModel(
            f"{card.title} does not run on {providers[0]}, as MODEL_PROVIDERS asks. It was not loaded."
        )
    return session


def _check_session(session: Any, card: Card) -> None:
    """Raises WrongModel unless the model has the card's one input and output, as far as its shapes are fixed."""
    taken = {one.name: one for one in session.get_inputs()}
    given = {one.name: one for one in session.get_outputs()}
    if set(taken) != {card.input.name}:
        raise WrongModel(
            f"{card.title} takes {sorted(taken)}, not “{card.input.name}” alone (field input.name)."
        )
    if card.output.name not in given:
        raise WrongModel(
            f"{card.title} answers {sorted(given)}, not “{card.output.name}” (field output.name)."
        )
    kind = _KINDS[card.input.dtype]
    if taken[card.input.name].type != kind:
        raise WrongModel(f"{card.title} takes {taken[card.input.name].type}, not {kind} (field input.dtype).")
    for where, wanted, shape in (
        ("input", card.input.shape, taken[card.input.name].shape),
        ("output", card.output.shape, given[card.output.name].shape),
    ):
        if not _agree(wanted, shape):
            raise WrongModel(f"{card.title} has the {where} {shape}, not {list(wanted)} as its card says.")


_KINDS = {"float32": "tensor(float)", "float16": "tensor(float16)", "uint8": "tensor(uint8)"}


def _agree(wanted: Sequence[int], shape: Sequence[int | str | None]) -> bool:
    """Whether a model's shape, in which what is not a number is free, allows the card's."""
    return len(wanted) == len(shape) and all(
        not isinstance(size, int) or size == one for one, size in zip(wanted, shape, strict=True)
    )


def open_shelf(
    directory: Path | None, *, cards: Sequence[Path] = (), providers: Sequence[str] = (running.CPU,)
) -> Shelf:
    """Load what is there of this library's cards and those in the directories *cards*.

    A missing or wrong file leaves the others usable and is named in ``absent``; a faulty card stands in
    ``refused``. Raises providers.ProviderMissing when the runtime has not what was asked for.
    """
    running.check(providers)
    registry = read_registry(cards)
    loaded: dict[str, Model] = {}
    absent: dict[str, str] = {}
    for name, card in registry.cards.items():
        why = card.why_absent(directory)
        if why:
            absent[name] = why
            continue
        try:
            loaded[name] = load(card, directory or Path(), providers)
        except (ModelMissing, WrongDigest, WrongModel) as error:
            absent[name] = str(error)
    return Shelf(loaded, absent, registry.cards, registry.refused)
