"""What a person reads on the terminal, in both languages and at a fixed width."""

import unicodedata
from dataclasses import replace
from decimal import Decimal
from io import BytesIO, StringIO, TextIOWrapper
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType

from u8sync.config.located_yaml import excerpt
from u8sync.domain.explain import explain
from u8sync.domain.guards import Limits
from u8sync.domain.run import LoggedChange
from u8sync.errors import ConfigError, InputError, Problem
from u8sync.report.language import translator
from u8sync.report.terminal.audit import verification_view
from u8sync.report.terminal.explanation import explanation_view
from u8sync.report.terminal.failure import error_view
from u8sync.report.terminal.history import history_view
from u8sync.report.terminal.plan import planned_view
from u8sync.report.terminal.run import result_view
from u8sync.text import Place, msg

LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])


def shown(view: RenderableType, width: int = 160) -> str:
    """What a console of that width shows."""
    console = Console(file=StringIO(), width=width, color_system=None, highlight=False, legacy_windows=False)
    console.print(view)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def cells_of(line: str, start: int, end: int) -> str:
    """The characters of a line between two cells; a character that crosses a border fails the test."""
    found, at = "", 0
    for char in line:
        width = cell_len(char)
        if start <= at < end:
            assert at + width <= end, f"{char!r} crosses the border of a column: {line!r}"
            found += char
        at += width
    return found


def two_cells_on_some_consoles(text: str) -> set[str]:
    """Characters that Chinese Windows consoles draw two cells wide and others one: they push columns aside."""
    return {char for char in text if unicodedata.east_asian_width(char) == "A"}


def tables(text: str) -> list[list[list[str]]]:
    """Every table of a view, as lines of columns; fails where a line does not keep to the columns of its heading."""
    lines = text.splitlines()
    found = []
    for number, rule in enumerate(lines):
        if not rule.strip() or set(rule.strip()) != {"-", " "}:
            continue
        spans, start = [], 0
        for part in rule.rstrip().split(" "):
            spans.append((start, start + len(part)))
            start += len(part) + 1
        body = []
        for line in [lines[number - 1], *lines[number + 1 :]]:
            if not line.strip() or line.startswith("... "):
                break
            assert cell_len(line.rstrip()) <= spans[-1][1], f"wider than its table: {line!r}"
            body.append([cells_of(line, *span).strip() for span in spans])
        found.append(body)
    return found


@LANGUAGES
def test_a_plan_says_what_was_read(books: Any, language: str) -> None:
    text = shown(planned_view(books.planned(), books.policy, translator(language)))

    for fact in ("999 华东贸易有限公司 (UFDATA_999_2026)", "2026-10-31", "2025-11-01", "2025-11", "2026-09"):
        assert fact in text
    population = books.planned().plan.population
    assert (population.customers, population.eligible, population.with_business) == (64, 59, 52)
    line = next(line for line in text.splitlines() if "59" in line)
    assert "64" in line
    assert "52" in line
    assert books.planned().plan.fingerprint[:16] in text


@LANGUAGES
def test_columns_are_aligned_though_names_are_chinese(books: Any, language: str) -> None:
    tiers, moves, changes, issues, guards = tables(
        shown(planned_view(books.planned(), books.policy, translator(language), limit=None))
    )

    for table in (tiers, moves, changes, issues, guards):
        assert two_cells_on_some_consoles("".join(cell for line in table for cell in line)) == set()
    assert [line[0] for line in tiers[1:5]] == ["VIP", "重点", "普通", "潜在"]
    assert [line[1] for line in tiers[1:]] == ["8", "6", "13", "11", "21"]
    assert [line[3] for line in tiers[1:]] == ["-6", "+13", "+18", "-4", "-21"]
    assert tiers[1][4:] == ["1,839,524.54", "19.7 %"]
    assert moves[1][:3] == ["VIP", "重点", "4"]
    assert changes[1][:6] == ["C00000", "南江贸易第0有限公司", "tier", "普通", "重点", "89.41"]
    assert issues[1][:3] == ["10", "tier", "钻石"]
    assert issues[1][4] == "mappings/customer.yaml:22"
    assert len(guards) == 8


def test_reasons_are_given_in_words(books: Any) -> None:
    changes = tables(shown(planned_view(books.planned(), books.policy, translator("en")), width=200))[2]

    assert changes[1][6] == "revenue: the best of all; gross profit: the best of all"
    assert changes[2][6] == "revenue: better than 39.2 %; gross profit: better than 34.0 %"
    assert next(line for line in changes if line[0] == "C00007")[5:] == ["-", "no business in the window"]


