"""Models small enough to build in a test, and the cards that describe them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from detection.cards import Card, read_registry

SIDE = 8
_OPSET, _IR = 17, 8
_FLOAT = TensorProto.FLOAT


def brightness(*, labels: int = 2) -> bytes:
    """Answers 1 - b, b (and zeros) for a picture of mean brightness b from 0 to 1."""
    one = helper.make_node("Constant", [], ["one"], value=_tensor("one", [[1.0]]))
    rest = helper.make_node("Constant", [], ["rest"], value=_tensor("rest", [[0.0] * (labels - 2)]))
    nodes = [
        helper.make_node("ReduceMean", ["picture"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Constant", [], ["shape"], value=_tensor("shape", [1, 1], TensorProto.INT64)),
        helper.make_node("Reshape", ["mean", "shape"], ["b"]),
        one,
        rest,
        helper.make_node("Sub", ["one", "b"], ["dark"]),
        helper.make_node("Concat", ["dark", "b", "rest"], ["scores"], axis=1),
    ]
    return _model(nodes, [1, labels])


def logit(gain: float = 4.0) -> bytes:
    """Answers one logit: *gain* times (brightness - 0.5)."""
    nodes = [
        helper.make_node("ReduceMean", ["picture"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Constant", [], ["shape"], value=_tensor("shape", [1, 1], TensorProto.INT64)),
        helper.make_node("Reshape", ["mean", "shape"], ["b"]),
        helper.make_node("Constant", [], ["half"], value=_tensor("half", [[0.5]])),
        helper.make_node("Constant", [], ["gain"], value=_tensor("gain", [[gain]])),
        helper.make_node("Sub", ["b", "half"], ["middle"]),
        helper.make_node("Mul", ["middle", "gain"], ["scores"]),
    ]
    return _model(nodes, [1, 1])


def not_a_number() -> bytes:
    """Divides nothing by nothing."""
    nodes = [
        helper.make_node("ReduceSum", ["picture"], ["sum"], keepdims=1),
        helper.make_node("Sub", ["sum", "sum"], ["nothing"]),
        helper.make_node("Div", ["nothing", "nothing"], ["nan"]),
        helper.make_node("Constant", [], ["shape"], value=_tensor("shape", [1, 1], TensorProto.INT64)),
        helper.make_node("Reshape", ["nan", "shape"], ["one"]),
        helper.make_node("Concat", ["one", "one"], ["scores"], axis=1),
    ]
    return _model(nodes, [1, 2])


def endless(turns: int = 1 << 40) -> bytes:
    """Adds the picture to itself for longer than anybody waits."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["go_on"]),
            helper.make_node("Add", ["sum", "small"], ["more"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("sum", _FLOAT, [1, 2]),
        ],
        [
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("more", _FLOAT, [1, 2]),
        ],
    )
    nodes = [
        helper.make_node("ReduceMean", ["picture"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Constant", [], ["shape"], value=_tensor("shape", [1, 1], TensorProto.INT64)),
        helper.make_node("Reshape", ["mean", "shape"], ["b"]),
        helper.make_node("Concat", ["b", "b"], ["small"], axis=1),
        helper.make_node("Constant", [], ["turns"], value=_tensor("turns", turns, TensorProto.INT64)),
        helper.make_node("Constant", [], ["true"], value=_tensor("true", True, TensorProto.BOOL)),
        helper.make_node("Loop", ["turns", "true", "small"], ["scores"], body=body),
    ]
    return _model(nodes, [1, 2])


def boxes(candidates: Sequence[Sequence[float]]) -> bytes:
    """Always answers these candidates, each as middle x, middle y, width, height and the scores of its classes."""
    answer = np.array(candidates, dtype=np.float32).T[np.newaxis]
    shape = list(answer.shape)
    nodes = [
        helper.make_node("Constant", [], ["fixed"], value=_tensor("fixed", answer.tolist())),
        helper.make_node("ReduceMean", ["picture"], ["mean"], keepdims=0),
        helper.make_node("Sub", ["mean", "mean"], ["zero"]),
        helper.make_node("Add", ["fixed", "zero"], ["scores"]),
    ]
    return _model(nodes, shape)


def _tensor(name: str, values: Any, kind: int = _FLOAT) -> onnx.TensorProto:
    array = np.array(values)
    return helper.make_tensor(name, kind, array.shape, array.flatten().tolist())


def _model(nodes: list[onnx.NodeProto], answer: list[int]) -> bytes:
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("picture", _FLOAT, [1, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("scores", _FLOAT, answer)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
    return bytes(model.SerializeToString())


def described(content: bytes = b"weights", **changes: Any) -> dict[str, Any]:
    """The card of a tiny model as a table. Changes name fields as ``input__width``; None takes a field away."""
    table: dict[str, Any] = {
        "title": "Tiny",
        "version": "tiny 1",
        "task": "synthetic",
        "role": "active",
        "licences": ["CC0-1.0"],
        "purpose": "Calls bright pictures made by a machine.",
        "training": "None.",
        "limits": "It is right by accident.",
        "file": {"name": "tiny.onnx", "size": len(content), "sha256": hashlib.sha256(content).hexdigest()},
        "source": {"kind": "file", "path": "tiny.onnx"},
        "input": {
            "name": "picture", "width": SIDE, "height": SIDE, "layout": "NCHW", "channels": "RGB",
            "scale": 1 / 255,
        },
        "output": {
            "name": "scores", "shape": [1, 2], "kind": "probability", "labels": ["camera", "machine"],
            "positive": 1,
        },
    }  # fmt: skip
    for path, value in changes.items():
        *ways, name = path.split("__")
        inner = table
        for way in ways:
            inner = inner.setdefault(way, {})
        if value is None:
            inner.pop(name, None)
        else:
            inner[name] = value
    return table


def write(directory: Path, name: str = "tiny", content: bytes | None = None, **changes: Any) -> Path:
    """Write a card and, beside it, the model with *content*; the path of the card."""
    directory.mkdir(exist_ok=True)
    weights = brightness() if content is None else content
    changes = {"file__name": f"{name}.onnx", "source__path": f"{name}.onnx", **changes}
    (directory / f"{name}.onnx").write_bytes(weights)
    path = directory / f"{name}.toml"
    path.write_text(as_toml(described(weights, **changes)), encoding="utf-8")
    return path


def read(directory: Path, name: str = "tiny") -> Card:
    """The card of that name, which must be usable."""
    registry = read_registry((directory,))
    assert name in registry.cards, [str(one) for one in registry.refused]
    return registry.cards[name]


def as_toml(table: Mapping[str, Any]) -> str:
    """A table of what cards hold, as TOML."""
    return "".join(f"{name} = {_value(value)}\n" for name, value in table.items())


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(name)} = {_value(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)
