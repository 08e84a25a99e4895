"""The whole main job on a real purchase history: CDNOW, 23,570 customers, 69,659 purchases (see tests/data)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from cli_home import Ask, ask

from u8sync.sandbox.examples import example

__all__ = ["ask"]

DATA = Path(__file__).parent.parent / "data" / "cdnow.csv.gz"


@pytest.fixture
def cdnow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask) -> Path:
    """The account set with the example files, as a consultant would lay them out; the current folder."""
    monkeypatch.chdir(tmp_path)
    made = ask("sandbox", "import", DATA, "account-set.db")
    assert made.code == 0, made.err
    assert "23,570 customers" in made.out
    assert "69,659 invoice lines" in made.out
    (tmp_path / "mappings").mkdir()
    for name in ("mappings/customer.yaml", "mappings/tiers.yaml"):
        (tmp_path / name).write_text(example(name), encoding="utf-8")
    config = example("config.example.yaml").replace("as_of: last_month_end", "as_of: 1998-06-30")
    (tmp_path / "config.yaml").write_text(config, encoding="utf-8")
    return tmp_path


def test_cdnow_runs_through_plan_apply_plan_and_verify(cdnow: Path, ask: Ask) -> None:
    planned = ask("plan", "--out", "plan.json", "--json")
    assert planned.code == 2, planned.err
    body = planned.json
    assert body["population"]["customers"] == 23_570
    assert len(body["changes"]) == 23_570
    # Cost is not known in this history: profit is unknown for all, and says so; it is not zero.
    values = Counter(
        part["value"]
        for change in body["changes"]
        for part in (change["reason"]["contributions"] or [])
        if part["metric"] == "gross_profit"
    )
    assert set(values) == {None}
    assert any("profit" in note for note in body["notes"])
    tiers = Counter(change["reason"]["tier"] for change in body["changes"])
    # 1997-07-01 to 1998-06-30: customers without a purchase in it are 潜在.
    assert tiers["潜在"] == 23_570 - body["population"]["with_business"]
    assert tiers["VIP"] == 0  # nobody has been a customer for two years in a history of eighteen months
    assert tiers["重要"] > 0

    applied = ask("apply", "plan.json", "--json")
    assert applied.code == 0, applied.err
    assert applied.json["totals"]["applied"] == 23_570

    again = ask("plan", "--json")
    assert again.code == 0
    assert again.json["changes"] == []

    verified = ask("audit", "verify", "--json").json[0]
    assert verified["whole"]
    assert verified["records"] > 2 * 23_570
    best = max(body["changes"], key=lambda change: float(change["reason"]["score"] or 0))
    why = ask("explain", best["code"], "--json").json
    assert why["score"] == best["reason"]["score"]
    assert next(line for line in why["metrics"] if line["metric"] == "gross_profit")["value"] is None
