"""One spelling for every value: the bytes that hashes are made of."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from u8sync.domain.canonical import canonical_bytes, digest

LARGEST = 2**53 - 1
KEYS = st.text(st.characters(codec="ascii"), max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST, LARGEST) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=4)


@given(value=OBJECTS)
def test_the_bytes_are_those_of_rfc_8785(value: dict[str, Any]) -> None:
    assert canonical_bytes(value) == rfc8785.dumps(value)


@given(value=OBJECTS)
def test_what_is_read_back_has_the_same_bytes(value: dict[str, Any]) -> None:
    written = canonical_bytes(value)
    assert json.loads(written) == value
    assert canonical_bytes(json.loads(written)) == written


@given(value=OBJECTS)
def test_the_order_in_which_keys_were_put_in_does_not_matter(value: dict[str, Any]) -> None:
    assert digest(dict(reversed(value.items()))) == digest(value)


@given(left=OBJECTS, right=OBJECTS)
def test_different_values_have_different_bytes(left: dict[str, Any], right: dict[str, Any]) -> None:
    # repr, because to Python True is 1.
    same = repr(json.loads(json.dumps(left, sort_keys=True))) == repr(json.loads(json.dumps(right, sort_keys=True)))
    assert (canonical_bytes(left) == canonical_bytes(right)) == same


@pytest.mark.parametrize(
    ("value", "written"),
    [
        pytest.param({}, "{}", id="nothing"),
        pytest.param({"b": 1, "a": 2, "B": 3}, '{"B":3,"a":2,"b":1}', id="keys are sorted, capitals first"),
        pytest.param({"a": None, "b": True, "c": False}, '{"a":null,"b":true,"c":false}', id="null, true, false"),
        pytest.param({"a": "重点"}, '{"a":"重点"}', id="Chinese stays as it is"),
        pytest.param({"a": "😀"}, '{"a":"😀"}', id="and so does what lies beyond the basic plane"),
        pytest.param({"a": '"\\/\n\u0001\u007f'}, '{"a":"\\"\\\\/\\n\\u0001\u007f"}', id="what must be escaped is"),
        pytest.param({"a": [1, [2, {}]]}, '{"a":[1,[2,{}]]}', id="no blanks"),
        pytest.param({"a": LARGEST, "b": -LARGEST}, f'{{"a":{LARGEST},"b":-{LARGEST}}}', id="the largest integers"),
    ],
)
def test_the_form(value: dict[str, Any], written: str) -> None:
    assert canonical_bytes(value) == written.encode()
    assert digest(value) == hashlib.sha256(written.encode()).hexdigest()


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(1.0, id="a float"),
        pytest.param(float("nan"), id="not a number"),
        pytest.param(Decimal(1), id="a decimal"),
        pytest.param(date(2025, 1, 1), id="a date"),
        pytest.param(b"x", id="bytes"),
        pytest.param(("a",), id="a tuple"),
        pytest.param({"a"}, id="a set"),
        pytest.param({"é": 1}, id="a key that is not ASCII"),
        pytest.param({1: "a"}, id="a key that is no text"),
        pytest.param({None: "a"}, id="a key that is null"),
    ],
)
@pytest.mark.parametrize("wrap", [lambda v: {"a": v}, lambda v: {"a": [{"b": [v]}]}], ids=["at the top", "deep inside"])
def test_what_has_no_form_is_a_type_error(value: Any, wrap: Any) -> None:
    with pytest.raises(TypeError):
        canonical_bytes(wrap(value))


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(2**53, id="an integer that a double cannot tell from its neighbour"),
        pytest.param(-(2**53), id="and a negative one"),
        pytest.param(10**400, id="a huge integer"),
        pytest.param("\ud800", id="half a surrogate pair"),
        pytest.param("a\udfffb", id="the other half inside a text"),
    ],
)
@pytest.mark.parametrize("wrap", [lambda v: {"a": v}, lambda v: {"a": [{"b": [v]}]}], ids=["at the top", "deep inside"])
def test_what_has_no_single_form_is_a_value_error(value: Any, wrap: Any) -> None:
    with pytest.raises(ValueError, match=r".*"):
        canonical_bytes(wrap(value))
