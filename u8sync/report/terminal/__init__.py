"""What a person reads on the terminal: a plan, a run, an explanation, a check of the audit log, an error.

Each function takes plain values and returns something that rich can print; nothing is printed here. The same facts as
a page of their own: ``html.py``.
"""

from __future__ import annotations

from u8sync.report.terminal.approvals import pending_view
from u8sync.report.terminal.audit import verification_view
from u8sync.report.terminal.cases import cases_summary, cases_view
from u8sync.report.terminal.checked import checked_view
from u8sync.report.terminal.checks import account_sets_view, check_view, checks_summary
from u8sync.report.terminal.coverage import coverage_view
from u8sync.report.terminal.entries import entries_view, entry_view, timings_view
from u8sync.report.terminal.explanation import explanation_view
from u8sync.report.terminal.extract import extract_view
from u8sync.report.terminal.failure import error_view
from u8sync.report.terminal.fleet import fleet_list_view, fleet_view
from u8sync.report.terminal.history import gaps_view, history_view, left_view, run_view, runs_view, tally_words
from u8sync.report.terminal.mapping_diff import mapping_diff_view
from u8sync.report.terminal.plan import planned_view
from u8sync.report.terminal.policy_checked import policy_checked_view
from u8sync.report.terminal.record import record_view
from u8sync.report.terminal.run import result_view
from u8sync.report.terminal.schedule import schedule_view
from u8sync.report.terminal.simulation import simulation_view
from u8sync.report.terminal.status import status_view
from u8sync.report.terminal.tier_list import tier_lists_view
from u8sync.report.terminal.traced import traced_view
from u8sync.report.terminal.undo import undo_view

__all__ = [
    "account_sets_view",
    "cases_summary",
    "cases_view",
    "check_view",
    "checked_view",
    "checks_summary",
    "coverage_view",
    "entries_view",
    "entry_view",
    "error_view",
    "explanation_view",
    "extract_view",
    "fleet_list_view",
    "fleet_view",
    "gaps_view",
    "history_view",
    "left_view",
    "mapping_diff_view",
    "pending_view",
    "planned_view",
    "policy_checked_view",
    "record_view",
    "result_view",
    "run_view",
    "runs_view",
    "schedule_view",
    "simulation_view",
    "status_view",
    "tally_words",
    "tier_lists_view",
    "timings_view",
    "traced_view",
    "undo_view",
    "verification_view",
]
