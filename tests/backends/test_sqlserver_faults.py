"""What a fault of SQL Server means: each code of the table, in each phase, as each driver says it."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odbc import require

from u8sync.backends.sqlserver.fault_words import WORDS
from u8sync.backends.sqlserver.faults import (
    MEANINGS,
    PHASES,
    Fault,
    Meaning,
    Phase,
    Row,
    classify,
    read_fault,
    rows,
    to_error,
)
from u8sync.errors import ExitCode, FatalError, TransientError, UnknownOutcomeError
from u8sync.text import english

Driver = Literal["freetds", "msodbcsql", "mssql-python"]
DRIVERS: tuple[Driver, ...] = ("freetds", "msodbcsql", "mssql-python")

MICROSOFT = "[Microsoft][ODBC Driver 18 for SQL Server]"

AGREED: dict[str, set[int]] = {
    "T1": {1205, 3960, 3966, 41301, 41302, 41305, 41325, 41839},
    "T2": {1222},
    "T5": {701, 802, 8645, 8651, 1204, 10928, 10929, 40501, 49918, 49919, 49920, 17809},
    "T6": {40613, 40197, 4221, 18401, 921, 922, 923, 924, 983, 976, 42108, 42109},
    "P1": {208, 207, 229, 230, 2812, 102, 156, 911, 916, 18452, 18456, 18470, 18486, 18487, 18488},
    "P1*": {4060},
    "P2": {2601, 2627, 547, 515, 8152, 2628, 245, 8114, 8115, 220, 241, 242},
    "P3": {1105, 9002, 3906, 823, 824, 825, 9001},
}
"""Numbers of the server, by class."""

AGREED_STATES = {
    "T1": {"40001"},
    "T3": {"08S01", "08001", "08003", "08007", "40003"},
    "T4": {"HYT00", "HYT01"},
    "P1": {"28000"},
    "P2": {"22001", "22003", "22007", "22018", "22999", "23000"},
    "U": {"HY000", "42000", "HY010", "24000", "25000"},
}

AGREED_MEANINGS = """
      connect    read       write      commit
