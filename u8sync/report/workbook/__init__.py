"""A run as an Excel workbook: what the page shows, for those who filter, sort and add up.

What lives where: ``overview.py`` (the numbers at a glance, the tiers with their charts, guards, steps),
``lists.py`` (a row for each changed field, borderline customer, held tier, unusable value, waiting change),
``about.py`` (how customers moved, and what the run can be proved by); ``blocks.py`` knows how a sheet that is no plain
list is filled. What does not live here: the counting, which the page and the workbook share.
"""

from __future__ import annotations

from pathlib import Path

from u8sync.domain.policy import Policy
from u8sync.domain.run import Planned, RunResult
from u8sync.domain.run_entry import RunEntry
from u8sync.report.figures import names_of
from u8sync.report.language import Language
from u8sync.report.workbook.about import add_about, add_matrix
from u8sync.report.workbook.blocks import Blocks
from u8sync.report.workbook.lists import add_lists
from u8sync.report.workbook.overview import add_overview
from u8sync.report.xlsx import open_workbook
from u8sync.text import Translate, msg

__all__ = ["save_workbook"]


def save_workbook(
    planned: Planned,
    result: RunResult | None,
    policy: Policy,
    translate: Translate,
    path: Path,
    *,
    language: Language,
    entry: RunEntry | None = None,
) -> None:
    """Write the workbook of a plan or a run; rows stream, so that its size costs no memory.

    Args:
        planned: The plan with all that led to it.
        result: What became of it; null when it was not applied.
        policy: The policy that it was made by.
        translate: Puts messages into the words of ``language``.
        path: The file; replaced when it is there.
        language: ``zh`` or ``en``.
        entry: What the history says of the run; null: a plan that is no run.

    Raises InputError when the file cannot be written.
    """
    names = names_of(planned.decision)
    with open_workbook(path) as (book, looks):
        overview = Blocks(book, msg("Overview"), translate, looks)
        add_overview(overview, planned, result, policy, entry, language=language)
        add_lists(book, planned, result, policy, names=names, translate=translate, looks=looks)
        add_matrix(Blocks(book, msg("Movement"), translate, looks), planned, policy)
        add_about(Blocks(book, msg("About"), translate, looks, widths=(30, 90)), planned, result, entry)
