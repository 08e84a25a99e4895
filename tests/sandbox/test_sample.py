"""A sample of an account set: nobody is told by it, and everything that a mapping or a tier needs is still there."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from u8sync.backends import backend_kind
from u8sync.backends.memory import MemoryBackend
from u8sync.backends.u8_schema import ARCHIVE
from u8sync.config.mapping_file import load_mapping
from u8sync.domain.model import FACTS_SCHEMA, AccountSet, Month, Window
from u8sync.errors import InputError
from u8sync.report.no_progress import NoProgress
from u8sync.sandbox.generator import create_account_set
from u8sync.sandbox.sample.archive import disguise_customers, parts_of
from u8sync.sandbox.sample.choice import choose
from u8sync.sandbox.sample.columns import TREATMENTS
from u8sync.sandbox.sample.disguise import PARITY, Disguise
from u8sync.sandbox.sample.making import SampleAccount, Wish, make_sample

ROOT = Path(__file__).parents[2]
LAST = date(2026, 10, 31)
WISH = Wish(customers=None, last=LAST, months=12, jitter=0, rare=3)


def opened(file: Path) -> Any:
    kind = backend_kind("sqlite")
    return kind.open(kind.options.model_validate({"file": str(file), "read_only": True}), Path(), None)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up account set in which some customers carry what must never come out."""
    file = tmp_path_factory.mktemp("sample") / "original.db"
    create_account_set(file, customers=300, months=15, seed=3, until=LAST, overwrite=False, progress=NoProgress())
    with closing(sqlite3.connect(file)) as connection:
        code, other = (row[0] for row in connection.execute("SELECT cCusCode FROM Customer ORDER BY 1 LIMIT 2"))
        connection.execute(
            "UPDATE Customer SET cCusName = 'CANARYNAME', cCusAbbName = 'CANARYSHORT', cCusDefine1 = 'CANARY-42',"
            " cCusDefine4 = '分销商, CANARYROLE', cTrade = 'CANARYTRADE', cCusPPerson = 'CANARYPERSON',"
            " cCusHeadCode = 'CANARYHEAD' WHERE cCusCode = ?",
            (code,),
        )
        connection.execute("UPDATE Customer SET cCusCode = 'CANARYCODE' WHERE cCusCode = ?", (other,))
        connection.execute("UPDATE SaleBillVouch SET cCusCode = 'CANARYCODE' WHERE cCusCode = ?", (other,))
        connection.execute("UPDATE SO_SOMain SET cCusCode = 'CANARYCODE' WHERE cCusCode = ?", (other,))
        connection.execute("UPDATE IA_Subsidiary SET cCusCode = 'CANARYCODE' WHERE cCusCode = ?", (other,))
        connection.execute(
            "UPDATE UserDef_Base SET cItemName = '联系电话' WHERE cItem = '自定义项2' AND cClass = '客户'"
        )
        connection.execute("UPDATE Customer SET cCusDefine2 = 'CANARYPHONE'")
        connection.commit()
    return file


def sampled(original: Path, file: Path, wish: Wish = WISH, seed: str = "s", **more: Any) -> SampleAccount:
    backend = opened(original)
    mapping = load_mapping(ROOT / "mappings/customer.yaml", "customer.yaml")
    try:
        return make_sample(backend, file, wish, Disguise(seed), progress=NoProgress(), **{"mapping": mapping, **more})
    finally:
        backend.close()


