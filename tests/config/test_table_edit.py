"""Editing a mapping file that a person wrote: the wanted lines change, and not one other byte."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from u8sync.config.mapping_file import load_mapping
from u8sync.config.table_edit import Edited, edit_table, put_in_place
from u8sync.domain.coverage import tables_of
from u8sync.domain.operators.words import BLANKS
from u8sync.domain.table_lines import plain_or_quoted, quoted, single_quoted, writable
from u8sync.domain.table_sheet import Change
from u8sync.errors import ConfigError, InputError

HEAD = """# 客户档案
version: 1
fields:
  code: {label:   编码, columns: {sql: cCusCode}}   # stays
  f: {label: 角色, columns: {sql: f}, operators: [trim, {table: roles}]}
  g: {label: 类型, columns: {sql: g}, operators: [{table: others}]}

"""
BLOCK = """tables:
  roles:   # 销售部
    unmapped: issue
    values:

      # first
      "01":   一般   # ordinary
      '02': '重要'
      供应商 : "供应商"
      # last
  others:
    values: {"01": x,   "02": y}
"""


def edit(path: Path, text: str | bytes, *changes: tuple[str, str | None], table: str = "roles") -> Edited:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    now = yaml.load(path.read_bytes().decode("utf-8-sig"), Loader=yaml.BaseLoader)["tables"][table]["values"]  # noqa: S506
    wanted = [Change(left, now.get(left), after) for left, after in changes]
    return edit_table(path, "m.yaml", table, "exact", wanted)


def edited(path: Path, text: str, *changes: tuple[str, str | None], table: str = "roles") -> str:
    return edit(path, text, *changes, table=table).after.decode()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "m.yaml"


def test_meanings_change_in_place_and_keep_comment_and_quotes(file: Path) -> None:
    text = HEAD + BLOCK
    after = edited(file, text, ("01", "重要"), ("02", "it's"), ("供应商", "VIP"))
    assert after == (
        text.replace('"01":   一般 ', '"01":   重要 ')
        .replace("'02': '重要'", "'02': 'it''s'")
        .replace('供应商 : "供应商"', '供应商 : "VIP"')
    )


def test_a_plain_meaning_gets_quotes_where_it_needs_them(file: Path) -> None:
    assert '"01":   "1: # 2"   # ordinary' in edited(file, HEAD + BLOCK, ("01", "1: # 2"))
    assert "'02': \"a\\tb\"" in edited(file, HEAD + BLOCK, ("02", "a\tb"))


def test_new_lines_come_below_the_last_one_in_their_order(file: Path) -> None:
    text = HEAD + BLOCK
    after = edited(file, text, ("X9", "一般"), ("007", "重要"))
    last = '      供应商 : "供应商"\n'
    assert after == text.replace(last, f'{last}      "X9": 一般\n      "007": 重要\n')


def test_a_line_goes_with_its_comment_and_the_others_stay(file: Path) -> None:
    text = HEAD + BLOCK
    assert edited(file, text, ("01", None)) == text.replace('      "01":   一般   # ordinary\n', "")


def test_everything_at_once(file: Path) -> None:
    text = HEAD + BLOCK
    found = edit(file, text, ("01", None), ("X9", "一般"), ("供应商", "大供应商"), ("02", None))
    lines = found.after.decode().split("\n")
    assert [(each.kind, each.left, each.before, each.after) for each in found.edits] == [
        ("changed", "供应商", "供应商", "大供应商"),
        ("added", "X9", None, "一般"),
        ("removed", "01", "一般", None),
        ("removed", "02", "重要", None),
    ]
    assert [lines[each.place.line - 1].strip() for each in found.edits[:2]] == ['供应商 : "大供应商"', '"X9": 一般']
    before = text.split("\n")
    assert ["0" in before[each.place.line - 1] for each in found.edits[2:]] == [True, True]


def test_braces_are_edited_in_braces(file: Path) -> None:
    text = HEAD + BLOCK
    after = edited(file, text, ("01", None), ("02", "z, {"), ("03", "a"), table="others")
    assert after == text.replace('{"01": x,   "02": y}', '{"02": "z, {", "03": a}')
    assert '{"01": x}' in edited(file, text, ("02", None), table="others")
    assert '{"07": a}' in edited(file, text, ("01", None), ("02", None), ("07", "a"), table="others")


def test_braces_over_several_lines(file: Path) -> None:
    text = HEAD + BLOCK.replace('{"01": x,   "02": y}', '{\n      "01": x,   # one\n      "02": y, # two\n    }')
    after = edited(file, text, ("03", "z"), ("02", "w"), table="others")
    assert after == text.replace('"02": y,', '"02": w, "03": z,')


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["no mark", "byte order mark"])
@pytest.mark.parametrize("last", [True, False], ids=["ends with a line end", "ends without"])
def test_line_ends_and_the_byte_order_mark_stay(file: Path, *, end: str, mark: bytes, last: bool) -> None:
    text = HEAD + BLOCK.replace('  others:\n    values: {"01": x,   "02": y}\n', "").replace("      # last\n", "")
    text = text.replace("  g: {label: 类型, columns: {sql: g}, operators: [{table: others}]}\n", "")
    before = text.rstrip("\n") + ("\n" if last else "")
    found = edit(file, mark + before.replace("\n", end).encode(), ("X9", "一般"))
    new = '      "X9": 一般'
    after = f"{before}{new}\n" if last else f"{before}\n{new}"
    assert found.after == mark + after.replace("\n", end).encode()
    put_in_place(
        found, "m.yaml", "roles", {"01": "一般", "02": "重要", "供应商": "供应商", "X9": "一般"}, dry_run=False
    )
    assert file.read_bytes() == found.after


@pytest.mark.parametrize(
    ("there", "becomes"),
    [
        pytest.param(
            "tables:\n  others:\n    values:\n      a: b   # c\n# end\n",
            'tables:\n  others:\n    values:\n      a: b   # c\n  roles:\n    values:\n      "X9": 一般\n# end\n',
            id="a table that this file does not have",
        ),
        pytest.param(
            "tables:\n   roles:\n     unmapped: keep\n   others:\n     values: {}\n",
            'tables:\n   roles:\n     unmapped: keep\n     values:\n       "X9": 一般\n   others:\n     values: {}\n',
            id="a table without lines of its own",
        ),
        pytest.param(
            "extends: base.yaml\n# end",
            'extends: base.yaml\n\ntables:\n  roles:\n    values:\n      "X9": 一般\n# end',
            id="a file without tables",
        ),
        pytest.param(
            "extends: base.yaml",
            'extends: base.yaml\n\ntables:\n  roles:\n    values:\n      "X9": 一般',
            id="likewise, without a line end",
        ),
        pytest.param(
            "note: |\n  a\n  b\n\n\nversion: 1\n...\n",
            'note: |\n  a\n  b\n\n\nversion: 1\n\ntables:\n  roles:\n    values:\n      "X9": 一般\n...\n',
            id="before the end of the document",
        ),
        pytest.param(
            "version: 1\nnote: |\n  a\n  b\n",
            'version: 1\nnote: |\n  a\n  b\n\ntables:\n  roles:\n    values:\n      "X9": 一般\n',
            id="below a text of several lines",
        ),
    ],
)
def test_a_line_of_a_file_that_this_one_builds_on_is_given_again_here(file: Path, there: str, becomes: str) -> None:
    file.write_bytes(there.encode())
    (file.parent / "base.yaml").write_text("tables: {roles: {values: {X9: 重要}}}\n", encoding="utf-8")
    found = edit_table(file, "m.yaml", "roles", "exact", [Change("X9", "重要", "一般")])
    assert found.after.decode() == becomes
    assert [(each.kind, each.before, each.after) for each in found.edits] == [("changed", "重要", "一般")]
    assert becomes.splitlines()[found.edits[0].place.line - 1].strip() == '"X9": 一般'


@pytest.mark.parametrize(
    ("text", "change", "says"),
    [
        pytest.param("tables: {others: {values: {a: b}}}\n", ("X9", "x"), "no place for new lines", id="all in braces"),
        pytest.param("tables:\n  roles: {unmapped: keep}\n", ("X9", "x"), "no place", id="the table in braces"),
        pytest.param("tables:\n", ("X9", "x"), "no place for new lines", id="nothing there"),
        pytest.param("{version: 1}\n", ("X9", "x"), "no place for new lines", id="JSON"),
        pytest.param(
            "tables:\n  roles:\n    values:\n      a: |\n        b\n",
            ("a", "x"),
            "written below its line",
            id="a block",
        ),
        pytest.param(
            "tables:\n  roles:\n    values:\n      a: >-\n        b\n",
            ("c", "x"),
            "written below its line",
            id="below one",
        ),
        pytest.param(
            "tables:\n  roles:\n    values:\n      ? a\n      : b\n",
            ("a", None),
            "cannot be removed",
            id="a marked key",
        ),
    ],
)
def test_what_cannot_be_edited_safely_is_refused(
    file: Path, text: str, change: tuple[str, str | None], says: str
) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        edit_table(file, "m.yaml", "roles", "exact", [Change(change[0], "b", change[1])])
    assert says in str(refused.value)
    assert file.read_text(encoding="utf-8") == text


# Files that build on others -------------------------------------------------------------------------------------------


OVERLAY = """extends: base.yaml   # the company's
tables:
  roles:
    values:
      "02": 大客户   # here
      "08":
      "09": ~   # not here
