"""A secret is taken out of a line in whatever form it came."""

from __future__ import annotations

import base64
import json

import canary
import pytest
from canary import WORD

from u8sync.telemetry.redaction import Redactor
from u8sync.telemetry.rendering import json_line, plain_line

TEXT_FORMS = sorted(name for name, form in canary.forms(WORD).items() if form.isascii() or name == "utf-8")


@pytest.mark.parametrize("name", TEXT_FORMS)
def test_no_line_has_a_secret_in_any_form(name: str) -> None:
    form = canary.forms(WORD)[name].decode()
    assert canary.hits(WORD, f"before {form} after"), "the search knows the form"
    redactor = Redactor([WORD])
    for record in (
        {"event": "library", "said": f"before {form} after"},
        {"event": "library", f"key {form}": 1},
        {"event": "library", "deep": {"in": [f"x{form}x"]}},
    ):
        for line in (json_line(record, redactor), plain_line(record, redactor)):
            assert canary.hits(WORD, line) == []
            assert "***" in line
        json.loads(json_line(record, redactor))


def test_a_secret_inside_a_coded_header_is_found() -> None:
    header = base64.b64encode(f"user:{WORD}".encode()).decode()
    assert canary.hits(WORD, json_line({"said": f"Basic {header}"}, Redactor([WORD]))) == []


def test_the_longest_form_goes_as_a_whole() -> None:
    assert Redactor(["abcd", "abcdefgh"]).clean("x abcdefgh y abcd z") == "x *** y *** z"


def test_what_is_too_short_to_be_told_from_other_text_stays() -> None:
    assert Redactor(["abc"]).clean("abc abcd") == "abc abcd"


def test_nobody_sees_the_secrets_of_a_redactor() -> None:
    assert canary.hits(WORD, repr(Redactor([WORD]))) == []


def test_without_secrets_a_text_stays_as_it_is() -> None:
    assert Redactor(()).clean("***x") == "***x"
