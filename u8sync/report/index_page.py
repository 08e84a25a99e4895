"""The page over past runs: how the nights went, what they changed, who stands where, how long it took; then every run.

What does not live here: the charts (``plots/``) and the layout (``templates/index.html.j2``). The idea: it is made from
the entries alone, so that the same history makes the same page, and what a run could not say is a gap, not a zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final, Literal

from markupsafe import Markup

from u8sync.domain.run_entry import RunEntry
from u8sync.errors import ExitCode
from u8sync.report.figures import duration, money
from u8sync.report.pages import page_environment, page_script
from u8sync.report.plots import Trend, lines_plot, nights_plot, stack_plot
from u8sync.report.words import tier_name
from u8sync.text import Message, Translate, msg

__all__ = ["INDEX", "MOST_DRAWN", "NIGHTS", "render_index", "run_end"]

INDEX: Final = "index.html"
"""Name of the page in the folder of runs."""

NIGHTS: Final = 90
"""So many days the calendar shows."""

MOST_DRAWN: Final = 365
"""So many runs, the newest, the trends show: a year of nights."""

End = Literal["ok", "partly", "stopped", "failed", "open"]

ENDS: Final[Mapping[End, tuple[str, Message]]] = {
    "ok": ("up", msg("all in place")),
    "partly": ("wait", msg("something left")),
    "stopped": ("accent", msg("stopped by a guard")),
    "failed": ("stop", msg("failed")),
    "open": ("soft", msg("no end known")),
}
"""How a run can end: its colour, and in words. The later, the worse."""

_TAGS: Final[Mapping[End, str]] = {
    "ok": "ok",
    "partly": "wait",
    "stopped": "enter",
    "failed": "stop",
    "open": "ended",
}


def run_end(entry: RunEntry) -> End:
    """How a run ended, for a reader who asks whether to look closer."""
    match entry.exit_code:
        case None:
            return "open"
        case ExitCode.DONE:
            return "ok"
        case ExitCode.PENDING:
            return "partly"
        case ExitCode.GUARD:
            return "stopped"
    return "failed"


def render_index(
    entries: Sequence[RunEntry],
    problems: Sequence[Message],
    translate: Translate,
    language: str,
    *,
    now: datetime,
) -> str:
    """The page, complete.

    Args:
        entries: Oldest first; may be empty.
        problems: Entries that cannot be read, one sentence each.
        translate: Puts messages into the words of ``language``.
        language: ``zh`` or ``en``.
        now: Aware; the calendar ends with its day in UTC.
    """
    planned = [entry for entry in entries if entry.planned is not None]
    ends = [run_end(entry) for entry in entries]
    kinds = [(end, colour, words) for end, (colour, words) in ENDS.items()]
    drawn = tuple(_plots(planned[-MOST_DRAWN:], translate, chinese=language == "zh"))
    named = next((entry for entry in reversed(entries) if entry.account_set is not None), None)
    return (
        page_environment(translate)
        .get_template("index.html.j2")
        .render(
            page_language="zh-CN" if language == "zh" else "en",
            account_set=None if named is None else f"{named.account_set} {named.account_set_name or ''}".strip(),
            last=_row(entries[-1], language) if entries else None,
            total=f"{len(entries):,}",
            ends=[(ENDS[end][1], f"{ends.count(end):,}") for end in ENDS],
            in_place=f"{sum(entry.in_place for entry in entries):,}",
            problems=problems,
            nights=(
                msg("The last {days} days", days=NIGHTS),
                nights_plot(_by_day(entries), kinds, now.astimezone(UTC).date(), NIGHTS, translate),
            ),
            took=drawn[:1],
            plots=drawn[1:],
            rows=[_row(entry, language) for entry in reversed(entries)],
            script=page_script("find.js"),
        )
    )


def _by_day(entries: Sequence[RunEntry]) -> Mapping[date, End]:
    """Day -> how its worst run ended."""
    order = list(ENDS)
    days: dict[date, End] = {}
    for entry in entries:
        day, end = entry.started_at.astimezone(UTC).date(), run_end(entry)
        days[day] = max(end, days.get(day, end), key=order.index)
    return days


def _plots(entries: Sequence[RunEntry], translate: Translate, *, chinese: bool) -> Iterator[tuple[Message, Markup]]:
    """Title and chart of every trend over the runs that came to a plan, the time first; none without such a run."""
    if not entries:
        return
    days = [f"{entry.started_at.astimezone(UTC):%Y-%m-%d}" for entry in entries]
    changes = (
        Trend(msg("planned"), tuple(entry.planned for entry in entries)),
        Trend(msg("in place"), tuple(entry.in_place if entry.endings else None for entry in entries)),
        Trend(msg("tier held"), tuple(entry.held for entry in entries)),
    )
    took = (
        Trend(
            msg("seconds"),
            tuple(None if one.duration is None else Decimal(f"{one.duration.total_seconds():.1f}") for one in entries),
        ),
    )
    ladder = list(dict.fromkeys(one.tier for entry in reversed(entries) for one in entry.tiers if one.tier is not None))
    by_run = [{one.tier: one for one in entry.tiers} for entry in entries]
    customers = [
        Trend(tier_name(name), tuple(run[name].recommended if name in run else None for run in by_run))
        for name in ladder
    ]
    revenue = [
        Trend(tier_name(name), tuple(max(run[name].revenue, Decimal(0)) if name in run else None for run in by_run))
        for name in ladder
    ]
    for title, trends, draw in (
        (msg("Duration of a run, seconds"), took, lines_plot),
        (msg("Changes"), changes, lines_plot),
        (msg("Customers by recommended tier"), customers, stack_plot),
        (msg("Revenue by recommended tier"), revenue, stack_plot),
    ):
        yield title, draw(title, trends, days, translate, chinese=chinese)


@dataclass(frozen=True)
class RunRow:
    """A line of the table of runs."""

    run_id: str
    started: str
    end: Message
    tag: str
    said: str | None
    planned: str | None
    in_place: str | None
    held: str | None
    tiers: str | None
    revenue: str | None
    took: str | None
    report: str | None


def _row(entry: RunEntry, language: str) -> RunRow:
    end = run_end(entry)
    said = entry.error or next((guard.message for guard in entry.stopped_by), None) or next(iter(entry.troubles), None)
    return RunRow(
        run_id=entry.run_id,
        started=f"{entry.started_at.astimezone(UTC):%Y-%m-%d %H:%M}",
        end=ENDS[end][1],
        tag=_TAGS[end],
        said=None if said is None else said.zh if language == "zh" else said.en,
        planned=_figure(entry.planned),
        in_place=_figure(entry.in_place) if entry.endings or entry.planned == 0 else None,
        held=_figure(entry.held),
        tiers=" · ".join(f"{one.recommended:,}" for one in entry.tiers if one.tier is not None) or None,
        revenue=money(sum((one.revenue for one in entry.tiers), Decimal(0))) if entry.tiers else None,
        took=None if entry.duration is None else duration(entry.duration),
        report=f"{entry.run_id}/{entry.files['report']}" if "report" in entry.files else None,
    )


def _figure(number: int | None) -> str | None:
    return None if number is None else f"{number:,}"