@LANGUAGES
def test_what_is_not_listed_is_counted(books: Any, language: str) -> None:
    planned = books.planned()
    text = shown(planned_view(planned, books.policy, translator(language), limit=5))

    assert len(tables(text)[2]) == 1 + 5
    more = next(line for line in text.splitlines() if line.startswith("... "))
    assert f" {len(planned.plan.changes) - 5} " in more
    assert "u8sync plan --all" in more
    assert "... " not in shown(planned_view(planned, books.policy, translator(language), limit=None))


@LANGUAGES
def test_guards_are_ok_stopped_or_allowed(books: Any, language: str) -> None:
    say = translator(language)
    stopped = tables(shown(planned_view(books.planned(), books.policy, say)))[-1]
    allowed = tables(shown(planned_view(books.planned(allow=["share_changed"]), books.policy, say)))[-1]

    words = {"en": "ok ok ok STOPPED ok STOPPED ok", "zh": "通过 通过 通过 拦截 通过 拦截 通过"}[language].split()
    assert [line[0] for line in stopped[1:]] == words
    assert [line[0] for line in allowed[1:]][3] == {"en": "allowed", "zh": "已放行"}[language]
    assert "74.58 %" in stopped[4][2]


def test_a_plan_without_changes_says_so(books: Any) -> None:
    planned = books.planned()
    idle = replace(planned, plan=replace(planned.plan, changes=()), verdicts=())

    assert "None: U8 holds every value as recommended." in shown(planned_view(idle, books.policy, translator("en")))


def test_names_can_be_given(books: Any) -> None:
    text = shown(planned_view(books.planned(), books.policy, translator("en"), names={"C00000": "Aurora"}))

    assert "Aurora" in text
    assert "南江贸易第0有限公司" not in text


@LANGUAGES
def test_hostile_names_are_neutral(books: Any, language: str) -> None:
    planned = books.planned()
    text = shown(planned_view(planned, books.policy, translator(language), limit=None), width=240)
    listed = {line[0]: line[1] for line in tables(text)[2][1:]}

    assert set(books.hostile) <= set(listed)
    assert "[red]红色[/red] [link=http://evil.example]点我[/link]" in text
    assert "<img src=x onerror=alert(1)>" in text
    assert "[31m]0;title反转  第二行" in text
    assert not {"\x1b", "\x07", "\u202e", "\u200b", "\r"} & set(text)


@LANGUAGES
def test_a_hostile_name_does_not_colour_a_colour_terminal(books: Any, language: str) -> None:
    console = Console(file=StringIO(), width=240, force_terminal=True, color_system="truecolor", highlight=False)
    console.print(planned_view(books.planned(), books.policy, translator(language), limit=None))
    assert isinstance(console.file, StringIO)

    assert "\x1b[31m" not in console.file.getvalue()
    assert "\x1b]8;" not in console.file.getvalue()


def test_nothing_is_lost_on_a_narrow_terminal(books: Any) -> None:
    tiers = tables(shown(planned_view(books.planned(), books.policy, translator("en")), width=50))[0]

    assert "1,839,524.54" in "".join(line[4] for line in tiers)


@LANGUAGES
def test_a_chinese_windows_console_can_show_everything(books: Any, language: str) -> None:
    say = translator(language)
    console = Console(file=TextIOWrapper(BytesIO(), encoding="gbk"), width=100, color_system=None, highlight=False)
    planned = books.planned()
    console.print(planned_view(planned, books.policy, say, limit=None))
    console.print(result_view(books.applied(planned), say))
    for code in ("C00000", "C00003", "C00005", "C00007", "C00010"):
        explanation = explain(planned.decision.customers, code, books.policy)
        console.print(explanation_view(explanation, planned, books.policy, say))
    console.file.flush()


@LANGUAGES
def test_a_run_says_how_every_change_ended(books: Any, language: str) -> None:
    say = translator(language)
    text = shown(result_view(books.applied(books.planned()), say))
    not_applied, settled = tables(text)

    for fact in ("20261101-183100-7f3a", "12.3 s", "1,234", "0123456789abcdef" * 4):
        assert fact in text
    assert not_applied[1] == [
        "C00000",
        say(msg("changed in U8 since the plan was made; left alone")),
        "cCusDefine1 = 重点",
        "dEndDate = 别人改的; cCusDefine1 = 别人改的",
        "-",
    ]
    assert not_applied[2][2:] == ["cCusDefine1 = 普通", "cCusDefine1 = 潜在", "值超出长度"]
    assert settled[1] == ["C00009", "20261031-183000-11aa", say(msg("was not written"))]
    totals = [line.split()[-1] for line in text.splitlines() if line.startswith((say(msg("written")), "refused by U8"))]
    assert totals[0] == "52"


