"""A small SQLite account set that a test fills with what it is about, and nothing else."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, NullPool, Table, create_engine, insert

from u8sync.backends import backend_kind, u8_schema
from u8sync.ports import Backend
from u8sync.text import Message


class Quiet:
    """Progress that nobody looks at."""

    def start(self, step: Message, total: int | None) -> None: ...

    def advance(self, units: int) -> None: ...

    def finish(self) -> None: ...


def engine_of(file: Path) -> Engine:
    """Without waiting for the disk: a test that loses power is lost anyway."""

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(file)
        connection.execute("PRAGMA synchronous=OFF")
        return connection

    return create_engine("sqlite://", creator=connect, poolclass=NullPool)


class Builder:
    """Puts rows into the tables of U8."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.quiet = Quiet()
        self._id = 0
        self._engine = engine_of(file)

    def add(self, table: Table, **values: Any) -> None:
        with self._engine.begin() as connection:
            connection.execute(insert(table).values(values))

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.file)
        with connection:
            rows = connection.execute(statement, values).fetchall()
        connection.close()
        return rows

    def customer(self, code: str, **values: Any) -> None:
        self.add(u8_schema.Customer, cCusCode=code, **{"cCusAbbName": f"简称{code}", **values})

    def item(self, id_: int, caption: str | None = "等级", **values: Any) -> None:
        self.add(u8_schema.UserDefBase, cID=str(id_), cItemName=caption, **values)

    def invoice(self, day: date, code: str | None, *amounts: str | None, **values: Any) -> None:
        self._id += 1
        head = {"cVouchType": "26", "cChecker": "张三", **values}
        self.add(u8_schema.SaleBillVouch, SBVID=self._id, dDate=day, cCusCode=code, **head)
        for place, amount in enumerate(amounts):
            money = None if amount is None else Decimal(amount)
            self.add(u8_schema.SaleBillVouchs, AutoID=self._id * 100 + place, SBVID=self._id, iNatMoney=money)

    def order(self, day: date, code: str | None, **values: Any) -> None:
        self._id += 1
        head = {"cSTCode": "01", "cDepCode": "01", "cexch_name": "人民币", "cVerifier": "李四", **values}
        self.add(u8_schema.SOSOMain, ID=self._id, cSOCode=str(self._id), dDate=day, cCusCode=code, **head)

    def cost(self, year: int, month: int, code: str | None, amount: str, **values: Any) -> None:
        line = {"bSale": True, "bRdFlag": 0, **values}
        self.add(u8_schema.IASubsidiary, iYear=year, iMonth=month, cCusCode=code, iAOutPrice=Decimal(amount), **line)

    def outbound(self, day: date, code: str | None, *costs: str | None, older: bool = False, **values: Any) -> None:
        self._id += 1
        head, line = (
            (u8_schema.RdRecord, u8_schema.RdRecords) if older else (u8_schema.RdRecord32, u8_schema.RdRecords32)
        )
        note = {"bRdFlag": 0, "cVouchType": "32", "cSource": "发货单", "cWhCode": "01", "cCode": str(self._id)}
        self.add(head, ID=self._id, dDate=day, cCusCode=code, **{**note, "cHandler": "王五", **values})
        for place, cost in enumerate(costs):
            money = None if cost is None else Decimal(cost)
            self.add(line, AutoID=self._id * 100 + place, ID=self._id, cInvCode="x", iPrice=money)

    def create(self, *tables: Table) -> None:
        for table in tables:
            table.create(self._engine)

    def receipt(self, day: date, code: str | None, amount: str | None, **values: Any) -> None:
        self._id += 1
        bill = {"cFlag": "AR", "cVouchType": "48", "cCheckMan": "赵六", **values}
        money = None if amount is None else Decimal(amount)
        self.add(u8_schema.ApCloseBill, iID=self._id, dVouchDate=day, cDwCode=code, iAmount=money, **bill)

    def ledger(self, day: date, code: str | None, debit: str | None, credit: str | None = None, **values: Any) -> None:
        amounts = {"iDAmount": debit, "iCAmount": credit}
        money = {name: None if amount is None else Decimal(amount) for name, amount in amounts.items()}
        self.add(u8_schema.ArDetail, **{"cFlag": "AR", "dVouchDate": day, "cDwCode": code, **money, **values})

    def receivables_since(self, value: str | None) -> None:
        self.add(u8_schema.AccInformation, cSysID="AR", cName="dARStartDate", cValue=value)

    def period(self, year: int, number: int, first: date | None, last: date | None, **values: Any) -> None:
        period = {"cAcc_Id": "999", "iYear": year, "iId": number, "dBegin": first, "dEnd": last, **values}
        self.add(u8_schema.UAPeriod, **period)

    def accounting_since(self, value: str | None) -> None:
        self.add(u8_schema.AccInformation, cSysID="IA", cName="dStartDate", cValue=value)

    def open(self, **options: Any) -> Backend:
        kind = backend_kind("sqlite")
        values = {"file": self.file.name, "busy_timeout_s": 0, **options}
        return kind.open(kind.options.model_validate(values), self.file.parent)


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables of U8 without documents and customers."""
    file = tmp_path_factory.mktemp("empty") / "empty.db"
    with engine_of(file).begin() as connection:
        u8_schema.METADATA.create_all(connection)
        u8_schema.create_rowversion_triggers(connection)
    builder = Builder(file)
    builder.add(u8_schema.UAAccount, cAcc_Id="999", cAcc_Name="测试", iYear=2020, cCurName="人民币")
    builder.add(u8_schema.UAAccountDatabase, cAcc_Id="999", iBeginYear=2020, cDatabase="UFDATA_999_2020")
    return file


@pytest.fixture
def site(tmp_path: Path, empty: Path) -> Builder:
    """An account set of its own for one test."""
    return Builder(shutil.copyfile(empty, tmp_path / "site.db"))
