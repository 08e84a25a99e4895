"""A plan on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rich.console import Group, RenderableType

from u8sync.domain.guards import Verdict
from u8sync.domain.model import Facts
from u8sync.domain.plan import Change
from u8sync.domain.policy import Policy
from u8sync.domain.run import Planned
from u8sync.report.figures import (
    causes,
    cut,
    grouped,
    held_causes,
    money,
    movements,
    names_of,
    shown_values,
    tier_lines,
)
from u8sync.report.rule_words import HELD
from u8sync.report.terminal.approvals import sorting_parts
from u8sync.report.terminal.blocks import Cell, Writer, rest_line
from u8sync.report.words import (
    CAUSES,
    GUARD_NAMES,
    WAYS,
    account_set_words,
    digits,
    months_words,
    people_words,
    reason_words,
    tier_name,
    verdict_word,
)
from u8sync.text import Message, Translate, msg

__all__ = ["guard_lines", "planned_view"]


EDITED_HOW: Final = msg(
    "These tiers were changed in U8 since u8sync wrote them and stay as they are. To write over them once:"
    " --allow edited_in_u8; for good, or never: edited_in_u8 in the policy."
)


def planned_view(
    planned: Planned,
    policy: Policy,
    translate: Translate,
    *,
    limit: int | None = 20,
    names: Mapping[str, str] | None = None,
) -> RenderableType:
    """A plan: what was read, how the tiers move, what would be written and why, what cannot be used, the guards.

    Args:
        planned: The plan with all that led to it.
        policy: The policy that it was made by.
        translate: The language.
        limit: Most changes and most groups of issues that are listed; null: all.
        names: Code -> name of the customers; null: as the mapping reads them.
    """
    write = Writer(translate)
    return Group(
        write.title(msg("Plan for account set {account_set}", account_set=account_set_words(planned.account_set))),
        write.facts(_plan_facts(planned, translate)),
        *_tiers(planned, policy, write),
        *_changes(planned, policy, write, limit, names_of(planned.decision) if names is None else names),
        *sorting_parts(planned.sorting, policy, write, limit),
        *_held(planned, write, limit),
        *_issues(planned, write, limit),
        *guard_lines(planned.verdicts, write),
        *_notes(planned.facts, write),
    )


def _plan_facts(planned: Planned, translate: Translate) -> Iterator[tuple[Message, Cell]]:
    window = planned.facts.window
    left = causes(planned.plan.skipped)
    yield msg("As of"), str(window.as_of)
    yield msg("Window"), msg("{start} to {end}", start=window.start, end=window.as_of)
    yield msg("Months with posted cost"), months_words(planned.facts.posted)
    yield msg("Customers"), people_words(planned.plan.population)
    if left:
        yield msg("Left alone"), "; ".join(f"{translate(CAUSES[cause])}: {count:,}" for cause, count in left.items())
    yield msg("Changes"), f"{len(planned.plan.changes):,}"
    yield msg("Fingerprint"), digits(planned.plan.fingerprint)


def _tiers(planned: Planned, policy: Policy, write: Writer) -> Iterator[RenderableType]:
    yield write.heading(msg("Tiers"))
    yield write.table(
        [
            (msg("Tier"), "left"),
            (msg("Now in U8"), "right"),
            (msg("Recommended"), "right"),
            (msg("Difference"), "right"),
            (msg("Revenue"), "right"),
            (msg("Share of revenue"), "right"),
        ],
        (
            (
                tier_name(line.tier),
                f"{line.now:,}",
                f"{line.recommended:,}",
                f"{line.recommended - line.now:+,}" if line.recommended != line.now else "0",
                money(line.revenue),
                None if line.share is None else f"{line.share} %",
            )
            for line in tier_lines(planned.decision.customers, policy)
        ),
    )
    moves = movements(planned.plan, policy)
    if moves:
        yield write.heading(msg("Movement between tiers"))
        yield write.table(
            [(msg("From"), "left"), (msg("To"), "left"), (msg("Customers"), "right"), (msg("Direction"), "left")],
            ((tier_name(m.was, fills=m.fills), m.becomes, f"{m.count:,}", WAYS[m.way]) for m in moves),
        )


def _changes(
    planned: Planned, policy: Policy, write: Writer, limit: int | None, names: Mapping[str, str]
) -> Iterator[RenderableType]:
    changes = planned.plan.changes
    yield write.heading(msg("Changes"))
    if not changes:
        left = planned.sorting.waiting or planned.sorting.refused
        yield write.line(
            msg("None that may be written now.") if left else msg("None: U8 holds every value as recommended.")
        )
        return
    yield write.table(
        [
            (msg("Customer"), "left"),
            (msg("Name"), "left"),
            (msg("Field"), "left"),
            (msg("Before"), "left"),
            (msg("After"), "left"),
            (msg("Score"), "right"),
            (msg("Strongest reasons"), "left"),
        ],
        (row for change in changes[:limit] for row in _change_rows(change, policy, write, names.get(change.code))),
    )
    yield from rest_line(len(changes), limit, write)


def _change_rows(change: Change, policy: Policy, write: Writer, name: str | None) -> Iterator[Sequence[Cell]]:
    """A line for each field; what concerns the customer as a whole stands on the first."""
    score = change.reason.score if change.reason else None
    reasons = "; ".join(write.say(reason) for reason in reason_words(change, policy))
    for index, field in enumerate(change.fields):
        before, after = shown_values(field)
        if field.edited is not None:
            wrote = field.edited.wrote or "-"
            before = write.say(msg("{value} (by a person; u8sync wrote: {wrote})", value=before or "-", wrote=wrote))
        whole: tuple[Cell, Cell] = (None if score is None else cut(score, 2), reasons) if index == 0 else ("", "")
        yield change.code, name, field.field, before, after, *whole


def _held(planned: Planned, write: Writer, limit: int | None) -> Iterator[RenderableType]:
    """Those whose tier is not the one that the ladder gives: how many for which reason, and whom people changed."""
    counts = held_causes(planned.plan)
    if not counts:
        return
    yield write.heading(msg("Held tiers"))
    for cause, count in counts.items():
        yield write.line(msg("{why}: {count}", why=HELD[cause], count=f"{count:,}"), indent=2)
    edited = [held for held in planned.plan.held if held.cause == "edited"]
    if edited:
        yield write.line(EDITED_HOW, above=1)
        yield write.table(
            [(msg("Customer"), "left"), (msg("Now in U8"), "left"), (msg("By the ladder"), "left")],
            ((held.code, tier_name(held.tier), held.earned) for held in edited[:limit]),
        )
        yield from rest_line(len(edited), limit, write)


def _issues(planned: Planned, write: Writer, limit: int | None) -> Iterator[RenderableType]:
    groups = grouped(planned.decision.issues)
    if not groups:
        return
    yield write.heading(msg("Values that cannot be used"))
    yield write.table(
        [
            (msg("Customers"), "right"),
            (msg("Field"), "left"),
            (msg("Value"), "left"),
            (msg("What is wrong"), "left"),
            (msg("Line of the mapping"), "left"),
        ],
        (
            (
                f"{len(group.codes):,}",
                group.field,
                group.value,
                msg("{what}; left out of the plan", what=group.message) if group.sets_aside else group.message,
                f"{group.place.file}:{group.place.line}",
            )
            for group in groups[:limit]
        ),
    )
    yield from rest_line(len(groups), limit, write)


def guard_lines(verdicts: Sequence[Verdict], write: Writer) -> Iterator[RenderableType]:
    """What the guards found."""
    yield write.heading(msg("Guards"))
    yield write.table(
        [(msg("Verdict"), "left"), (msg("Guard"), "left"), (msg("Finding"), "left")],
        (
            (verdict_word(verdict), f"{write.say(GUARD_NAMES[verdict.guard])} ({verdict.guard})", verdict.message)
            for verdict in verdicts
        ),
    )
    if any(verdict.stops for verdict in verdicts):
        yield write.line(msg("A guard stops this plan: nothing will be written unless you allow it."), above=1)


def _notes(facts: Facts, write: Writer) -> Iterator[RenderableType]:
    if facts.notes:
        yield write.heading(msg("Worth knowing"))
        for note in facts.notes:
            yield write.line(f"- {write.say(note)}")
