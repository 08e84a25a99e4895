"""Every call that is served, and the strict checks of what a client sends: names and form, nothing is looked up.

A client that passes here keeps to the public pages: it sends every parameter that a call needs, none that the call does
not know, none twice and none empty, with the right method, and a body of exactly one business object.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal
from urllib.parse import parse_qsl

from u8sync.sandbox.openapi.archive import CLASSES, CUSTOMERS
from u8sync.sandbox.openapi.behaviour import Behaviour
from u8sync.sandbox.openapi.invoices import INVOICES
from u8sync.sandbox.openapi.lists import List
from u8sync.sandbox.openapi.orders import ORDERS
from u8sync.sandbox.openapi.refusals import Code, RefusalError
from u8sync.sandbox.openapi.stock_outs import FLAT, STOCK_OUTS

__all__ = ["CALLS", "INVOICE_LIST", "LISTS", "Call", "body_of", "call_at", "names_in", "query_of"]

INVOICE_LIST: Final = "saleinvoicelist/batch_get"

LISTS: Final[Mapping[str, List]] = MappingProxyType(
    {
        "customer/batch_get": CUSTOMERS,
        "customerclass/batch_get": CLASSES,
        "saleorderlist/batch_get": ORDERS,
        INVOICE_LIST: INVOICES,
        "saleoutlist/batch_get": STOCK_OUTS,
        "saleoutlistall/batch_get": FLAT,
    }
)
"""The list calls that read tables."""


@dataclass(frozen=True)
class Call:
    """One call.

    Attributes:
        name: Its path without ``api/``; the list of invoices has one name, however it is spelled.
        path: Its path.
        method: The only method that it takes.
        needs: Parameters that must be there.
        may: Parameters that may be there.
        lets_in: Who may call: ``anyone``, a ``caller`` with a token, or an ``enterprise`` that approved the app.
    """

    name: str
    path: str
    method: Literal["GET", "POST"]
    needs: tuple[str, ...]
    may: tuple[str, ...]
    lets_in: Literal["anyone", "caller", "enterprise"]


def _call(
    name: str, *, method: Literal["GET", "POST"] = "GET", needs: Sequence[str] = (), may: Sequence[str] = ()
) -> Call:
    common = ("from_account", "to_account", "app_key", "token")
    path = name if name.startswith("system/") else f"api/{name}"
    return Call(name, path, method, (*common, *needs), ("ds_sequence", *may), "enterprise")


# Some clients send to_account and ds_sequence to the calls of the platform as well; nothing comes of it.
_PLATFORM: Final = ("to_account", "ds_sequence")

CALLS: Final[Mapping[str, Call]] = MappingProxyType(
    {
        call.name: call
        for call in (
            Call("system/token", "system/token", "GET", ("from_account", "app_key", "app_secret"), _PLATFORM, "anyone"),
            Call("system/tradeid", "system/tradeid", "GET", ("from_account", "app_key", "token"), _PLATFORM, "caller"),
            Call("result", "result", "GET", ("requestid",), (), "anyone"),
            _call("system/datasource/get"),
            _call("system/datasource/batch_get"),
            _call("orderstatus/get"),
            _call("customer/get", needs=["id"]),
            _call("customer/edit", method="POST"),
            _call("customerclass/get", needs=["id"]),
            _call("saleorder/get", needs=["id"]),
            _call("saleinvoice/get", needs=["id"]),
            _call("saleout/get", needs=["id"]),
            *(_call(name, may=what.parameters) for name, what in LISTS.items()),
        )
    }
)
"""All calls by name."""

_BY_PATH: Final = {call.path: call for call in CALLS.values()}


def call_at(path: str, behaviour: Behaviour) -> Call | None:
    """The call at a path (no leading slash); null where there is none."""
    if behaviour.stock_outs == "single" and path == "api/saleoutlistall/batch_get":
        return None
    if path in {"api/saleinvoicelist/batch_get", "api/salesinvoicelist/batch_get"}:
        return CALLS[INVOICE_LIST] if path == f"api/{behaviour.invoice_list}/batch_get" else None
    return _BY_PATH.get(path)


def query_of(call: Call, text: str, behaviour: Behaviour) -> dict[str, str]:
    """The parameters of a request, under the names of the pages.

    Args:
        call: What is called.
        text: The query string.
        behaviour: Whether the case of names matters.

    Raises:
        RefusalError: A parameter is unknown, doubled, empty or missing, or is not UTF-8.
    """
    known = {name: name for name in (*call.needs, *call.may)}
    if behaviour.parameters == "any_case":
        known = {name.lower(): name for name in known}
    query: dict[str, str] = {}
    for written, value in _pairs(text):
        name = known.get(written.lower() if behaviour.parameters == "any_case" else written)
        if name is None:
            raise _refused(f"参数 {written} 不存在")
        if name in query:
            raise _refused(f"参数 {name} 重复")
        if not value:
            raise _refused(f"参数 {name} 不能为空")
        query[name] = value
    missing = [name for name in call.needs if name not in query]
    if missing:
        raise _refused(f"缺少参数 {'、'.join(missing)}")
    return query


def names_in(text: str) -> tuple[str, ...]:
    """The names of a query string, whether or not it is well formed."""
    return tuple(part.partition("=")[0] for part in text.split("&") if part)


def body_of(data: bytes) -> dict[str, object]:
    """The business object of a body: JSON with the one key ``customer``.

    Raises:
        RefusalError: It is anything else.
    """
    try:
        body = json.loads(data.decode("utf-8"), object_pairs_hook=_no_doubles)
    except (ValueError, RecursionError):
        raise _refused("请求体不是合法的 JSON", code=Code.BODY) from None
    if not isinstance(body, dict) or list(body) != ["customer"]:
        raise _refused("请求体应只有一个键 customer", code=Code.BODY)
    business = body["customer"]
    if not isinstance(business, dict):
        raise _refused("customer 应为对象", code=Code.BODY)
    return business


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict")
    except ValueError:
        raise _refused("查询参数格式错误，应为 UTF-8 百分号编码") from None


def _no_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _refused(text: str, *, code: str = Code.PARAMETER) -> RefusalError:
    return RefusalError(code, text, violation=True)
