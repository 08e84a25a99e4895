"""A world whose customers earn a tier by their revenue alone, night after night, under rules of movement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from engine_world import ACCOUNT_SET, ROLES, TIER, TIERS, World, customer, sales

from u8sync.backends.memory import MemoryBackend
from u8sync.domain.model import ColumnLimit, CustomerCode, Facts, Window
from u8sync.domain.policy import Condition, CoolDown, Movement, Pin, Policy, Quota, Tier, Weight
from u8sync.domain.run import RunResult
from u8sync.domain.windows import WindowRule
from u8sync.engine.memory import TYPES, Memory, remember
from u8sync.ports import Record
from u8sync.text import Place

__all__ = ["PLACE", "MovingWorld", "movement", "moving_world", "pin", "policy"]

PLACE = Place("tiers.yaml", 1, 1)

VIP, KEY, COMMON, NONE = "VIP", "重要", "一般", "潜在"


def movement(**rules: object) -> Movement:
    """Rules of movement; what is not said holds nothing."""
    plain: dict[str, object] = {"margin": Decimal(0), "down_after": 1, "most_steps": None, "review": ()}
    return Movement(**{**plain, "cool_down": None, "place": PLACE, **rules})  # type: ignore[arg-type]


def policy(rules: Movement | None, **more: object) -> Policy:
    """VIP from a revenue of 3000 on, 重要 from 2000 on; ``more`` as the policy calls it, and ``quota`` of VIP."""
    quota = more.pop("quota", None)
    tiers = (
        Tier(VIP, (Condition("revenue", Decimal(3000), None, PLACE),), False, "", PLACE, quota),  # type: ignore[arg-type]
        Tier(KEY, (Condition("revenue", Decimal(2000), None, PLACE),), False, "", PLACE),
        Tier(COMMON, (), False, "", PLACE),
        Tier(NONE, (), True, "", PLACE),
    )
    weights = (Weight("revenue", 100, "leave_out", PLACE),)
    return Policy(WindowRule(months=12), weights, tiers, frozenset(), "p" * 64, movement=rules, **more)  # type: ignore[arg-type]


def pin(code: str, tier: str, until: date) -> Pin:
    """A tier that somebody set by hand."""
    return Pin(code, tier, "投标中", "王经理", until, PLACE)


def places(customers: int) -> Quota:
    """So many places in the highest tier."""
    return Quota(None, customers, PLACE)


def rest(days: int, holds: str = "both") -> CoolDown:
    """A tier that changed rests so long."""
    return CoolDown(days, holds)  # type: ignore[arg-type]


@dataclass
class MovingWorld(World):
    """Nights at which revenues are what the test says."""

    revenues: dict[str, int] = field(default_factory=dict)

    def evening(self, day: str, **revenues: int) -> None:
        """The day and the revenues by which the next runs judge."""
        self.as_of = date.fromisoformat(day)
        self.revenues.update(revenues)

    def pass_night(self, day: str, **revenues: int) -> RunResult:
        """One run as of this day."""
        self.evening(day, **revenues)
        return self.run()

    def tiers(self, codes: Sequence[str] | None = None) -> dict[str, str | None]:
        """What U8 holds."""
        return {code: self.tier(code) for code in codes or self.revenues}

    def edits(self, code: str, tier: str | None) -> None:
        """What a person does in U8."""
        self.backend.change(CustomerCode(code), {TIER: tier})

    def memory(self, day: str) -> Memory:
        """What the log remembers for a run as of this day."""
        return remember(self.log.records(*TYPES), date.fromisoformat(day))

    def below(self, day: str) -> dict[str, int]:
        """Who was below how often, for a run as of this day."""
        return {code: count for code, count, _ in self.memory(day).past.customers.iter_rows() if count}

    def held(self, run: str | None = None) -> dict[str, str | None]:
        """Who was held by what in this run, the last one unless it is named."""
        return {
            one["code"]: one["cause"]  # type: ignore[call-overload, index]
            for record in self.of_type("hold")
            if record["run_id"] == (run or self.log.run_id)
            for one in record["held"]  # type: ignore[union-attr]
        }

    def approvals(self) -> list[Record]:
        """What persons let pass."""
        return self.of_type("approval")


def moving_world(rules: Policy, revenues: Mapping[str, int], tiers: Mapping[str, str] | None = None) -> MovingWorld:
    """These customers, with the tiers that U8 holds at first."""
    current = dict(revenues)
    everybody = sales(dict.fromkeys(revenues, 1000))

    def facts(window: Window) -> Facts:
        months = window.complete_months()
        frame = everybody.clear() if not current else sales(current)
        return Facts(frame, window, posted=(months[0], months[-1]))

    backend = MemoryBackend(
        ACCOUNT_SET,
        {CustomerCode(code): customer((tiers or {}).get(code)) for code in revenues},
        facts,
        writable={TIER: ColumnLimit(60, TIERS), ROLES: ColumnLimit(10)},
    )
    world = MovingWorld(backend, policy=rules)
    world.revenues = current
    world.limits = replace(world.limits, share_changed=Decimal(100))
    return world
