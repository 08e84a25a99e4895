"""The report as one HTML file: readable on a phone, in print, on a dark screen, and in ten years without a network.

What does not live here: the counting (``figures.py``), the words (``words.py``) and the layout
(``templates/report.html.j2``), the charts (``plots/``). The page asks for nothing outside itself and says all without
its script, which only finds and sorts rows; everything that comes from the ERP is escaped by Jinja and freed of
invisible characters on its way into the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

import polars as pl
from markupsafe import Markup

from u8sync.domain.edges import NEAR, near_edges
from u8sync.domain.mapping import CODE
from u8sync.domain.plan import Change
from u8sync.domain.policy import Policy
from u8sync.domain.run import Ending, EndingStatus, Planned, RunResult
from u8sync.domain.run_entry import RunEntry, StepTime, Told
from u8sync.report.borderline import borderline_rows
from u8sync.report.figures import (
    TierLine,
    causes,
    cut,
    duration,
    grouped,
    held_causes,
    held_now,
    money,
    movements,
    names_of,
    pairs,
    percent,
    shown_values,
    stays,
    tier_lines,
    tier_move,
    way_of,
)
from u8sync.report.pages import page_environment, page_script
from u8sync.report.pending import pending_rows
from u8sync.report.plots import borderline_plot, flow_plot, pyramid_plot, revenue_plot
from u8sync.report.plots.flow import Stream
from u8sync.report.rule_words import HELD, figure_words
from u8sync.report.rules_page import held_rows, rules_in_words
from u8sync.report.words import (
    CAUSES,
    ENDINGS,
    GUARD_NAMES,
    SETTLED,
    UNKNOWN,
    WAYS,
    account_set_words,
    months_words,
    reason_words,
    subject_label,
    tier_name,
    verdict_word,
)
from u8sync.text import Message, Translate, msg

__all__ = ["MOST_CHANGES", "ChangeRow", "change_rows", "matrix_rows", "render_report", "standing_words"]

MOST_CHANGES: Final = 2000
"""So many changes are listed; a longer page serves nobody."""

MOST_HELD: Final = 500
MOST_BORDERLINE: Final = 200
"""So many customers are listed that are held, and that stand near an edge."""

MOST_CODES: Final = 5
"""So many customers are named beside a group of issues."""


def render_report(
    planned: Planned,
    result: RunResult | None,
    policy: Policy,
    translate: Translate,
    language: str,
    *,
    names: Mapping[str, str] | None = None,
    entry: RunEntry | None = None,
) -> str:
    """The page, complete.

    Args:
        planned: The plan with all that led to it.
        result: What became of it; null when it was not applied.
        policy: The policy that it was made by.
        translate: Puts messages into the words of ``language``.
        language: ``zh`` or ``en``.
        names: Code -> name of the customers; null: as the mapping reads them.
        entry: What the history says of the run so far: times, troubles, what waits; null: it is none of the history.
    """
    template = page_environment(translate).get_template("report.html.j2")
    population, window = planned.plan.population, planned.facts.window
    changes, shown_names = planned.plan.changes, names_of(planned.decision) if names is None else names
    moves = movements(planned.plan, policy)
    held = tuple(held_rows(planned, shown_names))
    edges = near_edges(planned.decision.customers, policy)
    near = edges[CODE].n_unique()
    lines, matrix = tier_lines(planned.decision.customers, policy), tuple(matrix_rows(planned, policy))
    near_tiers = tuple(_near_tiers(edges, policy))
    return template.render(
        page_language="zh-CN" if language == "zh" else "en",
        planned=planned,
        result=result,
        policy=policy,
        population=population,
        window=window,
        account_set=account_set_words(planned.account_set),
        posted=months_words(planned.facts.posted),
        made_at=f"{planned.plan.made_at:%Y-%m-%d %H:%M} UTC",
        standing=standing_words(planned, result),
        ways={way: sum(move.count for move in moves if move.way == way) for way in WAYS}
        | {"spelling": sum(tier_move(change) is None for change in changes)},
        way_words=WAYS,
        causes=[(CAUSES[cause], f"{count:,}") for cause, count in causes(planned.plan.skipped).items()],
        tiers=tuple(map(_tier_row, lines)),
        matrix=matrix,
        plots={
            "pyramid": pyramid_plot(lines, translate),
            "revenue": revenue_plot(lines, translate, chinese=language == "zh"),
            "flow": _flow(matrix, policy, translate),
            "borderline": borderline_plot(near_tiers, translate),
        },
        near_tiers=near_tiers,
        changes=tuple(change_rows(changes[:MOST_CHANGES], policy, shown_names)),
        unlisted=max(0, len(changes) - MOST_CHANGES),
        issues=grouped(planned.decision.issues),
        most_codes=MOST_CODES,
        guard_names=GUARD_NAMES,
        verdict_word=verdict_word,
        rules=rules_in_words(policy),
        held=held[:MOST_HELD],
        held_counts=[(HELD[cause], f"{number:,}") for cause, number in held_causes(planned.plan).items()],
        held_unlisted=max(0, len(held) - MOST_HELD),
        borderline=tuple(borderline_rows(planned.decision.customers, edges, MOST_BORDERLINE, shown_names)),
        borderline_count=near,
        borderline_share=percent(near, population.with_business) or "-",
        near=NEAR,
        subject_label=subject_label,
        unknown_words=UNKNOWN,
        run=None if result is None else _run(result),
        settled_words=SETTLED,
        count=lambda number: f"{number:,}",
        entry=entry,
        told=lambda words: words.zh if language == "zh" else words.en,
        pending=tuple(pending_rows(planned.sorting.waiting[:MOST_HELD], policy, shown_names)),
        waiting=len(planned.sorting.waiting),
        steps=() if entry is None else tuple(_step_rows(entry.steps)),
        script=page_script("find.js"),
    )


def standing_words(planned: Planned, result: RunResult | None) -> tuple[Literal["ok", "wait", "stop"], Message]:
    """Where things stand, in one sentence."""
    total = f"{len(planned.plan.changes):,}"
    if result is not None and not result.endings:
        return "ok", msg("U8 held every value as recommended: nothing was to be written.")
    if result is not None:
        done = sum(ending.in_place for ending in result.endings)
        if done == len(result.endings):
            return "ok", msg("All {count} planned changes are in U8.", count=total)
        left = len(result.endings) - done
        return "stop", msg(
            "{done} of {count} planned changes are in U8, {left} are not.",
            done=f"{done:,}",
            count=total,
            left=f"{left:,}",
        )
    if planned.stopped:
        return "stop", msg("A guard stops this plan: nothing will be written unless you allow it.")
    if not planned.plan.changes:
        return "ok", msg("None: U8 holds every value as recommended.")
    return "wait", msg("{count} changes are planned. Nothing has been written yet.", count=total)


@dataclass(frozen=True)
class TierRow:
    """A line of the table of tiers."""

    name: str | Message
    now: str
    recommended: str
    difference: str
    revenue: str
    share: str | None


def _tier_row(line: TierLine) -> TierRow:
    return TierRow(
        name=tier_name(line.tier),
        now=f"{line.now:,}",
        recommended=f"{line.recommended:,}",
        difference=f"{line.recommended - line.now:+,}" if line.recommended != line.now else "0",
        revenue=money(line.revenue),
        share=line.share,
    )


def _near_tiers(edges: pl.DataFrame, policy: Policy) -> Iterator[tuple[str, int, int]]:
    """Tier, borderline customers in it that would fall, and that would rise; the ladder from the top."""
    counts = {
        (tier, way): count
        for tier, way, count in edges.group_by("tier", "way").agg(pl.col(CODE).n_unique()).iter_rows()
    }
    for tier in policy.tiers:
        fall, rise = counts.get((tier.name, "down"), 0), counts.get((tier.name, "up"), 0)
        if fall or rise or not tier.without_business:
            yield tier.name, fall, rise


def _step_rows(steps: tuple[StepTime, ...]) -> Iterator[tuple[Told, str, str]]:
    """Step, seconds, and its part of the longest one in percent."""
    longest = max((step.seconds for step in steps), default=Decimal(0))
    for step in steps:
        yield step.name, f"{step.seconds:,.1f}", percent(step.seconds, longest) or "0"


@dataclass(frozen=True)
class Cell:
    """A cell of the migration matrix; ``strength`` in percent of the fullest cell."""

    count: int
    way: Literal["stay", "up", "down", "enter"]
    strength: str


def matrix_rows(planned: Planned, policy: Policy) -> Iterator[tuple[str | Message, list[Cell]]]:
    """A row for each old tier that anybody has, a column for each tier of the ladder."""
    ladder = [tier.name for tier in policy.tiers]
    rows: dict[tuple[str | None, bool], dict[str | None, int]] = {}
    still = stays(planned.decision.customers, planned.plan.changes)
    for name in ladder:
        rows[name, False] = {name: still[name]} if name in still else {}
    for move in movements(planned.plan, policy):
        row = rows.setdefault((move.was, move.fills and move.was is None), {})
        row[move.becomes] = row.get(move.becomes, 0) + move.count
    fullest = max((count for row in rows.values() for count in row.values()), default=0)
    for (was, fills), row in rows.items():
        if row:
            yield (
                tier_name(was, fills=fills),
                [
                    Cell(
                        row.get(name, 0),
                        "stay" if was == name else way_of(policy, was, name),
                        percent(row.get(name, 0), fullest) or "0",
                    )
                    for name in ladder
                ],
            )


def _flow(matrix: tuple[tuple[str | Message, list[Cell]], ...], policy: Policy, translate: Translate) -> Markup:
    streams = [
        Stream(was, becomes, cell.count, cell.way)
        for was, (_, cells) in enumerate(matrix)
        for becomes, cell in enumerate(cells)
        if cell.count
    ]
    return flow_plot([name for name, _ in matrix], [tier.name for tier in policy.tiers], streams, translate)


@dataclass(frozen=True)
class ChangeRow:
    """One field of one customer; what concerns the customer as a whole stands on its first row only."""

    code: str
    name: str | None
    field: str
    column: str
    before: str | None
    after: str | None
    way: Literal["up", "down", "enter", "spelling"]
    first: bool
    score: str | None
    reasons: tuple[Message, ...]
    rule: str | None
    wrote: str | None
    figures: tuple[Message, ...]


def change_rows(changes: Sequence[Change], policy: Policy, names: Mapping[str, str]) -> Iterator[ChangeRow]:
    """A row for each field, customer by customer."""
    for change in changes:
        reason, move = change.reason, tier_move(change)
        for index, field in enumerate(change.fields):
            before, after = shown_values(field)
            yield ChangeRow(
                code=change.code,
                name=names.get(change.code),
                field=field.field,
                column=field.column,
                before=before,
                after=after,
                way=way_of(policy, field.was, field.becomes) if field is move else "spelling",
                first=index == 0,
                score=None if reason is None or reason.score is None else cut(reason.score, 2),
                reasons=reason_words(change, policy) if index == 0 else (),
                rule=reason.rule if reason is not None and field is move else None,
                wrote=None if field.edited is None else field.edited.wrote or "-",
                figures=tuple(figure_words(change, policy)) if index == 0 else (),
            )


@dataclass(frozen=True)
class Run:
    """What became of the changes, in words."""

    totals: tuple[tuple[EndingStatus, Message, str], ...]
    open_ends: tuple[tuple[Ending, Message, str, str], ...]
    duration: str
    ended_at: str


def _run(result: RunResult) -> Run:
    planned = {change.code: change for change in result.plan.changes}
    return Run(
        totals=tuple((status, ENDINGS[status], f"{count:,}") for status, count in result.totals.items() if count),
        open_ends=tuple(
            (
                ending,
                ENDINGS[ending.status],
                pairs(planned[ending.code].after),
                pairs(held_now(ending, planned[ending.code])),
            )
            for ending in result.endings
            if not ending.in_place
        ),
        duration=duration(result.ended_at - result.started_at),
        ended_at=f"{result.ended_at:%Y-%m-%d %H:%M} UTC",
    )
