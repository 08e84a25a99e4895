"""The file of an embedded account set: how it comes into being, and the small fixed rows that every one holds.

No customer and no document is made here. The one idea: everything goes into a file of another name beside it, which
takes its name only when it is whole, so that there never is half an account set.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Final

from sqlalchemy import Table, create_engine
from sqlalchemy.pool import StaticPool
from sqlalchemy.schema import CreateTable

from u8sync.backends import u8_schema as u8
from u8sync.domain.model import Month
from u8sync.errors import InputError
from u8sync.text import msg

__all__ = [
    "CODE",
    "HOME_CURRENCY",
    "OTHER_CLASS",
    "Cell",
    "NewAccountSet",
    "SandboxSummary",
    "Starts",
    "Words",
    "day_text",
    "fixed_rows",
    "leaf_classes",
    "new_account_set",
]

CODE: Final = "999"
"""``UA_Account.cAcc_Id``: the code that U8 itself gives to its demonstration account set."""

HOME_CURRENCY: Final = "人民币"

OTHER_CLASS: Final = "99"
"""The leaf of the class tree for customers that belong nowhere else."""

CLASSES: Final = (
    ("01", "经销商"),
    ("0101", "华东经销商"),
    ("0101001", "上海经销商"),
    ("0101002", "江苏经销商"),
    ("0101003", "浙江经销商"),
    ("0102", "华南经销商"),
    ("0102001", "广东经销商"),
    ("0102002", "福建经销商"),
    ("0103", "华北经销商"),
    ("0104", "西南经销商"),
    ("02", "终端客户"),
    ("0201", "制造企业"),
    ("0201001", "机械制造"),
    ("0201002", "电子制造"),
    ("0201003", "汽车零部件"),
    ("0202", "流通企业"),
    ("0203", "事业单位"),
    ("03", "工程客户"),
    ("0301", "总包单位"),
    ("0302", "分包单位"),
    ("04", "电商客户"),
    ("0401", "平台店铺"),
    ("0402", "自建商城"),
    ("05", "海外客户"),
    ("0501", "亚洲客户"),
    ("0502", "欧美客户"),
    (OTHER_CLASS, "其他客户"),
)
TIERS: Final = ("潜在", "一般", "重要", "VIP")
ITEMS: Final = (
    *(("文本", 20, str(n + 10)) for n in range(1, 4)),
    *(("文本", 60, str(n + 61)) for n in range(4, 7)),
    *(("文本", 120, str(n + 61)) for n in range(7, 11)),
    *(("整数", 9, str(n + 61)) for n in range(11, 13)),
    *(("实数", 15, str(n + 61)) for n in range(13, 15)),
    *(("日期", 10, str(n + 61)) for n in range(15, 17)),
)
"""The sixteen self-defined items: type, length, ``UserDef_Base.cID``."""


@dataclass(frozen=True)
class Words:
    """What an account set calls its classes and items.

    Attributes:
        classes: Code and name of the customer classes, each after the one that it belongs to.
        captions: Number of a self-defined item -> its caption; the others are not set up.
        lengths: Number of an item -> most characters, where not the usual ones.
        lists: Number of an item -> the only values that it takes.
    """

    classes: Sequence[tuple[str, str]] = CLASSES
    captions: Mapping[int, str] = field(default_factory=lambda: {4: "客户角色", 5: "推荐等级"})
    lengths: Mapping[int, int] = field(default_factory=dict)
    lists: Mapping[int, Sequence[str]] = field(default_factory=lambda: {5: TIERS})


Cell = str | int | float | None
"""A value as SQLite stores it: amounts in ten-thousandths, days as text."""


@dataclass(frozen=True)
class SandboxSummary:
    """What a new embedded account set holds.

    Attributes:
        file: Where it is.
        code: ``UA_Account.cAcc_Id``.
        name: ``UA_Account.cAcc_Name``.
        customers: Number of customers.
        invoice_lines: Number of invoice lines, those that do not count as sales (voided, not approved) included.
        first_day: First day that its business can lie on.
        last_day: Last day.
    """

    file: Path
    code: str
    name: str
    customers: int
    invoice_lines: int
    first_day: date
    last_day: date


@dataclass(frozen=True)
class Starts:
    """Since when the modules are in use (``AccInformation``); null: the module is not in use."""

    sales: date | None
    stock_accounting: date | None
    receivables: date | None


class NewAccountSet:
    """An account set in the making: tables without indexes, open for bulk loading."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def load(self, table: Table, columns: Sequence[str], rows: Sequence[tuple[Cell, ...]]) -> None:
        """Insert rows; ``columns`` names what each row holds, the other columns get their defaults."""
        names = ", ".join(table.columns[name].name for name in columns)
        places = ", ".join("?" * len(columns))
        self._connection.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({places})", rows)  # noqa: S608

    def fill(self, table: Table, columns: Sequence[str], query: str) -> None:
        """Insert what a SELECT of the account set itself gives, in these columns: millions of rows without Python."""
        names = ", ".join(table.columns[name].name for name in columns)
        self._connection.execute(f"INSERT INTO {table.name} ({names}) {query}")


def day_text(day: date) -> str:
    """A day as U8 stores it: a datetime at midnight."""
    return f"{day.isoformat()} 00:00:00"


def leaf_classes() -> tuple[str, ...]:
    """The class codes that customers may hang on, in order."""
    codes = [code for code, _ in CLASSES]
    return tuple(code for code in codes if _is_leaf(code, codes))


