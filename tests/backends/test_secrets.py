"""Secrets by reference: where they are found, which places are refused, and that no word about them shows them."""

from __future__ import annotations

import codecs
import logging
import os
import shlex
import stat
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail
from keyring.errors import KeyringLocked
from pydantic import BaseModel, ValidationError

from u8sync.backends.secrets import MAX_BYTES, KeyringEntry, SecretReference, resolve
from u8sync.errors import InputError
from u8sync.text import Message, english

CANARY = "kanarienvogel-7f3a"
ENTRY = KeyringEntry(service="u8sync", user="u8sync_reader")
HERE = Path()

posix_only = pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights or kinds of files")


class MemoryKeyring(KeyringBackend):
    """A keyring that forgets; ``locked`` makes it fail with the secret in its words."""

    priority = 1

    def __init__(self, *, locked: bool = False) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}
        self.locked = locked

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked(CANARY)
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password


@pytest.fixture
def use_keyring() -> Iterator[Callable[[KeyringBackend], None]]:
    """Makes a keyring the machine's; afterwards the old one is back."""
    before = keyring.get_keyring()
    yield keyring.set_keyring
    keyring.set_keyring(before)


@pytest.fixture
def kept(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file that is fit for a secret, or has another mode."""

    def write(data: bytes = CANARY.encode(), mode: int = 0o600) -> Path:
        path = tmp_path / "password.txt"
        path.write_bytes(data)
        path.chmod(mode)
        return path

    return write


def refusal(reference: SecretReference, base: Path = HERE) -> tuple[str, str]:
    """What is told, and the hint; nothing that belongs to the error may show the secret."""
    with pytest.raises(InputError) as caught:
        resolve(reference, base, key="password")
    error = caught.value
    assert isinstance(error.hint, Message)
    told, hint = str(error), english(error.hint)
    assert CANARY not in told + hint + repr(error) + repr(error.hint) + everything_a_traceback_can_show(error)
    return told, hint


def everything_a_traceback_can_show(error: BaseException) -> str:
    """The traceback of u8sync's own frames, with every local variable, and of every error behind it."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    assert trace is not None
    return "".join(traceback.TracebackException(type(error), error, trace, capture_locals=True).format())


# --- the environment ---


def test_a_secret_is_taken_from_the_environment_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("U8SYNC_PASSWORD", f" {CANARY} ")
    assert resolve(SecretReference(env="U8SYNC_PASSWORD"), HERE, key="password").get_secret_value() == f" {CANARY} "


@pytest.mark.parametrize("secret", ["¤", "q7x", "密码!"])
def test_a_secret_too_short_to_be_kept_out_of_a_text_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch,
    kept: Callable[..., Path],
    use_keyring: Callable[[KeyringBackend], None],
    secret: str,
) -> None:
    monkeypatch.setenv("U8SYNC_PASSWORD", secret)
    path = kept(secret.encode())
    ring = MemoryKeyring()
    ring.entries[ENTRY.service, ENTRY.user] = secret
    use_keyring(ring)
    for reference in (
        SecretReference(env="U8SYNC_PASSWORD"),
        SecretReference(file=str(path)),
        SecretReference(keyring=ENTRY),
    ):
        with pytest.raises(InputError, match="password: the secret has fewer than 4 characters") as raised:
            resolve(reference, HERE, key="password")
        assert secret not in f"{raised.value} {raised.value.hint}"
    monkeypatch.setenv("U8SYNC_PASSWORD", secret.ljust(4, "9"))
    assert resolve(SecretReference(env="U8SYNC_PASSWORD"), HERE, key="password").get_secret_value()


def test_a_variable_that_is_missing_or_empty_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("U8SYNC_PASSWORD", raising=False)
    told, hint = refusal(SecretReference(env="U8SYNC_PASSWORD"))
    assert told == "password: the environment variable U8SYNC_PASSWORD is not set."
    assert "scheduled task" in hint
    monkeypatch.setenv("U8SYNC_PASSWORD", "")
    assert refusal(SecretReference(env="U8SYNC_PASSWORD"))[0].endswith("U8SYNC_PASSWORD is empty.")


# --- a file ---


