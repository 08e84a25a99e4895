"""Entries of a history, made up: a night that went well, and many that went in every way."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from u8sync.domain.run_entry import RunEntry, StepTime, TierFigures, Told

__all__ = ["entry", "nights"]

LAST_NIGHT = datetime(2026, 11, 28, 18, 30, tzinfo=UTC)


def entry(**changed: Any) -> RunEntry:
    """A night that went well, but for what is said otherwise."""
    whole = RunEntry(
        run_id="20261128T183000Z-00000a",
        command="run",
        started_at=LAST_NIGHT,
        host="erp",
        pid=1,
        user="u8",
        config="/etc/u8sync/config.yaml",
        state="ended",
        account_set="999",
        account_set_name="华东贸易有限公司",
        ended_at=LAST_NIGHT + timedelta(seconds=12.3),
        exit_code=0,
        as_of=date(2026, 10, 31),
        customers=64,
        planned=40,
        held=3,
        endings={"applied": 40},
        tiers=(
            TierFigures("VIP", 8, 2, Decimal("1839524.54")),
            TierFigures("重点", 20, 26, Decimal("5000000.00")),
            TierFigures(None, 5, 0, Decimal(0)),
        ),
        steps=(
            StepTime(Told("Reading customers", "读取客户"), Decimal("1.250")),
            StepTime(Told("Writing", "写入"), Decimal("5.000")),
        ),
        files={"report": "report.html"},
        troubles=(Told("The card did not get out", "卡片未能发出"),),
    )
    return replace(whole, **changed)


def nights(count: int) -> tuple[RunEntry, ...]:
    """So many nights up to the last one, oldest first; by turns well, partly, stopped, failed and without an end."""
    codes = (0, 0, 2, 4, 69, None)
    made = []
    for number in range(count):
        began = LAST_NIGHT - timedelta(days=count - 1 - number)
        code = codes[number % len(codes)]
        made.append(
            entry(
                run_id=f"{began:%Y%m%dT%H%M%SZ}-{number:06x}",
                started_at=began,
                ended_at=None if code is None else began + timedelta(seconds=10 + number % 7),
                exit_code=code,
                planned=None if code == 69 else 30 + number % 11,
                tiers=() if code == 69 else entry().tiers,
                error=Told("U8 is <gone>", "U8 <不可用>") if code == 69 else None,
                files={} if code in {69, None} else entry().files,
            )
        )
    return tuple(made)
