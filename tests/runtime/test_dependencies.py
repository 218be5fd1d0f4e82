"""The product imports only what the locked run-time dependencies install."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions

import pytest

from casework.runtime.installation import CHECKOUT

OURS = {"casework", "detection"}
SOURCES = [path for name in sorted(OURS) for path in sorted((CHECKOUT / name).rglob("*.py"))]


def is_for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def imported(tree: ast.AST) -> Iterator[str]:
    """The top names of all modules that are imported when the code runs."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.split(".")[0]
        elif is_for_types_only(node):
            continue
        yield from imported(node)


@pytest.fixture(scope="module")
def installed() -> set[str]:
    """Top names of the modules that requirements/run.txt installs."""
    locked = set(
        re.findall(r"^([a-z0-9._-]+)==", (CHECKOUT / "requirements/run.txt").read_text(), re.M | re.I)
    )
    names = {re.sub(r"[-_.]+", "-", name).lower() for name in locked}
    return {
        module
        for module, distributions in packages_distributions().items()
        if any(re.sub(r"[-_.]+", "-", name).lower() in names for name in distributions)
    }


def test_no_module_needs_a_development_package(installed: set[str]) -> None:
    known = installed | OURS | set(sys.stdlib_module_names)
    missing = {
        f"{path.relative_to(CHECKOUT)} imports {name}"
        for path in SOURCES
        for name in imported(ast.parse(path.read_text()))
        if name not in known
    }
    assert missing == set()


def test_the_scan_sees_an_import_inside_a_function_and_passes_over_one_for_types() -> None:
    source = "if TYPE_CHECKING:\n    import a\ndef f():\n    import b.c\nfrom d import e\nfrom . import g\n"
    assert set(imported(ast.parse(source))) == {"b", "d"}
