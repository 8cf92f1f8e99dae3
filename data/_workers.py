"""Work on many items with all cores, or on a Dask cluster; results come in the order of the items.

Both ways go through joblib. A process that an item ends (a crash in C code, too little memory) takes
nothing but that item with it.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from arvae_music.errors import ArvaeError, UsageError

Item = TypeVar("Item")
Result = TypeVar("Result")
Batch = Sequence[Item]

_PATIENCE = 5
"""Seconds in which a Dask scheduler must answer."""

_LONGEST = 900
"""Seconds in which a cluster must bring the next batch; joblib does not hear of workers that died."""


@dataclass(frozen=True)
class Task(Generic[Item, Result]):
    """What is done with the items of a batch; `lost` is the result for one that ends its process."""

    do: Callable[[Batch[Item]], list[Result]]
    lost: Callable[[Item], Result]


@dataclass(frozen=True)
class Workers:
    """Where work is done: so many processes of this machine, or a Dask cluster.

    `jobs` is None where nobody chose it: then it is as many as the machine has cores, and fewer for
    little work.
    """

    jobs: int | None = None
    address: str | None = None
    client: Any = None

    def results(
        self, task: Task[Item, Result], batches: Sequence[Batch[Item]], worth: int
    ) -> Generator[list[Result], None, None]:
        """The results of every batch, in order.

        Args:
            task: what is done with each.
            batches: the items.
            worth: how many processes so much work is worth.
        """
        if self.client is not None:
            yield from self._on_cluster(task, batches)
            return
        import joblib

        jobs = min(self.jobs or min(joblib.cpu_count(), worth), len(batches))
        if jobs <= 1:
            yield from map(task.do, batches)
        else:
            yield from _in_processes(task, batches, jobs)

    def _on_cluster(self, task: Task[Item, Result], batches: Sequence[Batch[Item]]) -> Iterator[list[Result]]:
        import joblib

        try:
            with joblib.parallel_config(backend="dask", client=self.client):
                parallel = joblib.Parallel(return_as="generator", timeout=_LONGEST)
                with _stopping(parallel(map(joblib.delayed(task.do), batches))) as results:
                    yield from results
        except (TimeoutError, multiprocessing.TimeoutError):
            raise ArvaeError(
                f"the Dask cluster at {self.address} brought nothing for {_LONGEST} seconds: "
                "look after its workers"
            ) from None
        except Exception as error:  # whatever goes wrong on other machines comes back as it was raised
            raise ArvaeError(f"the Dask cluster at {self.address} failed: {_said(error)}") from error


@contextmanager
def workers(jobs: int | None = None, dask: str | None = None) -> Iterator[Workers]:
    """Those that the user asks for.

    Args:
        jobs: number of processes.
        dask: address of a Dask scheduler.

    Raises:
        UsageError: the number is no number of processes, both are given, or the address is none.
        ArvaeError: dask is not installed, nobody answers at the address, or has workers there.
    """
    if jobs is not None and jobs < 1:
        raise UsageError(f"--jobs is {jobs}: give the number of processes, 1 or more")
    if dask is None:
        yield Workers(jobs)
        return
    if jobs is not None:
        raise UsageError("--jobs counts processes of this machine, --dask takes a cluster: give one of them")
    _check_cluster(dask)
    from distributed import Client

    client = Client(dask, timeout=_PATIENCE, set_as_default=False)
    try:
        _check_versions(client, dask)
        yield Workers(address=dask, client=client)
    finally:
        client.close()


def _check_cluster(address: str) -> None:
    """Ask the scheduler who it is. A Client would ask as well, but leaves tracebacks where nobody answers."""
    try:
        from distributed.core import rpc
        from distributed.security import Security
    except ImportError:
        raise ArvaeError("--dask needs the package distributed: pip install 'arvae-music[dask]'") from None

    async def ask() -> Any:
        async with rpc(address, connection_args=Security().get_connection_args("client")) as scheduler:
            return await scheduler.identity()

    async def answer() -> Any:
        return await asyncio.wait_for(ask(), _PATIENCE)

    try:
        known = asyncio.run(answer()).get("workers")
    except ValueError as error:
        raise UsageError(f"--dask {address}: {error}; write it as tcp://HOST:8786") from None
    except Exception:  # refused, timed out, or something else than Dask that answers in its own words
        known = None
    if known is None:
        raise ArvaeError(f"no Dask scheduler answers at {address}: start one with `dask scheduler`")
    if not known:
        raise ArvaeError(
            f"the Dask cluster at {address} has no workers: start some with `dask worker {address}`"
        )


def _check_versions(client: Any, address: str) -> None:
    """Refuse workers without this package, or with another version of it, that might read otherwise."""
    here = _version()
    try:
        there = set(client.run(_version).values())
    except Exception as error:
        raise ArvaeError(
            f"the workers of the Dask cluster at {address} lack something ({_said(error)}): "
            f"install arvae-music {here} there"
        ) from error
    if there != {here}:
        versions = ", ".join(sorted(there))
        raise ArvaeError(
            f"the workers of the Dask cluster at {address} have arvae-music {versions}: install {here} there"
        )


def _version() -> str:
    from arvae_music._version import __version__

    return __version__


def _said(error: Exception) -> str:
    """An error of a cluster in a line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


def _in_processes(
    task: Task[Item, Result], batches: Sequence[Batch[Item]], jobs: int
) -> Iterator[list[Result]]:
    """Results from a pool of processes. Where one of them ends, what was under way is done item by item."""
    from joblib.externals.loky import get_reusable_executor
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    waiting = deque(batches)
    try:
        while waiting:
            try:
                with _stopping(_started(task, list(waiting), jobs)) as results:
                    for result in results:
                        waiting.popleft()
                        yield result
            except TerminatedWorkerError:
                for _ in range(min(2 * jobs, len(waiting))):
                    yield _one_by_one(task, waiting.popleft())
    finally:
        get_reusable_executor().shutdown(kill_workers=True)


def _one_by_one(task: Task[Item, Result], batch: Batch[Item]) -> list[Result]:
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    results: list[Result] = []
    for item in batch:
        try:
            # Of two processes, as one would be this one.
            with _stopping(_started(task, [(item,)], 2)) as found:
                results += next(found)
        except TerminatedWorkerError:
            results.append(task.lost(item))
    return results


@contextmanager
def _stopping(results: Generator[list[Result], None, None]) -> Iterator[Generator[list[Result], None, None]]:
    """Stop the work where its results are no longer wanted, without joblib's advice on that."""
    try:
        yield results
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results.close()


def _started(
    task: Task[Item, Result], batches: Sequence[Batch[Item]], jobs: int
) -> Generator[list[Result], None, None]:
    """Results from processes that do not hear Ctrl-C: it is for the one that the user started.

    A signal that comes while they start waits. Windows has no such masks; there they hear it, too.
    """
    from multiprocessing import resource_tracker

    import joblib
    from joblib.externals.loky.backend import resource_tracker as tracker_of_joblib

    parallel = joblib.Parallel(jobs, return_as="generator")
    calls = [joblib.delayed(task.do)(batch) for batch in batches]
    if not hasattr(signal, "pthread_sigmask"):
        return cast(Generator[list[Result], None, None], parallel(calls))
    # Otherwise the first process starts them, and in some versions of Python or joblib takes the mask off.
    resource_tracker.ensure_running()
    tracker_of_joblib.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return cast(Generator[list[Result], None, None], parallel(calls))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
