"""How fast customers are scored and put into tiers: by u8sync, by pandas, and by the RFM packages of PyPI.

Three pieces of work on made-up customers, each in a fresh process:

* ``example``: score, ladder and movement by ``mappings/tiers.yaml``; beside it ``pandas``: the same percentile ranks,
  weights and bounds in floats. Both must come to the same scores within a thousandth and to the same tiers.
* ``everything``: a policy with every method, groups, shrinkage, quotas and movement rules; only u8sync has these.
* ``quintiles``: recency, frequency and money in five bands of 20 percent each, the classic RFM; beside it the packages
  ``rfm`` and ``openretailscience``, of which only the scoring is called, on figures that are worked out already. Money
  has no ties here and must come out the same for every customer. Where values are level, the packages split them by
  the order of rows and u8sync puts them into one band: they may differ there and nowhere else.

Times are those of the work alone; the peak is the whole process's, the made-up customers and the libraries among it.
Contenders that are not installed are skipped (``pip install -e ".[bench]"``).
Usage: ``python benchmarks/scoring.py [--customers N] [--runs N] [--small]``
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import polars as pl

from u8sync.config.policy_file import load_policy
from u8sync.domain.metrics import METRICS
from u8sync.domain.model import MONEY
from u8sync.domain.movement import Past, move
from u8sync.domain.policy import Policy
from u8sync.domain.scoring import points_of, score
from u8sync.domain.tiers import EARNED, TIER, recommend

AS_OF: Final = date(2026, 6, 30)
SMALL: Final = 5_000
RFM: Final = {"recency": "r", "order_count": "f", "revenue": "m"}
"""Our metric -> letter of the packages."""

BANDS: Final = "bands: [" + ", ".join(f"{{top: {20 * at}, points: {6 - at}}}" for at in range(1, 5)) + ", {points: 1}]"
POLICIES: Final = {
    "quintiles": "version: 1\nwindow: {months: 12}\nscore:\n"
    + "".join(
        f"  {metric}: {{weight: {weight}, method: percent_of_customers, {BANDS}}}\n"
        for metric, weight in zip(RFM, (34, 33, 33), strict=True)
    )
    + "tiers:\n  - {name: all}\n  - {name: none, without_business: true}\n",
    "everything": "version: 1\nwindow: {months: 12}\nscore:\n"
    "  revenue: {weight: 40, method: cumulative_share, within: region,"
    " bands: [{top: 80, points: 100}, {top: 95, points: 60}, {points: 0}]}\n"
    "  gross_profit: {weight: 20, method: percent_of_customers,"
    " bands: [{top: 20, points: 100}, {top: 50, points: 50}, {points: 0}]}\n"
    "  gross_margin: {weight: 15, within: region, shrink: 5}\n"
    "  order_frequency: {weight: 15, method: threshold,"
    " bands: [{points: 100, at_least: 24}, {points: 50, at_least: 6}, {points: 0}]}\n"
    "  recency: {weight: 10}\n"
    "tiers:\n"
    "  - name: VIP\n"
    "    when:\n"
    "      score: {at_least: 85, top_percent: 10, within: region}\n"
    "      relation_length: {at_least: 2}\n"
    "      revenue: {top_share: 80}\n"
    "    at_most: {percent: 5}\n"
    "  - {name: 重要, when: {score: {at_least: 60}}, at_most: {percent: 25}}\n"
    "  - {name: 一般}\n"
    "  - {name: 潜在, without_business: true}\n"
    "smallest_group: 30\n"
    "movement: {margin: 5, down_after: 2, most_steps: 1, cool_down: {days: 90}}\n",
}
"""Name -> policy file; ``example`` is the one that ships."""

NEEDS: Final = {"pandas": "pandas", "rfm": "rfm", "openretailscience": "openretailscience"}
"""Contender -> the package without which it is skipped."""


def main() -> None:
    """Measure, and print one line a figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=1_000_000, help="a multiple of five")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--small", action="store_true", help="a few customers, once: whether it works at all")
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.work:
        name, customers, folder = asked.work
        print(json.dumps(work(name, int(customers), Path(folder))))
        return
    customers, runs = (SMALL, 1) if asked.small else (asked.customers, asked.runs)
    with tempfile.TemporaryDirectory() as temporary:
        compare(Path(temporary), customers, runs)


