"""What a report counts and how it writes figures, the same for the terminal and the page. Pure; no words, no layout.

Customer names and values come from the ERP and may hold anything; :func:`clean` makes them harmless to look at.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING, Final, Literal, cast

if TYPE_CHECKING:
    import polars as pl

    from u8sync.domain.decision import Decision
    from u8sync.domain.model import Issue
    from u8sync.domain.movement import Hold
    from u8sync.domain.plan import Change, FieldChange, Plan, SkipCause, Skipped
    from u8sync.domain.policy import Policy
    from u8sync.domain.reason import Contribution
    from u8sync.domain.run import Ending
    from u8sync.text import Message, Place

__all__ = [
    "IssueGroup",
    "Movement",
    "TierLine",
    "causes",
    "clean",
    "cut",
    "duration",
    "grouped",
    "held_causes",
    "held_now",
    "money",
    "movements",
    "names_of",
    "pairs",
    "percent",
    "shown_values",
    "stays",
    "strongest",
    "tier_lines",
    "tier_move",
    "way_of",
]

WIDE: Final = Context(prec=60)
"""Amounts have up to 38 digits, more than the default context keeps."""


def clean(text: str) -> str:
    """The text without what cannot be seen: control, direction and zero-width marks go, line breaks become a blank.

    Characters for private use stay: old Chinese systems keep rare name characters there.
    """
    if text.isprintable():
        return text
    return "".join(map(_visible, text)).strip()


def _visible(character: str) -> str:
    if character in "\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029":
        return " "
    return "" if unicodedata.category(character) in {"Cc", "Cf", "Cs"} else character


def money(amount: Decimal) -> str:
    """Thousands separators and two decimals, rounded half up as accountants do."""
    return f"{_rounded(amount, 2, ROUND_HALF_UP):,}"


def cut(value: Decimal, places: int) -> str:
    """So many decimals, cut and not rounded: a score just below a bound must not look as if it had reached it."""
    return str(_rounded(value, places, ROUND_DOWN))


def percent(part: Decimal | int, whole: Decimal | int) -> str | None:
    """``part`` of ``whole`` with one decimal; null when ``whole`` is not above zero, so that a share says nothing."""
    if whole <= 0:
        return None
    return str(_rounded(100 * Decimal(part) / Decimal(whole), 1, ROUND_HALF_UP))


def _rounded(value: Decimal, places: int, how: str) -> Decimal:
    result = value.quantize(Decimal(1).scaleb(-places), rounding=how, context=WIDE)
    return abs(result) if result.is_zero() else result  # there is no -0.00


def duration(span: timedelta) -> str:
    """``12.3 s`` below a minute, ``1:02:03`` from there."""
    seconds = span.total_seconds()
    return f"{seconds:.1f} s" if seconds < 60 else str(timedelta(seconds=round(seconds)))  # noqa: PLR2004


@dataclass(frozen=True)
class TierLine:
    """One tier, over the customers that get one.

    Attributes:
        tier: Its name, also one that only U8 knows; null: U8 holds none, or a value that the mapping does not know.
        now: Customers that U8 holds in it.
        recommended: Customers that are recommended for it.
        revenue: What those bring in the window.
        share: That in percent of the revenue of all; null when there is no revenue to share.
    """

    tier: str | None
    now: int
    recommended: int
    revenue: Decimal
    share: str | None


def tier_lines(customers: pl.DataFrame, policy: Policy) -> tuple[TierLine, ...]:
    """The ladder from the top, then what only U8 knows, then the customers without a known tier if there are any."""
    import polars as pl

    from u8sync.domain.tiers import CURRENT, TIER

    eligible = customers.filter("eligible")
    now: dict[str | None, int] = dict(eligible.group_by(CURRENT).len().iter_rows())
    recommended: dict[str | None, tuple[int, Decimal | None]] = {
        tier: (count, revenue)
        for tier, count, revenue in eligible.group_by(TIER).agg(pl.len(), pl.col("revenue").sum()).iter_rows()
    }
    total = sum((revenue or Decimal(0) for _, revenue in recommended.values()), Decimal(0))
    ladder = [tier.name for tier in policy.tiers]
    others = sorted(name for name in now if name is not None and name not in ladder)
    lines = []
    for name in [*ladder, *others, *([None] if None in now else [])]:
        count, revenue = recommended.get(name, (0, None))
        brought = revenue or Decimal(0)
        share = percent(brought, total) if name in ladder else None
        lines.append(TierLine(name, now.get(name, 0), count, brought, share))
    return tuple(lines)


@dataclass(frozen=True)
class Movement:
    """So many customers go from one tier to another.

    Attributes:
        was: The tier that U8 holds; null: none, or a value that the mapping does not know.
        fills: Whether the field was empty; else the value that is there is lost.
        becomes: The tier that is written; null: the field is emptied.
        count: How many customers.
        way: ``up`` or ``down`` the ladder; ``enter`` when the old tier is no step of it.
    """

    was: str | None
    fills: bool
    becomes: str | None
    count: int
    way: Literal["up", "down", "enter"]


def tier_move(change: Change) -> FieldChange | None:
    """The field of a change that gets another tier; null when the change is of other fields, or of spelling alone."""
    moved = (field for field in change.fields if field.was != field.becomes)
    if change.reason is None:
        return next(moved, None) if change.undoes is not None else None
    return next((field for field in moved if field.becomes == change.reason.tier), None)


def movements(plan: Plan, policy: Policy) -> tuple[Movement, ...]:
    """The moves of a plan, from the highest old tier to the lowest, then those that enter the ladder."""
    moves = [move for change in plan.changes if (move := tier_move(change)) is not None]
    counts = Counter((move.was, move.kind == "fill", move.becomes) for move in moves)
    found = (
        Movement(was, fills, becomes, count, way_of(policy, was, becomes))
        for (was, fills, becomes), count in counts.items()
    )
    return tuple(sorted(found, key=lambda move: (*_downwards(policy, move.was), move.fills, _rank(policy, move))))


def _downwards(policy: Policy, tier: str | None) -> tuple[int, str]:
    height = policy.rank(tier)
    return (1, tier or "") if height is None else (-height, "")


def _rank(policy: Policy, move: Movement) -> int:
    return -(policy.rank(move.becomes) or 0)


def way_of(policy: Policy, was: str | None, becomes: str | None) -> Literal["up", "down", "enter"]:
    """Which way a move goes."""
    left, right = policy.rank(was), policy.rank(becomes)
    if left is None or right is None:
        return "enter"
    return "up" if right > left else "down"


def stays(customers: pl.DataFrame, changes: Sequence[Change]) -> Mapping[str, int]:
    """Tier -> customers that U8 holds in it and that a run leaves there, over those that get a tier."""
    import polars as pl

    from u8sync.domain.mapping import CODE
    from u8sync.domain.tiers import CURRENT

    moving = sorted(change.code for change in changes if tier_move(change) is not None)
    still = customers.filter(pl.col("eligible") & pl.col(CURRENT).is_not_null() & ~pl.col(CODE).is_in(moving))
    return dict(still.group_by(CURRENT).len().iter_rows())


@dataclass(frozen=True)
class IssueGroup:
    """The customers on which one line of the mapping makes the same complaint about the same value.

    Attributes:
        field: The canonical field.
        value: The raw value; null: missing.
        message: What is wrong with it.
        place: The line of the mapping file.
        sets_aside: Whether they are left out because of it.
        codes: The customers.
    """

    field: str
    value: str | None
    message: Message
    place: Place
    sets_aside: bool
    codes: tuple[str, ...]


def grouped(issues: Iterable[Issue]) -> tuple[IssueGroup, ...]:
    """The issues by field, value and place, the most frequent first."""
    groups: dict[tuple[str, str | None, Place, str], list[Issue]] = defaultdict(list)
    for issue in issues:
        groups[issue.field, issue.value, issue.place, issue.message.template].append(issue)
    found = (
        IssueGroup(i[0].field, i[0].value, i[0].message, i[0].place, i[0].sets_aside, tuple(one.code for one in i))
        for i in groups.values()
    )
    return tuple(sorted(found, key=lambda group: (-len(group.codes), group.place, group.value or "")))


def causes(skipped: Iterable[Skipped]) -> Mapping[SkipCause, int]:
    """Cause -> number of customers that are left alone because of it, the most frequent first."""
    return dict(Counter(one.cause for one in skipped).most_common())


def held_causes(plan: Plan) -> Mapping[Hold, int]:
    """Cause -> number of customers whose tier is held by it, the most frequent first."""
    return dict(Counter(cast("Hold", held.cause) for held in plan.held if held.cause is not None).most_common())


def strongest(change: Change, policy: Policy, count: int) -> tuple[Contribution, ...]:
    """What speaks most for the tier of a change: on the way down what costs most points, else what brings most.

    Empty for a customer without business, and for a change of spelling.
    """
    if change.reason is None:
        return ()
    weights = {weight.metric: weight for weight in policy.weights}
    move = tier_move(change)
    down = move is not None and way_of(policy, move.was, move.becomes) == "down"

    def strength(part: Contribution) -> Decimal:
        if part.contribution is None:
            # An unknown metric costs its weight where the policy says so, and nothing where it is left out.
            lost = part.metric in weights and weights[part.metric].unknown == "zero"
            return Decimal(weights[part.metric].percent) if down and lost else Decimal(-1)
        return weights[part.metric].percent - part.contribution if down else part.contribution

    return tuple(sorted(change.reason.contributions, key=strength, reverse=True)[:count])


def shown_values(field: FieldChange) -> tuple[str | None, str | None]:
    """Before and after as people read them: what they mean, with U8's own spelling where it differs; null: empty."""
    if field.was == field.becomes:
        return field.before, field.after
    return _spelt(field.was, field.before), _spelt(field.becomes, field.after)


def _spelt(meaning: str | None, raw: str | None) -> str | None:
    from u8sync.domain.model import bare

    if bare(raw) is None:
        return None
    shown = (raw or "").strip()
    if meaning is None or meaning == shown:
        return shown
    return f"{meaning} ({shown})"


def names_of(decision: Decision) -> Mapping[str, str]:
    """Code -> name of the customers, as far as the mapping reads names."""
    import polars as pl

    from u8sync.domain.mapping import CODE

    frame = decision.customers
    if "name" not in frame.columns:
        return {}
    return dict(frame.filter(pl.col("name").is_not_null()).select(CODE, "name").iter_rows())


def held_now(ending: Ending, change: Change) -> Mapping[str, str | None]:
    """Column -> raw value that U8 holds, of the written columns and of those that are not as the plan saw them."""
    from u8sync.domain.model import same

    return {
        column: value
        for column, value in ending.seen.items()
        if column in change.after or not same(value, change.before.get(column))
    }


def pairs(values: Mapping[str, str | None]) -> str:
    """Columns with their raw values, in one line."""
    return "; ".join(f"{column} = {value or '-'}" for column, value in values.items())
