"""Writing through the OpenAPI while things go wrong: whole nights over real HTTP, judged by what the server really did.

The oracle is the server's own journal: what was edited, and what was asked for in which order.
"""

from __future__ import annotations

import functools
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pytest
from backend_contract import STAMP
from engine_world import World
from fakes import Quiet
from openapi_site import OpenApiSite, openapi_site, wait_until

from u8sync.backends.openapi.fields import PERSONAL
from u8sync.domain.model import CustomerCode
from u8sync.domain.run import RunResult
from u8sync.errors import BackendError, ExitCode, FatalError, UnknownOutcomeError
from u8sync.ports import Backend, Edit, Record
from u8sync.sandbox.generator import create_account_set
from u8sync.sandbox.openapi.behaviour import PLAIN, Behaviour
from u8sync.sandbox.openapi.faults import Fault
from u8sync.sandbox.openapi.people import People
from u8sync.sandbox.openapi.server import OpenApiServer

CUSTOMERS = 8
LATE_S = 77
EDIT = "customer/edit"


@functools.cache
def folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="u8sync-writing-")


@functools.cache
def account_set() -> Path:
    file = Path(folder().name) / "account-set.db"
    create_account_set(file, customers=CUSTOMERS, months=3, seed=1, until=date(2026, 10, 31), progress=Quiet())
    return file


@contextmanager
def site(
    tmp_path: Path,
    behaviour: Behaviour = PLAIN,
    *,
    before: Callable[[OpenApiSite], None] = lambda _at: None,
    **more: Any,
) -> Iterator[tuple[OpenApiSite, World]]:
    options = {"items": {"self_define5": {"length": 60}}, "late_s": LATE_S, "connections": 1, **more}
    with openapi_site(tmp_path, behaviour=behaviour, account_set=account_set(), **options) as at:
        before(at)
        backend = at.open()
        yield at, World(backend)  # type: ignore[arg-type]
        backend.close()
        assert at.server.violations == ()


def ends(world: World) -> dict[str, list[str]]:
    """Customer -> how each of its changes ended, as the log tells it, oldest first."""
    found: dict[str, dict[str, str]] = {}
    customers = {record["op_id"]: str(record["customer"]) for record in world.of_type("intent")}
    for record in world.of_type("outcome", "settle"):
        name = str(record["op_id"])
        end = record["verdict"] if record["type"] == "settle" else record["status"]
        found.setdefault(customers[name], {})[name] = str(end)
    assert customers.keys() == {name for one in found.values() for name in one}, "no change without an end"
    return {customer: list(one.values()) for customer, one in found.items()}


def check(at: OpenApiSite, world: World) -> None:
    """The log says of every change what U8 did, and nothing was sent again before U8 was read."""
    edited = [edit.code for edit in at.server.edits]
    assert len(edited) == len(set(edited)), "no customer is edited twice"
    assert {edit.field for edit in at.server.edits} <= {"self_define5"}
    done = {code for code, how in ends(world).items() if {"applied", "already_applied"} & {*how}}
    assert done == set(edited)
    assert all(how.count("applied") <= 1 for how in ends(world).values())
    asked = [one.path for one in at.server.requests if one.path != "system/token"]
    before = [asked[place - 1] for place, path in enumerate(asked) if path == f"api/{EDIT}"]
    assert set(before) <= {"api/customer/get"}, "every edit comes right after a look at the card"


def finish(at: OpenApiSite, world: World) -> None:
    """The next night, with nothing wrong: U8 has everything, each of it done once."""
    at.server.faults.clear()
    world.waits.clear()
    world.run()
    check(at, world)
    assert len(at.server.edits) == CUSTOMERS
    assert world.waits == []
    assert world.run().endings == ()


def rise_in(result: RunResult) -> BackendError:
    assert isinstance(result.stopped_by, BackendError)
    return result.stopped_by


def told(error: BackendError, records: list[Record]) -> str:
    return f"{error} {error.hint} {json.dumps(records, ensure_ascii=False, default=str)}"


# --- an edit whose answer is missing ----------------------------------------------------------------------------------

UNKNOWN = (500, 502, 503, 504, 408, 425)
MOMENTS: tuple[Literal["before"], Literal["after"]] = ("before", "after")
LOST: dict[str, Fault] = {
    **{
        f"{status} {when}": Fault(call=EDIT, what="status", status=status, when=when)
        for status in UNKNOWN
        for when in MOMENTS
    },
    "reset before": Fault(call=EDIT, what="reset"),
    "reset after": Fault(call=EDIT, what="reset", when="after"),
    "close before": Fault(call=EDIT, what="close"),
    "close after": Fault(call=EDIT, what="close", when="after"),
    "lost reply after": Fault(call=EDIT, what="lost_reply"),
}


