"""The customers of a sample: each column treated as ``columns`` says, and an account of what was kept."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from u8sync.backends.u8_schema import ARCHIVE
from u8sync.domain.model import bare
from u8sync.sandbox.account_set import Cell, day_text
from u8sync.sandbox.dice import Dice
from u8sync.sandbox.names import Names
from u8sync.sandbox.sample.columns import TREATMENTS, Treatment
from u8sync.sandbox.sample.disguise import PARITY, Disguise

__all__ = ["ColumnAccount", "Customers", "disguise_customers", "parts_of"]

_PARTS: Final = re.compile(r"([,，;；、]+)")
"""What parts a field with several values, kept as it is."""


@dataclass(frozen=True)
class ColumnAccount:
    """What became of one column.

    Attributes:
        column: Its name in the database.
        treatment: What was done.
        filled: Customers that have a value; null where none was read.
        kept: Different values that stand in the sample as they are; null where none is listed (amounts, days).
        replaced: Different values that were replaced; null likewise.
    """

    column: str
    treatment: Treatment
    filled: int | None
    kept: int | None
    replaced: int | None


@dataclass(frozen=True)
class Customers:
    """The archive of a sample.

    Attributes:
        columns: Of :attr:`rows`.
        rows: As SQLite stores them, in the order of the new codes.
        codes: Code in the original -> code in the sample.
        factors: Code in the original -> factor of its amounts, ten-thousandths.
        accounts: What became of each column, in the order of the archive.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    codes: Mapping[str, str]
    factors: Mapping[str, int]
    accounts: tuple[ColumnAccount, ...]


def disguise_customers(
    raw: pl.DataFrame,
    disguise: Disguise,
    *,
    jitter: int,
    rare: int,
    known: Mapping[str, Collection[str]],
    hidden: Collection[str] = (),
) -> Customers:
    """Treat every column of every customer.

    Args:
        raw: ``n × (code, *columns of the archive)``, all String, of the customers that are taken.
        disguise: By which values are replaced.
        jitter: Most that amounts are moved, percent.
        rare: A value is kept where at least so many customers share it.
        known: Column -> values that the mapping knows, which are kept however few customers have them.
        hidden: Columns that are left out, because their captions speak of people.
    """
    codes = raw["code"].to_list()
    new_codes = disguise.numbered(codes, "C", "customer")
    treated: dict[str, list[Cell]] = {"cCusCode": [new_codes[code] for code in codes]}
    accounts = [ColumnAccount("cCusCode", "code", len(codes), 0, len(codes))]
    factors = {code: disguise.factor(code, jitter) for code in codes}
    made_up = _names(disguise, new_codes)
    for column in (name for name in ARCHIVE if name != "cCusCode"):
        treatment: Treatment = "left_out" if column in hidden else TREATMENTS[column]
        # Names are made up whether or not the original has any; they are never read.
        if treatment in ("name", "short_name") or (column in raw.columns and treatment != "left_out"):
            values = raw[column].to_list() if column in raw.columns else [None] * len(codes)
            treater = _Treater(disguise, codes, new_codes, factors, made_up, rare, frozenset(known.get(column, ())))
            treated[column], account = treater.treat(column, treatment, values)
            accounts.append(account)
        elif column in raw.columns:
            accounts.append(ColumnAccount(column, "left_out", None, 0, None))
    columns = tuple(treated)
    rows = sorted(zip(*treated.values(), strict=True), key=lambda row: str(row[0]))
    return Customers(columns, tuple(rows), new_codes, factors, tuple(accounts))


def _names(disguise: Disguise, codes: Mapping[str, str]) -> Mapping[str, tuple[str, str]]:
    """Code in the original -> made-up full and short name."""
    names = Names(Dice(f"names {disguise.seed}"))
    made = {}
    for code in sorted(codes, key=lambda one: codes[one]):
        company = names.domestic()
        made[code] = (company.full, company.short)
    return made


