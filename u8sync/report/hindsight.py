"""The words and figures of a policy in hindsight, the same for the terminal and the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from u8sync.domain.backtest import TOPS, Churn, Figures, Order, TierFigures
from u8sync.domain.baselines import BASELINES
from u8sync.domain.model import AccountSet
from u8sync.report.figures import money, percent
from u8sync.report.words import account_set_words
from u8sync.text import Message, msg

__all__ = [
    "CATCH_COLUMNS",
    "CHURN_COLUMNS",
    "EVALUATION",
    "ORDERS",
    "Row",
    "Told",
    "catch_rows",
    "catch_title",
    "churn_rows",
    "facts_of",
    "lift_rows",
    "lift_words",
    "share_words",
    "tier_columns",
    "tier_rows",
]

ORDERS: Final[Mapping[Order, Message]] = {
    "policy": msg("this policy"),
    "last_revenue": msg("last-period revenue"),
    "rfm": msg("RFM quintiles"),
}
"""What an order goes by."""

TOGETHER: Final = msg("all together")

Row = Sequence[str | Message | None]


@dataclass(frozen=True)
class Told:
    """What was looked at.

    Attributes:
        account_set: Whose past it is.
        policy: Name of the policy file.
        every: Months from one evaluation to the next.
        horizon: Months that judge each.
    """

    account_set: AccountSet
    policy: str
    every: int
    horizon: int


def share_words(share: Decimal | None) -> str | None:
    """A share as percent with one decimal."""
    return None if share is None else f"{percent(share, 1)} %"


def lift_words(lift: Decimal | None) -> str | None:
    """A lift with two decimals, always with its sign: ``+3.5 %`` means that the policy caught that much more."""
    return None if lift is None else f"{(lift - 1) * 100:+.1f} %"


def facts_of(overall: Figures, told: Told, periods: Sequence[Figures]) -> Iterator[tuple[Message, str | Message]]:
    """What was looked at, a line each."""
    yield msg("Account set"), account_set_words(told.account_set)
    yield msg("Policy file"), told.policy
    yield (
        msg("Evaluations"),
        msg(
            "{count}, from {first} to {last}; {every} month(s) apart, judged by the {horizon} month(s) after each",
            count=len(periods),
            first=periods[0].as_of,
            last=periods[-1].as_of,
            every=told.every,
            horizon=told.horizon,
        ),
    )
    yield msg("Customers then"), msg(
        "{customers} in all evaluations, {rated} of them with business", customers=f"{overall.customers:,}",
        rated=f"{overall.rated:,}",
    )  # fmt: skip
    yield msg("They bought afterwards"), money(overall.revenue)
    if overall.returns:
        yield (
            msg("More returned than bought"),
            msg(
                "{count} customer(s), {amount}; counted as nothing in the shares",
                count=f"{overall.returns:,}",
                amount=money(overall.returned),
            ),
        )
    if overall.newcomers:
        yield msg("Bought by later customers"), money(overall.newcomers)


EVALUATION: Final = msg("Evaluation")

CATCH_COLUMNS: Final[Sequence[Message]] = (EVALUATION, msg("Rated customers"), *ORDERS.values())
"""Titles of :func:`catch_rows`."""


def catch_title(top: int) -> Message:
    """What :func:`catch_rows` shows."""
    return msg("Share of the next period's revenue that the top {percent} % of the rated customers made", percent=top)


def catch_rows(periods: Sequence[Figures], overall: Figures, top: int) -> Iterator[Row]:
    """Share of the revenue held by the top of each order, an evaluation a row."""
    for one in (*periods, *([overall] if len(periods) > 1 else [])):
        yield [
            TOGETHER if one.as_of is None else str(one.as_of),
            f"{one.rated:,}",
            *(share_words(one.caught[order][top]) for order in ORDERS),
        ]


def lift_rows(overall: Figures) -> Iterator[Row]:
    """How much more the policy caught than each baseline, over all evaluations."""
    for name in BASELINES:
        yield [ORDERS[name], *(lift_words(overall.lift[name][top]) for top in TOPS)]


def tier_columns() -> list[Message]:
    """Titles of :func:`tier_rows`."""
    return [
        msg("Tier"),
        msg("Customers"),
        msg("Mean afterwards"),
        msg("Median afterwards"),
        msg("Customers from the top"),
        msg("Revenue from the top"),
        *(msg("As many by {order}", order=ORDERS[name]) for name in BASELINES),
    ]


def tier_rows(tiers: Sequence[TierFigures]) -> Iterator[Row]:
    """What each tier bought afterwards, from the top."""
    for tier in tiers:
        yield [
            tier.tier,
            f"{tier.customers:,}",
            None if tier.mean is None else money(tier.mean),
            None if tier.median is None else money(tier.median),
            share_words(tier.taken),
            share_words(tier.caught),
            *(share_words(tier.baselines[name]) for name in BASELINES),
        ]


CHURN_COLUMNS: Final[Sequence[Message]] = (
    msg("From"),
    msg("To"),
    msg("Rated in both"),
    msg("Up"),
    msg("Down"),
    msg("Changed"),
)
"""Titles of :func:`churn_rows`."""


def churn_rows(churn: Sequence[Churn], overall: Churn | None) -> Iterator[Row]:
    """How many customers changed their tier, an evaluation a row."""
    together = [overall] if overall is not None and len(churn) > 1 else []
    for one in (*churn, *together):
        yield [
            TOGETHER if one.since is None else str(one.since),
            None if one.as_of is None else str(one.as_of),
            f"{one.customers:,}",
            f"{one.up:,}",
            f"{one.down:,}",
            share_words(one.share),
        ]