@pytest.mark.parametrize("name", LOST)
def test_an_edit_whose_answer_is_missing_is_settled_and_the_night_goes_on(tmp_path: Path, name: str) -> None:
    with site(tmp_path) as (at, world):
        at.server.faults.add(replace(LOST[name], after=3))
        result = world.run()
        took_effect = name.endswith("after")
        assert result.totals["applied"] == CUSTOMERS - (not took_effect)
        assert result.totals["not_applied"] == (not took_effect)
        assert world.waits == ([] if took_effect else [LATE_S]), "what is not there yet may still come"
        assert [record["verdict"] for record in world.of_type("settle")] == [
            "applied" if took_effect else "not_applied"
        ]
        assert sum(one.path == f"api/{EDIT}" for one in at.server.requests) == CUSTOMERS
        check(at, world)
        finish(at, world)


BAD = ("html", "truncated_json", "gbk", "utf16", "duplicate_keys", "deep")


@pytest.mark.parametrize("what", BAD)
def test_an_edit_whose_answer_cannot_be_read_is_settled_and_ends_the_night(tmp_path: Path, what: Any) -> None:
    with site(tmp_path) as (at, world):
        at.server.faults.add(Fault(call=EDIT, what=what, when="after", after=2, size=100_000))
        # gbk spoils nothing where there is no Chinese in the answer.
        result = world.run()
        done = CUSTOMERS if what == "gbk" else 3
        assert result.totals["applied"] == done
        assert result.totals["not_started"] == CUSTOMERS - done
        check(at, world)
        finish(at, world)


def test_an_answer_that_is_too_slow_is_an_answer_that_is_missing(tmp_path: Path) -> None:
    with site(tmp_path, edit_timeout_s=1, read_timeout_s=1) as (at, world):
        at.server.faults.add(Fault(call=EDIT, what="stall", when="after", after=1))
        assert world.run().totals["applied"] == CUSTOMERS
        assert world.waits == []
        check(at, world)


def test_an_edit_that_takes_effect_late_is_waited_for(tmp_path: Path) -> None:
    with site(tmp_path) as (at, world):
        at.server.faults.add(Fault(call=EDIT, what="late_effect", seconds=0.2, after=1))

        def wait(seconds: float) -> None:
            world.waits.append(seconds)
            assert len(at.server.edits) == 1, "it was looked for before"
            wait_until(lambda: len(at.server.edits) == 2)

        world.sleep = wait
        result = world.run()
        assert world.waits == [LATE_S]
        assert result.totals["applied"] == CUSTOMERS
        check(at, world)


def test_three_answers_in_a_row_that_are_missing_end_the_night(tmp_path: Path) -> None:
    with site(tmp_path) as (at, world):
        at.server.faults.add(Fault(call=EDIT, what="status", status=502, times=None))
        result = world.run()
        assert result.exit_code == ExitCode.TEMPORARY
        assert (result.totals["not_applied"], result.totals["not_started"]) == (3, CUSTOMERS - 3)
        assert at.server.edits == ()
        check(at, world)
        finish(at, world)


def test_a_card_that_cannot_be_read_back_is_left_for_the_next_night(tmp_path: Path) -> None:
    with site(tmp_path) as (at, world):
        at.server.faults.add(Fault(call="customer/get", what="status", status=500, after=3, times=None))
        result = world.run()
        assert result.stopped_by is not None
        assert result.totals["unknown"] == 1
        assert len(at.server.edits) == 2
        at.server.faults.clear()
        again = world.run()
        assert [one.verdict for one in again.settled] == ["applied"]
        finish(at, world)


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("status", [429, 401, 403])
def test_what_is_refused_for_now_is_read_and_sent_again_in_the_same_night(
    tmp_path: Path, status: int, when: Any
) -> None:
    with site(tmp_path) as (at, world):
        at.server.faults.add(Fault(call=EDIT, what="status", status=status, when=when, after=2, retry_after="9"))
        result = world.run()
        assert result.exit_code == ExitCode.DONE
        assert result.totals["already_applied"] == (when == "after")
        sent = sum(one.path == f"api/{EDIT}" for one in at.server.requests)
        assert sent == CUSTOMERS + (when == "before")
        if status == 429:
            assert world.waits == [9]
        check(at, world)
        finish(at, world)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("status", [400, 404, 405, 413, 302, 307])
