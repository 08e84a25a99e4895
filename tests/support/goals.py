"""The experiments behind the figures of the kill, fault and tamper suites, each of any size.

What lives here is how often an experiment is made and what is counted; the experiments are those of :mod:`deaths` and
:mod:`racing`, the law is :mod:`oracle`, and the command that prints the figures is ``tests/figures.py``. The one idea:
an experiment that breaks a law is counted and named, and the others go on.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import deaths
import oracle
import racing
from audit_world import check
from engine_world import TIER, World, customer, make_world
from killing import Nursery
from odbc import DRIVERS, freetds, msodbcsql, mssql_python
from sqlserver_site import emulated_site
from tampering_logs import signed_log

from u8sync.domain.guards import Limits
from u8sync.domain.model import CustomerCode
from u8sync.errors import UnknownOutcomeError
from u8sync.sandbox.openapi.server import OpenApiServer
from u8sync.text import msg

__all__ = ["RUNNERS", "SITES", "Bench", "Figure"]

TESTS = Path(__file__).parent.parent
SEED = 20261124
AUDIT = 74
SITES = ("file", "http", *DRIVERS)
"""The account sets: a file, one behind the OpenAPI, and one on a server through each driver."""
OFTEN = 0.7


@dataclass(frozen=True)
class Figure:
    """One goal.

    Attributes:
        goal: Its name.
        asked: What it asks for.
        seen: What was seen.
        ok: Whether that is enough; null when only a sample was taken and nothing was missed in it.
    """

    goal: str
    asked: str
    seen: str
    ok: bool | None


@dataclass(frozen=True)
class Bench:
    """Where the experiments are made.

    Attributes:
        folder: For everything they write.
        nursery: Where nights come from.
        full: Whether to take everything.
        chosen: The account sets to take, of :data:`SITES`.
    """

    folder: Path
    nursery: Nursery
    full: bool
    chosen: frozenset[str]

    def judge(self, *, ok: bool) -> bool | None:
        """Whether a goal is reached; a sample proves nothing but a failure."""
        return False if not ok else (True if self.full else None)

    def size(self, full: int, sample: int) -> int:
        """How often."""
        return full if self.full else sample


@contextmanager
def sites(bench: Bench) -> Iterator[list[deaths.Site]]:
    """The account set as a file, behind the OpenAPI, and on a server through every driver that is there."""
    home = deaths.make_home(bench.folder / f"home-{time.monotonic_ns()}")
    there = {"freetds": freetds, "msodbcsql": msodbcsql, "mssql-python": mssql_python}
    found: list[deaths.Site] = []
    if "file" in bench.chosen:
        found.append(deaths.FileSite(home, bench.folder / f"files-{time.monotonic_ns()}"))
    with ExitStack() as servers:
        if "http" in bench.chosen:
            copy = deaths.FileSite(home, bench.folder / f"http-{time.monotonic_ns()}").fresh()
            found.append(deaths.HttpSite(copy, servers.enter_context(OpenApiServer(copy / "account-set.db"))))
        for driver in DRIVERS:
            if driver not in bench.chosen or not there[driver]():
                continue
            copy = deaths.FileSite(home, bench.folder / f"{driver}-{time.monotonic_ns()}").fresh()
            made = {"account_set": copy / "account-set.db", "database": "UFDATA_999_2024"}
            at = servers.enter_context(emulated_site(copy.parent / "server", driver, **made))
            found.append(deaths.WireSite(copy, at, driver))
        yield found


def tried(failures: list[str], experiment: Callable[[], object], name: str) -> object:
    """Make an experiment; a law that broke is noted and the others go on."""
    try:
        return experiment()
    except AssertionError as error:
        failures.append(f"{name}: {str(error).splitlines()[0][:300]}")
        return None


# --- the goals --------------------------------------------------------------------------------------------------------


def crash_matrix(bench: Bench) -> Iterator[Figure]:
    """G-A6."""
    with sites(bench) as found:
        for site in found:
            dice = deaths.dice_of(SEED)
            planned = deaths.wanted(bench.nursery, site)
            every = deaths.points(bench.nursery, site)
            chosen = every if bench.full else deaths.sample(every, 15, dice)
            failures: list[str] = []
            died = missed = 0
            for point in chosen:
                again = deaths.recoveries(dice, every, 3)
                count = tried(
                    failures,
                    lambda p=point, a=again, s=site, w=planned: deaths.die(bench.nursery, s, p, w, again=a),
                    f"{site.name} {point}",
                )
                died += count if isinstance(count, int) else 0
                missed += count == 0
            enough = len(chosen) - missed >= (200 if bench.full else 1)
            yield Figure(
                "G-A6",
                f"{site.name}: at least 200 moments, each recovery killed up to 3 deep, I1 to I7 hold",
                f"{len(chosen)} of {len(every)} moments, {died} processes killed, {len(failures)} laws broken"
                + told(failures),
                bench.judge(ok=not failures and enough),
            )


def random_moments(bench: Bench) -> Iterator[Figure]:
    """500 random moments."""
    with sites(bench) as found:
        for site in found[:3]:
            dice = deaths.dice_of(SEED)
            home = site.fresh()
            began = time.perf_counter()
            assert bench.nursery.run(home, *deaths.RUN).code == 0
            lasts = time.perf_counter() - began
            planned = deaths.written(site.journal())
            failures: list[str] = []
            died = 0
            wanted = bench.size(250, 10)
            tries = 0
            while died < wanted and tries < 4 * wanted:
                tries += 1
                moment = dice.uniform(0.1, 1.0) * lasts
                died += bool(
                    tried(
                        failures,
                        lambda m=moment, s=site, w=planned: deaths.random_death(
                            bench.nursery, s, w, lambda _: threading.Event().wait(m)
                        ),
                        f"{site.name} after {moment:.3f} s",
                    )
                )
            yield Figure(
                "G-A6",
                f"{site.name}: {wanted} random moments, kill -9 from outside",
                f"{died} killed in {tries} tries, {len(failures)} laws broken" + told(failures),
                bench.judge(ok=not failures and died >= wanted),
            )


def disk_faults(bench: Bench) -> Iterator[Figure]:
    """G-A7."""
    with sites(bench) as found:
        for site in found:
            dice = deaths.dice_of(SEED)
            planned = deaths.wanted(bench.nursery, site)
            every = deaths.failures(deaths.points(bench.nursery, site))
            chosen = every if bench.full else dice.sample(every, 15)
            failures: list[str] = []
            of_log = sent = wrong_code = 0
            for point, error in chosen:
                failed = tried(
                    failures,
                    lambda p=point, e=error, s=site, w=planned: deaths.failing(bench.nursery, s, p, e, w),
                    f"{site.name} {point} {error}",
                )
                if isinstance(failed, deaths.Failed) and failed.log:
                    of_log += 1
                    sent += failed.sent_after > 0
                    wrong_code += failed.code != AUDIT
            yield Figure(
                "G-A7",
                f"{site.name}: no space or an error at every call that writes; no write after the log has failed",
                f"{len(chosen)} of {len(every)} failures, {of_log} of the log: {sent} sent anything after it,"
                f" {wrong_code} did not end with {AUDIT}; {len(failures)} laws broken" + told(failures),
                bench.judge(ok=not (failures or sent or wrong_code)),
            )


def tampering(bench: Bench) -> Iterator[Figure]:
    """G-A1: one log, changed in every single place, against the head that an auditor kept."""
    folder = signed_log(bench.folder / "tampered", nights=4, changes=6)
    segment = folder / "seg-000001.jsonl"
    sound = segment.read_bytes()
    kept = check(folder).head
    lines = sound.splitlines(keepends=True)
    flips = [(at, bit) for at in range(len(sound)) for bit in range(8)]
    dice = deaths.dice_of(SEED)
    chosen = flips if bench.full else dice.sample(flips, 400)

    def mutants() -> Iterator[bytes]:
        for at, bit in chosen:
            yield sound[:at] + bytes([sound[at] ^ (1 << bit)]) + sound[at + 1 :]
        cuts = range(len(sound)) if bench.full else dice.sample(range(len(sound)), 100)
        for at in cuts:
            yield sound[:at]
        for at in range(len(lines)):
            yield b"".join(lines[:at] + lines[at + 1 :])
            yield b"".join(lines[: at + 1] + lines[at:])
        for one in range(len(lines)):
            for other in range(one + 1, len(lines)):
                swapped = lines.copy()
                swapped[one], swapped[other] = swapped[other], swapped[one]
                yield b"".join(swapped)
        for _ in range(bench.size(10_000, 200)):
            data = bytearray(sound)
            for _ in range(dice.randrange(2, 6)):
                at = dice.randrange(len(data))
                data[at : at + dice.randrange(0, 3)] = dice.randbytes(dice.randrange(0, 3))
            if data != sound:
                yield bytes(data)

    cases = missed = 0
    for mutant in mutants():
        segment.write_bytes(mutant)
        found = check(folder)
        cases += 1
        missed += not found.faults and found.head == kept
    segment.write_bytes(sound)
    yield Figure(
        "G-A1",
        f"every bit, cut, line removed, doubled or swapped on a log of {len(lines)} records, 10,000 edits in several"
        " places: all found",
        f"{cases:,} cases, {missed} not found",
        bench.judge(ok=missed == 0),
    )


def histories(bench: Bench) -> Iterator[Figure]:
    """G-W1."""
    import importlib.util

    from hypothesis import HealthCheck, settings
    from hypothesis.stateful import run_state_machine_as_test

    spec = importlib.util.spec_from_file_location("histories", TESTS / "engine" / "test_histories.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["histories"] = module
    spec.loader.exec_module(module)
    count = bench.size(10_000, 40)
    failures: list[str] = []
    rules = settings(
        max_examples=count,
        stateful_step_count=30,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    for machine in (module.Histories, module.LateHistories):
        tried(failures, lambda m=machine: run_state_machine_as_test(m, settings=rules), machine.__name__)
    yield Figure(
        "G-W1",
        "no lost update in 10,000 histories of up to 30 steps, nor in as many where edits take effect late: nights,"
        " deaths, lost answers, people",
        f"2 x {count:,} histories, {len(failures)} laws broken" + told(failures),
        bench.judge(ok=not failures),
    )


def random_world(dice: random.Random, *, keep_receipts: bool = False) -> World:
    """Some customers that buy more or less."""
    codes = [f"C{number}" for number in range(dice.randrange(1, 12))]
    tiers = [None, "VIP", "重要", "一般", "潜在"]
    buyers = [code for code in codes if code == "C0" or dice.random() < OFTEN]
    world = make_world(
        {code: customer(dice.choice(tiers)) for code in codes},
        {code: 1000 * dice.randrange(1, 100) for code in buyers},
        keep_receipts=keep_receipts,
    )
    world.limits = Limits(share_changed=Decimal(100), top_downgrades=1000, issue_share=Decimal(100))
    return world


def unknown_outcomes(bench: Bench) -> Iterator[Figure]:
    """G-W2: answers go missing, and a person may change the row before anybody reads it back."""
    for receipts in (True, False):
        dice = deaths.dice_of(SEED)
        failures: list[str] = []
        lost = 0
        for number in range(bench.size(2000, 100)):
            world = random_world(dice, keep_receipts=receipts)
            people: list[oracle.Entry] = []

            def lose(
                edits: Sequence[object],
                w: World = world,
                p: list[oracle.Entry] = people,
                dice: random.Random = dice,
            ) -> None:
                nonlocal lost
                if dice.random() > OFTEN:
                    return
                lost += 1
                if dice.random() > OFTEN:
                    code = edits[0].code  # type: ignore[attr-defined]
                    w.backend.change(CustomerCode(code), {TIER: "潜在"})
                    p.append(oracle.Entry(str(code), TIER, None, "潜在", ours=False))
                raise UnknownOutcomeError(msg("no answer"))

            if number % 2:
                world.backend.on_write = lose
            else:
                world.backend.on_written = lose
            tried(failures, world.run, f"world {number}")
            world.backend.on_write = world.backend.on_written = None
            world.run()
            tried(
                failures,
                lambda w=world, p=people, r=receipts: oracle.agree(
                    w.log.durable, [*p, *oracle.memory_journal(w.backend)], recovered=True, certain=r
                ),
                f"world {number}",
            )
        yield Figure(
            "G-W2",
            f"{'with' if receipts else 'without'} receipts: no missing answer is settled wrong",
            f"{lost:,} missing answers, {len(failures)} laws broken" + told(failures),
            bench.judge(ok=not failures),
        )


def idempotence(bench: Bench) -> Iterator[Figure]:
    """G-W4."""
    dice = deaths.dice_of(SEED)
    failures: list[str] = []
    count = bench.size(1000, 100)
    for number in range(count):
        world = random_world(dice)
        world.run()
        written = len(world.backend.journal)
        world.run()
        if len(world.backend.journal) != written:
            failures.append(f"world {number}")
        tried(failures, lambda w=world: oracle.nothing_left(w.log.durable), f"world {number}")
    yield Figure(
        "G-W4",
        "the second night changes nothing, 1,000 random account sets",
        f"{count:,} account sets, {len(failures)} with changes",
        bench.judge(ok=not failures),
    )


def races(bench: Bench) -> Iterator[Figure]:
    """G-W5."""
    home = deaths.make_home(bench.folder / "race-home")
    site = deaths.FileSite(home, bench.folder / "races")
    rounds, starters = bench.size(10, 1), 20
    winners = others = 0
    slowest = 0.0
    for _ in range(rounds):
        winner, losers = racing.race(bench.nursery, site.fresh(), deaths.RUN, starters)
        winners += winner.code == 0
        others += sum(loser.code == 3 for loser in losers)
        slowest = max(slowest, *(loser.cpu_s for loser in losers))
    yield Figure(
        "G-W5",
        "200 racing starts: one writer in each race, the others end with 3 in under 2 s of work",
        f"{rounds * starters} starts in {rounds} races: {winners} wrote, {others} ended with 3, in {slowest:.2f} s",
        bench.judge(ok=winners == rounds and others == rounds * (starters - 1) and slowest < 2),
    )


def told(failures: Sequence[str]) -> str:
    """The first few failures."""
    return "".join(f"\n      {failure}" for failure in failures[:5])


RUNNERS: dict[str, tuple[Callable[[Bench], Iterator[Figure]], ...]] = {
    "G-A1": (tampering,),
    "G-A6": (crash_matrix, random_moments),
    "G-A7": (disk_faults,),
    "G-W1": (histories,),
    "G-W2": (unknown_outcomes,),
    "G-W4": (idempotence,),
    "G-W5": (races,),
}
