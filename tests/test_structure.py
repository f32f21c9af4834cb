"""The shape of the code: no circle of imports, also none for types alone, and no module that grew over all."""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import gateway

CODE = Path(gateway.__file__).parent
MOST_LINES = 400
"""A longer module has a reason, which its docstring names with the word "long"."""


@cache
def texts() -> dict[str, str]:
    """Each module by its dotted name."""
    return {
        ".".join(("gateway", *file.relative_to(CODE).with_suffix("").parts)).removesuffix(".__init__"): file.read_text("utf-8")
        for file in sorted(CODE.rglob("*.py"))
        if "migrations" not in file.parts
    }


@cache
def modules() -> dict[str, ast.Module]:
    return {name: ast.parse(text) for name, text in texts().items()}


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
        "is_inactive", "hasNext", "master_ticket_id", "comment_id", "board_name", "client_name", "user_type",
        "entered_at", "email_gateway", "additional_email_addresses", "inbound_cc",
    }  # fmt: skip
    homes = ("gateway.desk.algapsa", "gateway.simulator", "gateway.store.earlier")
    found = {
        (name, node.value)
        for name, text in texts().items()
        if not name.startswith(homes) and any(word in text for word in names)
        for node in ast.walk(modules()[name])
        if isinstance(node, ast.Constant) and node.value in names
    }

    assert found == set()


def test_what_is_asked_of_a_desk_somebody_asks() -> None:
    """A product offers no method without a caller outside its folder."""
    offered = {
        node.name
        for name in ("gateway.desk.port", "gateway.desk.product")
        for node in ast.walk(modules()[name])
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    asked = {
        node.attr
        for name, tree in modules().items()
        if not name.startswith(("gateway.desk.algapsa", "gateway.simulator"))
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
    }

    assert offered - asked == set()


def named(table: symtable.SymbolTable) -> Iterator[tuple[str, str]]:
    """The variables of a scope and of those within it: where, and the name."""
    yield from ((table.get_name(), name) for name in table.get_identifiers())
    for inner in table.get_children():
        yield from named(inner)


def test_no_variable_is_called_one() -> None:
    """A variable bears the name of what it holds."""
    found = {
        (str(file), scope)
        for tree in ("gateway", "tests", "benchmarks", "docs")
        for file in (CODE.parent / tree).rglob("*.py")
        if re.search(r"\bone\b", text := file.read_text("utf-8"))
        for scope, name in named(symtable.symtable(text, str(file), "exec"))
        if name == "one"
    }

    assert found == set()
