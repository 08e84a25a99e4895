"""The sheets that are plain lists: each row stands for itself, so that it can be filtered, sorted and copied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from u8sync.domain.edges import near_edges
from u8sync.domain.plan import Change
from u8sync.domain.policy import Policy
from u8sync.domain.run import Planned, RunResult
from u8sync.report.borderline import borderline_rows
from u8sync.report.html import change_rows
from u8sync.report.rules_page import held_rows
from u8sync.report.tables import Cell, Column
from u8sync.report.words import ENDINGS, WAYS
from u8sync.report.xlsx import Formats, add_sheet
from u8sync.text import Message, Translate, msg

if TYPE_CHECKING:
    from xlsxwriter import Workbook  # type: ignore[import-untyped]

__all__ = ["add_lists"]

_CODE: Final = Column("code", msg("Customer"), width=16)
_NAME: Final = Column("name", msg("Name"), width=30)
_CHANGES: Final = (
    _CODE,
    _NAME,
    Column("field", msg("Field"), width=10),
    Column("column", msg("Column in U8"), width=14),
    Column("before", msg("Before")),
    Column("after", msg("After")),
    Column("way", msg("Direction"), width=12),
    Column("score", msg("Score"), "number", 10, "0.00"),
    Column("reasons", msg("Strongest reasons"), width=44, wrapped=True),
    Column("rule", msg("Rule"), width=22),
    Column("edited", msg("u8sync had written")),
)
_ENDED: Final = (
    Column("ending", msg("What happened"), width=20),
    Column("detail", msg("Detail"), width=24, wrapped=True),
)
_BORDERLINE: Final = (
    _CODE,
    _NAME,
    Column("tier", msg("Tier")),
    Column("score", msg("Score"), "number", 10, "0.00"),
    Column("edges", msg("How near"), width=80, wrapped=True),
)
_HELD: Final = (
    _CODE,
    _NAME,
    Column("tier", msg("Tier")),
    Column("earned", msg("By the ladder")),
    Column("why", msg("Why"), width=60, wrapped=True),
    Column("below", msg("Evaluations below in a row"), "number", 14, "0"),
)
_ISSUES: Final = (
    _CODE,
    _NAME,
    Column("field", msg("Field")),
    Column("value", msg("Value"), width=22),
    Column("what", msg("What is wrong"), width=60, wrapped=True),
    Column("sets_aside", msg("Left out of the plan"), width=12),
    Column("place", msg("Line of the mapping"), width=34),
)


def add_lists(
    book: Workbook,
    planned: Planned,
    result: RunResult | None,
    policy: Policy,
    *,
    names: Mapping[str, str],
    translate: Translate,
    looks: Formats,
) -> None:
    """One sheet a list, also where it is empty: who looks for it must see that there is nothing."""

    def add(title: Message, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> None:
        add_sheet(book, title, columns, rows, translate=translate, looks=looks)

    changes = _change_rows(planned.plan.changes, policy, names, translate)
    if result is None:
        add(msg("Changes"), _CHANGES, (row for _, row in changes))
    else:
        ends: dict[str, tuple[Cell, Cell]] = {
            ending.code: (translate(ENDINGS[ending.status]), ending.detail) for ending in result.endings
        }
        add(msg("Changes"), (*_CHANGES, *_ENDED), ((*row, *ends.get(code, (None, None))) for code, row in changes))
    add(msg("Borderline"), _BORDERLINE, _borderline(planned, policy, names, translate))
    add(msg("Held tiers"), _HELD, _held(planned, names, translate))
    add(msg("Unusable values"), _ISSUES, _issues(planned, names, translate))
    waiting = [one.change for one in planned.sorting.waiting]
    add(msg("Waiting"), _CHANGES, (row for _, row in _change_rows(waiting, policy, names, translate)))


def _change_rows(
    changes: Sequence[Change], policy: Policy, names: Mapping[str, str], translate: Translate
) -> Iterator[tuple[str, tuple[Cell, ...]]]:
    """Code and row for each field; what concerns the customer as a whole stands on each of its rows."""
    reasons: str | None = None
    for row in change_rows(changes, policy, names):
        reasons = _joined(row.reasons, translate) if row.first else reasons
        way = msg("spelling") if row.way == "spelling" else WAYS[row.way]
        yield (
            row.code,
            (
                row.code,
                row.name,
                row.field,
                row.column,
                row.before,
                row.after,
                translate(way),
                row.score,
                reasons,
                row.rule,
                row.wrote,
            ),
        )


def _borderline(
    planned: Planned, policy: Policy, names: Mapping[str, str], translate: Translate
) -> Iterator[tuple[Cell, ...]]:
    customers = planned.decision.customers
    for row in borderline_rows(customers, near_edges(customers, policy), names=names):
        yield row.code, row.name, row.tier, row.score, _joined(row.edges, translate)


def _held(planned: Planned, names: Mapping[str, str], translate: Translate) -> Iterator[tuple[Cell, ...]]:
    for row in held_rows(planned, names):
        tier = translate(row.tier) if isinstance(row.tier, Message) else row.tier
        yield row.code, row.name, tier, row.earned, translate(row.why), row.below


def _issues(planned: Planned, names: Mapping[str, str], translate: Translate) -> Iterator[tuple[Cell, ...]]:
    yes, no = translate(msg("yes")), translate(msg("no"))
    for issue in planned.decision.issues:
        yield (
            issue.code,
            names.get(issue.code),
            issue.field,
            issue.value,
            translate(issue.message),
            yes if issue.sets_aside else no,
            f"{issue.place.file}:{issue.place.line}",
        )


def _joined(messages: Sequence[Message], translate: Translate) -> str | None:
    return "; ".join(map(translate, messages)) or None
