"""Every line of a run says whose it is; two runs in one process share nothing; nothing is said twice or lost."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Sequence
from decimal import Decimal
from typing import get_args

import canary
import pytest
from canary import WORD
from fakes import Ticking
from hypothesis import given
from hypothesis import strategies as st

from u8sync.domain.model import AccountSet, CustomerCode
from u8sync.domain.run import Ending, EndingStatus, Settlement
from u8sync.ports import (
    AuditAt,
    BatchEnded,
    BatchSent,
    Event,
    FailedTry,
    Head,
    OpenSettled,
    Reached,
    StepBegan,
    StepEnded,
)
from u8sync.telemetry.happenings import Level, lines_of
from u8sync.telemetry.redaction import Redactor
from u8sync.telemetry.rendering import json_line, plain_line
from u8sync.telemetry.run_log import Outlet, RunLog
from u8sync.text import msg

BOUND = {"run_id": "20261102T180000Z-abcdef", "account_set": None, "host": "h", "pid": 7}
CARRIED = {"ts", "level", "event", "run_id", "account_set", "host", "pid", "mono"}


class Kept:
    """A sink that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.last: list[bool] = []

    def write(self, line: str, *, level: str, last: bool) -> None:
        self.lines.append(line)
        self.last.append(last)

    def close(self) -> None: ...

    @property
    def records(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.lines]


def run_log(
    kept: Kept, *, level: Level = "debug", secrets: Sequence[str] = (), bound: dict[str, object] | None = None
) -> RunLog:
    return RunLog(
        [Outlet(kept, json_line)],
        level=level,
        clock=Ticking(),
        redactor=Redactor(secrets),
        bound=bound or BOUND,
        monotonic=iter(range(10_000)).__next__,
    )


CODES = st.text(max_size=12).map(CustomerCode)
WORDS = st.text(max_size=30).map(lambda text: msg("{text}", text=text))
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(StepBegan, WORDS, st.none() | st.integers(0, 9)),
    st.builds(StepEnded, WORDS, st.decimals(0, 9, places=3), st.integers(0, 9)),
    st.builds(AuditAt, st.builds(Head, st.integers(0, 9), st.text(max_size=9))),
    st.builds(
        OpenSettled,
        st.lists(st.builds(Settlement, CODES, st.text(max_size=9), st.just("applied")), max_size=3).map(tuple),
    ),
    st.builds(FailedTry, st.integers(1, 9), st.text(max_size=9), st.text(max_size=30), st.decimals(0, 9, places=3)),
    st.builds(BatchSent, st.integers(1, 9), st.integers(1, 9)),
    st.builds(
        BatchEnded,
        st.integers(1, 9),
        st.lists(
            st.builds(Ending, CODES, st.sampled_from(get_args(EndingStatus)), st.just({}), st.text(max_size=30)),
            max_size=4,
        ).map(tuple),
        st.integers(1, 5),
    ),
    st.builds(Reached, st.builds(AccountSet, *[st.text(max_size=9)] * 6)),
)


@given(events=st.lists(EVENTS, max_size=6))
def test_every_line_carries_the_run_the_machine_the_process_and_a_time_that_only_goes_forwards(
    events: list[Event],
) -> None:
    kept = Kept()
    log = run_log(kept)
    for event in events:
        log.notice(event)
    assert len(kept.lines) == sum(len(list(lines_of(event))) for event in events)
    for record in kept.records:
        assert record.keys() >= CARRIED
        assert (record["run_id"], record["host"], record["pid"]) == ("20261102T180000Z-abcdef", "h", 7)
    assert [record["mono"] for record in kept.records] == list(range(len(kept.lines)))
    assert all(len(line.splitlines()) == 1 for line in kept.lines)


def test_the_account_set_stands_in_every_line_once_it_is_known() -> None:
    kept = Kept()
    log = run_log(kept)
    log.say("info", "run_began")
    log.notice(Reached(AccountSet("sqlite", "", "UFDATA_999_2026", "999", "name", "")))
    log.say("info", "later")
    assert [record["account_set"] for record in kept.records] == [None, "999", "999"]


def test_what_is_quieter_than_the_level_is_not_written() -> None:
    kept = Kept()
    log = run_log(kept, level="warning")
    for level in get_args(Level):
        log.say(level, level)
    assert [record["event"] for record in kept.records] == ["warning", "error"]


def test_only_the_end_of_the_run_is_its_last_line() -> None:
    kept = Kept()
    log = run_log(kept)
    log.say("info", "run_began")
    log.say("info", "run_ended")
    assert kept.last == [False, True]


