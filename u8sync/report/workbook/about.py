"""How customers move between the tiers, and what the workbook was made from and can be proved by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from u8sync.domain.policy import Policy
from u8sync.domain.run import Planned, RunResult
from u8sync.domain.run_entry import RunEntry
from u8sync.report.html import matrix_rows
from u8sync.report.tables import Column
from u8sync.report.words import account_set_words, months_words
from u8sync.report.workbook.blocks import COUNT, Blocks, Shaded, Value
from u8sync.text import Message, msg

__all__ = ["add_about", "add_matrix"]

_COLOURS: Final = {"stay": "#EEF0F2", "up": "#DDEBE4", "down": "#F6E6DF", "enter": "#DFE9EE"}
"""Behind the counts of the matrix; nothing depends on them."""


def add_matrix(blocks: Blocks, planned: Planned, policy: Policy) -> None:
    """Rows: the tier that U8 holds. Columns: the tier that it would hold after the changes."""
    blocks.title(msg("Movement between tiers"))
    blocks.line(msg("Rows: the tier that U8 holds. Columns: the tier that it would hold after the changes."))
    blocks.row += 1
    ladder = [Message("{tier}", {"tier": tier.name}) for tier in policy.tiers]
    columns = (
        Column("was", msg("Tier in U8")),
        *(Column("becomes", tier, "number", number_format=COUNT) for tier in ladder),
    )
    blocks.table(
        columns,
        (
            (name, *(Shaded(cell.count, _COLOURS[cell.way]) if cell.count else 0 for cell in cells))
            for name, cells in matrix_rows(planned, policy)
        ),
    )


def add_about(blocks: Blocks, planned: Planned, result: RunResult | None, entry: RunEntry | None) -> None:
    """Names and values."""
    blocks.title(msg("About"))
    blocks.facts(_facts(planned, result, entry))


def _facts(planned: Planned, result: RunResult | None, entry: RunEntry | None) -> Iterator[tuple[Message, Value]]:
    plan, window = planned.plan, planned.facts.window
    yield msg("Account set"), account_set_words(planned.account_set)
    yield msg("As of"), window.as_of
    yield msg("First day of the window"), window.start
    yield msg("Months with posted cost"), months_words(planned.facts.posted)
    yield msg("Plan made (UTC)"), plan.made_at
    yield msg("Fingerprint"), plan.fingerprint
    yield msg("Mapping (SHA-256)"), plan.seal.mapping
    yield msg("Policy (SHA-256)"), plan.seal.policy
    yield msg("Version of u8sync"), plan.seal.tool
    if entry is not None:
        yield msg("Run"), entry.run_id
        yield msg("Machine"), entry.host
        yield msg("Started by"), entry.user
        yield msg("Configuration"), entry.config
        yield msg("Started (UTC)"), entry.started_at
        yield msg("Ended (UTC)"), entry.ended_at
    elif result is not None:
        yield msg("Run"), result.run_id
        yield msg("Started (UTC)"), result.started_at
        yield msg("Ended (UTC)"), result.ended_at
    if result is not None:
        yield msg("Records in the audit log"), result.audit_count
        yield msg("Hash of the last record"), result.audit_hash
