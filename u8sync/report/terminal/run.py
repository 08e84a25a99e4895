"""A run on the terminal: what became of a plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType

from u8sync.domain.plan import Change
from u8sync.domain.run import Ending, RunResult
from u8sync.report.figures import duration, held_now, pairs
from u8sync.report.terminal.blocks import Cell, Writer
from u8sync.report.words import ENDINGS, SETTLED, account_set_words, audit_words
from u8sync.text import Translate, msg

__all__ = ["result_view"]


def result_view(result: RunResult, translate: Translate, *, limit: int | None = 20) -> RenderableType:
    """A run: how many changes ended how, what was not applied and what U8 holds instead, the audit log's head.

    Args:
        result: The run.
        translate: The language.
        limit: Most customers that are listed in a table; null: all.
    """
    write = Writer(translate)
    planned = {change.code: change for change in result.plan.changes}
    open_ends = [ending for ending in result.endings if not ending.in_place]
    parts: list[RenderableType] = [
        write.title(
            msg(
                "Run {run} on account set {account_set}",
                run=result.run_id,
                account_set=account_set_words(result.account_set),
            )
        ),
        write.facts(
            [
                (msg("Planned changes"), f"{len(result.plan.changes):,}"),
                *((ENDINGS[status], f"{count:,}") for status, count in result.totals.items() if count),
                *([(msg("Waiting for approval"), f"{result.waiting:,}")] if result.waiting else []),
                (msg("Duration"), duration(result.ended_at - result.started_at)),
                (msg("Audit log"), audit_words(result.audit_count, result.audit_hash)),
            ]
        ),
    ]
    if open_ends:
        parts += [
            write.heading(msg("Not applied")),
            write.table(
                [
                    (msg("Customer"), "left"),
                    (msg("What happened"), "left"),
                    (msg("Was to be written"), "left"),
                    (msg("U8 holds now"), "left"),
                    (msg("Detail"), "left"),
                ],
                (_open_row(ending, planned[ending.code]) for ending in open_ends[:limit]),
            ),
            *_rest(len(open_ends), limit, write),
        ]
    if result.settled:
        parts += [
            write.heading(msg("Left open by earlier runs, settled now by reading U8")),
            write.table(
                [(msg("Customer"), "left"), (msg("Run"), "left"), (msg("Finding"), "left")],
                ((one.code, one.run_id, SETTLED[one.verdict]) for one in result.settled[:limit]),
            ),
            *_rest(len(result.settled), limit, write),
        ]
    if result.unanchored:
        parts.append(write.heading(msg("Not carried out of this machine")))
        parts += [write.line(why) for why in result.unanchored]
    if result.checkpoint is not None:
        parts.append(
            write.heading(msg("Checkpoint of the audit log; kept elsewhere, it proves every record up to here"))
        )
        parts.append(write.verbatim(result.checkpoint))
    return Group(*parts)


def _open_row(ending: Ending, change: Change) -> Sequence[Cell]:
    return ending.code, ENDINGS[ending.status], pairs(change.after), pairs(held_now(ending, change)), ending.detail


def _rest(count: int, limit: int | None, write: Writer) -> Iterator[RenderableType]:
    if limit is not None and count > limit:
        yield write.line(msg("... and {count} more; the audit log has all of them.", count=f"{count - limit:,}"))