"""


@pytest.fixture
def overlay(file: Path) -> Path:
    """A file with two lines of its own, on one whose lines are 01, 02, 供应商, 08 and 09."""
    lines = '      "08": 八\n      "09": 九\n      # last\n'
    (file.parent / "base.yaml").write_text(HEAD + BLOCK.replace("      # last\n", lines), encoding="utf-8")
    file.write_text(OVERLAY, encoding="utf-8")
    return file


def on_overlay(overlay: Path, *changes: tuple[str, str | None]) -> tuple[str, list[str]]:
    """The overlay after the changes, and what is told of them; the file below must not change."""
    base = (overlay.parent / "base.yaml").read_bytes()
    now = dict(tables_of(load_mapping(overlay, "m.yaml"))["roles"].meanings)
    assert now == {"01": "一般", "02": "大客户", "供应商": "供应商"}
    found = edit_table(
        overlay, "m.yaml", "roles", "exact", [Change(left, now.get(left), after) for left, after in changes]
    )
    wanted = {left: meaning for left, meaning in {**now, **dict(changes)}.items() if meaning is not None}
    put_in_place(found, "m.yaml", "roles", wanted, dry_run=False)
    assert (overlay.parent / "base.yaml").read_bytes() == base
    return overlay.read_text(encoding="utf-8"), [f"{each.place.line} {each.kind} {each.left}" for each in found.edits]


@pytest.mark.parametrize(
    ("changes", "edits", "told"),
    [
        pytest.param([("02", "VIP")], [('"02": 大客户', '"02": VIP')], ["5 changed 02"], id="a line of its own"),
        pytest.param(
            [("01", "重要")], [("not here\n", 'not here\n      "01": 重要\n')], ["8 changed 01"], id="an inherited line"
        ),
        pytest.param(
            [("07", "七")], [("not here\n", 'not here\n      "07": 七\n')], ["8 added 07"], id="a line that none has"
        ),
        pytest.param([("08", "八")], [('"08":\n', '"08": 八\n')], ["6 added 08"], id="one that was taken away"),
        pytest.param([("09", "九")], [('"09": ~   #', '"09": 九   #')], ["7 added 09"], id="likewise, with a mark"),
        pytest.param(
            [("01", None)], [("not here\n", 'not here\n      "01": ~\n')], ["8 removed 01"], id="take one away"
        ),
        pytest.param(
            [("02", None)], [('"02": 大客户   # here', '"02": ~   # here')], ["5 removed 02"], id="take both away"
        ),
    ],
)
def test_an_overlay_says_what_differs_and_the_file_below_stays(
    overlay: Path, changes: list[tuple[str, str | None]], edits: list[tuple[str, str]], told: list[str]
) -> None:
    wanted = OVERLAY
    for old, new in edits:
        assert old in wanted
        wanted = wanted.replace(old, new)
    assert on_overlay(overlay, *changes) == (wanted, told)


def test_an_overlay_that_knows_nothing_of_the_table_gets_it(overlay: Path) -> None:
    overlay.write_text("extends: base.yaml\n", encoding="utf-8")
    now = {"01": "一般", "02": "重要", "供应商": "供应商", "08": "八", "09": "九"}
    found = edit_table(overlay, "m.yaml", "roles", "exact", [Change("01", "一般", "重要"), Change("02", "重要", None)])
    del now["02"]
    put_in_place(found, "m.yaml", "roles", {**now, "01": "重要"}, dry_run=False)
    assert overlay.read_text(encoding="utf-8") == (
        'extends: base.yaml\n\ntables:\n  roles:\n    values:\n      "01": 重要\n      "02": ~\n'
    )


# The exchange of the file ---------------------------------------------------------------------------------------------


ALL = {"01": "一般", "02": "重要", "供应商": "供应商"}


def test_a_dry_run_leaves_the_file_and_nothing_beside_it(file: Path) -> None:
    found = edit(file, HEAD + BLOCK, ("X9", "一般"))
    put_in_place(found, "m.yaml", "roles", {**ALL, "X9": "一般"}, dry_run=True)
    assert file.read_bytes() == found.before
    assert [each.name for each in file.parent.iterdir()] == ["m.yaml"]


def test_a_file_that_would_not_load_any_more_stays_as_it_was(file: Path) -> None:
    text = HEAD + BLOCK.replace("unmapped: issue", "unmapped: issue\n    spellings: {重要: '02'}")
    found = edit(file, text, ("02", None))
    with pytest.raises(ConfigError) as refused:
        put_in_place(found, "m.yaml", "roles", {"01": "一般", "供应商": "供应商"}, dry_run=False)
    assert "could not be used any more" in str(refused.value)
    assert "'重要' is no meaning of the table" in str(refused.value)
    assert file.read_bytes() == found.before
    assert [each.name for each in file.parent.iterdir()] == ["m.yaml"]


def test_a_file_that_says_something_else_than_was_wanted_does_not_take_its_place(file: Path) -> None:
    found = edit(file, HEAD + BLOCK, ("X9", "一般"))
    with pytest.raises(InputError, match="without touching other lines"):
        put_in_place(found, "m.yaml", "roles", ALL, dry_run=False)
    assert file.read_bytes() == found.before


def test_a_file_that_was_edited_meanwhile_is_not_overwritten(file: Path) -> None:
    found = edit(file, HEAD + BLOCK, ("X9", "一般"))
    file.write_text("somebody else", encoding="utf-8")
    with pytest.raises(InputError, match="edited while"):
        put_in_place(found, "m.yaml", "roles", {**ALL, "X9": "一般"}, dry_run=False)
    assert file.read_text(encoding="utf-8") == "somebody else"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights, and links need a right of their own")
def test_rights_and_links_stay(file: Path) -> None:
    link = file.with_name("link.yaml")
    link.symlink_to(file)
    edit(file, HEAD + BLOCK)
    file.chmod(0o640)
    found = edit_table(link, "m.yaml", "roles", "exact", [Change("X9", None, "一般")])
    put_in_place(found, "m.yaml", "roles", {**ALL, "X9": "一般"}, dry_run=False)
    assert link.is_symlink()
    assert file.stat().st_mode & 0o777 == 0o640
    assert file.read_bytes() == found.after


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="needs a folder that may not be written")
def test_a_folder_that_may_not_be_written_is_told(file: Path) -> None:
    found = edit(file, HEAD + BLOCK, ("X9", "一般"))
    file.parent.chmod(0o500)
    try:
        with pytest.raises(InputError, match="cannot be written"):
            put_in_place(found, "m.yaml", "roles", {**ALL, "X9": "一般"}, dry_run=False)
    finally:
        file.parent.chmod(0o700)


# The law --------------------------------------------------------------------------------------------------------------

KEYS = st.one_of(
    st.sampled_from(["01", "007", "1e3", "NO", "供应商", "a: b", "#", "'", '"', "- x", "{", "null", "~", "a\\b"]),
    st.text("01aX供:#'\"{}[],&*!|>%@`-?~\\ ", min_size=1, max_size=5),
).filter(lambda key: key == key.strip(BLANKS) and bool(key))
MEANINGS = st.sampled_from(
    ["一般", "重要", "VIP", "it's", 'say "x"', "a: b", "no", "01", "a # b", "大 客户", "{x}", "\\"]
)
COMMENTS = st.sampled_from(["", "", "  # 备注: x", " #", "\t# 'quote \" {"])
BETWEEN = st.sampled_from(["", "", "\n", "      # 一段说明\n", "# x: y\n", "   \n"])


def spelt(text: str, style: str) -> str:
    """A text in one of the ways in which people write it."""
    return {"plain": plain_or_quoted(text), "single": single_quoted(text) or quoted(text), "double": quoted(text)}[
        style
    ]


STYLES = st.sampled_from(["plain", "single", "double"])


@st.composite
def tables(draw: st.DrawFn) -> tuple[dict[str, str], list[str], str]:
    """The lines of a table, each with its way of being written, in a file that is somebody's own."""
    lines = draw(st.dictionaries(KEYS, MEANINGS, min_size=1, max_size=6))
    indent = " " * draw(st.integers(5, 9))
    written = [
        draw(BETWEEN)
        + indent
        + spelt(left, draw(STYLES))
        + draw(st.sampled_from([": ", ":   ", " : "]))
        + spelt(meaning, draw(STYLES))
        + draw(COMMENTS)
        for left, meaning in lines.items()
    ]
    tail = draw(st.sampled_from(["", "\n", "\n# end\n", "\n\n  others:\n    values: {a: b}\n"]))
    return lines, written, tail


