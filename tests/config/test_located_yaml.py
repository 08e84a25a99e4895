import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from u8sync.config import located_yaml
from u8sync.config.located_yaml import MAX_BYTES, Located, excerpt, load
from u8sync.errors import ConfigError
from u8sync.text import Place

Complaints = Callable[[str | bytes, Callable[[Path], object]], list[str]]


@pytest.fixture(params=["libyaml", "PyYAML"], autouse=True)
def scanner(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both scanners that may be at work on a user's machine."""
    if request.param == "libyaml" and not yaml.__with_libyaml__:
        pytest.skip("PyYAML was built without libyaml")
    monkeypatch.setattr(located_yaml, "_LOADER", yaml.CSafeLoader if request.param == "libyaml" else yaml.SafeLoader)


def read(path: Path) -> Located:
    return load(path, "x.yaml")


def given(tmp_path: Path, content: str | bytes) -> Located:
    path = tmp_path / "file.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read(path)


def test_every_scalar_is_text_as_typed(tmp_path: Path) -> None:
    text = (
        "code: 0101\nno: NO\ntime: 12:30\nexp: 1e3\nday: 2026-02-30\nhex: 0x1F\nfloat: 1_000.50\non: on\n"
        "quoted: 'null'\ndouble: \"~\"\n01: x\nnull: y\n"
    )
    assert given(tmp_path, text).value == {
        "code": "0101",
        "no": "NO",
        "time": "12:30",
        "exp": "1e3",
        "day": "2026-02-30",
        "hex": "0x1F",
        "float": "1_000.50",
        "on": "on",
        "quoted": "null",
        "double": "~",
        "01": "x",
        "null": "y",
    }


def test_nothing_a_tilde_and_null_are_null(tmp_path: Path) -> None:
    assert given(tmp_path, "a:\nb: ~\nc: null\nd: [~, '']\n").value == {
        "a": None,
        "b": None,
        "c": None,
        "d": [None, ""],
    }


def test_everything_knows_its_place(tmp_path: Path) -> None:
    located = given(tmp_path, "a:\n  b: [x, y]\n  客户: {c: 1}\n")
    assert located.key_place(("a", "b")) == Place("x.yaml", 2, 3)
    assert located.value_place(("a", "b", 1)) == Place("x.yaml", 2, 10)
    assert located.key_place(("a", "b", 1)) == Place("x.yaml", 2, 10)
    assert located.value_place(("a", "客户", "c")) == Place("x.yaml", 3, 11)
    assert located.value_place(("a", "b", 7, "z")) == Place("x.yaml", 2, 6)


def test_line_breaks_of_every_kind_count_the_same(tmp_path: Path) -> None:
    located = given(tmp_path, "a: 1\r\nb: 2\rc: 3\nd: 4\n")
    assert [located.key_place((key,)).line for key in "abcd"] == [1, 2, 3, 4]


def test_the_digest_is_of_the_bytes(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbfversion: 1\r\n"
    assert given(tmp_path, data).sha256 == hashlib.sha256(data).hexdigest()


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    located = given(tmp_path, b"\xef\xbb\xbfversion: 1\n")
    assert located.value == {"version": "1"}
    assert located.key_place(("version",)) == Place("x.yaml", 1, 1)


def test_a_key_can_be_taken_out_and_the_rest_keeps_its_places(tmp_path: Path) -> None:
    located = given(tmp_path, "a: {b: 1, c: 2}\nd: 3\n").without(("a", "b"))
    assert located.value == {"a": {"c": "2"}, "d": "3"}
    assert located.value_place(("a", "c")) == Place("x.yaml", 1, 14)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("a: 1\nb:\n\t- c\n", "3:1 a tab stands here; YAML is indented with blanks only", id="tab"),
        pytest.param("a:\n  - x\n \t- y\n", "3:2 a tab stands here; YAML is indented with blanks only", id="tab later"),
        pytest.param(
            "a: 1\nbcd\nc: 2\n", "3:1 a ':' is missing in the line before, or it is indented wrongly", id="no :"
        ),
        pytest.param("a: b: c\n", "1:5 a ':' is not possible here", id="two :"),
        pytest.param("a：1\nb: 2\n", "2:2 a ':' is not possible here", id="full-width colon"),
        pytest.param("客户: @x\n", "1:5 a text cannot begin with this character", id="@"),
        pytest.param("a: 1\nb: 'xyz\nc: 1\n", "2:4 a quote that opens here is never closed", id="quote"),
        pytest.param("a: [1, 2\nb: 1\n", "2:2 a ',' or a closing bracket is missing before this", id="bracket"),
        pytest.param("a:\n    b: 1\n  c: 2\n", "3:3 the indentation does not fit the lines above", id="indentation"),
        pytest.param("a: ]\n", "1:4 this is not valid YAML", id="anything else"),
        pytest.param("a: 1\n---\nb: 2\n", "2:1 a second document begins here; a file holds one only", id="documents"),
        pytest.param("", "1:1 the file is empty", id="empty"),
        pytest.param("# only a comment\n", "1:1 the file is empty", id="comment"),
        pytest.param("- a\n", "1:1 the file must begin with keys, such as 'version: 1'", id="list"),
        pytest.param("hello\n", "1:1 the file must begin with keys, such as 'version: 1'", id="text"),
        pytest.param("a: !!str 01\n", "1:4 tags ('!') are not taken here; write the plain value", id="tag"),
        pytest.param("a: !x {b: 1}\n", "1:4 tags ('!') are not taken here; write the plain value", id="own tag"),
        pytest.param("a: 1\n? \n: 1\n", "2:2 a key is missing before this ':'", id="no key"),
        pytest.param("? [a]\n: 1\n", "1:3 a key must be a plain word", id="list as key"),
        pytest.param("{a: 1}: 2\n", "1:1 a key must be a plain word", id="group as key"),
        pytest.param("a: x\x07y\n", "1:5 a character that cannot be printed stands here (U+0007)", id="bell"),
        pytest.param(
            "a: b\n客: \ufeff\n", "2:4 a character that cannot be printed stands here (U+FEFF)", id="inner BOM"
        ),
        pytest.param('a: "x\\0y"\n', "1:4 a character that cannot be printed stands here (U+0000)", id="escaped"),
    ],
)
def test_what_is_not_taken_is_told_with_its_place(complaints: Complaints, text: str, told: str) -> None:
    assert complaints(text, read) == [told]


