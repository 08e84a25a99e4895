"""Where the members of a fleet run: in threads of this process, or on the workers of a Dask cluster.

What lives here: the two ways to hand work out, both through ``concurrent.futures``. What does not: limits and repeats
(``engine/fleet.py``). Dask is imported when it is asked for. The idea: a cluster is looked at before anything is
written, and nothing is left on it: no lock, no permit, no secret, only the orders in flight.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from u8sync import __version__
from u8sync.bootstrap.member_runs import MemberOrder, identify, run_member
from u8sync.domain.fleet import Member, MemberResult
from u8sync.errors import FatalError, InputError, RefusedError
from u8sync.ports import Progress
from u8sync.text import msg

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["Crew", "on_dask", "on_threads"]

R = TypeVar("R")

DEADLINE_S: Final = 15
"""So long a scheduler may take to answer, and to have its first worker, seconds."""

STARTS: Final = 3
"""How often a member is begun at most when workers die under it."""


@dataclass(frozen=True)
class Crew:
    """Who does the work.

    Attributes:
        run: Hands out a member's run or plan.
        identify: Hands out the question which account set a member is.
        capacity: How many can run at this moment.
        tries: How often to hand one out at most.
        lost: Whether an error says that a worker died.
        starts: How often each member was begun, by its name, as far as the workers tell; 0: they do not.
        stops: Whether a run that has begun hears that somebody asked to stop.
    """

    run: Callable[[MemberOrder], Future[MemberResult]]
    identify: Callable[[MemberOrder], Future[str | None]]
    capacity: Callable[[], int]
    tries: int
    lost: Callable[[BaseException], bool]
    starts: Callable[[], Mapping[str, int]]
    stops: bool


@contextmanager
def on_threads(
    workers: int, progress_of: Callable[[Member], Progress], asked_to_stop: Callable[[], bool]
) -> Iterator[Crew]:
    """Threads of this process. They wait for the database most of the time, so that one process is enough."""
    pool = ThreadPoolExecutor(workers, thread_name_prefix="u8sync-fleet")
    try:
        yield Crew(
            run=lambda order: pool.submit(run_member, order, progress_of(order.member), asked_to_stop),
            identify=lambda order: pool.submit(identify, order),
            capacity=lambda: workers,
            tries=1,
            lost=lambda _error: False,
            starts=dict,
            stops=True,
        )
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


@contextmanager
def on_dask(address: str, topic: str, workers: int, deadline_s: float = DEADLINE_S) -> Iterator[Crew]:
    """The workers behind a Dask scheduler, once all of them are fit for the work.

    Args:
        address: Of the scheduler, such as ``tcp://10.0.0.5:8786``.
        topic: Under which the workers tell what they begin; no two fleets share one.
        workers: Most that are handed out at a time.
        deadline_s: See :data:`DEADLINE_S`.

    Raises:
        InputError: Dask is not installed, or this is no address.
        FatalError: The scheduler does not answer, or has no worker.
        RefusedError: The scheduler or a worker has no u8sync, or another version.
    """
    client = _connect(address, deadline_s)
    pool = ThreadPoolExecutor(workers, thread_name_prefix="u8sync-fleet")
    try:
        _refuse_unfit(client, address, deadline_s)
        allowed = _allowed_failures(client)

        def done_there(work: Callable[[MemberOrder], R], order: MemberOrder) -> R:
            """Wait in a thread of our own: Dask's executor never ends a future whose scheduler is gone."""
            answer: R = client.submit(work, order, pure=False).result()
            return answer

        yield Crew(
            run=lambda order: pool.submit(done_there, _on_worker, order),
            identify=lambda order: pool.submit(done_there, identify, order),
            capacity=lambda: _threads_there(client),
            # The scheduler itself begins a task anew when its worker dies, so many times; the rest is ours.
            tries=max(1, STARTS - allowed),
            lost=_killed,
            starts=lambda: _starts(client, topic),
            stops=False,
        )
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        with suppress(OSError):  # TimeoutError is one
            client.close()  # which also ends the threads that wait


