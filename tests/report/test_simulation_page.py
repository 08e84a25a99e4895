"""A simulation as one HTML file and on the terminal, over a made-up account set with hostile names."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from pages import read
from rich.cells import cell_len
from rich.console import Console

from u8sync.domain.edges import EDGES_SCHEMA
from u8sync.domain.outcome import Ground
from u8sync.domain.policy import Policy
from u8sync.domain.simulation import simulate
from u8sync.report.borderline import borderline_rows
from u8sync.report.figures import clean
from u8sync.report.language import translator
from u8sync.report.simulated import Simulated, edge_groups, move_rows
from u8sync.report.simulation_page import render_simulation
from u8sync.report.terminal.simulation import simulation_view
from u8sync.text import english, msg

LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])


def other_policy(policy: Policy) -> Policy:
    """An easier first tier, another weight of revenue, and one excluded customer more."""
    top = policy.tiers[0]
    easier = replace(top, conditions=(replace(top.conditions[0], at_least=Decimal(70)), *top.conditions[1:]))
    weights = (replace(policy.weights[0], percent=20), replace(policy.weights[1], percent=50), *policy.weights[2:])
    return replace(
        policy,
        tiers=(easier, *policy.tiers[1:]),
        weights=weights,
        exclude=policy.exclude | {"C00007"},
        digest="o" * 64,
    )


@pytest.fixture(scope="module")
def simulated(books: Any) -> Simulated:
    planned = books.planned()
    frame = planned.decision.customers
    canonical = frame.select("code", "set_aside", "name", "region", "tier", "roles", "disabled_on")
    ground = Ground(canonical, books.mapping, "sql", frozenset({"C00005"}))
    found = simulate(ground, (books.policy, planned.facts), (other_policy(books.policy), planned.facts))
    return Simulated(found, planned.account_set, ("mappings/tiers.yaml", "<b>.yaml"), (msg("never sold to"),))


def page_of(simulated: Simulated, language: Any = "en") -> str:
    return render_simulation(simulated, translator(language), language, tool="0.1.0")


def test_who_is_nearest_to_an_edge_stands_first(simulated: Simulated) -> None:
    def edge(code: str, way: str, distance: str) -> dict[str, object]:
        told = {"code": code, "way": way, "tier": "重点", "would_be": "VIP", "edge_of": "VIP", "subject": "score"}
        return {**told, "kind": "at_least", "bound": Decimal(100), "value": None, "distance": Decimal(distance)}

    # To rise takes all that is missed, to fall takes any of what is kept; the share of the bound decides.
    rows = [
        *(edge("C00000", "up", "1"), edge("C00000", "up", "4")),
        *(edge("C00001", "down", "3"), edge("C00001", "down", "5")),
        {**edge("C00002", "up", "2"), "bound": Decimal(1000)},
        {**edge("C00004", "up", "0"), "bound": None, "distance": None},
    ]
    present = simulated.simulation.present
    outcome = replace(present, edges=pl.DataFrame(rows, schema=EDGES_SCHEMA))
    assert [row.code for row in borderline_rows(outcome.customers, outcome.edges)] == [
        "C00002",
        "C00001",
        "C00000",
        "C00004",
    ]
    assert [row.code for row in borderline_rows(outcome.customers, outcome.edges, 2)] == ["C00002", "C00001"]
    assert [len(row.edges) for row in borderline_rows(outcome.customers, outcome.edges)] == [1, 2, 2, 1]


@LANGUAGES
def test_nothing_in_the_page_runs_or_comes_from_outside(simulated: Simulated, language: str) -> None:
    html = page_of(simulated, language)
    page = read(html)
    assert html.startswith("<!DOCTYPE html>")
    assert not {tag for tag, _ in page.tags} & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "form",
        "a",
        "base",
    }
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name in {"src", "href", "srcset", "action"}]
    assert "url(" not in html
    assert "@import" not in html
    assert not re.search(r"https?://", html.replace("http://evil.example", ""))
    assert "default-src 'none'; style-src 'unsafe-inline'" in html


def test_hostile_names_are_text(books: Any, simulated: Simulated) -> None:
    html = page_of(simulated)
    assert "<img" not in html
    assert "<b>.yaml" not in html
    assert "<b>.yaml" in read(html).text
    moved = {row.code for row in move_rows(simulated.simulation)}
    for code, name in books.hostile.items():
        if code in moved:
            assert clean(name) in read(html).text


def test_the_matrix_and_every_move_stand_in_tables(simulated: Simulated) -> None:
    page = read(page_of(simulated))
    compared = simulated.simulation.compared
    assert compared is not None
    [matrix] = [table for table in page.tables if table[0][1:] == ["VIP", "重点", "普通", "潜在", "(no tier)"]]
    total = sum(int(cell.replace(",", "")) for row in matrix[1:] for cell in row[1:])
    assert total == sum(cell.customers for cell in compared.matrix)
    [moves] = [table for table in page.tables if table[0][:2] == ["Customer", "Tier in U8"]]
    assert len(moves) == 1 + compared.moves.height
    excluded = next(row for row in moves if row[0].startswith("C00007"))
    assert excluded[3:] == ["(no tier)", "gets no tier any more", excluded[5], "excluded by the other policy"]


def test_every_bar_and_edge_stands_in_a_table(simulated: Simulated) -> None:
    page = read(page_of(simulated))
    other = simulated.simulation.other
    assert other is not None
    cells = {cell for table in page.tables for row in table for cell in row}
    for tier in other.tiers:
        assert f"{tier.customers:,}" in cells
    weight = next(one for one in other.sensitivity if one.metric == "revenue" and one.change == 10)
    assert f"{weight.moved} ({weight.up} up, {weight.down} down)" in cells
    edges = [table for table in page.tables if table[0] == ["Tier", "Edge", "Just missed", "Just kept"]]
    groups = edge_groups(other)
    assert [row[0] for row in edges[1][1:]] == [group.tier for group in groups]
    assert [int(row[2]) for row in edges[1][1:]] == [group.below for group in groups]


def test_a_flow_is_drawn_and_told_to_who_cannot_see_it(simulated: Simulated) -> None:
    page = read(page_of(simulated))
    [svg] = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert (svg["role"], svg["aria-label"]) == ("img", "From the present policy to the other one")
    assert page.text.count("→") >= sum(tag == "path" for tag, _ in page.tags) > 0


def test_both_policies_stand_below_with_all_their_rules(simulated: Simulated) -> None:
    text = read(page_of(simulated)).text
    assert "score at least 80" in text
    assert "score at least 70" in text
    assert text.count("stays until somebody allows the change") == 2
    assert "o" * 64 in text


def test_one_policy_alone_has_no_comparison(simulated: Simulated) -> None:
    alone = replace(simulated, simulation=replace(simulated.simulation, other=None, compared=None, other_held=()))
    page = read(page_of(alone))
    assert "svg" not in {tag for tag, _ in page.tags}
    assert "Other policy" not in page.text
    assert "rated customers" in page.text


def test_the_page_says_which_language_it_is_in(simulated: Simulated) -> None:
    assert read(page_of(simulated, "zh")).tags[0] == ("html", {"lang": "zh-CN"})


@pytest.mark.parametrize("width", [60, 80, 132])
def test_no_line_on_the_terminal_is_wider_than_the_terminal(simulated: Simulated, width: int) -> None:
    console = Console(width=width, legacy_windows=False)
    with console.capture() as capture:
        console.print(simulation_view(simulated, english, limit=None))
    text = capture.get()
    assert all(cell_len(line) <= width for line in text.splitlines())
    assert "C00007" in text
    assert "\x1b]" not in text
