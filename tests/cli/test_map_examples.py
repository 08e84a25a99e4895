"""The example files are what they ask of others: without a problem, and covering the account set that they are for."""

from __future__ import annotations

from pathlib import Path

from cli_home import Ask


def test_the_examples_have_neither_a_problem_nor_a_warning(ask: Ask, home: Path) -> None:
    assert ask("map", "check", "--strict").code == 0


def test_the_example_mapping_covers_every_customer_of_the_demo(ask: Ask, home: Path) -> None:
    answer = ask("map", "coverage", "--json")
    assert answer.code == 0
    assert answer.json["covered"] == answer.json["customers"] == 1000
