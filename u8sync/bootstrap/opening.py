"""A night that begins: the way into U8 and the audit log, open together, with all that the engine needs."""

from __future__ import annotations

import os
import platform
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from u8sync.audit.store import open_log
from u8sync.bootstrap.installation import Installation, evidence_of, moved_from, open_backend, retry_of
from u8sync.bootstrap.machine import user_name
from u8sync.bootstrap.trust import publisher, signer_of
from u8sync.domain.guards import Verdict
from u8sync.engine.applier import AskedToStop
from u8sync.engine.nightly import Night, Unobserved
from u8sync.engine.planner import Rules
from u8sync.engine.records import Actor
from u8sync.ports import AuditAt, Clock, Observer, Progress, Reached
from u8sync.text import msg

__all__ = ["open_night"]


@contextmanager
def open_night(
    installation: Installation,
    rules: Rules,
    *,
    run_id: str,
    command: str,
    clock: Clock,
    progress: Progress,
    observer: Observer | None = None,
    asked_to_stop: AskedToStop,
    allow_reason: str | None = None,
    passed: tuple[Verdict, ...] = (),
    plan_file: bytes | None = None,
) -> Iterator[Night]:
    """Open the backend for writing and the audit log of its account set, which takes the single writer's lock.

    What the run goes by is kept beside the log: configuration, mapping, policy and, if there is one, the plan file.
    """
    settings = installation.settings
    signer = signer_of(settings)
    evidence = [*evidence_of(installation), *([] if plan_file is None else [plan_file])]
    retry = retry_of(installation.settings)
    seen = observer or Unobserved()
    retry = retry.telling(seen.notice)
    progress.start(msg("Opening U8"), None)
    with open_backend(installation, writing=True, retry=retry) as backend:
        account_set, _ = retry.call(backend.account_set)
        seen.notice(Reached(account_set))
        log = open_log(
            settings.audit_folder,
            account_set,
            run_id=run_id,
            clock=clock,
            host=socket.gethostname(),
            pid=os.getpid(),
            progress=progress,
            signer=signer,
        )
        try:
            seen.notice(AuditAt(log.head()))
            kept = [log.keep(data) for data in evidence]
            moved = moved_from(settings, log.folder)
            yield Night(
                backend=backend,
                account_set=account_set,
                log=log,
                rules=rules,
                actor=Actor(
                    user=user_name(),
                    command=command,
                    python=platform.python_version(),
                    platform=platform.platform(),
                    config=settings.digest,
                ),
                run_id=run_id,
                person=settings.person,
                zone=ZoneInfo(settings.timezone),
                batch=settings.batch,
                clock=clock,
                retry=retry,
                progress=progress,
                observer=seen,
                asked_to_stop=asked_to_stop,
                publish=publisher(settings, installation.folder, log),
                plan_hours=settings.plan_hours,
                plan_file=None if plan_file is None else kept[-1],
                allow_reason=allow_reason,
                passed=passed,
                earlier=moved.records,
                unknown=moved.gone,
            )
        finally:
            log.close()
