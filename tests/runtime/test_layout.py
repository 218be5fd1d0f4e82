"""No module of the product is a drawer for odds and ends."""

from __future__ import annotations

from casework.runtime.installation import CHECKOUT

DRAWERS = {
    "utils",
    "helpers",
    "common",
    "core",
    "lib",
    "misc",
    "services",
    "selectors",
    "managers",
    "signals",
}


def test_every_module_is_named_for_its_subject() -> None:
    modules = [path for name in ("casework", "detection") for path in (CHECKOUT / name).rglob("*.py")]
    assert len(modules) > 100
    assert [path for path in modules if DRAWERS & {path.stem, path.parent.name}] == []
