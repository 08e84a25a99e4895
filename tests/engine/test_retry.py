"""Trying again: what, how often, how long, and when a run stops asking."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Thread

import pytest
from engine_world import World, customer, make_world
from hypothesis import given
from hypothesis import strategies as st

from u8sync.engine import retry as policy
from u8sync.engine.retry import Retry
from u8sync.errors import (
    AuditError,
    ExitCode,
    FatalError,
    RefusedError,
    TransientError,
    U8SyncError,
    UnknownOutcomeError,
)
from u8sync.ports import Edit, FailedTry
from u8sync.text import msg

BUSY = TransientError(msg("busy"))


@dataclass
class Watch:
    """A clock that stands still but for those who sleep by it."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def retry(self, *, tries: int = 5, budget_s: float = 120) -> Retry:
        return Retry(tries=tries, budget_s=budget_s, sleep=self.sleep, clock=lambda: self.now)


class Server:
    """Answers as it is told: an error is raised, anything else is the answer."""

    def __init__(self, answers: Sequence[object]) -> None:
        self._answers: Iterator[object] = iter(answers)
        self.calls = 0

    def ask(self) -> object:
        self.calls += 1
        answer = next(self._answers, "well")
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_what_works_the_first_time_waits_for_nothing_and_tells_nothing(watch: Watch) -> None:
    heard: list[FailedTry] = []
    assert watch.retry().telling(heard.append).call(Server(["done"]).ask) == ("done", 1)
    assert (watch.slept, heard) == ([], [])


def test_a_failure_that_may_pass_is_tried_again_and_every_try_is_told(watch: Watch) -> None:
    heard: list[FailedTry] = []
    server = Server([BUSY, TransientError(msg("locked by {who}", who="张三")), "done"])
    assert watch.retry().telling(heard.append).call(server.ask) == ("done", 3)
    assert [(one.number, one.error, one.message) for one in heard] == [
        (1, "TransientError", "busy"),
        (2, "TransientError", "locked by 张三"),
    ]
    assert [float(one.waited_s) for one in heard] == pytest.approx(watch.slept, abs=0.001)


def test_the_tries_end_with_the_last_error(watch: Watch) -> None:
    heard: list[FailedTry] = []
    server = Server([TransientError(msg("{n}", n=n)) for n in range(9)])
    with pytest.raises(TransientError, match="2"):
        watch.retry(tries=3).telling(heard.append).call(server.ask)
    assert server.calls == 3
    assert [one.number for one in heard] == [1, 2, 3]
    assert heard[-1].waited_s == 0
    assert len(watch.slept) == 2


@pytest.mark.parametrize("kind", [FatalError, RefusedError, UnknownOutcomeError, AuditError])
def test_what_is_not_known_to_be_safe_is_never_tried_again(watch: Watch, kind: type[U8SyncError]) -> None:
    heard: list[FailedTry] = []
    server = Server([BUSY, kind(msg("no"))])
    with pytest.raises(kind):
        watch.retry().telling(heard.append).call(server.ask)
    assert server.calls == 2
    assert [one.error for one in heard] == ["TransientError", kind.__name__]


@given(budget=st.floats(0, 200), slow=st.floats(0, 20))
def test_no_try_begins_after_the_time_is_over(budget: float, slow: float) -> None:
    watch = Watch()
    began: list[float] = []

    def hang() -> None:
        began.append(watch.now)
        watch.now += slow
        raise BUSY

    with pytest.raises(TransientError):
        watch.retry(tries=10, budget_s=budget).call(hang)
    assert all(at - began[0] <= budget for at in began)


def test_waits_are_random_and_grow_to_a_limit(watch: Watch) -> None:
    # One operation never fails often enough to open the breaker: it is well again in between.
    retry = watch.retry(tries=4, budget_s=3600)
    rounds = 30
    for _ in range(rounds):
        retry.health.operations += 100
        retry.call(Server([BUSY, BUSY, BUSY, "done"]).ask)
    assert len(set(watch.slept)) == 3 * rounds
    for start, longest in enumerate((0.5, 1, 2)):
        assert max(watch.slept[start::3]) <= longest
        assert max(watch.slept[start::3]) > longest / 2


def test_a_run_may_retry_ten_times_and_then_once_in_ten_operations(watch: Watch) -> None:
    retry = watch.retry(tries=2)
    failed = 0
    for _ in range(200):
        try:
            retry.call(Server([BUSY, "done"]).ask)
        except TransientError:
            failed += 1
            retry.call(Server(["done"]).ask)  # keeps the breaker closed
    health = retry.health
    assert health.openings == 0
    assert health.retries == 200 - failed
    assert health.retries <= 10 + health.operations // 10
    assert health.retries >= 10 + health.operations // 10 - 1


