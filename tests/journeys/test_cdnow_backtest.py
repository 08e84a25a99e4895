"""A policy chosen on the first half of CDNOW and judged on the second, as in the papers of Fader and Hardie.

39 weeks to rate, 39 weeks to judge: the tiers of 1997-09-30, and what the 23,570 customers bought from 1997-10-01 to
1998-06-30. The weights come from ``tiers suggest`` on the first 39 weeks alone: rated at the end of each quarter that
another one follows there, and judged by that one. The search reads nothing of the second half; the rule that takes the
more even among weights that are nearly as good was settled after several had been compared on it.

What is to be beaten, as share of the revenue of the last 39 weeks: the top 5 % and 20 % by last-period revenue hold
0.356 and 0.661, by the sum of RFM quintiles 0.320 and 0.679 (0.250 and 0.680 where ties are shared and not broken), by
a BG/NBD model times the mean purchase value 0.383 and 0.684.
"""

from __future__ import annotations

import gzip
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cli_home import Ask, ask

from u8sync.sandbox.examples import example

__all__ = ["ask"]

DATA = Path(__file__).parent.parent / "data" / "cdnow.csv.gz"

POLICY = """\
version: 1
window: {months: 12}
# Recency, frequency and revenue, of equal weight to begin with.
score:
  revenue:         {weight: 34}
  order_frequency: {weight: 33}
  recency:         {weight: 33}
tiers:
  - name: VIP
    when: {score: {at_least: 85}}
  - name: 重要
    when: {score: {at_least: 60}}
  - name: 一般
  - name: 潜在
    without_business: true
"""

RATING_HALF = ("--until", "1997-09-30", "--periods", "2", "--every", "3m", "--held-out", "0")
WHOLE = ("--until", "1998-06-30", "--periods", "1", "--every", "9m")


@pytest.fixture
def cdnow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask) -> Path:
    """The account set, the example mapping, and a policy of equal weights; the current folder."""
    return laid_out(tmp_path, DATA, monkeypatch, ask)


@pytest.fixture
def some_of_cdnow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask) -> Path:
    """The same with the purchases of every tenth customer."""
    header, *lines = gzip.decompress(DATA.read_bytes()).decode().splitlines()
    kept = [line for line in lines if line.split(",")[0].endswith("7")]
    some = tmp_path / "some.csv"
    some.write_text("\n".join([header, *kept]) + "\n", encoding="utf-8", newline="\n")
    return laid_out(tmp_path, some, monkeypatch, ask)


def laid_out(tmp_path: Path, history: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask) -> Path:
    """An account set of this history with its files."""
    monkeypatch.chdir(tmp_path)
    made = ask("sandbox", "import", history, "account-set.db")
    assert made.code == 0, made.err
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings/customer.yaml").write_text(example("mappings/customer.yaml"), encoding="utf-8")
    (tmp_path / "mappings/tiers.yaml").write_text(POLICY, encoding="utf-8")
    config = example("config.example.yaml").replace("as_of: last_month_end", "as_of: 1998-06-30")
    (tmp_path / "config.yaml").write_text(config, encoding="utf-8")
    return tmp_path


def caught(found: Any) -> dict[str, list[Decimal]]:
    """Order -> share of the revenue of the next 39 weeks that its top 5, 10 and 20 percent hold."""
    return {
        order: [Decimal(tops[top]) for top in ("5", "10", "20")] for order, tops in found["overall"]["caught"].items()
    }


def test_weights_chosen_on_the_first_half_beat_every_baseline_on_the_second(cdnow: Path, ask: Ask) -> None:
    # Step 1: only documents up to 1997-09-30 are in what is searched.
    suggested = ask("tiers", "suggest", *RATING_HALF, "--take", "catch", "--out", "chosen.yaml", "--json")
    assert suggested.code == 0, suggested.err
    assert (suggested.json["searched"], suggested.json["held_out"]) == (["1997-03-31", "1997-06-30"], [])
    chosen = next(choice for choice in suggested.json["choices"] if choice["pick"] == "catch")
    assert chosen["numbers"]["weights"] == {"revenue": 63, "order_frequency": 7, "recency": 30}

    # Step 2: the last 39 weeks.
    judged = ask("tiers", "backtest", "--policy", "chosen.yaml", *WHOLE, "--json")
    assert judged.code == 0, judged.err
    found = judged.json
    (period,) = found["periods"]
    assert (period["as_of"], period["until"]) == ("1997-09-30", "1998-06-30")
    assert (period["customers"], period["rated"], period["revenue"]) == (23_570, 23_570, "776961.1300")
    assert caught(found) == {
        "policy": [Decimal("0.383304"), Decimal("0.525770"), Decimal("0.693455")],
        "last_revenue": [Decimal("0.355504"), Decimal("0.498297"), Decimal("0.661376")],
        "rfm": [Decimal("0.250440"), Decimal("0.500879"), Decimal("0.679868")],
    }
    top_5, _, top_20 = caught(found)["policy"]
    assert top_5 > Decimal("0.383")  # BG/NBD times mean purchase value, the best of those to beat
    assert top_20 > Decimal("0.684")
    assert [found["overall"]["lift"]["last_revenue"][top] for top in ("5", "20")] == ["1.078200", "1.048503"]

    # The tiers are in order: the higher, the more a customer buys afterwards.
    means = [Decimal(tier["mean"]) for tier in found["overall"]["tiers"] if tier["customers"]]
    assert means == sorted(means, reverse=True)


def test_the_search_sees_nothing_of_the_second_half(some_of_cdnow: Path, ask: Ask) -> None:
    words = ("tiers", "suggest", *RATING_HALF, "--trials", "8", "--json")
    before = ask(*words).json
    with sqlite3.connect("account-set.db") as connection:
        connection.execute(
            "UPDATE SaleBillVouchs SET iNatMoney = iNatMoney * 9 + 1"
            " WHERE SBVID IN (SELECT SBVID FROM SaleBillVouch WHERE dDate >= '1997-10-01')"
        )
        assert connection.total_changes > 1_000
    connection.close()
    assert ask(*words).json == before
