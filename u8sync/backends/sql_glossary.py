"""The account set's own words: captions of self-defined items, and names of customer classes.

Only tables whose meaning is public are asked. The one behind the management types (客户管理类型) is not, so that its
codes stay without names here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select

from u8sync.backends.sql_read import Archive
from u8sync.backends.u8_schema import ITEM_IDS, CustomerClass, UserDefBase
from u8sync.domain.model import Glossary, bare

__all__ = ["read_glossary"]


def read_glossary(connection: Connection, archive: Archive) -> Glossary:
    """The words for what can be read of the archive."""
    names = {"cCCCode": _class_names(connection, archive)} if "cCCCode" in archive.readable else {}
    return Glossary(_captions(connection, archive), {column: words for column, words in names.items() if words})


def _captions(connection: Connection, archive: Archive) -> dict[str, str]:
    item = UserDefBase.c
    columns = {id_: column for column, id_ in ITEM_IDS.items() if column in archive.readable}
    if not columns or not archive.source.has(item.cID, item.cItemName):
        return {}
    rows = connection.execute(select(item.cID, item.cItemName).where(item.cID.in_(columns)))
    return {columns[id_]: caption for id_, caption in _words(rows).items() if id_ in columns}


def _class_names(connection: Connection, archive: Archive) -> dict[str, str]:
    column = CustomerClass.c
    if not archive.source.has(column.cCCCode, column.cCCName):
        return {}
    return _words(connection.execute(select(column.cCCCode, column.cCCName)))


def _words(rows: Iterable[Any]) -> dict[str, str]:
    """Code -> word, without what is blank."""
    pairs = sorted((bare(code) or "", bare(word) or "") for code, word in rows)
    return {code: word for code, word in pairs if code and word}
