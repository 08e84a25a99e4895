"""``init`` against a SQL Server and an OpenAPI over the wire; the password is a canary that may show nowhere."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keyring
import pytest
import yaml
from canary import WORD, hits, hits_below
from cli_home import Answer, Ask
from openapi_home import small_account_set
from setup_person import Person, sits_there
from sqlserver_site import EmulatedSite, emulated_site
from tds.certificates import Tls, make_certificates

from u8sync.errors import ExitCode
from u8sync.sandbox.openapi.server import OpenApiServer

REASON = "a test on one machine"
DATABASE = "UFDATA_999_2026"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "客户 分级"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("U8SYNC_PASSWORD", raising=False)
    return folder


@pytest.fixture
def site(tmp_path: Path) -> Iterator[EmulatedSite]:
    with emulated_site(tmp_path / "server", "freetds", account_set=small_account_set(), database=DATABASE) as made:
        _add_login(made)
        yield made


def _add_login(site: EmulatedSite) -> None:
    """The login of the administrator, with a password that is easy to find again."""
    site.server.add_login("u8sync_w", WORD, sysadmin=True)


def options(site: EmulatedSite, *more: str) -> list[str]:
    """What a script says; everything but the secret."""
    return [
        "--yes",
        *("--backend", "sqlserver", "--server", f"127.0.0.1,{site.wire.port}", "--login", "u8sync_w"),
        *("--driver", str(site.options["driver"]), "--as-of", "2026-10-31", "--account", "999"),
        *("--tier-column", "cCusDefine5"),
        *more,
    ]


def in_the_open(*more: str) -> tuple[str, ...]:
    return ("--no-encryption", "--insecure-reason", REASON, *more)


def told(here: Path) -> Any:
    return yaml.safe_load((here / "config.yaml").read_text(encoding="utf-8"))["account_set"]


def silent(answer: Answer, here: Path, *but: Path) -> None:
    """Hold that the secret is nowhere but where it belongs."""
    assert not hits(WORD, answer.out + answer.err)
    kept = {path: path.read_bytes() for path in but}
    for path in but:
        path.unlink()
    assert not hits_below(WORD, here)
    for path, data in kept.items():
        path.write_bytes(data)
        path.chmod(0o600)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_person_answers_and_the_password_goes_into_a_file_of_its_own(
    ask: Ask, here: Path, site: EmulatedSite, monkeypatch: pytest.MonkeyPatch, language: Any
) -> None:
    server = f"127.0.0.1,{site.wire.port}"
    person = Person(
        *("2", server, "1", "u8sync_w"),  # the way
        *("file", ""),  # the secret's place
        *("2026-10-31", "", "logs", "no"),
        *(WORD, "none", REASON),  # the password; then the server turns out to have no encryption
        "",  # the only account set
        "cCusDefine5",
    )
    sits_there(monkeypatch, person)
    answer = ask("init", "--driver", site.options["driver"], language=language)

    # The login may do everything, and 'doctor' says so: the files are there all the same.
    assert answer.code == ExitCode.UNREACHABLE, answer.err
    assert person.lines == []
    assert told(here) == {
        "backend": "sqlserver",
        "server": "127.0.0.1",
        "port": site.wire.port,
        "account": "999",
        "login": "u8sync_w",
        "password": {"file": "password.txt"},
        "driver": site.options["driver"],
        "encrypt": "no",
        "insecure_reason": REASON,
    }
    secret = here / "password.txt"
    assert secret.read_text(encoding="utf-8") == f"{WORD}\n"
    if os.name != "nt":
        assert secret.stat().st_mode & 0o777 == 0o600
    silent(answer, here, secret)
    assert ask("plan").code == ExitCode.PENDING
    assert site.server.failed_logins == []


def test_a_script_needs_no_person_when_the_secret_is_in_its_place(
    ask: Ask, here: Path, site: EmulatedSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("U8SYNC_NIGHT", WORD)
    answer = ask("init", *options(site, "--password-env", "U8SYNC_NIGHT", *in_the_open()))
    assert answer.code == ExitCode.UNREACHABLE, answer.err
    assert told(here)["password"] == {"env": "U8SYNC_NIGHT"}
    silent(answer, here)

    (here / "password.txt").write_text(f"{WORD}\n", encoding="utf-8")
    (here / "password.txt").chmod(0o600)
    answer = ask("init", "--force", *options(site, "--password-file", "password.txt", *in_the_open()))
    assert answer.code == ExitCode.UNREACHABLE, answer.err
    silent(answer, here, here / "password.txt")


@pytest.mark.parametrize("place", ["--password-env", "--password-file", "--password-keyring"])
def test_a_script_without_the_secret_is_told_where_to_put_it(
    ask: Ask, here: Path, site: EmulatedSite, place: str
) -> None:
    answer = ask("init", *options(site, place, "U8SYNC_NIGHT"))
    assert answer.code == ExitCode.BAD_INPUT
    assert "before" in answer.err
    assert list(here.iterdir()) == []
    assert site.server.sessions == ()


class Ring(keyring.backend.KeyringBackend):
    """A keyring for the length of a test."""

    priority = 1  # type: ignore[assignment]  # a class property in the library

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.held[service, username]


@pytest.fixture
def ring() -> Iterator[Ring]:
    before = keyring.get_keyring()
    made = Ring()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


def test_the_keyring_gets_the_password_and_gives_it_back_when_no_file_can_be_written(
    ask: Ask, here: Path, site: EmulatedSite, monkeypatch: pytest.MonkeyPatch, ring: Ring
) -> None:
    words = options(site, "--password-keyring", "u8sync", *in_the_open())
    sits_there(monkeypatch, Person(WORD))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", _full)
        assert ask("init", *words).code == ExitCode.BAD_INPUT
    assert ring.held == {}
    assert list(here.iterdir()) == []

    sits_there(monkeypatch, Person(WORD))
    answer = ask("init", *words)
    assert answer.code == ExitCode.UNREACHABLE, answer.err
    assert ring.held == {("u8sync", "u8sync_w"): WORD}
    silent(answer, here)


def _full(path: Path, target: Path) -> Path:
    raise OSError(28, "No space left on device", str(target))


def test_a_wrong_password_is_asked_for_twice_more_and_never_tried_again_by_itself(
    ask: Ask, here: Path, site: EmulatedSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = Person("wrong-1", "wrong-2", "wrong-3", WORD)
    sits_there(monkeypatch, person)
    answer = ask("init", *options(site, "--password-file", "password.txt", *in_the_open()))

    assert answer.code == ExitCode.UNREACHABLE
    assert "the login was refused" in answer.err
    assert person.lines == [WORD]
    assert site.server.failed_logins == ["u8sync_w"] * 3
    assert [path.name for path in here.iterdir()] == [".u8sync-init.json"]
    assert not any(hits_below(f"wrong-{number}", here) for number in (1, 2, 3))


def test_a_password_that_nobody_typed_is_tried_once(
    ask: Ask, here: Path, site: EmulatedSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("U8SYNC_NIGHT", "wrong-1")
    sits_there(monkeypatch, Person())
    answer = ask("init", *options(site, "--password-env", "U8SYNC_NIGHT", *in_the_open()))
    assert answer.code == ExitCode.UNREACHABLE
    assert site.server.failed_logins == ["u8sync_w"]


def test_a_locked_login_is_not_tried_with_another_password(
    ask: Ask, here: Path, site: EmulatedSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.server.rights.accounts["u8sync_w"].locked = True
    person = Person(WORD, "another")
    sits_there(monkeypatch, person)
    answer = ask("init", *options(site, "--password-file", "password.txt", *in_the_open()))
    assert answer.code == ExitCode.UNREACHABLE
    assert person.lines == ["another"]


def test_the_second_try_begins_with_the_answers_of_the_first(
    ask: Ask, here: Path, site: EmulatedSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = ("2", "127.0.0.1,1", "1", "u8sync_w", "file", "")
    sits_there(monkeypatch, Person(*way, "2026-10-31", "", "logs", "no", WORD))
    answer = ask("init", "--driver", site.options["driver"], *in_the_open())
    assert answer.code == ExitCode.TEMPORARY, answer.err
    assert "Run'u8syncinit'again" in answer.complaint
    kept = json.loads((here / ".u8sync-init.json").read_text(encoding="utf-8"))
    assert kept["login"] == "u8sync_w"
    silent(answer, here)

    server = f"127.0.0.1,{site.wire.port}"
    person = Person("", server, "", "", "", "", "", "", "", "", WORD, "", "cCusDefine5")
    sits_there(monkeypatch, person)
    answer = ask("init", "--driver", site.options["driver"], *in_the_open())
    assert answer.code == ExitCode.UNREACHABLE, answer.err
    assert person.prompts[:5] == ["[sqlserver] > ", "[127.0.0.1,1] > ", "[login] > ", "[u8sync_w] > ", "[file] > "]
    assert person.prompts[6:10] == ["[2026-10-31] > ", "[Asia/Shanghai] > ", "[logs] > ", "[no] > "]
    assert not (here / ".u8sync-init.json").exists()


@pytest.mark.parametrize("answered", range(5))
def test_who_leaves_once_u8_is_reached_leaves_nothing_behind(
    ask: Ask, here: Path, site: EmulatedSite, monkeypatch: pytest.MonkeyPatch, answered: int
) -> None:
    words = [word for word in options(site, "--password-file", "password.txt") if word != "--yes"]
    at = words.index("--account")
    del words[at : at + 4]
    rest = ("--timezone", "Asia/Shanghai", "--audit-folder", "logs", "--no-sign")
    person = Person(*[WORD, "none", REASON, "999"][:answered], KeyboardInterrupt)
    sits_there(monkeypatch, person)
    answer = ask("init", *words, *rest)
    assert answer.code == ExitCode.TEMPORARY
    assert person.lines == []
    assert list(here.iterdir()) == []
    assert "U8SYNC_INIT_SECRET" not in os.environ


def test_a_server_without_account_sets_says_so(
    ask: Ask, here: Path, site: EmulatedSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site.server.back_door("UFSystem") as door:
        door.execute("DELETE FROM UA_AccountDatabase")
    monkeypatch.setenv("U8SYNC_NIGHT", WORD)
    answer = ask("init", *options(site, "--password-env", "U8SYNC_NIGHT", *in_the_open()))
    assert answer.code == ExitCode.UNREACHABLE
    assert "accountset" in answer.complaint


def test_an_account_set_that_is_not_there_is_told_with_those_that_are(
    ask: Ask, here: Path, site: EmulatedSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("U8SYNC_NIGHT", WORD)
    words = [("001" if word == "999" else word) for word in options(site, "--password-env", "U8SYNC_NIGHT")]
    answer = ask("init", *words, *in_the_open())
    assert answer.code == ExitCode.BAD_INPUT
    assert "the answers are: 999" in answer.err
    assert list(here.iterdir()) == []


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[EmulatedSite]:
    """A server with a certificate that nobody vouches for."""
    tls = Tls(make_certificates(tmp_path))
    small = small_account_set()
    with emulated_site(tmp_path / "tls", "msodbcsql", account_set=small, database=DATABASE, tls=tls) as made:
        _add_login(made)
        yield made


def at_choice(ask: Ask, site: EmulatedSite) -> Answer:
    words = options(site, "--password-file", "password.txt", "--timezone", "Asia/Shanghai")
    return ask("init", *[word for word in words if word != "--yes"], "--audit-folder", "logs", "--no-sign")


def test_a_certificate_that_nobody_vouches_for_may_be_trusted_with_a_reason(
    ask: Ask, here: Path, encrypted: EmulatedSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    sits_there(monkeypatch, Person(WORD, "trust", "short", REASON))
    answer = at_choice(ask, encrypted)
    assert answer.code == ExitCode.UNREACHABLE
    assert "at least 8 characters are needed" in answer.out
    assert told(here)["trust_server_certificate"] is True
    assert told(here)["insecure_reason"] == REASON
    assert "encrypt" not in told(here)


def test_who_does_not_trust_the_certificate_stops_there(
    ask: Ask, here: Path, encrypted: EmulatedSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = Person(WORD, "stop", REASON)
    sits_there(monkeypatch, person)
    answer = at_choice(ask, encrypted)
    assert answer.code == ExitCode.UNREACHABLE
    assert "certificateisnottrusted" in answer.complaint
    assert person.lines == [REASON]
    assert files_of(here) == [".u8sync-init.json"]
    assert encrypted.server.sessions == ()


def files_of(here: Path) -> list[str]:
    return sorted(path.name for path in here.iterdir())


# --- OpenAPI ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[OpenApiServer]:
    copy = tmp_path / "account-set.db"
    copy.write_bytes(small_account_set().read_bytes())
    with OpenApiServer(copy) as server:
        yield server


def api_options(server: OpenApiServer, *more: str) -> list[str]:
    known = server.credentials
    return [
        *("--yes", "--backend", "openapi", "--url", server.url, "--from-account", known.from_account),
        *("--to-account", known.to_account, "--app-key", known.app_key, "--as-of", "2026-10-31"),
        *more,
    ]


def test_the_openapi_is_reached_with_a_typed_secret(
    ask: Ask, here: Path, gateway: OpenApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = gateway.credentials.app_secret
    person = Person("not-the-secret", secret)
    sits_there(monkeypatch, person)
    answer = ask("init", *api_options(gateway))

    assert answer.code == 0, answer.err + answer.out
    assert person.lines == []
    assert told(here)["app_secret"] == {"file": "app-secret.txt"}
    assert told(here)["items"] == {"self_define5": {"length": 60}}
    assert (here / "app-secret.txt").read_text(encoding="utf-8").strip() == secret
    assert secret not in answer.out + answer.err
    assert not gateway.edits
    kept = [path for path in here.rglob("*") if path.is_file() and path.name != "app-secret.txt"]
    assert not any(secret.encode() in path.read_bytes() for path in kept)
