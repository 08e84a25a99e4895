import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from hashlib import sha256
from itertools import takewhile
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from u8sync.audit.checkpoint import SigningKey, VerificationKey, parse_key
from u8sync.backends import backend_kind
from u8sync.config.checking import check_part
from u8sync.config.located_yaml import excerpt
from u8sync.config.settings import (
    DatabaseAnchor,
    FolderAnchor,
    KeyPlace,
    Retry,
    Settings,
    TimestampAnchor,
    load_settings,
)
from u8sync.domain.guards import Limits
from u8sync.errors import ConfigError

Expect = Callable[..., None]

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config.example.yaml"

HEAD = "version: 1\naccount_set: {backend: sqlite}\nmapping: m.yaml\npolicy: t.yaml\n"


KEY = "  key: {file: audit.key}\n"


def written(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path)


def test_the_example_loads() -> None:
    settings = load_settings(EXAMPLE)
    assert settings.backend == "sqlite"
    assert (settings.mapping, settings.policy) == (ROOT / "mappings/customer.yaml", ROOT / "mappings/tiers.yaml")
    assert settings.digest == sha256(EXAMPLE.read_bytes()).hexdigest()


def test_the_example_says_what_holds_anyway(tmp_path: Path) -> None:
    short, example = written(tmp_path, HEAD), load_settings(EXAMPLE)
    for name in ("as_of", "timezone", "batch", "person", "guards", "retry"):
        assert getattr(short, name) == getattr(example, name), name
    assert short.audit_folder == tmp_path / "audit"
    assert (short.guards, short.retry) == (Limits(), Retry(tries=5, budget_s=120))


def test_the_sql_server_part_of_the_example_holds_when_its_marks_are_taken_away(tmp_path: Path) -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    start = lines.index("# account_set:")
    block = list(takewhile(lambda line: line.startswith("#"), lines[start:]))
    settings = written(
        tmp_path, "\n".join([*(line[2:] for line in block), "version: 1\nmapping: m.yaml\npolicy: t.yaml\n"])
    )
    options = check_part(settings.located, ("account_set",), backend_kind(settings.backend).options)
    assert settings.backend == "sqlserver"
    assert options.model_dump(include={"account", "password"}, exclude_none=True) == {
        "account": "001",
        "password": {"env": "U8SYNC_PASSWORD"},
    }


def test_the_audit_part_of_the_example_holds_when_its_marks_are_taken_away(tmp_path: Path) -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    block = list(takewhile(bool, lines[lines.index("audit:") :]))
    bare = [re.sub("^  # (?=[a-z_ ]+:| +-)", "  ", line) for line in block]
    settings = written(tmp_path, HEAD + "\n".join(bare) + "\n")
    assert settings.audit_archive is not None
    assert settings.audit_key == KeyPlace(tmp_path / "audit.key", None)
    assert isinstance(parse_key(*settings.trusted_keys), VerificationKey)
    folder, stamps, table = settings.anchors
    assert folder == FolderAnchor(Path("//backup/u8sync"), 30)
    assert stamps == TimestampAnchor("https://tsa.example/tsr", tmp_path / "tsa-ca.pem", 30)
    assert table == DatabaseAnchor("sqlserver", ("audit", "anchors", 2, "sqlserver"), 10)
    kind = backend_kind("sqlserver").anchor
    assert kind is not None
    options = check_part(settings.located, table.route, kind.options)
    assert options.model_dump(exclude_defaults=True) == {
        "server": "192.0.2.20",
        "database": "AUDIT",
        "login": "u8sync_anchor",
        "password": {"env": "U8SYNC_ANCHOR_PASSWORD"},
    }


def test_the_signing_key_may_be_in_the_keyring(tmp_path: Path) -> None:
    settings = written(tmp_path, HEAD + "audit: {key: {keyring: {service: u8sync, user: audit}}}\n")
    assert settings.audit_key == KeyPlace(None, ("u8sync", "audit"))


