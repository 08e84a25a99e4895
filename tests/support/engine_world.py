"""A small account set in memory, a log that forgets what was not made durable, and the means to run a night on them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
from fakes import Quiet, Ticking

from u8sync.backends.memory import MemoryBackend
from u8sync.cli.undoing import told_of
from u8sync.config.mapping_file import load_mapping
from u8sync.config.policy_file import load_policy
from u8sync.domain.approvals import ApprovalRules
from u8sync.domain.guards import Limits
from u8sync.domain.mapping import CustomerMapping
from u8sync.domain.model import FACTS_SCHEMA, AccountSet, ColumnLimit, CustomerCode, same
from u8sync.domain.plan import FieldChange, Plan
from u8sync.domain.policy import Policy
from u8sync.domain.run import Planned, RunResult
from u8sync.domain.undo import PlannedUndo
from u8sync.engine.memory import TYPES as MEMORY
from u8sync.engine.memory import remember
from u8sync.engine.nightly import Night
from u8sync.engine.planner import Rules, make_plan
from u8sync.engine.records import Actor
from u8sync.engine.retry import Retry
from u8sync.engine.undo import plan_undo
from u8sync.ports import Clock, Edit, Head, Json, Record

ROOT = Path(__file__).parent.parent.parent
TIER = "cCusDefine5"
ROLES = "cCusDefine4"
TIERS = frozenset({"VIP", "重要", "一般", "潜在"})


class Crash(BaseException):
    """The process dies here. No handler of the product may stop it."""


@dataclass
class Paper:
    """An audit log on paper: what was not committed is lost in a crash."""

    durable: list[Record] = field(default_factory=list)
    pending: list[Record] = field(default_factory=list)
    run_id: str = "run-0"
    opened: int = 0
    clock: Clock = field(default_factory=Ticking)
    target: str = ""
    on_commit: Callable[[], None] | None = None
    on_committed: Callable[[], None] | None = None

    def open(self) -> Paper:
        """What the next process finds."""
        self.pending.clear()
        self.opened += 1
        self.run_id = f"run-{self.opened}"
        return self

    def append(self, type_: str, fields: Mapping[str, Json]) -> int:
        seq = len(self.durable) + len(self.pending) + 1
        at = {"seq": seq, "run_id": self.run_id, "ts": f"{self.clock.now():%Y-%m-%dT%H:%M:%S.%fZ}"}
        self.pending.append({**fields, **at, "type": type_, "target": self.target})
        return seq

    def commit(self) -> None:
        if self.on_commit is not None:
            self.on_commit()
        self.durable += self.pending
        self.pending = []
        if self.on_committed is not None:
            self.on_committed()

    def records(self, *types: str) -> Iterator[Record]:
        return (record for record in [*self.durable, *self.pending] if not types or record["type"] in types)

    def open_changes(self) -> list[str]:
        waiting: dict[str, None] = {}
        for record in self.records("intent", "outcome", "settle"):
            if record["type"] == "intent":
                waiting[str(record["op_id"])] = None
            elif record["type"] == "settle" or record["status"] != "unknown":
                waiting.pop(str(record["op_id"]), None)
        return list(waiting)

    def checkpoint(self) -> str | None:
        return None

    def head(self) -> Head:
        return Head(len(self.durable), "0" * 64)

    def close(self) -> None: ...


def customer(tier: str | None = None, **values: str | None) -> dict[str, str | None]:
    """A row of the archive."""
    return {
        "cCusName": "测试",
        "cCusMngTypeCode": "999",
        "cCCCode": "0101",
        "cDCCode": None,
        ROLES: None,
        "dCusDevDate": "2020-01-01",
        "dCusCreateDatetime": "2020-01-01",
        "dEndDate": None,
        TIER: tier,
        **values,
    }


def sales(revenues: Mapping[str, int]) -> pl.DataFrame:
    """Facts in which the customer with more revenue also has more profit and more orders; all else is level."""
    rows = [
        (code, Decimal(revenue), Decimal(revenue), Decimal(0), 1, revenue // 1000, date(2020, 1, 1), date(2026, 10, 1))
        for code, revenue in revenues.items()
    ]
    return pl.DataFrame([dict(zip(FACTS_SCHEMA, row, strict=False)) for row in rows], schema=FACTS_SCHEMA)


ACCOUNT_SET = AccountSet("memory", "", "UFDATA_999_2026", "999", "演示", "")


@functools.cache
def example_mapping() -> CustomerMapping:
    """The mapping that comes with u8sync."""
    return load_mapping(ROOT / "mappings/customer.yaml", "mappings/customer.yaml")


@functools.cache
def example_policy() -> Policy:
    """The tiers that come with u8sync."""
    return load_policy(ROOT / "mappings/tiers.yaml", "mappings/tiers.yaml")


@functools.cache
def overwriting_policy() -> Policy:
    """The same, for nights after which U8 holds what the rules say, whatever people did before."""
    return replace(example_policy(), edited="overwrite")


@dataclass
class World:
    """One account set, its log, and the rules of the example files."""

    backend: MemoryBackend
    log: Paper = field(default_factory=Paper)
    clock: Ticking = field(default_factory=Ticking)
    limits: Limits = field(default_factory=lambda: Limits(share_changed=Decimal(100), top_downgrades=1000))
    batch: int = 2
    allow: frozenset[str] = frozenset()
    allow_reason: str | None = None
    approval: ApprovalRules | None = None
    approve: bool = False
    user: str = "tester"
    policy: Policy | None = None
    as_of: date = date(2026, 10, 31)
    waits: list[float] = field(default_factory=list)
    sleep: Callable[[float], None] | None = None

    def __post_init__(self) -> None:
        self.log.clock = self.clock
        self.log.target = self.backend.account_set().key

    def rules(self) -> Rules:
        return Rules(
            mapping=example_mapping(),
            policy=self.policy or example_policy(),
            limits=self.limits,
            as_of=self.as_of,
            allow=self.allow,
            tool="test",
            approval=self.approval,
            approve=self.approve,
        )

    def retry(self) -> Retry:
        return Retry(tries=3, budget_s=60, sleep=self.sleep or self.waits.append)

    def plan(self) -> Planned:
        rules = replace(self.rules(), memory=remember(self.log.records(*MEMORY), self.as_of))
        return make_plan(self.backend, rules, clock=self.clock, retry=self.retry(), progress=Quiet())

    def night(self) -> Night:
        log = self.log.open()
        return Night(
            backend=self.backend,
            account_set=self.backend.account_set(),
            log=log,
            rules=self.rules(),
            actor=Actor(self.user, "u8sync run", "3", "test", "0" * 64),
            run_id=log.run_id,
            person="u8sync",
            zone=ZoneInfo("Asia/Shanghai"),
            batch=self.batch,
            clock=self.clock,
            retry=self.retry(),
            progress=Quiet(),
            allow_reason=self.allow_reason,
        )

    def run(self) -> RunResult:
        return self.night().run(lambda _planned: None)

    def undo(self, run: str, *, customers: Sequence[str] = (), fields: Sequence[str] = ()) -> PlannedUndo:
        """Plan to take a run back, from what the log holds durably."""
        past = told_of(self.log.durable, run).past
        assert past is not None, f"no run {run}"
        return plan_undo(
            past,
            self.backend,
            self.rules(),
            customers=customers,
            fields=fields,
            clock=self.clock,
            retry=self.retry(),
        )

    def tier(self, code: str) -> str | None:
        return self.value(code, TIER)

    def value(self, code: str, column: str) -> str | None:
        return self.backend.read([CustomerCode(code)], [column])[CustomerCode(code)].values[column]

    def rows(self) -> dict[str, dict[str, str | None]]:
        """Everything that a person can see in U8 of every customer that is there."""
        columns = sorted(self.backend.columns() - {"cModifyPerson", "dModifyDate"})
        codes = [CustomerCode(code) for code in self.backend.customers([], Quiet())["code"]]
        return {code: dict(reading.values) for code, reading in self.backend.read(codes, columns).items()}

    def of_type(self, *types: str) -> list[Record]:
        return [record for record in self.log.durable if record["type"] in types]


def make_world(
    rows: Mapping[str, Mapping[str, str | None]],
    revenues: Mapping[str, int],
    *,
    on_write: Callable[[Sequence[Edit]], None] | None = None,
    keep_receipts: bool = False,
) -> World:
    """A world of these customers."""
    backend = MemoryBackend(
        ACCOUNT_SET,
        {CustomerCode(code): row for code, row in rows.items()},
        sales(revenues),
        writable={TIER: ColumnLimit(60, TIERS), ROLES: ColumnLimit(10)},
        on_write=on_write,
        keep_receipts=keep_receipts,
    )
    return World(backend)


def five_customers() -> World:
    """Four customers that buy more and more, and one that never bought."""
    rows = {code: customer() for code in ("A1", "B2", "C3", "D4", "E5")}
    return make_world(rows, {"A1": 1000, "B2": 2000, "C3": 3000, "D4": 4000})


def with_roles(plan: Plan, held: Mapping[str, str | None] | None = None, after: str = "代理商") -> Plan:
    """The plan, with a second field for each customer that does not hold ``after`` yet; ``held`` is what they hold."""
    held = held or {}
    return replace(
        plan,
        changes=tuple(
            change
            if same(held.get(change.code), after)
            else replace(
                change,
                fields=(
                    *change.fields,
                    FieldChange("roles", ROLES, held.get(change.code), after, was=None, becomes="分销商"),
                ),
            )
            for change in plan.changes
        ),
    )
