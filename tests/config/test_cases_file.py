"""Files of cases: what is taken, and what is told of a case that the mapping knows nothing of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from rich_mapping import RICH

from u8sync.config.cases_file import load_cases
from u8sync.config.mapping_file import load_mapping
from u8sync.domain.cases import CaseFile, Reading, Writing
from u8sync.errors import ConfigError

Expect = Callable[..., None]

HEAD = "version: 1\nmapping: m.yaml\ncases:\n"


@pytest.fixture
def load(tmp_path: Path) -> Callable[[Path], CaseFile]:
    """The loader of the folder's file, beside which the mapping stands."""
    (tmp_path / "m.yaml").write_text(RICH, encoding="utf-8", newline="\n")
    return lambda path: load_cases(path, "file.yaml")


def loaded(tmp_path: Path, load: Callable[[Path], CaseFile], text: str) -> CaseFile:
    path = tmp_path / "file.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def test_a_case_has_the_values_as_typed_and_as_the_field_means_them(
    tmp_path: Path, load: Callable[[Path], CaseFile]
) -> None:
    file = loaded(
        tmp_path,
        load,
        HEAD
        + "- name: 甲\n"
        + "  given: {cCCCode: 0101, cCusDefine4: NO, dCusDevDate: ~, cCusName: ' 名 '}\n"
        + "  expect: {class: 0101, roles: 供应商, since: 2024-02-29, name: '', special: ~}\n"
        + "  issues: {roles: value table, since: }\n  set_aside: no\n  expect_raw: {cCusDefine4: 1e3}\n"
        + "- {name: 乙, way: openapi, write: {tier: VIP, roles: [供应商, 分销商]}, expect_raw: {self_define5: 01}}\n"
        + "- {name: 丙, given: {cCCCode: 1}, issues: [class]}\n",
    )
    reading, writing, third = file.cases
    assert isinstance(reading, Reading)
    assert reading.given == {"cCCCode": "0101", "cCusDefine4": "NO", "dCusDevDate": None, "cCusName": " 名 "}
    assert reading.expect == {
        "class": "0101",
        "roles": ("供应商",),
        "since": date(2024, 2, 29),
        "name": None,
        "special": None,
    }
    assert (reading.issues, reading.set_aside) == ({"roles": "value table", "since": None}, False)
    assert (reading.way, reading.expect_raw, str(reading.place)) == ("sql", {"cCusDefine4": "1e3"}, "file.yaml:4:3")
    assert isinstance(writing, Writing)
    assert (writing.way, writing.write) == ("openapi", {"tier": "VIP", "roles": ("供应商", "分销商")})
    assert writing.expect_raw == {"self_define5": "01"}
    assert isinstance(third, Reading)
    assert (third.issues, third.set_aside) == ({"class": None}, None)


def test_the_way_of_the_file_counts_for_cases_without_one(tmp_path: Path, load: Callable[[Path], CaseFile]) -> None:
    text = HEAD.replace("cases", "way: openapi\ncases") + "- {name: a, given: {name: x}, issues: []}\n"
    text += "- {name: b, way: sql, given: {cCusName: x}, issues: []}\n"
    assert [case.way for case in loaded(tmp_path, load, text).cases] == ["openapi", "sql"]


def test_the_mapping_is_found_from_the_folder_of_the_file_and_named_so(tmp_path: Path) -> None:
    (tmp_path / "sets").mkdir()
    (tmp_path / "m.yaml").write_text(RICH, encoding="utf-8")
    (tmp_path / "sets" / "001.yaml").write_text("extends: ../m.yaml\n", encoding="utf-8")
    path = tmp_path / "sets" / "a.cases.yaml"
    path.write_text(HEAD.replace("m.yaml", "../sets/001.yaml") + "- {name: a, given: {cCCCode: 1}, issues: []}\n")
    file = load_cases(path, "x/sets/a.cases.yaml")
    assert file.mapping_file == "x/sets/001.yaml"
    assert file.mapping.fields[0].place.file == "x/m.yaml"


def test_another_mapping_can_be_tested_in_place_of_the_one_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(RICH, encoding="utf-8")
    instead = (load_mapping(tmp_path / "other.yaml", "other.yaml"), "other.yaml")
    path = tmp_path / "a.cases.yaml"
    path.write_text(HEAD.replace("m.yaml", "gone.yaml") + "- {name: a, given: {cCCCode: 1}, issues: []}\n")
    assert load_cases(path, "a.cases.yaml", instead).mapping_file == "other.yaml"


