"""T-SQL taken apart into tokens, and checked against what the server's version understands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from emulated.errors import SqlError, near, no_function, no_object

__all__ = ["Token", "check_version", "tokens_of", "unquoted"]


@dataclass(frozen=True)
class Token:
    """A word, name, value or sign, and where it stands in the batch."""

    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """It in upper case; a name in brackets is no keyword and keeps its brackets."""
        return self.text.upper()


_TOKEN: Final = re.compile(
    r"""
    (?P<skip>\s+ | --[^\n]* | /\*.*?\*/)
    | (?P<token>
        [Nn]?'(?:[^']|'')*' | \[(?:[^\]]|\]\])*\] | "(?:[^"]|"")*" | 0[xX][0-9A-Fa-f]*
        | (?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)? | @@?\w+ | [\w\#][\w$\#@]*
        | <> | <= | >= | != | !< | !> | \+= | -= | :: | \|\| | \$ | .
    )
    """,
    re.VERBOSE | re.DOTALL,
)

_FUNCTIONS_SINCE: Final = {
    (11,): "TRY_CONVERT TRY_CAST TRY_PARSE PARSE CONCAT IIF CHOOSE FORMAT LAG LEAD FIRST_VALUE LAST_VALUE EOMONTH"
    " DATEFROMPARTS DATETIMEFROMPARTS DATETIME2FROMPARTS TIMEFROMPARTS CUME_DIST PERCENT_RANK",
    (13,): "JSON_VALUE JSON_QUERY ISJSON DATEDIFF_BIG COMPRESS SESSION_CONTEXT STRING_ESCAPE",
    (14,): "STRING_AGG CONCAT_WS TRANSLATE TRIM",
    (16,): "GREATEST LEAST DATETRUNC DATE_BUCKET GENERATE_SERIES",
}
_FUNCTION_SINCE: Final = {name: version for version, names in _FUNCTIONS_SINCE.items() for name in names.split()}
_ROWSET_SINCE: Final = {"STRING_SPLIT": (13,), "OPENJSON": (13,)}
_FOREIGN: Final = frozenset(["||", "`", "ILIKE", "QUALIFY", "RETURNING"])


def unquoted(name: str) -> str:
    """A name without its brackets or quotes."""
    if name.startswith("["):
        return name[1:-1].replace("]]", "]")
    if name.startswith('"'):
        return name[1:-1].replace('""', '"')
    return name


def tokens_of(text: str) -> list[Token]:
    """The tokens of a batch. Raises SqlError 105 when a quote is not closed."""
    found = [Token(match["token"], match.start(), match.end()) for match in _TOKEN.finditer(text) if match["token"]]
    for token in found:
        if token.text in ("'", '"', "["):
            raise SqlError(
                105, f"Unclosed quotation mark after the character string '{text[token.end :][:100]}'.", severity=15
            )
    return found


def check_version(tokens: list[Token], version: tuple[int, ...]) -> None:
    """Raise SqlError 102, 156, 195 or 208 for what came after the version, or is no T-SQL at all."""
    for at, token in enumerate(tokens):
        word = token.word
        before = tokens[at - 1].word if at else ""
        after = tokens[at + 1].word if at + 1 < len(tokens) else ""
        if before == ".":
            continue
        if after == "(":
            if version < _FUNCTION_SINCE.get(word, ()):
                raise no_function(token.text)
            if version < _ROWSET_SINCE.get(word, ()):
                raise no_object(token.text)
        if word in _FOREIGN or (word == "LIMIT" and (after.isdigit() or after[:1] in "@(")):
            raise near(token.text)
        if (
            word in ("OFFSET", "FETCH")
            and version < (11,)
            and (after[:1] in "@(" or after.isdigit() or after == "NEXT")
        ):
            raise near(token.text)
        if word == "THROW" and version < (11,):
            raise near(token.text)
        if word == "IF" and after == "EXISTS" and before in ("TABLE", "VIEW", "PROCEDURE", "INDEX") and version < (13,):
            raise near(token.text)
