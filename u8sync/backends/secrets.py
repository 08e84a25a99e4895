"""Secrets by reference: a configuration says where a password is kept, and never what it is.

What lives here: the three places (environment, file, keyring) and what makes each of them fit to be trusted. What does
not: the refusal of a secret that stands in the configuration itself; the configuration's own room does that.

The idea: an error is made where the secret may be known and raised where it is not, so no traceback can reach it, not
even one that shows local variables.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    model_validator,
)

from u8sync.errors import InputError
from u8sync.text import Message, msg

__all__ = ["SHORTEST", "KeyringEntry", "SecretReference", "referred", "resolve"]

SHORTEST: Final = 4
"""Characters of the shortest secret that is taken: a shorter one is found in every text by chance, so that nobody could
keep it out of logs and messages."""

MAX_BYTES: Final = 4096
"""Largest file that is read; more than any password or token needs."""


def _variable(value: str) -> str:
    # The text is not shown: people have put the password itself here.
    if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", value):
        raise ValueError(
            msg("this is not the name of an environment variable"),
            msg("A name such as U8SYNC_PASSWORD has letters, digits and '_' only, and begins with no digit."),
        )
    return value


Name = Annotated[str, StringConstraints(min_length=1, max_length=400)]


class KeyringEntry(BaseModel):
    """One entry of the operating system's keyring."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    service: Name = Field(
        description="服务名；Windows 凭据管理器中的“Internet 或网络地址”。 "
        "Name of the service; the 'Internet or network address' in the Windows Credential Manager.",
    )
    user: Name = Field(description="用户名。 Name of the user.")


