"""``tiers suggest``: numbers for a policy, found in the account set's own past."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from u8sync.cli.options import config_option, json_option, report_option
from u8sync.cli.session import Session
from u8sync.cli.tiers.periods import every_option, horizon_option, periods_option, policy_option, until_option
from u8sync.errors import ExitCode, InputError
from u8sync.text import N_, msg

if TYPE_CHECKING:
    from u8sync.bootstrap.hindsight import History
    from u8sync.domain.look import Look
    from u8sync.domain.policy import Policy
    from u8sync.domain.suggestion import Suggestion

__all__ = ["suggest"]

MOST_TRIALS = 100_000


@click.command(
    help=N_(
        "Search weights and score thresholds that would have caught more revenue, or moved fewer customers, in past"
        " periods; show them on periods that took no part in the search, beside the present policy. Tiers stay as large"
        " as they are, or as --sizes says. Nothing is applied: paste what is printed, or have a copy of the policy file"
        " written with --out."
    ),
)
@config_option
@policy_option
@until_option
@periods_option
@every_option
@horizon_option
@click.option(
    "--held-out",
    "held_out",
    type=click.IntRange(min=0),
    default=None,
    help=N_("So many of the last evaluations take no part in the search; when absent a quarter, at least 1 of 2."),
)
@click.option(
    "--metrics",
    "metrics",
    metavar="NAMES",
    default=None,
    help=N_("Metrics to weigh, with commas between them; those of the policy when absent."),
)
@click.option(
    "--sizes",
    "sizes",
    metavar="TIER=PERCENT",
    default=None,
    help=N_(
        "How large tiers may be, in percent of the rated customers, such as VIP=5,重要=20; as they are when absent."
    ),
)
@click.option(
    "--take",
    type=click.Choice(["catch", "knee", "steady"]),
    default="knee",
    show_default=True,
    help=N_("Which of the numbers to print for pasting and to write with --out."),
)
@click.option(
    "--trials",
    type=click.IntRange(1, MOST_TRIALS),
    default=200,
    show_default=True,
    help=N_("How many numbers to try."),
)
@click.option("--seed", type=int, default=0, show_default=True, help=N_("The same seed gives the same answer."))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help=N_("Write a copy of the policy file with only the numbers replaced; a file that is there is not overwritten."),
)
@report_option
@json_option
@click.pass_obj
def suggest(  # noqa: PLR0917 - every one is a key of the command line
    session: Session,
    config: Path,
    policy: Path | None,
    until: date | None,
    periods: int | None,
    every: int,
    horizon: int | None,
    held_out: int | None,
    metrics: str | None,
    sizes: str | None,
    take: str,
    trials: int,
    seed: int,
    out: Path | None,
    report: Path | None,
    as_json: bool,
) -> ExitCode:
    """Propose numbers."""
    from u8sync.bootstrap.hindsight import Asked, read_history
    from u8sync.config.policy_edit import numbers_text, save_with_numbers
    from u8sync.domain.suggestion import suggest as search
    from u8sync.report.hindsight import Told
    from u8sync.report.suggested import Proposed
    from u8sync.report.terminal.suggested import suggestion_view

    if out is not None and out.exists():
        raise InputError(
            msg("{path} is there already", path=str(out)),
            hint=msg("Nothing was written. Name a file that does not exist yet."),
        )
    wanted = _metrics(metrics)
    asked = Asked(until, periods, every, horizon)
    history = read_history(config, policy, asked, session.progress(), frozenset(wanted))
    looks = history.past.looks
    kept_back = _held_out(held_out, looks)
    bar = session.progress()
    named = wanted or [weight.metric for weight in history.policy.weights]
    limits = _sizes(sizes, history.policy)
    bar.start(msg("Trying numbers"), trials)
    found = search(
        looks,
        history.policy,
        metrics=named,
        sizes=limits,
        held_out=kept_back,
        trials=trials,
        seed=seed,
        tried=lambda: bar.advance(1),
    )
    bar.finish()
    chosen = next(choice for choice in found.choices if choice.pick == take)
    text = numbers_text(chosen.numbers)
    told = Told(history.past.account_set, history.shown_as, history.schedule.every, history.schedule.horizon)
    proposed = Proposed(told, found, chosen, text, seed, history.past.notes)
    if as_json:
        session.emit(json.dumps(_json(history, found, chosen.pick, text, seed), ensure_ascii=False, indent=1))
    else:
        session.out.print(suggestion_view(proposed, session.translate), crop=False)
    if out is not None:
        save_with_numbers(history.path, history.shown_as, chosen.numbers, out)
        session.aside(msg("Written: {path}", path=str(out)))
    if report is not None:
        from u8sync.report.hindsight_page import save_suggestion

        save_suggestion(report, proposed, session.translate, session.language)
        session.aside(msg("Report: {path}", path=str(report)))
    return ExitCode.DONE


def _held_out(asked: int | None, looks: Sequence[Look]) -> int:
    """How many evaluations to hold out. Raises InputError when none would be left to search on."""
    from u8sync.domain.suggestion import split

    count = len(looks)
    held = (0 if count == 1 else max(1, count // 4)) if asked is None else asked
    if held >= count or not split(looks, held)[0]:
        raise InputError(
            msg(
                "Of {count} evaluation(s), {held} cannot be held out: none would be left to search on",
                count=count,
                held=held,
            ),
            hint=msg(
                "Ask for more periods (--periods), hold out fewer (--held-out), or judge by fewer months (--horizon):"
                " an outcome that reaches into the days held out is not searched on."
            ),
        )
    return held


def _metrics(text: str | None) -> Sequence[str]:
    """The metrics to weigh; none: those of the policy. Raises InputError when one of them is none, or named twice."""
    from u8sync.domain.metrics import METRICS

    if text is None:
        return []
    names = [name.strip() for name in text.replace("，", ",").split(",")]
    for at, name in enumerate(names):
        if name not in METRICS:
            near = get_close_matches(name, METRICS, 1)
            raise InputError(
                msg("There is no metric '{name}'", name=name),
                hint=msg("Did you mean '{name}'?", name=near[0])
                if near
                else msg("Metrics: {names}", names=", ".join(METRICS)),
            )
        if name in names[:at]:
            raise InputError(msg("The metric '{name}' is named twice", name=name), hint=msg("Name each metric once."))
    return names


def _sizes(text: str | None, policy: Policy) -> Mapping[str, Fraction]:
    """Tier -> most share of the rated customers. Raises InputError when that cannot be read or cannot be."""
    from u8sync.domain.numbers import free_tiers

    if text is None:
        return {}
    known = [tier.name for tier in free_tiers(policy)]
    sizes: dict[str, Fraction] = {}
    for part in text.replace("，", ",").split(","):
        name, _, percent = (each.strip() for each in part.partition("="))
        if name not in known:
            raise InputError(
                msg("The size of the tier '{name}' cannot be chosen: it begins at no score", name=name),
                hint=msg("Tiers that begin at a score: {names}", names=", ".join(known) or "-"),
            )
        try:
            size = Decimal(percent.removesuffix("%"))
        except InvalidOperation:
            size = Decimal(-1)
        if not size.is_finite() or not 0 <= size <= 100 or name in sizes:  # noqa: PLR2004 - percent
            raise InputError(
                msg("'{part}' does not say how large a tier may be", part=part.strip()),
                hint=msg("Write each tier once, with percent from 0 to 100, such as VIP=5,重要=20."),
            )
        sizes[name] = Fraction(size) / 100
    if sum(sizes.values()) > 1:
        raise InputError(
            msg("The sizes of the tiers add up to more than 100 percent"),
            hint=msg("Write each tier once, with percent from 0 to 100, such as VIP=5,重要=20."),
        )
    return sizes


def _json(history: History, found: Suggestion, taken: str, text: str, seed: int) -> dict[str, object]:
    """The suggestion for machines."""
    from u8sync.cli.tiers.hindsight_json import history_json, plain

    body = plain(found)
    assert isinstance(body, dict)  # noqa: S101 - a dataclass becomes an object
    return {**history_json(history), "seed": seed, **body, "taken": taken, "yaml": text,
            "notes": plain(history.past.notes)}  # fmt: skip
