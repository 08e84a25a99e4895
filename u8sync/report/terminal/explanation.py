"""The explanation of one customer's tier on the terminal; figures in full, so that an auditor can add them up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from u8sync.domain.explain import Explanation, Test
from u8sync.domain.metrics import METRICS
from u8sync.domain.policy import SCORE, Policy
from u8sync.domain.run import Planned
from u8sync.report.figures import cut
from u8sync.report.terminal.blocks import Cell, Writer
from u8sync.report.words import (
    CAUSES,
    UNKNOWN,
    account_set_words,
    condition_words,
    subject_label,
    tier_name,
    value_words,
)
from u8sync.text import Message, Translate, msg

__all__ = ["explanation_view"]


def explanation_view(
    explanation: Explanation, planned: Planned, policy: Policy, translate: Translate
) -> RenderableType:
    """Why one customer has its tier: metrics, score, conditions, and what would lift it to the next tier."""
    write = Writer(translate)
    window = planned.facts.window
    tier, above = explanation.tier, explanation.next_tier
    name = f"{explanation.code} {explanation.name or ''}"
    rows: list[tuple[Message, Cell]] = [
        (msg("Account set"), account_set_words(planned.account_set)),
        (msg("Window"), msg("{start} to {end}", start=window.start, end=window.as_of)),
        (msg("Tier in U8"), tier_name(explanation.current)),
        (msg("Recommended tier"), tier.name if tier else None),
        (msg("Score"), None if explanation.score is None else cut(explanation.score, 4)),
    ]
    if explanation.cause is not None:
        rows.append((msg("Left alone"), CAUSES[explanation.cause]))
    parts: list[RenderableType] = [
        write.title(msg("Customer {name}", name=name.strip())),
        write.facts(rows),
        write.heading(msg("Metrics")),
        _metrics(explanation, write),
        Text(""),
        *_unknown(explanation, policy, write),
        write.line(msg("Amounts are in home currency, without tax. Points are the percentile rank, 0 to 100.")),
    ]
    if tier is not None:
        parts.append(write.heading(msg("Why {tier}", tier=tier.name)))
        if tier.without_business:
            parts.append(write.line(msg("It is the tier of customers without business in the window.")))
        elif not explanation.tests:
            parts.append(write.line(msg("It is the tier of every customer with business that no higher tier takes.")))
        parts += _tests(explanation.tests, write)
        rule = write.say(msg("Rule"))
        parts.append(write.line(f"{rule}: {tier.place.file}:{tier.place.line}", above=1))
        if above is None:
            parts.append(write.line(msg("There is no higher tier.")))
    if above is not None:
        parts.append(write.heading(msg("Why not {tier}", tier=above.name)))
        parts += _tests(explanation.next_tests, write)
        parts += _lifts(explanation, write)
    if tier is not None and tier.service:
        parts.append(write.heading(msg("Service of {tier}", tier=tier.name)))
        parts += [write.line(line) for line in tier.service.strip().splitlines()]
    return Group(*parts)


def _metrics(explanation: Explanation, write: Writer) -> RenderableType:
    return write.table(
        [
            (msg("Metric"), "left"),
            (msg("Value"), "right"),
            (msg("Rank"), "right"),
            (msg("Points"), "right"),
            (msg("Weight"), "right"),
            (msg("Contribution"), "right"),
        ],
        (
            (
                subject_label(line.metric),
                value_words(line.metric, line.value),
                None if line.rank is None else msg("{rank} of {count}", rank=line.rank, count=line.of),
                None if line.points is None else cut(line.points, 4),
                None if line.percent is None else f"{line.percent} %",
                None if line.contribution is None else cut(line.contribution, 4),
            )
            for line in explanation.metrics
        ),
    )


def _unknown(explanation: Explanation, policy: Policy, write: Writer) -> Iterator[RenderableType]:
    """Why a metric that counts is not known, and where its weight goes."""
    values = {line.metric: line.value for line in explanation.metrics}
    for weight in policy.weights if explanation.rated else ():
        if values[weight.metric] is None:
            yield write.line(
                msg(
                    "{metric} is not known ({why}): {consequence}",
                    metric=subject_label(weight.metric),
                    why=METRICS[weight.metric].null_means,
                    consequence=UNKNOWN[weight.unknown],
                )
            )


def _tests(tests: Sequence[Test], write: Writer) -> Iterator[RenderableType]:
    if tests:
        yield write.table(
            [(msg("Met?"), "left"), (msg("Condition"), "left"), (msg("This customer"), "right")],
            (
                (
                    msg("yes") if test.met else msg("NO"),
                    condition_words(test.condition),
                    value_words(test.condition.subject, test.value),
                )
                for test in tests
            ),
        )


def _lifts(explanation: Explanation, write: Writer) -> Iterator[RenderableType]:
    missing = any(test.condition.subject == SCORE and not test.met for test in explanation.next_tests)
    if explanation.lifts:
        yield write.line(msg("Each of these alone would lift the score far enough:"), above=1)
    elif missing and explanation.rated:
        yield write.line(msg("No single metric can lift the score far enough."), above=1)
    for lift in explanation.lifts:
        metric = subject_label(lift.metric)
        now, needed = value_words(lift.metric, lift.now), value_words(lift.metric, lift.needed)
        if lift.beyond:
            how = msg("{metric}: {now} now, better than {needed} needed", metric=metric, now=now, needed=needed)
        else:
            how = msg("{metric}: {now} now, {needed} needed", metric=metric, now=now, needed=needed)
        yield write.line(how, indent=2)
