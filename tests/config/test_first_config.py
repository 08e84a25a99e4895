"""The first configuration: the example's own text, with what was answered in it and nothing else changed."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from u8sync.cli.setup.answers import values_of, way_of
from u8sync.cli.setup.questions import first_questions
from u8sync.config.first_config import first_config
from u8sync.config.settings import load_settings
from u8sync.sandbox.examples import example

EXAMPLE = example("config.example.yaml")

words = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"], max_codepoint=0xFFFD), min_size=1, max_size=30)
names = st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_]{0,20}\Z")
logins = st.fixed_dictionaries(
    {
        "backend": st.just("sqlserver"),
        "server": words.filter(lambda text: "," not in text and text == text.strip()),
        "authentication": st.sampled_from(["login", "windows"]),
        "login": words,
        "account": st.from_regex(r"\A[0-9A-Z]{3}\Z"),
        "encryption": st.sampled_from(["", "trust", "none"]),
        "insecure_reason": words,
    }
)
apps = st.fixed_dictionaries(
    {
        "backend": st.just("openapi"),
        "url": st.just("https://api.yonyouup.com/"),
        "from_account": words,
        "to_account": words,
        "app_key": words,
        "ds_sequence": st.integers(0, 9999).map(str),
        "item": st.just("self_define5"),
        "item_length": st.integers(1, 120).map(str),
    }
)
common = st.fixed_dictionaries(
    {
        "secret_place": st.sampled_from(["env", "file", "keyring"]),
        "secret_env": names,
        "secret_file": words,
        "secret_service": words,
        "as_of": st.one_of(st.sampled_from(["today", "last_month_end"]), st.dates(date(2000, 1, 1)).map(str)),
        "timezone": st.sampled_from(["Asia/Shanghai", "Asia/Urumqi", "UTC"]),
        "audit_folder": words,
        "sign": st.sampled_from(["yes", "no"]),
    }
)
practice = st.just({"backend": "practice"})


@given(st.one_of(logins, apps, practice), common)
def test_whatever_was_answered_stands_in_the_configuration_and_all_else_is_the_example(
    way: dict[str, str], rest: dict[str, str]
) -> None:
    answers = {**way, **rest}
    told = yaml.safe_load(first_config(EXAMPLE, way_of(answers), values_of(answers, None)))

    expected: dict[str, Any] = yaml.safe_load(EXAMPLE)
    expected["account_set"] = way_of(answers)
    expected["timezone"] = answers["timezone"]
    expected["audit"]["folder"] = answers["audit_folder"]
    as_of = answers["as_of"]
    expected["as_of"] = as_of if as_of in {"today", "last_month_end"} else date.fromisoformat(as_of)
    if answers["sign"] == "yes":
        expected["audit"]["key"] = {"file": "audit.key"}
    assert told == expected


@given(practice, common.filter(lambda rest: "=" not in rest["audit_folder"]))
def test_every_configuration_loads_and_keeps_its_comments(way: dict[str, str], rest: dict[str, str]) -> None:
    answers = {**way, **rest}
    text = first_config(EXAMPLE, way_of(answers), values_of(answers, date(2026, 10, 31)))
    comments = [line for line in EXAMPLE.splitlines() if line.startswith("#")]
    assert [line for line in text.splitlines() if line.startswith("#")] == comments
    with TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text(text, encoding="utf-8", newline="\n")
        settings = load_settings(path)
    assert settings.as_of == date(2026, 10, 31)
    assert settings.audit_folder.name == Path(answers["audit_folder"]).name
    assert (settings.audit_key is not None) == (answers["sign"] == "yes")


def test_a_place_that_the_example_does_not_have_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"no place for audit\.kee"):
        first_config(EXAMPLE, {"backend": "sqlite"}, {("audit", "kee"): "x"})


def test_every_question_has_an_option_of_the_command() -> None:
    from u8sync.cli.setup import init

    known = {name for option in init.params for name in (*option.opts, *option.secondary_opts)}
    told = {name for question in first_questions() for name in question.option.split(" / ")}
    assert told <= known
