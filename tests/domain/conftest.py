"""A tiny world: six named customers, each there for one reason, and the means to make others.

The window is the year 2025, 365 days, so that orders a year are simply the number of orders.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from u8sync.domain.decision import Decision, decide
from u8sync.domain.mapping import CustomerMapping, Field, Kind, Step, Write
from u8sync.domain.metrics import METRICS
from u8sync.domain.model import FACTS_SCHEMA, MONEY, ColumnLimit, Facts, Month, Window
from u8sync.domain.movement import Past
from u8sync.domain.operators import OPERATORS, Operator
from u8sync.domain.policy import SCORE, Condition, Policy, Tier, Unknown, Weight
from u8sync.domain.tables import TableEntry, Unmapped, ValueTable
from u8sync.domain.windows import WindowRule
from u8sync.text import Place

WAY = "sql"
COLUMNS = {
    "code": "cCusCode",
    "name": "cCusName",
    "category": "cCCCode",
    "tier": "cCusDefine1",
    "roles": "cCusDefine2",
    "developed_on": "dCusDevDate",
    "created_on": "dCusCreateDatetime",
    "disabled_on": "dEndDate",
}
"""Canonical field -> physical column of the tiny world."""


@dataclass(frozen=True)
class Customer:
    """One customer: what the archive holds of it (text or null), and what its documents say."""

    code: str
    name: str | None = "Somebody"
    category: str | None = "0101"
    tier: str | None = None
    roles: str | None = None
    developed_on: str | None = None
    created_on: str | None = None
    disabled_on: str | None = None
    revenue: int | str | Decimal | None = None
    revenue_posted: int | str | Decimal | None = None
    cost: int | str | Decimal | None = None
    invoices: int = 0
    orders: int = 0
    first_sale_on: date | None = None
    last_sale_on: date | None = None
    active_months: int | None = None
    revenue_before: int | str | Decimal | None = None
    receipts: int | str | Decimal | None = None
    receivable: int | str | Decimal | None = None
    receivable_overdue: int | str | Decimal | None = None

    @property
    def documents(self) -> dict[str, object]:
        """The row of facts; empty when no document names the customer."""
        known = {name: getattr(self, name) for name in FACTS_SCHEMA if name != "code"}
        money = {
            name: Decimal(known[name])
            for name, kind in FACTS_SCHEMA.items()
            if kind == MONEY and known[name] is not None
        }
        named = self.invoices or self.orders or self.first_sale_on or self.last_sale_on or money
        return {"code": self.code, **known, **money} if named else {}


def operator(name: str, argument: str | int | ValueTable | None = None, kind: Kind = "text") -> Operator:
    """The operator as the mapping file's loader makes it."""
    return OPERATORS[name].make(argument, kind)


def table(name: str, entries: Mapping[str, str], *, unmapped: Unmapped = "issue", line: int = 1) -> ValueTable:
    """A value table whose entries stand one a line."""
    rows = tuple(
        TableEntry(raw, meaning, Place("m.yaml", line + 1 + i, 5)) for i, (raw, meaning) in enumerate(entries.items())
    )
    return ValueTable(name, rows, unmapped, Place("m.yaml", line, 3))


def mapped(
    name: str,
    *operators: Operator,
    kind: Kind = "text",
    required: bool = False,
    default: str | None = None,
    write: Write = "never",
    columns: Mapping[str, str] | None = None,
    line: int = 10,
) -> Field:
    """A field whose own line is ``line`` and whose operators stand on the lines after it."""
    return Field(
        name=name,
        label=name,
        columns={WAY: COLUMNS.get(name, name)} if columns is None else columns,
        steps=tuple(Step(each, Place("m.yaml", line + 1 + index, 7)) for index, each in enumerate(operators)),
        kind=kind,
        required=required,
        default=default,
        write=write,
        place=Place("m.yaml", line, 3),
    )


def tier(name: str, *conditions: Condition, without_business: bool = False, line: int = 1) -> Tier:
    """A step of a ladder."""
    return Tier(name, conditions, without_business, "", Place("tiers.yaml", line, 3))


def condition(subject: str, at_least: str | None = None, below: str | None = None) -> Condition:
    """A condition with its bounds as text."""
    bounds = (None if bound is None else Decimal(bound) for bound in (at_least, below))
    return Condition(subject, *bounds, Place("tiers.yaml", 1, 1))


def weight(metric: str, percent: int, unknown: Unknown = "leave_out") -> Weight:
    """A weight."""
    return Weight(metric, percent, unknown, Place("tiers.yaml", 1, 1))


def ladder(weights: Sequence[Weight], tiers: Sequence[Tier], *, exclude: Collection[str] = ()) -> Policy:
    """A policy of twelve months."""
    return Policy(WindowRule(months=12), tuple(weights), tuple(tiers), frozenset(exclude), "p" * 64)


TIERS = table(
    "tiers", {"VIP": "VIP", "贵宾": "VIP", "02": "key", "重点": "key", "普通": "regular", "潜在": "prospect"}, line=40
)
ROLES = table("roles", {"01": "dealer", "经销商": "dealer", "NO": "agent", "代理": "agent"}, line=50)
CATEGORIES = table("categories", {"01": "retail", "02": "wholesale"}, line=60)

MAPPING = CustomerMapping(
    (
        mapped("code", required=True, line=2),
        mapped("name", operator("trim"), line=5),
        mapped(
            "category", operator("trim"), operator("prefix", 2), operator("table", CATEGORIES), required=True, line=10
        ),
        mapped("tier", operator("trim"), operator("table", TIERS), write="tier", line=15),
        mapped(
            "roles",
            operator("split", "、"),
            operator("table", ROLES, "list"),
            kind="list",
            write="canonical",
            line=20,
        ),
        mapped("developed_on", operator("date"), kind="date", line=25),
        mapped("created_on", operator("date"), kind="date", line=28),
        mapped("disabled_on", operator("date"), kind="date", line=31),
    ),
    digest="m" * 64,
)

