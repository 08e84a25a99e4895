"""Files that build on one another: what wins, what is taken away, and which file is named for what."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from u8sync.config.mapping_file import load_mapping, mapping_bytes
from u8sync.config.overlays import MAX_FILES, laid_over, load_chain
from u8sync.domain.mapping import CustomerMapping
from u8sync.errors import ConfigError

BASE = """\
version: 1
fields:
  code: {label: 编码, columns: {sql: cCusCode, openapi: code}}
  kind:
    label: 类型
    columns: {sql: cKind, openapi: kind}
    operators: [trim, {table: kinds}]
    default: 一般
tables:
  kinds:
    unmapped: issue
    values:
      "01": 一般
      "02": 重要
      "03": VIP
"""


def written(folder: Path, files: Mapping[str, str]) -> CustomerMapping:
    """Write files and load the last one."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    last = list(files)[-1]
    return load_mapping(folder / last, last)


def refused(folder: Path, files: Mapping[str, str]) -> list[str]:
    """What is told of files that cannot be loaded: place, message, hint."""
    with pytest.raises(ConfigError) as caught:
        written(folder, files)
    return [f"{p.place} {p.message}" for p in caught.value.problems]


def lines(mapping: CustomerMapping) -> list[tuple[str, str, str]]:
    """The lines of the table of the field ``kind``: value, meaning, file:line."""
    field = mapping.field("kind")
    assert field is not None
    table = field.steps[-1].operator.table
    return [(entry.raw, entry.canonical, f"{entry.place.file}:{entry.place.line}") for entry in table.entries]


def test_what_a_file_says_replaces_what_stands_below_and_the_rest_stays(tmp_path: Path) -> None:
    overlay = 'extends: base.yaml\ntables:\n  kinds:\n    values:\n      "02": VIP\n      "09": 一般\n'
    mapping = written(tmp_path, {"base.yaml": BASE, "site.yaml": overlay})
    assert lines(mapping) == [
        ("01", "一般", "base.yaml:13"),
        ("02", "VIP", "site.yaml:5"),
        ("03", "VIP", "base.yaml:15"),
        ("09", "一般", "site.yaml:6"),
    ]


def test_a_key_without_a_value_takes_away_what_stands_below(tmp_path: Path) -> None:
    overlay = (
        'extends: base.yaml\nfields: {kind: {default: ~, columns: {openapi: }}}\ntables: {kinds: {values: {"03": }}}\n'
    )
    mapping = written(tmp_path, {"base.yaml": BASE, "site.yaml": overlay})
    field = mapping.field("kind")
    assert field is not None
    assert (field.default, field.columns) == (None, {"sql": "cKind"})
    assert [raw for raw, _, _ in lines(mapping)] == ["01", "02"]


def test_a_list_replaces_the_one_below_as_a_whole(tmp_path: Path) -> None:
    overlay = "extends: base.yaml\nfields: {kind: {operators: [half_width, trim, {table: kinds}]}}\n"
    field = written(tmp_path, {"base.yaml": BASE, "site.yaml": overlay}).field("kind")
    assert field is not None
    assert [step.place.file for step in field.steps] == ["site.yaml"] * 3


def test_a_chain_goes_from_product_to_company_to_account_set(tmp_path: Path) -> None:
    files = {
        "product/customer.yaml": BASE,
        "company.yaml": 'extends: product/customer.yaml\ntables: {kinds: {values: {"02": 一般, "04": VIP}}}\n',
        "sets/001.yaml": 'extends: ../company.yaml\ntables: {kinds: {values: {"04": 重要}}}\n',
    }
    assert lines(written(tmp_path, files)) == [
        ("01", "一般", "product/customer.yaml:13"),
        ("02", "一般", "company.yaml:2"),
        ("03", "VIP", "product/customer.yaml:15"),
        ("04", "重要", "sets/001.yaml:2"),
    ]


def test_a_problem_is_told_at_its_place_in_its_file(tmp_path: Path) -> None:
    files = {
        "base.yaml": BASE.replace("一般\ntables", "平常\ntables"),
        "site.yaml": "extends: base.yaml\nfields: {kind: {operators: [trimm, {table: kinds}]}, more: {label: 更多}}\n",
    }
    assert refused(tmp_path, files) == [
        "site.yaml:2:29 unknown operator 'trimm'",
        "site.yaml:2:60 the field 'more' has no column",
    ]


def test_what_takes_nothing_away_is_a_problem(tmp_path: Path) -> None:
    overlay = 'extends: base.yaml\ntables: {kinds: {values: {"77": }}}\n'
    assert "site.yaml:2:27 '77' has no value here, and nothing below that it could take away" in refused(
        tmp_path, {"base.yaml": BASE, "site.yaml": overlay}
    )


