"""What invoices charge and what customers pay: the receivables ledger (``Ar_Detail``) and receipts (``Ap_CloseBill``).

Every customer has a habit: most pay within the month, some are late, a few leave part of their debt open for ever. What
happens here is drawn with dice of its own, so that the rest of a made account set is the same with and without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from u8sync.backends import u8_schema as u8
from u8sync.sandbox.account_set import Cell, NewAccountSet
from u8sync.sandbox.dice import Dice
from u8sync.sandbox.documents import PERSON

__all__ = ["Receivables"]

BATCH: Final = 20_000
CUSTOMERS: Final = "AR"
RECEIPT: Final = "48"
REFUND: Final = "49"
LEDGER: Final = (
    *("Auto_ID", "cFlag", "cVouchType", "cVouchID", "cDwCode", "dVouchDate", "dRegDate", "iDAmount", "iCAmount"),
)
BILL: Final = ("iID", "cFlag", "cVouchType", "cVouchID", "dVouchDate", "cDwCode", "iAmount", "iAmount_f", "cCheckMan")
UNAPPROVED: Final = (None, "", "  ")


class Habit(NamedTuple):
    """How a customer pays: after how many days, and how often never."""

    soonest: int
    latest: int
    never: float


PROMPT: Final = Habit(3, 28, 0.0)
LATE: Final = Habit(20, 75, 0.0)
BAD: Final = Habit(40, 160, 0.2)
HABITS: Final = (PROMPT,) * 13 + (LATE,) * 5 + (BAD,) * 2


class Receivables:
    """Takes charges down and draws what is paid; :meth:`close` writes the last of it.

    Args:
        target: The account set in the making.
        dice: Of its own.
        days: The days of the account set as U8 stores them; nothing is paid after the last one.
    """

    def __init__(self, target: NewAccountSet, dice: Dice, days: Sequence[str]) -> None:
        self._target = target
        self._dice = dice
        self._days = days
        self._habits: dict[str, Habit] = {}
        self._ledger: list[tuple[Cell, ...]] = []
        self._bills: list[tuple[Cell, ...]] = []
        self._entry = self._bill = 0

    def charge(self, customer: str, day: str, offset: int, *, amount: int, kind: str) -> None:
        """Take down what an approved invoice charges, and what comes of it.

        Args:
            customer: Who owes it.
            day: Day of the invoice.
            offset: The same, from the first day of the account set.
            amount: Tax included, home currency, ten-thousandths; negative for a red invoice.
            kind: ``cVouchType`` of the invoice.
        """
        self._take(kind, None, customer, day, debit=amount)
        dice = self._dice
        habit = self._habits.get(customer)
        if habit is None:
            habit = self._habits[customer] = dice.pick(HABITS)
        paid = offset + dice.between(habit.soonest, habit.latest)
        throw = dice.roll()
        if amount < 0:
            if throw < 0.2:  # noqa: PLR2004 - most are laid against the next invoice
                self._pay(REFUND, customer, paid, -amount)
        elif throw >= habit.never:
            # One in ten pays half now and the rest a month later.
            half = amount // 2 if throw > 0.9 else 0  # noqa: PLR2004
            self._pay(RECEIPT, customer, paid, amount - half)
            if half:
                self._pay(RECEIPT, customer, paid + 30, half)

    def _pay(self, kind: str, customer: str, offset: int, amount: int) -> None:
        """A receipt or a refund; one of the last days may still wait for approval and is not in the ledger then."""
        if offset >= len(self._days):
            return
        day = self._days[max(offset, 0)]
        self._bill += 1
        code = f"SK{self._bill:010d}"
        waits = offset > len(self._days) - 10 and self._dice.chance(0.1)
        checker = self._dice.pick(UNAPPROVED) if waits else PERSON
        self._bills.append((self._bill, CUSTOMERS, kind, code, day, customer, amount, amount, checker))
        if not waits:
            debit, credit = (amount, 0) if kind == REFUND else (0, amount)
            self._take(kind, code, customer, day, debit=debit, credit=credit)

    def _take(self, kind: str, code: str | None, customer: str, day: str, *, debit: int, credit: int = 0) -> None:
        self._entry += 1
        self._ledger.append((self._entry, CUSTOMERS, kind, code, customer, day, day, debit, credit))
        if len(self._ledger) >= BATCH:
            self.close()

    def close(self) -> None:
        """Write what is left."""
        for table, columns, rows in ((u8.ArDetail, LEDGER, self._ledger), (u8.ApCloseBill, BILL, self._bills)):
            self._target.load(table, columns, rows)
            rows.clear()