def test_without_an_audit_part_there_is_neither_key_nor_anchor(tmp_path: Path) -> None:
    settings = written(tmp_path, HEAD)
    assert (settings.audit_archive, settings.audit_key, settings.trusted_keys, settings.anchors) == (None, None, (), ())


def test_the_keys_of_a_table_of_checkpoints_are_checked_by_its_own_options(tmp_path: Path) -> None:
    settings = written(
        tmp_path, f"{HEAD}audit:\n{KEY}  anchors:\n    - sqlserver: {{server: s, databse: AUDIT, port: x}}\n"
    )
    kind = backend_kind("sqlserver").anchor
    (anchor,) = settings.anchors
    assert kind is not None
    assert isinstance(anchor, DatabaseAnchor)
    with pytest.raises(ConfigError) as caught:
        check_part(settings.located, anchor.route, kind.options)
    assert [(problem.place and problem.place.line, str(problem.message)) for problem in caught.value.problems] == [
        (8, "the key 'database' is missing"),
        (8, "unknown key 'databse'"),
        (8, "expected a whole number, found 'x'"),
    ]


def test_every_setting_can_be_set(tmp_path: Path) -> None:
    settings = written(
        tmp_path,
        HEAD + "as_of: 2026-02-28\ntimezone: UTC\naudit: {folder: log/audit}\n"
        "write: {batch: 500, plan_hours: 1, person: 系统管理员}\n"
        "guards: {share_changed: 12.5, top_downgrades: 0, issue_share: 0, customers_kept: 100, from_customers: 1,"
        " protected: [007, 0101]}\n"
        "retry: {tries: 1, budget_s: 5}\n",
    )
    assert settings.as_of == date(2026, 2, 28)
    assert settings.timezone == "UTC"
    assert settings.audit_folder == tmp_path / "log" / "audit"
    assert (settings.batch, settings.plan_hours, settings.person) == (500, 1, "系统管理员")
    assert settings.guards == Limits(Decimal("12.5"), 0, Decimal(0), Decimal(100), 1, frozenset({"007", "0101"}))
    assert settings.retry == Retry(tries=1, budget_s=5)


