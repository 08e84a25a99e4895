"""Throws files at the YAML loaders and at what reads with a mapping, for as long as it is told to.

Whatever a file holds, the only answer other than a value is a :class:`ConfigError`; each of its problems has a place in
a file that exists, and words in both languages. A mapping that loads reads any customers, can be followed step by step,
and its coverage can be counted.

Files are not made of bytes but of our own: the shipped examples and the snippets of ``tests/config``, whose tokens,
lines and branches are exchanged, doubled, dropped, nested and replaced by words of the language, U8's traps and YAML's.
Both engines make the same kind of files from the numbers that they choose; atheris chooses by the branches that are
reached (``pip install atheris``; Linux and macOS), hypothesis by chance.

Usage: ``python tests/fuzzing/fuzz_loaders.py --engine atheris|hypothesis [--seconds 600] [--keep FOLDER]``

Ends with 1 when anything was found; the shortest files of each kind of finding stand in the folder.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import re
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn

ROOT: Final = Path(__file__).resolve().parents[2]

Choose = Callable[[int], int]
"""One of so many, from 0: where an engine decides."""

Check = Callable[["Case", Path], str]
"""Loads a case; gives ``refused`` or ``loaded``. Anything raised is a finding."""

KEYS: Final = (
    *("version", "extends", "fields", "tables", "label", "columns", "sql", "openapi", "operators", "required"),
    *(
        "default",
        "write",
        "write_field",
        "width",
        "from_field",
        "choose",
        "only_if",
        "when",
        "value",
        "values",
        "match",
    ),
    *(
        "unmapped",
        "spellings",
        "is",
        "is_not",
        "begins",
        "empty",
        "code",
        "tier",
        "a",
        "b",
        "window",
        "months",
        "fiscal_year",
        "until",
        "floor_days",
        "credit_days",
        "score",
    ),
    *("weight", "unknown", "tiers", "name", "without_business", "exclude", "at_least", "below", "service"),
    *("account_set", "mapping", "policy", "guards", "audit", "retry", "timezone", "as_of", "password", "env"),
)
WORDS: Final = (
    *(
        "trim",
        "upper",
        "lower",
        "half_width",
        "{prefix: 2}",
        "{prefix: 0}",
        "date",
        "{split: ','}",
        "{split: 、}",
        "sort",
    ),
    *("{table: t}", "{table: nothing}", "exact", "prefix", "pattern", "issue", "keep", "default", "canonical", "tier"),
    *(
        "true",
        "false",
        "yes",
        "~",
        "null",
        "1",
        "0",
        "-1",
        "1e5",
        "0x10",
        "1_000",
        "99999999999999999999",
        "0.1",
        "NaN",
    ),
    *("2024-02-30", "0101", "'0101'", "cCusCode", "cCusName; DROP TABLE Customer", "cCusDefine1", "一", "甲", "客户"),
    *("[]", "{}", "''", '""', "' '", "'\u3000'", "&x 1", "*x", "<<", "!!python/object:os.system", "|\n  x", ">-", "?"),
    *("'(?i)a.*'", "'('", "'(a{50}){50}'", "'[0-9]{2}|甲|'", "𠮷", "\u200b", "\ufeff", "e\u0301", '"\\ud800"', '"\\0"'),
    *("\t", "m.yaml", "b.yaml", "../b.yaml", "/", "\u2028", "\x85", "# x", "---", "...", "{0}", "{count}", "%s", "\\"),
)
JOINTS: Final = (
    ": ",
    ", ",
    "- ",
    "\n",
    "\n  ",
    "\n    ",
    "[",
    "]",
    "{",
    "}",
    "'",
    '"',
    ":",
    "：",
    " ",
    "#",
    "&a ",
    "*a",
)
TOKEN: Final = re.compile(r"\n *|\w+|\s|.", re.DOTALL)

BASES: Final = (
    (
        "version: 1\nfields:\n  code: {label: 编码, columns: {sql: cCusCode, openapi: code}}\n"
        "  a: {label: A, columns: {sql: cA}, operators: [trim, {table: t}], default: 一, write: canonical}\n"
        "  roles: {label: R, columns: {sql: cR}, operators: [{split: ','}, {table: t}, sort]}\n"
        "  b: {label: B, label: B, columns: {sql: cB}, operators: [trim, date]}\n"
        "tables: {t: {unmapped: keep, values: {甲: 一, 乙: 二}}}\n"
    ),
    (
        "version: 1\nfields:\n  code: {label: 编码, columns: {sql: cCusCode}}\n"
        "  a: {label: A, columns: {sql: cA}, operators: [half_width, {table: t}]}\n"
        "  top: {label: T, from_field: a, only_if: {a: [一, 二]}, operators: [{prefix: 1}]}\n"
        "  kind: {label: K, choose: [{when: {a: 一, top: {begins: 一}}, value: X}, {value: Y}]}\n"
        "  d: {label: D, columns: {sql: cCusDefine1}, write_field: kind, width: 3, operators: [{table: k}]}\n"
        "tables:\n  t: {match: prefix, unmapped: default, default: 二, values: {'01': 一, '0102': 二}}\n"
        "  k: {match: pattern, values: {'(?i)x+': X, 'y|': Y}, spellings: {X: x, Y: y}}\n"
    ),
)
OVERLAYS: Final = (
    "version: 1\nextends: b.yaml\nfields:\n  a: {default: 二}\n  c: {label: C, columns: {sql: cC}}\n",
    "version: 1\nextends: ./b.yaml\nfields:\n  b:\ntables: {t: {values: {乙: , 丙: 二}, unmapped: issue}}\n",
    "version: 1\nextends: b.yaml\nfields: {a: {write: , operators: [lower], columns: {sql: cX}}, code: {label: 码}}\n",
)


@dataclass(frozen=True)
class Case:
    """Files that belong together; the first is the one to load."""

    kind: str
    files: Mapping[str, bytes]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(map(len, self.files.values()))


# --- making files -----------------------------------------------------------------------------------------------------


def seeds() -> Mapping[str, tuple[str, ...]]:
    """Kind of file -> texts to begin with."""

    def shipped(name: str) -> str:
        return (ROOT / name).read_text(encoding="utf-8")

    return {
        "mapping": (*BASES, shipped("mappings/customer.yaml"), *_snippets()),
        "policy": (shipped("mappings/tiers.yaml"),),
        "settings": (shipped("config.example.yaml"),),
    }


def _snippets() -> Iterator[str]:
    """The mappings of the language's own tests."""
    file = ROOT / "tests" / "config" / "test_mapping_language.py"
    spec = importlib.util.spec_from_file_location("mapping_language", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    texts = [value for value in vars(module).values() if isinstance(value, str)]
    for test in vars(module).values():
        for mark in getattr(test, "pytestmark", ()):
            if mark.name == "parametrize":
                rows = [getattr(row, "values", row) for row in mark.args[1]]
                texts += [value for row in rows for value in (row if isinstance(row, tuple) else (row,))]
    fields = (text.replace("▲", "") for text in texts if isinstance(text, str) and "label:" in text)
    yield from dict.fromkeys(module.HEAD + text for text in fields if text != module.HEAD)


def make_case(choose: Choose, texts: Mapping[str, Sequence[str]]) -> Case:
    """A case from the numbers that an engine chooses."""
    kind = ("mapping", "mapping", "mapping", "policy", "settings")[choose(5)]
    begin = _grown(choose) if kind == "mapping" and choose(2) else _one(choose, texts[kind])
    below = _mutated(begin, choose, texts[kind])
    name = f"{'m' if kind == 'mapping' else kind}.yaml"
    if kind != "mapping" or choose(3):
        return Case(kind, {name: below})
    return Case(kind, {name: _mutated(_one(choose, OVERLAYS), choose, texts[kind]), "b.yaml": below})


def _one(choose: Choose, items: Sequence[Any]) -> Any:
    return items[choose(len(items))]


WRITTEN: Final = ("", "", "", ", write: canonical", ", write: tier", ", write_field: f0", ", write_field: f2")
TEXT_STEPS: Final = (
    *(
        "trim",
        "upper",
        "lower",
        "half_width",
        "{prefix: 2}",
        "{prefix: 9}",
        "{table: t0}",
        "{table: t1}",
        "{table: t2}",
    ),
    *("date", "{split: ','}", "{split: 、}"),
)
LIST_STEPS: Final = ("sort", "{table: t0}", "{table: t1}", "{table: t2}")
MEANINGS: Final = ("一", "二", "VIP", "甲", "0", "x", "A B", "未分类")
RAW: Final = (
    "甲",
    "乙",
    "01",
    "0102",
    "'0.*'",
    "'[甲乙]+'",
    "'(?i)vip'",
    "'x{3}'",
    "2024-02-29",
    "一",
    "' '",
    "''",
    "VIP",
    "'|'",
)


def _grown(choose: Choose) -> str:
    """A mapping by the grammar of the language: most of them load, or are refused for what they mean."""
    fields = [_field(number, choose) for number in range(choose(5) + 1)]
    used = {name for name in ("t0", "t1", "t2") if any(name in field for field in fields)}
    tables = [_table(name, choose) for name in sorted(used)]
    code = "  code: {label: 编码, columns: {sql: cCusCode, openapi: code}}"
    return "\n".join(["version: 1", "fields:", code, *fields, *(["tables:"] if tables else []), *tables, ""])


def _field(number: int, choose: Choose) -> str:
    """A field that needs only those before it, but for one time in thirty."""
    before = number if number and choose(30) else 5
    value, other = _one(choose, MEANINGS), _one(choose, MEANINGS)
    source = (
        f"columns: {{sql: c{number}{_one(choose, 'ABC')}, openapi: {_one(choose, 'abcd')}}}",
        f"from_field: f{choose(before)}",
        f"choose: [{{when: {{{_condition(choose, before)}}}, value: {value}}}, {{value: {other}}}]",
    )[(0, 0, 0, 1, 2)[choose(5)] if number else 0]
    rest = "" if source.startswith("choose") else f", operators: [{', '.join(_steps(choose))}]"
    rest += _one(choose, WRITTEN) if source.startswith("columns") and choose(3) == 0 else ""
    rest += (f", default: {value}", ", required: true", ", width: 30", *[""] * 5)[choose(8)]
    rest += f", only_if: {{{_condition(choose, before)}}}" if number and choose(4) == 0 else ""
    return f"  f{number}: {{label: F{number}, {source}{rest}}}"


def _steps(choose: Choose) -> Iterator[str]:
    """Operators that fit one another, but for one time in thirty."""
    known = TEXT_STEPS
    for _ in range(choose(5)):
        step = _one(choose, known if choose(30) else (*TEXT_STEPS, *LIST_STEPS))
        yield step
        if step == "date":
            return
        known = LIST_STEPS if step.startswith("{split") else known


def _condition(choose: Choose, before: int) -> str:
    word = _one(choose, MEANINGS)
    tests = (
        word,
        f"[{word}, x]",
        f"{{is_not: {word}}}",
        f"{{begins: [{word}, ０]}}",
        "{empty: true}",
        "{empty: false}",
    )
    return f"f{choose(before)}: {_one(choose, tests)}"


def _table(name: str, choose: Choose) -> str:
    rule = _one(choose, ("", "", "unmapped: keep, ", f"unmapped: default, default: {_one(choose, MEANINGS)}, "))
    match = _one(choose, ("", "", "match: prefix, ", "match: pattern, "))
    lines = ", ".join(f"{_one(choose, RAW)}: {_one(choose, MEANINGS)}" for _ in range(choose(4) + 1))
    spelt = _one(choose, ("", "", f", spellings: {{{_one(choose, MEANINGS)}: {_one(choose, RAW)}}}"))
    return f"  {name}: {{{match}{rule}values: {{{lines}}}{spelt}}}"


def _mutated(text: str, choose: Choose, others: Sequence[str]) -> bytes:
    for _ in range((0, 0, 1, 1, 2, 3, 5, 8)[choose(8)]):
        text = _one(choose, MUTATIONS)(text, choose, others)[:20_000]
    data = text.encode("utf-8", "surrogatepass")
    if choose(40) == 0:
        at = choose(len(data) + 1)
        data = data[:at] + bytes([choose(256)]) + data[at:]
    return data


def _change_token(text: str, choose: Choose, _others: Sequence[str]) -> str:
    """Put a word of the language, or a trap, where a token stands."""
    tokens = TOKEN.findall(text) or [""]
    at = choose(len(tokens))
    tokens[at] = _one(choose, (KEYS, WORDS, JOINTS)[choose(3)])
    return "".join(tokens)


def _change_like(text: str, choose: Choose, _others: Sequence[str]) -> str:
    """A word for a word, so that the file stays YAML."""
    words = list(re.finditer(r"\w+", text))
    if not words:
        return text
    found = _one(choose, words)
    return text[: found.start()] + _one(choose, (KEYS, WORDS)[choose(2)]) + text[found.end() :]


def _drop_token(text: str, choose: Choose, _others: Sequence[str]) -> str:
    tokens = TOKEN.findall(text) or [""]
    del tokens[choose(len(tokens))]
    return "".join(tokens)


def _insert(text: str, choose: Choose, _others: Sequence[str]) -> str:
    at = choose(len(text) + 1)
    return text[:at] + _one(choose, (*JOINTS, *WORDS)) + text[at:]


def _lines(text: str, choose: Choose, others: Sequence[str]) -> str:
    """Drop, double, move or indent a line, or take one from another file."""
    lines = text.split("\n")
    at, to = choose(len(lines)), choose(len(lines))
    match choose(5):
        case 0:
            del lines[at]
        case 1:
            lines.insert(to, lines[at])
        case 2:
            lines[at], lines[to] = lines[to], lines[at]
        case 3:
            lines[at] = (" " * (choose(4) + 1)) + lines[at]
        case _:
            lines.insert(to, _one(choose, _one(choose, others).split("\n")))
    return "\n".join(lines)


def _span(text: str, choose: Choose, others: Sequence[str]) -> str:
    """A piece of another file in place of a piece."""
    other = _one(choose, others)
    start, length = choose(len(other) + 1), choose(60)
    at, gone = choose(len(text) + 1), choose(40)
    return text[:at] + other[start : start + length] + text[at + gone :]


def _repeat(text: str, choose: Choose, _others: Sequence[str]) -> str:
    """A token very often: deep nesting, long words, many operators."""
    tokens = TOKEN.findall(text) or [""]
    at = choose(len(tokens))
    pieces = (
        "[",
        "{a: ",
        "- ",
        "trim, ",
        "甲",
        "9",
        "a: {empty: true}, ",
        "𠮷",
        tokens[at],
        "".join(tokens[at : at + 6]),
    )
    tokens[at] = _one(choose, pieces) * (2, 20, 60, 300, 2_000)[choose(5)]
    return "".join(tokens)


def _quote(text: str, choose: Choose, _others: Sequence[str]) -> str:
    words = list(re.finditer(r"\w+", text))
    if not words:
        return text
    found = _one(choose, words)
    before, after = (("'", "'"), ('"', '"'), ("[", "]"), ("{", "}"), ("{x: ", "}"), ("&a ", ""))[choose(6)]
    return text[: found.start()] + before + found.group() + after + text[found.end() :]


MUTATIONS: Final = (_change_token, _change_like, _change_like, _drop_token, _insert, _lines, _span, _repeat, _quote)


# --- what must hold ---------------------------------------------------------------------------------------------------


MANY: Final = 40
"""So many problems of a file are looked at, and the last."""


def checker() -> Check:  # noqa: PLR0915 - what it imports late is shared by all of it
    """What every case must keep; what it needs is imported here, so that atheris can watch its branches."""
    import polars as pl

    from u8sync.config.file_kinds import check_file
    from u8sync.config.located_yaml import excerpt
    from u8sync.config.mapping_file import load_mapping
    from u8sync.config.policy_file import load_policy
    from u8sync.config.settings import load_settings
    from u8sync.domain.coverage import cover
    from u8sync.domain.mapping import CODE, CustomerMapping, read_customers
    from u8sync.domain.tracing import trace
    from u8sync.errors import ConfigError, Problem
    from u8sync.report.language import translator

    say = (translator("en"), translator("zh"))
    values = (
        None,
        "",
        " \u3000",
        "甲",
        "乙，甲;丙",
        "0102",
        "2024-02-29",
        "ＶＩＰ",
        "𠮷\U0001f600",
        "x" * 5_000,
        "\0'\"",
        "9",
    )
    loaders: Mapping[str, Callable[[Path], object]] = {
        "mapping": lambda path: load_mapping(path, path.name),
        "policy": lambda path: load_policy(path, path.name),
        "settings": load_settings,
    }

    def check(case: Case, folder: Path) -> str:
        for name, data in case.files.items():
            (folder / name).write_bytes(data)
        path = folder / next(iter(case.files))
        checked = check_file(path, path.name)
        for problem in (*checked.problems[:MANY], *checked.problems[-1:], *checked.warnings[:MANY]):
            told(problem, case)
        try:
            loaded = loaders[case.kind](path)
        except ConfigError as error:
            problems = error.problems
        else:
            assert checked.kind != case.kind or checked.content is not None, "loads, and the check refuses it"
            if isinstance(loaded, CustomerMapping):
                for way in ("sql", "openapi"):
                    read_with(loaded, way)
            return "loaded"
        assert problems, "no problem is told"
        for problem in (*problems[:MANY], problems[-1]):
            told(problem, case)
        return "refused"

    def told(problem: Problem, case: Case) -> None:
        for translate in say:
            assert translate(problem.message).strip(), "no words"
            assert problem.hint is None or translate(problem.hint).strip(), "a hint without words"
        place = problem.place
        if place is None:
            return
        names = {Path(name).name: data for name, data in case.files.items()}
        assert Path(place.file).name in names, f"a place in no file: {place.file}"
        text = names[Path(place.file).name].removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
        lines = re.split("\r\n|[\r\n\x85\u2028\u2029]", text)
        assert 1 <= place.line <= len(lines), "a line outside of the file"
        assert 1 <= place.column <= len(lines[place.line - 1]) + 1, "a column outside of the line"
        shown, caret = excerpt(place, text)
        assert caret.strip() == "^"
        assert shown.replace("\u3000", "").isprintable(), "an excerpt that cannot be printed"

    def read_with(mapping: CustomerMapping, way: str) -> None:
        physical = [column for column in dict.fromkeys(mapping.columns(way).values()) if column != CODE]
        count = len(values)
        shifted = {column: [values[(row + at) % count] for row in range(count)] for at, column in enumerate(physical)}
        codes = [f"{row:03}" for row in range(count)]
        raw = pl.DataFrame({CODE: codes, **shifted}, schema=dict.fromkeys([CODE, *physical], pl.String))
        canonical, issues = read_customers(raw, mapping, way)
        assert canonical[CODE].to_list() == codes
        for issue in issues:
            assert all(translate(issue.message) for translate in say)
        assert 0 <= cover(raw, mapping, way).covered <= count
        for row in (0, 4):
            trace({column: shifted[column][row] for column in physical}, codes[row], mapping, way)
        for one in mapping.fields[:50]:
            for value in canonical[one.name].to_list():
                with contextlib.suppress(ValueError):
                    one.raw(tuple(value) if isinstance(value, list) else value)

    return check


# --- keeping what is found --------------------------------------------------------------------------------------------


@dataclass
class Findings:
    """What was found: by kind of exception and place in the code, the shortest case of each.

    Attributes:
        check: What must hold.
        folder: Where the files of a case are put.
        keep: Where findings are put.
        count: How the cases ended.
        shortest: Finding -> bytes of its shortest case, and the words.
        slowest: Most processor time of a case, seconds.
    """

    check: Check
    folder: Path
    keep: Path
    count: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("refused", "loaded", "wrong", "slow"), 0))
    shortest: dict[str, tuple[int, str]] = field(default_factory=dict)
    slowest: float = 0.0

    def run(self, case: Case) -> None:
        """One case."""
        began = time.process_time()
        try:
            end = self.check(case, self.folder)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
            end = "wrong"
            self._note(case, _signature(error), traceback.format_exc())
        took = time.process_time() - began
        self.slowest = max(self.slowest, took)
        if took > SLOW_S:
            self.count["slow"] += 1
            self._note(case, "slow", f"{took:.1f} s\n")
        self.count[end] += 1

    def _note(self, case: Case, signature: str, words: str) -> None:
        if signature in self.shortest and self.shortest[signature][0] <= case.size:
            return
        self.shortest[signature] = case.size, words
        place = self.keep / re.sub(r"[^\w.-]+", "_", signature)[:80]
        place.mkdir(parents=True, exist_ok=True)
        for name, data in case.files.items():
            (place / name).write_bytes(data)
        (place / "words.txt").write_text(words, encoding="utf-8", newline="\n")

    def report(self) -> str:
        """In words."""
        total = sum(count for name, count in self.count.items() if name != "slow")
        lines = [f"{total:,} cases: {self.count}, slowest {self.slowest:.1f} s; findings: {len(self.shortest)}"]
        lines += [f"  {name} ({size} bytes)" for name, (size, _) in self.shortest.items()]
        return "\n".join(lines)


