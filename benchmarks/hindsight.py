"""CDNOW, 39 weeks to rate and 39 weeks to judge: what a chosen policy catches, what a BG/NBD model does, and how fast.

Three parts, one line a figure:

* The share of the next 39 weeks' revenue that the top 5 % and 20 % of the 23,570 customers hold, by the policy whose
  weights ``tiers suggest`` finds in the first 39 weeks alone, by the baselines of ``tiers backtest``, and by a BG/NBD
  model (Fader, Hardie and Lee, "Counting Your Customers the Easy Way", Marketing Science 24, 2005, equations 6 and 10)
  times each customer's mean purchase value. The model needs ``pip install scipy``, and is fitted anew here from the
  published closed forms: the library that had it, lifetimes, ended in 2020, and pymc-marketing samples for minutes.
* The search of ``tiers suggest`` beside samplers of optuna (``pip install optuna``) given as many trials.
* The time of 200 trials over two evaluations of all customers.

What is not installed is skipped. Usage: ``python benchmarks/hindsight.py [--trials N] [--seeds N]``
"""

from __future__ import annotations

import argparse
import csv
import gzip
import importlib.util
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import polars as pl

from u8sync.bootstrap.hindsight import Asked, History, read_history
from u8sync.cli.app import call
from u8sync.domain.backtest import backtest
from u8sync.domain.baselines import curve
from u8sync.domain.numbers import Numbers, with_numbers
from u8sync.domain.suggestion import Suggestion, suggest
from u8sync.domain.weight_search import Tried
from u8sync.report.no_progress import NoProgress
from u8sync.sandbox.examples import example

DATA: Final = ROOT / "tests" / "data" / "cdnow.csv.gz"
HALF: Final = date(1997, 9, 30)
END: Final = date(1998, 6, 30)
METRICS: Final = ("revenue", "order_frequency", "recency")
POLICY: Final = """\
version: 1
window: {months: 12}
score: {revenue: {weight: 34}, order_frequency: {weight: 33}, recency: {weight: 33}}
tiers:
  - {name: VIP, when: {score: {at_least: 85}}}
  - {name: 重要, when: {score: {at_least: 60}}}
  - {name: 一般}
  - {name: 潜在, without_business: true}
"""


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=4)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lay_out(Path(folder))
        rating = read_history(Path("config.yaml"), None, Asked(HALF, 1, 3, None), NoProgress())
        judging = read_history(Path("config.yaml"), None, Asked(END, 1, 9, None), NoProgress())
        quarters = read_history(Path("config.yaml"), None, Asked(HALF, 2, 3, None), NoProgress())
        os.chdir(ROOT)
    for seed in range(asked.seeds):
        found = search(quarters, asked.trials, seed)
        told = ", ".join(f"{metric} {percent}" for metric, percent in found.choice("catch").numbers.weights.items())
        print(f"policy, seed {seed} ({told}): {shares(judging, found.choice('catch').numbers)}")
    print_baselines(judging)
    if importlib.util.find_spec("scipy"):
        print(f"BG/NBD times mean purchase value: {bg_nbd(judging)}")
    compare_searches(rating, asked.trials, asked.seeds)
    began = time.perf_counter()
    search(quarters, 200, 0)
    people = sum(look.judged.height for look in quarters.past.looks)
    print(f"200 trials over {people:,} customers in two evaluations: {time.perf_counter() - began:.1f} s")


def lay_out(folder: Path) -> None:
    """An account set with all purchases, and the files that go with it; the current folder."""
    os.chdir(folder)
    assert call(["sandbox", "import", str(DATA), "account-set.db"], language="en") == 0
    Path("mappings").mkdir()
    Path("mappings/customer.yaml").write_text(example("mappings/customer.yaml"), encoding="utf-8")
    Path("mappings/tiers.yaml").write_text(POLICY, encoding="utf-8")
    config = example("config.example.yaml").replace("as_of: last_month_end", f"as_of: {END}")
    Path("config.yaml").write_text(config, encoding="utf-8")


def search(history: History, trials: int, seed: int) -> Suggestion:
    """What ``tiers suggest`` finds."""
    return suggest(history.past.looks, history.policy, metrics=METRICS, sizes={}, held_out=0, trials=trials, seed=seed)


def shares(history: History, numbers: Numbers) -> str:
    """What the top 5 % and 20 % hold by these numbers."""
    measured = suggest(
        history.past.looks,
        with_numbers(history.policy, numbers),
        metrics=METRICS,
        sizes={},
        held_out=0,
        trials=1,
        seed=0,
    ).choice("present")
    return told(measured.searched.caught)


def told(caught: Mapping[int, Decimal | None]) -> str:
    """Shares as text."""
    return ", ".join(f"top {top} % {caught[top]:.4f}" for top in (5, 20))


