"""Tell people how a run went: who is told, where their addresses are kept, and what was told before.

What lives here: putting together settings, secrets, the state of the room ``notify`` and its sender. The idea: nothing
here can stop or change a run, and a message that did not get out is a trouble of its entry.

*Who gets what.* Every run of ``u8sync run``, by hand or by schedule, has a card; an ``apply`` is somebody's own doing
and has none. The same trouble is told once to those who want alerts, another trouble again, and the end of it once;
a target gets one message a run at most. An alert that reached nobody is told by the next run again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from u8sync.backends.secrets import SecretReference, resolve
from u8sync.config.checking import check_part
from u8sync.config.notify import NotifyTarget
from u8sync.config.settings import Settings
from u8sync.domain.fleet import FleetSummary
from u8sync.domain.run_entry import RunEntry
from u8sync.domain.timeliness import Timeliness
from u8sync.errors import ExitCode, InputError
from u8sync.notify.card import HEADLINES, Card, card_of, cut, missed_card
from u8sync.notify.memory import read_told, write_told
from u8sync.notify.sending import Letter, Sent, deliver
from u8sync.notify.state import Condition, ConditionName, Step, condition_of, missed, next_step
from u8sync.report.fleet_words import STATES, standing
from u8sync.report.language import translator
from u8sync.text import Message, msg

__all__ = ["Telling", "cards_for", "check_addresses", "send_to", "tell_fleet", "tell_missed", "tell_run"]

MOST_MEMBERS: Final = 8
"""So many members that are not well are named on a card."""


def check_addresses(settings: Settings) -> None:
    """Raise ConfigError when the configuration names an address in a way that cannot be; none is fetched."""
    for target in settings.notify.to:
        check_part(settings.located, target.route, SecretReference)


@dataclass(frozen=True)
class Telling:
    """What is to be told after a run.

    Attributes:
        condition: How things stand.
        step: Whether that is news.
        cards: (target, card) of each that gets one.
    """

    condition: Condition
    step: Step
    cards: tuple[tuple[NotifyTarget, Card], ...]


def cards_for(settings: Settings, entry: RunEntry, due: Timeliness | None, told: Condition | None) -> Telling:
    """Who gets which card after a run, given the trouble that was told last. Nothing is sent."""
    condition = condition_of(entry)
    step = next_step(told, condition)
    quiet = settings.notify.cards == "changes" and condition.ok and not (entry.planned or entry.waiting)
    zone = ZoneInfo(settings.timezone)
    return Telling(
        condition,
        step,
        tuple(
            (
                target,
                card_of(
                    entry,
                    condition,
                    step,
                    due,
                    site=settings.notify.site,
                    language=target.language,
                    translate=translator(target.language),
                    zone=zone,
                ),
            )
            for target in settings.notify.to
            if (target.alerts and step != "nothing") or (target.cards and entry.command == "run" and not quiet)
        ),
    )


def tell_run(settings: Settings, entry: RunEntry, due: Timeliness | None) -> tuple[Message, ...]:
    """Tell people of a run that ended; returns why some were not reached. Raises OSError, InputError."""
    if not settings.notify.to:
        return ()
    folder = settings.runs_folder
    told = read_told(folder, _whose(settings))
    telling = cards_for(settings, entry, due, told)
    outcomes = send_to(settings, telling.cards)
    _remember(folder, _whose(settings), telling, outcomes, told)
    return tuple(_troubles(outcomes))


def tell_missed(settings: Settings, due: Timeliness) -> tuple[Condition, tuple[Message, ...], int]:
    """Tell people that a start was missed, once; returns how things stand, why some were not reached, how many were."""
    told = read_told(settings.runs_folder, _whose(settings))
    condition = missed(due)
    step = next_step(told, condition)
    if condition.ok or step == "nothing":
        return condition, (), 0
    zone = ZoneInfo(settings.timezone)
    cards = tuple(
        (target, missed_card(due, site=settings.notify.site, translate=translator(target.language), zone=zone))
        for target in settings.notify.to
        if target.alerts
    )
    outcomes = send_to(settings, cards)
    _remember(settings.runs_folder, _whose(settings), Telling(condition, step, cards), outcomes, told)
    return condition, tuple(_troubles(outcomes)), sum(one.why is None for one in outcomes)


def tell_fleet(settings: Settings, summary: FleetSummary, folder: Path) -> tuple[Message, ...]:
    """Tell people of a fleet's night, in one message for all members; returns why some were not reached.

    Args:
        settings: Who is told, and in whose time zone.
        summary: The night.
        folder: Where the fleet's summaries lie; what was told is remembered there.

    Raises OSError, InputError.
    """
    states = sorted(f"{one.name}: {summary.state_of(one)}" for one in summary.results if one.exit_code)
    name: ConditionName = "ok" if not summary.exit_code else "partial" if summary.exit_code == 2 else "failed"  # noqa: PLR2004
    condition = Condition(name, ", ".join(states))
    told = read_told(folder, summary.file)
    step = next_step(told, condition)
    quiet = settings.notify.cards == "changes" and condition.ok and not any(one.changes for one in summary.results)
    cards = tuple(
        (target, _fleet_card(settings, target, summary, condition, step))
        for target in settings.notify.to
        if (target.alerts and step != "nothing") or (target.cards and not quiet)
    )
    outcomes = send_to(settings, cards)
    _remember(folder, summary.file, Telling(condition, step, cards), outcomes, told)
    return tuple(_troubles(outcomes))


def _fleet_card(
    settings: Settings, target: NotifyTarget, summary: FleetSummary, condition: Condition, step: Step
) -> Card:
    translate = translator(target.language)
    began = f"{summary.started_at.astimezone(ZoneInfo(settings.timezone)):%Y-%m-%d %H:%M}"
    waiting = sum(one.waiting or 0 for one in summary.results)
    words = [
        msg("Fleet of {count:,} account set(s), started {time}", count=summary.members, time=began),
        standing(summary)[1],
        *(
            msg("{member}: {state}", member=one.name, state=STATES[summary.state_of(one)])
            for one in [one for one in summary.results if one.exit_code != ExitCode.DONE][:MOST_MEMBERS]
        ),
        *([msg("Waiting for approval: {count:,} (u8sync approve)", count=waiting)] if waiting else []),
        msg("Run {run} on {host}", run=summary.fleet_id, host=summary.host),
    ]
    headline = HEADLINES[condition.name] if step != "recovered" else msg("well again")
    who = " ".join(part for part in ("u8sync", settings.notify.site) if part)
    return Card(
        title=translate(msg("{who}: {what}", who=who, what=headline)),
        body=cut("\n".join(map(translate, words))),
        kind="success" if condition.ok else "warning" if condition.name == "partial" else "failure",
    )


def _whose(settings: Settings) -> str:
    """Of whom something was told: members of a fleet may share a configuration and a folder of runs."""
    account = settings.located.at(("account_set", "account"))
    return f"{settings.located.file}|{account or ''}"


def send_to(settings: Settings, cards: Sequence[tuple[NotifyTarget, Card]]) -> tuple[Sent, ...]:
    """Send each card to its target, all within the configured time. Raises InputError when apprise is not installed."""
    base = Path(settings.located.file).parent
    ready: list[Letter] = []
    unready: dict[str, Sent] = {}
    for target, card in cards:
        try:
            reference = check_part(settings.located, target.route, SecretReference)
            url = resolve(reference, base, key=f"notify: {target.name}: url").get_secret_value()
        except InputError as error:
            unready[target.name] = Sent(target.name, error.message, error.hint)
        else:
            ready.append(Letter(target.name, url, card.title, card.body, card.kind))
    sent = {one.target: one for one in deliver(ready, settings.notify.timeout_s)}
    return tuple({**sent, **unready}[target.name] for target, _ in cards)


def _remember(folder: Path, whose: str, telling: Telling, outcomes: Sequence[Sent], told: Condition | None) -> None:
    """What was told is only remembered once somebody who wants alerts was reached."""
    if telling.step == "nothing":
        return
    alerted = {target.name for target, _ in telling.cards if target.alerts}
    if alerted and not any(one.why is None for one in outcomes if one.target in alerted):
        return
    now = None if telling.condition.ok else telling.condition
    if now != told:
        write_told(folder, whose, now)


def _troubles(outcomes: Sequence[Sent]) -> Iterator[Message]:
    for one in outcomes:
        if one.why is not None:
            yield msg("Notification to {target}: {why}", target=one.target, why=one.why)
