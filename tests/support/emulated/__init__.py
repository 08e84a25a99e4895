"""A SQL Server that lives in SQLite files: the engine behind the TDS test server.

It takes the T-SQL that u8sync and SQLAlchemy send and answers as the real one does: with its types, its errors by
number, its rights, its locks and its catalogue. What it does not know it refuses (error 49999): no answer is better
than a wrong one.

What it leaves out: rows are not locked one by one (a writer holds its database), text sorts by character and not by
pinyin, and values of type sql_variant come as text.
"""

from emulated.catalogue import Trigger
from emulated.errors import NotModelledError
from emulated.journal import Change
from emulated.server import EmulatedServer
from emulated.session import EmulatedSession

__all__ = ["Change", "EmulatedServer", "EmulatedSession", "NotModelledError", "Trigger"]
