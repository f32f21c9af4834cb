"""The shape of the code: no circle of imports, also none for types alone, and no module that grew over all."""

from __future__ import annotations

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import gateway

CODE = Path(gateway.__file__).parent
MOST_LINES = 400
"""A longer module has a reason, which its docstring names with the word "long"."""


@cache
def modules() -> dict[str, ast.Module]:
    """Each module by its dotted name."""
    return {
        ".".join(("gateway", *file.relative_to(CODE).with_suffix("").parts)).removesuffix(".__init__"): ast.parse(file.read_text("utf-8"))
        for file in sorted(CODE.rglob("*.py"))
        if "migrations" not in file.parts
    }


def imported(name: str, tree: ast.Module) -> set[str]:
    """What a module imports when it is loaded, and for its types; what a function imports when it runs is not."""
    found: set[str] = set()
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
        todo += ast.iter_child_nodes(node)
    return (found & modules().keys()) - {name, *packages_of(name)}


def packages_of(name: str) -> set[str]:
    """Those that are loaded before the module anyway."""
    parts = name.split(".")
    return {".".join(parts[:length]) for length in range(1, len(parts))}


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {name: imported(name, tree) for name, tree in modules().items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(" -> ".join(error.args[1])) from None


def test_a_long_module_says_why() -> None:
    long = [
        name
        for name, tree in modules().items()
        if ((tree.body and tree.body[-1].end_lineno) or 0) > MOST_LINES and "long" not in (ast.get_docstring(tree) or "").split()
    ]

    assert long == []


def test_the_desks_json_is_spelled_in_one_place() -> None:
    """The names of AlgaPSA's API stand in its folder, and where rows of earlier versions are read."""
    names = {
        "suppressContactNotifications", "contact_name_id", "status_is_closed", "comment_text", "watch_list",
        "inbound_reply_reopen_enabled", "inbound_reply_reopen_cutoff_hours", "is_internal", "full_name",
    }  # fmt: skip
    homes = ("gateway.desk.algapsa", "gateway.simulator", "gateway.store.earlier")
    found = {
        (name, node.value)
        for name, tree in modules().items()
        if not name.startswith(homes)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in names
    }

    assert found == set()


def test_no_variable_is_called_one() -> None:
    """A variable bears the name of what it holds."""
    found = {
        (str(file), node.lineno)
        for tree in ("gateway", "tests", "benchmarks", "docs")
        for file in (CODE.parent / tree).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if (isinstance(node, ast.Name) and node.id == "one") or (isinstance(node, ast.arg) and node.arg == "one")
    }

    assert found == set()
