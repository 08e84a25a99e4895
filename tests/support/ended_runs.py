"""A run that ended, with a figure of every kind in it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from u8sync.domain.run_entry import GuardFound, RunEntry, StepTime, TierFigures, Told
from u8sync.domain.timeliness import Timeliness

__all__ = ["BEGAN", "DUE", "ENTRY", "LABELS"]

BEGAN = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
ENTRY = RunEntry(
    run_id="20261102T180000Z-abcdef",
    command="run",
    started_at=BEGAN,
    host="h",
    pid=7,
    user="u",
    config="/etc/u8sync/config.yaml",
    state="ended",
    account_set="999",
    ended_at=BEGAN + timedelta(seconds=12.5),
    exit_code=4,
    as_of=date(2026, 10, 31),
    customers=1000,
    eligible=970,
    issues=3,
    planned=120,
    held=5,
    waiting=7,
    endings={"applied": 100, "conflict": 20},
    settled=2,
    tiers=(TierFigures("VIP", 10, 12, Decimal(5)), TierFigures(None, 1, 0, Decimal(0))),
    guards=(
        GuardFound("share_changed", ok=False, allowed=False, message=Told("e", "z")),
        GuardFound("issue_share", ok=True, allowed=False, message=Told("e", "z")),
    ),
    steps=(
        StepTime(Told("Reading customers", "z"), Decimal("1.500")),
        StepTime(Told("Deciding", "z"), Decimal("0.250")),
        StepTime(Told("Reading customers", "z"), Decimal("0.500")),
    ),
    audit_count=2210,
    troubles=(Told("e", "z"),),
)
DUE = Timeliness(BEGAN, BEGAN + timedelta(days=1), (BEGAN - timedelta(days=1),), None)
LABELS = {"account_set": "999", "config": "/etc/u8sync/config.yaml"}
