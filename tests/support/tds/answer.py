"""Writing a reply: which token ends what, and which flags say that more follows."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from tds import tokens
from tds.channel import Channel
from tds.encoding import encode_columns, encode_rows
from tds.seam import Done, EnvChange, Info, Reply, Result, SqlError
from tds.statements import Statement

__all__ = ["Answer", "Environment"]

_transaction_numbers = count(1)


class Environment:
    """What the client is told to keep in mind: the database, and the transaction it is in."""

    def __init__(self, database: str) -> None:
        self._database = database
        self._transaction = bytes(8)

    def change(self, change: EnvChange) -> bytes:
        """The tokens that tell the client, which from then on is expected to know."""
        match change.what:
            case "database":
                old, self._database = self._database, change.new
                message = tokens.info(5701, f"Changed database context to '{change.new}'.")
                return tokens.database_changed(change.new, old) + message
            case "begin":
                self._transaction = next(_transaction_numbers).to_bytes(8, "little")
                return tokens.transaction_began(self._transaction)
            case "commit" | "rollback":
                ended, self._transaction = self._transaction, bytes(8)
                return tokens.transaction_ended(ended, committed=change.what == "commit")


class Answer:
    """The reply to one statement of a request.

    Args:
        channel: Where it goes.
        environment: Of the connection.
        statement: What is answered.
        last: Whether the request ends with it.
    """

    def __init__(self, channel: Channel, environment: Environment, statement: Statement, *, last: bool) -> None:
        self._channel = channel
        self._environment = environment
        self._statement = statement
        self._more = 0 if last else tokens.MORE
        self._unended: tuple[int, int, int] | None = None

    def add(self, reply: Reply, interrupted: Callable[[], bool]) -> None:
        """Write one reply; stops between rows when interrupted. Raises ClosedError, and what the rows raise."""
        match reply:
            case Result():
                self.begin_result(reply)
                written = 0
                for chunk, rows in encode_rows(reply.columns, reply.rows):
                    self._channel.write(chunk)
                    written += rows
                    if interrupted():
                        return
                self._end_statement(tokens.COUNT, tokens.SELECT, written)
            case Done(None):
                self._end_statement(0, tokens.OTHER, 0)
            case Done(int(affected)):
                self._end_statement(tokens.COUNT, tokens.UPDATE, affected)
            case Info(number, message):
                self._channel.write(tokens.info(number, message))
            case EnvChange():
                self._channel.write(self._environment.change(reply))

    def begin_result(self, result: Result) -> None:
        """Write a result's columns; its rows follow."""
        self._write_unended()
        self._channel.write(encode_columns(result.columns))

    def _end_statement(self, status: int, command: int, rows: int) -> None:
        if self._statement.in_procedure:
            self._channel.write(tokens.done_in_procedure(status | tokens.MORE, command, rows))
        else:
            # Whether more follows is known with the next reply.
            self._write_unended()
            self._unended = (status, command, rows)

    def _write_unended(self) -> None:
        if self._unended:
            status, command, rows = self._unended
            self._unended = None
            self._channel.write(tokens.done(status | tokens.MORE, command, rows))

    def end(self) -> None:
        """Write the end of a statement that went well."""
        if self._statement.in_procedure:
            self._end_procedure(0)
            return
        status, command, rows = self._unended or (0, tokens.OTHER, 0)
        self._channel.write(tokens.done(status | self._more, command, rows))

    def fail(self, failure: SqlError) -> None:
        """Write the end of a statement that went wrong."""
        self._write_unended()
        for error in self._statement.errors(failure):
            self._channel.write(tokens.error(error))
        if self._statement.in_procedure:
            self._end_procedure(tokens.ERROR)
        else:
            self._channel.write(tokens.done(tokens.ERROR | self._more))

    def _end_procedure(self, status: int) -> None:
        self._channel.write(tokens.return_status(0 if not status else -6))
        if self._statement.handle is not None:
            self._channel.write(tokens.return_value(0, "", None if status else self._statement.handle))
        self._channel.write(tokens.done_procedure(status | self._more))
