"""The folder of a fleet's nights: ``runs/fleet/<id>/fleet.json`` and the page beside it.

The entries of the members' runs lie where each configuration says (``store.py``); a summary holds a copy of each, so
that one file tells the whole night, also when its members ran on other machines.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from u8sync.domain.fleet import FleetSummary
from u8sync.history.store import prune, runs_in, write_whole
from u8sync.text import Message, msg

__all__ = ["SUMMARY", "prune_fleets", "read_summaries", "summary_folder", "write_summary"]

SUMMARY: Final = "fleet.json"
"""Name of the summary in its night's folder."""


def summary_folder(folder: Path, fleet_id: str) -> Path:
    """The folder of one night."""
    return folder / fleet_id


def write_summary(folder: Path, summary: FleetSummary) -> None:
    """Write a summary in the place of the night's earlier one. Raises OSError when it cannot be written."""
    write_whole(summary_folder(folder, summary.fleet_id) / SUMMARY, summary)


def read_summaries(folder: Path, most: int | None = None) -> tuple[tuple[FleetSummary, ...], tuple[Message, ...]]:
    """The newest ``most`` summaries (null: all), oldest first, and what is wrong with those that cannot be read."""
    found, problems = [], []
    nights = runs_in(folder)
    for own in nights if most is None else nights[-most:]:
        try:
            found.append(msgspec.json.decode((own / SUMMARY).read_bytes(), type=FleetSummary))
        except FileNotFoundError:
            continue  # a night that could not write
        except (OSError, msgspec.DecodeError) as error:
            problems.append(msg("{path} cannot be read: {why}", path=str(own / SUMMARY), why=str(error)))
    return tuple(found), tuple(problems)


def prune_fleets(folder: Path, keep_days: int, now: datetime) -> None:
    """Remove the summaries of nights that began more than ``keep_days`` ago. Raises OSError when one stays."""
    prune(folder, keep_days, now)