SLOW_S: Final = 5.0
"""Seconds of processor time after which a case of at most some kilobytes is a finding."""


def _signature(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "u8sync" in Path(frame.filename).parts] or frames
    reason = f" {error}" if isinstance(error, AssertionError) else ""
    return f"{type(error).__name__} {Path(ours[-1].filename).name} {ours[-1].name}{reason}"[:120]


# --- engines ----------------------------------------------------------------------------------------------------------


def with_hypothesis(run: Callable[[Case], None], ends: float) -> None:
    """Until the time is up, in rounds, so that the engine's memory of a round stays small."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import strategies as st

    texts = seeds()

    @settings(
        max_examples=100,
        deadline=None,
        derandomize=False,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def one_round(data: st.DataObject) -> None:
        run(make_case(lambda count: data.draw(st.integers(0, count - 1)), texts))

    while time.monotonic() < ends:
        one_round()


def with_atheris(run: Callable[[Case], None], keep: Path, ends: float, done: Callable[[], NoReturn]) -> NoReturn:
    """Guided by the branches of ``config`` and ``domain``, until ``done``, which ends the process: atheris cannot."""
    import atheris

    texts = seeds()

    def one(data: bytes) -> None:
        if time.monotonic() >= ends:
            done()
        given = atheris.FuzzedDataProvider(data)
        run(make_case(lambda count: given.ConsumeIntInRange(0, count - 1), texts))

    corpus = keep / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    words = [
        f"-artifact_prefix={keep}{os.sep}",
        "-max_len=400",
        "-len_control=0",
        "-timeout=600",
        "-rss_limit_mb=4096",
        "-verbosity=0",
    ]
    atheris.Setup([sys.argv[0], *words, str(corpus)], one)
    atheris.Fuzz()


def main() -> int:
    """Fuzz, and tell."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", choices=("atheris", "hypothesis"), required=True)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--keep", type=Path, help="folder for what is found")
    asked = parser.parse_args()
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]
    watched: contextlib.AbstractContextManager[object] = contextlib.nullcontext()
    if asked.engine == "atheris":
        import atheris

        watched = atheris.instrument_imports(include=["u8sync.config", "u8sync.domain"])
    with watched:
        check = checker()
    keep = asked.keep or Path(tempfile.mkdtemp(prefix="u8sync-fuzz-"))
    ends = time.monotonic() + asked.seconds
    with tempfile.TemporaryDirectory() as temporary:
        findings = Findings(check, Path(temporary), keep)

        def tell() -> int:
            print(findings.report(), keep, sep="\n", flush=True)  # noqa: T201
            return int(bool(findings.shortest))

        if asked.engine == "atheris":
            with_atheris(findings.run, keep, ends, lambda: os._exit(tell()))
        with_hypothesis(findings.run, ends)
        return tell()


if __name__ == "__main__":
    sys.exit(main())