@pytest.mark.parametrize(
    ("case", "told"),
    [
        pytest.param("given: {▲cCCode: 1}", "the mapping reads no column 'cCCode' for sql", id="unknown column"),
        pytest.param(
            "given: {▲cccode: 1}", "the mapping reads no column 'cccode' for sql", id="column in small letters"
        ),
        pytest.param(
            "given: {▲sort_code: 1}", "the mapping reads no column 'sort_code' for sql", id="other way's column"
        ),
        pytest.param("given: {cCCCode: ▲[1]}", "expected a text, found a list", id="a list of raw values"),
        pytest.param("given: ▲{}", "too few entries; at least 1", id="nothing given"),
        pytest.param("way: ▲sqlite, given: {cCCCode: 1}", "unknown word 'sqlite'", id="unknown way"),
        pytest.param("given: {cCCCode: 1}, expect: {▲klass: x}", "unknown field 'klass'", id="unknown field"),
        pytest.param("given: {cCCCode: 1}, expect: {▲Class: x}", "unknown field 'Class'", id="field in capitals"),
        pytest.param(
            "given: {cCusCode: 1}, expect: {▲code: 1}",
            "the customer code stays as it is; 'code' is not possible here",
            id="the code",
        ),
        pytest.param("given: {cCCCode: 1}, expect: {class: ▲[x]}", "expected a text, found a list", id="list for text"),
        pytest.param(
            "given: {cCCCode: 1}, expect: {since: ▲[x]}",
            "expected a date (YYYY-MM-DD), found a list",
            id="list for date",
        ),
        pytest.param(
            "given: {cCCCode: 1}, expect: {since: ▲2023-02-29}",
            "expected a date (YYYY-MM-DD), found '2023-02-29'",
            id="no such day",
        ),
        pytest.param(
            "given: {cCCCode: 1}, expect: {since: ▲20230228}",
            "expected a date (YYYY-MM-DD), found '20230228'",
            id="a day without hyphens",
        ),
        pytest.param(
            "given: {cCCCode: 1}, expect: {class: ▲{a: b}}",
            "a value is a text, a list of texts, or ~ for empty",
            id="a group for a value",
        ),
        pytest.param(
            "given: {cCCCode: 1}, expect: {roles: ▲[a, ~]}",
            "a value is a text, a list of texts, or ~ for empty",
            id="a list with nothing in it",
        ),
        pytest.param("given: {cCCCode: 1}, issues: [class, ▲klas]", "unknown field 'klas'", id="issue of no field"),
        pytest.param("given: {cCCCode: 1}, issues: {▲klas: x}", "unknown field 'klas'", id="issue by name"),
        pytest.param(
            "given: {cCCCode: 1}, issues: ▲[[a]]",
            "issues are a list of fields, or fields with a part of the message",
            id="issues that are none",
        ),
        pytest.param("given: {cCCCode: 1}, set_aside: ▲maybe", "expected true or false, found 'maybe'", id="no flag"),
        pytest.param("given: {cCCCode: 1}, ▲expects: {}", "unknown key 'expects'", id="unknown key"),
        pytest.param(
            "given: {cCCCode: 1}, expect_raw: {▲cCCCode: 1}",
            "nothing is written into a column 'cCCCode' here",
            id="a column that is not written",
        ),
        pytest.param(
            "given: {cCCCode: 1}, expect_raw: {▲cCusDefine5: VIP}",
            "nothing is written into a column 'cCusDefine5' here",
            id="a tier is not decided by a given customer",
        ),
        pytest.param(
            "given: {cCCCode: 1}, issues: [], ▲write: {tier: VIP}",
            "a case has either 'given' or 'write', not both",
            id="both",
        ),
        pytest.param(
            "write: {▲class: x}, expect_raw: {cCusDefine5: x}",
            "the mapping writes nothing named 'class' for sql",
            id="a field that is not written",
        ),
        pytest.param(
            "way: openapi, write: {▲grade_too: x}, issues: []",
            "the mapping writes nothing named 'grade_too' for openapi",
            id="a field that this way does not have",
        ),
        pytest.param("write: {roles: ▲~}, issues: []", "a value is missing", id="nothing to write"),
        pytest.param("write: {roles: ▲[]}, issues: []", "a value is missing", id="an empty list to write"),
        pytest.param("write: {tier: ▲[VIP]}, issues: []", "expected a text, found a list", id="several tiers"),
        pytest.param(
            "write: {tier: VIP, ▲grade_too: 重要}, issues: []",
            "'tier' is written into the same column already",
            id="two values for one column",
        ),
        pytest.param(
            "write: {tier: VIP}, expect_raw: {▲cCusDefine4: x}",
            "nothing is written into a column 'cCusDefine4' here",
            id="a column that this case does not write",
        ),
        pytest.param(
            "write: {tier: VIP}, ▲expect: {grade: VIP}, expect_raw: {cCusDefine5: VIP}",
            "'expect' does not go with 'write'; use 'expect_raw' and 'issues'",
            id="reading what is written",
        ),
        pytest.param(
            "write: {tier: VIP}, ▲set_aside: false, issues: []",
            "'set_aside' does not go with 'write'; use 'expect_raw' and 'issues'",
            id="setting aside what is written",
        ),
    ],
)
def test_a_case_that_cannot_be_is_told_at_its_place(
    expect: Expect, load: Callable[[Path], CaseFile], case: str, told: str
) -> None:
    # Whatever else is wrong with the case, it expects something.
    more = "" if any(key in case for key in ("expect", "issues", "write")) else ", issues: []"
    expect(f"{HEAD}- {{name: a, {case}{more}}}\n", load, told)


