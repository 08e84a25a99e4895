"""The U8 tables and columns that u8sync touches, with their true names, widths and meanings.

What is not here is not read: columns of contacts, banks and addresses are left out on purpose, so that no statement can
name them. Which of these columns a site has is discovered when its account set is opened. The types and widths are
those of U8 13.0; lengths that no public source proves are marked "inferred".

The same tables make the embedded account set in SQLite. There, ``pubufts`` is moved by triggers as SQL Server moves a
``rowversion`` (see :func:`create_rowversion_triggers`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

from sqlalchemy import (
    Column,
    Connection,
    Float,
    Integer,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Unicode,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.schema import Index
from sqlalchemy.types import TypeEngine

from u8sync.backends.u8_types import BigKey, Bit, Day, Money, Quantity, RowVersion

__all__ = [
    "ARCHIVE",
    "ITEM_IDS",
    "METADATA",
    "REQUIRED",
    "SELF_DEFINED_IDS",
    "STAMPS",
    "TABLES",
    "WRITABLE",
    "AccInformation",
    "ApCloseBill",
    "ArDetail",
    "ArchiveColumn",
    "Customer",
    "CustomerClass",
    "CustomerExtraDefine",
    "DispatchList",
    "DispatchLists",
    "GradeDefBase",
    "IASubsidiary",
    "Kind",
    "RdRecord",
    "RdRecord32",
    "RdRecords",
    "RdRecords32",
    "SOSODetails",
    "SOSOMain",
    "SaleBillVouch",
    "SaleBillVouchs",
    "Sandbox",
    "UAAccount",
    "UAAccountDatabase",
    "UAPeriod",
    "UserDefBase",
    "UserDefine",
    "create_rowversion_triggers",
    "rowversion_triggers",
]

METADATA: Final = MetaData()

Kind = Literal["text", "date", "bit", "int", "float", "rowversion"]
"""How a column of the customer archive becomes raw text."""


def _flag(name: str, *, default: int = 0, doc: str | None = None) -> Column[Any]:
    return Column(name, Bit, nullable=False, server_default=text(str(default)), doc=doc, info={"kind": "bit"})


def _key(name: str, type_: TypeEngine[Any] | None = None) -> Column[Any]:
    return Column(name, type_ or Integer(), primary_key=True, autoincrement=False)


def _text(name: str, width: int, doc: str) -> Column[Any]:
    return Column(name, Unicode(width), doc=doc, info={"kind": "text"})


def _day(name: str, doc: str) -> Column[Any]:
    return Column(name, Day, doc=doc, info={"kind": "date"})


def _whole(name: str, doc: str, type_: TypeEngine[Any] | None = None) -> Column[Any]:
    return Column(name, type_ or Integer(), doc=doc, info={"kind": "int"})


def _float(name: str, doc: str) -> Column[Any]:
    return Column(name, Float, doc=doc, info={"kind": "float"})


# --- customer archive -------------------------------------------------------------------------------------------------

CustomerClass: Final = Table(
    "CustomerClass",
    METADATA,
    Column("cCCCode", Unicode(12), primary_key=True),
    Column("cCCName", Unicode(98)),  # inferred
    Column("iCCGrade", SmallInteger),  # 1 = top level
    Column("bCCEnd", Bit),  # 1 = leaf: customers may hang only on leaves
    Column("pubufts", RowVersion, nullable=False, server_default=text("0")),
)

GradeDefBase: Final = Table(
    "GradeDef_Base",
    METADATA,
    Column("KEYWORD", Unicode(20)),
    Column("iYear", Integer, autoincrement=False),
    Column("LGRADE", Integer),
    Column("LGRADELEN", Integer),
    Column("CODINGRULE", Unicode(40)),
    Column("iSerial", Integer, nullable=False),
    PrimaryKeyConstraint("KEYWORD", "iYear"),
)

UserDefBase: Final = Table(
    "UserDef_Base",
    METADATA,
    Column("cID", Unicode(10), primary_key=True),
    Column("cClass", Unicode(20)),
    Column("cItem", Unicode(20)),
    Column("cItemName", Unicode(60)),  # caption; blank = the site has not set the item up
    Column("cType", Unicode(10)),
    Column("iLength", Integer),  # may be shorter than the column
    Column("bFixLength", Bit),
    Column("bInput", Bit),
    Column("bArchive", Bit),  # 1 = only the values of UserDefine
    Column("cRelArchive", Unicode(60)),  # not blank = the value comes from another archive
    Column("iDecimalDigits", Integer),
)

UserDefine: Final = Table(
    "UserDefine",
    METADATA,
    Column("cID", Unicode(10), nullable=False),
    Column("cValue", Unicode(120), nullable=False),  # inferred
)

Customer: Final = Table(
    "Customer",
    METADATA,
    Column("cCusCode", Unicode(20), primary_key=True, doc="客户编码 customer code", info={"kind": "text"}),
    _text("cCusName", 98, "客户名称 name"),
    Column("cCusAbbName", Unicode(60), nullable=False, unique=True, doc="客户简称 short name", info={"kind": "text"}),
    _text("cCCCode", 12, "所属分类码 customer class, a leaf of CustomerClass"),
    _text("cDCCode", 12, "所属地区码 district"),
    _text("cTrade", 50, "所属行业 industry, free text"),
    _text("cCusTradeCCode", 12, "行业编码 industry code"),
    _text("cCusMngTypeCode", 32, "客户管理类型编码 management type; NULL, '' and 999 all mean not classified"),
    _text("CustomerKCode", 4, "客户级别编码 customer level"),
    _text("cCusCreGrade", 6, "信用等级 credit rank"),
    Column("iCostGrade", SmallInteger, server_default=text("0"), doc="价格级别 price grade", info={"kind": "int"}),
    _whole("account_type", "CRM 客户类型 customer type of the CRM", Numeric(22, 0, asdecimal=False)),
    _text("cCusHeadCode", 20, "客户总公司编码 head company, normally the own code"),
    _text("cCusCreditCompany", 20, "信用单位 customer whose credit counts"),
    _text("cInvoiceCompany", 60, "开票单位 customer who gets the invoice"),
    _text("cCusDepart", 12, "分管部门 department in charge"),
    _text("cCusPPerson", 20, "专管业务员 code of the salesperson in charge"),
    _flag("bCredit", doc="控制信用额度 whether the credit line is enforced"),
    _float("iCusCreLine", "信用额度 credit line, home currency"),
    _whole("iCusCreDate", "信用期限 credit term in days"),
    _flag("bCusState", doc="是否成交 has traded; says nothing about active or inactive"),
    _flag("bCusDomestic", default=1, doc="国内 domestic"),
    _flag("bCusOverseas", doc="国外 overseas"),
    _day("dCusDevDate", "发展日期 date the relation began; after a data import often the day of the import"),
    _day("dEndDate", "停用日期 date of deactivation: this is the inactive flag"),
    Column(
        "dCusCreateDatetime",
        Day,
        nullable=False,
        server_default=func.current_timestamp(),
        doc="建档时间 date the record was made",
        info={"kind": "date"},
    ),
    _day("dModifyDate", "变更日期 date of the last change"),
    # Names of U8 users: written with a change, never read.
    Column("cCreatePerson", Unicode(20)),
    Column("cModifyPerson", Unicode(20)),
    _day("dLastDate", "最后交易日期 last trade, kept by U8; a hint only"),
    _float("iLastMoney", "最后交易金额 amount of the last trade, kept by U8; a hint only"),
    _day("dLRDate", "最后收款日期 last receipt, kept by U8; a hint only"),
    _float("iLRMoney", "最后收款金额 amount of the last receipt, kept by U8; a hint only"),
    _float("iARMoney", "应收余额 receivable balance, kept by U8; a hint only"),
    _whole("iFrequency", "使用频度 usage counter of the record; not an order frequency"),
    _text("iId", 40, "所属权限分类 data permission class; not a number"),
    _text("cCusExch_name", 50, "币种 currency name"),
    *(_text(f"cCusDefine{n}", 20, f"自定义项{n} self-defined item {n}") for n in range(1, 4)),
    *(_text(f"cCusDefine{n}", 60, f"自定义项{n} self-defined item {n}") for n in range(4, 7)),
    *(_text(f"cCusDefine{n}", 120, f"自定义项{n} self-defined item {n}") for n in range(7, 11)),
    *(_whole(f"cCusDefine{n}", f"自定义项{n} self-defined item {n}") for n in range(11, 13)),
    *(_float(f"cCusDefine{n}", f"自定义项{n} self-defined item {n}") for n in range(13, 15)),
    *(_day(f"cCusDefine{n}", f"自定义项{n} self-defined item {n}") for n in range(15, 17)),
    Column(
        "pubufts",
        RowVersion,
        nullable=False,
        server_default=text("0"),
        doc="时间戳 row version; moves with every change, also those that U8 makes by itself",
        info={"kind": "rowversion"},
    ),
    Index("IX_Customer_pubufts", "pubufts"),
)

CustomerExtraDefine: Final = Table(
    "Customer_extradefine",  # its columns exist as far as the site has set items up
    METADATA,
    Column("cCusCode", Unicode(20), primary_key=True),
    Column("ccdefine1", Unicode(120)),  # inferred
    Column("ccdefine2", Unicode(120)),  # inferred
)


@dataclass(frozen=True)
class ArchiveColumn:
    """A column of the customer archive that u8sync may read.

    Attributes:
        name: Its name in U8.
        kind: How its value becomes raw text.
        width: Most characters of a text column; null for other kinds.
        meaning: U8's own label, and what it means.
    """

    name: str
    kind: Kind
    width: int | None
    meaning: str


ARCHIVE: Final[Mapping[str, ArchiveColumn]] = MappingProxyType(
    {
        column.name: ArchiveColumn(
            name=column.name,
            kind=column.info["kind"],
            width=column.type.length if isinstance(column.type, Unicode) else None,
            meaning=column.doc or "",
        )
        for column in Customer.columns
        if "kind" in column.info
    }
)
"""All columns of the customer archive that may be read: never one of a contact, a bank or an address."""

ITEM_IDS: Final[Mapping[str, str]] = MappingProxyType(
    {f"cCusDefine{n}": str(n + 10 if n <= 3 else n + 61) for n in range(1, 17)}  # noqa: PLR2004
)
"""Self-defined item -> ``UserDef_Base.cID``: cCusDefine1-3 are 11-13, cCusDefine4-16 are 65-77."""

SELF_DEFINED_IDS: Final[Mapping[str, str]] = MappingProxyType(
    {item: id_ for item, id_ in ITEM_IDS.items() if ARCHIVE[item].kind == "text"}
)
"""The same for the items of text, cCusDefine1-10: the only ones that are written."""

WRITABLE: Final = frozenset({*SELF_DEFINED_IDS, "cCusMngTypeCode", "CustomerKCode", "cCCCode"})
"""The only columns that u8sync may ever write on purpose. No setting adds to it."""

# --- documents --------------------------------------------------------------------------------------------------------

SOSOMain: Final = Table(
    "SO_SOMain",
    METADATA,
    _key("ID"),
    Column("cSOCode", Unicode(30), unique=True),
    Column("dDate", Day, nullable=False),
    Column("cCusCode", Unicode(20)),
    Column("cSTCode", Unicode(2), nullable=False),
    Column("cDepCode", Unicode(12), nullable=False),
    Column("cBusType", Unicode(8), nullable=False, server_default="普通销售"),
    Column("cexch_name", Unicode(8), nullable=False),
    Column("iExchRate", Float),
    _flag("bReturnFlag"),
    Column("iStatus", SmallInteger),
    Column("cVerifier", Unicode(20)),  # approved when not blank
    Column("cCloser", Unicode(20)),
    Column("dverifydate", Day),
    Column("ufts", RowVersion, nullable=False, server_default=text("0")),
    Index("IX_SO_SOMain_dDate", "dDate"),
)

SOSODetails: Final = Table(
    "SO_SODetails",
    METADATA,
    _key("AutoID"),
    Column("iSOsID", Integer, nullable=False, unique=True),
    Column("ID", Integer),
    Column("cSOCode", Unicode(30)),
    Column("cInvCode", Unicode(60)),
    Column("iQuantity", Quantity),
    Column("iNatMoney", Money),
    Column("iNatSum", Money),
    Column("cSCloser", Unicode(20)),
    Index("IX_SO_SODetails_ID", "ID"),
)

DispatchList: Final = Table(
    "DispatchList",
    METADATA,
    _key("DLID"),
    Column("cDLCode", Unicode(30)),
    Column("cVouchType", Unicode(2), nullable=False),
    Column("cSTCode", Unicode(2), nullable=False),
    Column("dDate", Day, nullable=False),
    Column("cCusCode", Unicode(20)),
    Column("cDepCode", Unicode(12), nullable=False),
    Column("cexch_name", Unicode(8), nullable=False),
    Column("iExchRate", Float, nullable=False),
    _flag("bFirst"),
    _flag("bReturnFlag"),
    _flag("bSettleAll"),
    Column("cVerifier", Unicode(20)),
    Column("cCloser", Unicode(20)),
    Column("dverifydate", Day),
    Column("ufts", RowVersion, nullable=False, server_default=text("0")),
)

DispatchLists: Final = Table(
    "DispatchLists",
    METADATA,
    _key("AutoID"),
    Column("iDLsID", Integer, nullable=False, unique=True),
    Column("DLID", Integer, nullable=False),
    Column("iSOsID", Integer, server_default=text("0")),
    Column("cInvCode", Unicode(60)),
    Column("iQuantity", Quantity),
    Column("iNatMoney", Money),
    Column("iNatSum", Money),
    _flag("bSettleAll"),
    Index("IX_DispatchLists_DLID", "DLID"),
)

SaleBillVouch: Final = Table(
    "SaleBillVouch",
    METADATA,
    _key("SBVID"),
    Column("cSBVCode", Unicode(30)),  # inferred
    Column("cVouchType", Unicode(2), nullable=False),
    Column("dDate", Day, nullable=False),
    Column("cCusCode", Unicode(20)),
    Column("cexch_name", Unicode(8)),
    Column("iExchRate", Float),
    _flag("bReturnFlag"),  # amounts of a return are negative already
    _flag("bFirst"),  # opening balance, taken over when the module was started
    Column("bIAFirst", Bit, server_default=text("0")),
    Column("cChecker", Unicode(20)),  # approved by sales when not blank
    Column("cVerifier", Unicode(20)),  # approved by receivables: another thing
    Column("cInvalider", Unicode(20)),  # voided when not blank
    Column("cSource", Unicode(10)),
    Column("bcashsale", Bit),
    Column("dverifydate", Day),
    Column("ufts", RowVersion, nullable=False, server_default=text("0")),
    Index("IX_SaleBillVouch_dDate", "dDate"),
)

SaleBillVouchs: Final = Table(
    "SaleBillVouchs",
    METADATA,
    _key("AutoID"),
    Column("SBVID", Integer, nullable=False),
    Column("iSOsID", Integer),
    Column("iDLsID", Integer),
    Column("cInvCode", Unicode(60)),
    Column("iQuantity", Quantity),
    Column("iMoney", Money),
    Column("iTax", Money),
    Column("iSum", Money),
    Column("iNatMoney", Money),  # untaxed, home currency: revenue
    Column("iNatTax", Money),
    Column("iNatSum", Money),
    Column("iMoneySum", Money),
    Index("IX_SaleBillVouchs_SBVID", "SBVID"),
)

RdRecord32: Final = Table(
    "rdrecord32",
    METADATA,
    _key("ID", BigKey),
    Column("bRdFlag", SmallInteger, nullable=False),  # 0 = out
    Column("cVouchType", Unicode(2), nullable=False),
    Column("cSource", Unicode(50), nullable=False),
    Column("cWhCode", Unicode(10), nullable=False),
    Column("dDate", Day, nullable=False),
    Column("cCode", Unicode(30), nullable=False),
    Column("cCusCode", Unicode(20)),
    Column("cHandler", Unicode(20)),  # approved when not blank
    Column("dVeriDate", Day),
    Column("cDLCode", BigKey),  # DispatchList.DLID, in spite of its name
    _flag("bIsSTQc"),
    Column("ufts", RowVersion, nullable=False, server_default=text("0")),
)

RdRecords32: Final = Table(
    "rdrecords32",
    METADATA,
    _key("AutoID", BigKey),
    Column("ID", BigKey, nullable=False),
    Column("iDLsID", BigKey),
    Column("cInvCode", Unicode(60), nullable=False),
    Column("iQuantity", Quantity),
    Column("iUnitCost", Quantity),
    Column("iPrice", Money),  # empty until stock accounting has posted
    Column("cbaccounter", Unicode(30), server_default=""),
    Index("IX_rdrecords32_ID", "ID"),
)

_OLDER: Final = MetaData()
"""Tables of older versions; an embedded account set has none of them."""
RdRecord: Final = RdRecord32.to_metadata(_OLDER, name="RdRecord")  # all stock notes; cVouchType 32 = sales outbound
RdRecords: Final = RdRecords32.to_metadata(_OLDER, name="RdRecords")

IASubsidiary: Final = Table(
    "IA_Subsidiary",
    METADATA,
    Column("AutoID", Integer, primary_key=True),
    Column("ID", Integer),
    Column("cVouCode", Unicode(30)),
    Column("cVouType", Unicode(4)),  # differs with an option of the site; bSale does not
    Column("iYear", SmallInteger),
    Column("iMonth", SmallInteger),
    Column("dVouDate", Day),
    Column("dKeepDate", Day),
    Column("bRdFlag", SmallInteger),  # 0 = out
    Column("bSale", Bit),
    Column("cCusCode", Unicode(20)),
    Column("cInvCode", Unicode(60)),
    Column("iAOutQuantity", Quantity),
    Column("iOutCost", Quantity),
    Column("iAOutPrice", Money),  # cost amount
    Index("IX_IA_Subsidiary_iYear_iMonth", "iYear", "iMonth"),
)

ApCloseBill: Final = Table(
    "Ap_CloseBill",  # lengths inferred
    METADATA,
    _key("iID"),
    Column("cFlag", Unicode(2)),  # AR: of customers
    Column("cVouchType", Unicode(2)),  # 48 receipt, 49 payment: with AR, back to the customer
    Column("cVouchID", Unicode(30)),
    Column("dVouchDate", Day),
    Column("cDwCode", Unicode(20)),  # the customer
    Column("iAmount", Money),  # home currency
    Column("iAmount_f", Money),
    Column("cCheckMan", Unicode(20)),  # approved when not blank
)

ArDetail: Final = Table(
    "Ar_Detail",  # names are known, types and lengths inferred
    METADATA,
    Column("Auto_ID", Integer, primary_key=True),
    Column("cFlag", Unicode(2)),  # AR
    Column("cVouchType", Unicode(10)),
    Column("cVouchID", Unicode(30)),
    Column("cDwCode", Unicode(20)),  # the customer
    Column("dVouchDate", Day),
    Column("dRegDate", Day),
    Column("iDAmount", Money),  # charged, home currency
    Column("iCAmount", Money),  # paid, home currency
)

# --- system -----------------------------------------------------------------------------------------------------------

AccInformation: Final = Table(
    "AccInformation",  # lengths inferred
    METADATA,
    Column("cSysID", Unicode(10), nullable=False),
    Column("cName", Unicode(60), nullable=False),
    Column("cValue", Unicode(255)),
)

# The UA_ tables live in UFSystem on a server, and beside the others in an embedded account set.
UAAccount: Final = Table(
    "UA_Account",
    METADATA,
    Column("cAcc_Id", Unicode(3), primary_key=True),
    Column("cAcc_Name", Unicode(40), nullable=False),
    Column("iYear", SmallInteger, nullable=False),
    Column("cCurName", Unicode(8), nullable=False),
)

UAAccountDatabase: Final = Table(
    "UA_AccountDatabase",  # types inferred
    METADATA,
    Column("cAcc_Id", Unicode(3), nullable=False),
    Column("iBeginYear", SmallInteger, nullable=False),
    Column("iEndYear", SmallInteger),
    Column("cDatabase", Unicode(128), nullable=False),
)

UAPeriod: Final = Table(
    "UA_Period",  # types inferred
    METADATA,
    Column("cAcc_Id", Unicode(3), nullable=False),
    Column("iYear", SmallInteger, nullable=False),
    Column("iId", SmallInteger, nullable=False),
    Column("dBegin", Day),
    Column("dEnd", Day),
    Column("bIsDelete", Bit),
)

# Ours, not U8's: what an embedded account set says of itself. Row "lineage" tells one made set from another.
Sandbox: Final = Table(
    "u8sync_sandbox",
    METADATA,
    Column("name", Unicode(40), primary_key=True),
    Column("value", Unicode(255), nullable=False),
)

# Ours, not U8's: the counter behind pubufts in SQLite, one row. SQL Server keeps its own (@@DBTS).
_Counter: Final = Table("u8_rowversion", METADATA, Column("value", Integer, nullable=False))

STAMPS: Final = ("cModifyPerson", "dModifyDate")
"""U8's own bookkeeping of the last change, written with each one."""

