"""How the cases of mappings came out, as the JUnit XML that build servers read."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from u8sync.domain.cases import CaseFile, CaseResult, CasesRun
from u8sync.report.cells import escaped
from u8sync.report.terminal.cases import case_text
from u8sync.text import Translate

__all__ = ["junit_xml"]


def junit_xml(files: Sequence[tuple[CaseFile, CasesRun]], translate: Translate) -> str:
    """One ``testsuite`` a file, one ``testcase`` a case; characters that XML cannot hold are written out."""
    root = ET.Element("testsuites")
    for file, run in files:
        failed = sum(not result.passed for result in run.results)
        suite = ET.SubElement(
            root, "testsuite", name=escaped(file.file), tests=str(len(run.results)), failures=str(failed), errors="0"
        )
        for result in run.results:
            _add(suite, result, translate)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _add(suite: ET.Element, result: CaseResult, translate: Translate) -> None:
    case = result.case
    classname = escaped(f"{case.place.file}.{case.way}")
    at = ET.SubElement(
        suite,
        "testcase",
        classname=classname,
        name=escaped(case.name),
        file=escaped(case.place.file),
        line=str(case.place.line),
    )
    if not result.passed:
        lines = [escaped(line) for line in case_text(result, translate).splitlines()]
        failure = ET.SubElement(at, "failure", message=lines[0])
        failure.text = "\n".join(lines)
