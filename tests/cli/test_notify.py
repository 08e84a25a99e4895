"""Notifications as the IT admin meets them: real runs, real sockets, the card on the other side."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_home import Ask, edit
from post_office import PostOffice, post_office

CONFIG = "config.yaml"


@pytest.fixture
def heard() -> Iterator[PostOffice]:
    with post_office() as office:
        yield office


@pytest.fixture
def told(fresh: Path, heard: PostOffice, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Before the first night; one target wants everything in Chinese."""
    shutil.rmtree(fresh / "runs")
    monkeypatch.setenv("U8SYNC_HOOK", heard.url("canary-0badcafe"))
    add(fresh, "notify: {site: 二厂, to: [{name: IT, url: {env: U8SYNC_HOOK}}]}")
    return fresh


def add(home: Path, section: str) -> None:
    config = home / CONFIG
    config.write_text(config.read_text(encoding="utf-8") + f"\n{section}\n", encoding="utf-8")


def replace(home: Path, old: str, new: str) -> None:
    config = home / CONFIG
    text = config.read_text(encoding="utf-8")
    assert old in text
    config.write_text(text.replace(old, new), encoding="utf-8")


def titles(heard: PostOffice) -> list[str]:
    return [letter["title"] for letter in heard.taken]


def test_every_run_sends_its_card(told: Path, heard: PostOffice, ask: Ask) -> None:
    result = ask("run", "--json")
    assert result.code == 0
    (body,) = heard.taken
    assert body["title"].startswith("u8sync 二厂 999")
    assert body["title"].endswith("一切正常")
    assert f"已写入：{result.json['planned']:,} 项更改" in body["message"]
    assert result.json["audit"]["head"][:12] in body["message"]


def test_a_customer_that_ended_the_run_is_named_on_the_site_and_not_on_the_card(
    told: Path, heard: PostOffice, ask: Ask
) -> None:
    edit(
        told,
        "CREATE TRIGGER meddler AFTER UPDATE OF cCusDefine5 ON Customer WHEN new.cCusDefine5 <> 'X' BEGIN"
        " UPDATE Customer SET cCusDefine5 = 'X' WHERE cCusCode = new.cCusCode; END",
    )
    night = ask("run")
    (code,) = re.findall(r"of customer (\S+) does not keep", " ".join(night.err.split()))
    (body,) = heard.taken
    assert "未能保留写入的值" in body["message"]
    assert code not in body["title"] + body["message"]
    assert code in ask("runs", "show", "last").out


def test_a_blocked_night_is_told_and_so_is_the_end_of_it(told: Path, heard: PostOffice, ask: Ask) -> None:
    ask("run")
    replace(told, "as_of: 2026-10-31", "as_of: 2026-09-30")
    replace(told, "share_changed: 20", "share_changed: 1")
    assert ask("run").code == 4
    assert ask("run").code == 4
    replace(told, "share_changed: 1", "share_changed: 20")
    assert ask("run").code == 0
    assert [title.rpartition("：")[2] for title in titles(heard)] == [
        "一切正常",
        "被安全检查拦下，未写入",
        "被安全检查拦下，未写入",
        "已恢复正常",
    ]


def test_who_wants_alerts_alone_hears_once_of_each_trouble_and_once_of_its_end(
    told: Path, heard: PostOffice, ask: Ask
) -> None:
    replace(told, "{env: U8SYNC_HOOK}}", "{env: U8SYNC_HOOK}, cards: false}")
    ask("run")
    assert heard.taken == []
    (told / "account-set.db").rename(told / "gone.db")
    for _ in range(3):
        assert ask("run").code == 69
    (told / "gone.db").rename(told / "account-set.db")
    ask("run")
    ask("run")
    assert [title.rpartition("：")[2] for title in titles(heard)] == ["失败", "已恢复正常"]


