"""A password is planted, everything goes wrong, and no output has it: not raw, not coded, not in a traceback."""

from __future__ import annotations

import base64
import traceback
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import canary
import deaths
import odbc
import pytest
import yaml
from canary import WORD
from deaths import FileSite
from killing import Nursery
from sqlserver_site import PASSWORD, EmulatedSite, emulated_site
from tds.faults import Action, Drop, DropInResult, Fault, Phase, Raise, deadlock, lock_timeout, login_failed

from u8sync.cli.app import call

SEED_BYTES = 32
COMMANDS = (
    ("doctor",),
    ("doctor", "--json"),
    ("accounts",),
    ("grants", "--reader", "r", "--writer", "w"),
    ("plan", "--out", "plan.json", "--report", "plan.html"),
    ("--debug", "run", "--report", "night.html"),
    ("apply", "plan.json"),
    ("audit", "list"),
    ("audit", "verify"),
    ("explain", "00001"),
)

FAULTS: dict[str, tuple[Action, Phase, str] | None] = {
    "nothing": None,
    "refused login": (login_failed(), "login", ""),
    "link lost at the login": (Drop(), "login", ""),
    "link lost before the login": (Drop(reset=True), "prelogin", ""),
    "link lost under a result": (DropInResult(rows=2), "statement", r"TOP .*FROM \[Customer\]"),
    "link lost after an update": (Drop(executed=True), "statement", r"UPDATE \[Customer\]"),
    "link lost after a commit": (Drop(executed=True), "commit", ""),
    "deadlocks": (deadlock(), "statement", r"UPDATE \[Customer\]"),
    "a row that is locked": (lock_timeout(), "statement", r"UPDATE \[Customer\]"),
    "an error that nobody knows": (Raise(51234, "?"), "statement", r"UPDATE \[Customer\]"),
}


@dataclass(frozen=True)
class Place:
    """A home on a server whose password is the canary."""

    home: Path
    at: EmulatedSite


@pytest.fixture(params=odbc.DRIVERS)
def place(request: pytest.FixtureRequest, new_home: Path, tmp_path: Path) -> Iterator[Place]:
    home = FileSite(new_home, tmp_path / "homes").fresh()
    made = {"account_set": home / "account-set.db", "database": "UFDATA_999_2024"}
    with emulated_site(tmp_path / "server", request.param, **made) as at:
        at.server.add_login("canary", WORD, sysadmin=True)
        settings = yaml.safe_load((home / "config.yaml").read_text(encoding="utf-8"))
        settings["account_set"] = {"backend": "sqlserver", **at.options, "login": "canary", "login_timeout_s": 1}
        settings["retry"] = {"tries": 1, "budget_s": 1}
        (home / "config.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
        yield Place(home, at)
        at.wire.faults.clear()


def test_no_output_of_any_command_has_the_password_whatever_goes_wrong(place: Place, nursery: Nursery) -> None:
    codes = set()
    for name, fault in FAULTS.items():
        for words in COMMANDS if name in ("nothing", "refused login") else COMMANDS[4:7]:
            if fault is not None:
                action, phase, matching = fault
                place.at.wire.faults.add(Fault(action, phase, matching=matching, times=None))
            ended = nursery.run(place.home, *words, environment={PASSWORD: WORD})
            place.at.wire.faults.clear()
            codes.add(ended.code)
            assert ended.code is not None
            assert canary.hits(WORD, ended.out + ended.err) == [], (name, words)
    assert codes >= {0, 69}, "some commands went well, some did not"
    assert canary.hits_below(WORD, place.home) == []
    assert place.at.server.failed_logins == [], "the canary is the true password"


@pytest.mark.parametrize("how", ["file", "wrong"])
def test_a_password_from_a_file_and_a_wrong_one_stay_where_they_are(place: Place, nursery: Nursery, how: str) -> None:
    settings = yaml.safe_load((place.home / "config.yaml").read_text(encoding="utf-8"))
    secret = place.home.parent / "password.txt"
    word = WORD if how == "file" else f"{WORD}wrong"
    secret.write_text(word, encoding="utf-8")
    secret.chmod(0o600)
    settings["account_set"]["password"] = {"file": str(secret)}
    (place.home / "config.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    for words in COMMANDS[4:7]:
        ended = nursery.run(place.home, "--debug", *words)
        assert (ended.code in {0, 2, 5}) == (how == "file"), ended.err
        assert canary.hits(word, ended.out + ended.err) == []
    assert canary.hits_below(word, place.home) == []


def test_not_even_the_traceback_of_an_error_that_nobody_foresaw_has_it(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from sqlalchemy import event

    from u8sync.backends.sql import SqlBackend

    def boom(self: SqlBackend, *_: object) -> None:
        with self._connected() as connection:
            event.listen(connection, "before_cursor_execute", lambda *_: 1 / 0)
            connection.exec_driver_sql("SELECT 1")

    monkeypatch.setenv(PASSWORD, WORD)
    monkeypatch.setattr(SqlBackend, "customers", boom)
    monkeypatch.chdir(place.home)
    with pytest.raises(ZeroDivisionError) as raised:
        call(["plan"], language="en", debug=True)
    assert canary.hits(WORD, "".join(traceback.format_exception(raised.value))) == []
    assert call(["plan"], language="en") == 1
    said = capsys.readouterr()
    assert "Unexpected error" in said.err
    assert canary.hits(WORD, said.out + said.err) == []


def test_what_stands_in_the_environment_and_is_not_asked_for_stays_there(
    nursery: Nursery, new_home: Path, tmp_path: Path
) -> None:
    home = FileSite(new_home, tmp_path).fresh()
    ended = nursery.run(home, *deaths.RUN, environment={"SOME_TOKEN": WORD})
    assert ended.code == 0
    assert canary.hits(WORD, ended.out + ended.err) == []
    assert canary.hits_below(WORD, home) == []


def test_the_key_that_signs_stays_in_its_file(nursery: Nursery, new_home: Path, tmp_path: Path) -> None:
    home = FileSite(new_home, tmp_path).fresh()
    key = (home / "audit.key").read_text(encoding="utf-8").strip()
    secret = base64.b64decode(key.split("+", 4)[4])[1:]  # the text itself may hold a plus
    assert len(secret) == SEED_BYTES
    said = ""
    for words in (
        ("--debug", "run", "--report", "night.html"),
        ("audit", "verify", "--anchors"),
        ("audit", "list"),
        ("audit", "key", "show"),
        ("audit", "bundle", "--out", "evidence.zip"),
        ("doctor",),
        ("audit", "key", "rotate"),
    ):
        ended = nursery.run(home, *words)
        assert ended.code == 0, (words, ended.err)
        said += ended.out + ended.err
    kept = [path for path in home.rglob("*") if path.is_file() and not path.name.startswith("audit.key")]
    everything = [said.encode(), *(path.read_bytes() for path in kept)]
    with zipfile.ZipFile(home / "evidence.zip") as packed:
        everything += [packed.read(name) for name in packed.namelist()]
    for form in (secret, key.encode(), base64.b64encode(secret)[:-4], secret.hex().encode()):
        assert not [data for data in everything if form in data]


@pytest.mark.parametrize("form", sorted(canary.forms(WORD)))
def test_the_search_finds_every_form(form: str, tmp_path: Path) -> None:
    (tmp_path / "some.log").write_bytes(b"before " + canary.forms(WORD)[form] + b" after")
    assert any(hit.endswith(f": {form}") for hit in canary.hits_below(WORD, tmp_path))
