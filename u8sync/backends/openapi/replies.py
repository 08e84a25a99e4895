"""What a reply says: from bytes to text, strictly, and from keys of any case to one. No I/O.

The gateway writes numbers as strings on some pages and bare on others, leaves empty fields out, and spells keys in
mixed case. So every plain value becomes text, every key lower case, and what is no JSON object is a
:class:`BadReplyError`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NoReturn

from u8sync.text import Message, msg

__all__ = [
    "EMPTY",
    "OK",
    "BadReplyError",
    "Counters",
    "Reply",
    "Row",
    "counters",
    "parse",
    "rows",
    "whole",
    "whole_rows",
]

Row = Mapping[str, str | None]
"""One object of a reply: key in lower case -> text; null for null. Lists and objects inside it are left out."""

OK: Final = "0"
EMPTY: Final = "20002"
"""``errcode`` of a search that found nothing."""

_DIGITS: Final = 40
"""No number of U8 is longer; Python itself would work for a long time on one of a million digits."""


_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")


class BadReplyError(Exception):
    """The reply is not what the contract says; ``what`` says how, and holds nothing of the reply itself."""

    def __init__(self, what: Message) -> None:
        super().__init__(what)
        self.what = what


@dataclass(frozen=True)
class Reply:
    """A reply that could be read.

    Attributes:
        errcode: ``"0"`` is success; null when there is none, as in the acceptance of an asynchronous call.
        errmsg: The server's words; empty when it says nothing.
        data: Everything, keys in lower case at every level.
    """

    errcode: str | None
    errmsg: str
    data: Mapping[str, Any]

    def text(self, key: str) -> str | None:
        """A plain value as text; null when it is missing, null or no plain value."""
        return _text(self.data.get(key))


def parse(body: bytes) -> Reply:
    """Read a reply. Raises BadReplyError when it is no JSON object, or an ambiguous one."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadReplyError(msg("not UTF-8")) from None
    if text.lstrip()[:1] == "<":
        raise BadReplyError(msg("HTML in place of JSON"))
    try:
        data = json.loads(
            text,
            object_pairs_hook=_folded,
            parse_int=_whole,
            parse_float=_fraction,
            parse_constant=_no_number,
        )
        if _SURROGATE.search(text):
            # Half a character can be neither stored nor sent; two halves that fit are one by now.
            json.dumps(data, ensure_ascii=False, default=str).encode()
    except RecursionError:
        raise BadReplyError(msg("nested too deeply")) from None
    except UnicodeEncodeError:
        raise BadReplyError(msg("half a character")) from None
    except ValueError as error:
        if isinstance(error, json.JSONDecodeError):
            raise BadReplyError(msg("no whole JSON document")) from None
        raise BadReplyError(_said(error)) from None
    if not isinstance(data, dict):
        raise BadReplyError(msg("no JSON object"))
    errcode, errmsg = _text(data.get("errcode")), _text(data.get("errmsg"))
    if errcode is None and not {"url", "tradeid"} & data.keys():
        raise BadReplyError(msg("no errcode"))
    return Reply(errcode.strip() if errcode is not None else None, errmsg or "", data)


def _said(error: ValueError) -> Message:
    """What one of the hooks below complained of."""
    what = error.args[0] if error.args else None
    return what if isinstance(what, Message) else msg("no JSON document")


def _folded(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    folded: dict[str, Any] = {}
    for key, value in pairs:
        low = key.lower()
        if low in folded and folded[low] != value:
            raise ValueError(msg("two values for one key"))
        folded[low] = value
    return folded


def _whole(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError(msg("a number that is too long"))
    return int(digits)


def _fraction(digits: str) -> Decimal:
    try:
        number = Decimal(digits)
    except InvalidOperation:  # an exponent beyond all bounds
        raise ValueError(msg("a number that is too long")) from None
    if len(digits) > _DIGITS or abs(number.adjusted()) > _DIGITS:
        raise ValueError(msg("a number that is too long"))
    return number


def _no_number(_word: str) -> NoReturn:
    raise ValueError(msg("a value that is no number"))


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    return None


def whole(text: str | None) -> int | None:
    """A text as a whole number of reasonable length, not below 0; null when it is none."""
    digits = (text or "").strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS else None


_NESTED: Final = frozenset({list, dict})


def _row(item: object) -> dict[str, str | None]:
    if not isinstance(item, dict):
        raise BadReplyError(msg("an entry that is no object"))
    # Nearly all values are text already, and this runs for every field of every customer.
    return {
        key: value if value.__class__ is str else _text(value)
        for key, value in item.items()
        if value.__class__ not in _NESTED
    }


def rows(data: Mapping[str, Any], *keys: str) -> list[Row]:
    """The objects under the first of ``keys`` that is there: one, many or none.

    Raises BadReplyError when something else stands there.
    """
    found = next((data[key] for key in keys if key in data), None)
    if found is None:
        return []
    return [_row(item) for item in (found if isinstance(found, list) else [found])]


def whole_rows(data: Mapping[str, Any], key: str) -> list[Row]:
    """Like :func:`rows`, with what is nested in an object as fields of their own, such as ``addresses.0.cdeliveradd``.

    The order of a nested list means nothing: its entries are numbered in an order of ours.
    """
    found = data.get(key)
    items = [] if found is None else found if isinstance(found, list) else [found]
    return [{**_row(item), **dict(_leaves(item))} for item in items]


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str | None]]:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for number, inner in enumerate(sorted(value, key=_sorted_text)):
            yield from _leaves(inner, f"{path}.{number}")
    else:
        yield path, _text(value)


def _sorted_text(value: Any) -> str:  # noqa: ANN401 - JSON
    return json.dumps(value, sort_keys=True, default=str)


@dataclass(frozen=True)
class Counters:
    """What a page says of the whole list.

    Attributes:
        total: Rows in all.
        pages: Pages in all.
        per_page: Rows in a page, as the server cut it.
    """

    total: int
    pages: int
    per_page: int


def counters(reply: Reply) -> Counters | None:
    """The counters of a page; null when the call has none. Raises BadReplyError when they contradict each other."""
    words = [reply.text(key) for key in ("row_count", "page_count", "rows_per_page")]
    if words[0] is None or words[2] is None:
        return None
    total, pages, per_page = (whole(word) for word in words)
    needed = 1 if total is None or not per_page else max(-(-total // per_page), 1)
    wrong_pages = words[1] is not None and (pages is None or max(pages, 1) != needed)
    if total is None or not per_page or wrong_pages:
        raise BadReplyError(msg("page counters that contradict each other"))
    return Counters(total, needed, per_page)
