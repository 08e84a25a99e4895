"""The steps of a run and what belongs to none of them are the whole time, whatever begins and ends when."""

from __future__ import annotations

from fakes import Quiet
from hypothesis import given
from hypothesis import strategies as st

from u8sync.ports import Event, StepBegan, StepEnded
from u8sync.telemetry.stopwatch import Stopwatch
from u8sync.text import Message, msg


class Hand:
    """Seconds that somebody moves."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


class Heard:
    """An observer that keeps what it hears."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def notice(self, event: Event) -> None:
        self.events.append(event)


ACTIONS = st.lists(st.tuples(st.sampled_from(["start", "step", "finish", "advance"]), st.integers(0, 50)), max_size=30)


@given(actions=ACTIONS, tail=st.integers(0, 9))
def test_steps_and_rest_add_up_to_the_whole(actions: list[tuple[str, int]], tail: int) -> None:
    hand, heard = Hand(), Heard()
    watch = Stopwatch(Quiet(), heard, hand)
    for number, (action, seconds) in enumerate(actions):
        name = msg("{number}", number=number)
        match action:
            case "start":
                watch.start(name, None)
            case "step":
                watch.step(name)
            case "advance":
                watch.advance(3)
            case _:
                watch.finish()
        hand.at += seconds
    watch.finish()
    hand.at += tail
    assert sum(lap.seconds for lap in watch.laps) + watch.rest_s == watch.elapsed_s
    assert all(
        first.began_s + first.seconds <= then.began_s for first, then in zip(watch.laps, watch.laps[1:], strict=False)
    )
    began = [event.name for event in heard.events if isinstance(event, StepBegan)]
    ended = [event.name for event in heard.events if isinstance(event, StepEnded)]
    assert began == ended == [lap.name for lap in watch.laps]


def test_units_belong_to_the_step_in_which_they_were_done() -> None:
    watch = Stopwatch(Quiet())
    watch.start(msg("a"), 5)
    watch.advance(2)
    watch.advance(3)
    watch.start(msg("b"), None)
    watch.finish()
    assert [(str(lap.name), lap.units) for lap in watch.laps] == [("a", 5), ("b", 0)]


def test_a_step_that_prints_has_no_bar_and_a_step_that_works_has_one() -> None:
    class Bars(Quiet):
        def __init__(self) -> None:
            self.said: list[str] = []

        def start(self, step: Message, total: int | None) -> None:
            self.said.append(f"bar {step} {total}")

        def finish(self) -> None:
            self.said.append("no bar")

    bars = Bars()
    watch = Stopwatch(bars)
    watch.start(msg("reading"), 9)
    watch.step(msg("printing"))
    watch.finish()
    assert bars.said == ["bar reading 9", "no bar", "no bar"]
