"""Where a signing key is put when it is made or changed: a file that only its user can read, or the keyring.

Reading it back is the business of whoever reads all secrets. The idea: a key that takes over is put beside the old one
first, under a name of its own, so that whenever the machine stops one of the two is the key that the log names.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from u8sync.audit.checkpoint import SigningKey
from u8sync.audit.durable import FLAGS, NEW, sync_folder, write_all
from u8sync.errors import InputError
from u8sync.text import msg

__all__ = ["FileStore", "KeyringStore", "Store"]

_NEXT: Final = ".next"


@dataclass(frozen=True)
class FileStore:
    """A file of one line, mode 0600.

    Attributes:
        path: The file.
    """

    path: Path

    @property
    def next(self) -> FileStore:
        """Where the key stands that is to take over."""
        return FileStore(self.path.with_name(self.path.name + _NEXT))

    def exists(self) -> bool:
        """Whether anything is there."""
        return self.path.exists() or self.path.is_symlink()

    def put(self, key: SigningKey) -> None:
        """Write the key to a new file. Raises InputError when that cannot be done."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, FLAGS | NEW, 0o600)
            try:
                write_all(descriptor, f"{key.secret_text}\n".encode())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            sync_folder(self.path.parent)
        except OSError as error:
            raise _failed(str(self.path), error) from None

    def take_over(self) -> None:
        """Put the key that stands at :attr:`next` in the place of this one, which is gone then."""
        try:
            self.next.path.replace(self.path)
            sync_folder(self.path.parent)
        except OSError as error:
            raise _failed(str(self.path), error) from None


@dataclass(frozen=True)
class KeyringStore:
    """An entry of the system's keyring.

    Attributes:
        service: Its service.
        user: Its user.
    """

    service: str
    user: str

    @property
    def next(self) -> KeyringStore:
        """Where the key stands that is to take over."""
        return KeyringStore(self.service, self.user + _NEXT)

    def exists(self) -> bool:
        """Whether anything is there."""
        return self._ask("get_password") is not None

    def put(self, key: SigningKey) -> None:
        """Write the key. Raises InputError when the keyring does not take it."""
        self._ask("set_password", key.secret_text)

    def take_over(self) -> None:
        """Put the key that stands at :attr:`next` in the place of this one, which is gone then."""
        value = self.next._ask("get_password")  # noqa: SLF001 - of the same class
        if value is not None:
            self._ask("set_password", value)
            self.next._ask("delete_password")  # noqa: SLF001

    def _ask(self, method: str, *values: str) -> str | None:
        try:
            import keyring
        except ImportError:
            raise InputError(
                msg("The keyring needs a library that is not installed"),
                hint=msg('Install it: pip install "u8sync[keyring]"'),
            ) from None
        failed: InputError | None = None
        answer = None
        try:
            answer = getattr(keyring, method)(self.service, self.user, *values)
        except Exception as error:  # noqa: BLE001 - a keyring's errors are its own, and their text may hold anything
            failed = InputError(
                msg("The keyring does not do what it is asked ({kind})", kind=type(error).__name__),
                hint=msg("Unlock it, and run u8sync as the user whose keyring it is; or keep the key in a file."),
            )
        if failed is not None:
            raise failed
        return None if answer is None else str(answer)


Store = FileStore | KeyringStore
"""One of the two."""


def _failed(place: str, error: OSError) -> InputError:
    return InputError(
        msg("The key cannot be written to {place}: {why}", place=place, why=error.strerror or str(error)),
        hint=msg("Name a file in a folder that may be written, under 'audit: key:' in the configuration."),
    )
