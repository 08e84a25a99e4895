"""Which language is chosen, and how messages are put into it."""

import pytest

from u8sync.report.language import choose, translator
from u8sync.text import msg


@pytest.mark.parametrize(
    ("explicit", "environ", "system", "language"),
    [
        pytest.param("en", {"U8SYNC_LANG": "zh"}, "zh_CN", "en", id="the command line wins"),
        pytest.param("zh", {"LANG": "en_US.UTF-8"}, "en_US", "zh", id="the command line wins the other way"),
        pytest.param(None, {"U8SYNC_LANG": "zh", "LC_ALL": "en_US"}, None, "zh", id="our own variable comes next"),
        pytest.param(None, {"LC_ALL": "zh_CN.UTF-8", "LANG": "en_US"}, None, "zh", id="LC_ALL before LANG"),
        pytest.param(None, {"LC_ALL": "C", "LANG": "zh_CN"}, "zh_CN", "en", id="LC_ALL=C is an answer"),
        pytest.param(None, {"LC_ALL": "", "LC_MESSAGES": "zh_TW"}, None, "zh", id="an empty variable says nothing"),
        pytest.param(None, {"LANG": "de_DE"}, "zh_CN", "en", id="any other language means English"),
        pytest.param(None, {}, "zh_CN", "zh", id="the system's locale"),
        pytest.param(None, {}, "Chinese (Simplified)_China", "zh", id="as Windows spells it"),
        pytest.param(None, {}, "English_United States", "en", id="English Windows"),
        pytest.param(None, {}, None, "en", id="nothing is known"),
    ],
)
def test_the_first_that_says_anything_decides(
    explicit: str | None, environ: dict[str, str], system: str | None, language: str
) -> None:
    assert choose(explicit, environ, system) == language


def test_english_is_the_template_itself() -> None:
    assert translator("en")(msg("{count} days", count="12")) == "12 days"


def test_chinese_comes_from_the_catalogue() -> None:
    assert translator("zh")(msg("{count} days", count="12")) == "12 天"


def test_messages_among_the_arguments_are_translated_too() -> None:
    message = msg("{metric}: not known", metric=msg("revenue"))

    assert translator("en")(message) == "revenue: not known"
    assert translator("zh")(message) == "销售额：未知"


def test_a_sentence_without_a_translation_is_still_a_sentence() -> None:
    assert translator("zh")(msg("nobody ever {verb} this", verb="wrote")) == "nobody ever wrote this"
