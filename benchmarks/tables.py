"""The figures as Markdown, in English and Chinese: what stands in the READMEs between two marks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, Literal

from benchmarks.aims import Aim, aims_of
from benchmarks.figures import Figure, Group, Results

__all__ = ["block", "put_into"]

Language = Literal["en", "zh"]

_MARKS: Final = ("<!-- python -m benchmarks: begin -->", "<!-- end -->")

_ZH: Final = {
    "customers": "个客户",
    "embedded": "嵌入式账套（SQLite）",
    "sqlserver": "SQL Server 协议（测试服务器，FreeTDS）",
    "the database alone": "仅数据库",
    "dlt and DuckDB": "dlt 与 DuckDB",
    "Singer, tap to target": "Singer，tap 到 target",
    "u8sync, recorded nowhere": "u8sync，不记日志",
    "u8sync, one customer a transaction": "u8sync，每个客户一个事务",
    "a script: UPDATE and commit a row": "脚本：逐行 UPDATE 并提交",
    "too slow at this size": "这一规模太慢",
    "Aim": "目标",
    "asked": "要求",
    "seen": "实测",
    "met": "达到",
    "yes": "是",
    "no": "**否**",
    "not measured": "未测",
    "at least": "至少",
    "at most": "至多",
    "changes of an embedded account set": "项更改，嵌入式账套",
    "time": "时间",
    "against u8sync": "与 u8sync 相比",
}


def block(results: Results, language: Language) -> str:
    """All tables of a README."""
    parts = [_about(results, language)]
    for kind in ("embedded", "sqlserver"):
        groups = [group for group in results.groups if group.kind == kind]
        if groups:
            parts.append(_nights(kind, groups, language))
    parts += [_writing(group, language) for group in results.groups if group.kind == "writing"]
    parts.append(_aims(list(aims_of(results)), language))
    return "\n\n".join(parts)


def put_into(text: str, found: str) -> str:
    """The README with this block between its marks."""
    begin, end = _MARKS
    return re.sub(
        f"(?<={re.escape(begin)}\n).*?(?={re.escape(end)})", lambda _: f"\n{found}\n\n", text, count=1, flags=re.DOTALL
    )


def _about(results: Results, language: Language) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    if language == "zh":
        return (
            f"`python -m benchmarks`，{results.day}，{results.machine}，共 {results.minutes:.0f} 分钟。"
            f"{versions}。每格：时间的中位数（最低至最高）、峰值内存、时间与 u8sync 之比。"
        )
    return (
        f"`python -m benchmarks` on {results.day}, {results.machine}; {results.minutes:.0f} minutes in all. {versions}."
        " Each cell: median time (lowest to highest), peak memory, and the time against u8sync's."
    )


def _nights(kind: str, groups: Sequence[Group], language: Language) -> str:
    customers = _in("customers", language)
    sizes = [f"{group.size:,} {customers}" for group in groups]
    head = "the embedded account set" if kind == "embedded" else "over the SQL Server wire (test server, FreeTDS)"
    rows = [
        [_name(name, language), *(_cell(group.find(name), group.of("u8sync"), language) for group in groups)]
        for name in (figure.name for figure in groups[0].figures)
    ]
    return _table([_ZH[kind] if language == "zh" else head, *sizes], rows)


def _cell(figure: Figure | None, ours: Figure | None, language: Language) -> str:
    if figure is None:
        return _in("not measured", language)
    if figure.skipped is not None:
        return _in(figure.skipped, language)
    times = "" if ours is None or figure.name == ours.name else f", {_ratio(figure.median / ours.median)}"
    return f"{_seconds(figure)}, {figure.peak:,.0f} MiB{times}"


def _writing(group: Group, language: Language) -> str:
    ours = group.figures[0]
    rows = [
        [_name(figure.name, language), _seconds(figure), _ratio(figure.median / ours.median)]
        for figure in group.figures
    ]
    title = f"{group.size:,} {_in('changes of an embedded account set', language)}"
    return _table([title, _in("time", language), _in("against u8sync", language)], rows)


def _aims(aims: Sequence[Aim], language: Language) -> str:
    rows = [
        [
            aim.name[language == "zh"],
            f"{_in('at least' if aim.at_least else 'at most', language)} {_number(aim.asked, aim)}",
            _in("not measured", language) if aim.seen is None else _number(aim.seen, aim),
            {None: "", True: _in("yes", language), False: _in("no", language)}[aim.met],
        ]
        for aim in aims
    ]
    return _table([_in(word, language) for word in ("Aim", "asked", "seen", "met")], rows)


def _number(value: float, aim: Aim) -> str:
    return f"{value:,.{aim.digits}f}{aim.unit}"


def _seconds(figure: Figure) -> str:
    low, high = min(figure.seconds), max(figure.seconds)
    digits = 1 if figure.median >= 1 else 2
    spread = f" ({low:.{digits}f} – {high:.{digits}f})" if len(figure.seconds) > 1 else ""
    return f"{figure.median:.{digits}f} s{spread}"


def _ratio(value: float) -> str:
    return f"{value:.2f} ×" if value < 1 else f"{value:.1f} ×"


def _name(name: str, language: Language) -> str:
    shown = _in(name, language)
    return f"**{shown}**" if name == "u8sync" else shown


def _in(word: str, language: Language) -> str:
    return _ZH.get(word, word) if language == "zh" else word


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(_lines(head, rows))


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|---" * len(head) + "|"
    for row in rows:
        yield f"| {' | '.join(row)} |"
