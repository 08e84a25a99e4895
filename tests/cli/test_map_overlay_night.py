"""A night by an overlay that writes the tier into two columns and a role into a third: planned, written, undone."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from cli_home import Ask

from u8sync.domain.model import bare

SITE = """\
extends: customer.yaml
fields:
  management_type: {write: tier, default: ~}
  roles: {write_field: class_role}
  class_role: {label: 分类角色, from_field: category, operators: [{table: class_roles}]}
tables:
  class_roles: {match: prefix, unmapped: default, default: 终端客户, values: {"01": 分销商, "03": 合作伙伴}}
"""
SPELT = {"一般": "01", "重要": "02", "潜在": "03", "VIP": "04"}


@pytest.fixture
def site(fresh: Path) -> Path:
    """The demo before its first night, with an overlay of its own and guards that let all of it pass."""
    (fresh / "mappings/site.yaml").write_text(SITE, encoding="utf-8", newline="\n")
    config = fresh / "config.yaml"
    text = config.read_text(encoding="utf-8")
    for old, new in (
        ("mapping: mappings/customer.yaml", "mapping: mappings/site.yaml"),
        ("share_changed: 20", "share_changed: 100"),
        ("top_downgrades: 20", "top_downgrades: 1000"),
    ):
        assert old in text
        text = text.replace(old, new)
    config.write_text(text, encoding="utf-8", newline="\n")
    return fresh


def held(home: Path) -> list[tuple[str | None, ...]]:
    """Code, class, management type, roles and tier of the customers that are not disabled."""
    with closing(sqlite3.connect(home / "account-set.db")) as connection:
        return connection.execute(
            "SELECT cCusCode, cCCCode, cCusMngTypeCode, cCusDefine4, cCusDefine5 FROM Customer"
            " WHERE dEndDate IS NULL ORDER BY cCusCode"
        ).fetchall()


def records(home: Path, type_: str) -> list[dict[str, object]]:
    [folder] = (path for path in (home / "audit").iterdir() if path.is_dir())
    lines = (line for path in sorted(folder.glob("seg-*.jsonl")) for line in path.read_text("utf-8").splitlines())
    return [record for record in map(json.loads, lines) if record["type"] == type_]


def test_tier_and_role_go_where_the_overlay_says_and_the_next_plan_is_empty(ask: Ask, site: Path) -> None:
    before = held(site)
    assert ask("run").code == 0
    for _, category, managed, roles, tier in held(site):
        assert SPELT[str(tier)] == managed
        if category is not None:
            assert roles == {"01": "分销商", "03": "合作伙伴"}.get(category[:2], "终端客户")
    assert ask("plan").code == 0
    [run] = {str(record["run_id"]) for record in records(site, "run_open")}
    assert ask("plan", "--undo", run, "--out", "undo.json").code == 2
    assert ask("apply", "undo.json").code == 0
    # A code that nobody has any more is none that U8 is known to take, so it is not put back.
    back = [(now, then) for now, then in zip(held(site), before, strict=True) if then[2] != "X9"]
    assert all([bare(value) for value in now] == [bare(value) for value in then] for now, then in back)
    assert ask("audit", "verify").code == 0


def test_the_record_names_the_line_that_asked_for_each_field(ask: Ask, site: Path) -> None:
    assert ask("run").code == 0
    fields = [field for record in records(site, "intent") for field in record["fields"]]  # type: ignore[attr-defined]
    rules = {field["field"]: field.get("rule") for field in fields}
    assert rules == {"tier": None, "management_type": None, "roles": "mappings/site.yaml:4"}


def test_the_log_s_answers_tell_the_line_and_no_score_for_a_field_that_no_policy_decided(ask: Ask, site: Path) -> None:
    assert ask("run").code == 0
    for field, rule, scored in (("roles", "mappings/site.yaml:4", False), ("management_type", "tiers.yaml:", True)):
        changes = ask("audit", "list", "--field", field, "--json").json
        assert changes
        assert all(rule in change["rule"] for change in changes)
        assert any(change["score"] is not None for change in changes) == scored


def test_the_files_of_the_chain_are_kept_as_evidence(ask: Ask, site: Path) -> None:
    assert ask("run").code == 0
    [seal] = (record["seal"] for record in records(site, "plan"))
    [folder] = (path for path in (site / "audit").iterdir() if path.is_dir())
    kept = (folder / "files" / str(seal["mapping"])).read_bytes()  # type: ignore[index]
    assert hashlib.sha256(kept).hexdigest() == seal["mapping"]  # type: ignore[index]
    for name in ("customer.yaml", "site.yaml"):
        assert (site / "mappings" / name).read_bytes() in kept


def test_a_plan_is_stale_once_a_file_below_was_edited(ask: Ask, site: Path) -> None:
    assert ask("plan", "--out", "plan.json").code == 2
    base = site / "mappings/customer.yaml"
    base.write_text(base.read_text(encoding="utf-8") + "# edited\n", encoding="utf-8")
    assert ask("apply", "plan.json").code == 5


def test_a_role_is_not_written_when_the_class_it_came_from_was_changed_meanwhile(ask: Ask, site: Path) -> None:
    assert ask("plan", "--out", "plan.json").code == 2
    with closing(sqlite3.connect(site / "account-set.db")) as connection:
        [code] = connection.execute(
            "SELECT min(cCusCode) FROM Customer WHERE cCCCode LIKE '01%' AND dEndDate IS NULL AND cCusDefine4 IS NULL"
        ).fetchone()
        connection.execute("UPDATE Customer SET cCCCode = '0203' WHERE cCusCode = ?", (code,))
        connection.commit()
    answer = ask("apply", "plan.json")
    assert answer.code == 5
    assert code in answer.complaint
