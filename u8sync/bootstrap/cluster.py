"""The workers of a Dask cluster as the crew of a fleet.

Dask is imported when it is asked for. The idea: a cluster is looked at before anything is written, and nothing is left
on it: no lock, no permit, no secret, only the orders in flight. It may also go away in the middle of a night, scheduler
or workers. Then nothing is waited for that cannot come: what was at work is told as of unknown end, and the rest as not
run.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

from u8sync import __version__
from u8sync.bootstrap.member_runs import MemberOrder, identify, run_member
from u8sync.bootstrap.spreading import Crew, LostTouchError
from u8sync.domain.fleet import MemberResult
from u8sync.errors import FatalError, InputError, RefusedError
from u8sync.text import Message, msg

if TYPE_CHECKING:
    from distributed import Client
    from distributed import Future as Answer

__all__ = ["on_dask"]

R = TypeVar("R")

DEADLINE_S: Final = 15
"""So long a scheduler may take to answer, and to have its first worker, seconds."""

WORKERLESS: Final = 4
"""So many deadlines a cluster may be without any worker in the middle of a night: they may be on their way back."""

STARTS: Final = 3
"""How often a member is begun at most when workers die under it."""

LOOK_S: Final = 1.0
"""How often it is looked whether an answer can still come, seconds."""

_NOBODY_THERE: Final = (OSError, CancelledError, RuntimeError, ValueError, AttributeError)
"""What a question to the scheduler may end with while the line breaks; a client that has closed has no attribute to ask
it by."""


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
    try:
        _refuse_unfit(client, address, deadline_s)
        allowed = _allowed_failures(client)
        line = _Line(client, address, deadline_s)
        yield Crew(
            run=lambda order: line.hand_out(_on_worker, order),
            identify=lambda order: line.hand_out(identify, order),
            capacity=lambda: min(workers, max(1, line.threads())),
            # The scheduler itself begins a task anew when its worker dies, so many times; the rest is ours.
            tries=max(1, STARTS - allowed),
            lost=_killed,
            gone=line.gone,
            starts=lambda: _starts(client, topic),
            stops=False,
        )
    finally:
        with suppress(OSError):  # TimeoutError is one
            client.close()  # which also ends the threads that wait


class _Line:
    """The line to a cluster: hands out work, and knows when no answer can come any more."""

    def __init__(self, client: Client, address: str, deadline_s: float) -> None:
        self._client = client
        self._address = address
        self._deadline_s = deadline_s
        self._seen = time.monotonic()
        """When there was a worker last."""

    def hand_out(self, work: Callable[[MemberOrder], R], order: MemberOrder) -> Future[R]:
        """Have it done by a worker. The future ends with :class:`LostTouchError` when nothing is heard of it any more.

        Dask's own executor never ends a future whose scheduler is gone. A thread for each: no more are in flight than
        the fleet's limits allow, and they must not keep the process from its end, as those of a pool would.
        """
        ends: Future[R] = Future()

        def wait() -> None:
            try:
                ends.set_result(self._done(self._client.submit(work, order, pure=False)))
            except BaseException as error:  # noqa: BLE001 - it is the future's
                ends.set_exception(error)

        threading.Thread(target=wait, name="u8sync-fleet", daemon=True).start()
        return ends

    def _done(self, answer: Answer) -> Any:  # noqa: ANN401 - what the work answers, only the work knows
        while True:
            try:
                return answer.result(timeout=LOOK_S)
            except CancelledError:  # Dask gives up everything in flight when the line to its scheduler breaks
                raise LostTouchError(self._lost()) from None
            except TimeoutError:
                if answer.status == "error":
                    raise  # it is the work's own
                why = self._why()
                if why is not None:
                    raise LostTouchError(why) from None

    def gone(self) -> Message | None:
        """Why no work can be handed out any more; null: it can. Waits while the client looks for its scheduler."""
        while self._client.status == "connecting":  # it gives up by itself, after its own deadline
            threading.Event().wait(0.05)
        return self._why()

    def threads(self) -> int:
        """Threads of all workers; 0: there is none, or nobody to ask."""
        with suppress(*_NOBODY_THERE):
            there = int(sum(self._client.nthreads().values()))
            if there:
                self._seen = time.monotonic()
            return there
        return 0

    def _why(self) -> Message | None:
        if self._client.status in ("closing", "closed"):
            return self._lost()
        if self.threads() or time.monotonic() - self._seen <= WORKERLESS * self._deadline_s:
            return None
        return msg("the Dask scheduler {address} has no worker any more", address=self._address)

    def _lost(self) -> Message:
        return msg("the Dask scheduler {address} is not there any more", address=self._address)


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
    if client.status != "running":
        return {}
    with suppress(*_NOBODY_THERE):
        return Counter(event["member"] for _when, event in client.get_events(topic))
    return {}
