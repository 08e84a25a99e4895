"""The customer archive of a made account set, and how each of its customers will behave.

Also what is untidy in real archives: blank and unknown codes, role texts typed in five ways, odd customer codes,
customers that never bought. No document is made here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import fsum, sqrt
from typing import Final, Literal

from u8sync.sandbox.account_set import HOME_CURRENCY, Cell, day_text, leaf_classes
from u8sync.sandbox.dice import Dice
from u8sync.sandbox.names import Names

__all__ = ["CUSTOMER", "FOREIGN_CURRENCY", "Buyer", "draw_customers"]

FOREIGN_CURRENCY: Final = "美元"

CUSTOMER: Final = (
    *("cCusCode", "cCusName", "cCusAbbName", "cCCCode", "cDCCode", "cTrade", "cCusMngTypeCode", "CustomerKCode"),
    *("iCostGrade", "account_type", "cCusHeadCode", "cCusCreditCompany", "cInvoiceCompany", "cCusDepart"),
    *("bCredit", "iCusCreLine", "iCusCreDate", "bCusState", "bCusDomestic", "bCusOverseas", "dCusDevDate", "dEndDate"),
    *("dCusCreateDatetime", "cCreatePerson", "iFrequency", "iId", "cCusExch_name", "cCusDefine4", "pubufts"),
)
"""The columns of a row of :func:`draw_customers`."""

Life = Literal["steady", "growing", "shrinking", "stopped", "new", "never", "brand_new"]

LIVES: Final[tuple[tuple[Life, float], ...]] = (
    *(("steady", 0.46), ("growing", 0.14), ("shrinking", 0.12), ("stopped", 0.10), ("new", 0.06)),
    *(("never", 0.08), ("brand_new", 0.04)),
)
MANAGEMENT_BIG: Final[tuple[tuple[str | None, float], ...]] = (
    *(("999", 0.28), (None, 0.07), ("", 0.03), ("02", 0.37), ("04", 0.14), ("01", 0.10), ("X9", 0.01)),
)
MANAGEMENT: Final[tuple[tuple[str | None, float], ...]] = (
    *(("999", 0.40), (None, 0.13), ("", 0.06), ("   ", 0.02), ("01", 0.26), ("03", 0.09), ("02", 0.03)),
    ("X9", 0.01),
)
"""Code of the management type: the site's own 01 ordinary, 02 important, 03 potential, 04 VIP; X9 nobody knows."""

LEVELS: Final[tuple[tuple[str | None, float], ...]] = ((None, 0.85), ("A", 0.03), ("B", 0.05), ("C", 0.07))
ROLES: Final = ("终端客户", "终端客户", "终端客户", "分销商", "分销商", "供应商", "合作伙伴")
UNKNOWN_ROLE: Final = "代理"
SEPARATORS: Final = (",", "，", ";", "；", "、")
BLANKS: Final = ("", "", "", " ", "  ")
ODD_CODES: Final = ("007", "7", "HZ-0012", "vip01", "A001", "b002", "00A", "临时01")
ODD_EVERY: Final = 7
BIG: Final = 6.0
"""A customer of this weight (1 is the smallest, the mean is near 4) counts as big: about one in ten."""

DOCUMENTS_PER_CUSTOMER: Final = 4.7
"""Orders for each customer of the archive, those who never buy included: gives 10 invoice lines for each."""

MOST: Final = 400.0


@dataclass(frozen=True, slots=True)
class Buyer:
    """How a customer will buy.

    Attributes:
        code: ``cCusCode``.
        orders: How many orders; 0 for a customer that never buys.
        first: First possible day, counted from the first day of the account set.
        last: Last possible day, likewise.
        life: How the business goes.
        size: Multiplies quantities.
        markup: Per cent of the list price that is paid.
        foreign: Whether it buys in foreign currency.
    """

    code: str
    orders: int
    first: int
    last: int
    life: Life
    size: float
    markup: int
    foreign: bool

    def day(self, chance: float) -> int:
        """When an order comes in; ``chance`` is evenly spread over [0, 1)."""
        if self.life == "growing":
            chance = sqrt(chance)
        elif self.life == "shrinking":
            chance = 1.0 - sqrt(1.0 - chance)
        return self.first + int(chance * (self.last - self.first + 1))


