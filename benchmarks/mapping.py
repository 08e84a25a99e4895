"""How fast customers are mapped: by u8sync, and by Singer SDK stream maps that rename and translate the same fields.

u8sync reads a frame of made-up customers with ``mappings/customer.yaml``, and with mappings for a table of prefixes, a
table of patterns, a field that is chosen by rules, and an overlay. The stream maps of the Singer SDK
(``pip install singer-sdk``) are what Meltano's taps, targets and mappers map with: an expression a property, the value
tables in ``stream_map_config``; records go in and out as dicts, without the JSON that a real stream also costs. They
map fewer customers (``--singer``), and customers a second are compared. What both come to is compared value by value.

Each figure comes from a fresh process; times are those of the mapping alone, processor time and peak memory are the
process's. Usage: ``python benchmarks/mapping.py [--customers N] [--singer N] [--runs N]``
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import logging
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import polars as pl

from u8sync.config.mapping_file import load_mapping
from u8sync.domain.mapping import CustomerMapping, read_customers

CODES: Final = ("999", "01", "02", "03", "04", "X9", None, "77")
ROLES: Final = ("供应商", "供货商,代理商", "分销商、合作方", "终端客户", "终端用户； 经销商", None, " ", "散户")
TIERS: Final = ("潜在", "一般", "重要", "VIP", None)
SHARES: Final = {
    "codes": (40, 20, 15, 10, 4, 1, 9, 1),
    "roles": (20, 10, 10, 30, 9, 15, 5, 1),
    "tiers": (2, 4, 2, 1, 1),
}

HEAD: Final = "version: 1\nfields:\n  code: {label: 编码, columns: {sql: cCusCode}}\n"
CLASS: Final = "  class: {label: 分类, columns: {sql: cCCCode}, operators: [trim, {table: classes}]}\n"
VARIANTS: Final = {
    "prefixes": f"{HEAD}{CLASS}tables: {{classes: {{match: prefix, values: {{"
    + ", ".join(f"'{number:02}': 大类{number}, '{number:02}07': 小类{number}" for number in range(1, 12))
    + "}}}\n",
    "patterns": f"{HEAD}  kind: {{label: 种类, columns: {{sql: cCusName}}, operators: [trim, {{table: kinds}}]}}\n"
    "tables: {kinds: {match: pattern, unmapped: default, default: 其他,"
    " values: {'.*1.机电.*': 机电, '.*有限公司': 公司}}}\n",
    "rules": f"{HEAD}{CLASS}  roles: {{label: 角色, columns: {{sql: cCusDefine4}}, operators: [{{split: ','}}]}}\n"
    "  kind: {label: 种类, default: 其他, choose: [{when: {class: 大类1, roles: 供应商}, value: 甲},"
    " {when: {roles: [分销商, 代理商], class: {is_not: 大类2}}, value: 乙}]}\n"
    "tables: {classes: {match: prefix, unmapped: keep, values: {'01': 大类1, '02': 大类2}}}\n",
    "overlay": "version: 1\nextends: BASE\nfields:\n  region:\n  grade: {label: 级别, columns: {sql: cCusMngTypeCode},"
    " operators: [trim, {table: management_types}]}\ntables: {management_types: {values: {'77': 一般}}}\n",
}
"""Name -> mapping file; u8sync alone maps these."""


def main() -> None:
    """Measure, and print one line a figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--singer", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.work:
        name, customers, folder = asked.work
        print(json.dumps(work(name, int(customers), Path(folder))))
        return
    with tempfile.TemporaryDirectory() as temporary:
        compare(Path(temporary), asked)


def compare(folder: Path, asked: argparse.Namespace) -> None:
    """u8sync and the stream maps, then what only u8sync has."""
    ours = measured("example", asked.customers, folder, asked.runs)
    if importlib.util.find_spec("singer_sdk") is None:
        print("  Singer SDK stream maps: skipped, singer-sdk is not installed (pip install singer-sdk)")
    else:
        theirs = measured("singer", asked.singer, folder, asked.runs)
        same = one("example", asked.singer, folder)["values"] == theirs["values"]
        assert same, "the stream maps came to other values"
        print(f"  the same {asked.singer:,} customers come to the same values in both")
        print(
            f"  customers a second: u8sync {ours['rate'] / theirs['rate']:,.0f} x the stream maps;"
            f" of processor time {ours['cpu_rate'] / theirs['cpu_rate']:,.0f} x"
        )
    for name in VARIANTS:
        other = measured(name, asked.customers, folder, asked.runs)
        print(f"    {ours['cpu_rate'] / other['cpu_rate']:.2f} x the processor time of the example mapping")


def measured(name: str, customers: int, folder: Path, runs: int) -> dict[str, Any]:
    """The median of some fresh processes, printed."""
    found = [one(name, customers, folder) for _ in range(runs)]
    assert len({each["values"] for each in found}) == 1, "runs differ"
    seconds, cpu = ([each[what] for each in found] for what in ("seconds", "cpu"))
    middle = statistics.median(seconds)
    print(
        f"{name}: {customers:,} customers in {middle:.2f} s ({min(seconds):.2f} to {max(seconds):.2f}),"
        f" {customers / middle:,.0f} a second; processor {statistics.median(cpu):.2f} s;"
        f" {found[0]['issues']:,} issues; peak {max(each['peak'] for each in found):,.0f} MiB,"
        f" {max(each['peak'] - each['before'] for each in found):,.0f} of them while mapping"
    )
    return {**found[0], "rate": customers / middle, "cpu_rate": customers / statistics.median(cpu)}


