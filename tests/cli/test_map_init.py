"""``map init``: a first mapping from the account set itself, which can be used at once and takes nothing away."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import odbc
import pytest
from cli_home import Answer, Ask, edit, overwrite_edits
from openapi_home import OpenApiHome, small_account_set
from sqlserver_site import emulated_site

from u8sync.config.json_schema import FOLDER
from u8sync.config.mapping_file import load_mapping
from u8sync.domain.mapping import CustomerMapping
from u8sync.sandbox.openapi.server import OpenApiServer

MAPPING = "mappings/customer.yaml"
ITEM_5 = "66"


def written(file: Path) -> CustomerMapping:
    return load_mapping(file, file.name)


def text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def column(home: Path, statement: str) -> set[str]:
    with sqlite3.connect(home / "account-set.db") as connection:
        values = {str(value) for (value,) in connection.execute(statement) if value}
    connection.close()
    return values


@pytest.fixture
def bare(home: Path) -> Path:
    """A home with a configuration and an account set, and no mapping and no policy yet."""
    shutil.rmtree(home / "mappings")
    return home


def whole(answer: Answer) -> str:
    assert answer.code == 0, answer.err
    assert "Traceback" not in answer.err
    return " ".join(answer.out.split())


# --- what comes of it -------------------------------------------------------------------------------------------------


def test_the_mapping_that_it_writes_makes_a_plan_at_once(bare: Path, ask: Ask, demo_folder: Path) -> None:
    said = whole(ask("map", "init"))
    assert "mappings/customer.yaml was written from account set 999" in said
    assert "1,000 customers" in said
    assert "6 management types, 6 top-level customer classes and 2 self-defined items" in said
    assert "Codes that wait for their meaning: 5." in said
    assert "The recommended tier goes into cCusDefine5." in said
    assert "'u8sync map check' and 'u8sync map coverage'" in said
    shutil.copyfile(demo_folder / "mappings" / "tiers.yaml", bare / "mappings" / "tiers.yaml")
    plan = ask("plan", "--json")
    assert plan.code == 0, plan.err
    assert plan.json["changes"] == []
    assert ask("doctor").code == 0


def test_what_it_says_to_do_next_finds_nothing_wrong(home: Path, ask: Ask) -> None:
    whole(ask("map", "init", "--overwrite"))
    assert ask("map", "check", "--strict").code == 0
    coverage = ask("map", "coverage", "--json")
    assert coverage.code == 0
    assert coverage.json["to_paste"] == {}
    assert coverage.json["covered"] == coverage.json["customers"] == 1000


def test_a_plan_by_it_is_the_plan_by_the_shipped_mapping(fresh: Path, ask: Ask) -> None:
    before = ask("plan", "--json").json
    whole(ask("map", "init", "--overwrite"))
    after = ask("plan", "--json").json

    def tiers(plan: dict[str, object]) -> object:
        return [(change["code"], change["fields"][0]["after"]) for change in plan["changes"]]  # type: ignore[index, attr-defined]

    assert tiers(after) == tiers(before)
    assert after["changes"]


def test_it_holds_the_words_of_the_account_set_and_no_customer(bare: Path, ask: Ask) -> None:
    whole(ask("map", "init"))
    text = text_of(bare / MAPPING)
    types = column(bare, "SELECT DISTINCT rtrim(cCusMngTypeCode) FROM Customer")
    assert all(f'"{code}": ' in text for code in types)
    assert '"01": 经销商' in text
    assert "label: 客户角色" in text
    people = column(bare, "SELECT cCusName FROM Customer UNION SELECT cCusAbbName FROM Customer")
    assert len(people) > 1000
    assert [name for name in people if name in text] == []
    codes = column(bare, "SELECT cCusCode FROM Customer")
    assert [code for code in codes if f'"{code}"' in text] == []


def test_it_only_reads(bare: Path, ask: Ask) -> None:
    before = (bare / "account-set.db").read_bytes()
    whole(ask("map", "init"))
    assert (bare / "account-set.db").read_bytes() == before


def test_an_editor_finds_the_schemas(bare: Path, ask: Ask) -> None:
    whole(ask("map", "init"))
    first = text_of(bare / MAPPING).splitlines()[0]
    schema = first.removeprefix("# yaml-language-server: $schema=")
    assert json.loads(text_of(bare / "mappings" / schema))["properties"]["fields"]
    made = {path.name: path.read_bytes() for path in (bare / "mappings" / "schemas").iterdir()}
    assert made == {path.name: path.read_bytes() for path in FOLDER.iterdir()}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights")
def test_who_may_read_other_new_files_may_read_the_mapping(bare: Path, ask: Ask) -> None:
    assert ask("map", "init").code == 0
    usual = bare / "usual"
    usual.touch()
    files = [bare / MAPPING, *(bare / "mappings/schemas").iterdir()]
    assert {file.stat().st_mode for file in files} == {usual.stat().st_mode}


def test_the_tiers_are_those_of_the_policy(home: Path, ask: Ask) -> None:
    policy = home / "mappings" / "tiers.yaml"
    policy.write_text(text_of(policy).replace("name: 重要", "name: 重点"), encoding="utf-8")
    overwrite_edits(home)
    edit(home, "UPDATE UserDef_Base SET bArchive = 0 WHERE cID = ?", ITEM_5)
    edit(home, "UPDATE Customer SET cCusDefine5 = NULL")
    whole(ask("map", "init", "--overwrite"))
    assert ask("plan").code == 2
    assert "重点: 重点" in text_of(home / MAPPING)


def test_without_an_item_for_the_tier_it_says_so_and_the_plan_says_what_is_missing(home: Path, ask: Ask) -> None:
    edit(home, "UPDATE UserDef_Base SET cItemName = '' WHERE cID = ?", ITEM_5)
    said = whole(ask("map", "init", "--overwrite"))
    assert "No self-defined item is certain to be free for the recommended tier" in said
    plan = ask("plan")
    assert plan.code == 65
    assert "themappingwritesnothing" in plan.complaint


def test_without_an_item_for_the_roles_it_says_so(home: Path, ask: Ask) -> None:
    edit(home, "UPDATE UserDef_Base SET cItemName = '区域' WHERE cItemName = '客户角色'")
    assert "hold the roles of customers" in whole(ask("map", "init", "--overwrite"))
    assert written(home / MAPPING).field("roles") is None


def test_the_help_tells_what_is_not_done_in_both_languages(ask: Ask) -> None:
    assert "nothing is guessed" in whole(ask("map", "init", "--help"))
    assert "init" in whole(ask("map", "--help"))
    assert ask("map", "init", "--help", language="zh").code == 0


# --- where it goes ----------------------------------------------------------------------------------------------------


def test_it_goes_where_it_is_told_and_says_how_to_use_it_there(home: Path, ask: Ask) -> None:
    before = (home / MAPPING).read_bytes()
    said = whole(ask("map", "init", "--out", "new/here/first.yaml"))
    assert "name it under 'mapping:' in the configuration" in said
    assert written(home / "new" / "here" / "first.yaml").field("tier") is not None
    assert (home / "new" / "here" / "schemas" / "mapping.schema.json").is_file()
    assert (home / MAPPING).read_bytes() == before
    assert not (home / "mappings" / "schemas").exists()


def test_the_mapping_lies_where_the_configuration_says_from_anywhere(
    bare: Path, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    said = whole(ask("map", "init", "--config", bare / "config.yaml"))
    assert "under 'mapping:'" not in said
    assert written(bare / MAPPING).field("code") is not None
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_mapping_that_is_there_is_left_alone_unless_it_is_said_otherwise(home: Path, ask: Ask) -> None:
    (home / MAPPING).write_text("mine", encoding="utf-8")
    answer = ask("map", "init")
    assert answer.code == 65
    assert "existsalreadyandisleftalone" in answer.complaint
    assert "--overwrite" in answer.complaint
    assert text_of(home / MAPPING) == "mine"
    assert not (home / "mappings" / "schemas").exists()
    whole(ask("map", "init", "--overwrite"))
    assert written(home / MAPPING).field("code") is not None


def test_a_schema_of_somebody_else_is_left_alone_too_and_our_own_is_none(bare: Path, ask: Ask) -> None:
    whole(ask("map", "init"))
    (bare / MAPPING).unlink()
    whole(ask("map", "init"))
    (bare / MAPPING).unlink()
    other = bare / "mappings" / "schemas" / "policy.schema.json"
    other.write_text("{}", encoding="utf-8")
    answer = ask("map", "init")
    assert answer.code == 65
    assert "policy.schema.json" in answer.complaint
    assert "mapping.schema.json" not in answer.complaint
    assert not (bare / MAPPING).exists()
    assert text_of(other) == "{}"
    whole(ask("map", "init", "--overwrite"))
    assert text_of(other) != "{}"


@pytest.mark.parametrize("file", ["config.yaml", "mappings/tiers.yaml"])
def test_no_other_file_of_ours_is_replaced_by_a_mapping(home: Path, ask: Ask, file: str) -> None:
    before = (home / file).read_bytes()
    answer = ask("map", "init", "--overwrite", "--out", home / file)
    assert answer.code == 65
    assert "somethingelsethanamapping" in answer.complaint
    assert (home / file).read_bytes() == before


def test_nothing_is_half_written(home: Path, ask: Ask) -> None:
    before = (home / MAPPING).read_bytes()
    (home / "account-set.db").rename(home / "away.db")
    assert ask("map", "init", "--overwrite").code == 69
    (home / "away.db").rename(home / "account-set.db")
    (home / "mappings" / "tiers.yaml").write_text("version: 1\n", encoding="utf-8")
    broken = ask("map", "init", "--overwrite")
    assert broken.code == 65
    assert "tiers.yaml" in broken.complaint
    assert (home / MAPPING).read_bytes() == before
    assert sorted(path.name for path in (home / "mappings").iterdir()) == [
        "customer.cases.yaml",
        "customer.yaml",
        "tiers.yaml",
    ]


def test_a_place_where_nothing_can_be_written_is_said(home: Path, ask: Ask) -> None:
    (home / "file").write_text("", encoding="utf-8")
    (home / "folder").mkdir()
    for out, words in (("file/x.yaml", "cannotbemade"), ("folder", "cannotbewritten")):
        answer = ask("map", "init", "--overwrite", "--out", out)
        assert answer.code == 65
        assert words in answer.complaint
        assert "Traceback" not in answer.err


def test_a_configuration_that_is_wrong_is_said(home: Path, ask: Ask) -> None:
    answer = ask("map", "init", "--config", "none.yaml")
    assert answer.code == 65
    assert "thereisnosuchfile" in answer.complaint


# --- other ways into U8 -----------------------------------------------------------------------------------------------


@contextmanager
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenApiHome]:
    file = tmp_path / "account-set.db"
    shutil.copyfile(small_account_set(), file)
    with OpenApiServer(file) as server:
        yield OpenApiHome(tmp_path / "home", server, monkeypatch)


def test_through_the_openapi_the_types_have_the_names_that_u8_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    with served(tmp_path, monkeypatch) as home:
        said = whole(ask("map", "init", "--overwrite"))
        assert "The recommended tier goes into self_define5." in said
        assert "hold the roles of customers" in said
        text = text_of(home.folder / MAPPING)
        assert '"999": 未分类' in text
        assert "U8: 普通客户" in text
        assert '"01": 经销商' in text
        assert ask("plan").code == 2
        assert home.server.violations == ()


def test_through_the_openapi_an_item_must_be_named_in_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    with served(tmp_path, monkeypatch) as home:
        home.configure(items=None)
        assert "free for the recommended tier" in whole(ask("map", "init", "--overwrite"))
        assert "under 'items' in the configuration" in text_of(home.folder / MAPPING)


@pytest.mark.parametrize("driver", odbc.DRIVERS)
def test_on_a_sql_server_the_rights_of_the_first_mapping_suffice_to_make_it_again(
    driver: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    (tmp_path / "home" / "mappings").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "home")
    shutil.copyfile(Path(__file__).parents[2] / "mappings" / "tiers.yaml", "mappings/tiers.yaml")
    with emulated_site(tmp_path / "server", driver) as site:

        def configure(**options: object) -> None:
            settings = {"backend": "sqlserver", **site.options, **options}
            lines = [f"  {key}: {json.dumps(value)}" for key, value in settings.items()]
            rest = [f"mapping: {MAPPING}", "policy: mappings/tiers.yaml", "as_of: 2026-03-31"]
            text = "\n".join(["version: 1", "account_set:", *lines, *rest])
            Path("config.yaml").write_text(text, encoding="utf-8")

        site.run("UPDATE UserDef_Base SET bArchive = 0 WHERE cID = '66'")
        site.run("UPDATE Customer SET cCusDefine5 = NULL")
        configure()
        # 建议等级 (item 4) holds other values, 分级 (item 5) is free.
        assert "goes into cCusDefine5" in whole(ask("map", "init"))
        by_all = text_of(Path(MAPPING))
        assert "信用 '分'%" in by_all
        assert '"01": 经销商' in by_all
        script = ask("grants")
        assert script.code == 0, script.err
        site.server.run_script(script.out.replace("<N'password'>", "N'Geheim#1'"))
        configure(login="u8sync_r", read_only=True)
        assert "goes into cCusDefine5" in whole(ask("map", "init", "--overwrite"))
        by_reader = text_of(Path(MAPPING))
        assert '"01": 经销商' in by_reader
        assert "信用" not in by_reader  # no right to that item
        assert tables(by_reader) == tables(by_all)
        assert ask("plan").code == 2


def tables(text: str) -> str:
    """From the tables to the comments about items."""
    return text.partition("\ntables:\n")[2].partition("\n# 自定义项")[0]
