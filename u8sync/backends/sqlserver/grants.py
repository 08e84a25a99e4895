"""The script that gives two logins the rights they need and no more: T-SQL that SQL Server 2008 R2 understands.

Pure. An administrator reads it and runs it, as often as he likes: what is there already is left alone. Whether a site
has a table or column the script itself looks up, because a login without rights cannot see it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from u8sync.backends.sqlserver.dialect import literal, quoted
from u8sync.backends.sqlserver.rights import Right

__all__ = ["anchor_script", "grant", "grants_script"]

READER_ROLE: Final = "u8sync_reader_role"
WRITER_ROLE: Final = "u8sync_writer_role"
ANCHOR_ROLE: Final = "u8sync_anchor_role"
"""Not the names that people give to logins: in a database, users and roles share one name space."""

_HEAD: Final = """\
-- u8sync 最小权限脚本：{reader} 只读，{writer} 可读并可写入映射文件指定的列。
-- 由数据库管理员审阅后运行（SQL Server 2008 R2 及以上），可重复运行。
-- Least privilege for u8sync: {reader} reads; {writer} reads, and writes the columns that the mapping names.
-- For an administrator of the server to read and to run (SQL Server 2008 R2 and later); it may be run again."""

_PLACEHOLDER: Final = "<N'password'>"
"""No T-SQL on purpose: a login must not come to be with a password that stands in a manual."""

_ANCHOR_HEAD: Final = """\
-- u8sync 检查点表：在服务器 {server} 上运行，最好不是 U8 所在的服务器；{login} 只能添加和读取，不能修改或删除。
-- SQL Server 2022 及以上可在 CREATE TABLE 末尾加 WITH (LEDGER = ON (APPEND_ONLY = ON))。
-- The table of checkpoints: to be run on the server {server}, best another one than U8's; {login} may add and read,
-- never change or delete. SQL Server 2022 and later: WITH (LEDGER = ON (APPEND_ONLY = ON)) fits after CREATE TABLE."""


def anchor_script(*, server: str, database: str, table: str, login: str) -> str:
    """The script for a table of checkpoints; the form of the table is that of ``anchor.py``.

    Args:
        server: What the settings call the server, for the head.
        database: Where the table is to be; it must exist.
        table: ``schema.table``.
        login: Name of the login that adds checkpoints; with a backslash, a Windows account.
    """
    schema, name = table.split(".")
    rights = [Right(database, name, permission, (), "writer", schema=schema) for permission in ("SELECT", "INSERT")]
    lines = [_ANCHOR_HEAD.format(server=server, login=login), "", "USE [master];", "GO", *_create_login(login)]
    lines += ["", f"USE {quoted(database)};", "GO"]
    lines += [_unless_principal(login, f"CREATE USER {quoted(login)} FOR LOGIN {quoted(login)};")]
    lines += [_unless_principal(ANCHOR_ROLE, f"CREATE ROLE {quoted(ANCHOR_ROLE)};")]
    lines += [f"EXEC sp_addrolemember {literal(ANCHOR_ROLE)}, {literal(login)};"]
    lines += _table(
        rights[0],
        "[origin] nvarchar(200) NOT NULL, [size] bigint NOT NULL, [note] nvarchar(4000) NOT NULL,"
        " [at] datetime NOT NULL DEFAULT (GETUTCDATE()), PRIMARY KEY ([origin], [size])",
    )
    return "\n".join([*lines, *(grant(right, ANCHOR_ROLE) for right in rights), "GO"]) + "\n"


def grants_script(rights: Sequence[Right], *, reader: str, writer: str | None, remarks: Sequence[str] = ()) -> str:
    """The script.

    Args:
        rights: All rights, those of one database together.
        reader: Name of the login that reads; with a backslash, a Windows account.
        writer: Name of the login that reads and writes; null when nothing is to be written.
        remarks: Lines for the administrator, put on top.
    """
    logins = [reader] if writer is None or writer == reader else [reader, writer]
    head = _HEAD.format(reader=reader, writer=writer or reader)
    lines = [head, *(f"-- {remark}" for remark in remarks), "", "USE [master];", "GO"]
    for login in logins:
        lines += _create_login(login)
    for database, group in groupby(rights, key=lambda right: right.database):
        several = list(group)
        writes = writer if any(right.role == "writer" for right in several) else None
        lines += ["", f"USE {quoted(database)};", "GO", *_members(logins, writes)]
        for right in several:
            if right.permission == "INSERT":
                lines += _receipts(right)
        lines += [*(_once(right) for right in several), "GO"]
    return "\n".join(lines) + "\n"


def _create_login(login: str) -> Iterator[str]:
    windows = "\\" in login
    if not windows:
        yield "-- 将 <...> 替换为新密码，如 N'...'。 Put a new password in the place of <...>, such as N'...'."
    yield f"IF NOT EXISTS (SELECT 1 FROM sys.server_principals WHERE name = {literal(login)})"  # noqa: S608 - quoted
    how = "FROM WINDOWS" if windows else f"WITH PASSWORD = {_PLACEHOLDER}, CHECK_POLICY = ON"
    yield f"  CREATE LOGIN {quoted(login)} {how};"
    yield "GO"


def _members(logins: Sequence[str], writer: str | None) -> Iterator[str]:
    for login in logins:
        yield _unless_principal(login, f"CREATE USER {quoted(login)} FOR LOGIN {quoted(login)};")
    roles = {READER_ROLE: logins} if writer is None else {READER_ROLE: logins, WRITER_ROLE: [writer]}
    for role, members in roles.items():
        yield _unless_principal(role, f"CREATE ROLE {quoted(role)};")
        for member in members:
            yield f"EXEC sp_addrolemember {literal(role)}, {literal(member)};"


def _unless_principal(name: str, statement: str) -> str:
    return f"IF NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE name = {literal(name)}) {statement}"  # noqa: S608


def _once(right: Right) -> str:
    """The statement of one right, where the site has what it is about."""
    statement = grant(right, READER_ROLE if right.role == "reader" else WRITER_ROLE)
    conditions = [f"OBJECT_ID({literal(_dotted(right, table))}) IS NULL" for table in right.unless]
    if right.lost is not None and right.columns:
        # Null too when there is no such table.
        conditions.append(
            f"COL_LENGTH({literal(_dotted(right, right.table))}, {literal(right.columns[0])}) IS NOT NULL"
        )
    return f"IF {' AND '.join(conditions)}\n  {statement}" if conditions else statement


def _receipts(right: Right) -> Iterator[str]:
    """The table of receipts; the form is that of ``dialect.py``."""
    yield from _table(right, "[op_id] varchar(64) NOT NULL PRIMARY KEY, [cCusCode] nvarchar(20) NULL")


def _table(right: Right, columns: str) -> Iterator[str]:
    """A table of our own, and its schema."""
    create = f"CREATE SCHEMA {quoted(right.schema)}"
    yield f"IF SCHEMA_ID({literal(right.schema)}) IS NULL EXEC({literal(create)});"
    name = _dotted(right, right.table)
    yield f"IF OBJECT_ID({literal(name)}) IS NULL"
    yield f"  CREATE TABLE {name} ({columns});"


def grant(right: Right, principal: str) -> str:
    """The statement that gives a right to a role or a user of its database."""
    columns = f" ({', '.join(quoted(column) for column in right.columns)})" if right.columns else ""
    return f"GRANT {right.permission} ON OBJECT::{_dotted(right, right.table)}{columns} TO {quoted(principal)};"


def _dotted(right: Right, table: str) -> str:
    return f"{quoted(right.schema)}.{quoted(table)}"
