"""The local cache: customers and documents as they were read last, so that a night fetches only what changed.

One SQLite file an account set. It may be deleted at any time: then everything is read anew. It holds no contact, bank
or address field, and nothing is ever written to U8 on its word alone: a write compares with U8 itself.

Everything of one refresh is one transaction: what dies half-way leaves the cache as it was.
"""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Literal

import polars as pl

from u8sync.backends.openapi.fields import CODE, READABLE, Shown
from u8sync.errors import FatalError, TransientError
from u8sync.text import msg

__all__ = ["KINDS", "Cache", "CacheError", "Document", "Kind", "Reading", "open_cache"]

FORMAT: Final = "1"

Kind = Literal["order", "invoice", "stock_out"]
KINDS: Final[tuple[Kind, ...]] = ("order", "invoice", "stock_out")

CHUNK: Final = 500
"""Most parameters of one statement."""


class CacheError(FatalError):
    """The cache cannot be used: a matter of this machine, whatever the gateway offers."""


@dataclass(frozen=True)
class Reading:
    """When something was read, and how far.

    Attributes:
        full_at: When all of it was read last, aware.
        at: When it was read last, in part or in full, aware.
        latest: Greatest timestamp seen; null when some row had none that could be read.
        since: First day that was read; null: from the beginning.
    """

    full_at: datetime
    at: datetime
    latest: int | None = None
    since: date | None = None


@dataclass(frozen=True)
class Document:
    """A document as far as it counts.

    Attributes:
        id: Its number; for stock-outs read one by one, the main id.
        digest: Of what the list said of it.
        day: Its date.
        customer: Code as the document spells it; null when it names none.
        approved: Whether somebody approved it, as far as the server says.
        returned: Whether it takes something back.
        amount: Ten-thousandths of home currency: revenue or cost; null when not read yet, or not known.
        unpriced: Lines without a cost.
    """

    id: str
    digest: str
    day: date
    customer: str | None
    approved: bool
    returned: bool
    amount: int | None = None
    unpriced: int = 0


_FIELDS: Final = tuple(READABLE)
_CARD: Final = ", ".join(f'"{field}"' for field in _FIELDS)

_TABLES: Final = f"""
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE card ({", ".join(f'"{field}" TEXT' for field in _FIELDS)}, version TEXT, PRIMARY KEY ("{CODE}"));
CREATE TABLE reading (what TEXT PRIMARY KEY, full_at TEXT NOT NULL, at TEXT NOT NULL, latest INTEGER, since TEXT);
CREATE TABLE document (
  kind TEXT NOT NULL, id TEXT NOT NULL, digest TEXT NOT NULL, day TEXT NOT NULL, customer TEXT,
  approved INTEGER NOT NULL, returned INTEGER NOT NULL, amount INTEGER, unpriced INTEGER NOT NULL,
  PRIMARY KEY (kind, id)
);
CREATE INDEX document_day ON document (kind, day);
"""