@given(st.lists(st.booleans(), max_size=300), st.integers(1, 10))
def test_whatever_happens_retries_are_at_most_a_tenth_of_the_operations_and_ten(well: list[bool], tries: int) -> None:
    watch = Watch()
    retry = watch.retry(tries=tries)
    server = Server(["done" if one else BUSY for one in well])
    begun = 0
    while not retry.health.given_up and server.calls < len(well):
        begun += 1
        with contextlib.suppress(TransientError):
            retry.call(server.ask)
    assert server.calls <= begun * 1.1 + 10
    assert retry.health.operations == begun


def test_five_failures_in_a_row_pause_everything_and_one_try_shows_that_u8_is_well(watch: Watch) -> None:
    retry = watch.retry(tries=5)
    down = Server([BUSY] * 5)
    with pytest.raises(TransientError, match="busy"):
        retry.call(down.ask)
    assert retry.health.openings == 1
    before = watch.now
    assert retry.call(Server(["well"]).ask) == ("well", 1)
    assert watch.now - before == pytest.approx(60)
    before = watch.now
    retry.call(Server(["well"]).ask)
    assert watch.now == before


def test_the_pause_is_counted_from_the_opening(watch: Watch) -> None:
    retry = watch.retry(tries=5)
    with pytest.raises(TransientError):
        retry.call(Server([BUSY] * 5).ask)
    watch.now += 45
    before = watch.now
    retry.call(Server(["well"]).ask)
    assert watch.now - before == pytest.approx(15)


def test_failures_with_a_success_between_them_are_not_in_a_row(watch: Watch) -> None:
    retry = watch.retry(tries=5)
    for _ in range(2):
        retry.call(Server([BUSY] * 4 + ["well"]).ask)
    assert retry.health.openings == 0
    assert max(watch.slept) < 60


def test_an_outage_ends_the_run_after_three_openings_and_seven_requests(watch: Watch) -> None:
    retry = watch.retry(tries=5, budget_s=3600)
    down = Server([BUSY] * 100)
    with pytest.raises(TransientError, match="busy"):
        retry.call(down.ask)
    with pytest.raises(TransientError) as given_up:
        retry.call(down.ask)
    assert given_up.value.exit_code == ExitCode.TEMPORARY
    assert str(given_up.value) == "U8 failed 5 times in a row and again after 2 pauses of 60 s: given up. Last: busy"
    assert down.calls == 7
    with pytest.raises(TransientError, match="this run has given up"):
        retry.call(down.ask)
    assert down.calls == 7
    assert 2 * 60 <= watch.now - 1000 < 2 * 60 + 20


def test_somebody_else_who_keeps_the_record_shares_the_budget_and_the_breaker(watch: Watch) -> None:
    retry = watch.retry(tries=5)
    with pytest.raises(TransientError):
        retry.telling(lambda _failed: None).call(Server([BUSY] * 5).ask)
    assert retry.health.openings == 1
    assert retry.telling(lambda _failed: None).health is retry.health


def test_what_was_given_up_below_is_not_tried_again_above_and_counts_once(watch: Watch) -> None:
    retry = watch.retry(tries=3)
    down = Server([BUSY] * 100)
    with pytest.raises(TransientError, match="busy"):
        retry.call(lambda: retry.call(down.ask))
    assert down.calls == 3
    assert retry.health.failures == 3


def test_what_u8_asks_to_wait_is_waited_if_time_allows(watch: Watch) -> None:
    slow = TransientError(msg("too many"), wait_s=50)
    assert watch.retry(budget_s=120).call(Server([slow, "done"]).ask) == ("done", 2)
    assert watch.slept == [50]
    with pytest.raises(TransientError, match="too many"):
        watch.retry(budget_s=40).call(Server([slow, "done"]).ask)
    assert watch.slept == [50]