@pytest.mark.parametrize(
    ("data", "secret"),
    [
        pytest.param(b"p4ss", "p4ss", id="no newline"),
        pytest.param(b"p4ss\n", "p4ss", id="newline"),
        pytest.param(b"p4ss\r\n", "p4ss", id="Windows newline"),
        pytest.param(codecs.BOM_UTF8 + b"p4ss\r\n", "p4ss", id="byte order mark"),
        pytest.param(" 密 码 \n".encode(), " 密 码 ", id="blanks count"),
        pytest.param(b"x" * MAX_BYTES, "x" * MAX_BYTES, id="as long as can be"),
    ],
)
def test_the_one_line_of_a_file_is_the_secret(kept: Callable[..., Path], data: bytes, secret: str) -> None:
    path = kept(data)
    relative, absolute = SecretReference(file=path.name), SecretReference(file=str(path))
    assert resolve(relative, path.parent, key="password").get_secret_value() == secret
    assert resolve(absolute, HERE, key="password").get_secret_value() == secret


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(b"", "the file is empty", id="empty"),
        pytest.param(b"\n", "the file is empty", id="an empty line"),
        pytest.param(codecs.BOM_UTF8, "the file is empty", id="a byte order mark"),
        pytest.param(f"{CANARY}\nmore\n".encode(), "the file has more than one line", id="two lines"),
        pytest.param(f"{CANARY}\n\n".encode(), "the file has more than one line", id="an empty second line"),
        pytest.param(f"{CANARY}\rmore".encode(), "the file has more than one line", id="an old Mac's lines"),
        pytest.param(f"{CANARY}密码".encode("gbk"), "the file is not UTF-8 text", id="GBK"),
        pytest.param(CANARY.encode("utf-16"), "the file is not UTF-8 text", id="UTF-16"),
        pytest.param(CANARY.encode("utf-16-le"), "the file is not UTF-8 text", id="UTF-16 without its mark"),
        pytest.param(CANARY.encode() * 300, "the file is larger than 4 KiB", id="too long"),
    ],
)
def test_a_file_with_anything_but_one_line_is_refused(kept: Callable[..., Path], data: bytes, why: str) -> None:
    path = kept(data)
    assert refusal(SecretReference(file=path.name), path.parent)[0] == f"password: {path}: {why}."


def test_a_file_that_is_missing_is_told_with_its_whole_path(tmp_path: Path) -> None:
    told, hint = refusal(SecretReference(file="password.txt"), tmp_path)
    assert told.endswith("there is no such file.")
    assert str(tmp_path / "password.txt") in hint


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert refusal(SecretReference(file="."), tmp_path)[0].endswith("this is no regular file.")


@posix_only
def test_a_link_is_refused_wherever_it_leads(kept: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(kept())
    (tmp_path / "dangling").symlink_to("nowhere")
    for name in ("link", "dangling"):
        assert refusal(SecretReference(file=name), tmp_path)[0].endswith("this is no regular file.")


@posix_only
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert refusal(SecretReference(file="pipe"), tmp_path)[0].endswith("this is no regular file.")


@posix_only
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610, 0o777])
def test_a_file_that_is_open_to_others_is_refused_with_the_command_that_closes_it(
    kept: Callable[..., Path], mode: int
) -> None:
    path = kept(mode=mode)
    told, hint = refusal(SecretReference(file=path.name), path.parent)
    assert told.endswith(f"others may read or change the file (mode {mode:04o}).")
    subprocess.run(shlex.split(hint.removeprefix("Close it to them: ")), check=True)
    assert resolve(SecretReference(file=path.name), path.parent, key="password").get_secret_value() == CANARY


@posix_only
def test_a_file_that_nobody_may_write_is_taken(kept: Callable[..., Path]) -> None:
    path = kept(mode=0o400)
    assert resolve(SecretReference(file=path.name), path.parent, key="password").get_secret_value() == CANARY


@posix_only
def test_a_folder_that_everybody_may_write_is_refused_unless_it_is_sticky(
    kept: Callable[..., Path], tmp_path: Path
) -> None:
    reference = SecretReference(file=kept().name)
    tmp_path.chmod(0o777)
    told, hint = refusal(reference, tmp_path)
    assert told.endswith("everybody may replace the files of its folder.")
    assert hint.endswith(f"chmod o-w {shlex.quote(str(tmp_path))}")
    tmp_path.chmod(0o777 | stat.S_ISVTX)
    assert resolve(reference, tmp_path, key="password").get_secret_value() == CANARY


@posix_only
def test_a_file_of_another_user_is_refused(kept: Callable[..., Path]) -> None:
    path = kept()
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(path, 12345, -1)
    told, hint = refusal(SecretReference(file=path.name), path.parent)
    assert told.endswith("the file belongs to another user.")
    assert hint.endswith(f"chown USER {shlex.quote(str(path))}")


