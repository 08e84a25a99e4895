"""An approval must rest on answers that stand in the log: also a tool that lies in a whole chain is found out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from audit_world import check, open_at

from u8sync.audit.story import Story

ALONE = Path(__file__).parents[2] / "u8sync" / "audit" / "standalone_verify.py"
YES = {"change": "c" * 32, "customer": "A", "request": 2, "answer": "yes", "approver": "admin", "reason": "seen"}


def write(root: Path, answer: dict[str, object] | None, approval: dict[str, object]) -> Path:
    """A log in which a person may have answered, and a run says that it rests on that."""
    log = open_at(root)
    if answer is not None:
        log.append("decision", answer)  # type: ignore[arg-type]
    log.append("run_open", {})
    log.append("approval", {"what": "changes", "plan": "p" * 64, "approver": "admin", "reason": None, **approval})  # type: ignore[dict-item]
    log.append("run_close", {})
    log.commit()
    log.close()
    return log.folder


def alone(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ALONE, folder], capture_output=True, text=True, encoding="utf-8", check=False
    )


def test_an_approval_that_rests_on_its_answer_is_whole(tmp_path: Path) -> None:
    folder = write(tmp_path, dict(YES), {"customers": ["A"], "decisions": [2]})
    assert check(folder).faults == ()
    assert alone(folder).returncode in {0, 3}


def test_one_that_a_person_gave_by_running_it_needs_no_answer(tmp_path: Path) -> None:
    assert check(write(tmp_path, None, {"customers": ["A"], "decisions": []})).faults == ()


@pytest.mark.parametrize(
    ("answer", "approval"),
    [
        pytest.param(None, {"customers": ["A"], "decisions": [2]}, id="there is none"),
        pytest.param({**YES, "answer": "no"}, {"customers": ["A"], "decisions": [2]}, id="it was no"),
        pytest.param({**YES, "customer": "B"}, {"customers": ["A"], "decisions": [2]}, id="of another customer"),
        pytest.param(dict(YES), {"customers": ["A"], "decisions": [9]}, id="it comes later or never"),
    ],
)
def test_one_that_rests_on_nothing_is_never_written_and_is_a_fault_to_both_verifiers(
    tmp_path: Path,
    answer: dict[str, object] | None,
    approval: dict[str, object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ValueError, match="rests on an answer"):
        write(tmp_path / "honest", answer, approval)
    with monkeypatch.context() as doctored:
        doctored.setattr(Story, "_of_answer", lambda _self, _record: None)
        folder = write(tmp_path / "doctored", answer, approval)
    (fault,) = check(folder).faults
    assert "rests on an answer" in str(fault.message)
    done = alone(folder)
    assert done.returncode == 1
    assert "rests on an answer" in done.stdout
