"""The page over all runs: read the history, write ``index.html`` beside it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from u8sync.history.store import read_history
from u8sync.report.index_page import INDEX, render_index
from u8sync.report.language import Language, translator
from u8sync.report.pages import save_page

__all__ = ["MOST_RUNS", "write_index"]

MOST_RUNS = 2000
"""So many runs, the newest, the page lists: five years of nights."""


def write_index(folder: Path, language: Language, now: datetime) -> Path:
    """Write the page over the runs in ``folder``, which is made when it is not there.

    Returns the page. Raises InputError or OSError when it cannot be written.
    """
    history = read_history(folder, MOST_RUNS, now=now)
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / INDEX
    save_page(page, render_index(history.entries, history.problems, translator(language), language, now=now))
    return page
