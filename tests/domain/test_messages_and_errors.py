"""Sentences that wait for a language, and the errors that carry them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from u8sync import errors
from u8sync.errors import ConfigError, ExitCode, InputError, Problem, TransientError, U8SyncError, UnknownOutcomeError
from u8sync.text import Message, Place, english, fill, msg


def test_a_message_is_english_until_it_is_translated() -> None:
    message = msg("{count} of {of} customers", count=3, of=10)
    assert str(message) == english(message) == "3 of 10 customers"
    assert message.template == "{count} of {of} customers"


def test_a_message_inside_a_message_is_translated_too() -> None:
    catalogue = {"{what} failed": "{what}失败", "reading": "读取"}

    def chinese(message: Message) -> str:
        return fill(catalogue[message.template], message.args, chinese)

    message = msg("{what} failed", what=msg("reading"))
    assert str(message) == "reading failed"
    assert chinese(message) == "读取失败"


@given(value=st.text(max_size=20))
def test_what_stands_in_a_value_is_never_taken_for_a_template(value: str) -> None:
    assert str(msg("'{value}' is unknown", value=value)) == f"'{value}' is unknown"
    assert str(msg("see {inner}", inner=msg("'{value}'", value=value))) == f"see '{value}'"


def test_an_argument_may_have_the_name_of_the_parameter() -> None:
    assert str(msg("{template}", template="x")) == "x"


def test_places_are_ordered_as_in_the_file() -> None:
    places = [Place("b", 1, 1), Place("a", 10, 1), Place("a", 9, 2), Place("a", 9, 1)]
    assert [str(place) for place in sorted(places)] == ["a:9:1", "a:9:2", "a:10:1", "b:1:1"]


def test_an_error_says_what_is_wrong_and_what_to_do() -> None:
    error = InputError(msg("no such file: {file}", file="x.yaml"), hint=msg("Check the name."))
    assert str(error) == "no such file: x.yaml"
    assert str(error.hint) == "Check the name."
    assert error.exit_code == 65


def test_a_faulty_file_tells_all_its_problems_with_their_places() -> None:
    problems = [Problem(Place("x.yaml", 3, 5), msg("first")), Problem(None, msg("second"))]
    error = ConfigError("x.yaml", problems)
    assert str(error).splitlines() == ["x.yaml: 2 problem(s)", "x.yaml:3:5: first", "x.yaml: second"]
    assert error.problems == tuple(problems)
    assert error.hint is not None


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("U8SyncError", 1),
        ("InputError", 65),
        ("ConfigError", 65),
        ("BackendError", 69),
        ("FatalError", 69),
        ("TransientError", 75),
        ("UnknownOutcomeError", 75),
        ("LockHeldError", 3),
        ("StoppedError", 75),
        ("UnsafePlanError", 4),
        ("StalePlanError", 5),
        ("AuditError", 74),
        ("RefusedError", 78),
    ],
)
def test_a_command_ends_with_the_code_of_its_error(name: str, code: int) -> None:
    error = getattr(errors, name)
    assert issubclass(error, U8SyncError)
    assert error.exit_code == code


def test_every_error_is_in_the_tree_above() -> None:
    parameters = test_a_command_ends_with_the_code_of_its_error.pytestmark[0].args[1]
    listed = {name for name in errors.__all__ if isinstance(getattr(errors, name), type)}
    assert {name for name, _ in parameters} == {n for n in listed if issubclass(getattr(errors, n), U8SyncError)}


def test_not_done_for_certain_and_not_known_are_never_caught_as_one_another() -> None:
    assert not issubclass(UnknownOutcomeError, TransientError)
    assert not issubclass(TransientError, UnknownOutcomeError)


def test_exit_codes_are_all_different() -> None:
    assert len({code.value for code in ExitCode.__members__.values()}) == len(ExitCode.__members__)