def test_an_alert_that_did_not_get_out_is_sent_by_the_next_run(told: Path, heard: PostOffice, ask: Ask) -> None:
    replace(told, "{env: U8SYNC_HOOK}}", "{env: U8SYNC_HOOK}, cards: false}")
    (told / "account-set.db").unlink()
    heard.answers[:] = [503]
    answer = ask("run")
    assert answer.code == 69
    assert "Notification to IT" in answer.err
    ask("run")
    ask("run")
    assert len(heard.taken) == 2, "one that was refused, one that was taken"


def test_a_card_that_did_not_get_out_is_a_trouble_and_nothing_else(told: Path, heard: PostOffice, ask: Ask) -> None:
    heard.answers[:] = [500]
    answer = ask("run", "--json")
    assert answer.code == 2
    assert answer.json["totals"]["applied"] == answer.json["planned"] > 0
    assert "500" in answer.err
    (run,) = (told / "runs").glob("*/run.json")
    entry = json.loads(run.read_text(encoding="utf-8"))
    assert entry["exit_code"] == 2
    assert "IT" in entry["troubles"][0]["en"]
    assert "canary-0badcafe" not in answer.err + run.read_text(encoding="utf-8")


def test_quiet_nights_need_no_card_where_the_site_says_so(told: Path, heard: PostOffice, ask: Ask) -> None:
    replace(told, "site: 二厂,", "site: 二厂, cards: changes,")
    ask("run")
    ask("run")
    assert len(heard.taken) == 1


def test_an_address_that_is_not_there_is_a_trouble(told: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("U8SYNC_HOOK")
    answer = ask("run")
    assert answer.code == 2
    assert "U8SYNC_HOOK" in answer.err


def test_a_broken_mapping_is_told(told: Path, heard: PostOffice, ask: Ask) -> None:
    mapping = told / "mappings/customer.yaml"
    mapping.write_text(mapping.read_text(encoding="utf-8").replace("version: 1", "version: 9"), encoding="utf-8")
    assert ask("run").code == 65
    assert titles(heard)[0].endswith("失败")


def test_try_it_out(told: Path, heard: PostOffice, ask: Ask) -> None:
    assert ask("notify", "test").out.strip() == "IT: sent"
    (body,) = heard.taken
    assert "这是测试" in body["message"]
    heard.answers[:] = [404]
    answer = ask("notify", "test")
    assert answer.code == 2
    assert "404" in answer.out
    assert ask("notify", "test", "--to", "nobody").code == 65


def test_see_what_would_be_told(told: Path, heard: PostOffice, ask: Ask) -> None:
    assert ask("notify", "show").code == 65
    ask("run")
    heard.taken.clear()
    shown = ask("notify", "show").out
    assert "To IT:" in shown
    assert "一切正常" in shown
    assert heard.taken == []


def test_without_targets_there_is_nothing_to_try(home: Path, ask: Ask) -> None:
    answer = ask("notify", "test")
    assert answer.code == 65
    assert "names nobody to tell" in answer.err


@pytest.mark.parametrize(
    ("section", "complaint"),
    [
        ("notify: {to: []}", "to"),
        ("notify: {to: [{name: IT, url: json://x/canary}]}", "url"),
        ("notify: {to: [{name: IT, url: {env: A, file: B}}]}", "exactly one of env, file and keyring"),
        ("notify: {to: [{name: IT, url: {env: A-B}}]}", "not the name of an environment variable"),
        ("notify: {to: [{name: IT, url: {env: A}, cards: false, alerts: false}]}", "would get nothing"),
        ("notify: {to: [{name: IT, url: {env: A}}, {name: IT, url: {env: B}}]}", "the same name"),
    ],
)
def test_a_section_that_cannot_be_is_told_with_its_line(home: Path, ask: Ask, section: str, complaint: str) -> None:
    add(home, section)
    for words in (("run",), ("notify", "test")):
        answer = ask(*words)
        assert answer.code == 65
        assert complaint in answer.err
        assert "config.yaml:" in answer.err
