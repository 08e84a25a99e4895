"""One request from its first check to the bytes of its answer. HTTP itself is in :mod:`.server`.

The order is that of the real platform as far as it is known: the call, its parameters, the caller and the token, the
enterprise and its data source, and then what is asked. Faults come in between, where :class:`.faults.Fault` says.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Final

from u8sync.sandbox.openapi import platform
from u8sync.sandbox.openapi.behaviour import PLAIN, Behaviour
from u8sync.sandbox.openapi.book import Book
from u8sync.sandbox.openapi.calls import LISTS, Call, body_of, call_at, names_in, query_of
from u8sync.sandbox.openapi.changing import Changer
from u8sync.sandbox.openapi.edits import Editor
from u8sync.sandbox.openapi.faults import Fault, Faults
from u8sync.sandbox.openapi.gate import Credentials, Gate
from u8sync.sandbox.openapi.journal import Asked, Journal, Violation
from u8sync.sandbox.openapi.people import People
from u8sync.sandbox.openapi.reading import Reader
from u8sync.sandbox.openapi.refusals import Code, RefusalError
from u8sync.sandbox.openapi.results import Later, Results
from u8sync.sandbox.openapi.spoiling import JSON, TEXT, Reply, instead, written

__all__ = ["Service"]

REFUSED: Final = {
    "relay_offline": (Code.RELAY, "企业的开放平台客户端未在线，请检查中转程序是否运行"),
    "data_source_missing": (Code.DATA_SOURCE, "未配置数据源，请在 EAI 中检查数据源设置"),
    "not_approved": (Code.NOT_APPROVED, "应用未经企业授权，请企业管理员在开放平台审批"),
}
DONE_FIRST: Final = frozenset({"lost_reply", "late_effect"})
"""Faults that by their nature come after the call took effect."""


class Service:
    """The U8 that is served.

    Args:
        file: The embedded account set.
        credentials: Who is let in.
        behaviour: How it behaves; may be replaced between two requests.

    Raises:
        InputError: The file is no embedded account set.
    """

    def __init__(self, file: Path, credentials: Credentials, behaviour: Behaviour = PLAIN) -> None:
        self.behaviour = behaviour
        self.credentials = credentials
        self.faults = Faults()
        self.journal = Journal()
        self.url = ""
        self.stopping = threading.Event()
        self.book = Book(file)
        self.later = Later(self.book.leave)
        self._gate = Gate(credentials)
        people = People()
        self._reader = Reader(self.book, people)
        editor = Editor(self.book, people, self.journal)
        self._changer = Changer(editor, Results(self.later), self.later, lambda: self.url)
        self.book.leave()

    def answer(self, method: str, target: str, body: bytes) -> Reply:
        """What goes out for one request.

        Args:
            method: HTTP method.
            target: Path and query as sent.
            body: Empty without one.
        """
        behaviour = self.behaviour
        path, _, query = target.partition("?")
        path = path.removeprefix("/")
        call = call_at(path, behaviour)
        self.journal.requests.append(Asked(method, path, names_in(query), _fields(body)))
        self.stopping.wait(behaviour.latency_s)
        if call is None:
            return self._not_served(path, 404, {})
        if method != call.method:
            return self._not_served(path, 405, {"Allow": call.method})
        faults = self.faults.take(call.name)
        early = [fault for fault in faults if fault.when == "before" and fault.what not in DONE_FIRST]
        reply = self._in_place(early, query)
        if reply is not None:
            return reply
        payload = self._payload(call, query, body, behaviour, faults)
        reply = self._in_place([fault for fault in faults if fault not in early], query)
        if reply is not None:
            return reply
        if behaviour.numbers == "bare" and str(payload.get("errcode", "")).isdecimal():
            payload = {**payload, "errcode": int(str(payload["errcode"]))}
        return written(payload, TEXT if call.path.startswith("system/") else JSON, faults)

    def _in_place(self, faults: Sequence[Fault], query: str) -> Reply | None:
        for fault in faults:
            if fault.what == "expired_token":
                self._gate.forget(_token_in(query))
            elif fault.what in REFUSED or fault.what == "errcode":
                code, text = REFUSED.get(fault.what, (fault.code, fault.text))
                return written({"errcode": code, "errmsg": text}, JSON, [])
            else:
                reply = instead(fault)
                if reply is not None:
                    return reply
        return None

    def _payload(
        self, call: Call, query_text: str, body: bytes, behaviour: Behaviour, faults: Sequence[Fault]
    ) -> dict[str, object]:
        try:
            query = query_of(call, query_text, behaviour)
            if call.lets_in == "caller":
                self._gate.check_token(query)
            elif call.lets_in == "enterprise":
                self._gate.check_token(query)
                self._gate.check_enterprise(query)
            found = self._found(call, query, body, behaviour, faults)
        except RefusalError as refusal:
            if refusal.violation:
                self.journal.violations.append(Violation(call.path, refusal.text))
            return {"errcode": refusal.code, "errmsg": refusal.text}
        except sqlite3.OperationalError:
            return {"errcode": Code.BUSY, "errmsg": "数据库忙，请稍后再试"}
        # What is only accepted tells where to ask instead of an error code.
        return found if {"url", "errcode"} & found.keys() else {"errcode": Code.DONE, "errmsg": "", **found}

    def _found(
        self, call: Call, query: dict[str, str], body: bytes, behaviour: Behaviour, faults: Sequence[Fault]
    ) -> dict[str, object]:
        name = call.name
        match name:
            case "system/token":
                found = platform.token(self._gate, query, behaviour)
            case "system/tradeid":
                found = platform.trade_id()
            case "system/datasource/get" | "system/datasource/batch_get":
                only = query.get("ds_sequence") if name.endswith("/get") else None
                found = platform.data_sources(self.credentials, only)
            case "orderstatus/get":
                found = platform.subscription()
            case "result":
                found = self._changer.result(query["requestid"], behaviour, faults)
            case "customer/edit":
                business = body_of(body)
                code = business.get("code")
                if isinstance(code, str):
                    business["code"] = self._other(code, faults)
                found = self._changer.edit(business, behaviour, faults)
            case _ if name in LISTS:
                if query.get("code_begin", "") == query.get("code_end"):
                    query["code_begin"] = query["code_end"] = self._other(query["code_begin"], faults)
                found = self._reader.page(name, query, behaviour, faults)
            case _:
                found = self._reader.one(name, self._other(query["id"], faults), behaviour)
        return found

    def _not_served(self, path: str, status: int, headers: Mapping[str, str]) -> Reply:
        text = "接口不存在" if status == HTTPStatus.NOT_FOUND else "请求方法不正确"
        self.journal.violations.append(Violation(path, text))
        page = f"<html><body>{status} {text}</body></html>".encode()
        return Reply(page, TEXT, status=status, headers=headers)

    def _other(self, code: str, faults: Sequence[Fault]) -> str:
        """The code that is worked with in place of the one asked for."""
        for fault in faults:
            if fault.what == "wrong_customer":
                if fault.customer:
                    return fault.customer
                row = self.book.reading.execute(
                    "SELECT min(cCusCode) FROM Customer WHERE cCusCode <> ?", [code]
                ).fetchone()
                return str(row[0])
        return code


def _token_in(query: str) -> str | None:
    """The token of a query that may not be well formed; null without one."""
    return next((part.partition("=")[2] for part in query.split("&") if part.startswith("token=")), None)


def _fields(body: bytes) -> tuple[str, ...]:
    """The field names of a business object; empty when it is none."""
    try:
        return tuple(body_of(body)) if body else ()
    except RefusalError:
        return ()
