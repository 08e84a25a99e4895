"""A batch of T-SQL taken apart into statements.

What a query says is left to the compiler; here are the words between queries: IF, DECLARE, SET, EXEC, transactions and
the statements of an administrator.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from emulated.errors import NotModelledError, near
from emulated.tokens import Token, check_version, tokens_of, unquoted

__all__ = [
    "Admin", "Argument", "Declare", "Execute", "ExecuteText", "If", "Print", "Query", "Return", "SetOption",
    "SetVariable", "Statement", "Transaction", "Use", "parse_batch",
]  # fmt: skip


@dataclass(frozen=True)
class Query:
    """SELECT, INSERT, UPDATE or DELETE."""

    text: str


@dataclass(frozen=True)
class If:
    """IF with its condition as text."""

    condition: str
    then: tuple[Statement, ...]
    otherwise: tuple[Statement, ...]


@dataclass(frozen=True)
class Declare:
    """Variables: name, type, first value as text."""

    variables: tuple[tuple[str, str, str | None], ...]


@dataclass(frozen=True)
class SetVariable:
    """SET @name = expression."""

    name: str
    expression: str


@dataclass(frozen=True)
class SetOption:
    """SET of an option of the session: its words in upper case."""

    words: tuple[str, ...]


@dataclass(frozen=True)
class Transaction:
    """BEGIN, COMMIT, ROLLBACK or SAVE; the name of a savepoint or transaction, if any."""

    kind: str
    name: str | None


@dataclass(frozen=True)
class Use:
    """USE of a database."""

    database: str


@dataclass(frozen=True)
class Argument:
    """An argument of a procedure; name null when only its place counts."""

    name: str | None
    expression: str
    output: bool


@dataclass(frozen=True)
class Execute:
    """EXEC of a procedure; ``result`` is the variable that takes what it returns."""

    procedure: str
    arguments: tuple[Argument, ...]
    result: str | None


@dataclass(frozen=True)
class ExecuteText:
    """EXEC of a text."""

    expression: str


@dataclass(frozen=True)
class Admin:
    """CREATE, ALTER, DROP, TRUNCATE, GRANT, DENY, REVOKE."""

    text: str


@dataclass(frozen=True)
class Print:
    """PRINT or RAISERROR, with the text behind the word."""

    expressions: tuple[str, ...]
    raises: bool


@dataclass(frozen=True)
class Return:
    """The end of the batch."""


Statement = (
    Query | If | Declare | SetVariable | SetOption | Transaction | Use | Execute | ExecuteText | Admin | Print | Return
)

_STARTERS: Final = frozenset({
    "SELECT", "INSERT", "UPDATE", "DELETE", "SET", "DECLARE", "EXEC", "EXECUTE", "BEGIN", "COMMIT", "ROLLBACK",
    "SAVE", "USE", "IF", "PRINT", "RAISERROR", "CREATE", "ALTER", "DROP", "GRANT", "DENY", "REVOKE", "TRUNCATE",
    "RETURN", "THROW", "WHILE", "WAITFOR", "MERGE",
})  # fmt: skip


@lru_cache(maxsize=4096)
def parse_batch(text: str, version: tuple[int, ...]) -> tuple[Statement, ...]:
    """The statements of a batch.

    Args:
        text: The batch.
        version: Of the server; what it is too old for is an error, as it is on a real one.

    Raises:
        SqlError: 102 and its kin.
    """
    tokens = tokens_of(text)
    check_version(tokens, version)
    return _Parser(text, tokens).batch()


class _Parser:
    """Walks over the tokens of a batch."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self._text = text
        self._tokens = tokens
        self._at = 0

    def batch(self) -> tuple[Statement, ...]:
        made: list[Statement] = []
        if self._tokens and self._word() not in _STARTERS | {"WITH", ";", "("} and self._is_name():
            made.append(self._execute())  # a procedure may come first without EXEC
        made += self._statements(until=())
        if self._at < len(self._tokens):
            raise near(self._tokens[self._at].text)
        return tuple(made)

    def _statements(self, *, until: tuple[str, ...]) -> list[Statement]:
        made: list[Statement] = []
        while self._at < len(self._tokens) and self._word() not in until:
            if self._skip(";"):
                continue
            made += self._statement()
        return made

    def _statement(self) -> list[Statement]:
        word = self._word()
        if word == "BEGIN" and self._word(1) not in ("TRAN", "TRANSACTION", "TRY"):
            return self._block()
        parsers: dict[str, Callable[[], Statement]] = {
            **dict.fromkeys(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "("), lambda: Query(self._slice())),
            **dict.fromkeys(
                ("CREATE", "ALTER", "DROP", "GRANT", "DENY", "REVOKE", "TRUNCATE"), lambda: Admin(self._slice())
            ),
            **dict.fromkeys(("BEGIN", "COMMIT", "ROLLBACK", "SAVE"), self._transaction),
            **dict.fromkeys(("EXEC", "EXECUTE"), self._execute),
            "IF": self._if,
            "DECLARE": self._declare,
            "SET": self._set,
            "USE": self._use,
            "PRINT": self._print,
            "RAISERROR": self._raise,
            "RETURN": self._return,
        }
        if word not in parsers:
            if word in ("MERGE", "WHILE", "WAITFOR", "THROW"):
                raise NotModelledError(word)
            raise near(self._tokens[self._at].text)
        return [parsers[word]()]

    # --- statements ---------------------------------------------------------------------------------------------------

    def _block(self) -> list[Statement]:
        self._at += 1
        made = self._statements(until=("END",))
        self._expect("END")
        return made

    def _if(self) -> If:
        self._at += 1
        first = self._at
        depth = 0
        while self._at < len(self._tokens) and (depth or self._word() not in _STARTERS):
            depth += {"(": 1, ")": -1}.get(self._word(), 0)
            self._at += 1
        condition = self._between(first, self._at)
        then = self._body()
        skipped = self._at
        self._skip(";")
        if self._word() == "ELSE":
            self._at += 1
            return If(condition, then, self._body())
        self._at = skipped
        return If(condition, then, ())

    def _body(self) -> tuple[Statement, ...]:
        if self._at >= len(self._tokens):
            raise near(self._tokens[-1].text)
        return tuple(self._statement())

    def _transaction(self) -> Transaction:
        kind = self._next().word.lower()
        if self._word() == "TRY":
            raise NotModelledError("TRY")
        named = self._word() in ("TRAN", "TRANSACTION")
        if named or self._word() == "WORK":
            self._at += 1
        name = None
        if (
            named
            and self._at < len(self._tokens)
            and self._is_name()
            and self._word() not in _STARTERS | {"END", "ELSE"}
        ):
            name = unquoted(self._next().text)
        if kind == "save" and name is None:
            raise near("SAVE")
        return Transaction(kind, name)

    def _declare(self) -> Declare:
        self._at += 1
        made = []
        while True:
            name = self._next().text
            if not name.startswith("@"):
                raise near(name)
            if self._word() == "AS":
                self._at += 1
            first = self._at
            self._at += 1
            if self._word() == "(":
                while self._next().text != ")":
                    pass
            written = self._between(first, self._at)
            made.append((name, written, self._expression() if self._skip("=") else None))
            if not self._skip(","):
                return Declare(tuple(made))

    def _set(self) -> SetVariable | SetOption:
        self._at += 1
        if self._tokens[self._at].text.startswith("@"):
            name = self._next().text
            self._expect("=")
            return SetVariable(name, self._expression())
        words = [self._next().word]
        while self._at < len(self._tokens) and self._word() not in _STARTERS | {";", "END", "ELSE"}:
            words.append(self._next().word)
        return SetOption(tuple(words))

    def _use(self) -> Use:
        self._at += 1
        return Use(unquoted(self._next().text))

    def _execute(self) -> Execute | ExecuteText:
        if self._word() in ("EXEC", "EXECUTE"):
            self._at += 1
        if self._word() == "(":
            first = self._at
            self._expression()
            return ExecuteText(self._between(first, self._at))
        result = None
        if self._tokens[self._at].text.startswith("@") and self._word(1) == "=":
            result = self._next().text
            self._at += 1
        name = [unquoted(self._next().text)]
        while self._skip("."):
            if self._word() != ".":
                name.append(unquoted(self._next().text))
        arguments = []
        while self._at < len(self._tokens) and self._word() not in _STARTERS | {";", "END", "ELSE"}:
            named = None
            if self._word(1) == "=" and self._tokens[self._at].text.startswith("@"):
                named = self._next().text
                self._at += 1
            expression = self._expression(stop=("OUTPUT", "OUT"))
            output = self._word() in ("OUTPUT", "OUT")
            self._at += output
            arguments.append(Argument(named, expression, output))
            if not self._skip(","):
                break
        return Execute(name[-1], tuple(arguments), result)

    def _print(self) -> Print:
        self._at += 1
        return Print((self._expression(),), raises=False)

    def _raise(self) -> Print:
        self._at += 1
        self._expect("(")
        made = [self._expression()]
        while self._skip(","):
            made.append(self._expression())
        self._expect(")")
        return Print(tuple(made), raises=True)

    def _return(self) -> Return:
        self._at += 1
        return Return()

    # --- pieces of text -----------------------------------------------------------------------------------------------

    def _expression(self, stop: tuple[str, ...] = ()) -> str:
        """Up to a comma, the end of the statement or a closing bracket that was not opened."""
        first, depth, cases = self._at, 0, 0
        while self._at < len(self._tokens):
            word = self._word()
            if depth == 0 and cases == 0 and (word in (",", ";", ")", "END", "ELSE", *stop) or word in _STARTERS):
                break
            depth += {"(": 1, ")": -1}.get(word, 0)
            cases += {"CASE": 1, "END": -1}.get(word, 0)
            self._at += 1
        if self._at == first:
            raise near(self._tokens[min(first, len(self._tokens) - 1)].text)
        return self._between(first, self._at)

    def _slice(self) -> str:
        """The whole statement: up to the next word that can only begin another one."""
        first = self._at
        leading = self._next().word
        depth = int(leading == "(")
        cases = 0
        open_words = _continuations(leading, self._word())
        while self._at < len(self._tokens):
            word, before = self._word(), self._tokens[self._at - 1].word
            if depth == 0 and cases == 0:
                if word in (";", "END", "ELSE"):
                    break
                if word in _STARTERS and before not in (".", "UNION", "ALL", "EXCEPT", "INTERSECT"):
                    if word not in open_words:
                        break
                    open_words = open_words[word]
                elif word in ("TO", "FROM") and leading in ("GRANT", "DENY", "REVOKE"):
                    open_words = {}
            depth += {"(": 1, ")": -1}.get(word, 0)
            cases += {"CASE": 1, "END": -1}.get(word, 0)
            self._at += 1
        return self._between(first, self._at)

    def _between(self, first: int, last: int) -> str:
        return self._text[self._tokens[first].start : self._tokens[last - 1].end] if last > first else ""

    # --- tokens -------------------------------------------------------------------------------------------------------

    def _word(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._tokens[at].word if at < len(self._tokens) else ""

    def _is_name(self) -> bool:
        return bool(re.match(r"[\w\[\"]", self._tokens[self._at].text))

    def _next(self) -> Token:
        if self._at >= len(self._tokens):
            raise near(self._tokens[-1].text)
        self._at += 1
        return self._tokens[self._at - 1]

    def _skip(self, sign: str) -> bool:
        if self._word() == sign:
            self._at += 1
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self._skip(sign):
            raise near(self._tokens[min(self._at, len(self._tokens) - 1)].text)


_Follow = dict[str, Any]
"""A word that goes on with the statement -> the words that may do so after it."""


class _Everything(_Follow):
    """Any word may follow."""

    def __contains__(self, word: object) -> bool:
        return True

    def __missing__(self, word: str) -> _Everything:
        return self


def _continuations(leading: str, second: str) -> _Follow:
    """The words that begin a statement elsewhere and go on with this one."""
    if leading in ("GRANT", "DENY", "REVOKE") or (
        leading in ("CREATE", "ALTER") and second in ("VIEW", "PROCEDURE", "PROC", "TRIGGER", "FUNCTION")
    ):
        return _Everything()
    main: _Follow = {
        "SELECT": {},
        "UPDATE": {"SET": {}},
        "DELETE": {},
        "INSERT": {"SELECT": {}, "EXEC": {}, "EXECUTE": {}},
    }
    follow: dict[str, _Follow] = {
        "WITH": main,
        "INSERT": main["INSERT"],
        "UPDATE": main["UPDATE"],
        "ALTER": {"ALTER": {}, "DROP": {}, "SET": {"ROLLBACK": {}}},
        "DROP": {"IF": {}},
    }
    return follow.get(leading, {})
