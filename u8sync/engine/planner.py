"""Make a plan: read, decide, judge. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from u8sync.domain.approvals import ApprovalRules, Sorted, falls_left_open, sort_out
from u8sync.domain.decision import decide, needed_columns
from u8sync.domain.fitting import misfits, unseen
from u8sync.domain.guards import Limits, Verdict, check
from u8sync.domain.mapping import CustomerMapping
from u8sync.domain.metrics import extras_for
from u8sync.domain.model import AccountSet, Period, Window
from u8sync.domain.plan import Change, Plan, Seal, Skipped
from u8sync.domain.policy import Policy
from u8sync.domain.run import Planned
from u8sync.domain.windows import WindowRule, window_by
from u8sync.engine.memory import Memory
from u8sync.engine.retry import Retry
from u8sync.errors import ConfigError
from u8sync.ports import Backend, Clock, Progress
from u8sync.text import Message, msg

__all__ = ["Rules", "judge", "make_plan", "read_periods", "read_window", "seal_of", "sorted_out"]


@dataclass(frozen=True)
class Rules:
    """What a run goes by.

    Attributes:
        mapping: From columns to fields.
        policy: From metrics to tiers.
        limits: Of the guards.
        as_of: The day that is asked for; which days count up to it, the policy says.
        allow: Names of the guards that a person lets pass for this run.
        tool: Version of u8sync.
        memory: What earlier runs left.
        approval: Which changes a person has to approve; null: none.
        approve: Whether the person who runs this approves them.
    """

    mapping: CustomerMapping
    policy: Policy
    limits: Limits
    as_of: date
    allow: frozenset[str]
    tool: str
    memory: Memory = Memory()  # noqa: RUF009 - frozen
    approval: ApprovalRules | None = None
    approve: bool = False


def seal_of(account_set: AccountSet, rules: Rules) -> Seal:
    """The seal of a plan made now by these rules."""
    return Seal(account_set.key, rules.as_of, rules.mapping.digest, rules.policy.digest, rules.tool)


def read_window(backend: Backend, rule: WindowRule, as_of: date, retry: Retry) -> tuple[Window, tuple[Message, ...]]:
    """The days that count, and what people should know of them; fiscal periods are read where the rule needs them."""
    return window_by(rule, as_of, read_periods(backend, rule, retry))


def read_periods(backend: Backend, rule: WindowRule, retry: Retry) -> tuple[Period, ...]:
    """The fiscal periods of the account set; none where the rule goes without them."""
    return retry.call(backend.periods)[0] if rule.needs_periods else ()


def make_plan(backend: Backend, rules: Rules, *, clock: Clock, retry: Retry, progress: Progress) -> Planned:
    """Read the account set and decide what would be written.

    Raises ConfigError when mapping, policy and account set do not fit together, and the backend's errors.
    """
    progress.start(msg("Looking at the account set"), None)
    account_set, _ = retry.call(backend.account_set)
    writable, _ = retry.call(backend.writable)
    problems = misfits(rules.mapping, rules.policy, way=backend.way, columns=backend.columns(), writable=writable)
    if problems:
        raise ConfigError(rules.mapping.fields[0].place.file, problems)
    columns = needed_columns(rules.mapping, backend.way)
    raw, _ = retry.call(backend.customers, columns, progress)
    window, remarks = read_window(backend, rules.policy.window, rules.as_of, retry)
    facts, _ = retry.call(backend.facts, window, progress, extras_for(rules.policy.metrics))
    remembered = () if rules.memory.note is None else (rules.memory.note,)
    facts = replace(
        facts, notes=(*remembered, *remarks, *unseen(rules.mapping, rules.policy, way=backend.way), *facts.notes)
    )
    progress.start(msg("Deciding"), None)
    made_at = clock.now()
    past = rules.memory.past
    if rules.approval is not None:
        past = replace(past, left_open=falls_left_open(rules.memory.asked, rules.policy, made_at))
    decision = decide(
        raw,
        facts,
        mapping=rules.mapping,
        policy=rules.policy,
        way=backend.way,
        writable=writable,
        protected=rules.limits.protected,
        past=past,
        overwrite_edited="edited_in_u8" in rules.allow,
    )
    seal = seal_of(account_set, rules)
    sorting = sorted_out(decision.changes, rules, made_at)
    skipped = (*decision.skipped, *_left_to_people(sorting))
    plan = Plan(
        seal,
        made_at,
        sorting.ready,
        tuple(sorted(skipped, key=lambda one: one.code)),
        decision.population,
        window,
        decision.held,
    )
    progress.start(msg("Asking the guards"), None)
    verdicts = judge(plan, rules)
    progress.finish()
    return Planned(account_set, facts, decision, plan, verdicts, past, sorting)


def sorted_out(changes: Sequence[Change], rules: Rules, now: datetime) -> Sorted:
    """Which of the changes may be written, which wait for a person, and which were refused."""
    return sort_out(changes, rules.policy, rules.approval, rules.memory.asked, now, grant=rules.approve)


def _left_to_people(sorting: Sorted) -> Iterator[Skipped]:
    for waiting in sorting.waiting:
        yield Skipped(waiting.change.code, "waiting")
    for refused in sorting.refused:
        yield Skipped(refused.change.code, "refused")


def judge(plan: Plan, rules: Rules) -> tuple[Verdict, ...]:
    """What the guards find."""
    return check(plan, rules.policy, rules.limits, allow=rules.allow, last_customers=rules.memory.last_customers)
