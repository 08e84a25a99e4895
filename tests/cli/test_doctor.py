"""``doctor``, ``accounts`` and ``grants`` on an embedded account set: what is found is told, and nothing is changed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cli_home import Answer, Ask, edit

from u8sync.audit.health import examine_log
from u8sync.audit.key_store import FileStore
from u8sync.audit.store import open_log
from u8sync.bootstrap import read_key
from u8sync.domain.model import AccountSet
from u8sync.engine.doctor import check_zone
from u8sync.report.no_progress import NoProgress

SHANGHAI = "Asia/Shanghai"


def state_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def statuses(answer: Answer) -> dict[str, str]:
    return {check["topic"]: check["status"] for check in answer.json["checks"]}


def found(answer: Answer, topic: str) -> list[dict[str, Any]]:
    return [check for check in answer.json["checks"] if check["topic"] == topic]


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_sound_installation_has_no_failure_and_is_left_as_it_is(home: Path, ask: Ask) -> None:
    before = state_of(home)
    answer = ask("doctor")
    assert answer.code == 0
    assert "+ ok  Configuration: config.yaml: 10 fields" in answer.out
    assert "Account set: 999 u8sync 演示账套, database UFDATA_999_" in answer.out
    assert "All 10 columns of the customer archive are there." in answer.out
    assert "Values of cCusDefine5: One of 4 values: VIP, 一般, 潜在, 重要" in answer.out
    assert "with exit code 0" in answer.out
    assert "0 failure(s). Nothing was written." in answer.out
    assert state_of(home) == before


def test_the_same_in_chinese(home: Path, ask: Ask) -> None:
    answer = ask("doctor", language="zh")
    assert answer.code == 0
    assert "+ 通过  配置: config.yaml：" in answer.out
    assert "0 项失败。未写入任何内容。" in answer.out


def test_json_has_every_check_with_its_status(home: Path, ask: Ask) -> None:
    answer = ask("doctor", "--json")
    assert answer.json["ok"] is True
    assert statuses(answer) == {
        "Configuration": "ok",
        "Clock": "ok",
        "File": "ok",
        "Content of the file": "ok",
        "Account set": "ok",
        "Mapping": "ok",
        "Values of cCusDefine5": "ok",
        "Audit log": "ok",
        "Disk of the audit log": "ok",
        "Last run": "ok",
    }


def test_before_the_first_run_the_audit_folder_is_named_and_not_made(fresh: Path, ask: Ask) -> None:
    answer = ask("doctor", "--json")
    assert answer.code == 0
    assert "is not there yet" in found(answer, "Audit log")[0]["found"]
    assert "Last run" not in statuses(answer)
    assert not (fresh / "audit").exists()


def test_each_problem_of_the_mapping_is_a_failure_of_its_own_with_its_line(home: Path, ask: Ask) -> None:
    mapping = home / "mappings" / "customer.yaml"
    replace(mapping, "sql: cDCCode", "sql: cCusPhone")
    replace(mapping, "sql: cCusDefine5", "sql: cCusDefine7")
    answer = ask("doctor", "--json")
    assert answer.code == 69
    assert answer.json["ok"] is False
    region, tier = found(answer, "Mapping")
    assert "customer.yaml:" in region["found"]
    assert "no readable column 'cCusPhone'" in region["found"]
    assert "does not let u8sync write the column 'cCusDefine7'" in tier["found"]
    assert "Set the self-defined item up in U8" in tier["hint"]
    # What has nothing to do with it is looked at all the same.
    assert statuses(answer)["Last run"] == "ok"
    assert "x failure  Mapping" in ask("doctor").out


@pytest.mark.parametrize(
    ("spoil", "topic", "words"),
    [
        pytest.param(lambda path: path.unlink(), "Way into U8", "There is no file", id="missing"),
        pytest.param(
            lambda path: path.write_bytes(b"this is no database" * 100),
            "Content of the file",
            "file is not a database",
            id="no database",
        ),
        pytest.param(
            lambda path: path.write_bytes(path.read_bytes()[:500_000]), "Content of the file", "Damaged", id="cut off"
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_a_failure_and_the_audit_log_is_still_looked_at(
    home: Path, ask: Ask, spoil: Any, topic: str, words: str
) -> None:
    spoil(home / "account-set.db")
    answer = ask("doctor", "--json")
    assert answer.code == 69
    assert words in found(answer, topic)[0]["found"]
    assert statuses(answer)["Audit log"] == "ok"


def test_an_item_that_lost_its_caption_in_u8_is_told_before_a_run_trips_over_it(home: Path, ask: Ask) -> None:
    edit(home, "UPDATE UserDef_Base SET cItemName = '' WHERE cID = '66'")
    assert ask("doctor").code == 69
    edit(home, "UPDATE UserDef_Base SET cItemName = '推荐等级', bArchive = 0, iLength = 30 WHERE cID = '66'")
    answer = ask("doctor", "--json")
    assert answer.code == 0
    assert found(answer, "Values of cCusDefine5")[0]["found"] == "Any text of at most 30 characters."


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs files that may not be written; root may")
def test_what_may_not_be_written_is_a_failure(home: Path, ask: Ask) -> None:
    log = next(home.glob("audit/*"))
    for path, mode in ((log, 0o500), (home / "account-set.db", 0o400)):
        path.chmod(mode)
    answer = ask("doctor", "--json")
    for path in (log, home / "account-set.db"):
        path.chmod(0o700)
    assert answer.code == 69
    assert found(answer, "Audit log")[0]["status"] == "failure"
    assert found(answer, "Writing to the file")[0]["status"] == "failure"


def test_an_audit_folder_that_is_a_file_is_a_failure(fresh: Path, ask: Ask) -> None:
    (fresh / "audit").write_text("x", encoding="utf-8")
    answer = ask("doctor", "--json")
    assert answer.code == 69
    assert "cannot be written" in found(answer, "Audit log")[0]["found"]


def test_a_bad_configuration_ends_as_everywhere(home: Path, ask: Ask) -> None:
    replace(home / "config.yaml", "timezone:", "time_zone:")
    for command in ("doctor", "accounts", "grants"):
        answer = ask(command)
        assert answer.code == 65
        assert "unknown key 'time_zone'" in answer.err


def test_a_run_at_work_is_named_with_its_process(home: Path, ask: Ask) -> None:
    with held_log(home):
        answer = ask("doctor", "--json")
    assert answer.code == 0
    assert "process 4711 on night" in found(answer, "Writer's lock")[0]["found"]
    # The log's last record is that of the run at work: no reason to worry.
    assert found(answer, "Last run")[0]["status"] == "ok"


def test_a_run_that_died_is_a_warning_and_its_log_stays_free_for_the_next(home: Path, ask: Ask) -> None:
    with held_log(home) as log:
        log.append("run_open", {})
        log.commit()
    answer = ask("doctor", "--json")
    assert answer.code == 0
    last = found(answer, "Last run")[0]
    assert last["status"] == "warning"
    assert "Run died has not ended" in last["found"]
    assert "Writer's lock" not in statuses(answer)
    with held_log(home):
        pass


def test_a_log_whose_last_record_is_spoilt_is_a_failure(home: Path, ask: Ask) -> None:
    segment = next(home.glob("audit/*/seg-*.jsonl"))
    segment.write_bytes(segment.read_bytes()[:-20] + b'"x"\n')
    answer = ask("doctor", "--json")
    assert answer.code == 69
    assert "cannot be read" in found(answer, "Last run")[0]["found"]


@contextmanager
def held_log(home: Path) -> Iterator[Any]:
    """The audit log of the home, held by another process as far as it says."""
    log = open_log(
        home / "audit",
        the_account_set(home),
        run_id="died",
        clock=At(datetime.fromisoformat("2026-11-24T01:00:00+00:00")),
        host="night",
        pid=4711,
        progress=NoProgress(),
        signer=read_key(FileStore(home / "audit.key")),
    )
    try:
        yield log
    finally:
        log.close()


def the_account_set(home: Path) -> AccountSet:
    from u8sync import bootstrap

    with bootstrap.open_backend(bootstrap.load(home / "config.yaml"), writing=False) as backend:
        return backend.account_set()


class At:
    """A clock that stands."""

    def __init__(self, instant: datetime) -> None:
        self.instant = instant

    def now(self) -> datetime:
        return self.instant


def test_a_record_of_the_future_tells_of_a_clock_that_went_back(home: Path) -> None:
    earlier = At(datetime.fromisoformat("2020-01-01T00:00:00+00:00"))
    checks = {str(check.topic): check for check in examine_log(home / "audit", the_account_set(home), earlier)}
    assert checks["Last run"].status == "warning"
    assert "check this machine's clock" in str(checks["Last run"].hint)


@pytest.mark.parametrize(("enough", "status"), [(1, "ok"), (1 << 62, "warning")])
def test_little_room_is_a_warning(home: Path, enough: int, status: str) -> None:
    now = At(datetime.fromisoformat("2026-11-24T01:00:00+00:00"))
    checks = {str(check.topic): check for check in examine_log(home / "audit", None, now, enough=enough)}
    assert checks["Disk of the audit log"].status == status


@pytest.mark.parametrize(
    ("here", "status"),
    [
        pytest.param("2026-11-24T09:00:00+08:00", "ok", id="the same hours"),
        pytest.param("2026-11-24T01:00:00+00:00", "ok", id="a machine that keeps UTC"),
        pytest.param("2026-11-23T20:00:00-05:00", "warning", id="another zone"),
    ],
)
def test_a_machine_in_another_time_zone_is_a_warning(here: str, status: str) -> None:
    check = check_zone(SHANGHAI, datetime.fromisoformat(here))
    assert check.status == status
    assert "2026-11-24 09:00 in Asia/Shanghai" in str(check.found)
    assert (check.hint is None) == (status == "ok")


def test_accounts_of_an_embedded_account_set_are_the_one(home: Path, ask: Ask) -> None:
    answer = ask("accounts")
    assert answer.code == 0
    assert "999" in answer.out
    assert "UFDATA_999_" in answer.out
    listed = ask("accounts", "--json").json
    assert [one["code"] for one in listed] == ["999"]


def test_accounts_need_neither_mapping_nor_policy(home: Path, ask: Ask) -> None:
    shutil.rmtree(home / "mappings")
    assert ask("accounts").code == 0


def test_there_is_nothing_to_grant_on_a_file(home: Path, ask: Ask) -> None:
    answer = ask("grants")
    assert answer.code == 65
    assert "named sqlite knows no logins" in answer.err


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 129])
def test_a_name_that_no_login_has_is_refused(home: Path, ask: Ask, name: str) -> None:
    answer = ask("grants", "--reader", name)
    assert answer.code == 65
    assert "is no name of a login" in answer.err


def test_what_json_says_is_plain_english_whatever_the_language(home: Path, ask: Ask) -> None:
    chinese = ask("doctor", "--json", language="zh")
    assert json.loads(chinese.out)["checks"][0]["topic"] == "Configuration"


def test_fiscal_periods_are_looked_at_where_the_window_depends_on_them(home: Path, ask: Ask) -> None:
    assert found(ask("doctor", "--json"), "Fiscal periods") == []
    replace(home / "mappings" / "tiers.yaml", "window: {months: 12}", "window: {fiscal_year: last}")
    [check] = found(ask("doctor", "--json"), "Fiscal periods")
    assert check["status"] == "ok"
    assert check["found"].endswith("-12-31")
    edit(home, "DELETE FROM UA_Period")
    [check] = found(ask("doctor", "--json"), "Fiscal periods")
    assert check["status"] == "warning"
    assert "calendar months and years" in check["found"]
