"""The administrator's statements, each handed to whoever knows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from tds.seam import Done, Reply

from emulated import ddl, security
from emulated.errors import NotModelledError
from emulated.words import Words

if TYPE_CHECKING:
    from emulated.session import EmulatedSession

__all__ = ["administer"]


def administer(session: EmulatedSession, text: str) -> Iterator[Reply]:
    """Run one statement of an administrator. Raises SqlError, also when the session may not."""
    words = Words(text)
    first, second = words.peek(), words.peek(1)
    known: Mapping[tuple[str, str], Callable[[EmulatedSession, Words], None]] = {
        ("CREATE", "LOGIN"): security.create_login,
        ("CREATE", "USER"): security.create_user,
        ("CREATE", "ROLE"): security.create_role,
        ("ALTER", "ROLE"): security.alter_role,
        ("CREATE", "DATABASE"): ddl.create_database,
        ("ALTER", "DATABASE"): ddl.alter_database,
        ("DROP", "DATABASE"): ddl.drop_database,
        ("CREATE", "SCHEMA"): ddl.create_schema,
        ("CREATE", "TABLE"): ddl.create_table,
        ("DROP", "TABLE"): ddl.drop_table,
        ("ALTER", "TABLE"): ddl.alter_table,
        ("TRUNCATE", "TABLE"): ddl.truncate,
        ("CREATE", "INDEX"): ddl.create_index,
        ("CREATE", "UNIQUE"): ddl.create_index,
    }
    if first in ("GRANT", "DENY", "REVOKE"):
        security.check_security(session)
        security.grant(session, words.text)
    elif (first, second) in known:
        known[first, second](session, words)
        session.commit_statement()
    else:
        raise NotModelledError(f"{first} {second}")
    session.server.changed()
    yield Done(None)