@settings(deadline=None, max_examples=150)
@given(
    table=tables(),
    new=st.dictionaries(KEYS, MEANINGS, max_size=3),
    ends=st.sampled_from(["\n", "\r\n"]),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    data=st.data(),
)
def test_only_the_lines_that_were_meant_change(
    table: tuple[dict[str, str], list[str], str], new: dict[str, str], ends: str, mark: bytes, data: st.DataObject
) -> None:
    lines, written, tail = table
    fates = {left: data.draw(st.sampled_from(["stays", "changes", "goes"])) for left in lines}
    if all(fate == "goes" for fate in fates.values()):
        fates[next(iter(lines))] = "stays"
    after = {left: data.draw(MEANINGS) if fates[left] == "changes" else meaning for left, meaning in lines.items()}
    changes = [
        *(Change(left, lines[left], None) for left in lines if fates[left] == "goes"),
        *(Change(left, None, meaning) for left, meaning in new.items() if left not in lines),
        *(
            Change(left, lines[left], after[left])
            for left in lines
            if fates[left] == "changes" and after[left] != lines[left]
        ),
    ]
    wanted = {left: meaning for left, meaning in after.items() if fates[left] != "goes"}
    wanted |= {left: meaning for left, meaning in new.items() if left not in lines}
    used = "others" in tail
    head = HEAD if used else HEAD.replace("  g: {label: 类型, columns: {sql: g}, operators: [{table: others}]}\n", "")
    text = head + "tables:\n  roles:\n    values:\n" + "\n".join(written) + tail
    content = mark + text.replace("\n", ends).encode()
    assert all(writable(left) for left in wanted)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "m.yaml"
        path.write_bytes(content)
        found = edit_table(path, "m.yaml", "roles", "exact", changes)
        put_in_place(found, "m.yaml", "roles", wanted, dry_run=False)
        assert path.read_bytes() == found.after
        loaded = tables_of(load_mapping(path, "m.yaml"))["roles"]
    assert dict(loaded.meanings) == wanted
    assert list(loaded.meanings) == [
        *(left for left in lines if fates[left] != "goes"),
        *(n for n in new if n not in lines),
    ]
    assert found.after.startswith(mark)
    assert without(found.after, ends, [e.place.line for e in found.edits if e.kind != "removed"]) == without(
        content, ends, places(content, [change.left for change in changes if change.before is not None])
    )
    for each in found.edits:
        if each.kind == "changed":
            old, line = (
                raw.split(ends.encode())[number - 1]
                for raw, number in ((content, places(content, [each.left])[0]), (found.after, each.place.line))
            )
            start = old.index(b":") if b":" in old else 0
            assert line[:start] == old[:start], "key and indentation stay"


