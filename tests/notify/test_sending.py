"""Sending over real connections of this machine."""

from __future__ import annotations

import email
import time
from email.policy import default

import pytest
from post_office import closed_port, mail_office, post_office

from u8sync.errors import InputError
from u8sync.notify import sending
from u8sync.notify.sending import Letter, deliver

LONG = 60


def letter(url: str, target: str = "a") -> Letter:
    return Letter(target, url, "标题 title", "第一行\nsecond line")


def test_everybody_gets_it_and_one_that_refuses_keeps_nothing_from_the_others() -> None:
    with post_office() as office, post_office() as other:
        other.answers = [500]
        sent = deliver([letter(office.url("x")), letter(other.url(), "b"), letter("nothing://x", "c")], LONG)
    assert [one.target for one in sent] == ["a", "b", "c"]
    assert sent[0].why is None
    assert str(sent[1].why) == "the host answered 500"
    assert str(sent[2].why) == "its address has no form that apprise knows"
    assert office.taken[0]["title"] == "标题 title"
    assert office.taken[0]["message"] == "第一行\nsecond line"


@pytest.mark.parametrize("path", ["hang", "drip"])
def test_a_server_that_never_ends_costs_no_more_than_the_limit_and_nothing_of_the_others(path: str) -> None:
    with post_office() as office:
        began = time.monotonic()
        sent = deliver([letter(office.url(path)), letter(office.url("fine"), "b")], 8)
        assert time.monotonic() - began < 12
    assert str(sent[0].why) == "no answer within 8 s" or "no answer came in time" in str(sent[0].why)
    assert sent[0].hint is not None
    assert sent[1].why is None


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("json://127.0.0.1:{closed}/", "the host cannot be reached, or it broke off"),
        ("json://no-such-host.invalid/", "the host's name is not known"),
        ("jsons://127.0.0.1:{open}/", "the host's certificate cannot be trusted, or it does not speak TLS there"),
        (
            "mailto://user:pass@127.0.0.1:{closed}?from=a@site.com&to=b@site.com",
            "the host cannot be reached, or it broke off",
        ),
        ("", "its address has no form that apprise knows"),
        ("wecombot://", "its address has no form that apprise knows"),
    ],
    ids=["refused", "dns", "tls", "mail", "empty", "no key"],
)
def test_each_failure_says_why_and_what_to_do(url: str, why: str) -> None:
    with post_office() as office:
        sent = deliver([letter(url.format(closed=closed_port(), open=office.server_address[1]))], LONG)
    assert str(sent[0].why) == why
    assert sent[0].hint is not None


def test_a_proxy_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://canaryuser:canarypass@127.0.0.1:{closed_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    sent = deliver([letter("json://example.invalid/")], LONG)
    assert str(sent[0].why) == "the proxy did not let it through"


def test_a_mail_arrives_as_text_in_chinese() -> None:
    with mail_office() as (port, taken):
        url = f"mailto://127.0.0.1:{port}?from=u8sync@site.invalid&to=ops@site.invalid&mode=insecure"
        sent = deliver([letter(url)], LONG)
    assert sent[0].why is None, str(sent[0].why)
    mail = email.message_from_bytes(taken[0], policy=default)
    assert mail["Subject"] == "标题 title"
    text = mail.get_body(("html", "plain"))
    assert text is not None
    assert "第一行" in text.get_content()
    assert "second line" in text.get_content()


CANARIES = ["canaryuser", "canarypass", "canarypath", "canaryquery"]


@pytest.mark.parametrize("path", ["", "hang"])
def test_no_piece_of_an_address_comes_back(
    path: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("U8SYNC_DEBUG", "1")
    with post_office() as office:
        office.answers = [403]
        there = office.url(f"{path}/canarypath?key=canaryquery", "canaryuser:canarypass@")
        nowhere = f"json://canaryuser:canarypass@127.0.0.1:{closed_port()}/canarypath?-x=canaryquery"
        letters = [letter(there), letter(nowhere, "b"), letter("canaryquery://canarypath", "c")]
        sent = deliver(letters, LONG if not path else 6)
    said = capfd.readouterr()
    everything = f"{sent!r} {[str(one.why) for one in sent]} {letters!r} {said.out} {said.err}"
    assert all(one.why is not None for one in sent)
    assert not [canary for canary in CANARIES if canary in everything]


def test_without_the_library_the_command_that_installs_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "find_spec", lambda _: None)
    with pytest.raises(InputError) as refused:
        deliver([letter("json://127.0.0.1/")], LONG)
    assert refused.value.hint is not None
    assert 'pip install "u8sync[notify]"' in str(refused.value.hint)
    assert deliver([], LONG) == ()


def test_a_process_that_dies_without_a_word_is_a_failure_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_ask", lambda *_: b"")
    assert all(one.why is not None for one in deliver([letter("json://a/"), letter("json://b/", "b")], LONG))
    monkeypatch.setattr(sending, "_ask", lambda *_: None)
    assert str(deliver([letter("json://a/")], LONG)[0].why) == "the process that sends could not be started"