def test_threads_that_fail_together_open_the_breaker_once(watch: Watch) -> None:
    health = watch.retry().health
    threads = [Thread(target=health.failed, args=(watch.now,), kwargs={"begun_at": 0}) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (health.failures, health.openings) == (40, 1)
    health.failed(watch.now, begun_at=1)
    assert health.openings == 2


# --- in a run ---------------------------------------------------------------------------------------------------------


def failing(errors: Sequence[U8SyncError]) -> Callable[[Sequence[Edit]], None]:
    left = list(errors)

    def fail(_edits: Sequence[Edit]) -> None:
        if left:
            raise left.pop(0)

    return fail


def test_a_run_records_every_failed_try_with_the_outcome(world: World) -> None:
    world.backend.on_write = failing([BUSY, TransientError(msg("deadlock"))])
    world.run()
    first, _, third, *_ = world.of_type("outcome")
    assert first["attempts"] == 3
    assert [(t["number"], t["error"], t["message"]) for t in first["tries"]] == [  # type: ignore[index,union-attr,call-overload]
        (1, "TransientError", "busy"),
        (2, "TransientError", "deadlock"),
    ]
    assert [float(t["waited_s"]) for t in first["tries"]] == pytest.approx(world.waits, abs=0.001)  # type: ignore[union-attr,index,call-overload,arg-type]
    assert "tries" not in third
    assert world.of_type("run_close")[-1]["load"] == {"operations": 8, "retries": 2, "pauses": 0}


def test_a_batch_that_is_given_up_and_one_without_an_answer_tell_their_tries_too(world: World) -> None:
    world.backend.on_write = failing([BUSY, BUSY, BUSY, BUSY, UnknownOutcomeError(msg("no answer"))])
    result = world.run()
    assert [ending.status for ending in result.endings] == ["not_applied"] * 4 + ["applied"]
    told = world.of_type("outcome")
    assert [len(record.get("tries", ())) for record in told] == [3, 3, 2, 2, 0]  # type: ignore[arg-type]
    assert [record["attempts"] for record in told] == [3, 3, 2, 2, 1]
    assert told[2]["status"] == "unknown"


def test_reading_back_tells_its_failed_tries(world: World) -> None:
    read, left = world.backend.read, [BUSY]

    def read_badly(*args: object) -> object:
        if left and world.of_type("outcome"):
            raise left.pop()
        return read(*args)  # type: ignore[arg-type]

    world.backend.read = read_badly  # type: ignore[assignment,method-assign]
    world.backend.on_write = failing([UnknownOutcomeError(msg("no answer"))])
    world.run()
    settled = world.of_type("settle")
    assert [record["tries"][0]["message"] for record in settled] == ["busy", "busy"]  # type: ignore[index,call-overload]


def test_a_record_stays_small_whatever_u8_says_how_often(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "OPENINGS", 100)
    world.backend.on_write = failing([TransientError(msg("{words}", words=f"{n} " + "忙" * 5000)) for n in range(12)])
    patient = world.retry
    world.retry = lambda: Retry(  # type: ignore[method-assign]
        tries=13, budget_s=1e9, sleep=patient().sleep, health=policy.Health(operations=1000)
    )
    world.run()
    tries = world.of_type("outcome")[0]["tries"]
    assert isinstance(tries, list)
    assert [one["number"] for one in tries] == list(range(3, 13))  # type: ignore[index,call-overload]
    assert max(len(one["message"]) for one in tries) == 300  # type: ignore[index,call-overload,arg-type]


def test_an_outage_in_the_middle_ends_the_run_at_once_with_everything_recorded() -> None:
    codes = [f"C{number:02}" for number in range(20)]
    world = make_world({code: customer() for code in codes}, {})
    world.allow = frozenset({"no_business"})
    watch = Watch()
    retry = Retry(tries=5, budget_s=120, sleep=watch.sleep, clock=lambda: watch.now)
    world.retry = lambda: retry  # type: ignore[method-assign]
    calls: list[str] = []

    def down(edits: Sequence[Edit]) -> None:
        calls.append(edits[0].code)
        if calls[-1] != "C00":
            raise BUSY

    world.backend.on_write = down
    result = world.run()
    assert calls == ["C00"] + ["C02"] * 5 + ["C04"] * 2
    assert {status: count for status, count in result.totals.items() if count} == {
        "applied": 2,
        "not_applied": 4,
        "not_started": 14,
    }
    assert isinstance(result.stopped_by, TransientError)
    assert "given up" in str(result.stopped_by)
    assert result.exit_code == ExitCode.TEMPORARY
    assert len(world.of_type("intent")) == len(world.of_type("outcome"))


def test_a_batch_that_always_meets_a_deadlock_is_reported_and_the_run_goes_on() -> None:
    codes = [f"C{number:02}" for number in range(10)]
    world = make_world({code: customer() for code in codes}, {})
    world.allow = frozenset({"no_business"})
    watch = Watch()
    retry = watch.retry()
    world.retry = lambda: retry  # type: ignore[method-assign]

    def deadlock(edits: Sequence[Edit]) -> None:
        if edits[0].code == "C04":
            raise BUSY

    world.backend.on_write = deadlock
    result = world.run()
    assert [ending.code for ending in result.endings if ending.status == "not_applied"] == ["C04", "C05"]
    assert result.totals["applied"] == 8
    assert (result.exit_code, result.stopped_by) == (ExitCode.PENDING, None)
    world.backend.on_write = None
    assert world.run().totals["applied"] == 2
