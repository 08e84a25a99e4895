"""What ``customer/edit`` does to the account set, and what it refuses.

All or nothing, in one transaction. The refusals are those that U8 itself can be expected to make; a field that does not
exist, is not a text or is not accepted is a breach of the contract by the client.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from u8sync.sandbox.openapi.behaviour import Behaviour
from u8sync.sandbox.openapi.book import Book
from u8sync.sandbox.openapi.fields import BY_NAME, CARD, Field, Stored, shown, to_store
from u8sync.sandbox.openapi.journal import Edit, Journal
from u8sync.sandbox.openapi.people import WIDTHS, People
from u8sync.sandbox.openapi.refusals import Code, RefusalError

__all__ = ["Editor"]

PERSON: Final = "OpenAPI"
NOT_CLASSIFIED: Final = "999"
DEFAULTS: Final[Mapping[str, Stored]] = {"bcusdomestic": 1, "bcusoverseas": 0}
"""What an emptied column holds where it cannot be null."""


@dataclass(frozen=True)
class Item:
    """How the site has set a self-defined item up.

    Attributes:
        length: Most characters; null where the column alone limits it.
        listed: The only values allowed; null for any.
    """

    length: int | None
    listed: frozenset[str] | None


class Editor:
    """Edits customer cards.

    Args:
        book: The account set.
        people: What of a card lives outside it.
        journal: Hears of every field that changed.
    """

    def __init__(self, book: Book, people: People, journal: Journal) -> None:
        self._book = book
        self._people = people
        self._journal = journal
        connection = book.reading
        types = {name: kind for _, name, kind, *_ in connection.execute("PRAGMA table_info(Customer)")}
        self._widths = {
            field.name: int(found[1])
            for field in CARD
            if (found := re.search(r"\((\d+)\)", types.get(field.column, ""))) and field.kind == "text"
        } | dict(WIDTHS)
        self._items = dict(_items(connection))
        # Types in use when the server starts stay known, also when the last customer loses one.
        self._known = {NOT_CLASSIFIED, *_management_types(connection)}

    def edit(
        self, sent: Mapping[str, object], behaviour: Behaviour, *, blanks: Sequence[str] = (), pretend: bool = False
    ) -> str:
        """Change a customer card.

        Args:
            sent: The business object: ``code`` and the fields to change.
            behaviour: What happens to fields not named, and to empty texts.
            blanks: JSON names of fields to empty besides: a fault.
            pretend: Check everything, change nothing: a fault.

        Returns:
            The code of the customer.

        Raises:
            RefusalError: The customer does not exist, or something of what was sent is not accepted.
        """
        code = sent.get("code")
        if not isinstance(code, str) or not code:
            raise RefusalError(Code.BODY, "客户编码 code 不能为空", violation=True)
        with self._book.writing() as connection:
            row = connection.execute("SELECT * FROM Customer WHERE cCusCode = ?", [code]).fetchone()
            if row is None:
                raise RefusalError(Code.EAI, f"客户编码[{code}]不存在")
            changes = self._checked(connection, sent, behaviour)
            if behaviour.edit == "replace":
                left = [f for f in CARD if f.editable and not f.kept and f.name not in sent]
                changes |= {field.name: DEFAULTS.get(field.name) for field in left}
            changes |= {name: DEFAULTS.get(name) for name in blanks}
            if pretend:
                return code
            made = self._write(connection, code, row, changes)
        self._people.change(code, {n: str(v) if v else None for n, v in changes.items() if not BY_NAME[n].column})
        self._journal.edits.extend(made)
        return code

    def _checked(
        self, connection: sqlite3.Connection, sent: Mapping[str, object], behaviour: Behaviour
    ) -> dict[str, Stored]:
        changes: dict[str, Stored] = {}
        for name, value in sent.items():
            field = BY_NAME.get(name)
            if field is None:
                raise RefusalError(Code.BODY, f"字段 {name} 不存在", violation=True)
            if not isinstance(value, str):
                raise RefusalError(Code.BODY, f"字段 {name} 应为字符串", violation=True)
            if name == "code" or field.kind == "joined":
                continue
            if not field.editable:
                raise RefusalError(Code.BODY, f"字段 {name} 不允许修改", violation=True)
            if value:
                changes[name] = self._value(connection, field, value)
            elif behaviour.empty == "clears":
                if field.kept:
                    raise RefusalError(Code.EAI, f"{name} 不能为空")
                changes[name] = DEFAULTS.get(name)
        return changes

    def _value(self, connection: sqlite3.Connection, field: Field, value: str) -> Stored:
        name, width, item = field.name, self._widths.get(field.name), self._items.get(field.name)
        if item is not None and item.length is not None:
            width = min(item.length, width or item.length)
        if width is not None and len(value) > width:
            raise RefusalError(Code.EAI, f"{name} 超出长度，最多 {width} 个字符")
        if item is not None and item.listed is not None and value not in item.listed:
            raise RefusalError(Code.EAI, f"自定义项 {name} 的值[{value}]不在档案中")
        if name == "sort_code":
            _check_class(connection, value)
        elif name == "ccusmngtypecode" and value not in self._known:
            self._known |= set(_management_types(connection))
            if value not in self._known:
                raise RefusalError(Code.EAI, f"客户管理类型[{value}]不存在")
        try:
            return to_store(field, value)
        except ValueError:
            raise RefusalError(Code.EAI, f"{name} 的值[{value}]不合法") from None

    def _write(
        self, connection: sqlite3.Connection, code: str, row: sqlite3.Row, changes: Mapping[str, Stored]
    ) -> list[Edit]:
        columns = {BY_NAME[name].column: value for name, value in changes.items() if BY_NAME[name].column}
        columns |= {"cModifyPerson": PERSON, "dModifyDate": f"{date.today()} 00:00:00"}  # noqa: DTZ011 - U8 has wall-clock days
        assignments = ", ".join(f"{column} = ?" for column in columns)
        try:
            connection.execute(
                f"UPDATE Customer SET {assignments} WHERE cCusCode = ?",  # noqa: S608 - names of this package
                [*columns.values(), code],
            )
        except sqlite3.IntegrityError as error:
            raise RefusalError(Code.EAI, "客户简称重复") from error
        made_up, now = self._people.of(code), datetime.now(UTC)
        made = []
        for name, value in changes.items():
            field = BY_NAME[name]
            before = shown(field, row[field.column]) if field.column else made_up.get(name)
            after = shown(field, value)
            if before != after:
                made.append(Edit(code, name, before, after, now))
        return made


def _items(connection: sqlite3.Connection) -> list[tuple[str, Item]]:
    listed: dict[str, set[str]] = {}
    for item, value in connection.execute("SELECT cID, cValue FROM UserDefine"):
        listed.setdefault(item, set()).add(value)
    rows = connection.execute("SELECT cID, cItem, iLength, bArchive FROM UserDef_Base WHERE cClass = '客户'")
    return [
        (
            f"self_define{label.removeprefix('自定义项')}",
            Item(length, frozenset(listed.get(item, ())) if archive else None),
        )
        for item, label, length, archive in rows
    ]


def _management_types(connection: sqlite3.Connection) -> set[str]:
    rows = connection.execute("SELECT DISTINCT cCusMngTypeCode FROM Customer")
    return {code for (code,) in rows if code and code.strip()}


def _check_class(connection: sqlite3.Connection, code: str) -> None:
    row = connection.execute("SELECT bCCEnd FROM CustomerClass WHERE cCCCode = ?", [code]).fetchone()
    if row is None:
        raise RefusalError(Code.EAI, f"客户分类[{code}]不存在")
    if not row["bCCEnd"]:
        raise RefusalError(Code.EAI, f"客户分类[{code}]不是末级分类")
