"""The table of faults: whole, and every test that it names exists."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from fault_catalogue import FAULTS

TESTS = Path(__file__).parent.parent


@cache
def names_in(file: str) -> frozenset[str]:
    """The functions in a file, those of its classes too."""
    path = TESTS / file
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_no_fault_is_missing() -> None:
    assert list(FAULTS) == [f"F{number:02}" for number in range(1, 53)]


def test_every_test_that_the_table_names_exists() -> None:
    missing = [
        f"{number}: {node}"
        for number, fault in FAULTS.items()
        for node in fault.tests
        if node.partition("::")[2] not in names_in(node.partition("::")[0])
    ]
    assert missing == []


def test_a_fault_without_a_test_says_why() -> None:
    assert [number for number, fault in FAULTS.items() if not fault.tests and not fault.left_out] == []