def one(name: str, customers: int, folder: Path) -> dict[str, Any]:
    """One fresh process."""
    words = [sys.executable, __file__, "--work", name, str(customers), str(folder)]
    told: dict[str, Any] = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return told


# --- in the fresh process ---------------------------------------------------------------------------------------------


def work(name: str, customers: int, folder: Path) -> dict[str, Any]:
    """Make the customers, map them, say what it took."""
    raw = made_up(customers)
    map_all = singer(raw) if name == "singer" else ours(name, raw, folder)
    before = peak_mib()
    began, at_work = time.perf_counter(), time.process_time()
    rows, issues = map_all()
    took = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - at_work, "peak": peak_mib()}
    return {**took, "before": before, "issues": issues, "values": digest(rows)}


def made_up(customers: int) -> pl.DataFrame:
    """An archive as U8's look: names of its own, codes that repeat, one in a hundred that no table knows."""
    chance = random.Random(20260401)  # noqa: S311 - no secret

    def some(words: Sequence[str | None], shares: Sequence[int] | None = None) -> list[str | None]:
        return chance.choices(words, shares, k=customers)

    days = [
        date.fromordinal(day).isoformat() for day in range(date(2005, 1, 1).toordinal(), date(2026, 1, 1).toordinal())
    ]
    columns: dict[str, list[Any]] = {
        "code": [f"{chance.randrange(1, 12):02}{number:07}" for number in range(customers)],
        "cCusName": [f"苏州市第{number}机电设备有限公司" for number in range(customers)],
        "cCusMngTypeCode": some(CODES, SHARES["codes"]),
        "cCCCode": some([f"{top:02}{low:02}" for top in range(1, 12) for low in range(1, 20)]),
        "cDCCode": some([f"{number:03}" for number in range(1, 60)]),
        "cCusDefine4": some(ROLES, SHARES["roles"]),
        "dCusDevDate": some(days),
        "dCusCreateDatetime": some(days),
        "dEndDate": some([None, "2024-05-31"], [98, 2]),
        "cCusDefine5": some(TIERS, SHARES["tiers"]),
    }
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


Mapped = Callable[[], tuple[Callable[[], list[tuple[Any, ...]]], int]]
"""Maps; gives how to get at the rows afterwards, and the number of issues."""


def mapping_of(name: str, folder: Path) -> CustomerMapping:
    """The mapping of that name."""
    base = ROOT / "mappings" / "customer.yaml"
    if name == "example":
        return load_mapping(base, base.name)
    path = folder / f"{name}.yaml"
    path.write_text(VARIANTS[name].replace("BASE", json.dumps(base.as_posix())), encoding="utf-8", newline="\n")
    return load_mapping(path, path.name)


def ours(name: str, raw: pl.DataFrame, folder: Path) -> Mapped:
    """u8sync."""
    mapping = mapping_of(name, folder)

    def map_all() -> tuple[Callable[[], list[tuple[Any, ...]]], int]:
        frame, issues = read_customers(raw, mapping, "sql")
        return frame.drop("set_aside").rows, len(issues)

    return map_all


def singer(raw: pl.DataFrame) -> Mapped:
    """Stream maps with the same renames and value maps; the dates stay text, as in every stream."""
    from singer_sdk.mapper import PluginMapper

    mapping = mapping_of("example", Path())
    tables = {
        operator.table.name: dict(operator.table.meanings)
        for field in mapping.fields
        for operator in (step.operator for step in field.steps)
        if hasattr(operator, "table")
    }
    columns = {field.name: "code" if field.name == "code" else field.columns["sql"] for field in mapping.fields}
    trimmed = "({0}.strip() or None if {0} else None)"
    parts = "{0}.replace('，', ',').replace('、', ',').replace('；', ',').replace(';', ',').split(',')"
    roles = (
        f"[config['roles'][part.strip()] for part in {parts} if part.strip() in config['roles']] or None"
        " if {0} else None"
    )
    expressions = {name: trimmed.format(column) for name, column in columns.items()} | {
        "code": "code",
        "management_type": "config['management_types'].get({0}.strip()) if {0} and {0}.strip() else '未分类'".format(
            columns["management_type"]
        ),
        "roles": roles.format(columns["roles"]),
        "tier": "config['tiers'].get({0}.strip()) if {0} else None".format(columns["tier"]),
    }
    logging.disable(logging.CRITICAL)
    mapper = PluginMapper(
        {
            "stream_maps": {"customers": {**expressions, "__else__": None}},
            "stream_map_config": tables,
        },
        logging.getLogger("benchmark"),
    )
    text = {"type": ["string", "null"]}
    schema = {"type": "object", "properties": dict.fromkeys(raw.columns, text)}
    mapper.register_raw_stream_schema("customers", schema, ["code"])
    [stream] = mapper.stream_maps["customers"]
    records = raw.to_dicts()

    def map_all() -> tuple[Callable[[], list[tuple[Any, ...]]], int]:
        mapped = [stream.transform(record) for record in records]
        return lambda: [tuple(record[name] for name in columns) for record in mapped], 0

    return map_all


def digest(rows: Callable[[], list[tuple[Any, ...]]]) -> str:
    """What every customer came to, as one number; a day is its text."""
    total = hashlib.sha256()
    for row in rows():
        total.update(json.dumps(row, default=date.isoformat, ensure_ascii=False).encode())
    return total.hexdigest()


def peak_mib() -> float:
    """Most memory that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    main()