def test_long_lists_of_what_was_not_applied_are_cut_and_counted(books: Any) -> None:
    result = books.applied(books.planned())
    failed = replace(result, endings=tuple(replace(ending, status="not_started") for ending in result.endings))
    text = shown(result_view(failed, translator("en"), limit=3))

    assert len(tables(text)[0]) == 1 + 3
    assert "... and 51 more; the audit log has all of them." in text


@LANGUAGES
def test_an_explanation_shows_figures_that_add_up(books: Any, language: str) -> None:
    planned = books.planned()
    explanation = explain(planned.decision.customers, "C00010", books.policy)
    text = shown(explanation_view(explanation, planned, books.policy, translator(language)))
    metrics, why, why_not = tables(text)

    assert sum(Decimal(line[5]) for line in metrics[1:5]) == explanation.score == Decimal("75.6015")
    assert metrics[1][1:5] == ["870,364.47", metrics[1][2], "94.1176", "40 %"]
    assert "4" in metrics[1][2]
    assert "52" in metrics[1][2]
    assert metrics[5][3:] == ["-", "-", "-"]
    assert why[1][0] == {"en": "yes", "zh": "满足"}[language]
    assert [line[0] for line in why_not[1:]] == {"en": ["NO", "yes"], "zh": ["不满足", "满足"]}[language]
    assert "75.6015" in why_not[1][2]
    assert "优先发货，账期 30 天" in text
    assert "mappings/tiers.yaml:19" in text


def test_an_explanation_says_what_would_lift_a_customer(books: Any) -> None:
    planned = books.planned()
    explanation = explain(planned.decision.customers, "C00010", books.policy)
    text = shown(explanation_view(explanation, planned, books.policy, translator("en")))

    assert "order frequency: 6 a year now, 16 a year needed" in text


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        pytest.param("C00003", "excluded by the policy", id="excluded"),
        pytest.param("C00005", "protected by the configuration: rated, never changed", id="protected"),
        pytest.param("C00005", "No single metric can lift the score far enough.", id="too far away"),
        pytest.param("C00007", "It is the tier of customers without business in the window.", id="no business"),
        pytest.param("C00001", "It is the tier of every customer with business that no higher tier takes.", id="rest"),
    ],
)
def test_an_explanation_covers_every_kind_of_customer(books: Any, code: str, sentence: str) -> None:
    planned = books.planned()
    explanation = explain(planned.decision.customers, code, books.policy)

    assert sentence in shown(explanation_view(explanation, planned, books.policy, translator("en")))


def test_an_unknown_metric_is_explained_with_where_its_weight_goes(books: Any) -> None:
    planned = books.planned()
    unknown = planned.decision.customers.filter("rated").filter(
        planned.decision.customers.filter("rated")["gross_profit"].is_null()
    )["code"][0]
    explanation = explain(planned.decision.customers, unknown, books.policy)
    text = shown(explanation_view(explanation, planned, books.policy, translator("en")))

    assert (
        "gross profit is not known (stock accounting has posted no cost for this customer in the window):"
        " its weight goes to the other metrics" in text
    )


def test_the_top_has_no_higher_tier(books: Any) -> None:
    planned = books.planned()
    top = planned.decision.customers.filter(planned.decision.customers["recommended"] == "VIP")["code"][0]
    explanation = explain(planned.decision.customers, top, books.policy)
    text = shown(explanation_view(explanation, planned, books.policy, translator("en")))

    assert "There is no higher tier." in text
    assert len(tables(text)) == 2


@LANGUAGES
def test_a_check_names_every_fault(language: str) -> None:
    say = translator(language)
    faults = [("seg-000001.jsonl:3", msg("is not a date (YYYY-MM-DD)")), ("seg-000002.jsonl:9", msg("was not written"))]
    text = shown(
        verification_view(
            name="ufdata-1",
            records=1234,
            segments=2,
            head="ab" * 32,
            faults=faults,
            open_intents=2,
            torn=0,
            proofs=[],
            translate=say,
        )
    )

    assert [line[0] for line in tables(text)[0][1:]] == ["seg-000001.jsonl:3", "seg-000002.jsonl:9"]
    assert "ab" * 32 in text
    assert "1,234" in text


