"""A fleet as JSON for a machine: the names of the keys are part of what scripts rely on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from u8sync.domain.fleet import FleetSummary, Member, MemberResult
    from u8sync.report.terminal.fleet import LastRun

__all__ = ["members_json", "summary_json"]


def summary_json(summary: FleetSummary) -> dict[str, Any]:
    """A night: the whole, then every member; each with its entry, as in its ``run.json``."""
    return {
        "fleet_id": summary.fleet_id,
        "kind": summary.kind,
        "exit_code": int(summary.exit_code),
        "started_at": summary.started_at.isoformat(),
        "ended_at": None if summary.ended_at is None else summary.ended_at.isoformat(),
        "file": summary.file,
        "digest": summary.digest,
        "scheduler": summary.scheduler,
        "stopped": summary.stopped,
        "counts": dict(summary.counts),
        "members": [_result(summary, result) for result in summary.results],
    }


def _result(summary: FleetSummary, result: MemberResult) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(result)
    took = None if result.took is None else result.took.total_seconds()
    return {**plain, "state": summary.state_of(result), "in_place": result.in_place, "took": took}


def members_json(members: Sequence[Member], last: Mapping[str, LastRun]) -> list[dict[str, Any]]:
    """Who belongs to the fleet, and how the newest night went."""
    return [
        {
            "name": member.name,
            "config": str(member.config),
            "account": member.overlay.account,
            "mapping": None if member.overlay.mapping is None else str(member.overlay.mapping),
            "policy": None if member.overlay.policy is None else str(member.overlay.policy),
            "server": member.server,
            "usable": member.digest is not None and member.ended is None,
            "last": None if member.name not in last else _last(last[member.name]),
        }
        for member in members
    ]


def _last(last: LastRun) -> dict[str, Any]:
    return {
        "at": last.at.isoformat(),
        "fleet_id": last.summary.fleet_id,
        "state": last.summary.state_of(last.result),
        "exit_code": last.result.exit_code,
    }
