"""Secrets of the OpenAPI are planted, every fault of the sandbox happens, and no output has them in any form."""

from __future__ import annotations

import io
import logging
import shutil
import socket
import threading
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import canary
import pytest
from canary import WORD
from openapi_home import OpenApiHome, small_account_set
from openapi_site import SECRET

from u8sync.backends.openapi.wire import LostError, Wire
from u8sync.cli.app import call
from u8sync.sandbox.openapi import gate, people
from u8sync.sandbox.openapi.behaviour import Behaviour
from u8sync.sandbox.openapi.faults import Fault, What
from u8sync.sandbox.openapi.gate import Credentials
from u8sync.sandbox.openapi.server import OpenApiServer

TOKEN = "70ke/n+Canary=48b1c2"  # noqa: S105
PERSON: Mapping[str, str] = {
    "address": "CanaryStreet 4711, 泄漏路",
    "bank_acc_number": "62208899CANARY5517",
    "contact": "CanaryPerson 泄漏",
    "phone": "0731-CANARY-88",
    "memo": "CanaryMemo 泄漏",
}
PLANTED = (WORD, TOKEN, *PERSON.values())


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenApiHome]:
    file = tmp_path / "account-set.db"
    shutil.copyfile(small_account_set(), file)
    count = iter(range(10_000))
    monkeypatch.setattr(gate, "secrets", SimpleNamespace(token_hex=lambda _size: f"{TOKEN}{next(count)}"))
    monkeypatch.setattr(people, "_made_up", lambda _code: PERSON)
    with OpenApiServer(file, credentials=replace(Credentials(), app_secret=WORD)) as server:
        yield OpenApiHome(tmp_path / "home", server, monkeypatch)


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Everything that anybody logs, at DEBUG."""
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield heard
    root.removeHandler(handler)
    root.setLevel(level)


def clean(text: str, *places: Path) -> None:
    for secret in PLANTED:
        assert canary.hits(secret, text) == [], secret
        assert canary.hits_below(secret, *places) == [], secret


NIGHT = (
    ("--debug", "plan", "--out", "plan.json", "--report", "plan.html"),
    ("--debug", "run", "--report", "night.html"),
)
OTHERS = (
    ("doctor",),
    ("doctor", "--json"),
    ("apply", "plan.json"),
    ("audit", "list"),
    ("audit", "verify"),
    ("explain", "00001"),
)

CALLS: dict[str, tuple[str, ...]] = {
    "blanks": ("customer/edit",),
    "ok_but_nothing": ("customer/edit",),
    "lost_reply": ("customer/edit",),
    "late_effect": ("customer/edit",),
    "endless_result": ("customer/edit",),
    "other_result": ("customer/edit",),
    "ping_after": ("customer/edit",),
    "row_added": ("customer/batch_get",),
    "row_removed": ("customer/batch_get",),
    "row_changed": ("customer/batch_get",),
    "page_repeated": ("customer/batch_get",),
    "wrong_customer": ("customer/get", "customer/edit"),
}
"""Where a fault can happen; those left out: at the login, at a list, and at an edit."""

WORDS = {
    "system/token": f"密钥 {WORD} 错误",
    "customer/batch_get": f"参数错误 {WORD} {TOKEN}0",
    "customer/edit": f"{PERSON['phone']} 不合法 {WORD}",
}
"""What a server may say that repeats what it was sent."""


def run(home: OpenApiHome, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    capsys.readouterr()
    try:
        code = call(list(words), language="en", debug="--debug" in words)
    except Exception as error:  # noqa: BLE001 - at --debug they come through, and tell what they hold
        return 1, "".join(traceback.format_exception(error)) + str(capsys.readouterr())
    said = capsys.readouterr()
    return code, said.out + said.err


@pytest.mark.parametrize("what", get_args(What))
def test_no_output_has_a_secret_whatever_goes_wrong(
    home: OpenApiHome,
    logged: io.StringIO,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    what: Any,
) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    home.configure(read_timeout_s=1, edit_timeout_s=1)
    codes = []
    said = ""
    for place in CALLS.get(what, ("system/token", "customer/batch_get", "customer/edit")):
        shutil.rmtree(home.folder / "cache", ignore_errors=True)
        home.server.faults.add(
            Fault(
                call=place,
                what=what,
                times=3,
                text=WORDS.get(place, ""),
                field="phone",
                size=2_000_000,
                bytes_per_s=100,
                seconds=1,
            )
        )
        for words in NIGHT[1:]:
            code, text = run(home, capsys, *words)
            codes.append(code)
            said += text
        home.server.faults.clear()
    assert said
    assert set(codes) <= {0, 1, 2, 4, 5, 69, 75}, said
    assert "Traceback" not in said or 1 not in codes, said
    clean(said + logged.getvalue(), home.folder)


def test_no_output_of_any_command_has_a_secret_when_all_goes_well(
    home: OpenApiHome, logged: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    home.server.behaviour = Behaviour(edit_reply="async", ping_after_s=1)
    home.configure(edit_sends="card")
    said = ""
    for words in (*NIGHT[:1], *OTHERS[:2], *NIGHT[1:], *OTHERS[2:]):
        _, text = run(home, capsys, *words)
        said += text
    assert home.server.edits
    clean(said + logged.getvalue(), home.folder)


def test_no_output_has_a_wrong_secret(
    home: OpenApiHome, logged: io.StringIO, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = f"{WORD}wrong"
    monkeypatch.setenv(SECRET, wrong)
    text = "".join(run(home, capsys, *words)[1] for words in (*NIGHT, *OTHERS))
    assert "refused" in text
    clean(text + logged.getvalue(), home.folder)


@pytest.mark.parametrize("place", ["system/token", "customer/batch_get", "customer/edit", "saleinvoice/get"])
def test_a_redirect_takes_neither_token_nor_secret_to_another_host(
    home: OpenApiHome, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    with OpenApiServer(small_account_set()) as elsewhere:
        home.server.faults.add(Fault(call=place, what="redirect", url=f"{elsewhere.url}x", times=None))
        _, text = run(home, capsys, "run")
        assert "another address" in " ".join(text.split())
        assert elsewhere.requests == ()
    clean(text, home.folder)


def test_not_even_an_error_that_nobody_foresaw_shows_a_secret(
    home: OpenApiHome, logged: io.StringIO, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def boom(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("u8sync.backends.openapi.client.parse", boom)
    code, text = run(home, capsys, "plan")
    assert code == 1
    assert "Unexpected error" in text
    with pytest.raises(ZeroDivisionError) as raised:
        call(["plan"], language="en", debug=True)
    text += "".join(traceback.format_exception(raised.value))
    clean(text + logged.getvalue(), home.folder)


HEADS = {
    "a header that is none": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n: odd\r\nno header\r\n\r\n{}",
    "no status": b"nonsense\r\n\r\n",
    "an odd length": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "chunks that are none": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "gzip that is none": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    "too many headers": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n{}",
}


@pytest.mark.parametrize("name", HEADS)
def test_what_the_library_says_of_an_odd_answer_has_no_address(
    logged: io.StringIO, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(HEADS[name])

        server = threading.Thread(target=serve)
        server.start()
        wire = Wire(ca_file=None, proxy=None, connect_timeout_s=1)
        text, kind = "", None
        try:
            wire.get(f"http://127.0.0.1:{listener.getsockname()[1]}/", {"token": TOKEN, "s": WORD}, timeout_s=1)
        except Exception as error:  # noqa: BLE001
            text = "".join(traceback.format_exception(error))
            kind = type(error)
        server.join()
        wire.close()
    assert kind in {None, LostError}
    said = capsys.readouterr()
    clean(text + logged.getvalue() + said.out + said.err)