class SecretReference(BaseModel):
    """Where a secret is kept: exactly one of the three."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        json_schema_extra={"minProperties": 1, "maxProperties": 1},
    )

    env: Annotated[str, AfterValidator(_variable)] | None = Field(
        default=None, description="环境变量名。 Name of an environment variable."
    )
    file: Name | None = Field(
        default=None,
        description="只有一行的文件，只有运行 u8sync 的用户可读；相对路径从配置文件所在的文件夹算起。 "
        "A file of one line that only the user who runs u8sync can read; a relative path starts at the folder of "
        "the configuration file.",
    )
    keyring: KeyringEntry | None = Field(
        default=None,
        description="系统密钥环中的条目，如 Windows 凭据管理器。 "
        "An entry of the system's keyring, such as the Windows Credential Manager.",
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(way is not None for way in (self.env, self.file, self.keyring)) != 1:
            raise ValueError(msg("exactly one of env, file and keyring is needed here"))
        return self


def resolve(reference: SecretReference, base: Path, *, key: str) -> SecretStr:
    """Fetch a secret from where it is kept.

    A file must be a regular file and no link, of at most 4 KiB, UTF-8 with or without byte order mark, one line; the
    newline at its end is cut. On POSIX it must also belong to the present user or to root and be closed to group and
    others, and its folder must not be open to everybody's writing unless it is sticky. On Windows the rights of the
    file are not checked, because the standard library cannot read them.

    Args:
        reference: Where it is kept.
        base: The folder that a relative ``file`` starts from.
        key: The setting's name, for messages.

    Raises:
        InputError: It is not there or too short, or the place is not fit for a secret. The secret stands in no error.
    """
    if reference.env is not None:
        found = _from_environment(reference.env, key)
    elif reference.file is not None:
        found = _from_file(base / reference.file, key)
    elif reference.keyring is not None:
        found = _from_keyring(reference.keyring, key)
    else:
        raise TypeError("a reference without a place")
    if isinstance(found, InputError):
        raise found
    if len(found) < SHORTEST:
        raise InputError(
            msg("{key}: the secret has fewer than {least} characters.", key=key, least=SHORTEST),
            hint=msg(
                "So short a one could not be kept out of logs and messages, so it is not used. Give the login a longer"
                " password."
            ),
        )
    return found


def referred(value: object, base: Path) -> str | None:
    """The secret that a piece of a configuration refers to; null when it refers to none, or the secret cannot be had.

    For those who keep secrets out of a text, not for those who use them: why it cannot be had is not told.
    """
    try:
        return resolve(SecretReference.model_validate(value), base, key="").get_secret_value()
    except (ValidationError, InputError):
        return None


def _from_environment(name: str, key: str) -> SecretStr | InputError:
    value = os.environ.get(name)
    if value:
        return SecretStr(value)
    message = (
        msg("{key}: the environment variable {name} is not set.", key=key, name=name)
        if value is None
        else msg("{key}: the environment variable {name} is empty.", key=key, name=name)
    )
    return InputError(
        message, hint=msg("Set it where u8sync runs: a scheduled task or a service has an environment of its own.")
    )


_Refusal = tuple[Message, Message]
"""What is wrong with a file, and what to do."""

_NOT_REGULAR: Final[_Refusal] = (
    msg("this is no regular file"),
    msg("Give the file itself: no link, no folder, no pipe."),
)
_ONE_LINE: Final = msg("The file holds the secret in one line and nothing else.")


def _from_file(path: Path, key: str) -> SecretStr | InputError:
    read = _read(path)
    found = _line(read) if isinstance(read, bytes) else read
    if isinstance(found, SecretStr):
        return found
    why, hint = found
    return InputError(msg("{key}: {file}: {why}.", key=key, file=path, why=why), hint=hint)


def _read(path: Path) -> bytes | _Refusal:
    # Without O_NONBLOCK, opening a named pipe would wait for somebody who writes.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        if path.is_symlink() or path.is_dir():
            return _NOT_REGULAR
        with os.fdopen(os.open(path, flags), "rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                return _NOT_REGULAR
            exposed = None if os.name == "nt" else _exposed(path, status, path.parent.stat().st_mode)
            return exposed or stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return msg("there is no such file"), msg("Check the path: {path}", path=path.absolute())
    except OSError as error:
        return (
            msg("the file cannot be read: {reason}", reason=error.strerror or type(error).__name__),
            msg("Check the path and the file's rights."),
        )


def _exposed(path: Path, status: os.stat_result, folder_mode: int) -> _Refusal | None:
    """How others could read or replace a POSIX file, and what to do; null when they could not."""
    if status.st_uid not in (0, os.geteuid()):
        return (
            msg("the file belongs to another user"),
            msg("Make it the file of the user who runs u8sync: chown USER {path}", path=_quoted(path)),
        )
    if status.st_mode & 0o077:
        return (
            msg("others may read or change the file (mode {mode})", mode=f"{stat.S_IMODE(status.st_mode):04o}"),
            msg("Close it to them: chmod 600 {path}", path=_quoted(path)),
        )
    if folder_mode & stat.S_IWOTH and not folder_mode & stat.S_ISVTX:
        return (
            msg("everybody may replace the files of its folder"),
            msg("Close the folder to others: chmod o-w {path}", path=_quoted(path.parent)),
        )
    return None


def _quoted(path: Path) -> str:
    return shlex.quote(str(path.absolute()))


def _line(data: bytes) -> SecretStr | _Refusal:
    """The one line of a file, or why it cannot be had."""
    if len(data) > MAX_BYTES:
        return msg("the file is larger than {size} KiB", size=MAX_BYTES // 1024), _ONE_LINE
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        return msg("the file is not UTF-8 text"), msg(
            "Save the file as UTF-8. Chinese Windows programs often save as GBK, which they call ANSI."
        )
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        return msg("the file is empty"), _ONE_LINE
    if re.search("[\r\n]", text):
        return msg("the file has more than one line"), _ONE_LINE
    return SecretStr(text)


def _from_keyring(entry: KeyringEntry, key: str) -> SecretStr | InputError:
    try:
        import keyring
        from keyring.errors import NoKeyringError
    except ImportError:
        return InputError(
            msg("{key}: the keyring needs a library that is not installed.", key=key),
            hint=msg('Install it: pip install "u8sync[keyring]"'),
        )
    try:
        value = keyring.get_password(entry.service, entry.user)
    except NoKeyringError:
        return InputError(
            msg("{key}: there is no keyring on this machine.", key=key),
            hint=msg("A server without a desktop often has none; use env or file there."),
        )
    except Exception as error:  # noqa: BLE001 - a keyring's errors are its own, and their text may hold anything
        return InputError(
            msg("{key}: the keyring could not be read ({kind}).", key=key, kind=type(error).__name__),
            hint=msg("Unlock it, and run u8sync as the user whose keyring it is."),
        )
    if value:
        return SecretStr(value)
    return InputError(
        msg("{key}: the keyring has no entry of service {service} and user {user}.", key=key, **entry.model_dump()),
        hint=msg(
            "Put it there as the user who runs u8sync: {command} (it asks for the secret). In the"
            " Windows Credential Manager it is a generic credential whose address is {service}.",
            command=f'keyring set "{entry.service}" "{entry.user}"',
            service=entry.service,
        ),
    )