def test_a_circle_is_told_with_its_files(tmp_path: Path) -> None:
    files = {"a.yaml": "extends: b.yaml\n", "b.yaml": "extends: sub/../c.yaml\n", "c.yaml": "extends: a.yaml\n"}
    assert refused(tmp_path, files) == ["b.yaml:1:10 'extends' goes in a circle: c.yaml -> a.yaml -> b.yaml -> c.yaml"]


def test_a_file_that_extends_itself_is_a_circle(tmp_path: Path) -> None:
    assert refused(tmp_path, {"a.yaml": "extends: ./a.yaml\n"}) == [
        "a.yaml:1:10 'extends' goes in a circle: a.yaml -> a.yaml"
    ]


def test_a_chain_has_an_end(tmp_path: Path) -> None:
    files = {f"{number}.yaml": f"extends: {number - 1}.yaml\n" for number in range(1, MAX_FILES + 2)}
    assert refused(tmp_path, files) == [f"2.yaml:1:10 a chain of 'extends' has at most {MAX_FILES} files"]


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("gone.yaml", "there is no file gone.yaml"),
        ("../gone.yaml", "there is no file ../gone.yaml"),
        ("'.'", "there is no file ."),
        ("[a.yaml]", "'extends' names one file, such as ../base/customer.yaml"),
        ("", "'extends' names one file, such as ../base/customer.yaml"),
        ("' '", "'extends' names one file, such as ../base/customer.yaml"),
    ],
)
def test_a_file_below_that_cannot_be_used_is_told(tmp_path: Path, named: str, told: str) -> None:
    [problem] = refused(tmp_path, {"a.yaml": f"extends: {named}\n"})
    assert problem.startswith("a.yaml:1:")
    assert problem.endswith(told)


def test_a_file_below_with_a_syntax_error_is_told_there(tmp_path: Path) -> None:
    files = {"base.yaml": "version: 1\nfields: {code\n", "site.yaml": "extends: base.yaml\n"}
    [problem] = refused(tmp_path, files)
    assert problem.startswith("base.yaml:")


def test_the_digest_covers_every_file_and_one_file_alone_is_its_own_bytes(tmp_path: Path) -> None:
    alone = written(tmp_path, {"base.yaml": BASE})
    assert alone.digest == hashlib.sha256(BASE.encode()).hexdigest()
    files = {"base.yaml": BASE, "site.yaml": "extends: base.yaml\n"}
    chained = written(tmp_path, files)
    kept = mapping_bytes(tmp_path / "site.yaml", "site.yaml")
    assert chained.digest == hashlib.sha256(kept).hexdigest()
    assert all(text.encode() in kept for text in files.values())
    assert written(tmp_path, {**files, "base.yaml": BASE + "# edited\n", "site.yaml": files["site.yaml"]}).digest != (
        chained.digest
    )


WORDS = st.sampled_from(["a", "b", "c", "d"])
TREES = st.recursive(
    st.sampled_from(["x", "y"]) | st.lists(st.sampled_from(["x", "y"]), max_size=2),
    lambda inner: st.dictionaries(WORDS, inner, min_size=1, max_size=3),
    max_leaves=8,
)
TOPS = st.dictionaries(WORDS, TREES, min_size=1, max_size=4)


def as_yaml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {as_yaml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_yaml, value)) + "]"
    return str(value)


def over(below: object, above: object) -> object:
    """What must come out, said without places."""
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return {key: over(below[key], above[key]) if key in below and key in above else above.get(key, below.get(key))
            for key in [*below, *(key for key in above if key not in below)]}  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(below=TOPS, above=TOPS)
def test_two_files_laid_over_each_other_are_one_tree_with_a_place_for_everything(
    tmp_path: Path, below: dict[str, object], above: dict[str, object]
) -> None:
    (tmp_path / "b.yaml").write_text(as_yaml(below), encoding="utf-8")
    (tmp_path / "a.yaml").write_text("extends: b.yaml\n" + "\n".join(f"{k}: {as_yaml(v)}" for k, v in above.items()))
    located, problems = laid_over(load_chain(tmp_path / "a.yaml", "a.yaml"))
    assert problems == []
    assert located.value == over(below, above)

    def check(value: object, route: tuple[str | int, ...]) -> None:
        assert route in located.values
        if isinstance(value, dict):
            for key, inner in value.items():
                assert (*route, key) in located.keys
                check(inner, (*route, key))
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                check(inner, (*route, index))
        elif route:
            file = located.values[route].file
            source = above if file == "a.yaml" else below
            for step in route:
                source = source[step]  # type: ignore[index]
            assert source == value

    check(located.value, ())
