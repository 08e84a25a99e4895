"""The policy file: read, checked as a whole, and made into the policy that the engine uses.

What lives here: the checks that need more than one key (the sum of weights, the order of the ladder). What does not:
the shape of the file (``shapes.py``) and how customers are scored (``domain/``). The idea: a ladder that loads gives
every customer exactly one tier.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Final

from u8sync.config.checking import examine, raise_all
from u8sync.config.located_yaml import Located, Route, in_file_order, parse, read_bytes
from u8sync.config.shapes import BoundsShape, PolicyShape, TierShape, WeightShape, WindowShape
from u8sync.domain.policy import SCORE, Condition, Policy, Tier, Weight
from u8sync.domain.windows import WindowRule
from u8sync.errors import ConfigError, Problem
from u8sync.text import Message, Place, msg

__all__ = ["load_policy"]

WHOLE: Final = 100
"""What all weights add up to, and the highest score."""


def load_policy(path: Path, shown_as: str) -> Policy:
    """Read a policy file.

    Args:
        path: The file.
        shown_as: Its name in messages and in the reasons of changes.

    Raises:
        ConfigError: With every problem of the file, in its order.
    """
    located = parse(read_bytes(path, shown_as), shown_as)
    shape = examine(located, (), PolicyShape)
    problems = [*_window_problems(located), *_weights_problems(located), *_ladder_problems(located)]
    if isinstance(shape, list):
        raise ConfigError(shown_as, in_file_order([*shape, *problems]))
    raise_all(shown_as, problems)
    return Policy(
        window=WindowRule(**shape.window.model_dump()),
        weights=tuple(
            Weight(metric, weight.weight, weight.unknown, located.key_place(("score", metric)))
            for metric, weight in shape.score.items()
        ),
        tiers=tuple(_tier(located, index, tier) for index, tier in enumerate(shape.tiers)),
        exclude=frozenset(shape.exclude),
        digest=located.sha256,
    )


def _tier(located: Located, index: int, shape: TierShape) -> Tier:
    return Tier(
        name=shape.name,
        conditions=tuple(
            Condition(subject, bounds.at_least, bounds.below, located.key_place(("tiers", index, "when", subject)))
            for subject, bounds in shape.when.items()
        ),
        without_business=shape.without_business,
        service=shape.service.strip(),
        place=located.value_place(("tiers", index)),
    )


def _window_problems(located: Located) -> list[Problem]:
    """What is wrong with the window as a whole, when each of its keys can be read."""
    window = examine(located, ("window",), WindowShape)
    if isinstance(window, list) or not isinstance(located.at(("window",)), dict):
        return []
    place = located.key_place(("window",))
    if window.months is None and window.fiscal_year is None:
        return [Problem(place, msg("the window needs 'months' or 'fiscal_year'"))]
    if window.months is not None and window.fiscal_year is not None:
        message = msg("the window has both 'months' and 'fiscal_year': which one counts?")
        return [Problem(located.key_place(("window", "fiscal_year")), message, msg("Take one of the two out."))]
    if window.fiscal_year == "last" and window.until != "as_of":
        message = msg("'until' does nothing here: the last fiscal year is over, whatever the day")
        return [Problem(located.key_place(("window", "until")), message, msg("Take it out."))]
    return []


def _weights_problems(located: Located) -> list[Problem]:
    """The sum of the weights, when every one of them can be read."""
    score = located.at(("score",))
    if not isinstance(score, dict) or not score:
        return []
    total = 0
    for metric in score:
        weight = examine(located, ("score", metric), WeightShape)
        if isinstance(weight, list):
            return []
        total += weight.weight
    if total == WHOLE:
        return []
    message = msg("the weights add up to {total}, not to {whole}", total=total, whole=WHOLE)
    return [Problem(located.key_place(("score",)), message)]


def _ladder_problems(located: Located) -> list[Problem]:
    """What is wrong with single tiers, and with their order when every one of them can be read."""
    entries = located.at(("tiers",))
    if not isinstance(entries, list):
        return []
    ladder = _Ladder(located)
    for index in range(len(entries)):
        shape = examine(located, ("tiers", index), TierShape)
        if not isinstance(shape, list):
            ladder.tiers[index] = shape
    for index, shape in ladder.tiers.items():
        for subject, bounds in shape.when.items():
            ladder.check_bounds(("tiers", index, "when", subject), subject, bounds)
    ladder.check_names()
    if len(ladder.tiers) == len(entries) > 1:
        ladder.check_ends()
        ladder.check_reachable()
        ladder.check_order()
    return ladder.problems


class _Ladder:
    """The tiers of a file by their position, and what is wrong with them."""

    def __init__(self, located: Located) -> None:
        self.tiers: dict[int, TierShape] = {}
        self.problems: list[Problem] = []
        self._located = located

    def _add(self, place: Place, message: Message, hint: Message | None = None) -> None:
        self.problems.append(Problem(place, message, hint))

    def _value(self, *route: str | int) -> Place:
        return self._located.value_place(route)

    def check_bounds(self, route: Route, subject: str, bounds: BoundsShape) -> None:
        """One condition."""
        low, high = bounds.at_least, bounds.below
        if low is None and high is None:
            self._add(self._located.key_place(route), msg("a condition needs 'at_least' or 'below'"))
        if low is not None and high is not None and low >= high:
            message = msg("'at_least' ({low}) must be less than 'below' ({high})", low=low, high=high)
            self._add(self._value(*route, "at_least"), message)
        for key, bound in (("at_least", low), ("below", high)):
            if subject == SCORE and bound is not None and not 0 <= bound <= WHOLE:
                message = msg(
                    "a score lies between 0 and {whole}, so {bound} is not possible", whole=WHOLE, bound=bound
                )
                self._add(self._value(*route, key), message)

    def check_names(self) -> None:
        """Each name once."""
        first: dict[str, int] = {}
        for index, tier in self.tiers.items():
            above = first.setdefault(tier.name, index)
            if above != index:
                place = self._value("tiers", above, "name")
                message = msg("'{name}' stands here again; it stands first at {first}", name=tier.name, first=place)
                self._add(self._value("tiers", index, "name"), message)

    def check_ends(self) -> None:
        """The last tier is for customers without business, and the one before it takes every other customer."""
        last = len(self.tiers) - 1
        without = [index for index, tier in self.tiers.items() if tier.without_business]
        if not without:
            self._add(
                self._value("tiers", last),
                msg("the last tier must be the one for customers without business"),
                msg("Give it 'without_business: true'."),
            )
        for index in without:
            place = self._value("tiers", index, "without_business")
            if index != last:
                self._add(place, msg("only the last tier can be the one for customers without business"))
            if self.tiers[index].when:
                message = msg("the tier for customers without business takes no 'when'")
                self._add(self._located.key_place(("tiers", index, "when")), message)
        if without == [last] and self.tiers[last - 1].when:
            self._add(
                self._located.key_place(("tiers", last - 1, "when")),
                msg("the last tier before the one for customers without business takes no 'when'"),
                msg("Otherwise a customer that meets no condition would get no tier."),
            )

    def check_reachable(self) -> None:
        """No tier stands below one that takes everybody."""
        open_to_all = None
        for index, tier in self.tiers.items():
            if tier.without_business:
                continue
            if open_to_all is not None:
                message = msg(
                    "the tier '{tier}' can never be reached: '{above}' has no 'when' and takes every customer",
                    tier=tier.name,
                    above=open_to_all,
                )
                self._add(self._value("tiers", index), message)
            elif not tier.when:
                open_to_all = tier.name

    def check_order(self) -> None:
        """The higher the tier, the higher the score that it asks for."""
        above: tuple[str, Decimal] | None = None
        for index, tier in self.tiers.items():
            bounds = tier.when.get(SCORE)
            if bounds is None or bounds.at_least is None:
                continue
            if above is not None and bounds.at_least >= above[1]:
                message = msg(
                    "must be less than {bound}, the score that the higher tier '{above}' asks for",
                    bound=above[1],
                    above=above[0],
                )
                self._add(self._value("tiers", index, "when", SCORE, "at_least"), message)
            above = (tier.name, bounds.at_least)