class Cache:
    """An open cache; used by one thread."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def close(self) -> None:
        """Close the file. Calling it twice is harmless."""
        self._connection.close()

    @contextmanager
    def refresh(self) -> Iterator[None]:
        """One transaction: all of it or nothing. Raises TransientError while another u8sync holds the cache."""
        with self._telling():
            self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise
        with self._telling():
            self._connection.execute("COMMIT")

    def reading(self, what: str) -> Reading | None:
        """When ``what`` was read last; null: never."""
        rows = self._rows("SELECT full_at, at, latest, since FROM reading WHERE what = ?", (what,))
        if not rows:
            return None
        row = rows[0]
        since = None if row[3] is None else date.fromisoformat(row[3])
        return Reading(datetime.fromisoformat(row[0]), datetime.fromisoformat(row[1]), row[2], since)

    def was_read(self, what: str, reading: Reading) -> None:
        """Note that ``what`` was read."""
        since = None if reading.since is None else reading.since.isoformat()
        row = (what, reading.full_at.isoformat(), reading.at.isoformat(), reading.latest, since)
        self._rows("INSERT OR REPLACE INTO reading VALUES (?, ?, ?, ?, ?)", row)

    # --- customers ----------------------------------------------------------------------------------------------------

    def codes(self) -> set[str]:
        """The customers."""
        return {code for (code,) in self._rows('SELECT "code" FROM card')}

    def count(self) -> int:
        """How many customers."""
        ((count,),) = self._rows("SELECT count(*) FROM card")
        return int(count)

    def clear_cards(self) -> None:
        """Forget all customers."""
        self._rows("DELETE FROM card")

    def put_cards(self, cards: Iterable[Shown]) -> None:
        """Remember customers as they are now."""
        places = ", ".join("?" * (len(_FIELDS) + 1))
        self._all(
            f"INSERT OR REPLACE INTO card ({_CARD}, version) VALUES ({places})",  # noqa: S608 - names of our own
            ((*card.values, card.version) for card in cards),
        )

    def disabled(self, codes: Sequence[str]) -> set[str]:
        """Which of these customers have a day of deactivation."""
        found: set[str] = set()
        for start in range(0, len(codes), CHUNK):
            part = codes[start : start + CHUNK]
            places = ", ".join("?" * len(part))
            query = f'SELECT "code" FROM card WHERE length(trim(end_date)) > 0 AND "code" IN ({places})'  # noqa: S608
            found |= {code for (code,) in self._rows(query, part)}
        return found

    def cards(self, fields: Sequence[str]) -> pl.DataFrame:
        """All customers: ``n × (code, *fields)``, all String."""
        names = [CODE, *fields]
        query = f"SELECT {', '.join(f'{chr(34)}{name}{chr(34)}' for name in names)} FROM card"  # noqa: S608
        rows = self._rows(query)
        schema = {CODE: pl.String(), **{field: pl.String() for field in fields}}
        columns = list(zip(*rows, strict=True)) if rows else [() for _ in names]
        keyed = {CODE: columns[0], **dict(zip(fields, columns[1:], strict=True))}
        return pl.DataFrame(keyed, schema=schema)

    def values(self, field: str) -> frozenset[str]:
        """The values of a field that are in use, blanks left out."""
        query = f'SELECT DISTINCT rtrim("{field}") FROM card'  # noqa: S608
        return frozenset(value for (value,) in self._rows(query) if value)

    def names(self, field: str, name_field: str) -> Mapping[str, str]:
        """Value of a field in use -> what the cards call it; a value that they call by several names is left out."""
        code, name = f'rtrim("{field}")', f'trim("{name_field}")'
        query = (
            f"SELECT {code}, min({name}) FROM card WHERE {code} <> '' AND {name} <> ''"  # noqa: S608 - names of our own
            f" GROUP BY {code} HAVING count(DISTINCT {name}) = 1"
        )
        return dict(self._rows(query))

    # --- documents ----------------------------------------------------------------------------------------------------

    def digests(self, kind: Kind, since: date | None) -> Mapping[str, str]:
        """Id -> digest of the documents from ``since`` on."""
        first = "" if since is None else since.isoformat()
        return dict(self._rows("SELECT id, digest FROM document WHERE kind = ? AND day >= ?", (kind, first)))

    def put_documents(self, kind: Kind, documents: Iterable[Document]) -> None:
        """Remember documents, in place of what was known of them."""
        self._all(
            "INSERT OR REPLACE INTO document VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (kind, d.id, d.digest, d.day.isoformat(), d.customer, d.approved, d.returned, d.amount, d.unpriced)
                for d in documents
            ),
        )

    def drop_documents(self, kind: Kind, ids: Iterable[str]) -> None:
        """Forget documents."""
        self._all("DELETE FROM document WHERE kind = ? AND id = ?", ((kind, id_) for id_ in ids))

    def incomplete(self, kind: Kind, first: date, last: date) -> list[str]:
        """Ids of the documents between two days that may count and whose amount is not known, or not of every line.

        A document that is not approved does not count, unless none is: then the server does not show approvals.
        """
        rows = self._rows(
            "SELECT id FROM document WHERE kind = :kind AND day BETWEEN :first AND :last"
            " AND (amount IS NULL OR unpriced > 0) AND (approved OR :hidden) ORDER BY id",
            {
                "kind": kind,
                "first": first.isoformat(),
                "last": last.isoformat(),
                "hidden": self.hides_approval(kind),
            },
        )
        return [id_ for (id_,) in rows]

    def hides_approval(self, kind: Kind) -> bool:
        """Whether no document of a kind, of whatever day, shows that it was approved."""
        ((seen, approved),) = self._rows(
            "SELECT count(*), coalesce(sum(approved), 0) FROM document WHERE kind = ?", (kind,)
        )
        return bool(seen) and not approved

    def set_amount(self, kind: Kind, id_: str, amount: int | None, unpriced: int, customer: str | None) -> None:
        """Note what a document comes to; ``customer`` only when the list did not say."""
        self._rows(
            "UPDATE document SET amount = ?, unpriced = ?, customer = coalesce(customer, ?) WHERE kind = ? AND id = ?",
            (amount, unpriced, customer, kind, id_),
        )

    def documents(self, kind: Kind, last: date) -> pl.DataFrame:
        """The documents up to a day: ``n × (day, customer, approved, returned, amount, unpriced)``."""
        rows = self._rows(
            "SELECT day, customer, approved, returned, amount, unpriced FROM document WHERE kind = ? AND day <= ?",
            (kind, last.isoformat()),
        )
        schema = {
            "day": pl.String(),
            "customer": pl.String(),
            "approved": pl.Int64(),
            "returned": pl.Int64(),
            "amount": pl.Int64(),
            "unpriced": pl.Int64(),
        }
        columns = list(zip(*rows, strict=True)) if rows else [() for _ in schema]
        frame = pl.DataFrame(dict(zip(schema, columns, strict=True)), schema=schema)
        return frame.with_columns(
            pl.col("day").str.to_date("%Y-%m-%d"), pl.col("approved", "returned").cast(pl.Boolean)
        )

    def _rows(self, statement: str, values: Sequence[object] | Mapping[str, object] = ()) -> list[tuple[Any, ...]]:
        with self._telling():
            return self._connection.execute(statement, values).fetchall()

    def _all(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        with self._telling():
            self._connection.executemany(statement, rows)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise _unusable(self._path, error) from error


def open_cache(folder: Path, identity: str) -> Cache:
    """Open the cache of an account set, and make it when it is not there or no longer fits.

    Args:
        folder: Where caches are; made when it is not there.
        identity: What tells the account set from every other one.

    Raises:
        CacheError: The folder or the file cannot be written.
        TransientError: Another u8sync holds it.
    """
    words = re.sub(r"[^A-Za-z0-9_-]+", "-", identity).strip("-")[-40:]
    path = folder / f"openapi-{words}-{hashlib.sha256(identity.encode()).hexdigest()[:8]}.db"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for _ in range(2):
            connection = _connect(path)
            try:
                if _fits(connection, identity):
                    return Cache(connection, path)
            except sqlite3.OperationalError as error:
                connection.close()
                raise _unusable(path, error) from error
            except sqlite3.DatabaseError:  # damaged, or no database at all
                connection.close()
            except BaseException:
                connection.close()
                raise
            connection.close()
            for ending in ("", "-journal", "-wal", "-shm"):  # what belongs to the old file must not mend the new one
                path.with_name(path.name + ending).unlink(missing_ok=True)
    except OSError as error:
        raise _unusable(path, error) from error
    raise CacheError(msg("The cache {file} cannot be made.", file=str(path)))


def _connect(path: Path) -> sqlite3.Connection:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    os.close(os.open(path, flags, 0o600))
    connection = sqlite3.connect(path, timeout=10.0, isolation_level=None)
    connection.execute("PRAGMA trusted_schema = OFF")  # somebody else may have made the file
    return connection


def _fits(connection: sqlite3.Connection, identity: str) -> bool:
    """Whether it is a cache of this account set and this format; an empty file becomes one."""
    wanted = {"format": f"{FORMAT} {hashlib.sha256(_TABLES.encode()).hexdigest()[:16]}", "identity": identity}
    connection.execute("BEGIN IMMEDIATE")
    if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise sqlite3.DatabaseError("damaged")
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if not tables:
        for statement in filter(str.strip, _TABLES.split(";")):
            connection.execute(statement)
        connection.executemany("INSERT INTO meta VALUES (?, ?)", wanted.items())
    fits = "meta" in tables or not tables
    if fits:
        fits = dict(connection.execute("SELECT name, value FROM meta").fetchall()) == wanted
    connection.execute("COMMIT")
    return fits


def _unusable(path: Path, error: Exception) -> CacheError | TransientError:
    if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF in {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
    }:
        return TransientError(
            msg("Another u8sync holds the cache {file}.", file=str(path)),
            hint=msg("Wait until it is done, then run the command again."),
        )
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    damaged = isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)
    return CacheError(
        msg("The cache {file} cannot be used: {why}", file=str(path), why=why),
        hint=msg("Delete the file: everything is read anew then.")
        if damaged
        else msg("Check the setting 'cache', the rights of its folder, and the space on the disk."),
    )