def rows(file: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(statement).fetchall()


def test_nothing_that_tells_of_somebody_is_in_the_file(original: Path, tmp_path: Path) -> None:
    sampled(original, tmp_path / "s.db")
    assert b"CANARY" not in (tmp_path / "s.db").read_bytes()
    names = {row[0] for row in rows(original, "SELECT cCusName FROM Customer")}
    assert not names & {row[0] for row in rows(tmp_path / "s.db", "SELECT cCusName FROM Customer")}
    assert rows(tmp_path / "s.db", "SELECT count(*) FROM Customer WHERE cCusDefine2 IS NOT NULL") == [(0,)]


def test_each_column_of_the_archive_has_its_treatment() -> None:
    assert set(TREATMENTS) == set(ARCHIVE), "decide in sandbox/sample/columns.py what a sample does with a new column"


def test_the_months_add_up_to_what_they_did(original: Path, tmp_path: Path) -> None:
    made = sampled(original, tmp_path / "s.db")
    before, after = opened(original), opened(tmp_path / "s.db")
    keys = [name for name in FACTS_SCHEMA if name not in ("code", "first_sale_on", "last_sale_on")]
    for first, last in ((Month(2025, 11), Month(2026, 10)), (Month(2026, 3), Month(2026, 5)), (Month(2026, 7),) * 2):
        window = Window(first.first, last.last)
        facts = [backend.facts(window, NoProgress()) for backend in (before, after)]
        assert facts[0].posted == facts[1].posted
        # Returns beside sales are netted, so invoices that are returns alone are told as such; codes are others.
        told = [Counter(one.frame.select(keys).iter_rows()) for one in facts]
        assert sum(told[0].values()) > 50
        zero = (None, None, None, 0, 0, *(None,) * 5)
        for counter in told:
            counter.pop(zero, None)
        assert told[0] == told[1]
    assert made.posted == 11
    before.close()
    after.close()


def test_structure_and_shared_values_are_distributed_as_they_were(original: Path, tmp_path: Path) -> None:
    sampled(original, tmp_path / "s.db")
    for column in ("cCCCode", "cDCCode", "cCusMngTypeCode", "CustomerKCode", "bCredit", "cCusExch_name"):
        query = f"SELECT {column}, count(*) FROM Customer GROUP BY 1 ORDER BY 1"
        assert rows(original, query) == rows(tmp_path / "s.db", query), column
    months = "SELECT substr(dCusDevDate, 1, 7), count(*) FROM Customer GROUP BY 1 ORDER BY 1"
    assert rows(original, months) == rows(tmp_path / "s.db", months)
    roles = [Counter(part for (value,) in rows(file, "SELECT cCusDefine4 FROM Customer") for part in parts_of(value))
             for file in (original, tmp_path / "s.db")]  # fmt: skip
    assert roles[0].pop("CANARYROLE") == 1
    assert roles[1] - roles[0] == Counter({next(iter(roles[1] - roles[0])): 1})
    assert all(roles[1][role] == count for role, count in roles[0].items())


def test_the_same_seed_makes_the_same_sample_and_another_one_does_not(original: Path, tmp_path: Path) -> None:
    content = []
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        sampled(original, tmp_path / name, seed=seed)
        content.append(rows(tmp_path / name, "SELECT * FROM Customer ORDER BY cCusCode"))
    assert content[0] == content[1]
    assert content[0] != content[2]


def test_amounts_stay_within_the_bounds_and_a_customer_s_are_moved_as_one(original: Path, tmp_path: Path) -> None:
    sampled(original, tmp_path / "still.db")
    sampled(original, tmp_path / "moved.db", Wish(None, LAST, 12, 5, 3))
    query = "SELECT cCusCode, sum(iNatMoney) FROM SaleBillVouch JOIN SaleBillVouchs USING (SBVID) GROUP BY 1"
    still, moved = dict(rows(tmp_path / "still.db", query)), dict(rows(tmp_path / "moved.db", query))
    ratios = [moved[code] / total for code, total in still.items() if total]
    assert all(0.9499 <= ratio <= 1.0501 for ratio in ratios)
    assert max(ratios) > 1.02
    assert min(ratios) < 0.98


def test_a_smaller_sample_has_every_mapped_value_and_each_class_in_proportion(original: Path, tmp_path: Path) -> None:
    made = sampled(original, tmp_path / "s.db", Wish(100, LAST, 12, 5, 3))
    assert (made.summary.customers, made.of) == (100, 300)
    values = [{row[0] for row in rows(file, "SELECT DISTINCT cCusMngTypeCode FROM Customer")}
              for file in (original, tmp_path / "s.db")]  # fmt: skip
    assert {value for value in values[0] if (value or "").strip()} <= values[1]
    classes = [dict(rows(file, "SELECT substr(cCCCode, 1, 2), count(*) FROM Customer GROUP BY 1"))
               for file in (original, tmp_path / "s.db")]  # fmt: skip
    assert all(abs(classes[1].get(one, 0) - count / 3) <= 4 for one, count in classes[0].items())


@pytest.mark.parametrize(("wish", "told"), [(Wish(301, LAST, 12, 5, 3), "300 customers, fewer than 301")])
def test_more_than_there_is_cannot_be_taken(original: Path, tmp_path: Path, wish: Wish, told: str) -> None:
    with pytest.raises(InputError, match=told):
        sampled(original, tmp_path / "s.db", wish)
    assert not (tmp_path / "s.db").exists()


def test_an_archive_without_customers_has_no_sample(tmp_path: Path) -> None:
    empty = MemoryBackend(AccountSet("memory", "", "none", "999", "empty", ""), {}, writable={})
    with pytest.raises(InputError, match="no customers"):
        make_sample(empty, tmp_path / "s.db", WISH, Disguise("s"), mapping=None, progress=NoProgress())


# Laws.

TEXT = st.text(st.sampled_from("aZ9甲é-， ;"), min_size=1, max_size=8)


@given(values=st.lists(TEXT, min_size=1, max_size=8), seed=st.text(max_size=3))
def test_a_replaced_text_has_the_same_shape_and_is_none_that_occurs(values: list[str], seed: str) -> None:
    def shape(text: str) -> list[str]:
        return ["9" if c.isdigit() and c.isascii() else "a" if c.isascii() and c.islower() else
                "A" if c.isascii() and c.isupper() else "甲" if c.isalnum() else c for c in text]  # fmt: skip

    disguise = Disguise(seed)
    for value in values:
        made = disguise.shape(value, values)
        assert shape(made) == shape(value)
        assert made == disguise.shape(value, values)
        if any(character.isalnum() for character in value) and len(set(values)) < 5:
            assert made not in values


@given(codes=st.sets(st.text("ab01-甲", min_size=1, max_size=4), min_size=1, max_size=30), seed=st.text(max_size=2))
def test_codes_are_numbered_without_a_trace_of_their_order(codes: set[str], seed: str) -> None:
    numbered = Disguise(seed).numbered(codes, "C", "x")
    assert sorted(numbered.values()) == [f"C{number:04d}" for number in range(1, len(codes) + 1)]
    assert numbered == Disguise(seed).numbered(sorted(codes), "C", "x")


@given(day=st.dates(), code=st.text(max_size=3))
def test_a_day_stays_in_its_month(day: date, code: str) -> None:
    moved = Disguise("s").day(day, code, "c")
    assert (moved.year, moved.month) == (day.year, day.month)


@given(code=st.text(max_size=4), jitter=st.integers(0, 50))
def test_a_factor_stays_within_its_bounds(code: str, jitter: int) -> None:
    assert abs(Disguise("s").factor(code, jitter) - PARITY) <= jitter * 100


@given(values=st.lists(st.none() | TEXT, min_size=1, max_size=10), rare=st.integers(1, 3))
def test_free_texts_are_kept_by_the_number_that_shares_them(values: list[str | None], rare: int) -> None:
    raw = pl.DataFrame(
        {"code": [str(at) for at in range(len(values))], "cTrade": values}, schema_overrides={"cTrade": pl.String}
    )
    made = disguise_customers(raw, Disguise("s"), jitter=0, rare=rare, known={"cTrade": {"aZ9"}})
    counts = Counter(part for value in values for part in set(parts_of(value)))
    stays = {part for part, count in counts.items() if count >= rare or part == "aZ9"}
    [account] = [one for one in made.accounts if one.column == "cTrade"]
    assert (account.kept, account.replaced) == (len(stays), len(counts) - len(stays))
    at = made.columns.index("cTrade")
    by_code = {str(row[0]): row[at] for row in made.rows}
    for code, value in zip(raw["code"], values, strict=True):
        cell = by_code[made.codes[code]]
        assert (cell is None) == (value is None)
        for old, new in zip(parts_of(value), parts_of(str(cell) if cell is not None else None), strict=True):
            assert new == old if old in stays else len(new) == len(old)


@given(count=st.integers(1, 12), data=st.data())
def test_a_choice_has_as_many_as_wanted_and_none_twice(count: int, data: Any) -> None:
    size = data.draw(st.integers(1, 12))
    codes = [f"{at:02}" for at in range(size)]
    classes = data.draw(st.lists(st.sampled_from(["01", "02", None]), min_size=size, max_size=size))
    raw = pl.DataFrame({"code": codes, "cCCCode": classes}, schema_overrides={"cCCCode": pl.String})
    chosen = choose(raw, count, Disguise("s"), buyers=set(codes[::2]), mapped=["cCCCode"])
    assert len(chosen) == len(set(chosen)) == min(count, size)
    assert set(chosen) <= set(codes)
    if count >= len({one for one in classes if one}):
        held: Mapping[str, str | None] = dict(zip(codes, classes, strict=True))
        assert {held[code] for code in chosen} >= {one for one in classes if one}
