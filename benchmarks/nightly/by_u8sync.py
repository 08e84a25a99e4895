"""u8sync: the plan that a night would write, by the mapping that ships and the job's policy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.nightly.job import AS_OF, POLICY, Outcome
from benchmarks.nightly.place import Place

if TYPE_CHECKING:
    from u8sync.domain.run import Planned

MAPPING: Final = Path(__file__).resolve().parents[2] / "mappings" / "customer.yaml"


def work(place: Place, folder: Path) -> Planned:
    """Read, map, rate and plan: what ``u8sync plan`` does before it prints."""
    from u8sync.cli.process import set_up

    set_up()
    from u8sync.bootstrap import SystemClock, load
    from u8sync.bootstrap.planning import plan_only
    from u8sync.report.no_progress import NoProgress

    (folder / "tiers.yaml").write_text(POLICY, encoding="utf-8")
    settings = {
        "version": 1,
        "account_set": place.settings,
        "mapping": str(MAPPING),
        "policy": "tiers.yaml",
        "as_of": AS_OF.isoformat(),
    }
    # JSON is YAML.
    (folder / "config.yaml").write_text(json.dumps(settings, ensure_ascii=False), encoding="utf-8")
    installation = load(folder / "config.yaml")
    return plan_only(installation, as_of=None, allow=frozenset(), clock=SystemClock(), progress=NoProgress())


def outcomes(planned: Planned) -> Iterator[Outcome]:
    """What it came to, taken from the plan's population and changes."""
    import polars as pl

    from u8sync.domain.tiers import CURRENT, TIER

    def units(name: str) -> pl.Expr:
        return (pl.col(name) * 10_000).cast(pl.Int64)

    frame = planned.decision.customers.select(
        "code", "management_type", units("revenue").fill_null(0), units("gross_profit"),
        pl.col("order_count").cast(pl.Int64).fill_null(0), TIER, CURRENT,
    )  # fmt: skip
    changed = {change.code: change.fields[0].becomes for change in planned.plan.changes}
    for code, *figures, tier, was in frame.iter_rows():
        assert changed.get(code, was) == tier, f"{code}: the plan leaves a tier that is not the recommended one"
        yield code, *figures, tier, was