@pytest.mark.parametrize(
    "text",
    ["x: &a 1\ny: *a\n", "x: *a\n", "x: {<<: {a: 1}}\n", "x: {<<: *a, b: 1}\n", "&a k: 1\n", "? *a\n: 1\n"],
)
def test_anchors_aliases_and_merge_keys_are_refused_once(complaints: Complaints, text: str) -> None:
    (told,) = complaints(text, read)
    assert told.endswith("anchors (&), aliases (*) and merge keys (<<) are not taken here")


def test_a_quoted_merge_key_is_a_key(tmp_path: Path) -> None:
    assert given(tmp_path, "'<<': 1\n").value == {"<<": "1"}


def test_an_alias_bomb_is_one_quick_problem(complaints: Complaints) -> None:
    levels = ["a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    levels += [f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]" for n in range(9)]
    began = time.perf_counter()
    told = complaints("\n".join(levels), read)
    assert told == ["1:4 anchors (&), aliases (*) and merge keys (<<) are not taken here"]
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_three_thousand_openings_are_one_problem(complaints: Complaints, opening: str) -> None:
    (told,) = complaints("a:\n " + opening * 3000, read)
    assert told.endswith("nested deeper than 50 levels")


def test_the_deepest_nesting_that_is_taken(tmp_path: Path) -> None:
    assert given(tmp_path, "a: " + "[" * 49 + "]" * 49).value
    with pytest.raises(ConfigError):
        given(tmp_path, "a: " + "[" * 51 + "]" * 51)


def test_each_repeated_key_is_told_with_both_places(complaints: Complaints) -> None:
    text = "a: 1\nb: {c: 1, d: 2, c: 3}\na: 2\na: 3\n"
    assert complaints(text, read) == [
        "2:17 'c' stands here again; it stands first at x.yaml:2:5",
        "3:1 'a' stands here again; it stands first at x.yaml:1:1",
        "4:1 'a' stands here again; it stands first at x.yaml:1:1",
    ]


def test_problems_before_a_syntax_error_are_told_too(complaints: Complaints) -> None:
    assert complaints("a: 1\na: !t 2\nb: @\n", read) == [
        "2:1 'a' stands here again; it stands first at x.yaml:1:1",
        "2:4 tags ('!') are not taken here; write the plain value",
        "3:4 a text cannot begin with this character",
    ]


def test_a_file_that_ends_too_early_is_told_on_its_last_line(complaints: Complaints) -> None:
    for text, place in (("a: {b: c", "1:9"), ("a: [\nb", "2:2"), ("a: {b: c\n", "2:1")):
        [told] = complaints(text, read)
        assert told == f"{place} a ',' or a closing bracket is missing before this"