def compare(folder: Path, customers: int, runs: int) -> None:
    """u8sync beside the contenders, and what only u8sync has."""
    ours = measured("example", customers, folder, runs)
    if there("pandas"):
        beside(ours, measured("pandas", customers, folder, runs))
        differ(folder, "example", "pandas")
    everything = measured("everything", customers, folder, runs)
    print(f"    {everything['cpu'] / ours['cpu']:.1f} x the processor time of the example policy")
    quintiles = measured("quintiles", customers, folder, runs)
    for name in ("rfm", "openretailscience"):
        if there(name):
            beside(quintiles, measured(name, customers, folder, runs))
            tied(folder, name)


def there(name: str) -> bool:
    """Whether a contender is installed; told when it is not."""
    if importlib.util.find_spec(NEEDS[name]) is not None:
        return True
    print(f"  {name}: skipped, it is not installed (pip install {NEEDS[name]})")
    return False


def beside(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """How many times as long, and as much memory."""
    print(
        f"    {theirs['seconds'] / ours['seconds']:.2f} x the time of u8sync,"
        f" {theirs['cpu'] / ours['cpu']:.2f} x its processor time,"
        f" {theirs['grown'] / max(ours['grown'], 1):.2f} x its memory while scoring"
    )


def differ(folder: Path, one: str, other: str) -> None:
    """The same scores within a thousandth, the same tiers but for customers as near to a bound as that."""
    both = pl.read_parquet(folder / f"{one}.parquet").join(pl.read_parquet(folder / f"{other}.parquet"), on="code")
    apart = (both["score"] - both["score_right"]).abs().max()
    assert apart is not None
    assert float(apart) < 0.001, f"scores differ by {apart}"
    others = both.filter(pl.col("tier") != pl.col("tier_right"))
    near = pl.any_horizontal(*((pl.col("score") - bound).abs() < 0.001 for bound in (60, 85)))
    assert others.filter(~near).is_empty(), "tiers differ"
    print(f"    the same scores (within {float(apart):.5f}), {others.height:,} of {both.height:,} tiers differ")


def tied(folder: Path, name: str) -> None:
    """The same bands, but where the package splits customers that are level."""
    both = pl.read_parquet(folder / "quintiles.parquet").join(pl.read_parquet(folder / f"{name}.parquet"), on="code")
    assert (both["m"] == both["m_right"]).all(), "money has no ties and differs"
    for metric, letter in (("recency", "r"), ("order_count", "f")):
        split = pl.col(f"{letter}_right").n_unique().over(metric) > 1
        others = both.filter(pl.col(letter) != pl.col(f"{letter}_right"))
        assert both.filter((pl.col(letter) != pl.col(f"{letter}_right")) & ~split).is_empty(), f"{metric} differs"
        assert (others[letter] < others[f"{letter}_right"]).all(), f"{metric}: u8sync gives more"
        torn = both.filter(split)[metric].n_unique()
        print(
            f"    {metric}: {others.height:,} of {both.height:,} differ, all of them level with others that {name} put"
            f" into another band ({torn} values torn apart)"
        )


def measured(name: str, customers: int, folder: Path, runs: int) -> dict[str, float]:
    """The median of some fresh processes, printed."""
    found = [one(name, customers, folder) for _ in range(runs)]
    assert len({each["values"] for each in found}) == 1, "runs differ"
    seconds, cpu = ([each[what] for each in found] for what in ("seconds", "cpu"))
    peak, grown = max(each["peak"] for each in found), max(each["peak"] - each["before"] for each in found)
    print(
        f"{name}: {customers:,} customers in {statistics.median(seconds):.2f} s ({min(seconds):.2f} to"
        f" {max(seconds):.2f}); processor {statistics.median(cpu):.2f} s ({min(cpu):.2f} to {max(cpu):.2f});"
        f" peak {peak:,.0f} MiB, {grown:,.0f} of them while scoring"
    )
    return {"seconds": statistics.median(seconds), "cpu": statistics.median(cpu), "grown": grown}


def one(name: str, customers: int, folder: Path) -> dict[str, Any]:
    """One fresh process."""
    words = [sys.executable, __file__, "--work", name, str(customers), str(folder)]
    told: dict[str, Any] = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return told


# --- in the fresh process ---------------------------------------------------------------------------------------------

Worked = Callable[[], Any]
"""Does the work; what it gives is handed to :data:`Shown`."""

Shown = Callable[[Any], pl.DataFrame]
"""The result as ``n × (code, ...)``, after the clock was stopped."""


def work(name: str, customers: int, folder: Path) -> dict[str, Any]:
    """Make the customers, score them, say what it took, and leave the result in the folder."""
    makers: dict[str, Callable[[pl.DataFrame], tuple[Worked, Shown]]] = {
        "pandas": by_pandas,
        "rfm": by_rfm,
        "openretailscience": by_openretailscience,
    }
    frame = made_up(customers, everybody=name in ("quintiles", "rfm", "openretailscience"))
    if name in makers:
        do, show = makers[name](frame)
    else:
        do, show = by_u8sync(frame, policy_of(name, folder), quintiles=name == "quintiles")
    before = peak_mib()
    began, at_work = time.perf_counter(), time.process_time()
    result = do()
    took = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - at_work, "peak": peak_mib()}
    shown = show(result).sort("code")
    shown.write_parquet(folder / f"{name}.parquet")
    values = hashlib.sha256(shown.write_csv().encode()).hexdigest()
    return {**took, "before": before, "values": values}


