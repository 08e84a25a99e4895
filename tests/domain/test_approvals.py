"""Which changes a person has to approve: laws over arbitrary changes, requests and answers."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from engine_world import example_policy
from hypothesis import given
from hypothesis import strategies as st

from u8sync.domain.approvals import Answer, ApprovalRules, Asked, Request, Sorted, change_id, sort_out
from u8sync.domain.model import CustomerCode
from u8sync.domain.plan import Change, FieldChange

NOW = datetime(2026, 11, 28, 2, 0, tzinfo=UTC)
LADDER = [tier.name for tier in example_policy().tiers]


def change(code: str, was: str | None, becomes: str) -> Change:
    return Change(CustomerCode(code), (FieldChange("tier", "cCusDefine5", was, becomes, was, becomes),), {}, None)


def request(one: Change, *, until: datetime = NOW + timedelta(days=1)) -> Request:
    return Request(change_id(one), 1, "tier", until, "run-1", "system")


def answer(one: Change, *, yes: bool, until: datetime = NOW + timedelta(days=1)) -> Answer:
    return Answer(change_id(one), 2, yes, until, "admin", "seen")


def asked(*found: Request | Answer, of: Change) -> Asked:
    requests = [one for one in found if isinstance(one, Request)]
    answers = [one for one in found if isinstance(one, Answer)]
    return Asked(dict.fromkeys([of.code] * len(requests), *requests), dict.fromkeys([of.code] * len(answers), *answers))


def codes(sorting: Sorted) -> dict[str, list[str]]:
    return {
        "ready": [str(one.code) for one in sorting.ready],
        "waiting": [str(one.change.code) for one in sorting.waiting],
        "refused": [str(one.change.code) for one in sorting.refused],
    }


@pytest.mark.parametrize(
    ("was", "becomes", "rules", "cause"),
    [
        pytest.param("重要", "VIP", ApprovalRules(tiers=frozenset({"VIP"})), "tier", id="into a named tier"),
        pytest.param("VIP", "重要", ApprovalRules(tiers=frozenset({"VIP"})), "tier", id="out of a named tier"),
        pytest.param(None, "VIP", ApprovalRules(tiers=frozenset({"VIP"})), "tier", id="from nothing into it"),
        pytest.param("潜在", "一般", ApprovalRules(tiers=frozenset({"VIP"})), None, id="elsewhere"),
        pytest.param("潜在", "重要", ApprovalRules(steps=2), "steps", id="two steps up"),
        pytest.param("VIP", "一般", ApprovalRules(steps=2), "steps", id="two steps down"),
        pytest.param("VIP", "重要", ApprovalRules(steps=2), None, id="one step"),
        pytest.param(None, "VIP", ApprovalRules(steps=2), None, id="from nothing there are no steps"),
        pytest.param("大客户", "潜在", ApprovalRules(steps=1), None, id="from no step of the ladder there are none"),
        pytest.param("VIP", "潜在", ApprovalRules(tiers=frozenset({"VIP"}), steps=2), "tier", id="the first rule"),
    ],
)
def test_the_rules_name_a_change(was: str | None, becomes: str, rules: ApprovalRules, cause: str | None) -> None:
    sorting = sort_out([change("A", was, becomes)], example_policy(), rules, Asked(), NOW)
    assert [one.cause for one in sorting.waiting] == ([] if cause is None else [cause])


def test_a_change_of_spelling_needs_nobody() -> None:
    spelt = Change(CustomerCode("A"), (FieldChange("tier", "c", "vip", "VIP", "VIP", "VIP"),), {}, None)
    assert sort_out([spelt], example_policy(), ApprovalRules(tiers=frozenset({"VIP"})), Asked(), NOW).ready == (spelt,)


def test_without_rules_nobody_is_asked_whatever_was_asked_before() -> None:
    one = change("A", "重要", "VIP")
    assert sort_out([one], example_policy(), None, asked(request(one), of=one), NOW).ready == (one,)


def test_too_many_changes_need_approval_all_of_them() -> None:
    many = [change(code, "潜在", "一般") for code in "ABC"]
    assert not sort_out(many, example_policy(), ApprovalRules(more_than=3), Asked(), NOW).waiting
    assert [
        one.cause for one in sort_out(many, example_policy(), ApprovalRules(more_than=2), Asked(), NOW).waiting
    ] == ["many"] * 3


def test_what_another_rule_names_is_not_counted_among_too_many() -> None:
    changes = [change("A", "重要", "VIP"), change("B", "潜在", "一般"), change("C", "潜在", "一般")]
    rules = ApprovalRules(tiers=frozenset({"VIP"}), more_than=2)
    assert codes(sort_out(changes, example_policy(), rules, Asked(), NOW))["ready"] == ["B", "C"]


def test_answering_some_of_too_many_lets_no_other_slip_through() -> None:
    many = [change(code, "潜在", "一般") for code in "ABCD"]
    said = Asked(
        {one.code: replace(request(one), cause="many") for one in many},
        {many[0].code: answer(many[0], yes=True), many[1].code: answer(many[1], yes=False)},
    )
    sorting = sort_out(many, example_policy(), ApprovalRules(more_than=3), said, NOW)
    assert codes(sorting) == {"ready": ["A"], "waiting": ["C", "D"], "refused": ["B"]}


def test_what_was_asked_for_is_not_counted_among_too_many_again() -> None:
    many = [change(code, "潜在", "一般") for code in "ABC"]
    said = Asked({one.code: replace(request(one), cause="many") for one in many[:2]})
    sorting = sort_out(many, example_policy(), ApprovalRules(more_than=2), said, NOW)
    assert codes(sorting) == {"ready": ["C"], "waiting": ["A", "B"], "refused": []}


def test_an_approval_is_of_this_very_change() -> None:
    asked_for, wanted = change("A", "重要", "VIP"), change("A", "一般", "VIP")
    rules = ApprovalRules(tiers=frozenset({"VIP"}))
    sorting = sort_out([wanted], example_policy(), rules, asked(answer(asked_for, yes=True), of=wanted), NOW)
    assert codes(sorting) == {"ready": [], "waiting": ["A"], "refused": []}


@pytest.mark.parametrize("yes", [True, False])
def test_answers_age_out(*, yes: bool) -> None:
    one, rules = change("A", "重要", "VIP"), ApprovalRules(tiers=frozenset({"VIP"}))
    said = asked(answer(one, yes=yes, until=NOW + timedelta(hours=1)), of=one)
    assert not sort_out([one], example_policy(), rules, said, NOW).waiting
    later = sort_out([one], example_policy(), rules, said, NOW + timedelta(hours=1))
    assert [found.request for found in later.waiting] == [None], "it is asked anew"


def test_a_request_that_aged_out_is_asked_anew() -> None:
    one, rules = change("A", "重要", "VIP"), ApprovalRules(tiers=frozenset({"VIP"}))
    said = asked(request(one, until=NOW), of=one)
    assert [found.request for found in sort_out([one], example_policy(), rules, said, NOW).waiting] == [None]
    fresh = asked(request(one), of=one)
    assert [found.request for found in sort_out([one], example_policy(), rules, fresh, NOW).waiting] == [request(one)]


def test_who_grants_everything_grants_nothing_that_was_refused() -> None:
    first, second = change("A", "重要", "VIP"), change("B", "重要", "VIP")
    said = Asked({}, {first.code: answer(first, yes=False)})
    rules = ApprovalRules(tiers=frozenset({"VIP"}))
    sorting = sort_out([first, second], example_policy(), rules, said, NOW, grant=True)
    assert codes(sorting) == {"ready": ["B"], "waiting": [], "refused": ["A"]}
    assert [one.change.code for one in sorting.granted] == ["B"]


tiers = st.sampled_from([*LADDER, None])
some_rules = st.builds(
    ApprovalRules,
    tiers=st.frozensets(st.sampled_from(LADDER)),
    steps=st.none() | st.integers(1, 4),
    more_than=st.none() | st.integers(0, 5),
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Change], Asked]:
    changes = [
        change(f"{at:03}", draw(tiers.filter(lambda tier, becomes=becomes: tier != becomes)), becomes)
        for at, becomes in enumerate(draw(st.lists(st.sampled_from(LADDER), max_size=8)))
    ]
    until = st.integers(-2, 2).map(lambda days: NOW + timedelta(days=days))
    requests: Mapping[CustomerCode, Request] = {
        one.code: request(one, until=draw(until)) for one in changes if draw(st.booleans())
    }
    answers: Mapping[CustomerCode, Answer] = {
        one.code: answer(one, yes=draw(st.booleans()), until=draw(until)) for one in changes if draw(st.booleans())
    }
    return changes, Asked(requests, answers)


@given(worlds(), some_rules, st.booleans())
def test_every_change_is_in_exactly_one_place_and_in_its_order(
    world: tuple[list[Change], Asked],
    rules: ApprovalRules,
    grant: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    changes, said = world
    sorting = sort_out(changes, example_policy(), rules, said, NOW, grant=grant)
    parts = codes(sorting)
    assert sorted(code for part in parts.values() for code in part) == [str(one.code) for one in changes]
    assert all(part == sorted(part) for part in parts.values())


@given(worlds(), some_rules)
def test_nothing_is_written_that_a_rule_names_and_nobody_approved(
    world: tuple[list[Change], Asked], rules: ApprovalRules
) -> None:
    changes, said = world
    for one in sort_out(changes, example_policy(), rules, said, NOW).ready:
        field = one.fields[0]
        named = {field.was, field.becomes} & rules.tiers
        known = field.was in LADDER and rules.steps is not None
        far = known and abs(LADDER.index(str(field.was)) - LADDER.index(str(field.becomes))) >= (rules.steps or 0)
        yes = said.answers.get(one.code)
        if named or far:
            assert yes is not None
            assert yes.approved
            assert yes.until > NOW


@given(worlds(), some_rules)
def test_the_order_of_the_changes_decides_nothing(world: tuple[list[Change], Asked], rules: ApprovalRules) -> None:
    changes, said = world
    one, other = (sort_out(each, example_policy(), rules, said, NOW) for each in (changes, changes[::-1]))
    assert {key: sorted(found) for key, found in codes(one).items()} == {
        key: sorted(found) for key, found in codes(other).items()
    }


@given(worlds(), some_rules)
def test_approving_one_change_moves_no_other(world: tuple[list[Change], Asked], rules: ApprovalRules) -> None:
    changes, said = world
    before = sort_out(changes, example_policy(), rules, said, NOW)
    # As a night leaves it: everything that waits was asked for.
    requests = {one.change.code: request(one.change) for one in before.waiting}
    standing = Asked({**said.requests, **requests}, said.answers)
    for one in before.waiting:
        answers = {**said.answers, one.change.code: answer(one.change, yes=True)}
        after = codes(sort_out(changes, example_policy(), rules, Asked(standing.requests, answers), NOW))
        assert after["waiting"] == [code for code in codes(before)["waiting"] if code != one.change.code]
        assert set(after["ready"]) == {*codes(before)["ready"], str(one.change.code)}
