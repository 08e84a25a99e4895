"""Results as JSON for machines: codes, decimal text, ISO dates; keys are stable, words are English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING

from u8sync.domain.canonical import decimal_text
from u8sync.domain.guards import verdict_json
from u8sync.domain.plan import change_json, held_json, seal_json, skipped_json

if TYPE_CHECKING:
    from u8sync.audit.findings import Verification
    from u8sync.bootstrap.testing import FileRun
    from u8sync.config.file_kinds import CheckedFile
    from u8sync.domain.approvals import PendingChange
    from u8sync.domain.canonical import Json
    from u8sync.domain.cases import CaseResult
    from u8sync.domain.explain import Explanation, Moving, Test
    from u8sync.domain.run import LoggedChange, Planned, RunResult
    from u8sync.domain.undo import PlannedUndo
    from u8sync.domain.untested import Counted, Untested
    from u8sync.errors import Problem
    from u8sync.ports import AccountSetFound, Check

__all__ = [
    "account_set_json",
    "case_files_json",
    "checked_json",
    "checks_json",
    "explanation_json",
    "logged_json",
    "pending_json",
    "planned_json",
    "problem_json",
    "result_json",
    "undo_json",
    "verification_json",
]


def checked_json(files: Sequence[CheckedFile]) -> list[Json]:
    """What was found in each file; a place is ``file:line:column``, null for the file as a whole."""
    return [
        {
            "file": one.shown_as,
            "kind": one.kind,
            "problems": [problem_json(problem) for problem in one.problems],
            "warnings": [problem_json(problem) for problem in one.warnings],
        }
        for one in files
    ]


def problem_json(problem: Problem) -> dict[str, Json]:
    """One problem; its place is ``file:line:column``, null for the file as a whole."""
    return {
        "place": None if problem.place is None else str(problem.place),
        "message": str(problem.message),
        "hint": None if problem.hint is None else str(problem.hint),
    }


def case_files_json(runs: Sequence[FileRun], left: Mapping[str, Untested]) -> dict[str, Json]:
    """How the cases of each file came out, and what no case looks at; a place is ``file:line:column``."""
    results = [result for one in runs for result in one.run.results]
    return {
        "passed": sum(result.passed for result in results),
        "failed": sum(not result.passed for result in results),
        "files": [
            {
                "file": one.file.file,
                "mapping": one.file.mapping_file,
                "cases": [_case(result) for result in one.run.results],
            }
            for one in runs
        ],
        "mappings": [
            {
                "mapping": name,
                "lines": _counted(rest.all_lines),
                "rules": _counted(rest.all_rules),
                "fields": _counted(rest.all_fields),
                "untested": {
                    "lines": [
                        {"table": table.name, "left": entry.raw, "place": str(entry.place)}
                        for table, entry in rest.lines
                    ],
                    "rules": [
                        {"field": field.name, "value": rule.value, "place": str(rule.place)}
                        for field, rule in rest.rules
                    ],
                    "fields": [{"field": field.name, "place": str(field.place)} for field in rest.fields],
                },
            }
            for name, rest in left.items()
        ],
    }


def _case(result: CaseResult) -> Json:
    return {
        "name": result.case.name,
        "place": str(result.case.place),
        "way": result.case.way,
        "passed": result.passed,
        "differences": [
            {
                "kind": one.kind,
                "name": one.name or None,
                "expected": _said(one.expected),
                "got": _said(one.got),
                "decided_by": [str(place) for place in one.decided],
            }
            for one in result.differences
        ],
    }


def _said(value: object) -> Json:
    return list(value) if isinstance(value, tuple) else None if value is None else str(value)


def _counted(counted: Counted) -> Json:
    return {"tested": counted.tested, "of": counted.of}


def planned_json(planned: Planned) -> dict[str, Json]:
    """A plan with the verdicts and issues; the changes as in a plan file."""
    plan, window = planned.plan, planned.facts.window
    return {
        "account_set": {"code": planned.account_set.code, "name": planned.account_set.name},
        "window": {"start": window.start.isoformat(), "as_of": window.as_of.isoformat()},
        "fingerprint": plan.fingerprint,
        "seal": seal_json(plan.seal),
        "population": asdict(plan.population),
        "tiers": {
            str(name): count
            for name, count in planned.decision.customers.drop_nulls("recommended")
            .group_by("recommended")
            .len()
            .sort("recommended")
            .iter_rows()
        },
        "changes": [change_json(change) for change in plan.changes],
        "skipped": [skipped_json(skipped) for skipped in plan.skipped],
        "waiting": [
            {"cause": one.cause, "asked": one.request is not None, "change": change_json(one.change)}
            for one in planned.sorting.waiting
        ],
        "refused": [one.change.code for one in planned.sorting.refused],
        "approved": [one.change.code for one in planned.sorting.approved],
        "held": [held_json(held) for held in plan.held],
        "issues": [
            {
                "code": issue.code,
                "field": issue.field,
                "value": issue.value,
                "message": str(issue.message),
                "place": str(issue.place),
                "sets_aside": issue.sets_aside,
            }
            for issue in planned.decision.issues
        ],
        "guards": [verdict_json(verdict) for verdict in planned.verdicts],
        "notes": [str(note) for note in planned.facts.notes],
    }


def pending_json(one: PendingChange) -> dict[str, Json]:
    """A change that waits for approval."""
    return {
        "request": one.request.seq,
        "cause": one.request.cause,
        "asked_by": one.request.asked_by,
        "asked_at": one.asked_at.isoformat(),
        "run_id": one.request.run_id,
        "until": one.request.until.isoformat(),
        "change": change_json(one.change),
    }


def undo_json(undo: PlannedUndo) -> dict[str, Json]:
    """A plan that takes a run back; the changes as in a plan file."""
    plan = undo.plan
    return {
        "account_set": {"code": undo.account_set.code, "name": undo.account_set.name},
        "undoes": undo.run_id,
        "fingerprint": plan.fingerprint,
        "seal": seal_json(plan.seal),
        "population": asdict(plan.population),
        "changes": [change_json(change) for change in plan.changes],
        "skipped": [skipped_json(skipped) for skipped in plan.skipped],
        "guards": [verdict_json(verdict) for verdict in undo.verdicts],
    }


def result_json(result: RunResult) -> dict[str, Json]:
    """A finished run: totals, and the changes that were not simply applied."""
    return {
        "run_id": result.run_id,
        "fingerprint": result.plan.fingerprint,
        "exit_code": int(result.exit_code),
        "planned": len(result.plan.changes),
        "totals": {str(status): count for status, count in result.totals.items()},
        "not_applied": [
            {"code": ending.code, "status": ending.status, "seen": dict(ending.seen), "detail": ending.detail}
            for ending in result.endings
            if not ending.in_place
        ],
        "waiting": result.waiting,
        "settled": [
            {"code": settled.code, "of_run": settled.run_id, "verdict": settled.verdict} for settled in result.settled
        ],
        "started_at": result.started_at.isoformat(),
        "ended_at": result.ended_at.isoformat(),
        "audit": {
            "records": result.audit_count,
            "head": result.audit_hash,
            "checkpoint": result.checkpoint,
            "unanchored": [str(why) for why in result.unanchored],
        },
    }


def explanation_json(explanation: Explanation, planned: Planned) -> dict[str, Json]:
    """Why one customer has its tier."""
    tier, above = explanation.tier, explanation.next_tier
    return {
        "code": explanation.code,
        "as_of": planned.facts.window.as_of.isoformat(),
        "cause": explanation.cause,
        "with_business": explanation.rated,
        "current": explanation.current,
        "tier": tier.name if tier else None,
        "rule": f"{tier.place.file}:{tier.place.line}" if tier else None,
        "earned_tier": explanation.earned.name if explanation.earned else None,
        "unrated": explanation.unrated,
        "documents": explanation.documents,
        "history_days": explanation.history_days,
        "score": decimal_text(explanation.score),
        "metrics": [
            {
                "metric": line.metric,
                "value": decimal_text(line.value),
                "percent": line.percent,
                "points": decimal_text(line.points),
                "contribution": decimal_text(line.contribution),
                "rank": line.rank,
                "of": line.of,
                "method": line.method,
                "group": line.group,
                "judged": decimal_text(line.judged),
                "mean": decimal_text(line.mean),
                "shrink": line.shrink,
                "ahead_percent": decimal_text(line.ahead),
            }
            for line in explanation.metrics
        ],
        "conditions": [_test(test) for test in explanation.tests],
        "next_tier": above.name if above else None,
        "next_conditions": [_test(test) for test in explanation.next_tests],
        "lifts": [
            {
                "metric": lift.metric,
                "now": decimal_text(lift.now),
                "needed": decimal_text(lift.needed),
                "beyond": lift.beyond,
            }
            for lift in explanation.lifts
        ],
        "quotas": [
            {
                "tier": quota.tier.name,
                "percent": decimal_text(quota.quota.percent),
                "customers": quota.quota.customers,
                "rank": quota.rank,
                "places": quota.places,
                "met": quota.met,
            }
            for quota in explanation.quotas
        ],
        "borderline": [
            {
                key: decimal_text(value) if isinstance(value, Decimal) else None if value is None else str(value)
                for key, value in edge.items()
            }
            for edge in explanation.edges
        ],
        "movement": None if explanation.moving is None else _moving(explanation.moving),
        "service": tier.service if tier else None,
    }


def _moving(moving: Moving) -> dict[str, Json]:
    pin = moving.pin
    return {
        "held": moving.held,
        "holds": moving.holds,
        "below": moving.below,
        "changed_on": None if moving.changed_on is None else moving.changed_on.isoformat(),
        "evaluated_on": None if moving.evaluated_on is None else moving.evaluated_on.isoformat(),
        "review": moving.review,
        "edited": moving.edited,
        "pin": None
        if pin is None
        else {
            "tier": pin.tier,
            "reason": pin.reason,
            "by": pin.by,
            "until": pin.until.isoformat(),
            "rule": f"{pin.place.file}:{pin.place.line}",
        },
    }


def logged_json(change: LoggedChange) -> dict[str, Json]:
    """One change as the audit log tells it."""
    return asdict(change)


def verification_json(name: str, verification: Verification) -> dict[str, Json]:
    """What a check of one audit log found."""
    return {
        "log": name,
        "whole": not verification.faults,
        "records": verification.records,
        "segments": verification.segments,
        "head": verification.head.hash,
        "open_intents": len(verification.open_intents),
        "torn_bytes": verification.torn,
        "trustworthy": verification.trustworthy,
        "runs": verification.runs,
        "last_record": verification.head.count,
        "root": verification.root.hex(),
        "read_from_record": verification.base.count + 1,
        "signed": {
            "checkpoints": verification.signed.checkpoints,
            "upto": verification.signed.upto,
            "unsigned": verification.unsigned,
            "key": verification.signed.key,
            "trusted": verification.signed.trusted,
            "outside": verification.signed.outside,
            "notes": [str(note) for note in verification.signed.notes],
        },
        "faults": [
            {"segment": fault.segment, "line": fault.line, "record": fault.seq, "message": str(fault.message)}
            for fault in verification.faults
        ],
    }


def checks_json(checks: Sequence[Check]) -> dict[str, Json]:
    """What ``doctor`` found."""
    return {
        "ok": all(check.status != "failure" for check in checks),
        "checks": [
            {
                "topic": str(check.topic),
                "status": check.status,
                "found": str(check.found),
                "hint": None if check.hint is None else str(check.hint),
                "script": check.script,
            }
            for check in checks
        ],
    }


def account_set_json(found: AccountSetFound) -> dict[str, Json]:
    """One account set with its databases."""
    return {
        "code": found.code,
        "name": found.name,
        "databases": [asdict(database) for database in found.databases],
        "notes": [str(note) for note in found.notes],
    }


def _test(test: Test) -> dict[str, Json]:
    condition = test.condition
    return {
        "subject": condition.subject,
        "at_least": decimal_text(condition.at_least),
        "below": decimal_text(condition.below),
        "top_percent": decimal_text(condition.top_percent),
        "top_share": decimal_text(condition.top_share),
        "within": condition.within,
        "value": decimal_text(test.value),
        "rank": test.rank,
        "of": test.of,
        "ahead_percent": decimal_text(test.ahead),
        "group": test.group,
        "met": test.met,
    }