@contextmanager
def new_account_set(file: Path, *, overwrite: bool) -> Iterator[NewAccountSet]:
    """Make an account set: the caller loads rows inside the block; the file is there only after it.

    Args:
        file: Where it shall be; its folder must exist.
        overwrite: Whether a file that is there already is replaced.

    Raises:
        InputError: The file exists, is in use, or cannot be written.
    """
    _refuse_to_harm(file, overwrite=overwrite)
    part = file.with_name(f"{file.name}.{secrets.token_hex(4)}.part")
    try:
        part.open("xb").close()
        with closing(sqlite3.connect(part, isolation_level=None)) as connection:
            # Nothing is lost when the machine dies half-way: the half-made file has no name that anybody opens.
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            _create_tables(connection)
            connection.execute("BEGIN")
            yield NewAccountSet(connection)
            connection.execute("COMMIT")
            _create_indexes_and_triggers(connection)
        with part.open("rb+") as handle:
            os.fsync(handle.fileno())
        _refuse_to_harm(file, overwrite=overwrite)
        part.replace(file)
    except (OSError, sqlite3.OperationalError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(
            msg("{file} cannot be written: {reason}", file=str(file), reason=reason),
            hint=msg("Name a file in a folder that exists, that you may write to and that has space left."),
        ) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def fixed_rows(
    target: NewAccountSet,
    *,
    name: str,
    first: date,
    last: date,
    starts: Starts,
    lineage: str,
    words: Words | None = None,
) -> int:
    """Load what every account set holds besides customers and documents.

    Args:
        target: The account set in the making.
        name: ``UA_Account.cAcc_Name``.
        first: First day with business; its year names the database.
        last: Last day; periods reach to the end of its year.
        starts: Since when the modules are in use.
        lineage: Tells this made set from every other one.
        words: What it calls its classes and items; null: the usual ones of a made set.

    Returns:
        The first row version that is still free, for the customers.
    """
    target.load(u8.UAAccount, ("cAcc_Id", "cAcc_Name", "iYear", "cCurName"), [(CODE, name, first.year, HOME_CURRENCY)])
    target.load(
        u8.UAAccountDatabase,
        ("cAcc_Id", "iBeginYear", "iEndYear", "cDatabase"),
        [(CODE, first.year, None, f"UFDATA_{CODE}_{first.year}")],
    )
    periods = [Month(year, month) for year in range(first.year, last.year + 1) for month in range(1, 13)]
    target.load(
        u8.UAPeriod,
        ("cAcc_Id", "iYear", "iId", "dBegin", "dEnd", "bIsDelete"),
        [(CODE, p.year, p.month, day_text(p.first), day_text(p.last), 0) for p in periods],
    )
    target.load(
        u8.AccInformation,
        ("cSysID", "cName", "cValue"),
        [
            ("SA", "dSaleStartDate", starts.sales.isoformat() if starts.sales else ""),
            ("IA", "dStartDate", starts.stock_accounting.isoformat() if starts.stock_accounting else ""),
            ("AR", "dARStartDate", starts.receivables.isoformat() if starts.receivables else ""),
        ],
    )
    words = words or Words()
    lengths = sorted({len(code) for code, _ in words.classes})
    levels = [after - before for before, after in pairwise([0, *lengths])]
    target.load(
        u8.GradeDefBase,
        ("KEYWORD", "iYear", "LGRADE", "LGRADELEN", "CODINGRULE", "iSerial"),
        [("customerclass", 0, len(levels), sum(levels), "".join(map(str, levels)), 1)],
    )
    codes = [code for code, _ in words.classes]
    target.load(
        u8.CustomerClass,
        ("cCCCode", "cCCName", "iCCGrade", "bCCEnd", "pubufts"),
        [
            (code, label, lengths.index(len(code)) + 1, int(_is_leaf(code, codes)), n)
            for n, (code, label) in enumerate(words.classes, start=1)
        ],
    )
    _self_defined_items(target, words)
    target.load(u8.Sandbox, ("name", "value"), [("lineage", lineage)])
    return len(words.classes) + 1


def _self_defined_items(target: NewAccountSet, words: Words) -> None:
    columns = ("cID", "cClass", "cItem", "cItemName", "cType", "iLength", "bFixLength", "bInput", "bArchive")
    target.load(
        u8.UserDefBase,
        columns,
        [
            (
                *(item, "客户", f"自定义项{number}", words.captions.get(number, ""), kind),
                *(words.lengths.get(number, length), 0, 0, int(number in words.lists)),
            )
            for number, (kind, length, item) in enumerate(ITEMS, start=1)
        ],
    )
    listed = [(ITEMS[number - 1][2], value) for number, values in words.lists.items() for value in values]
    target.load(u8.UserDefine, ("cID", "cValue"), listed)


def _is_leaf(code: str, codes: Iterable[str]) -> bool:
    return not any(other != code and other.startswith(code) for other in codes)


def _refuse_to_harm(file: Path, *, overwrite: bool) -> None:
    if file.exists() and not overwrite:
        raise InputError(
            msg("{file} exists already and is left alone.", file=str(file)),
            hint=msg("Choose another name, or say explicitly that it shall be replaced."),
        )
    for suffix in ("-wal", "-journal"):
        # SQLite would play a journal that belongs to another file into the new one.
        beside = file.with_name(file.name + suffix)
        if beside.exists():
            raise InputError(
                msg("{file} is in use: {journal} lies beside it.", file=str(file), journal=beside.name),
                hint=msg("Close the program that has it open, or choose another name."),
            )


def _create_tables(connection: sqlite3.Connection) -> None:
    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    with engine.begin() as ddl:
        for table in u8.METADATA.sorted_tables:
            ddl.execute(CreateTable(table))


def _create_indexes_and_triggers(connection: sqlite3.Connection) -> None:
    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    with engine.begin() as ddl:
        for table in u8.METADATA.sorted_tables:
            for index in sorted(table.indexes, key=lambda index: str(index.name)):
                index.create(ddl)
        u8.create_rowversion_triggers(ddl)
