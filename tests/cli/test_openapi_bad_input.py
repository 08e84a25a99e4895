"""What people get wrong about the OpenAPI: one clear sentence, what to do, and never a login in a loop."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cli_home import Ask
from openapi_home import CUSTOMERS, OpenApiHome, small_account_set
from openapi_site import SECRET

from u8sync.sandbox.openapi.faults import Fault
from u8sync.sandbox.openapi.gate import Credentials
from u8sync.sandbox.openapi.server import OpenApiServer

WRONG = "wrong-secret-of-the-app"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenApiHome]:
    file = tmp_path / "account-set.db"
    shutil.copyfile(small_account_set(), file)
    with OpenApiServer(file, credentials=replace(Credentials(), ds_sequences=("1", "2"))) as server:
        yield OpenApiHome(tmp_path / "home", server, monkeypatch)


def logins(home: OpenApiHome) -> int:
    return sum(one.path == "system/token" for one in home.server.requests)


def squeezed(words: str) -> str:
    return "".join(words.split())


OPTIONS: dict[str, tuple[dict[str, Any], str, str]] = {
    "wrong from_account": ({"from_account": "nobody"}, "system/token: refused: 调用方账号", "Check 'from_account'"),
    "wrong app_key": ({"app_key": "opaXXX"}, "system/token: refused: 应用 app_key", "Check 'app_key'"),
    "wrong to_account": ({"to_account": "nobody"}, "refused: 应用未经企业授权", "must approve the app"),
    "no such data source": ({"ds_sequence": 9}, "refused: 未配置数据源", "'ds_sequence'"),
}
FAULTS: dict[str, tuple[Any, str, str]] = {
    "app not approved": ("not_approved", "refused: 应用未经企业授权", "must approve the app"),
    "data source missing": ("data_source_missing", "refused: 未配置数据源", "'ds_sequence'"),
    "relay offline": ("relay_offline", "refused: 企业的开放平台客户端未在线", "Start the relay program"),
}


def check(home: OpenApiHome, ask: Ask, sentence: str, advice: str, *, code: int, tries: int) -> None:
    for command in ("plan", "run"):
        home.server._service.journal.requests.clear()
        answer = ask(command)
        assert answer.code == code, answer.err
        assert squeezed(sentence) in answer.complaint
        assert squeezed(advice) in answer.complaint
        assert answer.complaint.count(squeezed(sentence)) == 1
        assert "Traceback" not in answer.err
        assert logins(home) == tries
    chinese = ask("plan", language="zh")
    assert chinese.code == code
    assert chinese.err.strip() != ask("plan").err.strip()
    assert home.server.edits == ()
    home.server._service.journal.requests.clear()
    doctor = ask("doctor")
    assert doctor.code != 0
    assert squeezed(advice) in squeezed(doctor.out + doctor.err)
    assert logins(home) <= 2


@pytest.mark.parametrize("name", OPTIONS)
def test_a_wrong_setting_is_named_after_one_login(home: OpenApiHome, ask: Ask, name: str) -> None:
    options, sentence, advice = OPTIONS[name]
    home.configure(**options)
    check(home, ask, sentence, advice, code=69, tries=1)


def test_a_wrong_secret_is_tried_once(home: OpenApiHome, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET, WRONG)
    check(home, ask, "system/token: refused: 应用密钥", "Check the app's secret", code=69, tries=1)
    for command in ("plan", "doctor"):
        answer = ask(command)
        assert WRONG not in answer.out + answer.err


@pytest.mark.parametrize("name", FAULTS)
def test_what_stands_between_the_gateway_and_u8_is_named(home: OpenApiHome, ask: Ask, name: str) -> None:
    what, sentence, advice = FAULTS[name]
    for call in ("customer/batch_get", "customer/get", "saleorderlist/batch_get"):
        home.server.faults.add(Fault(call=call, what=what, times=None))
    check(home, ask, sentence, advice, code=69, tries=1)


def test_a_gateway_that_is_down_is_a_temporary_error(home: OpenApiHome, ask: Ask) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        home.configure(url=f"http://127.0.0.1:{closed.getsockname()[1]}/")
        check(home, ask, "system/token: no connection", "The gateway must be reachable", code=75, tries=0)


def test_a_gateway_that_fails_at_the_login_is_a_temporary_error(home: OpenApiHome, ask: Ask) -> None:
    home.server.faults.add(Fault(call="system/token", what="status", status=502, times=None))
    check(home, ask, "system/token: the server failed (HTTP 502)", "Run the command again later", code=75, tries=1)


def test_an_address_of_something_else_is_named(home: OpenApiHome, ask: Ask) -> None:
    home.configure(url=f"{home.server.url}elsewhere/")
    check(home, ask, "the server does not know this call (HTTP 404)", "Check 'url'", code=69, tries=0)


def test_a_login_page_in_the_way_is_named(home: OpenApiHome, ask: Ask) -> None:
    home.server.faults.add(Fault(call="system/token", what="html", times=None))
    check(home, ask, "the reply cannot be read (HTML in place of JSON)", "login page of the network", code=69, tries=2)


FILES: dict[str, tuple[dict[str, Any], str]] = {
    "a secret in the file": ({"app_secret": WRONG}, "app_secret"),
    "a secret under another name": ({"token": WRONG}, "token"),
    "no secret": ({"app_secret": None}, "app_secret"),
    "no address": ({"url": "api.yonyouup.com"}, "not the address of a server"),
    "plain http": ({"url": "http://api.example/"}, "url is not https"),
    "plain http in capitals": ({"url": "HTTP://api.example/"}, "url is not https"),
    "a secret in the address": ({"url": f"https://me:{WRONG}@api.example/"}, "put a secret into this file"),
    "an unknown item": ({"items": {"self_define12": {"length": 1}}}, "no self-defined item of text"),
    "an item that is too long": ({"items": {"self_define5": {"length": 61}}}, "at most 60 characters"),
    "an unknown word": ({"edit_sends": "all"}, "edit_sends"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_mistake_in_the_file_is_shown_before_anything_is_asked(home: OpenApiHome, ask: Ask, name: str) -> None:
    options, sentence = FILES[name]
    home.configure(**options)
    for command in ("plan", "doctor"):
        answer = ask(command)
        assert answer.code == 65, answer.err
        assert squeezed(sentence) in answer.complaint
        assert WRONG not in answer.complaint
    assert home.server.requests == ()


def test_a_secret_that_is_not_there_is_bad_input(home: OpenApiHome, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SECRET)
    answer = ask("plan")
    assert answer.code == 65
    assert SECRET in answer.complaint
    assert home.server.requests == ()


def test_an_item_that_is_not_named_is_said_before_anything_is_written(home: OpenApiHome, ask: Ask) -> None:
    home.configure(items=None)
    answer = ask("run")
    assert answer.code == 65
    assert "self_define5" in answer.complaint
    assert home.server.edits == ()


def test_with_nothing_wrong_everything_goes_well(home: OpenApiHome, ask: Ask) -> None:
    home.configure(ds_sequence=2)
    assert ask("doctor").code == 0
    assert ask("run").code in {0, 2}
    assert len(home.server.edits) == CUSTOMERS
    assert ask("plan").code == 0
