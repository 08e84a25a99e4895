"""What ``u8sync doctor`` can tell of an account set's database: rights, triggers, items, codes.

Whether the mapping fits the archive is asked of every backend alike and no part of this.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from u8sync.backends.sqlserver.account_sets import AccountDatabases, rows_if_allowed
from u8sync.backends.sqlserver.connect import Server
from u8sync.backends.sqlserver.dialect import literal, quoted
from u8sync.backends.sqlserver.grants import grant
from u8sync.backends.sqlserver.identity import Identity
from u8sync.backends.sqlserver.rights import Right, needed_rights
from u8sync.backends.u8_schema import SELF_DEFINED_IDS
from u8sync.ports import Check, Needs
from u8sync.text import Message, msg

__all__ = ["examine_archive"]

_DATABASE: Final = (
    "SELECT CONVERT(nvarchar(128), DATABASEPROPERTYEX(DB_NAME(), 'Updateability')), is_read_committed_snapshot_on"
    " FROM sys.databases WHERE name = DB_NAME()"
)
_TRIGGERS: Final = (
    "SELECT name, is_instead_of_trigger FROM sys.triggers"
    " WHERE parent_id = OBJECT_ID(N'[dbo].[Customer]') AND is_disabled = 0 ORDER BY name"
)
_ITEMS: Final = "SELECT cID, cItemName, iLength, bArchive FROM [dbo].[UserDef_Base]"
_CODE_COLUMNS: Final = (
    "SELECT o.name, c.name FROM sys.columns AS c JOIN sys.objects AS o ON o.object_id = c.object_id"
    " WHERE o.type IN ('U', 'V') AND o.name <> N'Customer'"
    " AND (c.name LIKE N'%MngType%' OR c.name LIKE N'%CusRank%' OR c.name = N'CustomerKCode')"
    " ORDER BY o.name, c.name"
)
_FOREIGN_KEYS: Final = (
    "SELECT DISTINCT OBJECT_NAME(referenced_object_id) FROM sys.foreign_keys"
    " WHERE parent_object_id = OBJECT_ID(N'[dbo].[Customer]')"
)


def examine_archive(
    connection: Connection, server: Server, account: AccountDatabases, identity: Identity, needs: Needs
) -> Iterator[Check]:
    """All checks of the database in use, and of the rights in those of earlier years.

    Args:
        connection: To the database in use.
        server: Tells the driver's errors.
        account: The account set.
        identity: What the server said of itself and the login.
        needs: What the mapping asks for.
    """
    rights = needed_rights(
        needs,
        archives=[account.current.name],
        earlier=[year.name for year in account.databases[:-1] if year.accessible],
        receipts=server.options.receipts,
    )
    parts: Sequence[tuple[Message, Callable[[], Iterator[Check]]]] = (
        (msg("Rights"), lambda: _rights(connection, rights, identity.login)),
        (msg("Database"), lambda: _database(connection, identity, needs)),
        (msg("Triggers"), lambda: _triggers(connection, needs)),
        (msg("Self-defined items"), lambda: _items(connection)),
        (msg("Codes in use"), lambda: _codes(connection, needs)),
        (msg("Names of the codes"), lambda: _code_names(connection)),
    )
    for topic, part in parts:
        try:
            yield from part()
        except DBAPIError as error:
            if connection.invalidated:
                raise
            told = server.translate(error, "read")
            yield Check(topic, "failure", told.message, told.hint)


# --- rights -----------------------------------------------------------------------------------------------------------


def _rights(connection: Connection, rights: Sequence[Right], login: str) -> Iterator[Check]:
    complete = True
    for right in rights:
        if right.unless:
            continue  # only a stopgap; what is lost with the better table says so
        missing = _missing(connection, right)
        if missing is None:
            continue
        complete = False
        lacking = replace(right, columns=missing)
        yield Check(
            msg("Rights"),
            "failure" if right.lost is None else "warning",
            msg(
                "{permission} on {table} is missing for {login}.",
                permission=right.permission,
                table=_named(lacking),
                login=login,
            ),
            msg("An administrator of the server can give it, or run the whole script of 'u8sync grants':")
            if right.lost is None
            else msg(
                "Without it {lost}. If the site has that table and column, an administrator can run:", lost=right.lost
            ),
            f"USE {quoted(right.database)};\n{grant(lacking, login)}",
        )
    if complete:
        yield Check(msg("Rights"), "ok", msg("The login has every right that u8sync needs."))


def _missing(connection: Connection, right: Right) -> tuple[str, ...] | None:
    """The columns that the right is missing for, empty when it is one on the whole table; null when it is there."""
    name = literal(f"{quoted(right.database)}.{quoted(right.schema)}.{quoted(right.table)}")
    asked = f"{name}, N'OBJECT', {literal(right.permission)}"
    questions = [f"HAS_PERMS_BY_NAME({asked}, {literal(column)}, N'COLUMN')" for column in right.columns]
    questions = questions or [f"HAS_PERMS_BY_NAME({asked})"]
    object_id, *held = connection.exec_driver_sql(f"SELECT OBJECT_ID({name}), {', '.join(questions)}").one()
    if object_id is None:  # not there, or so far from the login's rights that it may not even be seen
        return right.columns
    if all(answer == 1 for answer in held):
        return None
    return tuple(column for column, answer in zip(right.columns, held, strict=False) if answer != 1)


def _named(right: Right) -> str:
    columns = f" ({', '.join(right.columns)})" if right.columns else ""
    return f"{right.database}.{right.schema}.{right.table}{columns}"


# --- the database -----------------------------------------------------------------------------------------------------


def _database(connection: Connection, identity: Identity, needs: Needs) -> Iterator[Check]:
    updateability, versioned = connection.exec_driver_sql(_DATABASE).one()
    waiting = (
        msg("readers do not wait for people who are saving (READ_COMMITTED_SNAPSHOT is on)")
        if versioned
        else msg("readers wait for people who are saving (READ_COMMITTED_SNAPSHOT is off)")
    )
    found = msg("Collation {collation}; {waiting}", collation=identity.collation, waiting=waiting)
    if updateability == "READ_ONLY" and needs.writing:
        hint = msg("The database is read-only. Name the server that holds the original, or set 'read_only: true'.")
        yield Check(msg("Database"), "failure", found, hint)
    else:
        yield Check(msg("Database"), "ok", found)


def _triggers(connection: Connection, needs: Needs) -> Iterator[Check]:
    triggers = connection.exec_driver_sql(_TRIGGERS).all()
    instead = [name for name, is_instead in triggers if is_instead]
    if not triggers:
        yield Check(msg("Triggers"), "ok", msg("None on the customer archive, as far as the login can see."))
    elif instead and needs.writing:
        yield Check(
            msg("Triggers"),
            "failure",
            msg("INSTEAD OF triggers on the customer archive: {names}", names=", ".join(instead)),
            msg("They do something else in place of a write. Ask who made them; u8sync cannot write past them."),
        )
    else:
        yield Check(
            msg("Triggers"),
            "warning" if needs.writing else "ok",
            msg("On the customer archive: {names}", names=", ".join(name for name, _ in triggers)),
            msg("They run with every write. If they expect one customer at a time, set 'write_form: row'."),
        )


def _items(connection: Connection) -> Iterator[Check]:
    rows = rows_if_allowed(connection, _ITEMS)
    if rows is None:
        return  # told among the rights where it matters
    columns = {id_: column for column, id_ in SELF_DEFINED_IDS.items()}
    used = [
        f"{columns[id_]} {caption.strip()} ({length or '-'})" + ("*" if listed else "")
        for id_, caption, length, listed in rows
        if id_ in columns and caption and caption.strip()
    ]
    yield Check(
        msg("Self-defined items"),
        "ok",
        msg("{items} (in brackets: most characters; *: only values of its list)", items="; ".join(sorted(used)))
        if used
        else msg("None of the text items is set up."),
    )


def _codes(connection: Connection, needs: Needs) -> Iterator[Check]:
    for column in ("cCusMngTypeCode", "CustomerKCode"):
        if column not in needs.reads:
            continue  # the login has no right to read it, and needs none
        rows = rows_if_allowed(
            connection,
            f"SELECT TOP 20 {quoted(column)}, COUNT(cCusCode) FROM [dbo].[Customer]"  # noqa: S608 - names from above
            f" GROUP BY {quoted(column)} ORDER BY COUNT(cCusCode) DESC",
        )
        if rows is not None:
            counts: Counter[str] = Counter()
            for code, count in rows:
                counts[_shown(code)] += count  # NULL, '' and blanks are one
            shown = "; ".join(f"{code}: {count:,}" for code, count in counts.most_common())
            yield Check(msg("Codes in use"), "ok", msg("{column}: {codes}", column=column, codes=shown or "-"))


def _shown(code: Any) -> str:  # noqa: ANN401 - a value of a row
    return str(code or "").strip() or "-"


def _code_names(connection: Connection) -> Iterator[Check]:
    """Where the site may keep the names of codes: nothing public says it, so people are told where to look."""
    tables = [f"{table}.{column}" for table, column in connection.exec_driver_sql(_CODE_COLUMNS)]
    tables += [str(name) for (name,) in connection.exec_driver_sql(_FOREIGN_KEYS)]
    if tables:
        yield Check(
            msg("Names of the codes"),
            "ok",
            msg("May stand in: {tables}", tables=", ".join(dict.fromkeys(tables))),
        )