def test_a_gateway_that_knows_no_edit_ends_the_night_with_the_truth_recorded(
    tmp_path: Path, status: int, when: Any
) -> None:
    with site(tmp_path) as (at, world):
        at.server.faults.add(Fault(call=EDIT, what="status", status=status, when=when, after=2))
        result = world.run()
        assert result.stopped_by is not None
        assert isinstance(result.stopped_by, FatalError if when == "before" else UnknownOutcomeError)
        assert result.totals["applied"] == 2 + (when == "after")
        assert result.totals["not_applied"] == (when == "before")
        assert sum(one.path == f"api/{EDIT}" for one in at.server.requests) == 3
        check(at, world)
        finish(at, world)


def test_an_app_that_may_not_edit_is_told_so_after_one_new_token(tmp_path: Path) -> None:
    with site(tmp_path) as (at, world):
        at.server.faults.add(Fault(call=EDIT, what="status", status=403, times=None))
        result = world.run()
        assert result.exit_code == ExitCode.UNREACHABLE
        assert "denied" in str(result.stopped_by)
        assert at.calls("system/token") == 2
        assert at.calls(f"api/{EDIT}") == 2
        check(at, world)


def test_a_token_that_dies_under_an_edit_costs_one_new_token(tmp_path: Path) -> None:
    with site(tmp_path, Behaviour(tokens="one")) as (at, world):
        at.server.faults.add(
            Fault(call=EDIT, what="expired_token", after=2), Fault(call=EDIT, what="expired_token", after=5)
        )
        assert world.run().totals["applied"] == CUSTOMERS
        assert at.calls("system/token") == 3
        check(at, world)


def test_an_edit_that_u8_refuses_concerns_that_customer_alone(tmp_path: Path) -> None:
    with site(tmp_path) as (at, world):
        at.server.faults.add(Fault(call=EDIT, what="errcode", code="4711", text="客户被锁定", after=1))
        result = world.run()
        assert result.exit_code == ExitCode.PENDING
        assert (result.totals["rejected"], result.totals["applied"]) == (1, CUSTOMERS - 1)
        assert next(ending.detail for ending in result.endings if ending.status == "rejected") == "客户被锁定 [4711]"
        check(at, world)
        finish(at, world)


def test_a_refusal_of_what_was_done_all_the_same_ends_the_night(tmp_path: Path) -> None:
    with site(tmp_path) as (at, world):
        at.server.faults.add(Fault(call=EDIT, what="errcode", when="after", after=1))
        result = world.run()
        assert "refused the edit" in str(rise_in(result))
        assert result.totals["applied"] == 2
        check(at, world)
        finish(at, world)


def test_an_empty_text_that_u8_ignores_is_a_refusal(tmp_path: Path) -> None:
    with site(tmp_path, Behaviour(empty="ignored")) as (at, world):
        world.run()
        code = next(iter(at.stored()))
        tier = at.stored()[code]["cCusDefine5"]
        backend: Backend = world.backend
        edit = Edit(code, {"self_define5": tier}, {"self_define5": None})  # type: ignore[arg-type]
        (outcome,) = backend.write([edit], None)  # type: ignore[arg-type]
        assert outcome.status == "rejected"
        assert "self_define5" in (outcome.detail or "")
        assert at.stored()[code]["cCusDefine5"] == tier


# --- edits that do something else -------------------------------------------------------------------------------------


def persons(codes: list[str]) -> set[str]:
    """Every contact, bank and address value of these customers."""
    return {value for code in codes for value in People().of(code).values() if value.strip("0-")}


def no_person_shows(text: str, at: OpenApiSite) -> None:
    assert not [value for value in persons(list(at.stored())) if value in text]


FIELDS = ("domain_code", "ccusexch_name", "spec_operator", "phone", "address", "bank_acc_number", "memo")


def fill(at: OpenApiSite) -> None:
    at.run("UPDATE Customer SET cDCCode = '0233', dCusDevDate = '2020-02-03 00:00:00', cCusExch_name = '人民币'")
    at.run("UPDATE Customer SET cCusPPerson = '00017'")


