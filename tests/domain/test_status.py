"""What became of a run, and what of all that was found needs a person's look."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ended_runs import BEGAN, ENTRY
from hypothesis import given
from hypothesis import strategies as st

from u8sync.domain.status import AtWork, AuditFound, Status, concerns_of, fate_of
from u8sync.domain.timeliness import Timeliness
from u8sync.text import english, msg

GOOD = replace(
    ENTRY, exit_code=0, waiting=None, troubles=(), guards=(), audit_log="log", audit_count=10, audit_hash="a" * 64
)
RUNNING = replace(ENTRY, run_id="20261103T180000Z-111111", state="running", exit_code=None, ended_at=None)
HOLDING = AtWork(RUNNING.run_id, "7", "h", None)
WELL = Status(
    now=BEGAN + timedelta(hours=8),
    last=GOOD,
    newer=(),
    at_work=(),
    due=Timeliness(BEGAN, BEGAN + timedelta(days=1), (), None),
    audit=AuditFound("log", 10, "a" * 64),
    free_bytes=5,
    enough_bytes=5,
    problems=(),
)


def keys(**found: Any) -> list[str]:
    return [concern.key for concern in concerns_of(replace(WELL, **found))]


def test_a_good_night_needs_no_look() -> None:
    assert concerns_of(WELL) == ()
    assert keys(due=None, audit=None, free_bytes=None) == []
    assert keys(audit=AuditFound("log", 12, "b" * 64)) == [], "other work has gone on in the log"
    assert keys(newer=((RUNNING, "at_work"),), at_work=(HOLDING,)) == []


@pytest.mark.parametrize(
    ("found", "key", "words"),
    [
        ({"last": None}, "no_run", "No run has left an entry in the history yet."),
        ({"last": replace(GOOD, exit_code=4)}, "ended_badly", "The last run ended with exit code 4."),
        ({"last": replace(GOOD, troubles=ENTRY.troubles)}, "troubles", "1 trouble(s) around the last run"),
        ({"last": replace(GOOD, waiting=1200)}, "waiting", "1,200 change(s) wait for a person's approval."),
        ({"newer": ((RUNNING, "died"),)}, "died", "died: it said no end, and its process is gone."),
        ({"newer": ((RUNNING, "unknown"),)}, "unknown", "on h has said no end: it is at work, or died."),
        ({"due": Timeliness(BEGAN, None, (BEGAN,), None)}, "missed", "1 start(s) of the schedule have no run."),
        ({"audit": AuditFound("log", 9, "a" * 64)}, "audit", "log has 9 records; after the last run it had 10."),
        ({"audit": AuditFound("log", 10, "b" * 64)}, "audit", "is another one than after the last run."),
        ({"audit": AuditFound("log", None, None)}, "audit", "is gone, or its head cannot be read."),
        ({"free_bytes": 4}, "disk", "0 MiB are free on the disk of the audit log."),
        ({"problems": (msg("run.json cannot be read"),)}, "history", "run.json cannot be read"),
        ({"ahead": (GOOD,)}, "clock", "began in the future: check this machine's clock."),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_each_thing_that_is_not_well_needs_a_look(found: dict[str, Any], key: str, words: str) -> None:
    (concern,) = concerns_of(replace(WELL, **found))
    assert concern.key == key
    assert words in english(concern.found)


def test_zero_changes_that_wait_are_none() -> None:
    assert keys(last=replace(GOOD, waiting=0)) == []


def test_a_first_run_at_work_is_no_missing_run() -> None:
    assert keys(last=None, newer=((RUNNING, "at_work"),)) == []


@given(here=st.booleans(), alive=st.booleans(), held=st.booleans())
def test_a_run_is_at_work_as_long_as_its_lock_or_its_process_is_there(*, here: bool, alive: bool, held: bool) -> None:
    at_work = (AtWork("another", "1", "h", None), *([HOLDING] if held else []))
    fate = fate_of(RUNNING, at_work, here=here, alive=alive and here)
    if held or (alive and here):
        assert fate == "at_work"
    else:
        assert fate == ("died" if here else "unknown")
    assert fate_of(GOOD, at_work, here=here, alive=alive) == "ended"