def test_an_absolute_path_stays_as_it_is(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "m.yaml"
    settings = written(tmp_path, HEAD.replace("m.yaml", f"'{elsewhere}'"))
    assert settings.mapping == elsewhere


def test_the_backends_own_keys_are_checked_by_its_own_options(tmp_path: Path) -> None:
    class Options(BaseModel):
        model_config = ConfigDict(extra="forbid")
        file: Path
        busy_s: int = 5

    settings = written(tmp_path, HEAD.replace("sqlite}", "sqlite, file: a.db, busy_s: 9}"))
    assert check_part(settings.located, ("account_set",), Options) == Options(file=Path("a.db"), busy_s=9)
    settings = written(tmp_path, HEAD.replace("sqlite}", "sqlite, busy_s: soon, fiel: a.db}"))
    with pytest.raises(ConfigError) as caught:
        check_part(settings.located, ("account_set",), Options)
    assert [
        (problem.place.line, problem.place.column, str(problem.message))
        for problem in caught.value.problems
        if problem.place
    ] == [
        (2, 1, "the key 'file' is missing"),
        (2, 40, "expected a whole number, found 'soon'"),
        (2, 46, "unknown key 'fiel'"),
    ]
    assert settings.backend_place.column == 24


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(HEAD + "as_of: ▲yesterday\n", "expected today, last_month_end or a date (YYYY-MM-DD)", id="as_of"),
        pytest.param(HEAD + "as_of: ▲86400\n", "expected today, last_month_end or a date (YYYY-MM-DD)", id="seconds"),
        pytest.param(HEAD + "as_of: ▲2026-02-30\n", "there is no such day: 2026-02-30", id="no such day"),
        pytest.param(HEAD + "as_of:▲\n", "expected today, last_month_end or a date (YYYY-MM-DD)", id="no as_of"),
        pytest.param(HEAD + "timezone: ▲Asia/Beijing\n", "unknown time zone 'Asia/Beijing'", id="time zone"),
        pytest.param(HEAD + "timezone: ▲Asia\n", "unknown time zone 'Asia'", id="a folder of time zones"),
        pytest.param(HEAD + "timezone: ▲../../etc/passwd\n", "unknown time zone '../../etc/passwd'", id="no path"),
        pytest.param(HEAD + "write: {batch: ▲501}\n", "must be at most 500, not 501", id="batch"),
        pytest.param(HEAD + "write: {batch: ▲0}\n", "must be at least 1, not 0", id="no batch"),
        pytest.param(HEAD + f"write: {{person: ▲{'u' * 21}}}\n", "must have at most 20 characters", id="person"),
        pytest.param(HEAD + "write: {person: ▲' '}\n", "must not be empty", id="nobody"),
        pytest.param(HEAD + "guards: {share_changed: ▲100.1}\n", "must be at most 100, not 100.1", id="share"),
        pytest.param(
            HEAD + "guards: {issue_share: ▲5%}\n", "expected a plain number such as 2.5, found '5%'", id="percent sign"
        ),
        pytest.param(HEAD + "guards: {top_downgrades: ▲-1}\n", "must be at least 0, not -1", id="downgrades"),
        pytest.param(HEAD + "guards: {protected: ▲0101}\n", "expected a list, found '0101'", id="protected"),
        pytest.param(HEAD + "guards: {▲share_change: 5}\n", "unknown key 'share_change'", id="unknown guard"),
        pytest.param(HEAD + "retry: {tries: ▲11}\n", "must be at most 10, not 11", id="tries"),
        pytest.param(HEAD + "retry: {budget_s: ▲2m}\n", "expected a whole number, found '2m'", id="budget"),
        pytest.param(HEAD + "audit:▲\n", "a value is missing", id="empty group"),
        pytest.param(HEAD + "audit: {key: ▲{}}\n", "exactly one of file and keyring is needed here", id="no key"),
        pytest.param(
            HEAD + "audit: {key: ▲{file: a, keyring: {service: a, user: b}}}\n",
            "exactly one of file and keyring is needed here",
            id="two keys",
        ),
        pytest.param(HEAD + "audit: {key: {▲env: A}}\n", "unknown key 'env'", id="a key in the environment"),
        pytest.param(
            HEAD + f"audit:\n{KEY}  anchors: [▲{{timeout_s: 5}}]\n",
            "exactly one of folder, timestamp and sqlserver is needed here",
            id="anchor of no kind",
        ),
        pytest.param(
            HEAD + f"audit:\n{KEY}  anchors: [▲{{folder: a, sqlserver: {{server: b}}}}]\n",
            "exactly one of folder, timestamp and sqlserver is needed here",
            id="anchor of two kinds",
        ),
        pytest.param(
            HEAD + f"audit:\n{KEY}  anchors: [{{folder: a, timeout_s: ▲0}}]\n",
            "must be at least 1, not 0",
            id="no time",
        ),
        pytest.param(
            HEAD + "audit: ▲{anchors: [{folder: a}]}\n",
            "anchors need a key: only signed checkpoints are sent",
            id="anchors without a key",
        ),
        *(
            pytest.param(
                HEAD + f"audit:\n{KEY}  anchors: [{{timestamp: {{url: ▲'{url}', certificates: a}}}}]\n",
                f"'{url}' is no address of the form https://host/path",
                id=f"address {url}",
            )
            for url in (
                "tsa.example",
                "ftp://tsa.example/",
                "https://",
                "https://a b/",
                "https://me@tsa/",
                "https:///x",
            )
        ),
        *(
            pytest.param(
                HEAD + f"audit: {{trusted_keys: [▲'{key}']}}\n",
                f"'{key}' is no public key of the form name+id+key",
                id=f"public key {key}",
            )
            for key in ("", "abc", "host+ef76e777+AdBK", f"a b+ef76e777+{'A' * 44}", f"host+EF76E777+{'A' * 44}")
        ),
        pytest.param(HEAD.replace("m.yaml", "▲''"), "must not be empty", id="empty path"),
        pytest.param(
            HEAD.replace("{backend: sqlite}", "▲sqlite"), "expected a group of keys, found 'sqlite'", id="text"
        ),
        pytest.param(
            HEAD.replace("account_set: {backend: sqlite}", "▲account_set: {file: x}"),
            "the key 'backend' is missing",
            id="no backend",
        ),
        pytest.param(
            HEAD.replace("policy: t.yaml", "").replace("v", "▲v", 1), "the key 'policy' is missing", id="no policy"
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(expect: Expect, text: str, told: str) -> None:
    expect(text, load_settings, told)


@pytest.mark.parametrize(
    "key",
    ["password", "PWD", "secret", "token", "app_secret", "appSecret", "Password", "sa_password", "access-token"],
)
def test_a_secret_is_refused_wherever_it_stands(expect: Expect, key: str) -> None:
    told = f"'{key}' would put a secret into this file"
    expect(HEAD.replace("sqlite}", f"sqlite, ▲{key}: hunter2}}"), load_settings, told)
    expect(HEAD + f"▲{key}: hunter2\n", load_settings, told)
    expect(HEAD.replace("sqlite}", f"sqlite, more: [{{▲{key}: }}]}}"), load_settings, told)


@pytest.mark.parametrize(
    "value", ["[hunter2]", "{hunter2: }", "{value: hunter2}", "{env: A, plain: hunter2}", "{hunter2}"]
)
def test_a_group_that_is_no_reference_may_be_the_secret(expect: Expect, value: str) -> None:
    text = HEAD.replace("sqlite}", f"sqlite, ▲password: {value}}}")
    expect(text, load_settings, "'password' would put a secret into this file")


@pytest.mark.parametrize(
    "value", ["{env: U8SYNC_PASSWORD}", "{file: password.txt}", "{keyring: {service: u8sync, user: u8sync_reader}}"]
)
def test_the_place_where_a_secret_is_kept_may_stand_in_the_file(tmp_path: Path, value: str) -> None:
    assert written(tmp_path, HEAD.replace("sqlite}", f"sqlite, password: {value}}}")).backend == "sqlite"


class Place(BaseModel):
    model_config = ConfigDict(extra="forbid")
    env: str


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid")
    password: Place


def test_a_slip_in_a_reference_is_told_with_the_nearest_key(tmp_path: Path) -> None:
    settings = written(tmp_path, HEAD.replace("sqlite}", "sqlite, password: {envv: U8SYNC_PASSWORD}}"))
    with pytest.raises(ConfigError) as caught:
        check_part(settings.located, ("account_set",), Options)
    told = {str(problem.message): str(problem.hint) for problem in caught.value.problems}
    assert told["unknown key 'envv'"] == "Did you mean 'env'? Known: env."


@pytest.mark.parametrize(
    "text",
    [
        "Server=u8;UID=sa;PWD=hunter2",
        "Server=u8;Uid=sa;Password = hunter2;",
        "'{SQL Server};pwd={hunter2}'",
        "mssql+pyodbc://sa:hunter2@u8/UFDATA_001_2026",
        "https://u8.example/openapi?app_secret=hunter2",
        "口令：hunter2",
        "PRIVATE+KEY+host+ef76e777+hunter2",
    ],
)
def test_a_secret_inside_a_text_is_refused_wherever_it_stands(expect: Expect, text: str) -> None:
    told = "this text would put a secret into this file"
    expect(HEAD.replace("sqlite}", f'sqlite, server: ▲"{text}"}}'), load_settings, told)
    expect(HEAD + f'guards: {{protected: [C1, ▲"{text}"]}}\n', load_settings, told)
    expect(HEAD + f'timezone: ▲"{text}"\n', load_settings, told)


def test_a_key_without_the_blank_after_its_colon_is_told_as_the_secret_it_may_be(expect: Expect) -> None:
    told = "this text would put a secret into this file"
    expect(HEAD.replace("sqlite}", "sqlite, ▲password:hunter2}"), load_settings, told)
    expect(HEAD.replace("sqlite}", "sqlite, ▲密码：hunter2}"), load_settings, told)


@pytest.mark.parametrize(
    "server", ["192.0.2.10", "U8\\SQL2008", "tcp:u8.example,1433", "https://u8.example:8080/a", "a@b"]
)
def test_a_server_without_a_secret_is_none(tmp_path: Path, server: str) -> None:
    assert written(tmp_path, HEAD.replace("sqlite}", f"sqlite, server: '{server}'}}")).backend == "sqlite"


def test_no_message_shows_the_secret(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        written(
            tmp_path, HEAD + "password: hunter2\nwrite: {token: hunter2}\nretry: {tries: PWD=hunter2, secret:hunter2}\n"
        )
    assert len(caught.value.problems) == 4
    assert "hunter2" not in repr(caught.value.problems)
    for way in ("env", "file", "keyring"):
        assert f"{{{way}: " in str(caught.value.problems[0].hint)


SLIPS = [
    "  password: hunter2",
    "  password:\n    hunter2",
    "  password:\n    hunter2: x",
    "  password:\n    - hunter2",
    "  password:hunter2",
    "  password：hunter2",
    "  密码: hunter2",
    "  password: {hunter2}",
    "  password:\n    value: hunter2",
    "  password: 'hunter2",
    "  password: &a hunter2",
    "  password: !x hunter2",
    "  password: @hunter2",
    "  password: hunter2: x",
    "  password: {keyring: hunter2",
    "  password:\n    env: [hunter2]",
    "  password:\n    env: a\n    env: hunter2",
    "  password: {env: hunter2, file: }",
    "  server: x;UID=sa;PWD=hunter2",
    "  url: mssql://sa:hunter2@u8/x",
]


@pytest.mark.parametrize("slip", SLIPS)
def test_no_slip_of_the_hand_shows_the_secret(tmp_path: Path, slip: str) -> None:
    text = HEAD.replace("{backend: sqlite}", f"\n  backend: sqlite\n{slip}")
    with pytest.raises(ConfigError) as caught:
        check_part(written(tmp_path, text).located, ("account_set",), Options)
    for problem in caught.value.problems:
        assert problem.place
        assert "hunter2" not in f"{problem.message} {problem.hint} {excerpt(problem.place, text)}"


def test_a_signing_key_in_the_file_is_refused_and_not_shown(tmp_path: Path) -> None:
    secret = SigningKey("host", b"hunter2-hunter2-hunter2-hunter2-").secret_text
    for slip in (f"key: {secret}", f"key: {{file: {secret}}}", f"trusted_keys: [{secret}]", f"{secret}: x"):
        with pytest.raises(ConfigError) as caught:
            written(tmp_path, f"{HEAD}audit:\n  {slip}\n")
        told = [f"{problem.message} {problem.hint}" for problem in caught.value.problems]
        assert any(line.startswith("this text would put a secret into this file") for line in told)
        assert secret.rpartition("+")[2] not in "".join(told)
        for problem in caught.value.problems:
            assert problem.place
            assert secret.rpartition("+")[2] not in excerpt(problem.place, f"{HEAD}audit:\n  {slip}\n")


def test_the_name_of_an_environment_variable_is_no_secret(tmp_path: Path) -> None:
    assert written(tmp_path, HEAD.replace("sqlite}", "sqlite, password_env: U8_PASSWORD}")).backend == "sqlite"


def test_all_problems_are_told_at_once_in_the_order_of_the_file(expect: Expect) -> None:
    expect(
        "▲version: ▲1.0\n"
        "account_set: {backend: sqlite, ▲pwd: x}\n"
        "mapping: ▲[a]\n"
        "as_of: ▲never\n"
        "timezone: ▲Mars/Olympus\n"
        "write: {batch: ▲many, ▲size: 1}\n"
        "retry: ▲7\n",
        load_settings,
        "the key 'policy' is missing",
        "expected a whole number, found '1.0'",
        "'pwd' would put a secret into this file",
        "expected a text, found a list",
        "expected today, last_month_end or a date (YYYY-MM-DD)",
        "unknown time zone 'Mars/Olympus'",
        "expected a whole number, found 'many'",
        "unknown key 'size'",
        "expected a group of keys, found '7'",
    )
