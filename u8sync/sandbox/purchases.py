"""A purchase history in a CSV file, read as people write such files: any order of columns, several encodings.

Every problem of the file is found in one reading. Nothing is made here; see :mod:`u8sync.sandbox.importer`.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

from u8sync.errors import ConfigError, InputError, Problem
from u8sync.text import Message, Place, msg

__all__ = ["SHOWN", "History", "Purchase", "read_history"]

SHOWN: Final = 20
"""So many problems are shown; the rest is only counted."""

COLUMNS: Final[Mapping[str, frozenset[str]]] = {
    "customer": frozenset({"customer", "customer_code", "code", "客户", "客户编码", "客户编号", "客户代码"}),
    "date": frozenset({"date", "日期", "单据日期", "购买日期", "销售日期"}),
    "quantity": frozenset({"quantity", "qty", "数量"}),
    "amount": frozenset({"amount", "金额", "销售金额", "无税金额"}),
    "cost": frozenset({"cost", "成本", "成本金额"}),
}
OPTIONAL: Final = "cost"
DELIMITERS: Final = (",", ";", "\t")

CODE_WIDTH: Final = 20
MONEY_PLACES: Final = 4
QUANTITY_PLACES: Final = 10
MONEY_LIMIT: Final = 2**63 // 10**MONEY_PLACES
"""What ``money`` can hold, in whole units."""
EARLIEST: Final = 1753
"""First year of SQL Server's ``datetime``."""

NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
DAY: Final = re.compile(r"([0-9]{4})(?:([-/])([0-9]{1,2})\2([0-9]{1,2})|([0-9]{2})([0-9]{2}))")


@dataclass(frozen=True, slots=True)
class Purchase:
    """One purchase.

    Attributes:
        customer: Customer code, as it stands in the file.
        day: When.
        quantity: How much; negative when goods come back.
        amount: Untaxed, home currency, ten-thousandths; negative for a return.
        cost: Cost of sales, likewise; null when the file does not say.
    """

    customer: str
    day: date
    quantity: Decimal
    amount: int
    cost: int | None


@dataclass(frozen=True)
class History:
    """All purchases of a file, at least one, in its order; ``digest`` is the SHA-256 of the unpacked file."""

    purchases: Sequence[Purchase]
    digest: str


def read_history(file: Path) -> History:
    """Read a CSV file, packed with gzip or not.

    Raises:
        InputError: The file cannot be read.
        ConfigError: Something in it cannot be used. Places count lines from 1 and columns of the table from 1.
    """
    data = _read_bytes(file)
    problems = _Problems(file)
    purchases = list(_purchases(_decode(data, problems), problems))
    if not purchases and not problems.count:
        problems.add(None, msg("The file holds no purchase."))
    problems.complain()
    return History(purchases, hashlib.sha256(data).hexdigest())


class _Problems:
    """Collects the first problems and counts the others."""

    def __init__(self, file: Path) -> None:
        self._file = str(file)
        self._shown: list[Problem] = []
        self.count = 0

    def add(self, at: tuple[int, int] | None, message: Message, hint: Message | None = None) -> None:
        self.count += 1
        if len(self._shown) < SHOWN:
            self._shown.append(Problem(at and Place(self._file, *at), message, hint))

    def complain(self) -> None:
        """Raise what was found."""
        if not self.count:
            return
        more = self.count - len(self._shown)
        if more:
            self._shown.append(Problem(None, msg("{count} more problem(s) are not shown.", count=more)))
        error = ConfigError(self._file, self._shown)
        # The error counts the problems that it shows; the reader wants to know how many there are.
        error.message = msg("{file}: {count} problem(s)", file=self._file, count=self.count)
        raise error


def _read_bytes(file: Path) -> bytes:
    try:
        data = file.read_bytes()
        return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(
            msg("{file} cannot be read: {reason}", file=str(file), reason=reason),
            hint=msg("Check the name of the file, and that you may read it."),
        ) from error


def _decode(data: bytes, problems: _Problems) -> str:
    hint = msg("Save it as CSV in UTF-8 and run the command again.")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
        break  # UTF-16, or no text at all
    problems.add(None, msg("The file is no text in UTF-8 or GB18030."), hint)
    problems.complain()
    raise AssertionError


def _purchases(text: str, problems: _Problems) -> Iterator[Purchase]:
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    where: Mapping[str, int] | None = None
    parser = _Parser(problems)
    width, line = 0, 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                if where is None:
                    where, width = _header(row, line, problems), len(row)
                    if where is None:
                        return
                elif len(row) != width:
                    message = msg("The line has {count} fields instead of {expected}.", count=len(row), expected=width)
                    problems.add((line, min(len(row), width) + 1), message)
                else:
                    purchase = parser.purchase(row, line, where)
                    if purchase is not None:
                        yield purchase
            line = reader.line_num + 1
    except csv.Error as error:
        problems.add((line, 1), msg("The line is no CSV: {reason}", reason=str(error)))


