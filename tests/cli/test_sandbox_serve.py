"""``u8sync sandbox serve``: what it prints lets somebody in, and it ends when asked to."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
import yaml
from cli_home import Ask

from u8sync.cli import serving


@pytest.fixture
def db(ask: Ask, tmp_path: Path) -> Path:
    file = tmp_path / "account-set.db"
    assert ask("sandbox", "create", file, "--customers", 20, "--months", 2).code == 0
    return file


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.fixture
def while_it_serves(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Do something while the command serves; then it is asked to stop."""

    def arrange(visit: Callable[[], None]) -> None:
        @contextmanager
        def listening() -> Iterator[Callable[[], bool]]:
            def asked() -> bool:
                visit()
                return True

            yield asked

        monkeypatch.setattr(serving, "listening", listening)

    return arrange


def test_what_it_prints_lets_a_client_in(
    ask: Ask, db: Path, port: int, while_it_serves: Callable[[Callable[[], None]], None]
) -> None:
    seen = []

    def visit() -> None:
        query = {"from_account": "u8sync_sandbox", "app_key": "opa0000000000sandbox"}
        secret = "made-up-secret-of-the-sandbox"  # noqa: S105
        sent = ({**query, "app_secret": secret}, {**query, "app_secret": secret}, query)
        seen.extend(requests.get(f"http://127.0.0.1:{port}/system/token", params=q, timeout=5) for q in sent)

    while_it_serves(visit)
    answer = ask("sandbox", "serve", db, "--port", port, "--behaviour", "tokens=one", "--fault", "system/token:html")

    assert answer.code == 0, answer.err
    assert "<html>" in seen[0].text
    assert seen[1].json()["errcode"] == "0"
    assert "app_secret" in seen[2].json()["errmsg"]
    snippet = answer.out[answer.out.index("account_set:") : answer.out.index("Edits change")]
    settings = yaml.safe_load(snippet)["account_set"]
    assert settings == {
        "backend": "openapi",
        "url": f"http://127.0.0.1:{port}/",
        "from_account": "u8sync_sandbox",
        "to_account": "test_u8sync_sandbox",
        "app_key": "opa0000000000sandbox",
        "app_secret": {"env": "U8SYNC_APP_SECRET"},
        "ds_sequence": "1",
        "items": {"self_define4": {"length": 60}, "self_define5": {"length": 60}},
    }
    assert "made-up-secret-of-the-sandbox" in answer.out
    assert "Against the contract, 1 time(s): system/token" in answer.out
    assert "Stopped after 3 request(s); 0 field(s) changed." in answer.out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--behaviour", "edt=merge"), "edit_reply"),
        (("--behaviour", "edit=both"), "merge,replace"),
        (("--fault", "customer/edit:rest"), "lost_reply"),
        (("--fault", "customer/delete:reset"), "customer/edit"),
    ],
)
def test_a_name_that_is_not_known_is_bad_input_and_the_known_are_named(
    ask: Ask, db: Path, words: tuple[str, ...], complaint: str
) -> None:
    answer = ask("sandbox", "serve", db, "--port", 0, *words)
    assert answer.code == 65
    assert complaint in answer.complaint


def test_a_file_that_is_not_there_is_bad_input(ask: Ask, tmp_path: Path) -> None:
    answer = ask("sandbox", "serve", tmp_path / "none.db", "--port", 0)
    assert answer.code == 65
    assert "sandboxcreate" in answer.complaint
