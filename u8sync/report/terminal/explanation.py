"""The explanation of one customer's tier on the terminal; figures in full, so that an auditor can add them up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from u8sync.domain.edges import NEAR
from u8sync.domain.explain import Explanation, Test
from u8sync.domain.metrics import METRICS
from u8sync.domain.policy import SCORE, Policy, Tier
from u8sync.domain.run import Planned
from u8sync.report.edge_words import edge_words
from u8sync.report.figures import cut
from u8sync.report.rule_words import (
    EDITED,
    condition_words,
    evidence_words,
    judged_words,
    little_words,
    pin_words,
    place_words,
    quota_words,
    standing_words,
)
from u8sync.report.terminal.blocks import Cell, Writer
from u8sync.report.terminal.movement import movement_parts
from u8sync.report.words import (
    CAUSES,
    UNKNOWN,
    account_set_words,
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
    tier, above, earned = explanation.tier, explanation.next_tier, explanation.earned
    name = f"{explanation.code} {explanation.name or ''}"
    rows: list[tuple[Message, Cell]] = [
        (msg("Account set"), account_set_words(planned.account_set)),
        (msg("Window"), msg("{start} to {end}", start=window.start, end=window.as_of)),
        (msg("Tier in U8"), tier_name(explanation.current)),
        (msg("Recommended tier"), tier.name if tier else None),
        (msg("Score"), None if explanation.score is None else cut(explanation.score, 4)),
    ]
    if earned is not None and earned != tier:
        rows.insert(4, (msg("Tier by the ladder"), earned.name))
    if explanation.cause is not None:
        rows.append((msg("Left alone"), CAUSES[explanation.cause]))
    parts: list[RenderableType] = [
        write.title(msg("Customer {name}", name=name.strip())),
        write.facts(rows),
        write.heading(msg("Metrics")),
        _metrics(explanation, write),
        Text(""),
        *_unknown(explanation, policy, write),
        *_judged(explanation, policy, write),
        write.line(msg("Amounts are in home currency, without tax. Points are the percentile rank, 0 to 100."))
        if all(weight.method == "rank" for weight in policy.weights)
        else write.line(msg("Amounts are in home currency, without tax. Points are 0 to 100.")),
    ]
    if earned is not None:
        parts.append(write.heading(msg("Why {tier}", tier=earned.name)))
        if explanation.unrated is not None:
            parts += _unrated(explanation, policy, write)
        elif not explanation.tests:
            parts.append(write.line(msg("It is the tier of every customer with business that no higher tier takes.")))
        parts += _tests(explanation, earned, explanation.tests, write)
        rule = write.say(msg("Rule"))
        parts.append(write.line(f"{rule}: {earned.place.file}:{earned.place.line}", above=1))
        if above is None:
            parts.append(write.line(msg("There is no higher tier.")))
    if above is not None:
        parts.append(write.heading(msg("Why not {tier}", tier=above.name)))
        parts += _tests(explanation, above, explanation.next_tests, write)
        parts += _lifts(explanation, write)
    parts += _edges(explanation, write)
    parts += _movement(explanation, policy, write)
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


def _judged(explanation: Explanation, policy: Policy, write: Writer) -> Iterator[RenderableType]:
    """How points come about where they are no plain percentile rank among everybody."""
    weights = {weight.metric: weight for weight in policy.weights}
    for line in explanation.metrics:
        weight = weights.get(line.metric)
        if weight is None or line.points is None:
            continue
        words = judged_words(
            weight,
            group=line.group,
            documents=explanation.documents,
            judged=None if line.judged is None else value_words(line.metric, line.judged),
            mean=None if line.mean is None else value_words(line.metric, line.mean),
            ahead=line.ahead,
        )
        yield from map(write.line, words)


def _unrated(explanation: Explanation, policy: Policy, write: Writer) -> Iterator[RenderableType]:
    if explanation.unrated == "no_business" or policy.evidence is None:
        yield write.line(msg("It is the tier of customers without business in the window."))
        return
    yield write.line(little_words(explanation.documents, explanation.history_days))
    for words in evidence_words(policy.evidence):
        yield write.line(words, indent=2)


def _edges(explanation: Explanation, write: Writer) -> Iterator[RenderableType]:
    """The bounds that the customer is near."""
    if not explanation.edges:
        return
    yield write.heading(msg("Borderline"))
    yield write.line(msg("With every bound moved by {percent} % it would get another tier:", percent=NEAR))
    for row in explanation.edges:
        yield write.line(edge_words(row), indent=2)


def _movement(explanation: Explanation, policy: Policy, write: Writer) -> Iterator[RenderableType]:
    """How the tier follows what the ladder gives."""
    moving = explanation.moving
    if moving is not None:
        yield from movement_parts(
            write,
            rules=policy.movement,
            held=moving.held,
            pin=None if moving.pin is None else pin_words(moving.pin),
            edited=EDITED[policy.edited] if moving.edited else None,
            holds=moving.holds,
            below=moving.below,
            changed_on=moving.changed_on,
            review=moving.review,
            more=[(msg("Evaluation before"), str(moving.evaluated_on) if moving.evaluated_on else None)],
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


def _tests(explanation: Explanation, tier: Tier, tests: Sequence[Test], write: Writer) -> Iterator[RenderableType]:
    rows: list[tuple[Cell, Cell, Cell]] = [
        (msg("yes") if test.met else msg("NO"), condition_words(test.condition), _stands(test)) for test in tests
    ]
    for quota in explanation.quotas:
        if quota.tier == tier and quota.rank is not None:
            place = place_words(quota.rank, quota.places or 0)
            rows.append((msg("yes") if quota.met else msg("NO"), quota_words(quota.quota), place))
        elif quota.tier == tier:
            rows.append((None, quota_words(quota.quota), msg("not asked: a condition is not met")))
    if rows:
        yield write.table([(msg("Met?"), "left"), (msg("Condition"), "left"), (msg("This customer"), "right")], rows)


def _stands(test: Test) -> str | Message:
    """The customer's value and, where a place is asked for, its place."""
    value = value_words(test.condition.subject, test.value)
    if not test.condition.ranked or test.rank is None:
        return value
    return standing_words(value, test.rank, test.of or 0, test.ahead)


def _lifts(explanation: Explanation, write: Writer) -> Iterator[RenderableType]:
    missing = any(
        test.condition.subject == SCORE and test.condition.at_least is not None and not test.met
        for test in explanation.next_tests
    )
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
