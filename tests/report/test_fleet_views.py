"""A fleet on a terminal of 80 signs: figures on one line, sentences below, and never more lines than there are."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from u8sync.domain.fleet import FleetSummary, Member, MemberResult, Overlay
from u8sync.domain.run_entry import Told
from u8sync.report.fleet_progress import FleetProgress
from u8sync.report.language import Language, translator
from u8sync.report.terminal.fleet import fleet_view
from u8sync.text import msg

WHY = Told("mappings/customer.yaml: 1 problem(s); line 3: this is not valid YAML", "mappings/customer.yaml：1 处问题")
HINT = Told("Mend the file and run the command again.", "请修正文件后重新运行命令。")
RESULTS = (
    MemberResult("北京总公司", 0, account_set="001", account_set_name="北京", changes=1234, took=timedelta(seconds=9)),
    MemberResult("branch-north", 65, error=WHY, hint=HINT),
    MemberResult("深圳", 65, error=WHY, hint=HINT),
)
SUMMARY = FleetSummary(
    fleet_id="20261102T180000Z-abcdef",
    kind="run",
    started_at=datetime(2026, 11, 2, 18, tzinfo=UTC),
    ended_at=datetime(2026, 11, 2, 18, 1, tzinfo=UTC),
    host="h",
    user="u",
    file="/srv/fleet.yaml",
    digest="ab" * 32,
    scheduler=None,
    results=RESULTS,
    members=3,
)


def lines_of(width: int, language: Language) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(fleet_view(SUMMARY, translator(language), language))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [80, 120])
def test_a_member_has_one_line_of_figures_and_its_sentences_stand_below(width: int, language: Language) -> None:
    lines = lines_of(width, language)
    assert all(cell_len(line) <= width for line in lines)
    (beijing,) = [line for line in lines if line.startswith("北京总公司")]
    assert "1,234" in beijing
    words = "".join(lines).replace(" ", "")
    for sentence in (WHY, HINT):
        told = (sentence.zh if language == "zh" else sentence.en).replace(" ", "")
        assert words.count(told) == 1, "once, for both"
    assert sum("branch-north, 深圳" in line for line in lines) == 2


def drawn(board: FleetProgress) -> list[str]:
    """The table as it stands, line by line."""
    console = Console(file=io.StringIO(), width=80, color_system=None)
    console.print(board._table())
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_a_fleet_larger_than_the_terminal_shows_what_is_at_work_and_what_failed() -> None:
    members = [Member(f"分公司{at:02}", Path("config.yaml"), Overlay(), "server", None) for at in range(40)]
    console = Console(file=io.StringIO(), force_terminal=True, width=80, height=12)
    board = FleetProgress(console, translator("zh"), members, "run", lines=True)
    assert len(drawn(board)) <= 12
    for at in range(20):
        board.begun(members[at], 1)
        board.ended(members[at], MemberResult(members[at].name, 69 if at < 15 else 0))
    for at in (20, 21, 22):
        board.begun(members[at], 1)
    board.progress_of(members[22]).start(msg("Writing to U8"), None)
    lines = drawn(board)
    assert len(lines) <= 11, "one line is left for the cursor"
    assert [line.split()[0] for line in lines[-3:]] == ["分公司20", "分公司21", "分公司22"]
    assert "写入" in lines[-1]
    assert all("失败" in line for line in lines[2:-3])


def test_what_is_drawn_leaves_nothing_behind_on_the_terminal() -> None:
    members = [Member(name, Path("config.yaml"), Overlay(), "server", None) for name in ("北京", "上海")]
    console = Console(file=io.StringIO(), force_terminal=True, width=80, height=12)
    with FleetProgress(console, translator("zh"), members, "run", lines=True) as board:
        board.begun(members[0], 1)
        board.tick()
    assert isinstance(console.file, io.StringIO)
    said = console.file.getvalue()
    assert "上海" in said
    table = said.count("\x1b[2K")
    assert table >= len(drawn(board)), "every line of the table is wiped"
    assert said.endswith("\x1b[2K"), "and nothing is drawn after that"
