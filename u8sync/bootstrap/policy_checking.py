"""``tiers check``: a policy file by itself, and then on the customers of the account set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from u8sync.bootstrap.machine import shown
from u8sync.bootstrap.policies import Surroundings, read_for_policies
from u8sync.config.file_kinds import check_file
from u8sync.config.located_yaml import in_file_order
from u8sync.config.settings import load_settings
from u8sync.domain.model import AccountSet, Window
from u8sync.domain.policy_findings import Finding, findings
from u8sync.errors import ConfigError, InputError, Problem
from u8sync.ports import Progress
from u8sync.text import Message, msg

__all__ = ["CheckedPolicy", "Tried", "check_policy"]


@dataclass(frozen=True)
class Tried:
    """What the customers say of a policy.

    Attributes:
        account_set: Whose customers.
        window: The days that count.
        customers: How many the archive has.
        rated: How many of them are rated.
        findings: What was noticed.
        notes: What is worth knowing of the reading.
    """

    account_set: AccountSet
    window: Window
    customers: int
    rated: int
    findings: tuple[Finding, ...]
    notes: tuple[Message, ...]


@dataclass(frozen=True)
class CheckedPolicy:
    """A policy that was checked.

    Attributes:
        shown_as: Name of its file in messages.
        problems: What is wrong with the file, or with it and the mapping.
        warnings: What other programs would read otherwise in the file.
        tried: What the customers say; null when nobody asked for that, or the file is wrong.
    """

    shown_as: str
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    tried: Tried | None

    @property
    def warned(self) -> bool:
        """Whether there is anything that somebody should look at."""
        return bool(self.warnings) or (self.tried is not None and any(one.warns for one in self.tried.findings))


def check_policy(
    config: Path, file: Path | None, *, static: bool, as_of: date | None, progress: Progress
) -> CheckedPolicy:
    """Check a policy file, and unless ``static`` what it does on the account set. Nothing is written.

    Args:
        config: The configuration; not read when a file is named and ``static`` is asked for.
        file: The policy file; null: the configuration's.
        static: Whether the file alone is looked at.
        as_of: The last day that counts; null: the configuration's.
        progress: Hears how far the reading has come.

    Raises:
        InputError: The file is no policy.
        ConfigError: The configuration or the mapping is bad.
    """
    path = file or load_settings(config).policy
    name = shown(path)
    checked = check_file(path, name)
    if checked.kind not in (None, "policy"):
        raise InputError(
            msg("{file} is no tier policy", file=name),
            hint=msg("A policy has the keys 'window', 'score' and 'tiers'. 'u8sync map check' checks every kind."),
        )
    if checked.problems or static:
        return CheckedPolicy(name, checked.problems, checked.warnings, None)
    try:
        read = read_for_policies(config, (), as_of=as_of, progress=progress, instead=path)
    except ConfigError as error:
        if error.file != name:
            raise
        return CheckedPolicy(name, error.problems, checked.warnings, None)
    misfits = in_file_order(read.policies[0].misfits)
    return CheckedPolicy(name, tuple(misfits), checked.warnings, _tried(read))


def _tried(read: Surroundings) -> Tried:
    one = read.policies[0]
    judged = read.ground.judge(one.policy, one.facts)
    window = one.facts.window
    found = findings(judged, one.policy, window.looked_at_on)
    return Tried(read.account_set, window, judged.height, int(judged["rated"].sum()), found, one.remarks)
