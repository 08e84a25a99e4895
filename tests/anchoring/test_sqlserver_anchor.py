"""The table of checkpoints: who may write there, and what its owner can do behind our back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from anchor_site import AnchorSite, anchor_kind, anchor_site
from notes import KEY, ORIGIN, note
from sqlserver_site import PASSWORD

from u8sync.anchoring.publishing import publish_all
from u8sync.audit.checkpoint import Checkpoint, Note
from u8sync.backends.sqlserver.grants import anchor_script
from u8sync.errors import AuditError, FatalError, RefusedError

GOLDEN = Path(__file__).parent / "anchor.sql"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[AnchorSite]:
    with anchor_site(tmp_path) as site:
        yield site


def test_the_script_is_the_one_that_was_reviewed() -> None:
    script = anchor_script(server="192.0.2.20", database="AUDIT", table="u8sync.anchor", login="u8sync_anchor")
    assert script == GOLDEN.read_text(encoding="utf-8")


def test_it_gives_no_right_to_change_or_to_delete() -> None:
    script = anchor_script(server="s", database="d", table="a.b", login="ERP\\u8sync")
    assert re.findall(r"GRANT (\w+)", script) == ["SELECT", "INSERT"]
    assert "CREATE LOGIN [ERP\\u8sync] FROM WINDOWS;" in script
    assert "PASSWORD" not in script


def test_names_are_quoted_wherever_they_stand() -> None:
    script = anchor_script(server="s", database="a]b'c", table="a.b", login="o'brien]; DROP TABLE x--")
    outside = re.sub(r"\[(?:[^\]]|\]\])*\]|N'(?:[^']|'')*'", "", script.split("USE [master]", 1)[1])
    assert "DROP" not in outside
    assert "USE [a]]b'c];" in script


def test_for_windows_authentication_the_script_leaves_the_account_to_the_administrator() -> None:
    kind = anchor_kind()
    script = kind.grants(kind.options.model_validate({"server": "s", "database": "d"}))
    assert r"[DOMAIN\u8sync]" in script


def test_the_script_may_be_run_again(site: AnchorSite) -> None:
    site.anchor().publish(note(3))
    kind = anchor_kind()
    script = kind.grants(kind.options.model_validate(site.settings)).replace("<N'password'>", "N'x'")
    site.server.run_script(script, "master")
    assert list(site.anchor().newest(ORIGIN, 9)) == [note(3)]


def test_when_a_row_came_is_said_by_the_server(site: AnchorSite) -> None:
    site.anchor().publish(note(3))
    ((origin, size, at),) = site.run('SELECT origin, size, at FROM "u8sync.anchor"')
    assert (origin, size) == (ORIGIN, 3)
    assert re.match(r"\d{4}-\d\d-\d\d", str(at))


def test_a_login_that_may_delete_is_refused_and_so_is_what_it_holds(site: AnchorSite) -> None:
    site.server.add_login("owner", "Geheim#1", sysadmin=True)
    with pytest.raises(RefusedError) as caught:
        site.anchor(login="owner").publish(note(3))
    assert "the login may also UPDATE, DELETE, ALTER there" in str(caught.value)
    with pytest.raises(RefusedError):
        site.anchor(login="owner").newest(ORIGIN, 1)
    site.anchor(login="owner", allow_overprivileged="there is no other login").publish(note(3))
    assert list(site.anchor().newest(ORIGIN, 9)) == [note(3)]


def test_a_database_without_the_table_is_told(tmp_path: Path) -> None:
    with anchor_site(tmp_path, script=False) as site:
        site.server.add_login("u8sync_anchor", "Geheim#1", grants={"AUDIT": []})
        with pytest.raises(FatalError) as caught:
            site.anchor().publish(note(3))
        assert "the login has no right to SELECT, INSERT, or there is no such table" in str(caught.value)


def test_a_row_that_its_owner_changed_is_the_alarm(site: AnchorSite) -> None:
    site.anchor().publish(note(3))
    site.run('UPDATE "u8sync.anchor" SET note = ?', note(3, fork="x"))
    with pytest.raises(AuditError):
        site.anchor().publish(note(3))
    assert list(site.anchor().newest(ORIGIN, 9)) == [note(3, fork="x")]


def test_every_character_of_a_checkpoint_comes_back(site: AnchorSite) -> None:
    body = Checkpoint(ORIGIN, 3, bytes(32), "2026-11-24T12:03:15Z", "sqlserver|U8服务器\\实例|账套 '甲'|001|𠮷").body
    text = Note(body, (KEY.sign(body),)).text
    site.anchor().publish(text)
    assert list(site.anchor().newest(ORIGIN, 9)) == [text]


def test_a_password_that_is_nowhere_stops_no_run(
    site: AnchorSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(PASSWORD)
    (missed,) = publish_all([site.anchor()], [note(3)], tmp_path / "anchors")
    assert str(missed.message) == f"password: the environment variable {PASSWORD} is not set."


def test_a_wrong_password_is_sent_once(site: AnchorSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD, "falsch")
    (missed,) = publish_all([site.anchor()], [note(3), note(5)], tmp_path / "anchors")
    assert "falsch" not in f"{missed.message} {missed.hint}"
    assert site.server.failed_logins == ["u8sync_anchor"]