@pytest.mark.parametrize("field", FIELDS)
def test_an_edit_that_blanks_another_field_stops_the_night_at_once(tmp_path: Path, field: str) -> None:
    with site(tmp_path, before=fill) as (at, world):
        at.server.faults.add(Fault(call=EDIT, what="blanks", field=field, times=None))
        result = world.run()
        error = rise_in(result)
        harmed = {edit.code for edit in at.server.edits if edit.field == field}
        assert len(harmed) == 1, "one card and no more"
        (code,) = harmed
        text = told(error, world.log.durable)
        assert code in str(error)
        assert field in str(error)
        assert error.hint is not None
        assert "edit_sends" in str(error.hint)
        value = next(edit.before for edit in at.server.edits if edit.field == field)
        shown = str(error.hint)
        assert value is not None
        if field in PERSONAL:
            assert field in shown
        else:
            assert f"{field}: {value}" in shown
            assert value not in str(error), "the sentence stands in the log, values do not"
        no_person_shows(text, at)
        edits = sum(one.path == f"api/{EDIT}" for one in at.server.requests)
        assert edits == len({edit.code for edit in at.server.edits})
        # What became of the change itself is recorded as it is.
        assert set(ends(world)[code]) == {"applied"}


def test_a_gateway_that_replaces_cards_harms_exactly_one(tmp_path: Path) -> None:
    with site(tmp_path, Behaviour(edit="replace"), before=fill) as (at, world):
        before = at.stored()
        result = world.run()
        after = at.stored()
        assert [code for code in before if before[code] != after[code]] == [result.endings[0].code]
        assert {edit.code for edit in at.server.edits} == {result.endings[0].code}
        assert at.calls(f"api/{EDIT}") == 1
        error = rise_in(result)
        assert "domain_code: 0233" in str(error.hint)
        assert "spec_operator: 00017" in str(error.hint)
        no_person_shows(told(error, world.log.durable), at)


def test_a_gateway_that_replaces_cards_harms_none_when_whole_cards_are_sent(tmp_path: Path) -> None:
    with site(tmp_path, Behaviour(edit="replace"), before=fill, edit_sends="card") as (at, world):
        assert world.run().totals["applied"] == CUSTOMERS
        assert {edit.field for edit in at.server.edits} == {"self_define5"}
        check(at, world)


