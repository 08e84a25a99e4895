"""The password or the app's secret: typed unseen, tried from this process's memory, and put in its place at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from u8sync.cli.setup.answers import reference
from u8sync.cli.setup.asker import Answers, Asker
from u8sync.errors import InputError
from u8sync.text import Message, msg

if TYPE_CHECKING:
    from u8sync.config.first_config import Answer

__all__ = ["Secret", "needs_secret"]

TRIAL = "U8SYNC_INIT_SECRET"


def needs_secret(answers: Answers) -> bool:
    """Whether this way into U8 asks for one."""
    return answers["backend"] == "openapi" or answers.get("authentication") == "login"


class Secret:
    """One secret until it is in its place; it never stands in a text."""

    def __init__(self, answers: Answers, folder: Path) -> None:
        self._answers = answers
        self._folder = folder
        self._typed: str | None = None
        self._in_keyring = False

    def __repr__(self) -> str:
        return "Secret(...)"

    @property
    def is_there(self) -> bool:
        """Whether the place that was named holds one already: then it is used and nobody is asked."""
        match self._answers["secret_place"]:
            case "env":
                return bool(os.environ.get(self._answers["secret_env"]))
            case "file":
                return (self._folder / self._answers["secret_file"]).exists()
            case _:
                return False

    @property
    def typed(self) -> bool:
        """Whether a person typed it."""
        return self._typed is not None

    def ask(self, asker: Asker) -> None:
        """Let a person type it. Raises InputError where nobody is there."""
        text = (
            msg("Secret of the app (not shown)")
            if self._answers["backend"] == "openapi"
            else msg("Password of {login} (not shown)", login=self._answers["login"])
        )
        self._typed = asker.secret(text, self._without_a_person())

    def _without_a_person(self) -> Message:
        match self._answers["secret_place"]:
            case "env":
                return msg("Set the environment variable {name} before.", name=self._answers["secret_env"])
            case "file":
                return msg("Put it into the file {file} before.", file=str(self._folder / self._answers["secret_file"]))
            case _:
                return msg("Use --password-env or --password-file, with the password in its place before.")

    @contextmanager
    def on_trial(self) -> Iterator[Mapping[str, Answer]]:
        """Where the secret is found while the block lasts: in this process only, or where it was already."""
        if self._typed is None:
            place = dict(reference(self._answers))
            if "file" in place:
                place["file"] = str((self._folder / str(place["file"])).absolute())
            yield place
            return
        os.environ[TRIAL] = self._typed
        try:
            yield {"env": TRIAL}
        finally:
            os.environ.pop(TRIAL, None)

    def keep(self, stage: Path) -> None:
        """Put it in its place; a file goes into ``stage`` first. Raises InputError when that cannot be done."""
        if self._typed is None:
            return
        match self._answers["secret_place"]:
            case "env":
                os.environ[self._answers["secret_env"]] = self._typed  # for the first plan; the person sets it for good
            case "file":
                path = stage / self._answers["secret_file"]
                path.parent.mkdir(parents=True, exist_ok=True)
                with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                    file.write(f"{self._typed}\n".encode())
            case _:
                self._into_keyring()

    def take_back(self) -> None:
        """Take out of the keyring what was put there, because the files could not be put in their places."""
        if self._in_keyring:
            import keyring

            with suppress(Exception):  # the error that is on its way says more
                keyring.delete_password(*self._entry)

    @property
    def _entry(self) -> tuple[str, str]:
        """Service and user of the keyring's entry."""
        entry = reference(self._answers)["keyring"]
        if not isinstance(entry, Mapping):
            raise TypeError("a reference without its entry")
        return str(entry["service"]), str(entry["user"])

    def _into_keyring(self) -> None:
        service, user = self._entry
        failed: InputError | None = None
        try:
            import keyring

            keyring.set_password(service, user, self._typed or "")
            self._in_keyring = True
        except ImportError:
            failed = InputError(
                msg("The keyring needs a library that is not installed"),
                hint=msg('Install it: pip install "u8sync[keyring]"'),
            )
        except Exception as error:  # noqa: BLE001 - a keyring's errors are its own, and their text may hold anything
            failed = InputError(
                msg("The keyring does not do what it is asked ({kind})", kind=type(error).__name__),
                hint=msg("A server without a desktop often has none; use env or file there."),
            )
        if failed is not None:
            raise failed