def draw_customers(
    dice: Dice, *, count: int, first: date, days: int, version: int
) -> Iterator[tuple[tuple[Cell, ...], Buyer]]:
    """Draw the archive: for each customer its row (columns :data:`CUSTOMER`) and its behaviour.

    Args:
        dice: Where chance comes from.
        count: How many.
        first: First day of the account set.
        days: Number of its days.
        version: Row version of the first customer; the others follow.
    """
    lives = dice.deal(count, LIVES)
    weights = [dice.tail(MOST) if life not in {"never", "brand_new"} else 0.0 for life in lives]
    orders = _share_out(weights, round(count * DOCUMENTS_PER_CUSTOMER))
    codes = _Codes(count)
    names = Names(dice)
    ordinary, big = dice.deal(count, MANAGEMENT), dice.deal(count, MANAGEMENT_BIG)
    levels = dice.deal(count, LEVELS)
    unknown_role = dice.deal(count, ((False, 0.99), (True, 0.01)))
    foreign = dice.deal(count, ((False, 0.97), (True, 0.03)))
    disabled = dice.deal(count, ((False, 0.97), (True, 0.03)))
    losing = dice.deal(count, ((False, 0.98), (True, 0.02)))
    leaves = leaf_classes()
    at_home = tuple(leaf for leaf in leaves if not leaf.startswith("05"))
    abroad = tuple(leaf for leaf in leaves if leaf.startswith("05"))

    for index in range(count):
        weight, life = weights[index], lives[index]
        name = names.abroad() if foreign[index] else names.domestic()
        leaf = dice.pick(abroad if foreign[index] else at_home)
        code = codes.take(index, leaf)
        ended = dice.between(days // 2, days - 1) if disabled[index] and life != "brand_new" else None
        begin, end = _span(dice, life, days, ended)
        buyer = Buyer(
            code=code,
            orders=orders[index],
            first=begin,
            last=end,
            life=life,
            size=dice.tail(25.0) * (1.5 if weight >= BIG else 0.8),
            markup=dice.between(52, 72) if losing[index] else dice.between(88, 125),
            foreign=foreign[index],
        )
        developed, created = _dates(dice, life, first, begin, days)
        credit = dice.chance(0.3)
        row = (
            *(code, name.full, name.short, leaf, name.district, name.trade if dice.chance(0.7) else None),
            *(big[index] if weight >= BIG else ordinary[index], levels[index]),
            *(-1, 26, code, code, code, dice.pick(("0201", "0202", "0203"))),
            *(
                int(credit),
                5000.0 * dice.between(1, 60) if credit else None,
                dice.pick((30, 60, 90)) if credit else None,
            ),
            *(int(orders[index] > 0), int(not foreign[index]), int(foreign[index])),
            developed,
            None if ended is None else day_text(first + timedelta(days=ended)),
            created,
            *(dice.pick(("陈静", "王磊", "demo")), dice.between(0, 5 + orders[index]), code),
            FOREIGN_CURRENCY if foreign[index] else HOME_CURRENCY,
            _roles(dice, unknown=unknown_role[index]),
            version + index,
        )
        yield row, buyer


class _Codes:
    """Hands out customer codes: by class, as running numbers with leading zeros, and some odd ones of old times."""

    def __init__(self, count: int) -> None:
        self._width = max(4, len(str(count)))
        self._next: dict[str, int] = {}

    def take(self, index: int, leaf: str) -> str:
        if index < len(ODD_CODES) * ODD_EVERY and index % ODD_EVERY == 0:
            return ODD_CODES[index // ODD_EVERY]
        # One in five came before the site began to put the class into the code.
        group = "" if index % 5 == 0 else leaf
        number = self._next[group] = self._next.get(group, 0) + 1
        return f"{group}-{number:0{self._width}d}" if group else f"{number:0{self._width + 1}d}"


def _share_out(weights: Sequence[float], total: int) -> list[int]:
    """``total`` orders among those with a weight: two for each, the rest in proportion to the weight above 1."""
    sellers = sum(weight > 0 for weight in weights)
    # fsum, because sum() rounds floats in another way from Python 3.12 on.
    excess = fsum(weight - 1.0 for weight in weights if weight > 0)
    scale = max(0, total - 2 * sellers) / excess if excess > 0 else 0.0
    orders, carried = [], 0.0
    for weight in weights:
        if weight <= 0:
            orders.append(0)
            continue
        carried += (weight - 1.0) * scale
        whole = int(carried)
        carried -= whole
        orders.append(2 + whole)
    return orders


def _span(dice: Dice, life: Life, days: int, ended: int | None) -> tuple[int, int]:
    """First and last possible day of business."""
    first, last = 0, days - 1
    if life == "new":
        first = days - 1 - int(days * 0.2 * dice.roll())
    elif life == "stopped":
        last = int(days * (0.3 + 0.4 * dice.roll()))
    elif dice.chance(0.4):
        first = int(days * 0.5 * dice.roll())
    if ended is not None:
        last = min(last, ended)
    return min(first, last), last


def _dates(dice: Dice, life: Life, first: date, begin: int, days: int) -> tuple[str | None, str]:
    """``dCusDevDate`` (null for some) and ``dCusCreateDatetime``, never after the first possible day of business."""
    if life == "brand_new":
        known = first + timedelta(days=max(0, days - 1 - dice.between(0, 29)))
    elif begin > 0:
        known = first + timedelta(days=max(0, begin - dice.between(0, 20)))
    elif dice.chance(0.15):
        known = first  # taken over from the old system: the day of the import, not of the relation
    else:
        known = first - timedelta(days=dice.between(1, 3000))
    created = max(known, first - timedelta(days=dice.between(0, 30))) if known < first else known
    clock = f"{dice.between(8, 17):02d}:{dice.between(0, 59):02d}:{dice.between(0, 59):02d}"
    developed = None if dice.chance(0.06) else day_text(known)
    return developed, f"{created.isoformat()} {clock}"


def _roles(dice: Dice, *, unknown: bool) -> str | None:
    """A role text as people type it: any separator, blanks, a role named twice; nothing for a third of them."""
    if unknown:
        return f"{UNKNOWN_ROLE}{dice.pick(SEPARATORS)}{dice.pick(ROLES)}" if dice.chance(0.5) else UNKNOWN_ROLE
    throw = dice.roll()
    if throw < 0.33:  # noqa: PLR2004
        return dice.pick((None, None, "", "  "))
    text = dice.pick(ROLES)
    while throw > 0.7:  # noqa: PLR2004
        text += f"{dice.pick(BLANKS)}{dice.pick(SEPARATORS)}{dice.pick(BLANKS)}{dice.pick(ROLES)}"
        throw = dice.roll()
    return text[:60]
