"""The way into U8 before anything is kept: reach it, let a person mend what can be mended, and look at the archive.

The idea: whoever sits there may correct a password twice and decide about encryption; nothing is ever tried again by
itself, because a login that fails too often is locked for everybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from u8sync.cli.setup.answers import values_of, way_of
from u8sync.cli.setup.asker import Asker
from u8sync.cli.setup.questions import account_question, column_question, encryption_questions
from u8sync.cli.setup.secret import Secret, needs_secret
from u8sync.errors import FatalError
from u8sync.text import msg

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from u8sync.config.first_config import Answer
    from u8sync.ports import AccountSetFound
    from u8sync.report.first_mapping import Draft

__all__ = ["Trial"]

CORRECTIONS: Final = 2
"""How often a password may be typed anew."""

_LOGIN: Final = frozenset({"login", "denied"})

_UNCHECKED: Final = frozenset({"tls", "tls_certificate", "tls_none"})


class Trial:
    """The answers on trial.

    Args:
        asker: Asks the person.
        answers: Those so far; more come as U8 is looked at.
        folder: Where the files will be.
        stage: Where they are meanwhile.
        last_day: Of a practice account set; null for any other.
    """

    def __init__(
        self, asker: Asker, answers: Mapping[str, str], folder: Path, stage: Path, last_day: date | None
    ) -> None:
        self.answers = dict(answers)
        self.secret = Secret(self.answers, folder) if needs_secret(answers) else None
        self._asker = asker
        self._stage = stage
        self._last_day = last_day

    @property
    def _config(self) -> Path:
        return self._stage / "config.yaml"

    def reach(self) -> None:
        """Reach the server, and have the account set chosen. Raises BackendError or InputError when that fails."""
        if self.secret is not None and not self.secret.is_there:
            self.secret.ask(self._asker)
        corrections = 0
        found = None
        while found is None:
            try:
                found = self._account_sets()
            except FatalError as error:
                if not self._asker.terminal.attended:
                    raise
                if error.about in _LOGIN and corrections < CORRECTIONS and self._typed_anew(error):
                    corrections += 1
                elif error.about not in _UNCHECKED or not self._accepted(error):
                    raise
        if self.answers["backend"] == "sqlserver":
            self.answers = self._asker.ask_all([account_question(found)], self.answers)

    def _typed_anew(self, error: FatalError) -> bool:
        """Have the secret typed again after a refusal; false for one that nobody typed."""
        if self.secret is None or not self.secret.typed:
            return False
        self._asker.session.say(error.message)
        self._asker.session.say(
            msg("Was the password mistyped? Ctrl+C ends it: too many failures lock the login for all.")
        )
        self.secret.ask(self._asker)
        return True

    def _accepted(self, error: FatalError) -> bool:
        """Whether the person accepts a line that cannot be relied on, and says why; asked once."""
        if "encryption" in self.answers:
            return False
        self._asker.session.say(error.message)
        decided = self._asker.ask_all(encryption_questions(), self.answers)
        if decided["encryption"] == "stop":
            return False
        self.answers.update(decided)
        return True

    def look(self) -> Draft:
        """What a first mapping says, with the item for the tiers chosen. Raises BackendError."""
        from u8sync.bootstrap.starting import look, tier_names
        from u8sync.config.settings import load_settings
        from u8sync.report.first_mapping import USUAL_TIERS, draft_of

        with self._on_trial():
            settings = load_settings(self._config)
            source, raw = look(settings, self._stage, self._asker.session.progress())
        draft = draft_of(source, raw, tier_names(settings) or USUAL_TIERS)
        if self.answers["backend"] == "openapi" or not draft.tier_choices:
            return draft
        self.answers = self._asker.ask_all([column_question(draft)], self.answers)
        chosen = [item for item in draft.tier_choices if item.column == self.answers["column"]]
        return replace(draft, tier=chosen[0] if chosen else None)

    def write_config(self, secret: Mapping[str, Answer] | None = None) -> None:
        """Write the configuration; ``secret``: where the secret is found meanwhile, null: where it will be."""
        from u8sync.config.first_config import first_config
        from u8sync.sandbox.examples import example

        text = first_config(
            example("config.example.yaml"), way_of(self.answers, secret), values_of(self.answers, self._last_day)
        )
        self._config.write_text(text, encoding="utf-8", newline="\n")

    def _account_sets(self) -> Sequence[AccountSetFound]:
        from u8sync import bootstrap

        with self._on_trial():
            return bootstrap.account_sets(self._config)

    @contextmanager
    def _on_trial(self) -> Iterator[None]:
        """The configuration as it is tried, with the secret where this process has it."""
        with nullcontext() if self.secret is None else self.secret.on_trial() as lent:
            self.write_config(lent)
            yield
