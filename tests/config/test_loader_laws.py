"""Laws of the four loaders: whatever a file holds, the answer is a value or a ConfigError with places inside it."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from u8sync.config.cases_file import load_cases
from u8sync.config.located_yaml import Located, Value, excerpt, load
from u8sync.config.mapping_file import load_mapping
from u8sync.config.policy_file import load_policy
from u8sync.config.settings import load_settings
from u8sync.errors import ConfigError

ROOT = Path(__file__).parents[2]

MAPPING = load_mapping(ROOT / "mappings" / "customer.yaml", "m.yaml")

LOADERS: dict[str, Callable[[Path], object]] = {
    "config.example.yaml": load_settings,
    "mappings/customer.yaml": lambda path: load_mapping(path, "m.yaml"),
    "mappings/tiers.yaml": lambda path: load_policy(path, "t.yaml"),
    "mappings/customer.cases.yaml": lambda path: load_cases(path, "c.yaml", (MAPPING, "m.yaml")),
}

loaders = pytest.mark.parametrize("example", LOADERS)
quick = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)


def accept(path: Path, content: bytes, load_file: Callable[[Path], object]) -> None:
    """Load; nothing but a ConfigError may come, and each of its places must be in the file and printable."""
    path.write_bytes(content)
    error = refusal(path, load_file)
    if error is None:
        return
    assert error.problems
    text = content.decode("utf-8-sig", errors="replace")
    places = [problem.place for problem in error.problems if problem.place]
    assert places == sorted(places, key=lambda place: (place.line, place.column))
    for place in places:
        shown, caret = excerpt(place, text)
        assert caret.strip() == "^"
        assert shown.replace("\u3000", "").isprintable()
    assert all(str(problem.message) for problem in error.problems)


def refusal(path: Path, load_file: Callable[[Path], object]) -> ConfigError | None:
    try:
        load_file(path)
    except ConfigError as error:
        return error
    return None


YAMLISH = st.text(
    st.sampled_from("abz01:-[]{}&*!|>'\"%@`#,? \n\t\\~<=：　客\x00\x85\u2028\ufeff.xUu\ud7ff"), max_size=60
)


@loaders
@quick
@given(content=st.one_of(st.binary(max_size=80), st.text(max_size=60).map(lambda t: t.encode("utf-8", "replace"))))
def test_any_bytes_are_read_or_refused(tmp_path: Path, example: str, content: bytes) -> None:
    accept(tmp_path / "x.yaml", content, LOADERS[example])


@loaders
@quick
@given(text=YAMLISH)
def test_any_text_that_looks_like_yaml_is_read_or_refused(tmp_path: Path, example: str, text: str) -> None:
    accept(tmp_path / "x.yaml", text.encode(), LOADERS[example])


@loaders
@quick
@given(data=st.data())
def test_an_example_with_a_piece_replaced_is_read_or_refused(tmp_path: Path, example: str, data: st.DataObject) -> None:
    text = (ROOT / example).read_text(encoding="utf-8")
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    piece = data.draw(
        st.one_of(YAMLISH, st.sampled_from(["", "~", "[]", "{}", "1e5", "-1", "潜在", "score", "trim", "given"]))
    )
    accept(tmp_path / "x.yaml", (text[:start] + piece + text[end:]).encode(), LOADERS[example])


SCALARS = st.none() | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc客01:", min_size=1, max_size=4), inner, max_size=3)
    ),
    max_leaves=12,
)


def plain(value: Value) -> str:
    """A YAML text of the value, every text in quotes."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)}: {plain(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(plain(inner) for inner in value) + "]"
    return "null" if value is None else quoted(value)


def quoted(text: str) -> str:
    return str(yaml.dump(text, default_style='"', allow_unicode=True, width=10_000)).strip()


@quick
@given(value=st.dictionaries(st.text("xyz", min_size=1, max_size=3), DOCUMENTS, min_size=1, max_size=3))
def test_what_is_written_is_read_again_with_a_place_for_everything(tmp_path: Path, value: dict[str, Value]) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(plain(value).encode())
    located = load(path, "x.yaml")
    assert located.value == value
    assert all(route in located.values for route in routes(located))


def routes(located: Located) -> list[tuple[str | int, ...]]:
    def below(value: Value, route: tuple[str | int, ...]) -> list[tuple[str | int, ...]]:
        inner: list[tuple[str | int, Value]] = []
        if isinstance(value, dict):
            inner = list(value.items())
        if isinstance(value, list):
            inner = list(enumerate(value))
        return [route, *(at for step, part in inner for at in below(part, (*route, step)))]

    return below(located.value, ())