T1    transient  transient  transient  transient
T2    transient  transient  transient  unknown
T3    transient  transient  unknown    unknown
T3*   fatal      transient  unknown    unknown
T4    transient  transient  unknown    unknown
T5    transient  transient  transient  unknown
T6    transient  transient  unknown    unknown
P1    fatal      fatal      fatal      unknown
P1*   transient  transient  fatal      unknown
P2    fatal      fatal      row        unknown
P3    fatal      fatal      unknown    unknown
U     fatal      fatal      unknown    unknown
"""

SAFE: dict[Phase, Meaning] = {"connect": "fatal", "read": "fatal", "write": "unknown", "commit": "unknown"}
"""What a fault may always be taken for: nothing is repeated, and nothing is called undone that may be done."""

WORDS_OF_DRIVERS: dict[str, tuple[str, str, tuple[Driver, ...]]] = {
    "SSL Provider:.*certificate": (
        "08001",
        "SSL Provider: [error:0A000086:SSL routines::certificate verify failed:self-signed certificate]",
        ("msodbcsql", "mssql-python"),
    ),
    "SSL Provider:.*(protocol|version|sigalg)": (
        "08001",
        "SSL Provider: [error:0A000102:SSL routines::unsupported protocol]",
        ("msodbcsql", "mssql-python"),
    ),
    "SSL Provider: (?!Error code)": (
        "08001",
        "SSL Provider: [error:0A000126:SSL routines::unexpected eof while reading]",
        ("msodbcsql", "mssql-python"),
    ),
    "Encryption not supported": ("08001", "Encryption not supported on SQL Server.", ("msodbcsql", "mssql-python")),
    "Can't open lib": ("01000", "Can't open lib 'x' : file not found", ("msodbcsql",)),
    "Protocol error in TDS stream": ("HY000", "Protocol error in TDS stream", ("msodbcsql", "mssql-python")),
    "Unknown token received": ("HY000", "Unknown token received from SQL Server", ("msodbcsql", "mssql-python")),
    "driver did not supply an error": ("HY000", "The driver did not supply an error!", ("freetds",)),
    "Unknown error$": ("HY000", "Unknown error", ("freetds",)),
}
"""For each pattern of the table: SQLSTATE and words as they come, and from which drivers."""


def from_pyodbc(state: str, tags: str, text: str, native: int) -> BaseException:
    import pyodbc

    error: BaseException = pyodbc.OperationalError(state, f"[{state}] {tags}{text} ({native}) (SQLExecDirectW)")
    return error


def from_mssql_python(state: str, tags: str, text: str) -> BaseException:
    from mssql_python import exceptions

    error: BaseException = exceptions.sqlstate_to_exception(state, tags + text) or exceptions.DatabaseError(
        f"An error occurred with SQLSTATE code: {state}", tags + text
    )
    return error


def can_say(row: Row, driver: Driver) -> bool:
    """Whether a driver can come up with this code; the numbers of the server are asked over the wire elsewhere."""
    match row["kind"]:
        case "sqlstate":
            return True
        case "client":
            return driver == "msodbcsql"  # mssql-python has no numbers
        case "text":
            return driver in WORDS_OF_DRIVERS[row["code"]][2]
        case kind:
            return driver == kind


def said(row: Row, driver: Driver) -> BaseException:
    """The fault of this row as this driver says it."""
    code = row["code"]
    state, text, native = "08001", "x", 0
    match row["kind"]:
        case "client":
            state, native = "HYT00" if code == "-2" else state, int(code)
        case "freetds":
            state, native = "01000", int(code)
        case "sqlstate":
            state = code.ljust(5, "9")
        case "text":
            state, text, _ = WORDS_OF_DRIVERS[code]
    require(driver)
    if driver == "mssql-python":
        return from_mssql_python(state, MICROSOFT, text)
    return from_pyodbc(state, "[FreeTDS][SQL Server]" if driver == "freetds" else MICROSOFT, text, native)


def agreed_meanings() -> dict[str, dict[Phase, str]]:
    head, *lines = [line.split() for line in AGREED_MEANINGS.strip().splitlines()]
    assert tuple(head) == PHASES
    return {name: dict(zip(PHASES, meanings, strict=True)) for name, *meanings in lines}


def row_id(row: Row) -> str:
    return f"{row['kind']} {row['code']}"


every_row = pytest.mark.parametrize("row", rows().values(), ids=row_id)
every_phase = pytest.mark.parametrize("phase", PHASES)


@pytest.mark.parametrize(
    ("row", "driver"),
    [
        pytest.param(row, driver, id=f"{row_id(row)}, {driver}")
        for row in rows().values()
        for driver in DRIVERS
        if can_say(row, driver)
    ],
)
def test_each_code_means_in_each_phase_what_was_agreed_whichever_driver_says_it(row: Row, driver: Driver) -> None:
    fault = read_fault(said(row, driver))
    agreed = agreed_meanings()[row["fault_class"]]
    for phase in PHASES:
        verdict = classify(fault, phase)
        assert (verdict.fault_class, verdict.meaning) == (row["fault_class"], agreed[phase])


def test_the_table_holds_every_code_that_was_agreed_in_its_class() -> None:
    for fault_class, numbers in AGREED.items():
        for number in numbers:
            assert rows()["server", str(number)]["fault_class"] == fault_class, number
    for fault_class, states in AGREED_STATES.items():
        for state in states:
            assert classify(Fault(state, None, "x"), "read").fault_class == fault_class, state
    for number in (10053, 10054, 10060, 10061, 233, 64, 121, 258, 32, 104):
        assert rows()["client", str(number)]["fault_class"] == "T3"
    assert rows()["client", "-2"]["fault_class"] == "T4"
    assert {row["fault_class"] for row in rows().values()} == set(MEANINGS) == set(agreed_meanings())


@every_row
def test_each_row_says_what_it_is_and_who_said_so(row: Row) -> None:
    assert row["note"]
    assert row["source"]
    assert row["topic"] in WORDS
    if row["kind"] == "text":
        assert re.search(row["code"], WORDS_OF_DRIVERS[row["code"]][1])
    elif row["kind"] == "sqlstate":
        assert len(row["code"]) in (2, 5)
    else:
        assert int(row["code"])


@pytest.mark.parametrize("row", [row for row in rows().values() if row["driver_error"]], ids=row_id)
def test_the_words_of_mssql_python_are_those_of_the_installed_version(row: Row) -> None:
    require("mssql-python")
    from mssql_python import exceptions

    assert exceptions.sqlstate_to_exception(row["code"], "").driver_error == row["driver_error"]


KNOWN_NUMBERS = {int(row["code"]) for row in rows().values() if row["kind"] in ("server", "client", "freetds")}
KNOWN_STATES = {row["code"] for row in rows().values() if row["kind"] == "sqlstate"}
numbers = st.integers(-(2**31), 2**31 - 1)
states = st.from_regex(r"[0-9A-Z]{5}", fullmatch=True)
tags = st.sampled_from([f"{MICROSOFT}[SQL Server]", MICROSOFT, "[FreeTDS][SQL Server]", ""])
texts = st.text(max_size=60).filter(
    lambda text: not any(re.search(row["code"], text) for row in rows().values() if row["kind"] == "text")
)


@every_phase
@given(state=states | st.none(), native=numbers | st.none(), tag=tags, text=texts)
def test_an_unknown_code_is_never_tried_again(
    phase: Phase, state: str | None, native: int | None, tag: str, text: str
) -> None:
    if native in KNOWN_NUMBERS or (state and (state in KNOWN_STATES or state[:2] in KNOWN_STATES)):
        return
    verdict = classify(Fault(state, native, tag + text), phase)
    assert (verdict.fault_class, verdict.meaning) == ("U", SAFE[phase])


@given(
    state=st.sampled_from(["08S01", "08001", "08003", "08007", "40003", "HYT00", "HYT01"]),
    native=numbers | st.sampled_from(sorted(KNOWN_NUMBERS)) | st.none(),
    phase=st.sampled_from(["write", "commit"]),
    text=st.text(max_size=60) | st.sampled_from([words for _, words, _ in WORDS_OF_DRIVERS.values()]),
)
def test_a_link_lost_under_a_write_always_leaves_it_unknown(
    state: str, native: int | None, phase: Phase, text: str
) -> None:
    verdict = classify(Fault(state, native, MICROSOFT + text), phase)
    assert verdict.meaning == "unknown"


@given(phase=st.sampled_from(PHASES), state=states | st.none(), text=st.text(max_size=60), tag=tags)
def test_a_deadlock_is_always_undone_and_tried_again(phase: Phase, state: str | None, text: str, tag: str) -> None:
    if tag == MICROSOFT:
        return  # words of the driver itself carry no numbers of the server
    assert classify(Fault(state, 1205, tag + text), phase).meaning == "transient"


@pytest.mark.parametrize("number", [18452, 18456, 18470, 18486, 18487, 18488])
@given(phase=st.sampled_from(PHASES), state=states | st.none())
def test_a_refused_login_is_never_tried_again(number: int, phase: Phase, state: str | None) -> None:
    assert classify(Fault(state, number, f"{MICROSOFT}[SQL Server]x"), phase).meaning != "transient"


def test_a_number_means_what_the_one_who_says_it_means() -> None:
    lock = Fault("42000", 1222, f"{MICROSOFT}[SQL Server]已超过了锁请求超时时段。")
    no_network = Fault("08001", 1222, f"{MICROSOFT}网络不存在或未启动。")
    assert classify(lock, "write").fault_class == "T2"
    assert classify(no_network, "write").fault_class == "T3"
    too_many_columns = Fault("42000", 121, f"{MICROSOFT}[SQL Server]x")
    semaphore = Fault("08S01", 121, f"{MICROSOFT}x")
    assert classify(too_many_columns, "read").fault_class == "U"
    assert classify(semaphore, "read").fault_class == "T3"


def test_a_number_is_read_from_the_end_and_not_from_the_words_of_the_server() -> None:
    words = "不能插入重复键，重复键值为 (1205) (SQLExecDirectW)。"
    tags = f"{MICROSOFT}[SQL Server]"
    error = Exception("23000", f"[23000] {tags}{words} (2627) (SQLExecDirectW)")
    assert read_fault(error) == Fault("23000", 2627, tags + words)


def test_of_several_diagnostics_the_first_one_counts() -> None:
    first = f"[23000] {MICROSOFT}[SQL Server]重复键; 键值 (C001) (2627) (SQLExecDirectW)"
    second = f"[01000] {MICROSOFT}[SQL Server]语句已终止。 (3621)"
    fault = read_fault(Exception("23000", f"{first}; {second}"))
    assert (fault.sqlstate, fault.native) == ("23000", 2627)
    assert fault.text.endswith("(C001)")


@pytest.mark.parametrize("arguments", [(), ("Attempt to use a closed connection.",), ("HY000", "x")])
def test_an_error_without_codes_is_an_unknown_one(arguments: tuple[str, ...]) -> None:
    fault = read_fault(Exception(*arguments))
    assert fault.native is None
    assert classify(fault, "write").meaning == "unknown"
    assert english(classify(fault, "write").sentence)


@every_phase
@pytest.mark.parametrize(
    ("meaning", "kind", "code"),
    [
        ("transient", TransientError, ExitCode.TEMPORARY),
        ("fatal", FatalError, ExitCode.UNREACHABLE),
        ("row", FatalError, ExitCode.UNREACHABLE),
        ("unknown", UnknownOutcomeError, ExitCode.TEMPORARY),
    ],
)
def test_each_meaning_is_an_error_of_its_kind(
    phase: Phase, meaning: Meaning, kind: type[Exception], code: ExitCode
) -> None:
    for row in rows().values():
        verdict = classify(Fault("HY000", int(row["code"]), "x"), phase) if row["kind"] == "server" else None
        if verdict is not None and verdict.meaning == meaning:
            error = to_error(verdict, "erp,1433")
            assert type(error) is kind
            assert error.exit_code == code
            assert str(error).startswith("SQL Server erp,1433: ")
            assert error.hint is not None


@pytest.mark.parametrize(
    ("fault", "sentence", "hint"),
    [
        pytest.param(
            Fault("28000", 18456, f"{MICROSOFT}[SQL Server]用户 'u8sync_w' 登录失败。"),
            "the login was refused: 用户 'u8sync_w' 登录失败。 [28000, 18456]",
            "may be locked",
            id="a refused login",
        ),
        pytest.param(
            Fault("08001", -1, f"{MICROSOFT}SSL Provider: [error:0A000086:SSL::certificate verify failed]"),
            "its certificate is not trusted: SSL Provider: [error:0A000086:SSL::certificate verify failed] [08001, -1]",
            "'server_certificate'",
            id="a certificate of nobody known",
        ),
        pytest.param(
            Fault("08001", -1, f"{MICROSOFT}SSL Provider: [error:0A000102:SSL routines::unsupported protocol]"),
            "server and driver have no version of TLS in common: "
            "SSL Provider: [error:0A000102:SSL routines::unsupported protocol] [08001, -1]",
            "TLS 1.2",
            id="an old server",
        ),
        pytest.param(
            Fault("08001", 20, f"{MICROSOFT}Encryption not supported on SQL Server."),
            "it offers no encryption: Encryption not supported on SQL Server. [08001, 20]",
            "'encrypt: no' with an 'insecure_reason'",
            id="a server without encryption",
        ),
        pytest.param(
            Fault("IM002", 0, "[Microsoft][ODBC 驱动程序管理器] 未发现数据源名称并且未指定默认驱动程序"),
            "the ODBC driver cannot be used: 未发现数据源名称并且未指定默认驱动程序 [IM002]",
            "Install the Microsoft ODBC Driver 18",
            id="no driver",
        ),
        pytest.param(
            Fault("42000", 229, "[FreeTDS][SQL Server]拒绝了对对象 'Customer' 的 UPDATE 权限。"),
            "the login lacks a right: 拒绝了对对象 'Customer' 的 UPDATE 权限。 [42000, 229]",
            "'u8sync grants'",
            id="a right is missing",
        ),
    ],
)
def test_the_sentence_says_what_is_wrong_in_the_words_of_the_server_and_what_to_do(
    fault: Fault, sentence: str, hint: str
) -> None:
    verdict = classify(fault, "connect")
    assert english(verdict.sentence) == sentence
    assert hint in english(verdict.hint)
    assert verdict.meaning == "fatal"


def test_a_link_lost_under_tls_is_told_as_a_lost_link() -> None:
    fault = Fault("08S01", -1, f"{MICROSOFT}SSL Provider: [error:0A000126:SSL routines::unexpected eof while reading]")
    assert classify(fault, "connect").meaning == "fatal"
    assert classify(fault, "read").meaning == "transient"
    assert "the connection was lost" in english(classify(fault, "write").sentence)


def test_a_link_lost_while_tls_is_agreed_on_may_be_tried_again() -> None:
    fault = Fault("08001", None, "[Microsoft]SSL Provider: Error code 0x2746")
    assert classify(fault, "connect").meaning == "transient"


def test_an_unknown_outcome_says_so_first_and_tells_to_read_back() -> None:
    verdict = classify(Fault("42000", 9002, f"{MICROSOFT}[SQL Server]事务日志已满"), "write")
    assert english(verdict.sentence).startswith("it is not known whether a write took effect; the database has no room")
    assert "reads back" in english(verdict.hint)
    assert "make room" in english(verdict.hint)


@given(
    secret=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=6).filter(lambda text: "*" not in text),
    key=st.sampled_from(["PWD", "pwd", "Password", "UID", "User ID"]),
    rest=st.sampled_from(["", ";Encrypt=yes", ";Server=erp"]),
)
def test_nothing_of_a_connection_string_gets_into_the_sentence(secret: str, key: str, rest: str) -> None:
    braced = "{" + secret.replace("}", "}}") + "}"
    plain = secret.replace(";", "").replace("{", "").replace("}", "")
    for value in (braced, plain):
        fault = Fault("08001", 0, f"{MICROSOFT}bad words: DRIVER=x;{key}={value}{rest}")
        sentence = english(classify(fault, "connect").sentence)
        assert sentence == f"no connection: bad words: DRIVER=x;{key}=***{rest} [08001]"