REQUIRED: Final = (
    Customer.c.cCusCode,
    Customer.c.pubufts,
    SaleBillVouch.c.SBVID,
    SaleBillVouch.c.dDate,
    SaleBillVouch.c.cCusCode,
    SaleBillVouch.c.cChecker,
    SaleBillVouchs.c.SBVID,
    SaleBillVouchs.c.iNatMoney,
    SOSOMain.c.dDate,
    SOSOMain.c.cCusCode,
    SOSOMain.c.cVerifier,
)
"""Without these it is no account set that u8sync can use; others may be missing, and something is then unknown."""

TABLES: Final[Mapping[str, Table]] = MappingProxyType({**METADATA.tables, **_OLDER.tables})
"""All tables of U8 that u8sync knows, by name."""


_ROWVERSION_TRIGGER: Final = """
CREATE TRIGGER u8_rowversion_{table}_{event} AFTER {event} ON {table} {when} BEGIN
  UPDATE {counter} SET value = value + 1;
  UPDATE {table} SET pubufts = (SELECT value FROM {counter}) WHERE rowid = NEW.rowid;
END"""


def rowversion_triggers() -> tuple[str, ...]:
    """The SQLite statements that make ``pubufts`` of Customer and CustomerClass behave as a ``rowversion``.

    Each insert and each update moves the one counter of the database and puts its new value into the row. The trigger
    for updates passes over the update that another of these triggers makes.
    """
    return tuple(
        _ROWVERSION_TRIGGER.format(table=table.name, event=event, when=when, counter=_Counter.name)
        for table in (Customer, CustomerClass)
        for event, when in (("INSERT", ""), ("UPDATE", "WHEN NEW.pubufts IS OLD.pubufts"))
    )


def create_rowversion_triggers(connection: Connection) -> None:
    """Set the counter behind ``pubufts`` and create its triggers; SQLite only, once for each database.

    Call it after a bulk load, in the load's own transaction. The load must have given every row of Customer and
    CustomerClass a ``pubufts`` of its own, unique over both tables and above 0 (1, 2, 3, ... in the order of
    insertion); the counter goes on from the greatest of them. An empty database starts at 0.
    """
    used = [connection.scalar(select(func.max(table.c.pubufts))) for table in (Customer, CustomerClass)]
    latest = max((int(value, 16) for value in used if value is not None), default=0)
    if connection.scalar(select(func.count()).select_from(_Counter)):
        connection.execute(update(_Counter).values(value=latest))
    else:
        connection.execute(insert(_Counter).values(value=latest))
    for statement in rowversion_triggers():
        connection.exec_driver_sql(statement)
