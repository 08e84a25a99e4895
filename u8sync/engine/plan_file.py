"""A plan as a file: readable JSON, sealed by a digest, refused when anything in it was edited."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from u8sync.domain.canonical import Json, digest
from u8sync.domain.plan import (
    Held,
    Plan,
    Population,
    Seal,
    Skipped,
    change_json,
    change_of,
    held_json,
    seal_json,
    skipped_json,
    window_json,
    window_of_json,
)
from u8sync.errors import InputError, StalePlanError
from u8sync.text import msg

__all__ = ["load_plan", "save_plan"]

FORMAT: Final = "u8sync-plan-1"


def save_plan(plan: Plan, path: Path) -> None:
    """Write ``plan`` to ``path``, replacing what is there. Raises InputError when it cannot be written."""
    body: dict[str, Json] = {
        "format": FORMAT,
        "fingerprint": plan.fingerprint,
        "made_at": plan.made_at.isoformat(),
        "seal": seal_json(plan.seal),
        "window": window_json(plan.window),
        "population": asdict(plan.population),
        "changes": [change_json(change) for change in plan.changes],
        "skipped": [skipped_json(skipped) for skipped in plan.skipped],
        "held": [held_json(held) for held in plan.held],
    }
    body["sha256"] = digest(body)
    try:
        path.write_text(json.dumps(body, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(
            msg("The plan cannot be written to {path}: {why}", path=str(path), why=error.strerror or str(error)),
            hint=msg("Name a file in a folder that exists and may be written."),
        ) from None


def load_plan(path: Path) -> Plan:
    """Read a plan file.

    Raises InputError when it is no plan file at all, StalePlanError when it was edited after it was made.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(
            msg("The plan file {path} cannot be read: {why}", path=str(path), why=error.strerror or str(error)),
            hint=msg("Make one with 'u8sync plan --out FILE'."),
        ) from None
    except UnicodeDecodeError:
        raise _no_plan(path) from None
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        raise _no_plan(path) from None
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise _no_plan(path)
    sealed = body.pop("sha256", None)
    try:
        whole = digest(body) == sealed
        plan = _plan(body)
        whole = whole and plan.fingerprint == body["fingerprint"]
    except (KeyError, TypeError, ValueError, ArithmeticError):
        whole = False
    if not whole:
        raise StalePlanError(
            msg("The plan file {path} was changed after it was made", path=str(path)),
            hint=msg("Nothing was written. Make the plan again with 'u8sync plan --out FILE' and apply it unedited."),
        )
    return plan


def _no_plan(path: Path) -> InputError:
    return InputError(
        msg("{path} is not a plan file of u8sync", path=str(path)),
        hint=msg("Make one with 'u8sync plan --out FILE'."),
    )


def _plan(body: Mapping[str, Any]) -> Plan:
    seal = Seal(**{**body["seal"], "as_of": date.fromisoformat(body["seal"]["as_of"])})
    return Plan(
        seal=seal,
        made_at=datetime.fromisoformat(body["made_at"]),
        changes=tuple(change_of(change) for change in body["changes"]),
        skipped=tuple(Skipped(**skipped) for skipped in body["skipped"]),
        population=Population(**body["population"]),
        held=tuple(Held(**held) for held in body["held"]),
        window=window_of_json(body.get("window"), seal.as_of),
    )