@settings(deadline=None, max_examples=150)
@given(
    lines=st.dictionaries(KEYS, MEANINGS, min_size=1, max_size=5),
    new=st.dictionaries(KEYS, MEANINGS, max_size=3),
    between=st.sampled_from([", ", ",", ",\n      ", ", # x\n      "]),
    behind=st.sampled_from(["", " ", ",", "\n    ", " # x\n    "]),
    data=st.data(),
)
def test_in_braces_only_what_stands_between_them_changes(
    lines: dict[str, str], new: dict[str, str], between: str, behind: str, data: st.DataObject
) -> None:
    pairs = [f"{spelt(left, data.draw(STYLES))}: {spelt(m, data.draw(STYLES))}" for left, m in lines.items()]
    before, inside, after = f"{HEAD}tables:\n  roles:\n    values: {{", between.join(pairs) + behind, "}\n# {}\n"
    before = before.replace("  g: {label: 类型, columns: {sql: g}, operators: [{table: others}]}\n", "")
    goes = [left for left in lines if data.draw(st.booleans())]
    wanted: dict[str, str | None] = {**lines, **new, **dict.fromkeys(goes)}
    there = {left: meaning for left, meaning in wanted.items() if meaning is not None}
    if not there:
        return
    changes = [Change(left, lines.get(left), after) for left, after in wanted.items() if lines.get(left) != after]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "m.yaml"
        path.write_bytes(f"{before}{inside}{after}".encode())
        found = edit_table(path, "m.yaml", "roles", "exact", changes)
        put_in_place(found, "m.yaml", "roles", there, dry_run=False)
        text = path.read_bytes().decode()
    assert text.startswith(before)
    assert text.endswith(after)


def places(content: bytes, lefts: Sequence[str]) -> list[int]:
    """The lines, from 1, on which these left sides stand."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    root = yaml.compose(content.decode("utf-8-sig"), Loader=loader)
    tables_node = next(value for key, value in root.value if key.value == "tables")
    roles = next(value for key, value in tables_node.value if key.value == "roles")
    values = next(value for key, value in roles.value if key.value == "values")
    return [key.start_mark.line + 1 for key, _ in values.value if key.value.strip(BLANKS) in lefts]


def without(content: bytes, ends: str, numbers: Sequence[int]) -> list[bytes]:
    """The lines of a file but for some, and but for empty ones at the end: the last line may have been taken away."""
    kept = [line for number, line in enumerate(content.split(ends.encode()), 1) if number not in numbers]
    while kept and not kept[-1]:
        kept.pop()
    return kept
