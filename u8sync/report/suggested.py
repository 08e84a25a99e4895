"""The words and figures of a suggestion, the same for the terminal and the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from u8sync.domain.metrics import METRICS
from u8sync.domain.numbers import Numbers
from u8sync.domain.suggestion import AIMS, Choice, Measured, Pick, Suggestion
from u8sync.report.hindsight import Row, Told, share_words
from u8sync.report.words import account_set_words
from u8sync.text import Message, msg

__all__ = [
    "PICKS",
    "Proposed",
    "facts_of_suggestion",
    "front_columns",
    "front_rows",
    "number_columns",
    "number_rows",
    "size_columns",
    "size_rows",
    "suggestion_notes",
    "worth_columns",
    "worth_rows",
]

PICKS: Final[Mapping[Pick, Message]] = {
    "present": msg("the policy as it is"),
    "catch": msg("most revenue caught (catch)"),
    "knee": msg("the best of both (knee)"),
    "steady": msg("fewest changes of tier (steady)"),
}
"""Why numbers are shown."""


@dataclass(frozen=True)
class Proposed:
    """A suggestion with what is told about it.

    Attributes:
        told: What was looked at.
        found: The suggestion.
        chosen: The numbers to paste.
        text: Those as lines of YAML.
        seed: Of the search.
        notes: What reading the past had to say.
    """

    told: Told
    found: Suggestion
    chosen: Choice
    text: str
    seed: int
    notes: tuple[Message, ...]


def facts_of_suggestion(proposed: Proposed) -> Iterator[tuple[Message, str | Message]]:
    """What was searched and how, a line each."""
    found, told = proposed.found, proposed.told
    yield msg("Account set"), account_set_words(told.account_set)
    yield msg("Policy file"), told.policy
    yield (
        msg("Searched on"),
        msg(
            "{count} evaluation(s), {first} to {last}; judged by the {horizon} month(s) after each",
            count=len(found.searched),
            first=found.searched[0],
            last=found.searched[-1],
            horizon=told.horizon,
        ),
    )
    held = ", ".join(str(day) for day in found.held_out)
    yield msg("Held out"), held or msg("nothing: the figures below were searched for, and will flatter")
    yield msg("Numbers tried"), msg("{count}, seed {seed}", count=f"{found.trials:,}", seed=proposed.seed)


def number_columns(found: Suggestion) -> list[Message]:
    """Titles of :func:`number_rows`."""
    return [
        msg("Numbers"),
        *(METRICS[metric].label for metric in _metrics(found)),
        *(msg("{tier} from", tier=tier) for tier in _bounded(found)),
    ]


def number_rows(found: Suggestion) -> Iterator[Row]:
    """Weights in percent and least scores."""
    for choice in found.choices:
        yield [PICKS[choice.pick], *_numbers(found, choice.numbers)]


def _numbers(found: Suggestion, numbers: Numbers) -> Iterator[str | None]:
    """Under the titles of :func:`number_columns` from the second one on."""
    for metric in _metrics(found):
        yield f"{numbers.weights[metric]} %" if metric in numbers.weights else None
    for tier in _bounded(found):
        yield f"{numbers.bounds[tier]}" if tier in numbers.bounds else None


def _metrics(found: Suggestion) -> list[str]:
    return list(dict.fromkeys(metric for choice in found.choices for metric in choice.numbers.weights))


def _bounded(found: Suggestion) -> list[str]:
    return list(found.choices[0].numbers.bounds)


def worth_columns(found: Suggestion) -> list[Message]:
    """Titles of :func:`worth_rows`."""
    sides = [msg("searched"), *([msg("held out")] if found.held_out else [])]
    return [
        msg("Worth"),
        *(msg("top {percent} %, {where}", percent=top, where=side) for side in sides for top in AIMS),
        *(msg("changed tier, {where}", where=side) for side in sides),
    ]


def worth_rows(found: Suggestion) -> Iterator[Row]:
    """Revenue caught and customers that changed their tier, where it was searched and where it was not."""
    for choice in found.choices:
        sides: list[Measured] = [choice.searched, *([choice.held_out] if choice.held_out else [])]
        yield [
            PICKS[choice.pick],
            *(share_words(side.caught[top]) for side in sides for top in AIMS),
            *(share_words(side.churn) for side in sides),
        ]


def size_columns(found: Suggestion) -> list[Message]:
    """Titles of :func:`size_rows`."""
    return [
        msg("Size and revenue of the tiers"),
        *(msg("{tier}: customers / revenue", tier=tier) for tier in _sized(found)),
    ]


def size_rows(found: Suggestion) -> Iterator[Row]:
    """Share of the rated customers in each tier, and of the revenue that they made: held out where that is known."""
    for choice in found.choices:
        side = choice.held_out or choice.searched
        yield [
            PICKS[choice.pick],
            *(
                f"{share_words(side.sizes[tier]) or '-'} / {share_words(side.tier_caught[tier]) or '-'}"
                for tier in _sized(found)
            ),
        ]


def _sized(found: Suggestion) -> Sequence[str]:
    return list(found.choices[0].searched.sizes)


def front_columns(found: Suggestion) -> list[Message]:
    """Titles of :func:`front_rows`."""
    return [
        msg("Caught (mean of top {first} % and {last} %)", first=AIMS[0], last=AIMS[1]),
        msg("Changed tier"),
        *number_columns(found)[1:],
    ]


def front_rows(found: Suggestion, most: int | None = None) -> Iterator[Row]:
    """The numbers that no others tried beat in both, most caught first; ``most`` of them, evenly spread; null: all."""
    front = found.front
    if most is not None and len(front) > most:
        front = tuple(front[at * (len(front) - 1) // (most - 1)] for at in range(most))
    for one in front:
        yield [share_words(one.aim), share_words(one.churn), *_numbers(found, one.numbers)]


def suggestion_notes(proposed: Proposed) -> Iterator[Message]:
    """What the figures do not say."""
    yield from proposed.notes
    yield msg("Nothing was applied. Changes of tier are counted without movement rules, which make them fewer.")
    if proposed.found.purged:
        yield msg(
            "{count} evaluation(s) took part in nothing: their outcome reaches into the days held out.",
            count=len(proposed.found.purged),
        )
    if proposed.found.choices[0].searched.churn is None:
        yield msg("With one evaluation to search on, changes of tier are not known: all suggestions are the same.")
