"""The system procedures that clients of U8 call. Each takes the session and its arguments, and returns its code."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from tds.seam import Reply

from emulated.batch import parse_batch
from emulated.errors import NotModelledError, SqlError, no_object
from emulated.security import add_role_member
from emulated.sqltypes import NVARCHAR, TEXT, SqlType, parse_type
from emulated.tables import replace_table

if TYPE_CHECKING:
    from emulated.frame import Frame
    from emulated.session import EmulatedSession

__all__ = ["PROCEDURES"]

Given = Sequence[tuple[str, Any]]
Replies = Generator[Reply, None, int]


def _bound(procedure: str, names: Sequence[str], given: Given) -> dict[str, Any]:
    """The arguments by name, whether they were named or came in order."""
    bound: dict[str, Any] = {}
    for at, (name, value) in enumerate(given):
        if name and name not in names:
            raise SqlError(8145, f"@{name} is not a parameter for procedure {procedure}.", state=1)
        bound[name or names[at]] = value
    return bound


def _get_application_lock(session: EmulatedSession, given: Given, _frame: Frame) -> Replies:
    names = ("resource", "lockmode", "lockowner", "locktimeout", "dbprincipal")
    bound = _bound("sp_getapplock", names, given)
    yield from ()
    if bound.get("resource") is None or bound.get("lockmode") is None:
        return -999
    timeout = bound.get("locktimeout")
    return session.application_locks.take(
        str(bound["resource"])[:255],
        str(bound["lockmode"]),
        str(bound.get("lockowner") or "Transaction"),
        session.lock_timeout_ms if timeout is None else int(timeout),
    )


def _release_application_lock(session: EmulatedSession, given: Given, _frame: Frame) -> Replies:
    bound = _bound("sp_releaseapplock", ("resource", "lockowner", "dbprincipal"), given)
    yield from ()
    return session.application_locks.release(str(bound["resource"])[:255], str(bound.get("lockowner") or "Transaction"))


def _add_role_member(session: EmulatedSession, given: Given, _frame: Frame) -> Replies:
    bound = _bound("sp_addrolemember", ("rolename", "membername"), given)
    yield from ()
    add_role_member(session, str(bound["rolename"]), str(bound["membername"]))
    session.server.changed()
    return 0


def _execute_sql(session: EmulatedSession, given: Given, frame: Frame) -> Replies:
    (_, text), *rest = given
    inner = type(frame)()
    if rest:
        (_, declared), *values = rest
        (declaration,) = parse_batch(f"DECLARE {declared}", session.server.version_number)
        variables = declaration.variables  # type: ignore[union-attr]
        for (name, written, _), (_, value) in zip(variables, values, strict=True):
            type_ = parse_type(written)
            inner.declare(name[1:].lower(), SqlType(type_.name, -1) if type_.name in TEXT else type_, None)
            session.assign_value(name, value, NVARCHAR if isinstance(value, str) else type_, inner)
    yield from session.run_text(str(text), inner)
    return 0


def _rename(session: EmulatedSession, given: Given, _frame: Frame) -> Replies:
    """Only whole tables are renamed."""
    bound = _bound("sp_rename", ("objname", "newname", "objtype"), given)
    if bound.get("objtype") is not None:
        raise NotModelledError("sp_rename of anything but a table")
    yield from ()
    table = session.database.table(str(bound["objname"]).rpartition(".")[2].strip("[]"))
    if table is None:
        raise no_object(str(bound["objname"]))
    replace_table(session, session.database, table, replace(table, name=str(bound["newname"])))
    session.server.changed()
    return 0


PROCEDURES: Final[Mapping[str, Callable[[EmulatedSession, Given, Frame], Replies]]] = {
    "sp_getapplock": _get_application_lock,
    "sp_releaseapplock": _release_application_lock,
    "sp_addrolemember": _add_role_member,
    "sp_executesql": _execute_sql,
    "sp_rename": _rename,
}