POLICY = ladder(
    [weight("revenue", 50), weight("order_frequency", 30), weight("recency", 20)],
    [
        tier("VIP", condition(SCORE, "80"), line=11),
        tier("key", condition(SCORE, "50"), line=14),
        tier("regular", line=17),
        tier("prospect", without_business=True, line=19),
    ],
)

WRITABLE = {"cCusDefine1": ColumnLimit(20), "cCusDefine2": ColumnLimit(20)}

AURORA = Customer("001", "Aurora", revenue=900, invoices=9, orders=9, last_sale_on=date(2025, 12, 31))
BEACON = Customer("002", "Beacon", tier="重点", revenue=500, invoices=5, orders=5, last_sale_on=date(2025, 12, 1))
CEDAR = Customer("003", "Cedar", tier="VIP", revenue=100, invoices=1, orders=1, last_sale_on=date(2025, 6, 1))
DUNE = Customer("004", "Dune")
EMBER = Customer(
    "005", "Ember", disabled_on="2025-12-31", revenue=9000, invoices=90, orders=90, last_sale_on=date(2025, 12, 30)
)
FJORD = Customer("007", "Fjord", category="9901", revenue=8000, invoices=80, orders=80, last_sale_on=date(2025, 12, 30))


@dataclass(frozen=True)
class World:
    """The six customers, the rules they are judged by, and the builders that tests share."""

    way: str = WAY
    window: Window = field(default_factory=lambda: Window.ending(date(2025, 12, 31), months=12))
    mapping: CustomerMapping = MAPPING
    policy: Policy = POLICY
    writable: Mapping[str, ColumnLimit] = field(default_factory=lambda: dict(WRITABLE))
    columns: Mapping[str, str] = field(default_factory=lambda: dict(COLUMNS))

    aurora: Customer = AURORA
    """The best of all, and holds no tier yet: gets one filled in."""
    beacon: Customer = BEACON
    """Holds the tier that it deserves under another spelling: nothing to do."""
    cedar: Customer = CEDAR
    """Holds the highest tier and deserves a low one: falls."""
    dune: Customer = DUNE
    """No business: the tier without business."""
    ember: Customer = EMBER
    """Disabled on the window's last day: out, however large."""
    fjord: Customer = FJORD
    """Its category is not in the table, and the field is required: set aside."""

    Customer = Customer
    operator = staticmethod(operator)
    table = staticmethod(table)
    mapped = staticmethod(mapped)
    tier = staticmethod(tier)
    condition = staticmethod(condition)
    weight = staticmethod(weight)
    ladder = staticmethod(ladder)

    @property
    def six(self) -> tuple[Customer, ...]:
        """All of them, by code."""
        return (self.aurora, self.beacon, self.cedar, self.dune, self.ember, self.fjord)

    def raw(self, customers: Sequence[Customer]) -> pl.DataFrame:
        """The archive as a backend gives it: text or null."""
        names = {"code": "code"} | {f: c for f, c in self.columns.items() if f != "code"}
        rows = [{"cCusCode": each.code, **{c: getattr(each, f) for f, c in names.items()}} for each in customers]
        return pl.DataFrame(rows, schema=dict.fromkeys(["cCusCode", *names.values()], pl.String))

    def facts(self, customers: Sequence[Customer]) -> Facts:
        """What the documents say."""
        rows = [each.documents for each in customers if each.documents]
        posted = (Month(2025, 1), Month(2025, 12))
        return Facts(pl.DataFrame(rows, schema=FACTS_SCHEMA), self.window, posted)

    def decide(
        self,
        customers: Sequence[Customer],
        *,
        mapping: CustomerMapping | None = None,
        policy: Policy | None = None,
        protected: Collection[str] = (),
        writable: Mapping[str, ColumnLimit] | None = None,
        way: str | None = None,
        past: Past | None = None,
        overwrite_edited: bool = False,
    ) -> Decision:
        """Decide over these customers."""
        return decide(
            self.raw(customers),
            self.facts(customers),
            mapping=mapping or self.mapping,
            policy=policy or self.policy,
            way=way or self.way,
            writable=self.writable if writable is None else writable,
            protected=protected,
            past=past,
            overwrite_edited=overwrite_edited,
        )

    def apply(self, customers: Sequence[Customer], decision: Decision) -> list[Customer]:
        """The customers after every change of the decision was written."""
        fields_of = {column: name for name, column in self.columns.items()}
        after = {each.code: {fields_of[c]: v for c, v in each.after.items()} for each in decision.changes}
        return [replace(each, **after.get(each.code, {})) for each in customers]

    def measured(self, rows: Sequence[Mapping[str, object]]) -> pl.DataFrame:
        """A frame of metric values as scoring takes it: ``code`` and ``rated`` are filled in where missing."""
        schema = {"code": pl.String, "rated": pl.Boolean, "eligible": pl.Boolean, SCORE: MONEY}
        schema |= dict.fromkeys(METRICS, MONEY)
        full = [
            {
                name: Decimal(str(value)) if value is not None and name in {SCORE, *METRICS} else value
                for name, value in {"code": f"{index:03}", "rated": True, "eligible": True, **row}.items()
            }
            for index, row in enumerate(rows)
        ]
        return pl.DataFrame([{name: row.get(name) for name in schema} for row in full], schema=schema)


@pytest.fixture(scope="session")
def world() -> World:
    """The tiny world; a value, so that all tests share it."""
    return World()