@posix_only
def test_a_file_that_may_not_be_read_is_told_without_a_traceback(kept: Callable[..., Path]) -> None:
    path = kept(mode=0)
    if os.geteuid() == 0:
        pytest.skip("root may read every file")
    assert "the file cannot be read" in refusal(SecretReference(file=path.name), path.parent)[0]


# --- the keyring ---


def test_a_secret_is_taken_from_the_keyring(use_keyring: Callable[[KeyringBackend], None]) -> None:
    use_keyring(MemoryKeyring())
    keyring.set_password("u8sync", "u8sync_reader", CANARY)
    assert resolve(SecretReference(keyring=ENTRY), HERE, key="password").get_secret_value() == CANARY


@pytest.mark.parametrize("value", [None, ""])
def test_an_entry_that_is_missing_or_empty_is_told_with_the_command_that_makes_it(
    use_keyring: Callable[[KeyringBackend], None], value: str | None
) -> None:
    use_keyring(MemoryKeyring())
    if value is not None:
        keyring.set_password("u8sync", "u8sync_reader", value)
    told, hint = refusal(SecretReference(keyring=ENTRY))
    assert told == "password: the keyring has no entry of service u8sync and user u8sync_reader."
    assert 'keyring set "u8sync" "u8sync_reader"' in hint
    assert "Windows Credential Manager" in hint


def test_a_keyring_that_fails_is_told_without_its_words(use_keyring: Callable[[KeyringBackend], None]) -> None:
    use_keyring(MemoryKeyring(locked=True))
    told, hint = refusal(SecretReference(keyring=ENTRY))
    assert told == "password: the keyring could not be read (KeyringLocked)."
    assert hint.startswith("Unlock it")


def test_a_machine_without_a_keyring_is_told(use_keyring: Callable[[KeyringBackend], None]) -> None:
    use_keyring(fail.Keyring())
    told, hint = refusal(SecretReference(keyring=ENTRY))
    assert told == "password: there is no keyring on this machine."
    assert "use env or file" in hint


def test_a_missing_library_is_told_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    told, hint = refusal(SecretReference(keyring=ENTRY))
    assert told == "password: the keyring needs a library that is not installed."
    assert hint.endswith('pip install "u8sync[keyring]"')


def test_the_library_is_imported_only_where_it_is_wanted() -> None:
    script = (
        "import sys; from pathlib import Path; from u8sync.backends.secrets import SecretReference, resolve;"
        "resolve(SecretReference(env='U8SYNC_PASSWORD'), Path(), key='password'); print('keyring' in sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "U8SYNC_PASSWORD": "long enough"},
        capture_output=True,
        text=True,
        check=True,
        encoding="utf-8",
    )
    assert answer.stdout.strip() == "False"


# --- references ---


@pytest.mark.parametrize(
    "reference",
    [
        {},
        {"env": "A", "file": "b"},
        {"env": "A", "keyring": {"service": "s", "user": "u"}},
        {"env": ""},
        {"env": CANARY},
        {"env": "1A"},
        {"file": ""},
        {"keyring": {"service": "s"}},
        {"keyring": {"service": "s", "user": ""}},
        {"keyring": CANARY},
        {"value": CANARY},
        CANARY,
        None,
    ],
)
def test_what_is_no_reference_is_refused_and_not_shown(reference: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        SecretReference.model_validate(reference)
    assert CANARY not in str(caught.value) + repr(caught.value)


class Options(BaseModel):
    """As a backend might hold it."""

    password: SecretReference


@pytest.mark.parametrize("way", ["env", "file", "keyring"])
def test_nothing_shows_a_secret_that_was_found(
    way: str,
    kept: Callable[..., Path],
    use_keyring: Callable[[KeyringBackend], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = kept()
    monkeypatch.setenv("U8SYNC_PASSWORD", CANARY)
    use_keyring(MemoryKeyring())
    keyring.set_password(ENTRY.service, ENTRY.user, CANARY)
    places = {"env": "U8SYNC_PASSWORD", "file": path.name, "keyring": ENTRY.model_dump()}
    options = Options.model_validate({"password": {way: places[way]}})
    with caplog.at_level(logging.DEBUG):
        secret = resolve(options.password, path.parent, key="password")
        logging.getLogger("u8sync").debug("%s %r %s %r", secret, secret, options, options)
    assert secret.get_secret_value() == CANARY
    assert caplog.text
    assert CANARY not in caplog.text + options.model_dump_json() + f"{secret} {secret!r}"
    with pytest.raises(ValidationError) as caught:
        Options.model_validate({"password": secret})
    assert CANARY not in str(caught.value)
