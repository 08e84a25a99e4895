"""A made-up account set of any size, decided by the real rules, with a few hostile customers among the honest ones."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from u8sync.domain.decision import decide
from u8sync.domain.guards import Limits, check
from u8sync.domain.mapping import CustomerMapping, Field, Kind, Step, Write
from u8sync.domain.model import FACTS_SCHEMA, AccountSet, ColumnLimit, CustomerCode, Facts, Month, Window
from u8sync.domain.operators import OPERATORS
from u8sync.domain.plan import Plan, Seal
from u8sync.domain.policy import SCORE, Condition, Policy, Tier, Weight
from u8sync.domain.run import Ending, Planned, RunResult, Settlement
from u8sync.domain.tables import TableEntry, ValueTable
from u8sync.domain.windows import WindowRule
from u8sync.text import Place, msg

ACCOUNT_SET = AccountSet("sqlite", "", "UFDATA_999_2026", "999", "华东贸易有限公司", "a1")
AS_OF = date(2026, 10, 31)
HOSTILE = {
    "H1": "<img src=x onerror=alert(1)>",
    "H2": "[red]红色[/red] [link=http://evil.example]点我[/link]",
    "H3": "\x1b[31m\x1b]0;title\x07\u202e反转\u200b\r\n第二行",
    "H4": '\'; DROP TABLE "Customer" --</td></table></body>',
}
"""Customers whose names try to be markup, colours, another direction or another line."""


def _place(line: int, file: str = "mappings/customer.yaml") -> Place:
    return Place(file, line, 5)


def _table(name: str, entries: dict[str, str], line: int) -> ValueTable:
    rows = (TableEntry(raw, meaning, _place(line + 1 + i)) for i, (raw, meaning) in enumerate(entries.items()))
    return ValueTable(name, tuple(rows), "issue", _place(line))


def _field(name: str, column: str, *steps: Step, kind: Kind = "text", write: Write = "never", line: int) -> Field:
    return Field(name, name, {"sql": column}, steps, kind, name == "region", None, write, _place(line))


def _step(name: str, argument: str | int | ValueTable | None = None, kind: Kind = "text", *, line: int) -> Step:
    return Step(OPERATORS[name].make(argument, kind), _place(line))


MAPPING = CustomerMapping(
    (
        _field("code", "cCusCode", line=8),
        _field("name", "cCusName", _step("trim", line=12), line=11),
        _field(
            "region",
            "cDCCode",
            _step("table", _table("regions", {"01": "华东", "02": "华北"}, 60), line=16),
            line=15,
        ),
        _field(
            "tier",
            "cCusDefine1",
            _step("trim", line=21),
            _step(
                "table",
                _table("tiers", {"V": "VIP", "贵宾": "VIP", "重点": "重点", "普通": "普通", "潜在": "潜在"}, 70),
                line=22,
            ),
            write="tier",
            line=20,
        ),
        _field(
            "roles",
            "cCusDefine2",
            _step("split", "、", line=26),
            _step("table", _table("roles", {"经销商": "经销商", "代理": "代理"}, 80), "list", line=27),
            kind="list",
            write="canonical",
            line=25,
        ),
        _field("disabled_on", "dEndDate", _step("date", line=31), kind="date", line=30),
    ),
    digest="m" * 64,
)


def _tier(name: str, *conditions: Condition, service: str, without_business: bool = False, line: int) -> Tier:
    return Tier(name, conditions, without_business, service, _place(line, "mappings/tiers.yaml"))


def _condition(subject: str, at_least: str | None = None, below: str | None = None) -> Condition:
    low, high = (None if bound is None else Decimal(bound) for bound in (at_least, below))
    return Condition(subject, low, high, _place(20, "mappings/tiers.yaml"))


POLICY = Policy(
    window=WindowRule(months=12),
    weights=tuple(
        Weight(metric, percent, unknown, _place(5, "mappings/tiers.yaml"))
        for metric, percent, unknown in (
            ("revenue", 40, "leave_out"),
            ("gross_profit", 30, "leave_out"),
            ("order_frequency", 20, "zero"),
            ("recency", 10, "zero"),
        )
    ),
    tiers=(
        _tier(
            "VIP", _condition(SCORE, "80"), _condition("recency", below="120"), service="专属客服，账期 60 天", line=14
        ),
        _tier("重点", _condition(SCORE, "55"), service="优先发货，账期 30 天", line=19),
        _tier("普通", service="标准服务", line=23),
        _tier("潜在", service="每季度回访一次", without_business=True, line=27),
    ),
    exclude=frozenset({"C00003"}),
    digest="p" * 64,
)


@dataclass(frozen=True)
class Books:
    """The made-up account set, planned and applied as the real road does it."""

    policy: Policy = POLICY
    mapping: CustomerMapping = MAPPING
    hostile: dict[str, str] = field(default_factory=lambda: dict(HOSTILE))

    def planned(
        self, customers: int = 60, *, allow: Sequence[str] = (), limits: Limits | None = None, noted: bool = True
    ) -> Planned:
        """A plan over so many honest customers and the hostile ones."""
        raw, documents = _archive(customers)
        notes = (msg("no document in the window"),) if noted else ()
        facts = Facts(documents, Window.ending(AS_OF, months=12), (Month(2025, 11), Month(2026, 9)), notes)
        limits = limits or Limits(protected=frozenset({"C00005"}))
        decision = decide(
            raw,
            facts,
            mapping=MAPPING,
            policy=POLICY,
            way="sql",
            writable={"cCusDefine1": ColumnLimit(20), "cCusDefine2": ColumnLimit(20)},
            protected=limits.protected,
        )
        seal = Seal(ACCOUNT_SET.key, AS_OF, MAPPING.digest, POLICY.digest, "0.1.0")
        made_at = datetime(2026, 11, 1, 18, 30, tzinfo=UTC)
        plan = Plan(seal, made_at, decision.changes, decision.skipped, decision.population)
        return Planned(
            ACCOUNT_SET, facts, decision, plan, check(plan, POLICY, limits, allow=frozenset(allow), last_customers=None)
        )

    def applied(self, planned: Planned) -> RunResult:
        """A run in which the first two customers could not be written."""
        first, second, *rest = planned.plan.changes
        started = datetime(2026, 11, 1, 18, 31, tzinfo=UTC)
        held = dict.fromkeys(first.before, "别人改的")
        return RunResult(
            run_id="20261101-183100-7f3a",
            account_set=ACCOUNT_SET,
            plan=planned.plan,
            endings=(
                Ending(first.code, "conflict", held),
                Ending(second.code, "rejected", dict(second.before), "值超出长度"),
                *(Ending(change.code, "applied", {}) for change in rest),
            ),
            settled=(Settlement(CustomerCode("C00009"), "20261031-183000-11aa", "not_applied"),),
            started_at=started,
            ended_at=started + timedelta(seconds=12.34),
            audit_count=1234,
            audit_hash="0123456789abcdef" * 4,
        )


def _archive(count: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    dice = random.Random(7)  # noqa: S311 - a made-up archive
    customers: list[dict[str, str | None]] = []
    documents: list[dict[str, object]] = []
    names = {
        f"C{number:05}": f"{dice.choice('华东南北')}{dice.choice('海江山川')}贸易第{number}有限公司"
        for number in range(count)
    }
    tiers = ["V", "重点", "普通", "潜在", "普通", None, "钻石"]
    for number, (code, name) in enumerate({**names, **HOSTILE}.items()):
        busy = dice.random() < 0.8
        region = "99" if number % 29 == 28 else dice.choice(["01", "02"])
        tier = dice.choice(tiers)
        customers.append(
            {
                "code": code,
                "cCusCode": code,
                "cCusName": name,
                "cDCCode": region,
                "cCusDefine1": None if code in HOSTILE else tier,
                "cCusDefine2": "代理,经销商" if number % 17 == 16 else None,
                "dEndDate": "2026-01-31" if number % 23 == 22 else None,
            }
        )
        if busy:
            revenue = Decimal(round(dice.lognormvariate(11, 1.4), 2)).quantize(Decimal("0.0001"))
            known = dice.random() < 0.9
            documents.append(
                {
                    "code": code,
                    "revenue": revenue,
                    "revenue_posted": revenue,
                    "cost": (revenue * Decimal("0.8")).quantize(Decimal("0.0001")) if known else None,
                    "invoices": dice.randint(1, 40),
                    "orders": dice.randint(1, 50),
                    "first_sale_on": date(2024, 1, 1),
                    "last_sale_on": AS_OF - timedelta(days=dice.randint(0, 200)),
                }
            )
    return pl.DataFrame(customers), pl.DataFrame(documents, schema=FACTS_SCHEMA)


@pytest.fixture(scope="session")
def books() -> Books:
    """The made-up account set; a value, so that all tests share it."""
    return Books()