def print_baselines(history: History) -> None:
    """Those of ``tiers backtest``."""
    found = backtest(history.past.looks, history.policy).overall
    for name in ("last_revenue", "rfm"):
        print(f"{name}: {told(found.caught[name])}")


def purchases() -> dict[str, tuple[int, float, float, float]]:
    """Customer -> repeat purchases, weeks to the last one, weeks observed, mean value; up to the end of the half."""
    days: dict[str, set[date]] = {}
    spent: dict[str, float] = {}
    with gzip.open(DATA, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            day = date(int(row["date"][:4]), int(row["date"][4:6]), int(row["date"][6:]))
            if day <= HALF:
                days.setdefault(row["customer"], set()).add(day)
                spent[row["customer"]] = spent.get(row["customer"], 0.0) + float(row["amount"])
    return {
        customer: (
            len(seen) - 1,
            (max(seen) - min(seen)).days / 7,
            (HALF - min(seen)).days / 7,
            spent[customer] / len(seen),
        )
        for customer, seen in days.items()
    }


def bg_nbd(history: History) -> str:
    """Fit the model by maximum likelihood, and order by expected purchases of 39 weeks times mean value."""
    import numpy as np
    from scipy.optimize import minimize
    from scipy.special import betaln, gammaln, hyp2f1, logsumexp

    known = purchases()
    x, tx, t, value = (np.array(column) for column in zip(*known.values(), strict=True))

    def loss(logs: Any) -> float:
        r, alpha, a, b = np.exp(logs)
        begun = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        alive = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + t)
        gone = betaln(a + 1, b + np.maximum(x, 1) - 1) - betaln(a, b) - (r + x) * np.log(alpha + tx)
        both = logsumexp([alive, np.where(x > 0, gone, -np.inf)], axis=0)
        return float(-(begun + both).sum())

    fitted = minimize(loss, np.zeros(4), method="Nelder-Mead", options={"maxiter": 4000, "xatol": 1e-6, "fatol": 1e-4})
    r, alpha, a, b = np.exp(fitted.x)
    ahead = 39.0
    reached = hyp2f1(r + x, b + x, a + b + x - 1, ahead / (alpha + t + ahead))
    kept = 1 - ((alpha + t) / (alpha + t + ahead)) ** (r + x) * reached
    dead = np.where(x > 0, a / (b + np.maximum(x, 1) - 1) * ((alpha + t) / (alpha + tx)) ** (r + x), 0)
    expected = (a + b + x - 1) / (a - 1) * kept / (1 + dead)
    print(f"BG/NBD: r={r:.3f} alpha={alpha:.3f} a={a:.3f} b={b:.3f}, log-likelihood {-fitted.fun:,.1f}")
    order = pl.DataFrame({"code": list(known), "model": expected * value})
    judged = history.past.looks[0].judged.select("code", "next_revenue").join(order, on="code", validate="1:1")
    held = curve(judged, by="model", amount="next_revenue")
    whole = Fraction(judged["next_revenue"].sum())
    return ", ".join(
        f"top {top} % {float(held.first(Fraction(judged.height * top, 100)) / whole):.4f}" for top in (5, 20)
    )


def compare_searches(history: History, trials: int, seeds: int) -> None:
    """The best that each search finds in the rating half, as its aim: the mean of what the top 5 % and 20 % hold."""
    ours = [search(history, trials, seed).front[0].aim for seed in range(seeds)]
    print(f"u8sync, best of {trials} trials: {min(ours)} to {max(ours)}")
    if not importlib.util.find_spec("optuna"):
        return
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    samplers: dict[str, Callable[[int], Any]] = {
        "TPE": lambda seed: optuna.samplers.TPESampler(seed=seed),
        "NSGA-II": lambda seed: optuna.samplers.NSGAIISampler(seed=seed),
        "random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
    }
    for name, sampler in samplers.items():
        best = []
        for seed in range(seeds):
            study = optuna.create_study(direction="maximize", sampler=sampler(seed))
            study.optimize(lambda trial: float(aim_of(history, trial)), n_trials=trials)
            best.append(study.best_value)
        print(f"optuna {name}, best of {trials} trials: {min(best):.6f} to {max(best):.6f}")


def aim_of(history: History, trial: Any) -> Decimal:
    """One trial of optuna: free numbers, brought to whole percents that add up to 100."""
    raw = [trial.suggest_float(metric, 0.001, 1) for metric in METRICS]
    weights = [1 + int(97 * part / sum(raw)) for part in raw]
    weights[0] += 100 - sum(weights)
    return tried(history, weights).aim


def tried(history: History, weights: list[int]) -> Tried:
    """What weights come to where they are searched."""
    policy = with_numbers(history.policy, Numbers(dict(zip(METRICS, weights, strict=True)), {}))
    return suggest(history.past.looks, policy, metrics=METRICS, sizes={}, held_out=0, trials=1, seed=0).front[0]


if __name__ == "__main__":
    main()