def test_a_whole_log_is_called_whole() -> None:
    text = shown(
        verification_view(
            name="ufdata-1",
            records=5,
            segments=1,
            head="ab" * 32,
            faults=[],
            open_intents=0,
            torn=0,
            proofs=[msg("Records 1 to {upto:,} are signed, and the key is one that you trust.", upto=5)],
            translate=translator("en"),
        )
    )

    assert text.startswith("Audit log ufdata-1: whole")
    assert [line.strip() for line in text.splitlines()][-2:] == [
        "What is proved",
        "Records 1 to 5 are signed, and the key is one that you trust.",
    ]
    assert "NOT" not in text


@LANGUAGES
def test_the_history_tells_what_was_written(language: str) -> None:
    say = translator(language)
    changes = [
        LoggedChange(
            seq=7,
            at="2026-11-01T18:31:00.000001Z",
            run_id="r1",
            customer="007",
            field="tier",
            column="cCusDefine1",
            before=None,
            after="重点",
            score="71.2345",
            rule="t:1",
            status=status,
            op_id="0a",
            was=None,
            becomes="重点",
        )
        for status in ("applied", "open")
    ]
    history = tables(shown(history_view(changes, say)))[0]

    assert history[1][:7] == ["7", "2026-11-01 18:31:00", "007", "tier", "-", "重点", "71.2345"]
    assert [line[7] for line in history[1:]] == [
        say(msg("written")),
        say(msg("no end recorded: the next run settles it")),
    ]


LINE = "  客户管理类型: {operators: [decimel]}"


@LANGUAGES
def test_a_caret_stands_under_the_place_also_behind_chinese_characters(language: str) -> None:
    column = LINE.index("decimel") + 1
    place = Place("mappings/customer.yaml", 14, column)
    error = ConfigError("mappings/customer.yaml", [Problem(place, msg("is not a date (YYYY-MM-DD)"))])
    lines = shown(
        error_view(error, lambda place: excerpt(place, "\n" * 13 + LINE), translator(language)), width=80
    ).splitlines()
    source = next(index for index, line in enumerate(lines) if "decimel" in line)

    assert any(f"mappings/customer.yaml:14:{column}" in line for line in lines)
    assert lines[source].startswith("  14 | ")
    caret = cell_len(lines[source + 1][: lines[source + 1].index("^")])
    assert caret == cell_len(lines[source][: lines[source].index("decimel")])


def test_the_caret_of_a_long_line_is_still_on_the_screen() -> None:
    line = "客" * 500 + "X" + "户" * 500
    error = ConfigError("m.yaml", [Problem(Place("m.yaml", 7, 501), msg("the mapping writes nothing"))])
    lines = shown(
        error_view(error, lambda place: excerpt(place, "\n" * 6 + line), translator("en")), width=80
    ).splitlines()
    source = next(index for index, each in enumerate(lines) if "X" in each)

    assert cell_len(lines[source + 1].rstrip()) <= 80
    caret = cell_len(lines[source + 1][: lines[source + 1].index("^")])
    assert caret == cell_len(lines[source][: lines[source].index("X")])


def test_every_problem_of_a_file_is_shown_with_its_hint() -> None:
    problems = [
        Problem(Place("m.yaml", 2, 1), msg("the mapping writes nothing"), msg("Did you mean '{name}'?", name="tier")),
        Problem(None, msg("is not a date (YYYY-MM-DD)")),
    ]
    text = shown(error_view(ConfigError("m.yaml", problems), lambda _place: None, translator("en")))

    assert "m.yaml:2:1: the mapping writes nothing" in text
    assert "  Did you mean 'tier'?" in text
    assert "m.yaml: is not a date (YYYY-MM-DD)" in text
    assert "Nothing was read from U8" in text
    assert "^" not in text


def test_a_line_with_control_characters_cannot_reach_the_terminal() -> None:
    error = ConfigError("m.yaml", [Problem(Place("m.yaml", 1, 3), msg("the mapping writes nothing"))])
    text = shown(error_view(error, lambda place: excerpt(place, "\x1b[31m\tx\u202e"), translator("en")))

    assert not {"\x1b", "\t", "\u202e"} & set(text)


@LANGUAGES
def test_an_error_without_a_file_shows_its_hint(language: str) -> None:
    say = translator(language)
    error = InputError(msg("the mapping writes nothing"), hint=msg("Add the operator 'date' to it."))
    text = shown(error_view(error, lambda _place: None, say))

    assert say(error.message) in text
    assert say(error.hint) in text


def test_limits_of_the_guards_are_those_of_the_installation(books: Any) -> None:
    planned = books.planned(limits=Limits(share_changed=Decimal(90), issue_share=Decimal(50)))

    assert "STOPPED" not in shown(planned_view(planned, books.policy, translator("en")))