def test_what_u8_says_of_a_whole_card_is_recorded_without_its_contact_and_bank_values(tmp_path: Path) -> None:
    with site(tmp_path, before=fill, edit_sends="card") as (at, world):
        values = sorted(persons(list(at.stored())))
        words = "，".join(values)
        for start in range(0, len(words), 150):
            at.server.faults.add(Fault(call=EDIT, what="errcode", text="不合法：" + words[start:], after=start // 150))
        result = world.run()
        assert result.totals["rejected"] > 0
        for ending in result.endings:
            own = persons([str(ending.code)])
            assert not [value for value in own if value in (ending.detail or "")]
            assert "不合法" in (ending.detail or "不合法")


def test_an_edit_that_is_said_to_be_done_and_is_not_ends_the_night(tmp_path: Path) -> None:
    with site(tmp_path) as (at, world):
        at.server.faults.add(Fault(call=EDIT, what="ok_but_nothing", after=2, times=None))
        result = world.run()
        assert "does not hold the new value" in str(rise_in(result))
        assert (result.totals["applied"], result.totals["not_applied"]) == (2, 1)
        assert at.calls(f"api/{EDIT}") == 3
        check(at, world)
        finish(at, world)


def test_an_edit_that_is_done_to_another_customer_ends_the_night(tmp_path: Path) -> None:
    with site(tmp_path) as (at, world):
        at.server.faults.add(Fault(call=EDIT, what="wrong_customer", after=1))
        result = world.run()
        assert "another customer" in str(rise_in(result))
        assert result.totals["not_started"] == CUSTOMERS - 2
        assert at.calls(f"api/{EDIT}") == 2


def test_a_card_of_another_customer_is_never_taken_for_the_one_asked_for(tmp_path: Path) -> None:
    with site(tmp_path) as (at, world):
        at.server.faults.add(Fault(call="customer/get", what="wrong_customer", after=2, times=None))
        result = world.run()
        assert "another customer" in str(rise_in(result))
        assert len(at.server.edits) == 1
        check(at, world)


# --- results that come later ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("polls", [1, 3, 19])
def test_a_result_is_asked_for_until_it_is_there(tmp_path: Path, polls: int) -> None:
    with site(tmp_path, Behaviour(edit_reply="async", polls=polls, ping_after_s=2)) as (at, world):
        assert world.run().totals["applied"] == CUSTOMERS
        check_results(at, polls)


def check_results(at: OpenApiSite, polls: int) -> None:
    assert at.calls("result") == polls * CUSTOMERS
    assert all(set(one.query) == {"requestid"} for one in at.server.requests if one.path == "result")


def test_a_result_that_never_comes_is_settled_by_reading(tmp_path: Path) -> None:
    with site(tmp_path, Behaviour(edit_reply="async")) as (at, world):
        at.server.faults.add(Fault(call=EDIT, what="endless_result", after=1))
        result = world.run()
        assert "did not come" in str(rise_in(result))
        assert at.calls("result") == 1 + 20
        assert result.totals["applied"] == 2, "it had taken effect"
        check_edits(at, world)
        finish_async(at, world)


def check_edits(at: OpenApiSite, world: World) -> None:
    done = {code for code, how in ends(world).items() if "applied" in how}
    assert done == {edit.code for edit in at.server.edits}


def finish_async(at: OpenApiSite, world: World) -> None:
    at.server.faults.clear()
    world.run()
    check_edits(at, world)
    assert len(at.server.edits) == CUSTOMERS


def test_a_result_on_another_host_is_never_asked_for(tmp_path: Path) -> None:
    with OpenApiServer(account_set()) as elsewhere, site(tmp_path) as (at, world):
        at.server.faults.add(Fault(call=EDIT, what="other_result", url=elsewhere.url))
        result = world.run()
        assert "another server" in str(rise_in(result))
        assert elsewhere.requests == ()
        assert world.waits == [LATE_S]
        check_edits(at, world)
        finish_async(at, world)


@pytest.mark.parametrize("call", [EDIT, "customer/get", "customer/batch_get", "system/token"])
def test_a_redirect_is_never_followed(tmp_path: Path, call: str) -> None:
    with OpenApiServer(account_set()) as elsewhere, site(tmp_path) as (at, world):
        token = call == "system/token"
        at.server.faults.add(Fault(call=call, what="redirect", url=f"{elsewhere.url}api/{call}", times=None))

        def night() -> None:
            if token:
                at.open()
            raise rise_in(world.run())

        with pytest.raises(FatalError, match="another address") as moved:
            night()
        assert moved.value.hint is not None
        assert elsewhere.requests == ()


@pytest.mark.parametrize("value", ["-1", "1000000000", '"soon"', "null", "[]"])
def test_an_odd_pause_is_brought_within_reason(tmp_path: Path, value: str) -> None:
    with site(tmp_path) as (at, _):
        waits: list[float] = []
        at.sleep = waits.append
        backend = at.open()
        world = World(backend)  # type: ignore[arg-type]
        at.server.faults.add(Fault(call=EDIT, what="ping_after", value=value))
        assert world.run().totals["applied"] == CUSTOMERS
        assert len(waits) == 1
        assert 0 < waits[0] <= 30
        backend.close()


def test_a_result_that_is_a_refusal_concerns_that_customer_alone(tmp_path: Path) -> None:
    with site(tmp_path, Behaviour(edit_reply="async")) as (at, world):
        at.server.faults.add(Fault(call="result", what="errcode", code="4711", text="客户被锁定", after=1))
        result = world.run()
        assert result.totals["rejected"] == 1
        assert result.totals["applied"] == CUSTOMERS - 1
        finish_async(at, world)


@pytest.mark.parametrize("what", ["reset", "status", "truncated_json"])
def test_a_result_that_is_lost_on_the_way_is_asked_for_again_or_settled(tmp_path: Path, what: Any) -> None:
    with site(tmp_path, Behaviour(edit_reply="async")) as (at, world):
        at.server.faults.add(Fault(call="result", what=what, after=1))
        result = world.run()
        assert result.totals["applied"] + result.totals["not_applied"] + result.totals["not_started"] == CUSTOMERS
        check_edits(at, world)
        finish_async(at, world)


def test_a_refusal_that_came_after_the_card_was_replaced_does_not_hide_the_harm(tmp_path: Path) -> None:
    with openapi_site(tmp_path, behaviour=Behaviour(edit="replace")) as at:
        at.server.faults.add(Fault(call=EDIT, what="status", status=404, when="after"))
        backend = at.open()
        with pytest.raises(UnknownOutcomeError, match="changed fields that it did not name") as harmed:
            backend.write([Edit(CustomerCode("C001"), {"self_define4": "金"}, {"self_define4": "银"})], STAMP)
        backend.close()
    assert harmed.value.ends_run
    assert "self_define5: A" in str(harmed.value.hint)