def _delimiter(text: str) -> str:
    """The one that makes most known columns of the first line with text; a comma when none does."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(DELIMITERS, key=lambda mark: sum(_meaning(cell.strip('"')) is not None for cell in first.split(mark)))


def _meaning(title: str) -> str | None:
    name = title.strip().lower()
    return next((column for column, titles in COLUMNS.items() if name in titles), None)


def _header(row: Sequence[str], line: int, problems: _Problems) -> Mapping[str, int] | None:
    """Column -> index in a row; null when the columns cannot be used."""
    where: dict[str, int] = {}
    usable = True
    for index, title in enumerate(row):
        column = _meaning(title)
        if column in where:
            problems.add((line, index + 1), msg("Column {column} stands there twice.", column=column))
            usable = False
        elif column is not None:
            where[column] = index
    for column in COLUMNS:
        if column not in where and column != OPTIONAL:
            hint = msg("The first line names the columns: {columns}.", columns=", ".join(COLUMNS))
            problems.add((line, 1), msg("Column {column} is missing.", column=column), hint)
            usable = False
    return where if usable else None


class _Parser:
    """Reads the cells of one line after the other."""

    def __init__(self, problems: _Problems) -> None:
        self._problems = problems
        self._days: dict[str, date | None] = {}
        self._codes: dict[str, str] = {}

    def purchase(self, row: Sequence[str], line: int, where: Mapping[str, int]) -> Purchase | None:
        """The purchase of a line; null when something in it cannot be used."""
        customer = self._customer(row, line, where["customer"])
        day = self._day(row, line, where["date"])
        quantity = self._number(row, line, where["quantity"], QUANTITY_PLACES)
        amount = self._number(row, line, where["amount"], MONEY_PLACES)
        cost, cost_usable = None, True
        if OPTIONAL in where and row[where[OPTIONAL]].strip():
            cost = self._number(row, line, where[OPTIONAL], MONEY_PLACES)
            cost_usable = cost is not None
        if customer is None or day is None or quantity is None or amount is None or not cost_usable:
            return None
        return Purchase(customer, day, quantity, _units(amount), None if cost is None else _units(cost))

    def _customer(self, row: Sequence[str], line: int, index: int) -> str | None:
        code, at = row[index].strip(), (line, index + 1)
        if not code:
            self._problems.add(at, msg("The customer code is missing."))
            return None
        if len(code) > CODE_WIDTH:
            message = msg("Customer code {code} is longer than {most} characters.", code=_brief(code), most=CODE_WIDTH)
            self._problems.add(at, message)
            return None
        known = self._codes.setdefault(code.casefold(), code)
        if known != code:
            message = msg("Customer codes {code} and {other} are the same to U8.", code=code, other=known)
            self._problems.add(at, message, msg("U8 does not tell upper case from lower case: write one of them."))
            return None
        return code

    def _day(self, row: Sequence[str], line: int, index: int) -> date | None:
        value = row[index].strip()
        if value not in self._days:
            self._days[value] = _parse_day(value)
        day = self._days[value]
        if day is None:
            hint = msg("Write 2026-03-31, 2026/3/31 or 20260331.")
            self._problems.add((line, index + 1), msg("'{value}' is no date.", value=_brief(value)), hint)
        return day

    def _number(self, row: Sequence[str], line: int, index: int, places: int) -> Decimal | None:
        value = row[index].strip()
        if NUMBER.fullmatch(value) and len(value.partition(".")[2]) <= places:
            number = Decimal(value)
            if abs(number) < MONEY_LIMIT:
                return number
        hint = msg("Write digits and a point with at most {places} decimals, nothing between thousands.", places=places)
        self._problems.add(
            (line, index + 1), msg("'{value}' is no number that U8 can hold.", value=_brief(value)), hint
        )
        return None


def _parse_day(value: str) -> date | None:
    match = DAY.fullmatch(value)
    if match is None:
        return None
    year, _, month, day, plain_month, plain_day = match.groups()
    try:
        found = date(int(year), int(month or plain_month), int(day or plain_day))
    except ValueError:
        return None
    return found if found.year >= EARLIEST else None


def _units(amount: Decimal) -> int:
    return int(amount.scaleb(MONEY_PLACES))


def _brief(value: str) -> str:
    most = 40
    return value if len(value) <= most else f"{value[:most]}…"
