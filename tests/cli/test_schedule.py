"""``schedule`` and ``run --scheduled``, from the folder that the demo leaves; the clock stands where a test puts it."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cli_home import Ask
from fakes import Ticking
from scheduler_tools import Tools, tools_in

from u8sync import bootstrap
from u8sync.audit.lock import take_lock
from u8sync.domain.run_entry import RunEntry
from u8sync.history.store import read_history, write_entry

SetClock = Callable[[str], None]
NIGHTLY = 'schedule:\n  at: "02:00"\n'


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    """The schedulers' programs are stand-ins, and nothing else is found."""
    made = tools_in(tmp_path)
    monkeypatch.setenv("PATH", f"{made.folder}:/usr/bin:/bin")
    return made


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of somebody who is not root."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    return tmp_path


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Set the clock to a time in Shanghai; from then on it moves a second at each look."""
    held = [datetime(2026, 11, 30, tzinfo=UTC)]

    def now(_self: object) -> datetime:
        held[0] += timedelta(seconds=1)
        return held[0]

    def put(text: str) -> None:
        held[0] = datetime.fromisoformat(text).replace(tzinfo=UTC) - timedelta(hours=8)

    monkeypatch.setattr(bootstrap.SystemClock, "now", now)
    return put


@pytest.fixture
def place(fresh: Path, clock: SetClock) -> Path:
    """The demo before its first night, with a history as empty."""
    shutil.rmtree(fresh / "runs")
    clock("2026-11-30 12:00")
    return fresh


def write(home: Path, section: str) -> None:
    with (home / "config.yaml").open("a", encoding="utf-8") as file:
        file.write(section)


def entries(home: Path) -> tuple[RunEntry, ...]:
    return read_history(home / "runs").entries


def tiers_written(home: Path) -> int:
    connection = sqlite3.connect(home / "account-set.db")
    (count,) = connection.execute("SELECT COUNT(cCusDefine5) FROM Customer").fetchone()
    connection.close()
    return int(count)


# --- run --scheduled -------------------------------------------------------------------------------------------------


def test_a_run_on_schedule_knows_its_start_and_a_second_one_has_nothing_to_do(
    place: Path, ask: Ask, clock: SetClock
) -> None:
    write(place, NIGHTLY)
    clock("2026-12-01 02:00")
    assert ask("run", "--scheduled").code == 0
    (entry,) = entries(place)
    assert entry.scheduled_for == datetime(2026, 11, 30, 18, tzinfo=UTC)
    assert tiers_written(place) > 900
    again = ask("run", "--scheduled")
    assert (again.code, again.out) == (0, "")
    assert again.err == f"Nothing to do: run {entry.run_id} answered the start of 2026-12-01 02:00.\n"
    assert entries(place) == (entry,)


def test_a_missed_night_is_made_up_for_and_told_and_those_before_it_are_told(
    place: Path, ask: Ask, clock: SetClock
) -> None:
    write(place, NIGHTLY)
    clock("2026-12-01 02:00")
    ask("run", "--scheduled")
    clock("2026-12-04 08:30")
    answer = ask("run", "--scheduled")
    assert answer.code == 0
    assert "2 start(s) on schedule were answered by no run: 2026-12-02 02:00, 2026-12-03 02:00" in answer.err
    assert "The run began 6 h 30 min after its start on schedule." in answer.err
    last = entries(place)[-1]
    assert last.missed == (datetime(2026, 12, 1, 18, tzinfo=UTC), datetime(2026, 12, 2, 18, tzinfo=UTC))
    assert len(last.troubles) == 2
    assert "计划" in last.troubles[0].zh


def test_on_a_day_off_the_run_ends_at_once_and_the_night_is_not_missed(place: Path, ask: Ask, clock: SetClock) -> None:
    write(place, f"{NIGHTLY}  work_days: china\n")
    clock("2026-09-30 02:00")
    assert ask("run", "--scheduled").code == 0
    clock("2026-10-01 02:00")
    answer = ask("run", "--scheduled")
    assert (answer.code, answer.err) == (0, "Nothing to do: 2026-10-01 is no work day in China.\n")
    assert len(entries(place)) == 1
    clock("2026-10-08 02:00")
    assert ask("run", "--scheduled").code == 0
    assert entries(place)[-1].missed == ()


def test_a_year_without_known_holidays_is_told_and_stops_nothing(place: Path, ask: Ask, clock: SetClock) -> None:
    write(place, f"{NIGHTLY}  work_days: china\n")
    clock("2090-10-06 02:00")
    answer = ask("run", "--scheduled")
    assert answer.code == 0
    assert "the holidays of 2090 are not known yet" in answer.err
    assert "2090" in entries(place)[-1].troubles[0].en


def test_without_a_schedule_there_is_nothing_to_be_on_schedule_with(place: Path, ask: Ask) -> None:
    answer = ask("run", "--scheduled")
    assert answer.code == 65
    assert "does not say when runs are meant to start" in answer.err


@pytest.mark.parametrize("words", [("--allow", "share_changed"), ("--allow-window",), ("--as-of", "2026-10-31")])
def test_no_scheduler_decides_what_a_person_must(place: Path, ask: Ask, words: tuple[str, ...]) -> None:
    write(place, NIGHTLY)
    answer = ask("run", "--scheduled", *words, "--reason", "x")
    assert answer.code == 65
    assert "no scheduler may decide them" in answer.err


def test_a_clock_that_jumped_back_hides_no_missed_night(place: Path, ask: Ask, clock: SetClock) -> None:
    write(place, NIGHTLY)
    clock("2026-12-01 02:00")
    ask("run", "--scheduled")
    clock("2027-06-01 02:00")
    ask("run", "--scheduled")
    clock("2026-12-03 02:00")
    answer = ask("run", "--scheduled")
    assert "answered by no run: 2026-12-02 02:00" in answer.err
    assert "1 run(s) from the future" in answer.err


def test_a_run_that_is_still_at_work_answers_its_start_and_one_that_died_does_not(
    place: Path, ask: Ask, clock: SetClock
) -> None:
    write(place, NIGHTLY)
    clock("2026-12-01 02:00")
    assert ask("run", "--scheduled").code == 0
    (log,) = place.glob("audit/*")
    night = datetime(2026, 12, 1, 18, tzinfo=UTC)
    dead = replace(
        entries(place)[0],
        run_id="20261201T180000Z-abcdef",
        started_at=night,
        scheduled_for=night,
        state="running",
        exit_code=None,
        ended_at=None,
    )
    write_entry(place / "runs", dead)
    clock("2026-12-02 02:05")
    assert "abcdef answered the start" in ask("run", "--scheduled").err, "it began a moment ago"
    clock("2026-12-02 03:30")
    lock = take_lock(log, host="h", pid=1, run_id=dead.run_id, clock=Ticking())
    assert "abcdef answered the start" in ask("run", "--scheduled").err, "it holds the audit log"
    held = ask("run")
    assert held.code == 3
    assert "run20261201T180000Z-abcdef,process1onh,since2026-11-02T18:00:01" in held.complaint
    lock.release()
    clock("2026-12-02 04:00")
    assert ask("run", "--scheduled").code == 0
    assert entries(place)[-1].scheduled_for == night


# --- hours of writing ------------------------------------------------------------------------------------------------

WINDOW = 'schedule:\n  at: "02:00"\n  window: {from: "22:00", to: "06:00"}\n'


@pytest.mark.parametrize("words", [("run", "--scheduled"), ("run",)])
def test_outside_the_hours_of_writing_nothing_is_opened_and_it_is_no_silent_success(
    place: Path, ask: Ask, clock: SetClock, words: tuple[str, ...]
) -> None:
    write(place, WINDOW)
    clock("2026-12-01 09:00")
    answer = ask(*words)
    assert answer.code == 78
    assert "itis09:00,andU8iswrittenonlyfrom22:00to06:00" in answer.complaint
    assert "from2026-12-0122:00(Asia/Shanghai)on" in answer.complaint
    assert not (place / "audit").exists()
    (entry,) = entries(place)
    assert (entry.exit_code, entry.state) == (78, "ended")
    assert entry.error is not None
    assert "09:00" in entry.error.zh


def test_a_refused_start_is_answered_once_and_not_knocked_at_every_hour(place: Path, ask: Ask, clock: SetClock) -> None:
    write(place, WINDOW)
    clock("2026-12-01 09:00")
    assert ask("run", "--scheduled").code == 78
    clock("2026-12-01 10:00")
    assert ask("run", "--scheduled").code == 0
    assert len(entries(place)) == 1


def test_a_saved_plan_obeys_too_and_a_plan_can_be_made_at_any_time(place: Path, ask: Ask, clock: SetClock) -> None:
    write(place, "schedule:\n  blackout:\n    - {last_days: 2, reason: 月结}\n")
    clock("2026-11-30 12:00")
    assert ask("plan", "--out", "plan.json").code == 2
    answer = ask("apply", "plan.json")
    assert answer.code == 78
    assert "closed for: 月结" in answer.err
    assert tiers_written(place) == 0


def test_who_writes_all_the_same_says_why_and_the_audit_log_keeps_it(place: Path, ask: Ask, clock: SetClock) -> None:
    write(place, WINDOW)
    clock("2026-12-01 09:00")
    assert ask("run", "--allow-window").code == 65
    answer = ask("run", "--allow-window", "--reason", "accounting asked for it")
    assert answer.code == 0, answer.err
    records = [
        json.loads(line)
        for file in sorted(place.glob("audit/*/seg-*.jsonl"))
        for line in file.read_bytes().splitlines()
    ]
    (approval,) = [record for record in records if record["type"] == "approval"]
    assert (approval["what"], approval["method"]) == ("write_window", "--allow-window")
    assert approval["reason"] == "accounting asked for it"
    assert approval["measured"] == "2026-12-01 09:00 Asia/Shanghai"
    assert ask("audit", "verify").code == 0
    run_id = entries(place)[-1].run_id
    assert "hours of writing" in ask("audit", "runs", "--run", run_id).out
    assert entries(place)[-1].guards[0].guard == "write_window"


def test_inside_the_hours_the_permission_is_not_needed_and_not_recorded(place: Path, ask: Ask, clock: SetClock) -> None:
    write(place, WINDOW)
    clock("2026-12-01 02:00")
    assert ask("run", "--allow-window", "--reason", "just in case").code == 0
    assert b'"approval"' not in b"".join(file.read_bytes() for file in place.glob("audit/*/seg-*.jsonl"))


def test_a_run_that_began_in_time_stops_when_the_hours_are_over(place: Path, ask: Ask, clock: SetClock) -> None:
    text = (place / "config.yaml").read_text(encoding="utf-8")
    assert "batch: 200" in text
    (place / "config.yaml").write_text(text.replace("batch: 200", "batch: 20") + WINDOW, encoding="utf-8")
    clock("2026-12-01 05:59:00")
    answer = ask("run")
    assert answer.code == 75
    assert "The hours of writing were over at 2026-12-01 06:00" in answer.err
    (entry,) = entries(place)
    assert 0 < entry.in_place < (entry.planned or 0)
    assert entry.in_place == tiers_written(place)
    clock("2026-12-01 22:00")
    assert ask("run").code == 0
    assert tiers_written(place) == entry.planned


# --- schedule install | show | remove --------------------------------------------------------------------------------


def test_cron_is_told_and_told_again_and_forgets_only_our_lines(place: Path, ask: Ask, tools: Tools) -> None:
    write(place, NIGHTLY)
    (tools.kept / "crontab").write_text("0 1 * * * backup\n", encoding="utf-8")
    assert ask("schedule", "install", "--kind", "cron").code == 0
    once = tools.said("crontab")
    assert once[0] == "0 1 * * * backup"
    assert f"{sys.executable} -P -m u8sync --lang en run --scheduled --config" in once[2]
    assert str(place / "config.yaml") in once[2]
    assert ask("schedule", "install", "--kind", "cron").code == 0
    assert tools.said("crontab") == once
    assert ask("schedule", "show", "--json").json["installed"] is True
    removed = ask("schedule", "remove")
    assert removed.code == 0
    assert "Taken away: u8sync-" in removed.out
    assert tools.said("crontab") == ["0 1 * * * backup"]
    again = ask("schedule", "remove", "--kind", "cron")
    assert (again.code, "is not set up" in again.out) == (0, True)


def test_a_user_without_a_crontab_gets_one(place: Path, ask: Ask, tools: Tools) -> None:
    write(place, NIGHTLY)
    assert ask("schedule", "install", "--kind", "cron", "--name", "night").code == 0
    assert tools.said("crontab")[0].startswith("# >>> night: made by")


@pytest.mark.parametrize("kind", ["cron", "systemd", "windows"])
def test_a_dry_run_shows_everything_and_touches_nothing(place: Path, ask: Ask, tools: Tools, kind: str) -> None:
    write(place, NIGHTLY)
    (tools.kept / "crontab").write_text("PASSWORD=canary\n", encoding="utf-8")
    before = sorted(place.rglob("*"))
    answer = ask("schedule", "install", "--kind", kind, "--dry-run")
    assert answer.code == 0, answer.err
    assert "--scheduled" in answer.out
    assert "Run: " in answer.out
    assert "canary" not in answer.out
    assert sorted(place.rglob("*")) == before
    assert tools.said("crontab") == ["PASSWORD=canary"]
    assert tools.said("systemctl") == tools.said("schtasks") == []


def test_systemd_is_told_and_a_file_that_is_not_ours_is_left_alone(
    place: Path, ask: Ask, tools: Tools, user: Path
) -> None:
    units = user / ".config/systemd/user"
    write(place, NIGHTLY)
    answer = ask("schedule", "install", "--kind", "systemd", "--name", "night")
    assert answer.code == 0, answer.err
    assert "loginctl enable-linger" in answer.err
    assert tools.said("systemctl") == ["--user daemon-reload", "--user enable --now night.timer"]
    assert {path.name for path in units.iterdir()} == {"night.service", "night.timer"}
    assert ask("schedule", "remove").code == 0
    assert list(units.iterdir()) == []
    assert tools.said("systemctl")[2:] == ["--user disable --now night.timer", "--user daemon-reload"]
    (units / "night.timer").write_text("[Timer]\n", encoding="utf-8")
    foreign = ask("schedule", "install", "--kind", "systemd", "--name", "night")
    assert (foreign.code, "wasnotmadebyu8sync" in foreign.complaint) == (65, True)
    assert "is not set up" in ask("schedule", "remove", "--kind", "systemd", "--name", "night").out


def test_windows_is_told_and_no_password_goes_through_our_hands(place: Path, ask: Ask, tools: Tools) -> None:
    write(place, NIGHTLY)
    assert ask("schedule", "install", "--kind", "windows", "--name", "night").code == 0
    assert b"S4U" in (tools.kept / "task.xml").read_bytes().replace(b"\0", b"")
    account = ask("schedule", "install", "--kind", "windows", "--name", "night", "--account", "CORP\\u8")
    assert account.code == 0
    assert tools.said("schtasks")[-1].endswith("/F /RU CORP\\u8 /RP *")
    assert ask("schedule", "show", "--json").json["installed"] is True
    assert ask("schedule", "remove").code == 0
    assert tools.said("schtasks")[-1] == "/Delete /TN night /F"
    assert "is not set up" in ask("schedule", "remove", "--kind", "windows", "--name", "night").out


@pytest.mark.parametrize("case", [("windows", "ERROR:Accessisdenied."), ("systemd", "Accessdenied")])
def test_what_a_tool_says_when_it_refuses_is_passed_on_and_no_half_is_left(
    place: Path, ask: Ask, tools: Tools, user: Path, case: tuple[str, str]
) -> None:
    kind, says = case
    write(place, NIGHTLY)
    tools.refuse()
    answer = ask("schedule", "install", "--kind", kind, "--name", "night")
    assert answer.code == 78
    assert says in answer.complaint
    assert not list(user.rglob("night.*"))
    assert not (place / "runs" / "schedule.json").exists()


@pytest.mark.parametrize("case", [("windows", "schtasks"), ("systemd", "systemctl"), ("cron", "crontab")])
def test_a_scheduler_that_is_not_there_is_told(
    place: Path, ask: Ask, user: Path, monkeypatch: pytest.MonkeyPatch, case: tuple[str, str]
) -> None:
    kind, tool = case
    monkeypatch.setenv("PATH", str(user / "nothing"))
    write(place, NIGHTLY)
    answer = ask("schedule", "install", "--kind", kind)
    assert (answer.code, f"{tool} is not there on this machine" in answer.err) == (65, True)
    assert not list(user.glob(".config/**/*.timer"))
    assert ask("schedule", "show", "--kind", kind, "--json").json["installed"] in (None, False)


@pytest.mark.parametrize(
    ("kind", "files"),
    [("windows", {"n.xml"}), ("systemd", {"n.service", "n.timer"}), ("cron", {"n.cron"})],
)
def test_files_for_another_machine_can_be_written_alone(
    place: Path, ask: Ask, tools: Tools, kind: str, files: set[str]
) -> None:
    write(place, NIGHTLY)
    assert ask("schedule", "install", "--kind", kind, "--name", "n", "--out", "here").code == 0
    assert {path.name for path in (place / "here").iterdir()} == files
    assert tools.said("systemctl") == tools.said("schtasks") == tools.said("crontab") == []


def test_setting_up_needs_the_calendar_and_times_and_a_name(
    place: Path, ask: Ask, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask("schedule", "install").code == ask("schedule", "show").code == 65
    write(place, f"{NIGHTLY}  work_days: china\n")
    assert ask("schedule", "install", "--name", "a b").code == 65
    monkeypatch.setitem(sys.modules, "chinese_calendar", None)
    answer = ask("schedule", "install", "--kind", "cron")
    assert answer.code == 65
    assert "u8sync[calendar]" in answer.err
    assert tools.said("crontab") == []


def test_a_start_before_the_set_up_is_not_made_up_for(place: Path, ask: Ask, tools: Tools, clock: SetClock) -> None:
    write(place, NIGHTLY)
    clock("2026-12-01 15:00")
    ask("schedule", "install", "--kind", "cron")
    clock("2026-12-01 16:00")
    answer = ask("run", "--scheduled")
    assert (answer.code, entries(place)) == (0, ())
    assert "no start has come since the schedule was set up" in answer.err
    clock("2026-12-03 15:00")
    shown = ask("schedule", "show", "--json").json
    assert shown["missed"] == ["2026-12-01T18:00:00+00:00", "2026-12-02T18:00:00+00:00"]


def test_secrets_from_the_environment_are_told_by_name(place: Path, ask: Ask, tools: Tools) -> None:
    text = (place / "config.yaml").read_text(encoding="utf-8")
    text = text.replace(
        "account_set: {backend: sqlite, file: account-set.db}",
        "account_set: {backend: sqlserver, server: x, account: '001', login: u, password: {env: U8_WORD}}",
    )
    (place / "config.yaml").write_text(text + NIGHTLY, encoding="utf-8")
    answer = ask("schedule", "install", "--kind", "cron")
    assert answer.code == 0, answer.err
    assert "environmentvariables:U8_WORD" in answer.complaint


def test_what_is_shown_to_people_in_both_languages(place: Path, ask: Ask, tools: Tools, clock: SetClock) -> None:
    write(place, WINDOW)
    clock("2026-12-01 02:00")
    ask("run", "--scheduled")
    left = entries(place)[0]
    clock("2026-12-03 02:30")
    write_entry(place / "runs", left)
    english = ask("schedule", "show", "--kind", "cron").out
    for words in ("yes, until 2026-12-03 06:00", "2026-12-04 02:00", "answered by no run: 2026-12-02 02:00"):
        assert words in english
    chinese = ask("schedule", "show", "--kind", "cron", language="zh").out
    for words in ("可以，到 2026-12-03 06:00 为止", "时区", "没有运行响应：2026-12-02 02:00"):
        assert words in chinese
