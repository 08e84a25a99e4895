"""Lists and simulations as JSON for machines: codes, decimal text, ISO dates; keys are stable, words are English."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict

import polars as pl

from u8sync.bootstrap.policy_checking import CheckedPolicy
from u8sync.cli.as_json import problem_json
from u8sync.domain.canonical import Json, decimal_text
from u8sync.domain.edges import NEAR
from u8sync.domain.mapping import CODE
from u8sync.domain.model import AccountSet, Window
from u8sync.domain.outcome import Outcome
from u8sync.domain.policy import SCORE
from u8sync.domain.policy_diff import Cell, Missed, missed_by
from u8sync.domain.simulation import Simulation
from u8sync.domain.tier_lists import TierList
from u8sync.domain.tiers import CAUSE
from u8sync.errors import Problem
from u8sync.report.simulated import Simulated, condition_of
from u8sync.report.tier_list import ListsMade
from u8sync.text import Message

__all__ = ["checked_policy_json", "lists_json", "simulation_json"]


def checked_policy_json(checked: CheckedPolicy) -> dict[str, Json]:
    """What is wrong with a policy, and what the customers say; ``tried`` is null when only the file was looked at."""
    tried = checked.tried
    return {
        "policy": checked.shown_as,
        "problems": [problem_json(one) for one in checked.problems],
        "warnings": [problem_json(one) for one in checked.warnings],
        "tried": None
        if tried is None
        else {
            "account_set": _account_set(tried.account_set),
            "window": _window(tried.window),
            "customers": tried.customers,
            "rated": tried.rated,
            "findings": [
                {
                    "kind": one.kind,
                    "warns": one.warns,
                    **problem_json(Problem(one.place, one.message, one.hint)),
                }
                for one in tried.findings
            ],
            "notes": [str(note) for note in tried.notes],
        },
    }


def lists_json(made: ListsMade, judged: pl.DataFrame, notes: Iterable[Message]) -> dict[str, Json]:
    """The customers of each tier; ``left_out`` counts those that get none, by cause."""
    left_out = judged.filter(~pl.col("eligible")).group_by(CAUSE).len().sort(CAUSE)
    return {
        "account_set": _account_set(made.account_set),
        "window": _window(made.window),
        "policy": made.policy_file,
        "by": made.by,
        "tiers": [_list(one, made.metrics) for one in made.lists],
        "left_out": dict(left_out.iter_rows()),
        "notes": [str(note) for note in notes],
    }


def _account_set(account_set: AccountSet) -> Json:
    return {"code": account_set.code, "name": account_set.name}


def _window(window: Window) -> Json:
    return {"start": window.start.isoformat(), "as_of": window.as_of.isoformat()}


def _list(one: TierList, metrics: Sequence[str]) -> Json:
    near = edges_json(one.edges)
    return {
        "tier": one.name,
        "service": None if one.tier is None else one.tier.service,
        "customers": [
            {
                "code": row[CODE],
                "name": row["name"],
                "current": row["current"],
                "recommended": row["recommended"],
                "score": decimal_text(row[SCORE]),
                "metrics": {name: decimal_text(row[name]) for name in metrics},
                "borderline": row["borderline"],
                "edges": near.get(row[CODE], []),
            }
            for row in one.customers.iter_rows(named=True)
        ],
    }


def edges_json(edges: pl.DataFrame) -> Mapping[str, list[Json]]:
    """Customer -> the edges that it is near, see :func:`u8sync.domain.edges.near_edges`."""
    found: dict[str, list[Json]] = {}
    for row in edges.iter_rows(named=True):
        one: dict[str, Json] = {name: value for name, value in row.items() if name not in (CODE, "tier")}
        for name in ("bound", "value", "distance"):
            one[name] = decimal_text(row[name])
        found.setdefault(row[CODE], []).append(one)
    return found


def simulation_json(simulated: Simulated) -> dict[str, Json]:
    """What policies do; a tier that is null is none, or one that the mapping does not know."""
    simulation, files = simulated.simulation, simulated.files
    compared, other = simulation.compared, simulation.other
    return {
        "account_set": _account_set(simulated.account_set),
        "as_of": simulation.present.facts.window.as_of.isoformat(),
        "present": _outcome(simulation.present, files[0], simulation.held),
        "other": None if other is None else _outcome(other, files[1], simulation.other_held),
        "compared": None
        if compared is None
        else {
            "matrix": _cells(compared.matrix),
            "without_tier": compared.without,
            "turnover": [{**asdict(one), "becomes": one.becomes} for one in compared.turnover],
            "moves": list(_moves(simulation, compared.moves)),
        },
        "notes": [str(note) for note in simulated.worth_knowing],
    }


def _cells(cells: Sequence[Cell]) -> Json:
    return [asdict(cell) for cell in cells]


def _outcome(outcome: Outcome, file: str, held: Sequence[Cell]) -> Json:
    near: list[Json] = [{"code": code, "edges": edges} for code, edges in sorted(edges_json(outcome.edges).items())]
    return {
        "policy": file,
        "sha256": outcome.policy.digest,
        "window": _window(outcome.facts.window),
        "tiers": [
            {
                "tier": one.tier,
                "customers": one.customers,
                "revenue": decimal_text(one.revenue),
                "gross_profit": decimal_text(one.gross_profit),
                "profit_known": one.profit_known,
            }
            for one in outcome.tiers
        ],
        "from_u8": _cells(held),
        "sensitivity": [
            {
                "metric": one.metric,
                "weight": next(w.percent for w in outcome.policy.weights if w.metric == one.metric),
                "change_percent": one.change,
                "up": one.up,
                "down": one.down,
                "moved": one.moved,
            }
            for one in outcome.sensitivity
        ],
        "stability": {
            "rated": outcome.rated,
            "borderline": outcome.borderline,
            "within_percent": NEAR,
            "customers": near,
        },
    }


def _moves(simulation: Simulation, moves: pl.DataFrame) -> Iterator[Json]:
    present, other = simulation.present, simulation.other
    if other is None:
        return
    before = missed_by(present, moves.select(CODE, pl.col("becomes").alias("tier")))
    after = missed_by(other, moves.select(CODE, pl.col("was").alias("tier")))
    for row in moves.iter_rows(named=True):
        yield {
            "code": row[CODE],
            "name": row["name"],
            "current": row["current"],
            "was": row["was"],
            "becomes": row["becomes"],
            "way": row["way"],
            "score_was": decimal_text(row["score_was"]),
            "score_is": decimal_text(row["score_is"]),
            "by": [part for part in ("exclusion", "window", "scoring", "ladder") if row[f"by_{part}"]],
            "metric": row["metric"],
            "contribution_was": decimal_text(row["metric_was"]),
            "contribution_is": decimal_text(row["metric_is"]),
            "missed_in_present": [_missed(present, one) for one in before.get(row[CODE], ())],
            "missed_in_other": [_missed(other, one) for one in after.get(row[CODE], ())],
        }


def _missed(outcome: Outcome, missed: Missed) -> Json:
    condition = condition_of(outcome, missed)
    return {
        "tier": missed.tier,
        "subject": condition.subject,
        "at_least": decimal_text(condition.at_least),
        "below": decimal_text(condition.below),
        "value": decimal_text(missed.value),
    }