def test_a_rejection_is_told_by_code_and_status_without_the_words_of_u8() -> None:
    kept = Kept()
    ending = Ending(CustomerCode("C\n1"), "rejected", {"cCusName": "北京某公司"}, "北京某公司 is refused")
    run_log(kept).notice(BatchEnded(2, (Ending(CustomerCode("C2"), "applied", {}), ending), 1))
    batch, change = kept.records
    assert (batch["event"], batch["level"], batch["endings"]) == (
        "batch_ended",
        "warning",
        {"applied": 1, "rejected": 1},
    )
    assert (change["event"], change["customer"], change["ended"], change["batch"]) == ("change", "C\n1", "rejected", 2)
    assert "北京某公司" not in "".join(kept.lines)


def test_a_try_that_is_made_again_is_told_apart_from_the_last_one() -> None:
    kept = Kept()
    log = run_log(kept)
    log.notice(FailedTry(1, "TransientError", "busy", Decimal("0.500")))
    log.notice(FailedTry(2, "TransientError", "busy", Decimal("0.000")))
    assert [record["event"] for record in kept.records] == ["retry", "gave_up"]
    assert kept.records[0]["waited_s"] == 0.5


def test_no_line_has_a_secret_whatever_an_error_says() -> None:
    kept = Kept()
    log = run_log(kept, secrets=[WORD])
    log.notice(FailedTry(1, "FatalError", f"Login failed: PWD={WORD};", Decimal(0)))
    log.say("error", "run_ended", error=f"x{WORD}", steps={WORD: 1})
    assert canary.hits(WORD, "\n".join(kept.lines)) == []
    assert canary.hits(WORD, log.without_secrets(f"oops {WORD}")) == []


def test_warnings_of_libraries_belong_to_the_run_that_called_them() -> None:
    first, second = Kept(), Kept()
    logger = logging.getLogger("requests.adapters")  # that of urllib3 is muted once OpenAPI was spoken in this process
    with run_log(first, secrets=[WORD]).with_libraries():

        def other() -> None:
            with run_log(second, bound={**BOUND, "run_id": "other"}).with_libraries():
                logger.warning("of the other run")

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        logger.warning("Retrying %s", f"/path?token={WORD}")
        logger.info("chatter")
    assert [record["said"] for record in first.records] == ["Retrying /path?token=***"]
    assert [(record["run_id"], record["said"]) for record in second.records] == [("other", "of the other run")]
    assert first.records[0]["library"] == "requests.adapters"


def test_a_library_that_formats_wrongly_does_not_stop_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept()
    logger = logging.getLogger("apprise")
    # pytest's own handlers would not bear it.
    monkeypatch.setattr(logger, "propagate", False)
    monkeypatch.setattr(logger, "handlers", [])
    with run_log(kept).with_libraries():
        logger.error("%d of %s", "x")  # noqa: PLE1206 - that is the mistake
    assert [(record["level"], record["said"]) for record in kept.records] == [("error", "%d of %s")]


def test_after_the_run_its_log_hears_no_library_any_more(caplog: pytest.LogCaptureFixture) -> None:
    kept = Kept()
    with run_log(kept).with_libraries():
        pass
    logging.getLogger("requests").warning("late")
    assert kept.lines == []
    assert caplog.messages == ["late"]


def test_a_line_that_cannot_be_made_breaks_nothing_and_is_told_once() -> None:
    class Broken(Kept):
        def write(self, line: str, *, level: str, last: bool) -> None:
            raise ValueError(f"no line with {WORD}")

    log = run_log(Broken(), secrets=[WORD])
    log.notice(BatchSent(1, 200))
    log.say("info", "later")
    assert [str(trouble) for trouble in log.troubles] == [
        "The run's log misses a line: batch_sent: ValueError: no line with ***"
    ]


def test_lines_of_several_threads_stand_in_the_same_order_in_every_outlet() -> None:
    kept, plain = Kept(), Kept()
    log = RunLog(
        [Outlet(kept, json_line), Outlet(plain, plain_line)],
        level="info",
        clock=Ticking(),
        redactor=Redactor(()),
        bound=BOUND,
    )
    threads = [
        threading.Thread(target=lambda who=who: [log.say("info", "x", who=who, number=n) for n in range(100)])  # type: ignore[misc]
        for who in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = [f"who={record['who']} number={record['number']}" for record in kept.records]
    assert [line[line.index("who=") :] for line in plain.lines] == told
    assert len(told) == 400