def test_a_case_that_expects_nothing_is_refused(expect: Expect, load: Callable[[Path], CaseFile]) -> None:
    expect(HEAD + "- ▲{name: a, given: {cCCCode: 1}}\n", load, "the case 'a' expects nothing")
    expect(HEAD + "- ▲{name: a, write: {tier: VIP}}\n", load, "the case 'a' expects nothing")
    expect(HEAD + "- ▲{name: a, issues: []}\n", load, "the case 'a' has neither 'given' nor 'write'")


def test_a_name_stands_once(expect: Expect, load: Callable[[Path], CaseFile]) -> None:
    case = "given: {cCCCode: 1}, issues: []"
    text = f"{HEAD}- {{name: a, {case}}}\n- {{name: ▲'a ', {case}}}\n"
    expect(text, load, "'a' stands here again; it stands first at file.yaml:4:10")


def test_every_problem_is_told_at_once(expect: Expect, load: Callable[[Path], CaseFile]) -> None:
    text = (
        HEAD
        + "- {name: a, given: {▲cX: 1}, expect: {▲x: 1}}\n"
        + "- {given: {▲cCCode: 1}, issues: []}\n".replace("▲", "")
        + "- {name: c, given: {cCCCode: 1}, ▲isues: []}\n"
    )
    expect(
        text.replace("- {given", "- ▲{given"),
        load,
        "the mapping reads no column 'cX' for sql",
        "unknown field 'x'",
        "the key 'name' is missing",
        "unknown key 'isues'",
    )


def hints(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_cases(path, path.name)
    return [str(problem.hint) for problem in caught.value.problems]


def test_the_nearest_name_is_offered(tmp_path: Path, load: Callable[[Path], CaseFile]) -> None:
    path = tmp_path / "file.yaml"
    cases = [
        "given: {ccccode: 1}, expect: {klass: x}, issues: [Roles]",
        "given: {sort_code: 1}, issues: []",
        "write: {Tier: VIP}, issues: []",
        "write: {tier: VIP}, expect_raw: {cCusDefine55: x}",
    ]
    path.write_text(HEAD + "".join(f"- {{name: c{n}, {case}}}\n" for n, case in enumerate(cases)), encoding="utf-8")
    column, field, issue, way, tier, written = hints(path)
    assert column.startswith("Did you mean 'cCCCode'? Known: cCusCode,")
    assert field.startswith("Did you mean 'class'?")
    assert issue.startswith("Did you mean 'roles'?")
    assert way == "It is one for openapi: say 'way: openapi'."
    assert tier == "Did you mean 'tier'? Known: tier, roles, note, grade, grade_too."
    assert written == "Did you mean 'cCusDefine5'? Known: cCusDefine5, cCusDefine6."


@pytest.mark.parametrize("named", ["gone.yaml", "'.'", "'a\tb'", "../m.yaml"])
def test_a_mapping_that_is_not_there_is_told(expect: Expect, tmp_path: Path, named: str) -> None:
    text = f"version: 1\nmapping: ▲{named}\ncases: [{{name: a, given: {{cX: 1}}, issues: []}}]\n"
    shown = {"'.'": ".", "'a\tb'": "a\tb"}.get(named, named)
    expect(text, lambda path: load_cases(path, "file.yaml"), f"there is no file {shown}")


def test_the_problems_of_the_mapping_are_told_in_its_file(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(RICH.replace("[half_width", "[halfwidth"), encoding="utf-8")
    path = tmp_path / "file.yaml"
    for case, places in (("issues: []", ["m.yaml:10"]), ("isues: []", ["file.yaml:4", "m.yaml:10"])):
        path.write_text(HEAD + f"- {{name: a, given: {{cCCCode: 1}}, {case}}}\n", encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            load_cases(path, "file.yaml")
        assert [f"{p.place.file}:{p.place.line}" for p in caught.value.problems if p.place] == places


def test_a_mapping_that_is_no_yaml_is_told_where_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_bytes(b"\xff")
    path = tmp_path / "file.yaml"
    path.write_text(HEAD + "- {name: a, given: {cCCCode: 1}, issues: []}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="not UTF-8") as caught:
        load_cases(path, "file.yaml")
    assert caught.value.file == "m.yaml"
