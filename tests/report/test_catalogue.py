"""The Chinese catalogue holds every sentence of the source, translated, with the same placeholders."""

import ast
import importlib.util
from functools import cache
from pathlib import Path
from string import Formatter
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent.parent
MEND = "run 'python tests/support/catalogue.py' and fill the empty lines of the .po file"


@pytest.fixture(scope="module")
def catalogue() -> ModuleType:
    """The maintenance script."""
    spec = importlib.util.spec_from_file_location("catalogue", ROOT / "tests" / "support" / "catalogue.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def _calls() -> list[tuple[str, ast.Call]]:
    return [
        (f"{path.relative_to(ROOT)}:{node.lineno}", node)
        for path in sorted((ROOT / "u8sync").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"msg", "N_"}
    ]


def _literal(call: ast.Call) -> str | None:
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def _placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def test_every_template_is_a_literal() -> None:
    assert [where for where, call in _calls() if _literal(call) is None] == []


def test_the_extraction_misses_no_sentence(catalogue: ModuleType) -> None:
    written = {_literal(call) for _, call in _calls()}

    assert written - {template for _, template in catalogue.sentences()} == set()


def test_sentences_of_the_templates_are_extracted(catalogue: ModuleType) -> None:
    assert any(file.endswith(".html.j2") for file, _ in catalogue.sentences())


def test_every_sentence_is_translated(catalogue: ModuleType) -> None:
    known = catalogue.known()

    wanted = {t for _, t in catalogue.sentences()} | {forms[1] for _, forms in catalogue.plurals()}
    assert sorted(t for t in wanted if not known.get(t)) == [], MEND


def test_the_catalogue_is_as_the_script_writes_it(catalogue: ModuleType) -> None:
    assert catalogue.PO.read_bytes() == catalogue.po_bytes(catalogue.updated()), MEND


def test_the_compiled_catalogue_is_the_catalogue(catalogue: ModuleType) -> None:
    assert catalogue.MO.read_bytes() == catalogue.mo_bytes(catalogue.updated()), MEND


def test_translations_keep_the_placeholders(catalogue: ModuleType) -> None:
    known = {template: translation for template, translation in catalogue.known().items() if translation}

    assert [t for t, translation in known.items() if _placeholders(t) != _placeholders(translation)] == []


def test_a_chinese_windows_console_can_show_every_translation(catalogue: ModuleType) -> None:
    for translation in catalogue.known().values():
        translation.encode("gbk")


def test_the_catalogue_holds_no_date_and_no_line_number(catalogue: ModuleType) -> None:
    lines = catalogue.PO.read_text(encoding="utf-8").splitlines()

    assert [line for line in lines if line.startswith('"') and "Date" in line] == []
    assert [line for line in lines if line.startswith("#:") and ":" in line.removeprefix("#:")] == []
