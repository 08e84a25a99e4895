"""A fleet on the terminal: who belongs to it, and what became of each member in a night.

Whole sentences stand below the table: in a column of a terminal of 80 signs they would leave no room for the figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Group, RenderableType

from u8sync.domain.fleet import FleetSummary, Member, MemberResult
from u8sync.report.figures import duration
from u8sync.report.fleet_words import STATES, duration_words, number, remark, standing, told_message, who
from u8sync.report.terminal.blocks import Cell, Column, Writer
from u8sync.text import Message, Translate, msg

__all__ = ["LastRun", "fleet_list_view", "fleet_view"]


@dataclass(frozen=True)
class LastRun:
    """The newest summary's word on a member.

    Attributes:
        at: When that night began, aware UTC.
        summary: The night.
        result: The member's part of it.
    """

    at: datetime
    summary: FleetSummary
    result: MemberResult


def fleet_view(summary: FleetSummary, translate: Translate, language: str) -> RenderableType:
    """A night: where things stand, then a row for each member."""
    write = Writer(translate)
    title = (
        msg("Fleet run {id}", id=summary.fleet_id) if summary.kind == "run" else msg("Fleet plan: nothing is written")
    )
    took = None if summary.duration is None else duration(summary.duration)
    return Group(
        write.title(title),
        write.facts(
            [
                (msg("Fleet file"), f"{summary.file} (sha256 {summary.digest[:12]})"),
                (msg("Account sets"), number(summary.members)),
                (msg("Duration"), took),
                (msg("Where"), summary.scheduler or msg("threads of this machine")),
            ]
        ),
        write.line(standing(summary)[1], above=1),
        write.heading(msg("Members")),
        write.table(_columns(summary), (_row(summary, result) for result in summary.results)),
        *_said(
            write,
            msg("Remarks"),
            ((one.name, remark(one, language)) for one in summary.results),
        ),
        *_said(
            write,
            msg("What to do"),
            ((one.name, told_message(one.hint, language)) for one in summary.results),
        ),
    )


def _columns(summary: FleetSummary) -> Sequence[Column]:
    columns: list[Column] = [
        (msg("Member"), "left"),
        (msg("Account set"), "left"),
        (msg("State"), "left"),
        (msg("Changes"), "right"),
    ]
    if summary.kind == "run":
        columns += [(msg("In U8"), "right"), (msg("Waiting"), "right")]
    return [*columns, (msg("Exit"), "right"), (msg("Took"), "right")]


def _row(summary: FleetSummary, result: MemberResult) -> Sequence[Cell]:
    written: list[Cell] = [number(result.in_place), number(result.waiting)] if summary.kind == "run" else []
    return [
        result.name,
        who(result),
        STATES[summary.state_of(result)],
        number(result.changes),
        *written,
        number(result.exit_code),
        duration_words(result),
    ]


def _said(write: Writer, heading: Message, said: Iterable[tuple[str, Cell]]) -> Iterator[RenderableType]:
    """Sentences about members, each once with the names of those that it is about; null: nothing of this one."""
    names: dict[str, list[str]] = {}
    for name, sentence in said:
        if sentence is not None:
            names.setdefault(write.say(sentence), []).append(name)
    if names:
        yield write.heading(heading)
    for sentence, those in names.items():
        yield write.line(msg("{names}: {hint}", names=", ".join(those), hint=sentence))


def fleet_list_view(
    members: Sequence[Member], last: Mapping[str, LastRun], translate: Translate, language: str
) -> RenderableType:
    """Who belongs to the fleet, where, and how its last night went for each."""
    write = Writer(translate)
    columns: list[Column] = [
        (msg("Member"), "left"),
        (msg("Account set"), "left"),
        (msg("Configuration"), "left"),
        (msg("Server"), "left"),
        (msg("Last run"), "left"),
        (msg("State"), "left"),
    ]
    return Group(
        write.title(msg("{count} member(s)", count=number(len(members)))),
        write.table(columns, (_listed(member, last.get(member.name)) for member in members)),
        *(
            write.line(msg("What is wrong with it: u8sync map check {path}", path=str(member.config)), above=1)
            for member in members
            if member.digest is None and member.ended is None
        ),
        *(
            write.line(msg("{name}: {why}", name=member.name, why=told_message(told, language)), above=1)
            for member in members
            if member.ended is not None
            for told in (member.ended.error, member.ended.hint)
            if told is not None
        ),
    )


def _listed(member: Member, last: LastRun | None) -> Sequence[Cell]:
    account = member.overlay.account or (None if last is None else who(last.result))
    server = None if member.server == str(member.config) else member.server
    when = None if last is None else f"{last.at:%Y-%m-%d %H:%M} UTC"
    ended = None if last is None else STATES[last.summary.state_of(last.result)]
    usable = member.digest is not None and member.ended is None
    state = ended if usable else msg("cannot be used")
    return member.name, account, str(member.config), server, when, state
