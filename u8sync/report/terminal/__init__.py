"""What a person reads on the terminal: a plan, a run, an explanation, a check of the audit log, an error.

Each function takes plain values and returns something that rich can print; nothing is printed here. The same facts as
a page of their own: ``html.py``.
"""

from __future__ import annotations

from u8sync.report.terminal.audit import history_view, verification_view
from u8sync.report.terminal.checks import account_sets_view, check_view, checks_summary
from u8sync.report.terminal.explanation import explanation_view
from u8sync.report.terminal.failure import error_view
from u8sync.report.terminal.plan import planned_view
from u8sync.report.terminal.run import result_view

__all__ = [
    "account_sets_view",
    "check_view",
    "checks_summary",
    "error_view",
    "explanation_view",
    "history_view",
    "planned_view",
    "result_view",
    "verification_view",
]
