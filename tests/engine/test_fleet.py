"""The scheduling core of a fleet, with workers of every temper: slow, failing, dying, in any order."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from u8sync.domain.fleet import Limits, Member, Overlay
from u8sync.engine import fleet as core
from u8sync.engine.fleet import Finished, run_fleet


class DiedError(Exception):
    """A worker's death."""


def member(name: str, server: str = "s") -> Member:
    return Member(name, Path(f"{name}.yaml"), Overlay(), server, None)


@dataclass
class Site:
    """An executor whose members end one at a time, when ``choose`` says; a member ends as its script tells.

    A script's word is ``ok``, ``bad`` (its run raises), ``die`` (its worker dies), ``lost`` (cancelled from outside) or
    ``refused`` (it cannot even be handed out); the last word counts for all further starts.
    """

    scripts: dict[str, Sequence[str]]
    limits: Limits
    room: int = 10**6
    choose: Callable[[int], int] = lambda _count: 0
    flying: dict[Future[str], Member] = field(default_factory=dict)
    log: list[tuple[str, str]] = field(default_factory=list)

    def submit(self, one: Member) -> Future[str]:
        self.log.append(("start", one.name))
        if self._word(one) == "refused":
            raise ConnectionError("no way")
        future: Future[str] = Future()
        self.flying[future] = one
        assert len(self.flying) <= min(self.limits.workers, self.room)
        assert max(Counter(flying.server for flying in self.flying.values()).values()) <= self.limits.per_server
        return future

    def _word(self, one: Member) -> str:
        script = self.scripts[one.name]
        starts = self.log.count(("start", one.name))
        return script[min(starts, len(script)) - 1]

    # The core's watch: each tick one of those in flight comes to its end.

    def begun(self, one: Member, starts: int) -> None:
        self.log.append(("begun", f"{one.name} {starts}"))

    def ended(self, one: Member, _result: object) -> None:
        self.log.append(("end", one.name))

    def tick(self) -> None:
        if not self.flying:
            return
        future = list(self.flying)[self.choose(len(self.flying)) % len(self.flying)]
        one = self.flying.pop(future)
        match self._word(one):
            case "ok":
                future.set_result(one.name)
            case "bad":
                future.set_exception(ZeroDivisionError("bad"))
            case "lost":
                future.cancel()
            case _:
                future.set_exception(DiedError())

    def run(self, members: Sequence[Member], **more: object) -> tuple[Finished[str], ...]:
        asked = {"tries": 3, "asked_to_stop": lambda: False, **more}
        return run_fleet(
            members,
            self.submit,
            limits=self.limits,
            capacity=lambda: self.room,
            lost=lambda error: isinstance(error, DiedError),
            watch=self,
            **asked,  # type: ignore[arg-type]
        )


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "TICK_S", 0)


WORDS = st.lists(st.sampled_from(["ok", "bad", "die", "lost", "refused"]), min_size=1, max_size=5)


@given(
    scripts=st.lists(st.tuples(st.sampled_from("abc"), WORDS), min_size=1, max_size=12),
    limits=st.builds(Limits, workers=st.integers(1, 6), per_server=st.integers(1, 3)),
    room=st.integers(0, 6),
    tries=st.integers(1, 4),
    order=st.randoms(use_true_random=False),
)
def test_every_member_has_one_final_end_and_no_limit_is_ever_exceeded(
    scripts: list[tuple[str, list[str]]], limits: Limits, room: int, tries: int, order: object
) -> None:
    members = [member(str(at), server) for at, (server, _words) in enumerate(scripts)]
    words = {str(at): script for at, (_server, script) in enumerate(scripts)}
    site = Site(words, limits, max(1, room), order.randrange)  # type: ignore[attr-defined]
    finished = site.run(members, tries=tries)
    assert [one.member for one in finished] == members
    assert Counter(name for what, name in site.log if what == "end") == Counter(one.name for one in members)
    for one in finished:
        script = words[one.member.name]
        told = [script[min(at, len(script) - 1)] for at in range(tries)]
        deaths = next((at for at, word in enumerate(told) if word != "die"), tries - 1)
        assert one.starts == deaths + 1 == site.log.count(("start", one.member.name))
        assert (one.result == one.member.name) == (told[deaths] == "ok")
        assert (one.error is None) == (told[deaths] == "ok")


@given(count=st.integers(2, 15), busy=st.integers(1, 14), order=st.randoms(use_true_random=False))
def test_nobody_starves_behind_members_of_other_servers(count: int, busy: int, order: object) -> None:
    # The first in line goes as soon as one of its server ends, whatever else waits behind it.
    members = [member(str(at), "full" if at < busy else f"own {at}") for at in range(count)]
    limits = Limits(3, 1)
    site = Site({one.name: ["ok"] for one in members}, limits, choose=order.randrange)  # type: ignore[attr-defined]
    site.run(members)
    of_server = [name for what, name in site.log if what == "start" and int(name) < busy]
    assert of_server == [one.name for one in members[:busy]]
    for first, second in pairwise(of_server):
        end = site.log.index(("end", first))
        between = [what for what, _name in site.log[end:] if what in ("start", "end")]
        assert site.log.index(("start", second)) > end
        assert "end" not in between[1 : between.index("start")]
        # What begins next is the one that waited for it.
        assert next(name for what, name in site.log[end:] if what == "start") == second


def test_what_is_asked_to_stop_begins_nothing_more_and_waits_for_what_runs() -> None:
    members = [member(str(at), str(at)) for at in range(5)]
    site = Site({one.name: ["ok"] for one in members}, Limits(2, 1))
    finished = site.run(members, asked_to_stop=lambda: ("end", "0") in site.log)
    assert [(one.result, one.starts) for one in finished] == [("0", 1), ("1", 1), (None, 0), (None, 0), (None, 0)]
    assert all(one.error is None for one in finished)


def test_a_member_whose_worker_died_is_not_begun_again_once_somebody_asked_to_stop() -> None:
    site = Site({"a": ["die", "ok"]}, Limits(1, 1))
    [one] = site.run([member("a")], asked_to_stop=lambda: ("begun", "a 1") in site.log)
    assert (one.result, one.starts) == (None, 1)
    assert isinstance(one.error, DiedError)


def test_a_cancelled_future_ends_its_member() -> None:
    site = Site({"a": ["lost"], "b": ["ok"]}, Limits(1, 1))
    first, second = site.run([member("a"), member("b")])
    assert isinstance(first.error, CancelledError)
    assert second.result == "b"


def test_real_threads_keep_the_limit_of_a_server() -> None:
    members = [member(str(at), "ab"[at % 2]) for at in range(20)]
    lock, now, most = threading.Lock(), Counter[str](), Counter[str]()
    meeting = threading.Barrier(2)

    def work(one: Member) -> str:
        with lock:
            now[one.server] += 1
            most[one.server] = max(most[one.server], now[one.server])
        meeting.wait(timeout=30)  # two at a time do run together
        with lock:
            now[one.server] -= 1
        return one.name

    site = Site({}, Limits(4, 1))
    with ThreadPoolExecutor(4) as pool:
        finished = run_fleet(
            members,
            lambda one: pool.submit(work, one),
            limits=site.limits,
            capacity=lambda: 4,
            tries=1,
            lost=lambda _error: False,
            asked_to_stop=lambda: False,
            watch=site,
        )
    assert [one.result for one in finished] == [one.name for one in members]
    assert most == {"a": 1, "b": 1}