def test_a_windows_path_in_double_quotes_gets_its_own_advice(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        given(tmp_path, 'a: "C:\\data"\n')
    (problem,) = caught.value.problems
    assert str(problem.message) == "a backslash has a special meaning in double quotes"
    assert str(problem.hint) == "Put the text in single quotes."


def test_the_hint_about_brackets_shows_plain_braces(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        given(tmp_path, "a: {x: 1\nb: 1\n")
    assert str(caught.value.problems[0].hint) == "A list in brackets is [a, b]; keys in braces are {a: 1, b: 2}."


def test_an_escape_beyond_unicode_is_no_crash(complaints: Complaints) -> None:
    assert len(complaints('a: "\\U00110000"\n', read)) == 1
    assert len(complaints('a: "\\ud800"\n', read)) == 1


def test_gbk_is_told_with_the_place_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        given(tmp_path, b"version: 1\nlabel: " + "客户".encode("gbk"))
    (problem,) = caught.value.problems
    assert problem.place == Place("x.yaml", 2, 8)
    assert str(problem.message) == "the file is not UTF-8 text from here on (byte 0xbf)"
    assert "Save the file as UTF-8" in str(problem.hint)


def test_utf_16_is_not_taken(complaints: Complaints) -> None:
    assert complaints("version: 1\n".encode("utf-16"), read) == [
        f"1:1 the file is not UTF-8 text from here on (byte 0x{'version'.encode('utf-16')[0]:02x})"
    ]


def test_a_file_beyond_the_cap_is_not_parsed(complaints: Complaints) -> None:
    assert complaints("#" * (MAX_BYTES + 1), read) == ["- the file is larger than 256 KiB"]
    assert complaints("#" * MAX_BYTES, read) == ["1:1 the file is empty"]


def test_a_missing_file_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path / "none.yaml")
    (problem,) = caught.value.problems
    assert (problem.place, str(problem.message)) == (None, "there is no such file")
    assert str(tmp_path / "none.yaml") in str(problem.hint)


@pytest.mark.parametrize("name", ["bad\0name", "n" * 5000])
def test_an_impossible_file_name_is_a_problem(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path / name)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="this is a folder, not a file"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("text", "line", "column", "shown", "caret"),
    [
        pytest.param("a: 1\nbc: 2\n", 2, 5, "bc: 2", "    ^", id="latin"),
        pytest.param("客户: 值\n", 1, 5, "客户: 值", "      ^", id="Chinese counts twice"),
        pytest.param("a：b\n", 1, 3, "a：b", "   ^", id="full width counts twice"),
        pytest.param("e\u0301: 1\n", 1, 5, "e\u0301: 1", "   ^", id="an accent counts nothing"),
        pytest.param("\ta: 1\n", 1, 2, " a: 1", " ^", id="a tab is one blank"),
        pytest.param("a: \x1b[31m\n", 1, 4, "a: ?[31m", "   ^", id="no terminal codes"),
        pytest.param("a: 1\r\nb: 2", 2, 1, "b: 2", "^", id="carriage return"),
        pytest.param("a: 1", 9, 3, "", "^", id="past the end"),
        pytest.param("  password: hunter2", 1, 3, "  password: ***", "  ^", id="secret"),
        pytest.param("{app_secret: x, a: 1}", 1, 2, "{app_secret: ***", " ^", id="secret in braces"),
        pytest.param("a: {b: 'UID=sa;PWD=hunter2'}", 1, 1, "a: {b: 'UID=sa;PWD= ***", "^", id="secret in a text"),
        pytest.param("url: x://sa:hunter2@u8/a", 1, 1, "url: x://sa: ***", "^", id="secret in an address"),
        pytest.param("密码：hunter2", 1, 1, "密码： ***", "^", id="secret behind a full-width colon"),
        pytest.param("password:\n  # new\n\n  hunter2: x", 4, 10, "***", "   ^", id="secret on the next line"),
        pytest.param("pwd: {\n  keyring:\n    user: hunter2", 3, 5, "***", "   ^", id="secret two levels down"),
        pytest.param("pwd:\n  env: X\nfile: a", 3, 1, "file: a", "^", id="beside a secret"),
        pytest.param("a:\n# pwd: X\n  file: b", 3, 3, "  file: b", "  ^", id="below a comment"),
    ],
)
def test_the_caret_stands_under_the_column(text: str, line: int, column: int, shown: str, caret: str) -> None:
    assert excerpt(Place("x.yaml", line, column), text) == (shown, caret)


def test_a_long_line_is_cut_around_the_column() -> None:
    shown, caret = excerpt(Place("x.yaml", 1, 301), "x" * 300 + "Y" + "z" * 300)
    assert len(shown) == 60
    assert shown[len(caret) - 1] == "Y"
