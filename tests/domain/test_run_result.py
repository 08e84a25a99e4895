"""What became of a run: totals and the exit code."""

from __future__ import annotations

from typing import get_args

import pytest

from u8sync.domain.model import CustomerCode
from u8sync.domain.run import Ending, EndingStatus, exit_code, totals
from u8sync.errors import AuditError, ExitCode, TransientError, UnknownOutcomeError
from u8sync.text import msg

STATUSES: tuple[EndingStatus, ...] = get_args(EndingStatus)


def endings(*statuses: EndingStatus) -> list[Ending]:
    return [Ending(CustomerCode(f"{number:03}"), status, {}) for number, status in enumerate(statuses)]


def test_every_status_is_counted_in_its_usual_order() -> None:
    counted = totals(endings("unknown", "applied", "conflict", "applied"))
    assert tuple(counted) == STATUSES
    assert {status: count for status, count in counted.items() if count} == {"applied": 2, "conflict": 1, "unknown": 1}
    assert sum(counted.values()) == 4


@pytest.mark.parametrize("status", STATUSES)
def test_only_a_run_after_which_u8_holds_every_planned_value_is_done(status: EndingStatus) -> None:
    done = status in {"applied", "already_applied"}
    assert exit_code(endings("applied", status), None) == (ExitCode.DONE if done else ExitCode.PENDING)


def test_a_run_without_changes_is_done() -> None:
    assert exit_code([], None) == ExitCode.DONE


@pytest.mark.parametrize(
    ("error", "code"),
    [(AuditError, ExitCode.AUDIT), (TransientError, ExitCode.TEMPORARY), (UnknownOutcomeError, ExitCode.TEMPORARY)],
)
def test_the_error_that_ended_the_writing_gives_the_code(error: type[AuditError], code: ExitCode) -> None:
    assert exit_code(endings("applied"), error(msg("broken"))) == code