def _on_worker(order: MemberOrder) -> MemberResult:
    """Tell that the member is begun, then run it: what is counted survives the worker."""
    from distributed import get_worker

    get_worker().log_event(order.fleet_id, {"member": order.member.name})
    return run_member(order)


def _connect(address: str, deadline_s: float) -> Client:
    try:
        from distributed import Client
    except ImportError:
        raise InputError(
            msg("--scheduler needs Dask, which is not installed"),
            hint=msg('Install it with: pip install "u8sync[dask]"'),
        ) from None
    try:
        asyncio.run(_ask(address, deadline_s))
        return Client(address, timeout=deadline_s, set_as_default=False)
    except ValueError as error:
        raise InputError(
            msg("'{address}' is no address of a Dask scheduler: {why}", address=address, why=str(error)),
            hint=msg("An address such as tcp://10.0.0.5:8786 is needed; 'dask scheduler' prints its own."),
        ) from None
    except OSError as error:  # TimeoutError is one
        raise FatalError(
            msg(
                "The Dask scheduler {address} does not answer within {seconds} s: {why}",
                address=address,
                seconds=f"{deadline_s:g}",
                why=str(error),
            ),
            hint=msg("Nothing was written. Is it running, and does a firewall stand between?"),
        ) from None


async def _ask(address: str, deadline_s: float) -> None:
    """Ask a scheduler who it is. The client itself would wait forever for something that listens and says nothing."""
    from distributed import Security
    from distributed.core import connect, send_recv

    async def ask() -> None:
        comm = await connect(address, timeout=deadline_s, **Security().get_connection_args("client"))
        try:
            await send_recv(comm, op="identity")
        finally:
            comm.abort()

    await asyncio.wait_for(ask(), deadline_s)


def _refuse_unfit(client: Client, address: str, deadline_s: float) -> None:
    try:
        client.wait_for_workers(1, timeout=deadline_s)
    except TimeoutError:
        raise FatalError(
            msg("The Dask scheduler {address} has no worker", address=address),
            hint=msg("Nothing was written. Start some: dask worker {address}", address=address),
        ) from None

    def version() -> str | None:
        """Sent as it is, since the worker may know nothing of u8sync."""
        try:
            import u8sync
        except ImportError:
            return None
        return u8sync.__version__

    # The scheduler takes the orders apart on their way, so it needs u8sync as well.
    answers = {address: client.run_on_scheduler(version), **client.run(version, on_error="return")}
    for place, answer in answers.items():
        if answer == __version__:
            continue
        found = msg("no u8sync") if answer is None else msg("u8sync {version}", version=str(answer))
        raise RefusedError(
            msg("Dask at {place} has {found}, and {version} is needed", place=place, found=found, version=__version__),
            hint=msg(
                "Nothing was written. Install the same version for the scheduler and every worker:"
                " pip install u8sync=={version}",
                version=__version__,
            ),
        )


def _allowed_failures(client: Client) -> int:
    """How often the scheduler begins a task anew by itself; its own default when it does not tell."""

    def allowed(dask_scheduler: Any) -> int:  # noqa: ANN401 - distributed calls it so, and it travels as it is
        return int(dask_scheduler.allowed_failures)

    return int(client.run_on_scheduler(allowed))


def _killed(error: BaseException) -> bool:
    from distributed.scheduler import KilledWorker

    return isinstance(error, KilledWorker)


def _starts(client: Client, topic: str) -> Mapping[str, int]:
    """How often each member was begun; nothing when the scheduler is gone: what is known of the members stays true."""
    with suppress(OSError, CancelledError, RuntimeError, ValueError):
        return Counter(event["member"] for _when, event in client.get_events(topic))
    return {}


def _threads_there(client: Client) -> int:
    """Threads of all workers; 1 when the scheduler is gone: each member is then told so, one after the other."""
    with suppress(OSError, CancelledError, RuntimeError, ValueError):
        return sum(client.nthreads().values())
    return 1