@dataclass(frozen=True)
class _Treater:
    """Treats one column after the other for the same customers."""

    disguise: Disguise
    codes: Sequence[str]
    new_codes: Mapping[str, str]
    factors: Mapping[str, int]
    names: Mapping[str, tuple[str, str]]
    rare: int
    known: frozenset[str]

    def treat(
        self, column: str, treatment: Treatment, values: Sequence[str | None]
    ) -> tuple[list[Cell], ColumnAccount]:
        """The column as it stands in the sample."""
        filled = {text for value in values if (text := bare(value)) is not None}
        made: tuple[list[Cell], ColumnAccount]
        match treatment:
            case "name" | "short_name":
                at = 0 if treatment == "name" else 1
                made = (
                    [self.names[code][at] for code in self.codes],
                    ColumnAccount(column, treatment, len(self.codes), 0, len(self.codes)),
                )
            case "code":
                made = self._mapped(column, treatment, values, self._codes_of(filled))
            case "alias":
                made = self._mapped(column, treatment, values, self.disguise.numbered(filled, "A", column))
            case "day":
                days = (self._day(value, code, column) for value, code in zip(values, self.codes, strict=True))
                made = [*days], ColumnAccount(column, treatment, _filled(values), None, None)
            case "amount":
                amounts = (_amount(value, self.factors[code]) for value, code in zip(values, self.codes, strict=True))
                made = [*amounts], ColumnAccount(column, treatment, _filled(values), None, None)
            case "shaped":
                made = self._shaped(column, values)
            case _:
                cells = [_cell(column, value) for value in values]
                made = cells, ColumnAccount(column, treatment, _filled(values), len(filled), 0)
        return made

    def _codes_of(self, filled: Collection[str]) -> Mapping[str, str]:
        """Codes of customers, also of those that are not in the sample, which lead nowhere."""
        dangling = [code for code in filled if code not in self.new_codes]
        return {**self.new_codes, **self.disguise.numbered(dangling, "X", "elsewhere")}

    def _mapped(
        self, column: str, treatment: Treatment, values: Sequence[str | None], mapped: Mapping[str, str]
    ) -> tuple[list[Cell], ColumnAccount]:
        cells: list[Cell] = [None if (text := bare(value)) is None else mapped[text] for value in values]
        replaced = len({text for value in values if (text := bare(value)) is not None})
        return cells, ColumnAccount(column, treatment, _filled(values), 0, replaced)

    def _day(self, value: str | None, code: str, column: str) -> str | None:
        text = bare(value)
        try:
            day = None if text is None else date.fromisoformat(text)
        except ValueError:
            return None
        return None if day is None else day_text(self.disguise.day(day, code, column))

    def _shaped(self, column: str, values: Sequence[str | None]) -> tuple[list[Cell], ColumnAccount]:
        """Part by part: kept where the mapping knows it or enough customers share it, else of the same shape."""
        counts = Counter(part for value in values for part in set(parts_of(value)))
        kept = {part for part, count in counts.items() if count >= self.rare or part in self.known}
        number = ARCHIVE[column].kind in ("int", "float")
        new = {part: part if part in kept else self.disguise.shape(part, counts) for part in counts}
        cells = [_cell(column, _put(value, new, number=number)) for value in values]
        return cells, ColumnAccount(column, "shaped", _filled(values), len(kept), len(counts) - len(kept))


def _filled(values: Sequence[str | None]) -> int:
    return sum(bare(value) is not None for value in values)


def parts_of(value: str | None) -> Iterator[str]:
    """The values of a field, without the blanks around them."""
    for part in _PARTS.split(value or "")[::2]:
        if part.strip():
            yield part.strip()


def _put(value: str | None, new: Mapping[str, str], *, number: bool) -> str | None:
    """The value with its parts replaced; separators and blanks stay."""
    if value is None:
        return None
    pieces = _PARTS.split(value)
    for at in range(0, len(pieces), 2):
        part = pieces[at].strip()
        if part:
            pieces[at] = pieces[at].replace(part, new[part])
    made = "".join(pieces)
    # A number stays one: leading zeros would go, and with them the length.
    return re.sub(r"^(-?)0(?=\d)", r"\g<1>1", made) if number else made


def _amount(value: str | None, factor: int) -> float | None:
    text = bare(value)
    return None if text is None else round(float(text) * factor / PARITY, 2)


_CELLS: Final[Mapping[str, Callable[[str], Cell]]] = {
    "bit": int,
    "int": lambda text: int(float(text)),
    "float": float,
    "date": lambda text: f"{text} 00:00:00",
}


def _cell(column: str, value: str | None) -> Cell:
    """A raw value as SQLite stores it; what is no number in a column of numbers is empty."""
    convert = _CELLS.get(ARCHIVE[column].kind)
    if convert is None or value is None:
        return value
    try:
        return convert(value)
    except ValueError:
        return None
