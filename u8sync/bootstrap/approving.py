"""What waits for approval in the audit logs of a configuration, and the answers of whoever is at the keyboard.

U8 is not asked: everything stands in the log. Opening it for an answer takes the single writer's lock, as a run does.
"""

from __future__ import annotations

import os
import platform
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from u8sync.audit.reading import iterate
from u8sync.audit.store import open_existing
from u8sync.bootstrap import moved_from, new_run_id, signer_of, user_name
from u8sync.bootstrap.trust import publisher
from u8sync.config.settings import Settings
from u8sync.domain.approvals import PendingChange
from u8sync.engine.approving import TYPES, answer, pending
from u8sync.engine.records import Actor
from u8sync.errors import InputError
from u8sync.ports import Clock, Progress
from u8sync.text import Message, msg

__all__ = ["Said", "answer_in", "waiting_in"]


@dataclass(frozen=True)
class Said:
    """An answer to be given.

    Attributes:
        approved: Yes or no.
        reason: Why, in the person's words.
        command: The command as typed.
    """

    approved: bool
    reason: str
    command: str


def waiting_in(log: Path, settings: Settings, clock: Clock) -> tuple[PendingChange, ...]:
    """What waits for a person in the log in this folder. Raises AuditError when it cannot be read."""
    return pending(chain(moved_from(settings, log).records(*TYPES), iterate(log, *TYPES)), clock.now())


def answer_in(
    log: Path, wanted: Sequence[PendingChange], said: Said, settings: Settings, *, clock: Clock, progress: Progress
) -> tuple[Message, ...]:
    """Record an answer to each of these in the log, and sign it; returns why checkpoints did not get out.

    Raises InputError when the configuration asks for no approval, LockHeldError while a run is at work, and what
    :func:`u8sync.engine.approving.answer` raises.
    """
    if settings.approval is None:
        raise InputError(
            msg("The configuration {file} asks for no approval", file=settings.located.file),
            hint=msg("The next run writes these changes by itself. To ask for approval, add the section 'approval'."),
        )
    signer = signer_of(settings)
    opened = open_existing(
        log,
        run_id=new_run_id(clock),
        clock=clock,
        host=socket.gethostname(),
        pid=os.getpid(),
        progress=progress,
        signers=() if signer is None else (signer,),
    )
    try:
        actor = Actor(
            user=user_name(),
            command=said.command,
            python=platform.python_version(),
            platform=platform.platform(),
            config=settings.digest,
        )
        answer(
            opened,
            wanted,
            approved=said.approved,
            reason=said.reason,
            rules=settings.approval,
            actor=actor,
            clock=clock,
            earlier=moved_from(settings, log).records(*TYPES),
        )
        checkpoint = opened.checkpoint()
        publish = publisher(settings, Path(settings.located.file).parent, opened)
        return () if checkpoint is None else tuple(publish(checkpoint))
    finally:
        opened.close()