def policy_of(name: str, folder: Path) -> Policy:
    """The policy of that name."""
    if name == "example":
        return load_policy(ROOT / "mappings" / "tiers.yaml", "tiers.yaml")
    path = folder / f"{name}.yaml"
    path.write_text(POLICIES[name], encoding="utf-8", newline="\n")
    return load_policy(path, path.name)


def made_up(customers: int, *, everybody: bool) -> pl.DataFrame:
    """Measured customers: few bring much, no two the same; profit unknown for three in ten; many ties in the counts.

    One in ten has no business, unless ``everybody`` has.
    """
    at = pl.int_range(customers, dtype=pl.Int64)
    step = next(prime for prime in (611_953, 104_729, 7_919) if customers % prime)

    def chance(seed: int) -> pl.Expr:
        return (at.hash(seed) % 1_000_000).cast(pl.Int64)

    def whole(value: pl.Expr) -> pl.Expr:
        return value.cast(MONEY)

    bring = (at * step) % customers + 1
    cents = bring * bring
    margin = chance(3) % 4_000
    often = (chance(5) * chance(5) // 1_000_000 * chance(5) // 1_000_000) * 60 // 1_000_000
    known = chance(4) >= 300_000
    cent = pl.lit(Decimal("0.01"), dtype=MONEY)
    values = {
        "revenue": whole(cents) * cent,
        "gross_profit": pl.when(known).then(whole(cents * margin // 10_000) * cent),
        "gross_margin": pl.when(known).then(whole(margin) * cent),
        "order_count": whole(often + 1),
        "order_frequency": whole(often + 1),
        "recency": whole(chance(6) % 365),
        "relation_length": whole(chance(7) % 2_000) * cent,
    }
    words = [pl.lit(word) for word in ("east", "west", "north", "south")]
    region = pl.when(chance(8) % 5 == 4).then(None)
    for number, word in enumerate(words):
        region = region.when(chance(8) % 5 == number).then(word)
    tiers = pl.Series(["VIP", "重要", "一般", "潜在", None], dtype=pl.String)
    return pl.DataFrame({"code": [f"{number:07}" for number in range(customers)]}).with_columns(
        pl.lit(value=True).alias("eligible"),
        (pl.lit(value=True) if everybody else chance(9) >= 100_000).alias("rated"),
        region.alias("region"),
        pl.lit(tiers).gather(chance(10) % 5).alias("current"),
        (often + 1).alias("documents"),
        pl.lit(365, dtype=pl.Int64).alias("history_days"),
        *(values.get(name, pl.lit(None, dtype=MONEY)).alias(name) for name in METRICS),
    )


def by_u8sync(frame: pl.DataFrame, policy: Policy, *, quintiles: bool) -> tuple[Worked, Shown]:
    """u8sync: score, ladder, movement."""

    def do() -> pl.DataFrame:
        scored = score(frame, policy.weights, smallest_group=policy.smallest_group)
        return move(recommend(scored, policy), policy, Past(), AS_OF)

    def show(moved: pl.DataFrame) -> pl.DataFrame:
        if quintiles:
            letters = [pl.col(points_of(metric)).cast(pl.Int64).alias(letter) for metric, letter in RFM.items()]
            return moved.select("code", "recency", "order_count", *letters)
        return moved.select(
            "code", pl.col("score").cast(pl.Float64).fill_null(-1), pl.col(EARNED).alias("tier"), pl.col(TIER)
        )

    return do, show


def floats(frame: pl.DataFrame, columns: Sequence[str]) -> Any:
    """Figures as a pandas frame would hold them."""
    import pandas as pd

    return pd.DataFrame({name: frame[name].cast(pl.Float64).to_numpy() for name in columns}, index=frame["code"])


def by_pandas(frame: pl.DataFrame) -> tuple[Worked, Shown]:
    """The same ranks, weights and bounds in pandas."""
    import numpy as np
    import pandas as pd

    weights = {"revenue": 40, "gross_profit": 25, "order_frequency": 15, "recency": 10, "relation_length": 10}
    table = floats(frame, list(weights))
    table["rated"] = frame["rated"].to_numpy()

    def do() -> Any:
        rated = table[table["rated"]]
        total, counted = (pd.Series(0.0, index=rated.index) for _ in range(2))
        for metric, weight in weights.items():
            value = -rated[metric] if metric == "recency" else rated[metric]
            others = value.notna().sum() - 1
            points = (value.rank(method="average") - 1) / others * 100
            total += points.fillna(0) * weight
            counted += value.notna() * weight
        found = pd.DataFrame({"score": total / counted})
        best = (found["score"] >= 85) & (rated["relation_length"] >= 2)
        found["tier"] = np.select([best, found["score"] >= 60], ["VIP", "重要"], "一般")
        found = found.reindex(table.index)
        found["tier"] = found["tier"].fillna("潜在")
        return found

    def show(found: Any) -> pl.DataFrame:
        return pl.DataFrame(
            {"code": found.index.tolist(), "score": found["score"].fillna(-1).tolist(), "tier": found["tier"].tolist()}
        )

    return do, show


def by_rfm(frame: pl.DataFrame) -> tuple[Worked, Shown]:
    """The package ``rfm``: its scoring, on figures that are worked out."""
    from rfm.rfm import RFM as Package  # noqa: N811 - the name of this file's own table

    table = floats(frame, ["recency", "order_count", "revenue"]).reset_index(names="code")
    table = table.rename(columns={"order_count": "frequency", "revenue": "monetary_value"})
    package = Package(table, "code", "date", "amount", automated=False)

    def show(found: Any) -> pl.DataFrame:
        return pl.DataFrame({name: found[name].tolist() for name in ("code", "r", "f", "m")})

    return lambda: package.calculate_rfm_score(table), show


def by_openretailscience(frame: pl.DataFrame) -> tuple[Worked, Shown]:
    """The package ``openretailscience``: its scoring, on figures that are worked out; duckdb does the work."""
    import ibis
    from openretailscience.segmentation.rfm import RFMSegmentation

    table = floats(frame, ["recency", "order_count", "revenue"]).reset_index(names="customer_id")
    package = RFMSegmentation.__new__(RFMSegmentation)

    def do() -> Any:
        held = ibis.memtable(table)
        letters = {
            "r": package._compute_score(held, "recency", 5, ascending=False),
            "f": package._compute_score(held, "order_count", 5, ascending=True),
            "m": package._compute_score(held, "revenue", 5, ascending=True),
        }
        return held.mutate(**letters).execute()

    def show(found: Any) -> pl.DataFrame:
        # Their bands count from 0 or from 1, by the way ntile is spelt there.
        lowest = int(found["m"].min())
        letters = {name: (found[name] - lowest + 1).tolist() for name in ("r", "f", "m")}
        return pl.DataFrame({"code": found["customer_id"].tolist(), **letters})

    return do, show


def peak_mib() -> float:
    """Most memory that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    main()
